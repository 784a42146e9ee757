"""Simulated cutouts of a survey like DES: what is in them, through the PSF of each band, with its noise, and photometry.

A `scene.Scene` is a list of components with fluxes in nine bands: points and Sersic profiles at places, which `scene.render`
turns into images in Fourier space, where a PSF is a factor (`psf`, `sersic`, `spirals`). `kinds` draws scenes of every class
(`dwarfs`, `quasars`, `galaxies`, `lenses`, `blends`, `morphology`); `noise` and `photometry` are what a telescope makes of
them; `block` is one reproducible portion, as `qsocore.simulate.block` is of spectra.
"""
