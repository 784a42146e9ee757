"""HDF5 that is not trusted: data of the file's own, of a size for which it has bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsocore.errors import ReadError
from qsocore.surveys.probe import Probe

if TYPE_CHECKING:
    import h5py

_DEFLATE_MOST = 1032  # to one, by which gzip can shrink at most
_WHOLE = "ask its author for a file that is whole"


def opened(probe: Probe) -> h5py.File:
    """The file, for reading."""
    import h5py

    probe.file.seek(0)
    return h5py.File(probe.file, "r")


def dataset_of(file: h5py.File, name: str, probe: Probe) -> h5py.Dataset | None:
    """A dataset of the file itself whose size is what it has bytes for; None when there is none of that name.

    Raises
    ------
    ReadError
        ``foreign-data`` for data in another file, ``too-large`` for chunks that inflate beyond the limit.
    """
    import h5py

    link = file.get(name, getlink=True) if name in file else None
    if link is None:
        return None
    if not isinstance(link, h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
        raise ReadError("foreign-data", f"its {name} is no dataset of its own", probe.path, _WHOLE)
    dataset = file[name]
    if dataset.is_virtual or dataset.external:
        raise ReadError("foreign-data", f"its {name} lies in other files", probe.path, _WHOLE)
    chunk = int(np.prod(dataset.chunks or (0,), dtype=object)) * dataset.dtype.itemsize
    if chunk > probe.limit or dataset.nbytes > _DEFLATE_MOST * max(dataset.id.get_storage_size(), 1):
        raise ReadError("too-large", f"its {name} {dataset.shape} declares {dataset.nbytes / 1024**2:,.0f} MiB in "
                        f"{dataset.id.get_storage_size():,} bytes", probe.path, "it holds no data, or too much")
    return dataset
