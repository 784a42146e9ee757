"""From what a survey wrote to what a model reads: resampling, co-adding, noise, normalisation."""
