"""Slim copies of spec files hold what the originals hold, or are not made."""

import gzip

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from qsocore.cli import main
from qsocore.errors import AtlasError, ReadError
from qsocore.surveys import read_file
from qsocore.workflow import shrink as module
from qsocore.workflow.shrink import KEPT, shrink, slim, verify
from tests.surveys.test_sdss import LOGLAM, N, spec

EXTRA = {"sky": np.ones(N), "model": np.full(N, 2.0), "wdisp": np.ones(N)}


def same(a, b):
    assert a.object_id == b.object_id and repr(a.row) == repr(b.row)
    for name in ("wave", "flux", "ivar", "mask"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name), err_msg=name)


def read(path):
    """The spectrum of a file, None where it is refused."""
    try:
        return next(read_file(path))
    except ReadError:
        return None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flux=hnp.arrays(np.float32, N, elements=st.floats(width=32)), mask=hnp.arrays(np.int32, N))
def test_a_copy_reads_as_its_original_whatever_its_pixels(tmp_path, flux, mask):
    path = tmp_path / "spec-1-2-3.fits"
    path.unlink(missing_ok=True)
    spec(path, flux=flux, and_mask=mask, **EXTRA)
    (tmp_path / "slim.fits").write_bytes(slim(path))
    with fits.open(path) as old, fits.open(tmp_path / "slim.fits") as new:
        assert [name.lower() for name in new[1].columns.names] == list(KEPT)
        for name in KEPT:
            assert old[1].data[name].tobytes() == new[1].data[name].tobytes(), name
        assert repr(old[0].header) == repr(new[0].header) and repr(old[2].header) == repr(new[2].header)
        assert len(new) == 3


def test_a_folder_keeps_its_shape_packed_files_are_unpacked_and_exposures_left_out(tmp_path):
    folder = tmp_path / "in" / "plate"
    folder.mkdir(parents=True)
    whole = spec(folder / "spec-1-2-3.fits", **EXTRA)
    with fits.open(whole, mode="append") as hdus:
        hdus.append(fits.ImageHDU(np.zeros(50_000, np.float32), name="B1-00012345"))
    (folder / "spec-1-2-4.fits.gz").write_bytes(gzip.compress(spec(folder / "aside.fits").read_bytes()))
    (folder / "aside.fits").unlink()
    done = shrink([tmp_path / "in"], tmp_path / "out")
    assert [one.refusal for one in done] == [None, None]
    assert done[0].after < done[0].before / 2
    for name in ("spec-1-2-3.fits", "spec-1-2-4.fits"):
        same(next(read_file(tmp_path / "out/plate" / name)), next(read_file(whole)))


def test_what_is_no_spec_file_or_breaks_off_is_left_out_with_its_reason(tmp_path):
    good, broken, other = (tmp_path / f"spec-{k}.fits" for k in range(3))
    spec(good, **EXTRA)
    broken.write_bytes(good.read_bytes()[:15_000])
    fits.HDUList([fits.PrimaryHDU(np.zeros((3, 3)))]).writeto(other)
    done = shrink([good, broken, other], tmp_path / "out")
    assert [getattr(one.refusal, "reason", None) for one in done] == [None, "truncated", "no-spec-file"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [good.name]


def test_two_files_with_one_copy_are_refused_before_anything_is_written(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        spec(tmp_path / name / "spec-1-2-3.fits")
    with pytest.raises(AtlasError, match="same copy"):
        shrink([tmp_path / "a", tmp_path / "b"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("column", ["flux", "ivar", "and_mask"])
def test_a_copy_that_differs_in_one_value_is_found(tmp_path, column):
    path, other = (spec(tmp_path / f"{name}.fits") for name in "ab")
    verify(path, slim(path))
    with fits.open(other, mode="update") as hdus:
        hdus[1].data[column][7] += 1
    with pytest.raises(ReadError, match=f"{column} of the copy"):
        verify(path, slim(other))


def test_a_copy_with_another_catalogue_row_is_found(tmp_path):
    path, other = spec(tmp_path / "a.fits"), spec(tmp_path / "b.fits", catalogue={"PLATE": ("J", 1)})
    with pytest.raises(ReadError, match="catalogue"):
        verify(path, slim(other))


def test_a_copy_that_fails_its_check_is_not_written(tmp_path, monkeypatch):
    path = spec(tmp_path / "spec-1-2-3.fits")
    wrong = slim(spec(tmp_path / "b.fits", loglam=LOGLAM + 1e-3))
    monkeypatch.setattr(module, "slim", lambda _: wrong)
    (one,) = shrink([path], tmp_path / "out")
    assert one.refusal.reason == "differs" and not (tmp_path / "out").exists()


def test_the_command_says_what_is_saved(tmp_path, capsys):
    spec(tmp_path / "spec-1-2-3.fits", **EXTRA)
    assert main(["shrink", str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "1 copies verified" in said and "% saved; 0 left out" in said
    (tmp_path / "junk.txt").write_text("no spectrum")
    assert main(["shrink", str(tmp_path), "--out", str(tmp_path / "out")]) == 1
    assert "junk.txt" in capsys.readouterr().out


@pytest.mark.real
def test_every_real_spec_file(real, tmp_path):
    done = shrink([real / "boss", real / "sdss"], tmp_path)
    copied = [one for one in done if one.refusal is None]
    assert len(copied) == 175
    assert [one.refusal.reason for one in done if one.refusal is not None] == ["no-spec-file"]  # the plate
    for one in copied[::9]:
        within = next(folder for folder in (real / "boss", real / "sdss") if one.path.is_relative_to(folder))
        old, new = (read(path) for path in (one.path, tmp_path / one.path.relative_to(within)))
        same(old, new) if old is not None else None
        assert (old is None) == (new is None), "what cannot be read stays so"
