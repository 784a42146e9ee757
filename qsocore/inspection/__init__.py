"""Inspection: what people say of objects. One verdict by one person at one time; verdicts are appended, never changed.

`verdict` and `campaign` are the nouns, `vocabulary` the words that can be said; `standing` says what holds of what was said,
`queue` what is shown next, and `agreement` how good the grades are. All are pure: `qsocore.store.labels` keeps.
"""

from qsocore.inspection.campaign import Campaign, Item
from qsocore.inspection.verdict import UNDO, Verdict

__all__ = ["Campaign", "Item", "UNDO", "Verdict"]
