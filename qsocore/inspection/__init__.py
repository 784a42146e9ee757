"""Inspection: what people say of objects. One verdict by one person at one time; verdicts are appended, never changed."""

from qsocore.inspection.campaign import Campaign, Item
from qsocore.inspection.verdict import UNDO, Verdict

__all__ = ["Campaign", "Item", "UNDO", "Verdict"]
