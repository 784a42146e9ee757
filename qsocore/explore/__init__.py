"""What the space of latents says of each object: neighbours, anomaly, trust in a map, islands, and ways back to spectra."""
