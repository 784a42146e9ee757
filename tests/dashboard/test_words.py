"""Words as the user reads them, and nothing that a catalogue could smuggle into the page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard import words
from dashboard.colourings import Scale
from dashboard.views import _legend
from qsocore.catalog import Column


@pytest.mark.parametrize(("content", "column", "said"), [
    (123.4567891234, Column("ra", "float64", "coordinate", "deg"), "123.456789"),
    (2.123456, Column("z", "float64", "redshift"), "2.12346"), (None, Column("z", "float64", "redshift"), "—"),
    (float("nan"), Column("a", "float32", "property"), "—"), (1.5e-9, Column("a", "float32", "property"), "1.5e-09"),
    (39627123456789012, Column("id", "int64", "id"), "39627123456789012"), (True, Column("a", "bool", "flag"), "True")])
def test_values_have_the_digits_they_deserve(content, column, said):
    assert words.value(content, column) == said


def test_titles_and_units_are_in_unicode():
    assert words.label(Column("ra", "float64", "coordinate", "deg")) == "RA (°)"
    assert words.unit(Column("f", "float32", "flux", "1e-17 erg s-1 cm-2 Angstrom-1")) == "1e-17 erg s⁻¹ cm⁻² Å⁻¹"
    assert words.title(Column("umap_x", "float32", "coordinate")) == "UMAP x"
    assert words.title(Column("latent_12", "float32", "latent")) == "Latent 12"
    assert words.title(Column("bal_prob", "float32", "truth")) == "bal_prob"


@given(st.text())
def test_no_text_of_a_catalogue_is_markup(text):
    made, plain = (_legend.bar(title, Scale(0, 1), ("#000000",) * 256) for title in (text, ""))
    assert "<script" not in made.lower() and made.count("<") == plain.count("<")


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_the_bars_ticks_are_true_and_in_order(low, width):
    scale = Scale(low, low + width)
    ticks = _legend.ticks_of(scale)
    places = [place for place, _ in ticks]
    assert places == sorted(places) and places[0] == 0 and places[-1] == 1 and len(ticks) >= 3
    for place, value in ticks:
        assert abs(scale.low + place * width - value) <= 1e-6 * max(width, abs(value))
