"""What a store holds, as plain values and as text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from qsocore.store import Manifest, RunFolder, Store, open_store
from qsocore.surveys import SURVEYS


def store_info(path: str | Path) -> dict[str, Any]:
    """What a store holds.

    Parameters
    ----------
    path : path
        Folder of the store.

    Returns
    -------
    dict
        JSON-able: ``path``, ``rows``, ``grid`` (None for a catalogue without spectra), ``images`` (the grid of its images and
        for how many objects there are some; None for none), ``surveys`` and ``classes`` (objects
        of each), ``columns`` (name, dtype, role, unit, description), ``runs``, ``bytes`` on the disk, ``created``,
        ``code_version``, ``provenance``, ``citations``.

    Raises
    ------
    StoreError
        When there is no whole store.
    """
    store = open_store(path)
    manifest = store.manifest
    return {
        "path": str(store.path),
        "rows": store.n_rows,
        "grid": store.grid.to_dict() if store.grid else None,
        "images": _images(store),
        "surveys": dict(manifest.surveys),
        "classes": _counts(store, "class"),
        "columns": [{"name": column.name, "dtype": column.dtype, "role": column.role, "unit": column.unit,
                     "description": column.description} for column in store.columns.values()],
        "runs": [_run_info(run) for run in store.runs()],
        "bytes": sum(file.stat().st_size for file in store.path.rglob("*") if file.is_file()),
        "created": manifest.created,
        "code_version": manifest.code_version,
        "citations": citations(manifest),
        "provenance": dict(manifest.provenance),
    }


def as_text(info: dict[str, Any]) -> str:
    """What `store_info` found, for reading."""
    grid = info["grid"]
    sampling = "none: images without spectra" if info["images"] else "none: a catalogue without spectra"
    if grid:
        sampling = f"{grid['name']} ({grid['n_pix']:,} pixels, {grid['frame']} frame, {grid['hash']})"
    lines = [
        f"{info['path']}: {info['rows']:,} objects, {info['bytes'] / 1e6:,.1f} MB, made {info['created']} "
        f"by QSO Atlas {info['code_version']}",
        f"grid      {sampling}",
        *([f"images    {_images_text(info['images'])}"] if info["images"] else []),
        f"surveys   {_listed(info['surveys'])}",
        f"classes   {_listed(info['classes'])}",
        f"runs      {', '.join(_run_text(run) for run in info['runs']) or 'none'}",
        "columns",
    ]
    width = max(len(column["name"]) for column in info["columns"])
    lines += [f"  {column['name']:{width}}  {column['dtype']:8} {column['role']:11} {column['unit'] or '-':10} "
              f"{column['description']}".rstrip() for column in info["columns"]]
    lines += [f"cite      {citation}" for citation in info["citations"]]
    return "\n".join(lines)


def _images(store: Store) -> dict[str, Any] | None:
    """The grid of a store's images, and for how many of its objects there are some."""
    images = store.image_store
    return None if images is None else images.image_grid.to_dict() | {"rows": images.n_rows}


def _images_text(images: dict[str, Any]) -> str:
    scale = "scale unknown" if images["pixel_scale"] is None else f"{images['pixel_scale']:.4g} arcsec a pixel"
    zero = "zero point unknown" if images["zero_point"] is None else f"zero point {images['zero_point']:g}"
    widths = f", PSF {' '.join(f'{width:.2f}' for width in images['psf_fwhm'])} arcsec" if images["psf_fwhm"] else ""
    return (f"{images['rows']:,} of {images['side']} x {images['side']} pixels in {' '.join(images['bands'])} ({scale}, {zero}"
            f"{widths}, {images['hash']})")


def _counts(store: Store, name: str) -> dict[str, int]:
    if name not in store.columns:
        return {}
    codes, labels = store.codes(name)
    counts = np.bincount(codes + 1, minlength=len(labels) + 1)
    named = dict(zip(labels, counts[1:].tolist(), strict=True))
    return named | ({"": int(counts[0])} if counts[0] else {})


def citations(manifest: Manifest) -> list[str]:
    """What to cite: for what the store was made with, and for each survey in it."""
    made_with = [manifest.provenance["citation"]] if "citation" in manifest.provenance else []
    return made_with + [SURVEYS.get(name).citation for name in manifest.surveys if name in SURVEYS]


def _run_info(run: RunFolder) -> dict[str, Any]:
    return {"name": run.name, "folder": run.path.name, "finished": run.finished, "embedded": run.latents.exists(),
            "projections": run.projections()}


def _run_text(run: dict[str, Any]) -> str:
    state = ", ".join(run["projections"]) or ("trained" if run["finished"] else "unfinished")
    return f"{run['name']} ({state})"


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name or 'none'} {count:,}" for name, count in counts.items()) or "none"
