"""Ingest of images: real files accounted for one by one, beside spectra, at positions, with catalogues; and bad input."""

import json
import time
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from qsocore.cli import main
from qsocore.errors import AtlasError, ConfigError, StoreError
from qsocore.records import Mask
from qsocore.sampling import ImageGrid
from qsocore.store import StoreWriter, open_store
from qsocore.store.check import check
from qsocore.workflow import ingest as module
from qsocore.workflow.image_sources import Wish
from qsocore.workflow.info import as_text, store_info
from qsocore.workflow.ingest import ingest
from tests.surveys.test_frames import STARS, frame
from tests.test_ingest import bytes_of, spectrum

GRIZY = tuple("grizY")
RNG = np.random.default_rng(11)


def stamps(path, n=12, side=12, bands=GRIZY, ids=None, **others):
    """An npz of noisy images, each as bright as its number."""
    images = RNG.normal(0, 1, (n, side, side, len(bands))).astype(np.float32)
    images[:, side // 2, side // 2] += 100 + np.arange(n)[:, None]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, images=images, filters=np.array(bands), ids=np.arange(n) + 10**17 if ids is None else ids, **others)
    return images


def reasons(report):
    return {Path(file.path).name: sorted({entry["reason"] for entry in file.refused}) for file in report.files}


# ---- the real ones


@pytest.mark.real
def test_every_real_image_is_read_or_refused(real, tmp_path):
    """All 28 files: five bands of 46 galaxies, HSC with bands named, frames without positions, PSFs, what is no image."""
    report = ingest([real / "images"], tmp_path / "a.store", images=Wish(pixel_scale=0.263), workers=1)
    told = reasons(report)
    assert len(told) == 28 and all(file.read or file.refused for file in report.files)
    assert report.read == 48 and {name for name, why in told.items() if not why} == {
        "g.fits", "hsc_cosmos.npz", "hsc_cosmos_35.npz"}
    assert all(told[f"{band}.fits"] == ["companion"] for band in "rizY")
    assert all(told[f"frame-{band}-002820-3-0122.fits.bz2"] == ["no-positions"] for band in "ugriz")
    assert {name: why for name, why in told.items() if "psf" in name.lower()} == {
        "PSF_HSC.fits": ["psf"], "PSF_HSC__04868d77.fits": ["psf"], "PSF_HSC__ef830cc4.fits": ["psf"], "PSF_HST.fits": ["psf"],
        "psf_hsc_ra=150.24071_dec=2.06514.fits": ["psf"], "psField-003366-3-0110.fit": ["image"]}
    assert all(why == ["no-bands"] for name, why in told.items() if name.startswith(("Cut_", "hsc_ra", "4315")))
    for file in report.files:
        assert all(entry["what"] and Path(file.path).name in entry["where"] for entry in file.refused)
    store = open_store(tmp_path / "a.store")
    assert store.image_grid.bands == ("g", "r", "i", "z", "y", "Y") and not check(store.path)
    images = store.images(np.arange(46))
    np.testing.assert_array_equal(images.flux[5, 2], fits.getdata(real / "images/deeplenstronomy/i.fits")[5])
    assert (images.mask[:, 4] == Mask.NO_COVERAGE).all()  # y is HSC's, Y is DES's


@pytest.mark.real
def test_real_cutouts_with_their_bands_named(real, tmp_path):
    report = ingest([real / "images/scarlet"], tmp_path / "a.store", images=Wish(tuple("grizy")), workers=1)
    told = reasons(report)
    assert told["Cut_HSC.fits"] == told["Cut_HSC1.fits"] == told["hsc_ra=150.24071_dec=2.06514.fits"] == []
    assert told["hsc_cosmos.npz"] == ["other-pixels"]  # which does not say its scale
    store = open_store(tmp_path / "a.store")
    assert store.n_rows == 3 and store.image_grid.pixel_scale == pytest.approx(0.168, abs=1e-4)
    assert store.image_grid.psf_fwhm[2] == pytest.approx(0.58, abs=0.02)


@pytest.mark.real
def test_the_real_catalogue_of_high_redshift_candidates(real, tmp_path):
    """7,438 rows with their own ids; 1,886 not detected in g; fluxes found to be microjansky; the ids of other files match."""
    report = ingest([real / "catalogues/glq_mpia/cut_crossmatched_objects.csv"], tmp_path / "a.store", survey="catalogue")
    store = open_store(report.store)
    assert report.read == 7438 == store.n_rows and store.grid is None and not check(store.path)
    assert np.isnan(store.column("mag_g")).sum() == 1886 and np.isnan(store.column("magerr_r")).sum() == 37
    assert store.columns["flux_W1"].unit == "uJy" and store.columns["mag_Y"].role == "magnitude"
    assert np.nanmax(store.column("mag_g")) < 40 and np.isfinite(store.column("ra") + store.column("dec")).all()
    native = dict(zip(store.column("native_id"), store.column("mag_z"), strict=True))
    with np.load(real / "catalogues/glq_mpia/ids.npz", allow_pickle=False) as listed:
        names = listed[listed.files[0]]
    assert len(names) == 7016 and all(str(int(name)) in native for name in names)


@pytest.mark.real
def test_real_frames_at_positions(real, tmp_path):
    """Positions on the frame are cut in all bands, one beside it is refused by name; the table's columns are joined by id."""
    (tmp_path / "pos.csv").write_text("objid,ra,dec,g_mag\n1237646000000000001,38.33,-0.107,20.5\n"
                                      "1237646000000000002,38.30,-0.08,99\n7,200.0,10.0,21\n8,,,21\n")
    bands = [real / f"images/HiSS-Cube/frame-{band}-002820-3-0122.fits.bz2" for band in "ri"]
    report = ingest(bands, tmp_path / "a.store", images=Wish(cutout=20, positions=tmp_path / "pos.csv"), workers=1)
    store = open_store(tmp_path / "a.store")
    assert store.column("native_id").tolist() == ["1237646000000000001", "1237646000000000002"]
    assert report.joined["by"]["objid"] == 2
    assert store.image_grid.bands == ("r", "i") and store.image_grid.zero_point == 22.5
    assert store.image_grid.pixel_scale == pytest.approx(0.396, abs=1e-3)
    np.testing.assert_allclose(store.column("mag_g"), [20.5, np.nan])
    lost = report.files[-1].refused
    assert [entry["reason"] for entry in lost] == ["no-position", "outside"] and "frames:pos:7" in lost[1]["what"]
    assert (store.images([0, 1]).mask == 0).mean() > 0.99


# ---- written here


def test_images_become_a_store_of_images_by_themselves(tmp_path):
    images = stamps(tmp_path / "data" / "a.npz", z=np.linspace(5, 6, 12), pixel_scale=0.263)
    report = ingest([tmp_path / "data"], tmp_path / "a.store", workers=1)
    store = open_store(report.store)
    assert store.image_store is store and store.grid is None and store.image_grid.bands == GRIZY and not check(store.path)
    np.testing.assert_array_equal(store.images(np.arange(12)).flux, np.moveaxis(images, -1, 1))
    assert store.column("native_id")[3] == str(10**17 + 3) and store.column("z")[11] == 6.0
    info = store_info(store.path)
    assert info["images"]["rows"] == 12 and "12 x 12 pixels in g r i z Y (0.263 arcsec" in as_text(info)


def test_spectra_win_and_images_among_them_are_refused(tmp_path):
    spectrum(tmp_path / "data" / "z.fits", 1)
    stamps(tmp_path / "data" / "a.npz")
    report = ingest([tmp_path / "data"], tmp_path / "a.store", workers=1)
    assert reasons(report) == {"a.npz": ["image"], "z.fits": []} and open_store(report.store).grid is not None
    report = ingest([tmp_path / "data"], tmp_path / "b.store", images=Wish(), workers=1)
    assert reasons(report) == {"a.npz": [], "z.fits": ["spectrum"]} and open_store(report.store).image_grid is not None


def test_any_number_of_workers_and_a_resumed_call_give_the_same_store(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_BLOCK", 20_000)
    monkeypatch.setattr(module, "_SHARD_BYTES", 9 * 720 * 4)  # four rows a shard
    for number in range(5):
        stamps(tmp_path / "data" / f"{number}.npz", 6, ids=np.arange(6) + 100 * number)
    ingest([tmp_path / "data"], tmp_path / "a.store", workers=1)
    real_read, seen = module.read_block, []

    def stopping(job, block):
        if seen:
            raise KeyboardInterrupt
        seen.append(block)
        return real_read(job, block)

    monkeypatch.setattr(module, "read_block", stopping)
    with pytest.raises(KeyboardInterrupt):
        ingest([tmp_path / "data"], tmp_path / "b.store", workers=1)
    monkeypatch.setattr(module, "read_block", real_read)
    ingest([tmp_path / "data"], tmp_path / "b.store", workers=2)
    assert bytes_of(tmp_path / "a.store") == bytes_of(tmp_path / "b.store")
    store = open_store(tmp_path / "b.store")
    assert store.n_rows == 30 and max(shard.rows for shard in store.manifest.shards) <= 4


def test_bad_input_is_refused_or_flagged_by_name(tmp_path):
    """NaN pixels, a saturated core, an empty band, wrong shapes, a pickle, other scales, ids that are twice."""
    data = tmp_path / "data"
    images = stamps(data / "good.npz", pixel_scale=0.263)
    images = np.moveaxis(images, -1, 1)[:3].copy()
    images[0, 0, 2, 2], images[1, 1], images[2, 2, 5:7, 5:7] = np.nan, 0, 900
    np.savez(data / "odd.npz", images=images, filters=np.array(GRIZY), ids=["nan", "empty", "core"], pixel_scale=0.263)
    np.savez(data / "dead.npz", images=np.full((2, 5, 12, 12), np.nan), filters=np.array(GRIZY), pixel_scale=0.263)
    np.savez(data / "pickle.npz", images=np.ones((2, 5, 12, 12)), ids=np.array([{}, {}], dtype=object))
    np.savez(data / "fewer.npz", images=np.ones((2, 5, 12, 12)), filters=np.array(GRIZY), ids=[1], pixel_scale=0.263)
    np.savez(data / "unnamed.npz", images=np.ones((2, 4, 12, 12)))
    stamps(data / "scale.npz", 3, pixel_scale=0.396)
    stamps(data / "twice.npz", 2, ids=[1, 1], pixel_scale=0.263)
    np.save(data / "half.npy", np.ones((9, 5, 12, 12)))
    (data / "half.npy").write_bytes((data / "half.npy").read_bytes()[:5000])
    for name, shape in (("17_g.fits", (12, 12)), ("17_r.fits", (2, 12, 12))):
        fits.PrimaryHDU(RNG.normal(0, 1, shape), fits.Header([("PIXSCALE", 0.263)])).writeto(data / name)
    report = ingest([data], tmp_path / "a.store", workers=1)
    assert reasons(report) == {
        "good.npz": [], "odd.npz": [], "dead.npz": ["no-good-pixel"], "pickle.npz": ["pickle"], "fewer.npz": ["wrong-shape"],
        "unnamed.npz": ["no-bands"], "scale.npz": ["other-pixels"], "twice.npz": [], "half.npy": ["truncated"],
        "17_g.fits": [], "17_r.fits": ["wrong-shape"]}
    assert report.doubled == 1 and report.read == 18
    store = open_store(tmp_path / "a.store")
    notes = dict(zip(store.column("native_id"), store.column("notes"), strict=True))
    assert "no light in band r" in notes["empty"] and "saturated in 4 pixels" in notes["core"]
    assert "no image in r" in notes["17"]
    mask = store.images([store.column("native_id").tolist().index("nan")]).mask[0]
    assert mask[0, 2, 2] == Mask.NOT_FINITE and (mask > 0).sum() == 1 and not check(store.path)


def test_no_damage_is_a_defect(tmp_path):
    """Whatever bytes are changed or missing: a file is read, or refused for a reason that is no fault of ours."""
    rng = np.random.default_rng(4)
    wcs = WCS(naxis=2)
    wcs.wcs.ctype, wcs.wcs.crval, wcs.wcs.cdelt = ["RA---TAN", "DEC--TAN"], [10.0, 0.0], [-1e-4, 1e-4]
    header = wcs.to_header()
    header["BANDS"] = "gri"
    fits.HDUList([fits.PrimaryHDU(rng.normal(0, 1, (3, 12, 12)), header), fits.ImageHDU(np.ones((3, 12, 12)), name="IVAR")]
                 ).writeto(tmp_path / "a.fits")
    stamps(tmp_path / "a.npz", 3)
    np.save(tmp_path / "a.npy", rng.normal(0, 1, (2, 12, 12, 3)))
    data = tmp_path / "data"
    data.mkdir()
    for ending, size in (("fits", 3000), ("npz", 400), ("npy", 200)):
        sound = (tmp_path / f"a.{ending}").read_bytes()
        for number in range(40):
            changed = bytearray(sound)
            for at in rng.integers(0, size, rng.integers(1, 6)):
                changed[at] = rng.integers(32, 127)
            (data / f"{number}.{ending}").write_bytes(changed[: len(sound) if number % 3 else rng.integers(0, len(sound))])
    stamps(data / "good.npz", 2, bands="gri")
    report = ingest([data], tmp_path / "a.store", images=Wish(tuple("gri")), workers=1)
    assert all(file.read or file.refused for file in report.files) and len(report.files) == 121
    assert "defect" not in report.refused and report.files[-1].read == 2
    assert not [finding for finding in check(tmp_path / "a.store") if finding.severity == "error"]


def test_nothing_but_bad_images_says_why(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((3, 12, 12, 5)))
    with pytest.raises(AtlasError, match="nobody names them.*--bands"):
        ingest([tmp_path / "a.npy"], tmp_path / "a.store", workers=1)
    assert not (tmp_path / "a.store").exists() and not (tmp_path / "a.store.partial").exists()


# ---- beside spectra


@pytest.fixture
def spectra(tmp_path):
    """Five objects at ra 11 to 15, dec -5, called object 1 to 5."""
    for seed in range(1, 6):
        spectrum(tmp_path / "spectra" / f"{seed}.fits", seed)
    ingest([tmp_path / "spectra"], tmp_path / "s.store", workers=1)
    return tmp_path / "s.store"


def test_images_find_their_objects_by_id_else_by_position(tmp_path, spectra):
    """In any order; what is nobody's, and what contradicts its position, is refused by name."""
    images = stamps(tmp_path / "a.npz", 6, ids=["object 3", "object 1", "nobody", "elsewhere", "object 5", "object 2"],
                    ra=np.array([13.0, np.nan, np.nan, 14.0 + 0.5 / 3600, 99.0, np.nan]), dec=np.full(6, -5.0))
    report = ingest([tmp_path / "a.npz"], images=Wish(into=spectra), workers=1)
    store = open_store(spectra)
    inside = store.image_store
    targets = store.frame(["object_id", "target"]).set_index("object_id")["target"]
    assert [targets[name] for name in inside.column("object_id")] == ["object 3", "object 1", "object 4", "object 2"]
    for row, number in enumerate([0, 1, 3, 5]):
        np.testing.assert_array_equal(inside.images([row]).flux[0], np.moveaxis(images[number], -1, 0))
    told = {entry["reason"]: str(entry) for file in report.files for entry in file.refused}
    assert set(told) == {"no-such-object", "contradiction"} and "nobody" in told["no-such-object"]
    assert "object 5" in told["contradiction"] and "arcsec away" in told["contradiction"]
    assert not check(spectra) and "4 of 12 x 12 pixels" in as_text(store_info(spectra))
    with pytest.raises(StoreError, match="exists"):
        ingest([tmp_path / "a.npz"], images=Wish(into=spectra), workers=1)


@pytest.fixture
def field(tmp_path):
    """Spectra of object 0 and 1 on two stars of a frame, and of object 2 elsewhere; and the frame in g and r."""
    for seed, (ra, dec) in enumerate([*STARS[:2], (30.0, 0.0)]):
        path = spectrum(tmp_path / "spectra" / f"{seed}.fits", seed)
        with fits.open(path, mode="update") as hdus:
            for hdu in hdus:
                hdu.header["RA"], hdu.header["DEC"] = ra, dec
    ingest([tmp_path / "spectra"], tmp_path / "s.store", workers=1)
    return tmp_path / "s.store", [frame(tmp_path / f"f_{band}.fits") for band in "gr"]


def test_frames_are_cut_for_the_objects_of_a_store(field):
    """Two spectra lie on the frame, one beside it: which is said."""
    path, frames = field
    report = ingest(frames, images=Wish(into=path, cutout=16), workers=1)
    store = open_store(path)
    assert store.image_store.n_rows == 2 and (store.index_of(store.image_store.column("object_id")) >= 0).all()
    flux = store.image_store.images([0, 1]).flux
    assert flux.sum(axis=(2, 3)) == pytest.approx(100, rel=0.05)
    assert report.files[-1].refused[0]["reason"] == "outside" and "1 of 3" in report.files[-1].refused[0]["what"]


def test_positions_of_a_table_go_to_the_objects_of_a_store(tmp_path, field):
    """By the table's ids in any order; nobody's position, and one that contradicts its id, are refused by name."""
    path, frames = field
    lines = ["object 1,150.01,2.012", "object 0,150.0,2.0", "stranger,149.99,1.99", "object 2,149.985,1.99"]
    (tmp_path / "pos.csv").write_text("name,ra,dec\n" + "\n".join(lines) + "\n")
    report = ingest(frames, images=Wish(into=path, positions=tmp_path / "pos.csv", cutout=8), workers=1)
    told = {entry["reason"]: str(entry) for entry in report.files[-1].refused}
    assert set(told) == {"no-such-object", "contradiction"} and "stranger" in told["no-such-object"]
    store = open_store(path)
    targets = dict(zip(store.column("object_id"), store.column("target"), strict=True))
    for row, name in enumerate(store.image_store.column("object_id")):
        number = int(targets[name][-1])
        assert store.image_store.row(row)["ra"] == pytest.approx(STARS[number][0])
    assert store.image_store.n_rows == 2


def test_positions_of_which_none_is_on_a_frame(tmp_path, field):
    (tmp_path / "pos.csv").write_text("name,ra,dec\nfar away,20.0,1.99\n")
    with pytest.raises(AtlasError, match=r"no image can be cut: .*far away at 20\.00000"):
        ingest(field[1], tmp_path / "a.store", images=Wish(positions=tmp_path / "pos.csv"), workers=1)
    with pytest.raises(AtlasError, match="no frame is in J, K"):
        ingest(field[1], tmp_path / "a.store", images=Wish(("J", "K"), positions=tmp_path / "pos.csv"), workers=1)


def test_each_position_is_cut_from_the_frame_that_holds_it_best(tmp_path):
    """Two overlapping fields of two bands: no object is lost, doubled or cut at an edge that another frame does not have."""
    for name, shift in (("a", 0.0), ("b", 300.0)):
        for band in "gr":
            frame(tmp_path / f"{name}_{band}.fits", shift=(shift, 0.0))
    wcs = WCS(fits.getheader(tmp_path / "a_g.fits"))
    places = [wcs.all_pix2world(x, 300, 0) for x in (-200, -5, 100, 598)]
    lines = [f"{k},{float(ra)!r},{float(dec)!r}" for k, (ra, dec) in enumerate(places)]
    (tmp_path / "pos.csv").write_text("id,ra,dec\n" + "\n".join(lines) + "\n")
    wish = Wish(cutout=12, positions=tmp_path / "pos.csv")
    report = ingest(sorted(tmp_path.glob("*.fits")), tmp_path / "a.store", images=wish, workers=1)
    store = open_store(tmp_path / "a.store")
    source = {name: Path(path).name for name, path in zip(store.column("native_id"), store.column("source_file"), strict=True)}
    assert source == {"0": "b_g.fits", "1": "b_g.fits", "2": "b_g.fits", "3": "a_g.fits"} and report.doubled == 0
    edge = dict(zip(store.column("native_id"), store.column("notes"), strict=True))
    assert "over the edge" in edge["3"] and "over the edge" not in edge["1"]


def test_one_place_to_write_to(tmp_path, spectra):
    stamps(tmp_path / "a.npz")
    for out, into in ((None, None), (tmp_path / "a.store", spectra)):
        with pytest.raises(ConfigError, match="one place"):
            ingest([tmp_path / "a.npz"], out, images=Wish(into=into), workers=1)
    ingest([tmp_path / "a.npz"], tmp_path / "i.store", workers=1)
    with pytest.raises(ConfigError, match="images itself"):
        ingest([tmp_path / "a.npz"], images=Wish(into=tmp_path / "i.store"), workers=1)


# ---- catalogues


def test_a_catalogue_is_joined_by_id_without_loss(tmp_path):
    """Ids beyond 2^53, some rows of the table without one; text and numbers are the same id; 99 is no magnitude."""
    ids = 9007199254740992 + np.arange(4)
    stamps(tmp_path / "a.npz", 4, ids=ids.astype("U32"))
    (tmp_path / "cat.csv").write_text("COADD_OBJECT_ID,RA,DEC,Y_mag,g_mag\n9007199254740993,10,5,20.5,99\n,11,5,21,20\n"
                                      "9007199254740995,12,5,99.0,19.5\n5,13,5,22,22\n")
    report = ingest([tmp_path / "a.npz"], tmp_path / "a.store", catalog=tmp_path / "cat.csv", workers=1)
    store = open_store(tmp_path / "a.store")
    assert report.joined["by"] == {"COADD_OBJECT_ID": 2, "position": 0} and "2  have no row in it" in report.table()
    np.testing.assert_allclose(store.column("mag_Y"), [np.nan, 20.5, np.nan, np.nan])
    np.testing.assert_allclose(store.column("mag_g"), [np.nan, np.nan, np.nan, 19.5])
    np.testing.assert_allclose(store.column("ra"), [np.nan, 10, np.nan, 12])


def test_a_table_alone(tmp_path):
    (tmp_path / "a.csv").write_text("name,ra,dec,z,class,MAG_G,FLUX_G,note\nx,1,2,5.5,QSO,23.9,1.0,a\ny,3,4,,STAR,99,0,b\n"
                                    "x,1,2,1,,20,1,c\n")
    (tmp_path / "b.csv").write_text("ra,dec\n10,20\n")
    tables = [tmp_path / "a.csv", tmp_path / "b.csv"]
    report = ingest(tables, tmp_path / "a.store", survey="catalogue", report=tmp_path / "a.json")
    store = open_store(tmp_path / "a.store")
    assert store.column("object_id").tolist() == ["catalogue:a:x", "catalogue:a:y", "catalogue:a:x[2]", "catalogue:b:b[0]"]
    assert report.doubled == 0 and report.read == 4 and json.loads((tmp_path / "a.json").read_text())["read"] == 4
    np.testing.assert_allclose(store.column("mag_g"), [23.9, np.nan, 20, np.nan])
    np.testing.assert_allclose(store.column("z"), [5.5, np.nan, 1, np.nan])
    assert store.column("class").tolist() == ["QSO", "STAR", "", ""] and store.columns["flux_g"].unit == ""
    assert not check(store.path) and store_info(store.path)["images"] is None


def test_tables_whose_columns_differ_in_kind_share_a_store(tmp_path):
    """Text with numbers is text, whole numbers with others are floating point, ids are never."""
    (tmp_path / "a.csv").write_text("name,ra,dec,key,n,source_id\nx,1,2,5,1,9007199254740993\n")
    (tmp_path / "b.csv").write_text("name,ra,dec,key,n,source_id\ny,1,2,five,1.5,J12\n")
    store = open_store(ingest([tmp_path], tmp_path / "a.store", survey="catalogue").store)
    assert store.column("key").tolist() == ["5", "five"] and store.column("n").tolist() == [1.0, 1.5]
    assert store.column("source_id").tolist() == ["9007199254740993", "J12"] and not check(store.path)


def test_a_table_that_is_none_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("no table")
    report = ingest([tmp_path / "a.txt"], tmp_path / "a.store", survey="catalogue")
    assert report.store is None and reasons(report) == {"a.txt": ["not-a-table"]} and not (tmp_path / "a.store").exists()


# ---- the command, and speed


def test_the_command(tmp_path, capsys):
    stamps(tmp_path / "a.npz", bands="grizY")
    np.save(tmp_path / "b.npy", RNG.normal(0, 1, (3, 12, 12, 5)))
    words = ["ingest", str(tmp_path / "b.npy"), "--out", str(tmp_path / "b.store"), "--bands", "grizY", "--cutout", "8",
             "--pixel-scale", "0.263", "--zero-point", "30", "--workers", "1"]
    assert main(words) == 0 and "b.store" in capsys.readouterr().out
    grid = open_store(tmp_path / "b.store").image_grid
    assert (grid.bands, grid.side, grid.pixel_scale, grid.zero_point) == (GRIZY, 8, 0.263, 30.0)
    assert main(["ingest", str(tmp_path / "b.npy"), "--out", str(tmp_path / "c.store"), "--bands", "gri"]) == 1
    assert "3 are named: g r i" in capsys.readouterr().err


def test_seven_thousand_cutouts_open_as_one_array_in_a_second(tmp_path):
    """One memory map of one shard, its every pixel added up."""
    flux = RNG.standard_normal((7000, 5, 28, 28), dtype=np.float32)
    writer = StoreWriter(tmp_path / "a.store", ImageGrid(GRIZY, 28), {"command": "test"}, 1)
    names = [f"a:b:{k}" for k in range(7000)]
    catalog = {"object_id": names, "survey": ["a"] * 7000}
    writer.write_shard(0, flux, np.ones_like(flux), np.zeros(flux.shape, np.uint8), catalog)
    writer.finish(distinct=True)
    start = time.perf_counter()
    images = open_store(tmp_path / "a.store").images(np.arange(7000))
    total = images.flux.sum(dtype=np.float64)
    seconds = time.perf_counter() - start
    assert images.flux.shape == (7000, 5, 28, 28) and isinstance(images.flux, np.memmap)
    assert total == pytest.approx(flux.sum(dtype=np.float64)) and seconds < 1.0
    assert module._most(images.grid) >= 7000  # an ingest puts them in one shard
