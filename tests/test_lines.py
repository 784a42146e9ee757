"""The line list: everything in vacuum, in order, each with a source."""

import pytest

from qsocore.lines import line_list

# Vacuum wavelengths of SDSS DR7, "Spectral lines used", and of Morton (2003).
PUBLISHED = {"Lyα": 1215.67, "Mg II": 2796.354, "Hγ": 4341.68, "Hβ": 4862.68, "Hα": 6564.61}


@pytest.mark.parametrize(("name", "vacuum"), PUBLISHED.items())
def test_vacuum_values(name, vacuum):
    found = next(line for line in line_list() if line.name == name)
    assert found.wave == pytest.approx(vacuum, abs=0.011)


def test_magnesium_is_not_converted_twice():
    """Taking the vacuum values for air ones is off by 88 km/s."""
    assert [line.wave for line in line_list("emission") if line.name == "Mg II"] == [2796.354, 2803.532]


def test_oxygen_doublet_ratio():
    """[O III] 5008.240 / 4960.295 (Storey & Zeippen 2000; SDSS)."""
    blue, red = (line.wave for line in line_list("emission") if line.name == "[O III]")
    assert red / blue == pytest.approx(5008.240 / 4960.295, rel=1e-6)


def test_order_kinds_and_sources():
    lines = line_list()
    waves = [line.wave for line in lines]
    assert waves == sorted(waves)
    assert set(line_list("emission")) | set(line_list("absorption")) == set(lines)
    assert not set(line_list("emission")) & set(line_list("absorption"))
    assert all(line.source for line in lines)
    major = line_list(major_only=True)
    assert 5 < len(major) < len(lines) and all(line.major for line in major)
