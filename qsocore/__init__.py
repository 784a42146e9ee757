"""QSO Atlas core: load, simulate, preprocess, store, train, embed, evaluate, fit.

The nouns have one home each: `qsocore.records.Spectrum`, `qsocore.grid.WaveGrid`, `qsocore.catalog.Column`,
`qsocore.store.Store`, `qsocore.selection`. Nothing is imported until it is asked for, so that ``import qsocore`` is free.
"""

__version__ = "0.1.0"
__all__ = ["__version__", "open_store"]


def __getattr__(name: str):
    if name == "open_store":
        from qsocore.store import open_store

        return open_store
    raise AttributeError(f"module 'qsocore' has no attribute {name!r}")
