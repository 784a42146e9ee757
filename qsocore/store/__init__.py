"""The store: a folder with a catalogue, memory-mapped arrays, runs and verdicts; either whole or absent.

``catalog.parquet`` has one row per object, and row i of the catalogue is row i of every array. The arrays lie in shards of
at most 65,536 rows, one ``.npy`` file per array and shard, with checksums in ``manifest.json``, which is written last.
"""

from qsocore.store.manifest import Manifest, Shard
from qsocore.store.reader import Images, Spectra, Store, open_store
from qsocore.store.runs import RunFolder, find_run, library
from qsocore.store.writer import SHARD_ROWS, StoreWriter

__all__ = ["SHARD_ROWS", "Images", "Manifest", "RunFolder", "Shard", "Spectra", "Store", "StoreWriter", "find_run", "library",
           "open_store"]
