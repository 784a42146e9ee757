"""Names of files that came from elsewhere, made safe: one piece, no way out of a folder, the same on every file system."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST = 150
"""Characters of a name; the shortest limit in use is 255 bytes, and endings are put to names for a while."""

_ENDINGS = re.compile(r"(\.[A-Za-z0-9]{1,8}){0,2}$")
_RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}  # of Windows


def safe(name: str) -> str:
    """A name of letters, digits and ``._+-`` that is a file's and nothing else, whatever was asked for.

    Examples
    --------
    >>> safe("../../etc/passwd"), safe("sdss:26:266-51602-13.fits"), safe("nul.fits")
    ('etc_passwd', 'sdss_26_266-51602-13.fits', '_nul.fits')
    """
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9._+-]+", "_", plain)
    plain = re.sub(r"\.{2,}", ".", plain).strip("._-+") or "file"
    if plain.partition(".")[0].lower() in _RESERVED:
        plain = f"_{plain}"
    return plain if len(plain) <= LONGEST else apart(plain, name)


def apart(name: str, key: str) -> str:
    """A safe name told apart from others like it by what it stands for, its endings kept.

    Examples
    --------
    >>> apart("17_g.fits.gz", "https://a.org/1")
    '17_g-d807e1db.fits.gz'
    """
    ending = _ENDINGS.search(name)[0]
    stem = name[:len(name) - len(ending)][:LONGEST - len(ending) - 9]
    return f"{stem}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}{ending}"
