"""Models of spectra, one file each; `qsocore.models.base` says what a model is.

A model's file holds ``MODEL``: its name, its citation, its Config and how it is built. Nothing is imported here, so that
the names can be listed without torch.
"""

from qsocore.registry import Family

MODELS = Family("model", "qsocore.models", "MODEL", "qso_atlas.models", apart=("base", "labels", "load"))
