"""Any service that gives a file for a URL: a template with the names of columns in braces.

Layout
------
* ``{ra}`` and ``{dec}`` are degrees, ``{object_id}`` and ``{native}`` the object's names, ``{size}`` and ``{band}`` the
  settings; any other name is a column of the table. A format may follow: ``{plate:04d}``, ``{dec:+.5f}``. Values are quoted, so
  that none can become a part of the URL's structure; there are none in scheme, host and port.
* The template that is there by default asks the cutout service of the DESI Legacy Imaging Surveys (0.262 arcsec a pixel, size
  in pixels, a cube of the bands in one file whose header says BANDS).

Citation: the survey whose files they are; Dey et al. (2019), AJ 157, 168 for the Legacy Surveys.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit

import numpy as np

from qsocore.archive import Objects, Request, Source
from qsocore.errors import ConfigError, ReadError, did_you_mean

_OWN = ("ra", "dec", "object_id", "native", "size", "band")


@dataclass(frozen=True)
class Config:
    """What is fetched.

    Parameters
    ----------
    url : str
        The template.
    file : str
        Template of the file's name; "" for NATIVE.fits, or NATIVE_BAND.fits where the URL holds a band.
    size : float
        What ``{size}`` stands for, in the service's own unit.
    bands : tuple of str
        What ``{band}`` stands for, a file each.
    """

    url: str = "https://www.legacysurvey.org/viewer/fits-cutout?ra={ra}&dec={dec}&size={size}&layer=ls-dr10&pixscale=0.262&bands=griz"
    file: str = ""
    size: float = 64
    bands: tuple[str, ...] = ()


class Template(Source):
    """A template of URLs."""

    name = "template"
    title = "a template of URLs"
    citation = "the survey whose files they are; Dey et al. (2019), AJ 157, 168 for the Legacy Surveys"
    Config = Config

    def check(self, objects: Objects, config: Config) -> None:
        """Every name in braces must be known, and none stand where the host does."""
        names = _fields(config.url) | _fields(config.file)
        columns = {str(name).lower() for name in objects.frame.columns}
        for name in sorted(names):
            if name not in _OWN and name.lower() not in columns:
                raise ConfigError(f"{{{name}}} is no column", config.url, did_you_mean(name, columns | set(_OWN)))
        if "band" in names and not config.bands:
            raise ConfigError("{band} stands for nothing", config.url, "name the bands: --set bands=g,r,i")
        if config.bands and "band" not in _fields(config.url):
            raise ConfigError("bands are named and the template has no {band}", config.url, "put {band} where it belongs")
        if "{" in urlsplit(config.url).netloc or "{" in config.url.partition("://")[0] or "://" not in config.url:
            raise ConfigError("scheme and host must be written out", config.url, "keep braces to the path and what follows it")

    def find(self, objects: Objects, row: int, config: Config, client=None) -> list[Request]:
        """A file, or one a band; as `Source.find`."""
        pattern = config.file or ("{native}_{band}.fits" if config.bands else "{native}.fits")
        return [Request(objects.ids[row], _filled(config.url, objects, row, config, band, lambda text: quote(text, safe="")),
                        _filled(pattern, objects, row, config, band, str)) for band in config.bands or ("",)]


def _fields(template: str) -> set[str]:
    """Names in braces.

    Raises
    ------
    ConfigError
        When braces do not pair, or more than a name stands in them.
    """
    try:
        names = {name for _, name, _, _ in Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise ConfigError(f"its braces do not fit ({error})", template, "write {{ for a brace that is one") from None
    for name in names:
        if not name.replace("_", "a").replace("-", "a").isalnum():
            raise ConfigError(f"{{{name}}} is no name", template, f"write a column, or one of {', '.join(_OWN)}")
    return names


def _filled(template: str, objects: Objects, row: int, config: Config, band: str, quoted) -> str:
    """A template with the values of an object in the place of names."""
    out = []
    for literal, name, style, _ in Formatter().parse(template):
        out.append(literal)
        if name is not None:
            value = _value(name, objects, row, config, band)
            try:
                out.append(quoted(format(value, style or (".7f" if name in ("ra", "dec") else ""))))
            except ValueError as error:
                raise ReadError("no-value", f"{{{name}:{style}}} does not fit {value!r} ({error})", objects.ids[row],
                                "change the template") from None
    return "".join(out)


def _value(name: str, objects: Objects, row: int, config: Config, band: str) -> Any:
    if name in ("ra", "dec"):
        return objects.position(row)[name == "dec"]
    if name in _OWN:
        size = int(config.size) if config.size == int(config.size) else config.size
        return {"object_id": objects.ids[row], "native": objects.native(row), "size": size, "band": band}[name]
    value = objects.frame[objects.known(name)].iloc[row]
    if isinstance(value, (float, np.floating)) and value == value and value == int(value):
        return int(value)  # whole numbers of a column with gaps
    if value is None or value != value or value == "":
        raise ReadError("no-value", f"its {name} is missing", objects.ids[row], "complete the table")
    return value.item() if isinstance(value, np.generic) else value


SOURCE = Template()
