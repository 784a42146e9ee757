"""Why a model says what it says: how much each pixel of a spectrum contributes to a redshift, a class or a latent."""

from qsocore.explain.attribute import METHODS, Attribution, continuum, integrated_gradients, occlusion
from qsocore.explain.explainer import Explained, Explainer
from qsocore.explain.target import targets

__all__ = ["METHODS", "Attribution", "Explained", "Explainer", "continuum", "integrated_gradients", "occlusion", "targets"]
