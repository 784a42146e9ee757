"""Tables of spectra without names and units: mqc-nets' HDF5, numpy's arrays, QuasarNET's FITS; written here, read back."""

import gzip
import pickle
import shutil

import h5py
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table

from qsocore.errors import ReadError
from qsocore.grid import GRIDS, get_grid
from qsocore.models.labels import KINDS
from qsocore.surveys import mqc_nets, quasarnet, read_file, recognise, weiss_hui
from qsocore.surveys.probe import Probe
from qsocore.workflow.ingest import ingest

N = 30
RNG = np.random.default_rng(5)


def noisy(n_pix, n=N):
    """Fluxes with noise of 0.1 about 1."""
    return (1.0 + 0.1 * RNG.standard_normal((n, n_pix))).astype(np.float32)


def read(path):
    with Probe(path) as probe:
        name = recognise(probe).name
    return name, list(read_file(path))


def reason(path):
    with pytest.raises(ReadError) as caught:
        for item in read_file(path):
            if isinstance(item, ReadError):
                raise item
    assert str(path) in str(caught.value) and caught.value.remedy
    return caught.value.reason


# ---- HDF5 of mqc-nets


def hdf5(path, fluxes, classes=None, **others):
    with h5py.File(path, "w") as file:
        file["fluxes"] = fluxes
        if classes is not None:
            file["classes"] = classes
        for name, values in others.items():
            file[name] = values
    return path


def test_mqc_nets_rows_have_classes_and_an_estimated_error(tmp_path):
    fluxes, hot = noisy(433), np.eye(13, dtype=np.float32)[np.arange(N) % 13]
    hot[20] = 0
    fluxes[3, :50] = 0  # where mqc-nets fills with zeros
    name, spectra = read(hdf5(tmp_path / "a.bin", fluxes, hot))  # told by its content
    assert name == "mqc-nets" and len(spectra) == N and mqc_nets.CLASSES == KINDS
    rows = [(spectrum.row["class"], spectrum.row["subclass"]) for spectrum in spectra[:13]]
    stars = [("STAR", kind) for kind in ("O", "B", "A", "F", "G", "K", "M", "L", "WD", "C")]
    assert rows == [("QSO", ""), ("QSO", "BAL"), *stars, ("GALAXY", "")]
    assert spectra[20].row["class"] == ""
    assert (spectra[3].ivar[:50] == 0).all() and (spectra[3].ivar[50:] > 0).all()
    sigma = np.median([spectrum.ivar[200] ** -0.5 for spectrum in spectra])
    assert sigma == pytest.approx(0.1, rel=0.1) and all("no errors" in spectra[k].notes[0] for k in range(N))
    assert not spectra[0].calibrated and len({str(spectrum.object_id) for spectrum in spectra}) == N
    np.testing.assert_array_equal(spectra[5].flux, fluxes[5])


def test_mqc_nets_axis_is_that_of_its_fourier_resampling():
    """A line that scipy's resample has moved lies where the axis says."""
    from scipy.signal import resample

    fine = np.linspace(3.56, 4.01, 4622)
    for centre in (3.65, 3.8, 3.95):
        line = np.exp(-0.5 * ((fine - centre) / 0.004) ** 2)
        coarse = resample(line, 433)
        found = (coarse * np.log10(mqc_nets.axis())).sum() / coarse.sum()
        assert found == pytest.approx(centre, abs=1e-5)


def test_mqc_nets_in_a_store_keeps_its_classes(tmp_path):
    from qsocore.models.labels import kinds

    hot = np.eye(13, dtype=np.float32)[np.arange(N) % 13]
    ingest([hdf5(tmp_path / "a.h5", noisy(433), hot)], tmp_path / "a.store", grid=GRIDS["mqc433"], workers=1)
    from qsocore.store import open_store

    store = open_store(tmp_path / "a.store")
    assert kinds(store).tolist() == hot.argmax(axis=1).tolist()


@pytest.mark.parametrize(("fluxes", "classes", "message"), [
    ((N, 433), (N, 7), "wrong-shape"), ((N, 433), (N + 1, 13), "wrong-shape"), ((N, 500), (N, 13), "unknown-layout"),
    ((N,), None, "unknown-layout")])
def test_hdf5_that_does_not_fit_is_refused(tmp_path, fluxes, classes, message):
    path = hdf5(tmp_path / "a.h5", np.ones(fluxes), None if classes is None else np.ones(classes))
    assert reason(path) == message


def test_hdf5_that_declares_more_than_it_holds_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("fluxes", (10**9, 433), "f4", chunks=(64, 433))  # 1.7 TB of nothing
    assert (tmp_path / "a.h5").stat().st_size < 100_000 and reason(tmp_path / "a.h5") == "too-large"


def test_hdf5_whose_data_lie_elsewhere_are_refused(tmp_path):
    hdf5(tmp_path / "other.h5", noisy(433))
    with h5py.File(tmp_path / "link.h5", "w") as file:
        file["fluxes"] = h5py.ExternalLink("other.h5", "fluxes")
    (tmp_path / "raw.bin").write_bytes(b"\0" * (N * 433 * 4))
    with h5py.File(tmp_path / "raw.h5", "w") as file:
        file.create_dataset("fluxes", (N, 433), "f4", external=[(str(tmp_path / "raw.bin"), 0, h5py.h5f.UNLIMITED)])
    assert reason(tmp_path / "link.h5") == reason(tmp_path / "raw.h5") == "foreign-data"


def test_a_broken_hdf5_is_refused(tmp_path):
    whole = hdf5(tmp_path / "a.h5", noisy(433)).read_bytes()
    (tmp_path / "half.h5").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "head.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\xff" * 500)
    for name in ("half.h5", "head.h5"):
        assert reason(tmp_path / name) in ("damaged", "unknown-layout")


# ---- arrays


@pytest.mark.parametrize("name", ["vae1500", "mqc433", "qnet443"])
def test_pairs_of_arrays(tmp_path, name):
    grid = GRIDS[name]
    flux, error = noisy(grid.n_pix), np.full((N, grid.n_pix), 0.25, np.float32)
    error[2, 5], error[3, 6] = 0.0, np.nan
    np.save(tmp_path / "spectra.npy", flux)
    np.save(tmp_path / "spectra_err.npy", error)
    survey, spectra = read(tmp_path / "spectra.npy")
    assert survey == "weiss-hui" and len(spectra) == N
    np.testing.assert_array_equal(spectra[4].wave, grid.wave)
    np.testing.assert_array_equal([spectrum.flux for spectrum in spectra][4], flux[4])
    assert spectra[2].ivar[5] == spectra[3].ivar[6] == 0 and spectra[0].ivar[0] == 16.0
    assert reason_of_companion(tmp_path / "spectra_err.npy")


def reason_of_companion(path):
    with pytest.raises(ReadError) as caught:
        list(read_file(path))
    return caught.value.reason == "companion"


@pytest.mark.parametrize(("fluxes", "errors"), [("flux.npy", "err.npy"), ("dr16q_fluxes_a.npy", "dr16q_sigma_a.npy"),
                                                ("X.npy", "X_ivar.npy")])
def test_names_of_pairs(tmp_path, fluxes, errors):
    np.save(tmp_path / fluxes, noisy(1500))
    np.save(tmp_path / errors, np.full((N, 1500), 4.0, np.float32))
    _, spectra = read(tmp_path / fluxes)
    assert spectra[0].ivar[7] == (4.0 if "ivar" in errors else 1 / 16)
    assert reason_of_companion(tmp_path / errors)


def test_arrays_without_errors_get_them_from_their_scatter(tmp_path):
    np.save(tmp_path / "alone.npy", noisy(1500))
    _, spectra = read(tmp_path / "alone.npy")
    assert np.median(spectra[0].ivar) ** -0.5 == pytest.approx(0.1, rel=0.1) and "no errors" in " ".join(spectra[0].notes)


def test_errors_of_another_shape_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", noisy(1500))
    np.save(tmp_path / "a_err.npy", noisy(1500, N + 1))
    with pytest.raises(ReadError, match="do not fit"):
        list(read_file(tmp_path / "a.npy"))


@pytest.mark.parametrize("log", [False, True])
def test_one_object_a_file(tmp_path, log):
    loglam = 3.55 + 1e-4 * np.arange(4600)
    columns = np.stack([loglam if log else 10**loglam, noisy(4600, 1)[0], np.full(4600, 0.1), *np.ones((3, 4600))], axis=1)
    np.save(tmp_path / "spec-7339-57518-0571.npy", columns)
    survey, (spectrum,) = read(tmp_path / "spec-7339-57518-0571.npy")
    assert survey == "weiss-hui" and spectrum.object_id.native == "7339-57518-571"
    np.testing.assert_allclose(spectrum.wave, 10**loglam)
    np.testing.assert_allclose(spectrum.ivar, 100, rtol=1e-6)


def test_columns_that_are_no_wavelengths_are_refused(tmp_path):
    np.save(tmp_path / "table.npy", np.random.default_rng(0).normal(size=(500, 6)))
    assert reason(tmp_path / "table.npy") == "bad-wavelength"


def test_a_compressed_array_is_read_too(tmp_path):
    np.save(tmp_path / "a.npy", noisy(1500))
    with open(tmp_path / "a.npy", "rb") as whole, gzip.open(tmp_path / "b.npy.gz", "wb") as packed:
        shutil.copyfileobj(whole, packed)
    one, two = (read(tmp_path / name)[1] for name in ("a.npy", "b.npy.gz"))
    np.testing.assert_array_equal([s.flux for s in one], [s.flux for s in two])


class Evil:
    def __reduce__(self):
        return print, ("run",)


def test_pickles_are_refused_and_say_why(tmp_path, capsys):
    np.save(tmp_path / "objects.npy", np.array([Evil(), {}], object), allow_pickle=True)
    (tmp_path / "plain.npy").write_bytes(pickle.dumps(Evil()))
    for name in ("objects.npy", "plain.npy"):
        with pytest.raises(ReadError, match="can run any code") as caught:
            list(read_file(tmp_path / name))
        assert caught.value.reason == "pickle" and caught.value.remedy
    with pytest.raises(ReadError, match="any code"):  # also when the user insists
        list(read_file(tmp_path / "objects.npy", "weiss-hui"))
    assert capsys.readouterr().out == ""


def test_an_array_shorter_than_it_declares_is_refused(tmp_path):
    np.save(tmp_path / "a.npy", noisy(1500))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:5000])
    assert reason(tmp_path / "a.npy") == "truncated"


@pytest.mark.parametrize("header", [b"{'descr': '<f4', 'shape': (2, 1500", b"{'descr': [", b"\xff\xfe", b"nothing"])
def test_a_header_that_cannot_be_understood_is_refused(tmp_path, header):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + b"\0" * 5000)
    assert reason(tmp_path / "a.npy") == "damaged"


@pytest.mark.parametrize(("array", "expected"), [
    (np.ones((10, 28, 28, 5)), "no-bands"), (np.array(["a", "b"]), "catalogue"), (np.ones((7016, 2)), "unknown-layout"),
    (np.ones((5, 1500), int), "unknown-layout")])
def test_other_arrays_are_called_what_they_are(tmp_path, array, expected):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(ReadError) as caught:
        list(read_file(tmp_path / "a.npy"))
    assert caught.value.reason == expected


# ---- QuasarNET


def qnet(path, fluxes, ivars=None, names=None, **cards):
    names = Table({"TARGETID": np.arange(100, 100 + len(fluxes))}) if names is None else names
    data = fluxes if ivars is None else np.hstack([fluxes, ivars])
    image = fits.PrimaryHDU(data, fits.Header(list(cards.items())))
    fits.HDUList([image, fits.table_to_hdu(names)]).writeto(path)
    return path


def test_quasarnet_image(tmp_path):
    flux, ivar = noisy(443).astype(float), np.full((N, 443), 25.0)
    ivar[0, :10] = 0
    plates = Table({"TARGETID": np.arange(N), "PLATE": np.full(N, 7339), "MJD": np.full(N, 57518), "FIBERID": 1 + np.arange(N)})
    survey, spectra = read(qnet(tmp_path / "data.fits", flux, ivar, plates))
    assert survey == "quasarnet" and [s.object_id.native for s in spectra[:2]] == ["7339-57518-1", "7339-57518-2"]
    np.testing.assert_allclose(spectra[1].flux, flux[1], rtol=1e-6)
    assert (spectra[0].ivar[:10] == 0).all() and spectra[0].ivar[10] == 25.0 and spectra[0].row["target"] == "0"


def test_quasarnet_bins_have_their_centres():
    """By QuasarNET's own rule for the bin of a wavelength."""
    bins = np.floor((np.log10(quasarnet.GRID.wave) - np.log10(3600.0)) / 1e-3).astype(int)
    assert (bins == np.arange(443)).all()
    place = (np.log10(quasarnet.GRID.wave) - np.log10(3600.0)) / 1e-3
    np.testing.assert_allclose(place, 0.5 + np.arange(443), atol=1e-6)


def test_targets_that_come_twice_get_their_row(tmp_path):
    names = Table({"TARGETID": np.arange(N) // 2})
    _, spectra = read(qnet(tmp_path / "data.fits", noisy(443), names=names))
    assert [s.object_id.native for s in spectra[:3]] == ["0[0]", "0[1]", "1[2]"] and spectra[1].row["target"] == "0"
    assert "no errors" in spectra[0].notes[0]


@pytest.mark.parametrize("wide", [False, True])
def test_quasarnet_table(tmp_path, wide):
    flux, ivar = noisy(443), np.full((N, 443), 9.0, np.float32)
    columns = {"DATA": np.hstack([flux, ivar])} if wide else {"FLUX": flux, "IVAR": ivar}
    fits.table_to_hdu(Table({"TARGETID": np.arange(N)} | columns)).writeto(tmp_path / "table.fits")
    survey, spectra = read(tmp_path / "table.fits")
    assert survey == "quasarnet" and spectra[2].ivar[3] == 9.0
    np.testing.assert_array_equal(spectra[29].flux, flux[29])


def test_an_image_of_443_pixels_is_no_table_of_spectra(tmp_path):
    fits.PrimaryHDU(np.ones((443, 443), np.float32)).writeto(tmp_path / "sky.fits")
    assert reason(tmp_path / "sky.fits") == "no-bands"


def test_a_truncated_quasarnet_file_is_refused(tmp_path):
    whole = qnet(tmp_path / "data.fits", noisy(443), np.ones((N, 443))).read_bytes()
    (tmp_path / "half.fits").write_bytes(whole[: len(whole) // 2])
    assert reason(tmp_path / "half.fits") == "truncated"


def test_big_files_are_read_in_blocks(tmp_path, monkeypatch):
    """No reader holds more than a few rows at a time, and many blocks give the same rows."""
    for module in (mqc_nets, quasarnet):
        monkeypatch.setattr(module, "_BLOCK", 7)
    flux = noisy(443)
    _, spectra = read(qnet(tmp_path / "a.fits", flux, np.ones((N, 443))))
    np.testing.assert_array_equal([s.flux for s in spectra], flux)
    _, spectra = read(hdf5(tmp_path / "a.h5", flux[:, :433]))
    np.testing.assert_array_equal([s.flux for s in spectra], flux[:, :433])
    np.save(tmp_path / "a.npy", flux)
    with Probe(tmp_path / "a.npy") as probe:
        assert isinstance(weiss_hui.mapped(probe), np.memmap)


def test_a_written_out_axis_is_kept(tmp_path):
    grid = get_grid("log10:3.60:3.95:443")
    _, spectra = read(qnet(tmp_path / "a.fits", noisy(443), COEFF0=grid.start, COEFF1=grid.step))
    np.testing.assert_allclose(spectra[0].wave, grid.wave, rtol=1e-9)
    fluxes = noisy(700)
    name, spectra = read(hdf5(tmp_path / "a.h5", fluxes, wavelengths=np.linspace(4000, 9000, 700)))
    assert name == "mqc-nets" and spectra[0].wave[-1] == 9000


@pytest.mark.parametrize("n", [95, 100, 101])
def test_a_file_of_more_spectra_than_a_shard_loses_none(tmp_path, monkeypatch, n):
    """Written out shard by shard while it is read."""
    from qsocore.store import open_store
    from qsocore.store.check import check
    from qsocore.workflow import ingest as module

    monkeypatch.setattr(module, "_ROWS", 20)
    monkeypatch.setattr(module, "_ROW_BYTES", 1700)
    fluxes = noisy(433, n)
    path = hdf5(tmp_path / "a.h5", fluxes, wavelengths=GRIDS["mqc433"].wave, ivars=np.full((n, 433), 4.0))
    report = ingest([path], tmp_path / "a.store", grid=GRIDS["mqc433"], workers=1)
    store = open_store(tmp_path / "a.store")
    assert report.read == store.n_rows == n and check(store.path) == []
    assert len(store.manifest.shards) >= 5 and max(shard.rows for shard in store.manifest.shards) == 20
    np.testing.assert_array_equal(store.spectra(np.arange(n)).flux, fluxes)
    assert store.column("source_row").tolist() == list(range(n))
