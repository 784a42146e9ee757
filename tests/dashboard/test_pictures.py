"""An object's image is found by its id, wherever the store keeps it, and never another object's."""

import numpy as np
import pytest

from dashboard import hovering
from dashboard.image import Look
from dashboard.library import Library
from dashboard.magnitudes import magnitudes
from dashboard.sprites import Kind, side_for
from qsocore.errors import AtlasError
from qsocore.store import StoreWriter, paths
from tests.dashboard.survey import IMAGES, images_of, make_image_store, make_store, spot_of


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "images.store"
    make_image_store(path)
    return Library.open(path)


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """Spectra with images of every third object beside them, in another order, and of one that the store does not have."""
    path = tmp_path_factory.mktemp("pictures") / "both.store"
    make_store(path, 90)
    numbers = np.random.default_rng(5).permutation(np.arange(0, 93, 3))
    flux, ivar, mask = images_of(numbers)
    writer = StoreWriter(paths.images(path), IMAGES, {"command": "tests"}, 1)
    ids = [f"test:one:{k:05d}" for k in numbers]
    writer.write_shard(0, flux, ivar, mask, {"object_id": ids, "survey": ["test"] * len(ids)})
    writer.finish()
    return Library.open(path)


def number_shown(cube):
    """The object that an image is of, by its spot; as `spot_of` puts it."""
    row, column = np.unravel_index(int(np.nanargmax(cube.band("g"))), cube.flux.shape[:2])
    return next(k for k in range(400) if spot_of(k) == (IMAGES.side - 1 - row, column))


def test_images_that_are_the_rows_are_those_of_their_objects(alone):
    pictures = alone.pictures
    assert pictures and pictures.alone and pictures.bands == ("g", "r", "i", "z", "Y")
    rows = np.array([17, 3, 3, 149, 60])
    assert [number_shown(cube) for cube in pictures.cubes(rows)] == rows.tolist()
    cube = pictures.cube(3)
    assert cube.pixel_scale == pytest.approx(0.263) and cube.north_up
    np.testing.assert_array_equal(cube.band("i"), alone.store.images([3]).flux[0, 2, ::-1], "row 0 of a store is at the bottom")


def test_a_band_that_was_not_observed_and_masked_pixels_are_told_apart(alone):
    unseen, cored, whole = alone.pictures.cubes([6, 10, 12])
    assert unseen.lacks("z") and not unseen.lacks("i") and unseen.masked.sum() == IMAGES.side**2
    assert not cored.lacks("g") and cored.masked[..., 0].sum() == 4 and np.isfinite(cored.flux).all()
    assert not whole.masked.any()


def test_images_beside_spectra_are_joined_by_id_and_others_have_none(beside):
    pictures = beside.pictures
    assert pictures and not pictures.alone
    found = pictures.cubes(np.arange(90))
    assert [number_shown(cube) if cube is not None else None for cube in found] == \
        [row if row % 3 == 0 else None for row in range(90)]


def test_a_single_file_fills_in_for_an_object_that_the_images_lack(beside):
    folder, planes = beside.store.path / "images", np.zeros((3, 9, 9), np.float32)
    planes[:, 4, 4] = 1
    np.savez(folder / "test:one:00001.npz", flux=planes, bands=["g", "r", "i"])
    (folder / "test:one:00002.npz").write_bytes(b"no image")
    first, second, third = beside.pictures.cubes([1, 2, 3])
    assert first.flux.shape == (9, 9, 3) and isinstance(second, AtlasError) and number_shown(third) == 3
    with pytest.raises(AtlasError, match="cannot be read"):
        beside.pictures.cube(2)
    drawn = [sprite if isinstance(sprite, str) else "drawn" for sprite in beside.sprites.of([1, 2, 3, 4])]
    assert drawn == ["drawn", "unreadable", "drawn", "no image"]
    for number in (1, 2):
        (folder / f"test:one:0000{number}.npz").unlink()


def test_a_table_and_spectra_alone_have_no_images(library):
    assert not library.pictures and not library.pictures.alone and library.pictures.cube(0) is None


def test_sprites_are_drawn_once_and_kept_within_bounds(alone, monkeypatch):
    from dashboard import sprites

    made, asked = sprites.Sprites(alone.pictures), []
    cubes = alone.pictures.cubes
    monkeypatch.setattr(alone.pictures, "cubes", lambda rows: asked.extend(rows.tolist()) or cubes(rows))
    first = made.of([5, 2, 5, 9])
    assert asked == [5, 2, 9] and first[0] == first[2] != first[1]
    assert made.of([9, 5]) == [first[3], first[0]] and len(asked) == 3
    assert made.of([5], Kind(band="g")) != [first[0]] and len(asked) == 4
    assert made.of([6], Kind(band="z")) == ["no z band"]
    assert made.of([5], Kind(look=Look(invert=True))) != [first[0]]
    monkeypatch.setattr(sprites, "_KEPT_BYTES", 4 * len(first[0]))
    made.of(np.arange(20))
    assert sum(len(sprite) for sprite in made._known.values()) <= sprites._KEPT_BYTES
    assert [side_for(pixels) for pixels in (10, 64, 65, 200, 900)] == [64, 64, 128, 256, 256]


def test_a_common_brightness_tells_faint_from_bright(alone):
    faint, bright = alone.sprites.of([0, 1], Kind(band="g", common=True)), alone.sprites.of([0, 1], Kind(band="g"))
    assert faint != bright
    scale = alone.pictures.scale
    assert set(scale.limits) == set(IMAGES.bands)
    assert scale.scatter["Y"] == pytest.approx(8) and scale.scatter["g"] == pytest.approx(1), "by the inverse variance"
    assert all(low < 0 < high for low, high in scale.limits.values())


def test_what_is_pointed_at_has_its_own_picture(alone, beside, library):
    assert [hovering.kind_of(each) for each in (alone, beside, library)] == ["images", "images", "spectra"]
    address, other = hovering.addresses(alone, ["test:one:00003", "a/b c"])
    assert address.startswith("thumbnail/") and address.endswith("/test%3Aone%3A00003") and other.endswith("/a%2Fb%20c")
    assert hovering.address_of(alone) == hovering.address_of(alone) != hovering.address_of(beside)
    kind, data = hovering.thumbnail(alone, "test:one:00003")
    assert kind == "image/png" and data == alone.sprites.of([3], Kind(128))[0]
    kind, data = hovering.thumbnail(beside, "test:one:00004")
    assert kind == "image/svg+xml" and b"<path" in data, "without an image its spectrum"
    with pytest.raises(KeyError):
        hovering.thumbnail(alone, "test:one:99999")


def test_magnitudes_are_said_with_their_errors():
    row = {"mag_g": None, "mag_r": 99.0, "mag_i": float("nan"), "mag_z": 20.456, "magerr_z": 0.031, "mag_K": 18.0,
           "magerr_K": 99.0, "flux_g": 3.0}
    assert magnitudes(row) == {"g": "not detected", "r": "not detected", "i": "not detected", "z": "20.46 ± 0.03", "K": "18.00"}
