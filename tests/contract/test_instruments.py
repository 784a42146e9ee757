import numpy as np
import pytest

from qsocore.simulate.instruments import INSTRUMENTS


@pytest.fixture(params=INSTRUMENTS.names())
def instrument(request):
    return INSTRUMENTS.get(request.param)


def test_it_names_its_survey_and_its_source(instrument):
    assert instrument.survey.startswith("sim-")
    assert ":" not in instrument.survey
    assert instrument.citation


def test_its_tables_rise_in_wavelength_and_span_its_coverage(instrument):
    for table in ("pixel_width", "lsf", "sky_variance", "source_variance"):
        wave, values = np.transpose(getattr(instrument, table))
        assert (np.diff(wave) > 0).all(), table
        assert (values > 0).all(), table
        assert wave[0] <= instrument.coverage[0] + 10, table
        assert wave[-1] >= instrument.coverage[1] - 10, table


def test_its_variance_is_positive_and_grows_with_the_source(instrument):
    wave = np.linspace(*instrument.coverage, 5000)
    empty, bright = instrument.variance(wave), instrument.variance(wave, 20.0)
    assert (empty > 0).all()
    assert np.isfinite(empty).all()
    assert (bright > empty).all()
    np.testing.assert_allclose(instrument.variance(wave, -5.0), empty)


def test_its_sky_has_the_lines_of_the_night(instrument):
    wave = np.linspace(5500, 6400, 9001)
    lines = instrument.sky_lines(wave)
    for centre in (5578.9, 5892.4, 6302.0):
        near = np.abs(wave - centre) < 3
        assert lines[near].max() > 5 * np.median(lines + 0.5)
