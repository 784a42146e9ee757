"""Redshifts from templates: chi2 of a linear combination of eigenspectra around candidate redshifts.

The idea is redrock's (Bailey et al., https://github.com/desihub/redrock); here the eigenspectra are learned from the simulator,
their coefficients have a prior, and only the neighbourhood of a few candidates is looked at, which takes milliseconds.
"""
