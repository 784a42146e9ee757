"""Image cutouts by a Simple Image Access service of the Virtual Observatory, versions 1 and 2, through pyvo.

Layout
------
* A service is asked for each object: what images cover a box (version 1) or circle (version 2) of the given size at its place?
  It answers with a table of images and their URLs; many services cut the image to the size that was asked for, among them those
  of NOIRLab's Data Lab (https://datalab.noirlab.edu/sia/des_dr2, with ``--set only=prodtype=image,proctype=Stack``).
* A band is told by what the table says of the bandpass, the filter or the instrument. Of several images in a band that whose
  centre is nearest is taken. Files are called NATIVE_BAND.fits, which ``qso ingest`` puts together.
* Tables of links (DataLink) in the place of images are not followed.

Citation: the survey whose images they are; Tody & Plante (2009) and Dowler, Bonnarel & Tody (2015), IVOA Recommendations SIA
1.0 and 2.0.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsocore.archive import Objects, Request, Source
from qsocore.archive.address import Refused
from qsocore.errors import ConfigError, ReadError
from qsocore.surveys._bands import band_named, in_order

_BANDS = ("obs_bandpass", "filter", "band", "bandpass", "em_band", "instrument_name", "instrument")


@dataclass(frozen=True)
class Config:
    """Which images.

    Parameters
    ----------
    url : str
        The service.
    size : float
        Of a side (version 1) or twice the radius (version 2), arcsec.
    bands : tuple of str
        Which; all that there are by default.
    version : int
        Of the protocol, 1 or 2.
    only : tuple of str
        ``column=value`` that images must have in the service's answer.
    """

    url: str = ""
    size: float = 10.0
    bands: tuple[str, ...] = ()
    version: int = 1
    only: tuple[str, ...] = ()


class Sia(Source):
    """A Simple Image Access service."""

    name = "sia"
    title = "a VO Simple Image Access service"
    citation = "the survey whose images they are"
    Config = Config
    online = True

    def check(self, objects: Objects, config: Config) -> None:
        """A service must be named, and pyvo be there."""
        try:
            import pyvo  # noqa: F401 - only whether it is there
        except ImportError:
            raise ConfigError("pyvo is not installed", "sia", "pip install 'qso-atlas[online]'") from None
        if not config.url:
            raise ConfigError("no service is named", "sia", "say its address: --url https://datalab.noirlab.edu/sia/des_dr2")
        if config.version not in (1, 2) or not config.size > 0:
            raise ConfigError("version is 1 or 2, and size is positive", "sia", "correct --set")
        if bad := [word for word in config.only if "=" not in word]:
            raise ConfigError(f"{bad[0]!r} is not of the form column=value", "sia", "as in --set only=prodtype=image")

    def find(self, objects: Objects, row: int, config: Config, client=None) -> list[Request]:
        """The images at its place, one a band; as `Source.find`.

        Raises
        ------
        ReadError
            ``no-position``; ``service`` when the service cannot be asked or its answer not be read.
        Refused
            When the service, or a redirect of it, leads where it may not.
        """
        ra, dec = objects.position(row)
        wanted = [word.partition("=")[::2] for word in config.only]
        images = [image for image in _asked(config, ra, dec, client, objects.ids[row])
                  if all(str(image.columns.get(name.lower(), "")) == value for name, value in wanted)]
        chosen = _chosen(images, config.bands)
        native = objects.native(row)
        return [Request(objects.ids[row], image.url, f"{native}_{band}.fits" if band else f"{native}.fits",
                        estimate=image.estimate) for band, image in chosen]


@dataclass(frozen=True)
class _Image:
    """One row of a service's answer."""

    url: str
    band: str
    apart: float  # of its centre from the object, degrees; NaN where the answer does not say
    estimate: int | None
    columns: dict[str, Any]


def _asked(config: Config, ra: float, dec: float, client, where: str) -> list[_Image]:
    """What a service has at a place."""
    from astropy import units as u
    from pyvo.dal import DALAccessError, DALFormatError, DALQueryError, DALServiceError
    from pyvo.dal.sia import SIAService
    from pyvo.dal.sia2 import SIA2Service

    degrees = config.size / 3600
    try:
        if config.version == 1:
            wide = min(degrees / max(np.cos(np.radians(dec)), 1e-3), 360.0)
            answer = SIAService(config.url, session=client).search(pos=(ra, dec), size=(wide, degrees), format="image/fits")
        else:
            service = SIA2Service(config.url, session=client, check_baseurl=False)
            answer = service.search(pos=(ra * u.deg, dec * u.deg, degrees / 2 * u.deg), res_format="image/fits")
        return [_image(record, ra, dec) for record in answer if _url_of(record) and not _is_links(record)]
    except (DALServiceError, DALFormatError, DALQueryError, DALAccessError) as error:
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, Refused):
            raise cause from None
        raise ReadError("service", f"the service cannot be asked: {' '.join(str(cause).split())[:200]}", where,
                        "try its address in a browser, and again later") from error


def _url_of(record) -> str:
    """Where its image lies: by what its columns mean, else by the name that ObsCore gives that column."""
    return str(record.getdataurl() or record.get("access_url") or "")


def _is_links(record) -> bool:
    return "datalink" in f"{record.get('access_format')} {record.getbyucd('VOX:Image_Format')}"


def _image(record, ra: float, dec: float) -> _Image:
    columns = {name.lower(): record[name] for name in list(record)}
    said = record.getbyucd("VOX:BandPass_ID") or next((columns[name] for name in _BANDS if columns.get(name)), "")
    centre = [record.getbyucd(ucd) for ucd in ("POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN")]
    if None in centre:
        centre = [columns.get("s_ra", np.nan), columns.get("s_dec", np.nan)]
    estimate = record.getbyucd("VOX:Image_FileSize") or 1024 * _number(columns.get("access_estsize"))
    return _Image(_url_of(record), band_named(said), _apart(ra, dec, *map(_number, centre)),
                  int(estimate) if _number(estimate) > 0 else None, columns)


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return np.nan


def _apart(ra: float, dec: float, other_ra: float, other_dec: float) -> float:
    """Distance in degrees, small angles."""
    turn = (other_ra - ra + 180) % 360 - 180
    return float(np.hypot(turn * np.cos(np.radians(dec)), other_dec - dec))


def _chosen(images: Iterable[_Image], bands: tuple[str, ...]) -> list[tuple[str, _Image]]:
    """The nearest image of each band, in the order asked for, else of wavelength; every image where no band is known."""
    nearest: dict[str, _Image] = {}
    unknown = []
    for image in sorted(images, key=lambda image: (np.nan_to_num(image.apart, nan=1e9), image.url)):
        if image.band:
            nearest.setdefault(image.band, image)
        else:
            unknown.append(("", image))
    if bands:
        return [(band, nearest[band]) for band in bands if band in nearest]
    return [*((band, nearest[band]) for band in in_order(nearest)), *unknown]


SOURCE = Sia()
