"""Words and numbers as the user reads them: column titles, units in Unicode, values with sensible digits, safe HTML."""

from __future__ import annotations

from html import escape

from qsocore.catalog import Column

_TITLES = {"active_score": "Learnt score", "active_uncertainty": "Uncertainty of the learnt score",
           "active_improvement": "Expected improvement", "active_rank": "Rank to look at next",
           "ra": "RA", "dec": "Dec", "z": "Redshift", "z_err": "Redshift error", "z_warn": "Redshift warning",
           "snr_median": "Median S/N", "chi2_pix": "χ² per pixel", "mse": "Reconstruction error", "n_pix_good": "Good pixels",
           "class": "Class", "subclass": "Subclass", "object_id": "Object", "survey": "Survey", "release": "Release",
           "native_id": "Survey's id", "calibrated": "Calibrated", "notes": "Notes", "source_file": "Source file",
           "source_row": "Source row", "z_pred": "Predicted redshift", "z_2nd": "Second-best redshift",
           "z_conf": "Redshift confidence", "class_pred": "Predicted class", "class_conf": "Class confidence",
           "unlike": "Unlike anything known", "is_qso": "Quasar probability", "bal_prob_pred": "BAL probability, predicted",
           "dv": "Redshift error as velocity", "dv_abs": "Size of the redshift error"}
_SHORT = {"snr_median": "S/N", "chi2_pix": "χ²"}
_UNITS = {"Angstrom": "Å", "deg": "°", "arcsec": "″", "um": "µm"}
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

FLUX_LABEL = "Flux density, 10⁻¹⁷ erg s⁻¹ cm⁻² Å⁻¹"
WAVE_LABEL = "Observed wavelength in vacuum (Å)"


def title(column: Column) -> str:
    """What a column is called on an axis or in a list."""
    if column.name in _TITLES:
        return _TITLES[column.name]
    stem, _, last = column.name.rpartition("_")
    if stem and last in ("x", "y") and column.role == "coordinate":
        return f"{stem.upper()} {last}"
    if stem and last.isdigit():
        return f"{stem.capitalize()} {last}"
    return column.name


def heading(column: Column) -> str:
    """What a column is called above a narrow table."""
    return _SHORT.get(column.name) or label(column)


def unit(column: Column) -> str:
    """A unit in Unicode, "" for none; exponents are raised."""
    words = []
    for word in column.unit.split():
        base = word.rstrip("-0123456789") if not word[0].isdigit() else word
        words.append(_UNITS.get(base, base) + word[len(base):].translate(_RAISED))
    return " ".join(words)


def label(column: Column) -> str:
    """Title with unit, as on an axis."""
    return f"{title(column)} ({unit(column)})" if column.unit else title(column)


def value(content: object, column: Column) -> str:
    """A value with the digits that it deserves; a missing one is a dash."""
    if content is None or content == "" or content != content:
        return "—"
    if isinstance(content, bool) or not isinstance(content, (int, float)):
        return str(content)
    if isinstance(content, int):
        return str(content)
    if column.unit == "deg":
        return f"{content:.6f}"
    if column.role == "redshift":
        return f"{content:.5f}"
    return number(content)


def short(content: object, column: Column) -> str:
    """A value in as few digits as a glance needs: four of a redshift, three of other numbers."""
    if not isinstance(content, float) or content != content:
        return value(content, column)
    return f"{content:.4f}" if column.role == "redshift" else f"{content:.3g}" if abs(content) < 1000 else f"{content:,.0f}"


def pattern(column: Column) -> str:
    """Numbro's format of a column of numbers in a table, with the digits of `value`."""
    return "0.000000" if column.unit == "deg" else "0.00000" if column.role == "redshift" else "0,0.000"


def number(content: float) -> str:
    """Five significant digits, without an exponent where that reads well."""
    return f"{content:,.5g}" if 1e-3 <= abs(content) < 1e6 or content == 0 else f"{content:.4g}"


def html(text: object) -> str:
    """Text made harmless for HTML; catalogues hold what strangers wrote."""
    return escape(str(text), quote=True)
