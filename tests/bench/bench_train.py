"""Training, encoding and embedding with the default model, held to the matrix products that they cannot do without."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from qsocore.embed.decoder import Decoder
from qsocore.embed.stream import encode_store
from qsocore.grid import DEFAULT_GRID
from qsocore.preprocess.normalise import Normalisation
from qsocore.preprocess.prepare import Prepared
from qsocore.store import SHARD_ROWS, Store, StoreWriter
from qsocore.train.journal import read_journal
from qsocore.workflow.train import train
from tests.bench import Row, best_of

N_SPECTRA, BLOCK, THREADS = 16_384, 1024, 2


def noise_store(out: Path) -> Store:
    """Smooth spectra with noise; what they show changes no speed."""
    rng = np.random.default_rng(0)
    phase = np.linspace(0, 6, DEFAULT_GRID.n_pix)
    writer = StoreWriter(out, DEFAULT_GRID, {}, -(-N_SPECTRA // SHARD_ROWS))
    start, slope = rng.uniform(0, 6, (N_SPECTRA, 1)), 0.3 * rng.normal(size=(N_SPECTRA, 1))
    flux = (3 + np.sin(phase + start) + slope * phase).astype(np.float32)
    flux += 0.2 * rng.standard_normal(flux.shape, dtype=np.float32)
    ivar = np.full(flux.shape, 25.0, np.float32)
    catalog = {"object_id": [f"bench:r1:{i}" for i in range(N_SPECTRA)], "survey": ["bench"] * N_SPECTRA,
               "ra": rng.uniform(0, 360, N_SPECTRA), "dec": rng.uniform(-60, 60, N_SPECTRA)}
    writer.write_shard(0, flux, ivar, np.zeros(flux.shape, np.uint8), catalog)
    return writer.finish()


def rows() -> Iterator[Row]:
    """Measure."""
    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield from _measured(noise_store(Path(folder) / "bench.store"))
    finally:
        torch.set_num_threads(threads)


def _measured(store: Store) -> Iterator[Row]:
    epochs = 3
    run = train("infovae", store.path, "bench", [f"epochs={epochs}", "device=cpu"], publish=False)
    n_train = run.config["data"]["split"]["train"]
    fastest = min(event["seconds"] for event in read_journal(run.journal))
    decoder = Decoder(run)
    block = Prepared(store, decoder.grid, Normalisation()).read(np.arange(BLOCK))
    products = best_of(10, lambda: _products(decoder, block.x))
    yield Row(f"train the default InfoVAE, validation included, {THREADS} threads", f"{n_train / fastest:,.0f} spectra/s",
              f"its matrix products forward and back alone {BLOCK / products / 6:,.0f} spectra/s")
    encoding = best_of(20, lambda: decoder.encode(block.x, block.w))
    yield Row(f"encode with it, {THREADS} threads", f"{BLOCK / encoding:,.0f} spectra/s",
              f"at least 30,000 spectra/s; its matrix products alone {BLOCK / products:,.0f} spectra/s")
    embedding = best_of(3, lambda: [None for _ in encode_store(store, decoder)])
    yield Row("embed a store with it: read, normalise, encode, decode, compare", f"{store.n_rows / embedding:,.0f} spectra/s")


@torch.inference_mode()
def _products(decoder: Decoder, x: np.ndarray) -> None:
    h = torch.from_numpy(x)
    for layer in [*decoder.model.encoder, decoder.model.to_mu]:
        h = torch.mm(h, layer.weight.T)
