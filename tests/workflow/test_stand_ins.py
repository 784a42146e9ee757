"""``qso simulate --like``: a store of stand-ins, called as its table's objects are, where they are."""

import numpy as np
import pandas as pd
import pytest

from qsocore.cli import main
from qsocore.simulate.bands import fluxes_of
from qsocore.simulate.images import photometry
from qsocore.simulate.images.block import des_grid
from qsocore.simulate.images.observe import counts_per_microjansky
from qsocore.store import open_store


@pytest.fixture
def table(tmp_path):
    file = tmp_path / "objects.csv"
    pd.DataFrame({"COADD_OBJECT_ID": [11, 12, 13], "ra": [10.0, 20.0, 30.0], "dec": [-5.0, -6.0, -7.0],
                  "mag_z": [18.0, 19.0, 99.0], "magerr_z": [0.01, 0.02, 99.0], "mag_Y": [18.5, 18.0, 17.5],
                  "magerr_Y": [0.02] * 3}).to_csv(file, index=False)
    return file


def test_they_have_the_names_places_and_light_of_their_objects(table, tmp_path):
    assert main(["simulate", "--survey", "des", "--like", str(table), "--seed", "3", "--out", str(tmp_path / "s.store")]) == 0
    store = open_store(tmp_path / "s.store")
    assert store.column("native_id").tolist() == ["11", "12", "13"] and set(store.column("survey")) == {"standin"}
    np.testing.assert_array_equal(store.column("dec"), [-5.0, -6.0, -7.0])
    images, grid = store.images(np.arange(3)), des_grid()
    unit = counts_per_microjansky(grid.zero_point)
    flux, error = photometry.aperture(images.flux / unit, 1 / (images.ivar * unit**2), np.zeros((3, 2)), grid.pixel_scale)
    z, y = (grid.bands.index(band) for band in "zY")
    np.testing.assert_allclose(flux[:2, z], fluxes_of([18.0, 19.0]), rtol=0.1)
    np.testing.assert_allclose(flux[:, y], fluxes_of([18.5, 18.0, 17.5]), rtol=0.15)
    assert abs(flux[2, z]) < 5 * error[2, z] and (np.abs(flux[:, 0]) < 5 * error[:, 0]).all()  # not detected, not observed
    assert "Simulated" in store.manifest.provenance["citation"]


@pytest.mark.parametrize(("words", "said"), [
    (["--like", "TABLE", "--n", "3"], "give one of them"), ([], "give one of them"),
    (["--like", "TABLE", "--survey", "boss"], "images are simulated with --survey des")])
def test_what_does_not_go_together_is_refused(table, tmp_path, capsys, words, said):
    words = [str(table) if word == "TABLE" else word for word in words]
    survey = [] if "--survey" in words else ["--survey", "des"]
    assert main(["simulate", "--out", str(tmp_path / "s.store"), *survey, *words]) == 1
    assert said in capsys.readouterr().err and not (tmp_path / "s.store").exists()


@pytest.mark.parametrize(("columns", "said"), [
    ({"mag_z": [18.0], "magerr_z": [0.1]}, "no ra and dec"),
    ({"ra": [1.0], "dec": [2.0], "mag_J": [18.0], "magerr_J": [0.1]}, "none of g, r")])
def test_a_table_without_places_or_light_is_refused(tmp_path, capsys, columns, said):
    pd.DataFrame({"name": ["a"], **columns}).to_csv(tmp_path / "t.csv", index=False)
    assert main(["simulate", "--survey", "des", "--like", str(tmp_path / "t.csv"), "--out", str(tmp_path / "s.store")]) == 1
    assert said in capsys.readouterr().err
