"""Links out by position."""

from urllib.parse import parse_qs, urlsplit

import pytest

from qsocore.surveys import by_position


def test_every_position_has_its_four_pages():
    links = by_position({"ra": 150.25, "dec": -2.0625})
    assert list(links) == ["SDSS", "Legacy Surveys", "SIMBAD", "NED"]
    asked = {name: parse_qs(urlsplit(url).query) for name, url in links.items()}
    assert asked["SDSS"]["ra"] == asked["Legacy Surveys"]["ra"] == ["150.250000"]
    assert asked["SDSS"]["dec"] == asked["Legacy Surveys"]["dec"] == ["-2.062500"]
    assert asked["SIMBAD"]["Coord"] == ["150.250000 -2.062500"]
    assert asked["NED"]["coordinates"] == ["150.250000d -2.062500d"]
    assert all(urlsplit(url).scheme == "https" for url in links.values())


def test_a_northern_declination_keeps_its_sign():
    assert parse_qs(urlsplit(by_position({"ra": 1, "dec": 2.0625})["SIMBAD"]).query)["Coord"] == ["1.000000 +2.062500"]


@pytest.mark.parametrize("row", [{}, {"ra": None, "dec": 1.0}, {"ra": float("nan"), "dec": 1.0}, {"ra": "x", "dec": 1}])
def test_a_row_without_a_position_has_none(row):
    assert by_position(row) == {}
