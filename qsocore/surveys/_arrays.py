"""Named arrays of ``.npz``, ``.npy`` and HDF5 files: shapes from their headers, values when they are asked for, no pickle."""

from __future__ import annotations

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsocore.errors import ReadError
from qsocore.surveys._hdf5 import dataset_of, opened
from qsocore.surveys._npy import BROKEN, mapped, members
from qsocore.surveys.probe import Probe


class Arrays(ABC):
    """The arrays of a file: iterate for their names, index for their values."""

    def __init__(self, probe: Probe):
        self.probe = probe
        self._shapes: dict[str, tuple[tuple[int, ...], np.dtype]] = {}
        self._read: dict[str, NDArray] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._shapes)

    def __enter__(self) -> Arrays:
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 - most have nothing to let go of
        """Let go of the file."""

    def shape(self, name: str) -> tuple[int, ...]:
        """An array's shape."""
        return self._shapes[name][0]

    def dtype(self, name: str) -> np.dtype:
        """An array's type."""
        return self._shapes[name][1]

    def __getitem__(self, name: str) -> NDArray:
        if name not in self._read:
            self._read[name] = self._load(name)
        return self._read[name]

    @abstractmethod
    def _load(self, name: str) -> NDArray:
        """An array's values, or what gives them slice by slice."""

    def said(self, name: str, keys: Iterable[str]) -> Any:
        """The first attribute of these names that an array or the file has; None for none."""
        return None


class _Npz(Arrays):
    def __init__(self, probe: Probe):
        super().__init__(probe)
        self._shapes = members(probe)

    def _load(self, name: str) -> NDArray:
        size = prod(self.shape(name)) * self.dtype(name).itemsize
        if size > self.probe.limit:
            raise ReadError("too-large", f"its array {name} inflates to {size / 1024**2:,.0f} MiB", self.probe.path,
                            "split it, or save it as .npy, which is read where it lies")
        self.probe.file.seek(0)
        try:
            with zipfile.ZipFile(self.probe.file) as archive, archive.open(f"{name}.npy") as file:
                return np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, *BROKEN) as error:
            raise ReadError("truncated", f"its array {name} breaks off ({error})", self.probe.path, "fetch it again") from None


class _Npy(Arrays):
    def __init__(self, probe: Probe):
        super().__init__(probe)
        array = mapped(probe)
        self._shapes["arr_0"], self._read["arr_0"] = (array.shape, array.dtype), array

    def _load(self, name: str) -> NDArray:
        return self._read[name]


class _Hdf5(Arrays):
    def __init__(self, probe: Probe):
        super().__init__(probe)
        try:
            self.file = opened(probe)
            for name in self.file:
                dataset = dataset_of(self.file, name, probe) if hasattr(self.file[name], "shape") else None
                if dataset is not None:
                    text = dataset.dtype.kind == "O" and dataset.dtype.metadata is not None  # h5py's way of saying text
                    self._shapes[name] = dataset.shape, np.dtype("U1") if text else dataset.dtype
        except (OSError, RuntimeError, KeyError) as error:
            raise ReadError("damaged", f"HDF5 cannot read it ({error})", probe.path, "fetch it again") from None

    def close(self) -> None:
        self.file.close()

    def _load(self, name: str) -> NDArray:
        dataset = self.file[name]
        if self.dtype(name).kind == "U":
            return dataset.asstr()[()]
        return dataset if len(dataset.shape) > 2 else dataset[()]

    def said(self, name: str, keys: Iterable[str]) -> Any:
        return next((where.attrs[key] for key in keys for where in (self.file[name], self.file) if key in where.attrs), None)


def open_arrays(probe: Probe) -> Arrays:
    """The arrays of a file.

    Raises
    ------
    ReadError
        ``pickle``, ``damaged``, ``truncated``, ``too-large``, ``foreign-data``; ``not-arrays`` for a file of another kind.
    """
    kinds = {"npz": _Npz, "npy": _Npy, "hdf5": _Hdf5}
    if probe.kind not in kinds:
        raise probe.refusal() or ReadError("not-arrays", f"it is no file of arrays but {probe.summary()}", probe.path)
    return kinds[probe.kind](probe)
