"""What all sessions of one server share: the store or table it was started with, its runs, its joined tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pyarrow import ArrowInvalid

from dashboard.once import Once
from dashboard.shelf import BIG
from dashboard.table import AtlasTable, files_of
from qsocore.errors import AtlasError, StoreError
from qsocore.progress import Progress
from qsocore.store import open_store

if TYPE_CHECKING:
    from dashboard.attribution import Explanations
    from dashboard.imagemodel import ImageExplanations
    from dashboard.pictures import Pictures
    from dashboard.samples import Samples
    from dashboard.sed import Seds
    from dashboard.sprites import Sprites
    from qsocore.explore.neighbours import Neighbours
    from qsocore.store import RunFolder, Store
    from qsocore.store.labels import Labels

_WORKERS = 4


class Library:
    """One store with its runs, or one bare table. Everything it hands out is read-only and made once.

    Parameters
    ----------
    path : path
        The store's folder or the table's file.
    store : Store, optional
        The opened store; None for a bare table.
    table : AtlasTable, optional
        The bare table.
    labels : str
        URL of the database of verdicts; by default what `Labels.of` finds.
    """

    def __init__(self, path: str | Path, store: Store | None = None, table: AtlasTable | None = None, labels: str = ""):
        self.path, self.store, self._bare, self._labels = Path(path), store, table, labels
        self._renewing = Lock()
        self.once = Once()
        """Makes things that all sessions share, each once."""

    @classmethod
    def open(cls, path: str | Path, x: str | None = None, y: str | None = None, object_id: str | None = None) -> Library:
        """Open a store, or a Parquet, CSV or FITS table with the columns of its map.

        Raises
        ------
        AtlasError
            When it is neither, or cannot be read.
        """
        if Path(path).is_file():
            from dashboard.tablefile import open_table

            return cls(path, table=open_table(path, x, y, object_id))
        return cls(path, store=open_store(path))

    @cached_property
    def pool(self) -> ThreadPoolExecutor:
        """Threads for work that would hold up the event loop; aggregation lets go of the interpreter lock."""
        return ThreadPoolExecutor(_WORKERS, thread_name_prefix="atlas")

    @cached_property
    def scribe(self) -> ThreadPoolExecutor:
        """The one thread that writes verdicts: they reach the database in the order in which they were said."""
        return ThreadPoolExecutor(1, thread_name_prefix="scribe")

    @cached_property
    def labels(self) -> Labels:
        """What people said of the objects; one for all sessions.

        Raises
        ------
        AtlasError
            When the database cannot be opened.
        """
        from qsocore.store.labels import Labels

        return Labels.of(self.path, self._labels)

    @property
    def labels_url(self) -> str:
        """URL of the database of verdicts that was asked for; empty for what `Labels.of` finds."""
        return self._labels

    @property
    def has_spectra(self) -> bool:
        """Whether there are spectra of the objects."""
        return self.store is not None and self.store.grid is not None

    def runs(self) -> list[RunFolder]:
        """Runs that have latents for this store, the latest first."""
        if self.store is None:
            return []
        return [run for run in reversed(self.store.runs()) if run.latents.exists()]

    def run(self, name: str) -> RunFolder | None:
        """A run by name; the empty name is none.

        Raises
        ------
        StoreError
            When the store has no such run.
        """
        return self.store.run(name) if self.store is not None and name else None

    def table(self, run: str = "") -> AtlasTable:
        """The Atlas table under a run."""
        if self._bare is not None:
            return self._bare
        return self.once(("table", run), lambda: AtlasTable.from_store(self.store, self.run(run)))

    def renew(self, run: str = "") -> AtlasTable:
        """The Atlas table under a run, joined anew if its files have changed since: somebody learnt, predicted or embedded.

        What the old table's columns share with the new one's is kept. A run that has gone leaves the table as it is.
        """
        known = self.table(run)
        if self.store is None:
            return known
        with self._renewing:
            known = self.table(run)
            try:
                if files_of(self.store, self.run(run)) == known.files:
                    return known
                fresh = AtlasTable.from_store(self.store, self.run(run), known)
            except (StoreError, OSError, ArrowInvalid):
                return known
            changed = {file for file, *_ in set(fresh.files) ^ set(known.files)}
            if fresh.run and str(fresh.run.latents) in changed:
                self.once.forget(("neighbours", run))
                self.once.forget(("space", run))
            self.once.replace(("table", run), fresh)
            return fresh

    def neighbours(self, run: str) -> Neighbours:
        """The objects of a run by their latents, to be searched for the most alike; built when it is first asked."""
        from qsocore.explore.neighbours import Neighbours

        table = self.table(run)
        return self.once(("neighbours", run), lambda: Neighbours(table.features))

    def reads_spectra(self, run: str) -> bool:
        """Whether a run is of a model of spectra, not of images or photometry; no run is not."""
        folder = self.run(run)
        return folder is not None and folder.config.get("reads", "spectra") == "spectra"

    def decoder(self, run: str, reads: str = "spectra") -> Any:
        """The run's decoder of spectra (or images), or None when there is no run or it gives none back.

        Raises
        ------
        AtlasError
            When the run has no usable weights.
        """
        folder = self.run(run)
        if folder is None:
            return None
        if not folder.finished:
            raise AtlasError("the run has no weights, so nothing can be reconstructed", folder.path, "train it again")
        if folder.config.get("reads", "spectra") != reads:
            return None
        from qsocore.embed.decoder import Decoder, open_encoder

        def load() -> Decoder | None:
            known = open_encoder(folder, source=self.store.grid)
            return known if isinstance(known, Decoder) else None

        return self.once(("decoder", run, reads), load)

    @cached_property
    def explanations(self) -> Explanations:
        """What models explain of objects, see `dashboard.attribution`."""
        from dashboard.attribution import Explanations

        return Explanations(self)

    @cached_property
    def image_explanations(self) -> ImageExplanations:
        """What models of images explain of objects, see `dashboard.imagemodel`."""
        from dashboard.imagemodel import ImageExplanations

        return ImageExplanations(self)

    @cached_property
    def pictures(self) -> Pictures:
        """Images of objects, see `dashboard.pictures`."""
        from dashboard.pictures import Pictures

        return Pictures(self)

    @cached_property
    def seds(self) -> Seds:
        """Photometry of objects and what is fitted to it, see `dashboard.sed`."""
        from dashboard.sed import Seds

        return Seds(self)

    @cached_property
    def samples(self) -> Samples:
        """Samples of the parameters of SEDs, see `dashboard.samples`."""
        from dashboard.samples import Samples

        return Samples(self)

    @cached_property
    def sprites(self) -> Sprites:
        """Small pictures of objects, see `dashboard.sprites`."""
        from dashboard.sprites import Sprites

        return Sprites(self.pictures)

    def prepare(self) -> None:
        """Index what a first page shows, with a line of progress where it takes a while: a big catalogue's first time."""
        run = next((run.name for run in self.runs()), "")
        table = self.table(run)
        axes = next(iter(table.maps.values()), ())
        if table.n_rows < BIG or not axes:
            return
        steps = [lambda: table.plane(*axes), *(lambda axis=axis: table.extent(axis) for axis in axes)]
        steps += [lambda: table.classes("class")] if "class" in table.columns else []
        with Progress(len(steps), f"index {table.n_rows:,} objects") as progress:
            for step in steps:
                step()
                progress.update(1)

    def warm_up(self) -> None:
        """Load the surveys and the latest run's model beside the event loop, ahead of the first tap; once."""
        def load() -> None:
            from qsocore.surveys import SURVEYS

            list(SURVEYS)
            for run in self.runs()[:1]:
                self.decoder(run.name)

        self.once("warm", lambda: self.pool.submit(load))
