"""Put simulated lenses into a campaign: their images as a store beside the campaign, in the survey's own sky."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsocore import __version__
from qsocore.catalog import Column
from qsocore.errors import StoreError
from qsocore.inspection.deal import injected_id
from qsocore.sampling import ImageGrid
from qsocore.simulate.bands import BANDS, magnitudes_of
from qsocore.simulate.images import columns, noise, photometry
from qsocore.simulate.images.inject import emptied, how_many_skies, put, why_not
from qsocore.simulate.images.observe import Seen, counts_per_microjansky
from qsocore.store import Store, StoreWriter, open_store, paths

_LOG = logging.getLogger(__name__)
_SKY_OF = Column("sky_of", "string", "provenance", "", "Object around which the sky is")


class Injection(NamedTuple):
    """How many lenses there are in a campaign, and why there are none."""

    n: int
    why_not: str = ""


def inject(store: Store, rows: NDArray[np.int64], campaign: str, n: int, seed: int) -> Injection:
    """Write the images of n simulated lenses in the sky of a campaign's objects.

    Parameters
    ----------
    store : Store
        Whose objects are graded.
    rows : ndarray of int
        Of the objects.
    campaign : str
        Its name.
    n : int
        How many; there are fewer when fewer objects have images with sky around them.
    seed : int
        Everything follows from it, the store and the rows.

    Raises
    ------
    StoreError
        When images of another campaign of that name lie there.
    """
    images = store.image_store
    reason = why_not(images.image_grid) if images else "the store has no images"
    if not reason:
        rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(2,)))
        have = _with_images(store, images, rows)
        offered = np.sort(rng.choice(have, min(how_many_skies(n), len(have)), replace=False))
        block = images.images(offered)
        sky = emptied(block.grid, block.flux, block.ivar, block.mask, _fwhm(images, offered), n, rng)
        reason = "" if len(sky.rows) else "no image has sky around its object"
    if reason:
        return Injection(0, reason)
    seen, truth = put(block.grid, sky, rng)
    plan = {"command": "qso campaign create", "campaign": campaign, "seed": seed, "code_version": __version__,
            "catalogue": store.manifest.fingerprint, "sky": images.manifest.fingerprint, "rows": offered[sky.rows].tolist()}
    _write(paths.injected(store.path, campaign), block.grid, seen, sky.mask,
           _catalogue(images, offered[sky.rows], campaign, seen, truth), plan)
    return Injection(len(sky.rows))


def _with_images(store: Store, images: Store, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of the store of images that are of these objects."""
    if images is store:
        return rows
    found = images.index_of(store.table(["object_id"], rows).column(0).combine_chunks())
    return found[found >= 0]


def _fwhm(images: Store, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Widths of the PSF (n, n_bands), arcsec: of each image, else of all, else DES's."""
    grid = images.image_grid
    usual = dict(zip(grid.bands, grid.psf_fwhm or [noise.FWHM[band] for band in grid.bands], strict=True))
    if not grid.psf_fwhm and not all(f"psf_fwhm_{band}" in images.columns for band in grid.bands):
        _LOG.info("the images' PSF is not known: lenses are injected with the widths of DES")
    out = np.empty((len(rows), len(grid.bands)))
    for number, band in enumerate(grid.bands):
        name = f"psf_fwhm_{band}"
        own = images.column(name)[rows] if name in images.columns else np.full(len(rows), np.nan)
        out[:, number] = np.where(own > 0, own, usual[band])
    return out


def _catalogue(images: Store, rows: NDArray[np.int64], campaign: str, seen: Seen,
               truth: dict[str, NDArray]) -> dict[str, NDArray]:
    n, bands = len(rows), images.image_grid.bands
    native = [str(number) for number in range(n)]
    named = {"object_id": np.array([injected_id(campaign, number) for number in range(n)], object),
             "survey": np.full(n, "injected", object), "release": np.full(n, campaign, object),
             "native_id": np.array(native, object)}
    sky = {name: images.column(name)[rows] for name in ("ra", "dec") if name in images.columns}
    of = np.array(images.table(["object_id"], rows).column(0).to_pylist(), object)
    truth = {"true_class": np.full(n, "LENS", object), "true_subclass": truth["subclass"]} | truth
    del truth["subclass"]
    magnitude = magnitudes_of(seen.total)
    total = {f"true_mag_{band}": magnitude[:, number] for number, band in enumerate(BANDS)}
    width = {f"psf_fwhm_{band}": seen.fwhm[:, number] for number, band in enumerate(bands)}
    return named | sky | {"sky_of": of} | truth | total | width | photometry.catalogue(seen.flux, seen.error)


def _write(out: Path, grid: ImageGrid, seen: Seen, mask: NDArray[np.uint8], catalogue: dict[str, NDArray],
           plan: dict[str, Any]) -> None:
    if out.exists():
        if open_store(out).manifest.provenance == plan:  # left by a call that was interrupted
            return
        raise StoreError("images of another campaign of that name lie there", out, "choose another name, or delete that folder")
    unit = counts_per_microjansky(grid.zero_point)
    writer = StoreWriter(out, grid, plan, 1)
    writer.write_shard(0, seen.image * unit, np.where(mask == 0, 1 / (unit**2 * seen.variance), 0), mask, catalogue,
                       (*columns.COLUMNS, _SKY_OF))
    writer.finish()
