"""Latents of a store under a run, and reconstructions of its spectra."""
