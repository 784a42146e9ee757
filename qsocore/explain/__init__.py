"""Why a model says what it says: how much each pixel of an object contributes to a redshift, a class, a latent or its likeness;
what a network looks for; and which training examples an object is most like.
"""

from qsocore.explain.attribute import METHODS, Attribution, blank, continuum, integrated_gradients, occlusion
from qsocore.explain.examples import Examples
from qsocore.explain.explainer import Explained, Explainer
from qsocore.explain.optimise import Wanted, layers, responses, wanted_by_channels, wanted_by_targets
from qsocore.explain.target import LIKENESS, targets

__all__ = ["LIKENESS", "METHODS", "Attribution", "Examples", "Explained", "Explainer", "Wanted", "blank", "continuum",
           "integrated_gradients", "layers", "occlusion", "responses", "targets", "wanted_by_channels", "wanted_by_targets"]
