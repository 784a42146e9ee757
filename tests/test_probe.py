"""The probe: kinds, damage, limits on inflating, and that it agrees with astropy on sound files."""

import bz2
import gzip
import io
import pickle
import struct
import zlib

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qsocore.errors import ReadError
from qsocore.surveys import read_file, recognise
from qsocore.surveys.probe import Probe

TABLE = fits.BinTableHDU.from_columns([
    fits.Column("TARGETID", "K", array=[39627866878511337, -5]), fits.Column("z", "D", array=[1.5, np.nan]),
    fits.Column("flags", "J", array=[7, 2**31], bzero=2**31), fits.Column("CLASS", "6A", array=["QSO", "GALAXY"]),
    fits.Column("mag", "3E", array=np.arange(6.0).reshape(2, 3)), fits.Column("good", "L", array=[True, False]),
    fits.Column("bits", "11X", array=np.zeros((2, 11), bool)), fits.Column("small", "B", array=[3, 255]),
], name="CAT")


def fits_bytes() -> bytes:
    out = io.BytesIO()
    image = fits.ImageHDU(np.arange(12.0, dtype=np.float32).reshape(3, 4), name="flux")
    fits.HDUList([fits.PrimaryHDU(header=fits.Header({"RUN2D": "v5_13_0", "MJD": 55240})), image, TABLE]).writeto(out)
    return out.getvalue()


SOUND = fits_bytes()


def write(path, data: bytes):
    path.write_bytes(data)
    return path


def npz(**arrays) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize(("name", "data", "kind"), [
    ("a.fits", SOUND, "fits"), ("a.fits.gz", gzip.compress(SOUND), "fits"), ("a.fits.bz2", bz2.compress(SOUND), "fits"),
    ("misnamed.csv", gzip.compress(SOUND), "fits"), ("a.csv", b"ra,dec\n1,2\n", "csv"), ("a.tsv", b"# x\nra\tdec\n", "csv"),
    ("a.csv.gz", gzip.compress(b"ra,dec\n1,2\n"), "csv"), ("greek.csv", "name,α\n".encode() * 400, "csv"),
    ("a.parquet", b"PAR1" + bytes(20), "parquet"), ("a.vot", b"<?xml version='1.0'?>\n<VOTABLE version='1.4'>", "votable"),
    ("a.npz", npz(a=np.zeros(3)), "npz"), ("a.npy", npy(np.zeros(3)), "npy"), ("a.h5", b"\x89HDF\r\n\x1a\n" + bytes(8), "hdf5"),
    ("a.fits", b"", "empty"), ("a.fits.gz", gzip.compress(b""), "empty"), ("a.pkl", b"(dp0\n.", "pickle"),
    ("a.dat", pickle.dumps({"x": 1}), "pickle"), ("a.dat", bytes(range(256)) * 4, "unknown"), ("a.txt", b"hello\n", "unknown"),
])
def test_kind_is_what_the_bytes_say(tmp_path, name, data, kind):
    assert Probe(write(tmp_path / name, data)).kind == kind


def test_headers_and_tables_as_astropy_reads_them(tmp_path):
    path = write(tmp_path / "a.fits", SOUND)
    with Probe(path) as probe, fits.open(path) as hdus:
        assert probe.hdu_names == ["PRIMARY", "FLUX", "CAT"] and len(probe.headers) == 3
        assert [dict(mine) for mine in probe.headers] == [dict(hdu.header) for hdu in hdus]
        assert (probe.keyword("RUN2D"), probe.keyword("MJD"), probe.keyword("EXTEND"), probe.keyword("no")) == (
            "v5_13_0", 55240, 1, None)
        assert probe.columns("cat") == probe.columns(2) == hdus[2].columns.names and probe.columns(1) == probe.columns(9) == []
        table = probe.table("CAT")
        for name in ("TARGETID", "z", "flags", "mag", "small"):
            np.testing.assert_array_equal(table[name], hdus[2].data[name])
        assert table["class"].tolist() == ["QSO", "GALAXY"] and len(table) == 2
        assert table.value("targetid") == 39627866878511337 and table.value("nothing", default=-1) == -1
        np.testing.assert_array_equal(probe.hdus()["FLUX"].data, hdus["FLUX"].data)
        with pytest.raises(ReadError, match="no column nothing"):
            table["nothing"]
        with pytest.raises(ReadError, match="no binary table"):
            probe.table("FLUX")


@pytest.mark.real
def test_real_headers_and_tables_as_astropy_reads_them(real):
    for name in ("sdss/PyQSOFit/spec-0266-51602-0013.fits", "boss/picca/spec-3655-55240-0002.fits",
                 "desi/fastspecfit/coadd-special-dark-27247.fits", "desi/specutils/spectra-sv3-dark-26065.fits"):
        with Probe(real / name) as probe, fits.open(real / name, disable_image_compression=True) as hdus:
            assert len(probe.headers) == len(hdus)
            for number, hdu in enumerate(hdus):
                assert list(probe.headers[number]) == list(hdu.header), (name, number)
                if isinstance(hdu, fits.BinTableHDU) and not hdu.header.get("ZIMAGE"):
                    table = probe.table(number)
                    assert probe.columns(number) == hdu.columns.names
                    for column in hdu.columns.names:
                        want = hdu.data[column]
                        if want.dtype.kind in "iuf":
                            np.testing.assert_array_equal(table[column].ravel(), want.ravel(), err_msg=f"{name} {column}")
                        elif want.dtype.kind in "US":
                            assert table[column].tolist() == np.char.strip(want).tolist(), (name, column)


@pytest.mark.parametrize("cut", [1, 40, 79])
def test_a_header_cut_off(tmp_path, cut):
    path = write(tmp_path / "a.fits", SOUND[: cut * 80])
    if cut > 36:  # the first header is one block
        path = write(tmp_path / "b.fits", SOUND[: 2880 + cut])
    with pytest.raises(ReadError) as error:
        Probe(path).hdus()
    assert error.value.reason == "truncated" and "END" in error.value.what


def test_data_cut_off_names_the_hdu_and_the_bytes(tmp_path):
    path = write(tmp_path / "a.fits", SOUND[: 2 * 2880 + 30])
    probe = Probe(path)
    assert probe.hdu_names == ["PRIMARY"]
    with pytest.raises(ReadError, match="HDU 1: 18 of 48 bytes") as error:
        recognise(probe)
    assert error.value.reason == "truncated" and str(path) in str(error.value) and error.value.remedy
    with pytest.raises(ReadError):
        probe.table(2)


def test_missing_padding_after_the_last_hdu_is_forgiven(tmp_path):
    assert len(Probe(write(tmp_path / "a.fits", SOUND + bytes(2880))).hdus()) == 3
    short = fits.PrimaryHDU(np.zeros(4, np.float32))
    short.writeto(tmp_path / "b.fits")
    cut = write(tmp_path / "c.fits", (tmp_path / "b.fits").read_bytes()[: 2880 + 16])
    assert Probe(cut).refusal() is None


@pytest.mark.parametrize(("data", "reason"), [
    (gzip.compress(SOUND)[:-40], "truncated"), (bz2.compress(SOUND)[:-40], "truncated"),
    (b"\x1f\x8b\x08" + bytes(60), "damaged"), (b"BZh9" + bytes(60), "damaged"),
])
def test_compressed_streams_that_break_off(tmp_path, data, reason):
    with pytest.raises(ReadError) as error:
        Probe(write(tmp_path / "a.fits.gz", data))
    assert error.value.reason == reason


def test_a_gzip_bomb_is_refused_by_its_declared_size(tmp_path, monkeypatch):
    bomb = write(tmp_path / "bomb.fits.gz", gzip.compress(bytes(50_000_000)))
    assert bomb.stat().st_size < 100_000
    monkeypatch.setattr(gzip, "GzipFile", None)  # nothing is inflated
    with pytest.raises(ReadError, match="48 MiB or more, over the limit of 10 MiB") as error:
        Probe(bomb, limit=10 * 1024**2)
    assert error.value.reason == "too-large"


@pytest.mark.parametrize("pack", ["gzip", "bzip2"])
def test_a_bomb_that_lies_about_its_size_is_stopped_while_inflating(tmp_path, pack):
    data = bytes(50_000_000)
    if pack == "gzip":
        stream = zlib.compressobj(9, zlib.DEFLATED, 31)
        packed = stream.compress(data) + stream.flush()
        packed = packed[:-4] + struct.pack("<I", 10)
    else:
        packed = bz2.compress(data)
    with pytest.raises(ReadError) as error:
        Probe(write(tmp_path / "a.fits", packed), limit=10 * 1024**2)
    assert error.value.reason == "too-large"


def test_a_compressed_image_that_would_inflate_beyond_the_limit(tmp_path):
    fits.HDUList([fits.PrimaryHDU(), fits.CompImageHDU(np.zeros((2000, 2000), np.int16))]).writeto(tmp_path / "a.fits")
    assert Probe(tmp_path / "a.fits").refusal() is None
    refusal = Probe(tmp_path / "a.fits", limit=1024**2).refusal()
    assert refusal.reason == "too-large" and "HDU 1" in refusal.where


@pytest.mark.parametrize(("name", "data", "reason"), [
    ("a.fits", b"", "empty"), ("a.pkl", pickle.dumps([1]), "pickle"), ("a.bin", bytes(range(256)), "unknown-format"),
])
def test_what_no_survey_can_read_says_why(tmp_path, name, data, reason):
    with pytest.raises(ReadError) as error:
        list(read_file(write(tmp_path / name, data)))
    assert error.value.reason == reason and error.value.where == str(tmp_path / name) and error.value.remedy


def test_an_npz_with_a_pickle_inside_is_not_opened(tmp_path):
    class Trap:
        def __reduce__(self):
            return open, (str(tmp_path / "sprung"), "w")

    np.savez(tmp_path / "a.npz", a=np.array([Trap()], dtype=object))
    with pytest.raises(ReadError):
        list(read_file(tmp_path / "a.npz"))
    assert not (tmp_path / "sprung").exists()


def test_absent_and_folder_are_unreadable(tmp_path):
    for path in (tmp_path / "absent.fits", tmp_path):
        with pytest.raises(ReadError) as error:
            Probe(path)
        assert error.value.reason == "unreadable"


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.integers(0, len(SOUND) - 1), junk=st.binary(min_size=1, max_size=200), cut=st.integers(0, len(SOUND)))
def test_any_damage_is_a_read_error_or_harmless(tmp_path, at, junk, cut):
    data = (SOUND[:at] + junk + SOUND[at + len(junk):])[: max(cut, 1)]
    probe = Probe(write(tmp_path / "a.fits", data))
    try:
        for number in range(len(probe.hdus())):
            probe.columns(number)
            if probe.headers[number].get("XTENSION") == "BINTABLE":
                probe.table(number)
    except ReadError as error:
        assert error.reason
