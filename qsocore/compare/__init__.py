"""Two sets of objects held against each other: composites of their spectra, what sets them apart, their histograms."""
