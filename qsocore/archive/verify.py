"""Whether a file is what was asked for: as long as announced, with the sum that was offered, and FITS where FITS was due."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from qsocore.errors import ReadError
from qsocore.surveys.probe import Probe

_HEX = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}  # digits of a sum
_DIGESTS = {"sha-512": "sha512", "sha-256": "sha256", "sha": "sha1", "md5": "md5"}
_FITS = re.compile(r"\.(fits|fit|fts)(\.(gz|fz|bz2))?$", re.IGNORECASE)
_LINE = re.compile(r"([0-9a-fA-F]+)\s+[ *]?(\S.*)")
_START = 400  # bytes of a page that are looked at for what it says


def check(path: Path, name: str, sizes: Iterable[int | None] = (), sums: Iterable[str] = ()) -> None:
    """Refuse a file that is not what was asked for.

    Parameters
    ----------
    path : Path
        Where it lies now.
    name : str
        What it will be called; an ending of FITS says what it must be.
    sizes : iterable of int or None
        Bytes it must have, as stated and as announced; None for what nobody says.
    sums : iterable of str
        ``sha256:HEX`` and the like, as stated and as offered; "" for none.

    Raises
    ------
    ReadError
        ``wrong-length``, ``checksum``, ``page`` (a web page in the place of data), ``not-fits``, and those of `Probe`.
    """
    has = path.stat().st_size
    for size in sizes:
        if size is not None and has != size:
            raise ReadError("wrong-length", f"it has {has:,} bytes and should have {size:,}", name, "fetch it again")
    for kind, _, wanted in {total.lower().partition(":") for total in sums if total}:
        with open(path, "rb") as file:
            found = hashlib.file_digest(file, kind).hexdigest()
        if found != wanted:
            raise ReadError("checksum", f"its {kind} is {found} and should be {wanted}", name,
                            "if the list of sums is right, the archive's file is damaged")
    if _FITS.search(name):
        _hold_to_fits(path, name)
    elif said := _page(path):
        raise ReadError("page", f"the server sent a web page: {said}", name, "open the URL in a browser")


def _hold_to_fits(path: Path, name: str) -> None:
    with Probe(path) as probe:
        if probe.kind != "fits":
            if said := _page(path):
                raise ReadError("page", f"the server sent a web page in the place of FITS: {said}", name,
                                "open the URL in a browser")
            raise ReadError("not-fits", "it does not begin as FITS does", name, "look at the URL")
        if refusal := probe.refusal():
            raise ReadError(refusal.reason, refusal.what, name, refusal.remedy)


def _page(path: Path) -> str:
    """The first words of a web page; "" for what is none."""
    with open(path, "rb") as file:
        head = file.read(_START)
    text = head.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if not re.match(r"<(!doctype html|html|head|body|\?xml[^>]*>\s*<(!doctype html|html))", text, re.IGNORECASE):
        return ""
    words = " ".join(re.sub(r"<[^>]*>?", " ", text).split())
    return repr(words[:80]) if words else "an empty one"


def offered(headers: Mapping[str, str]) -> str:
    """The sum of the whole file that an answer offers; "" for none.

    ``Repr-Digest`` (RFC 9530), ``Digest`` (RFC 3230), ``Content-MD5`` (RFC 1864), and the ETag of Amazon's S3 where that is an
    MD5: not of files in several parts, which have a hyphen, nor of those encrypted by KMS.

    Examples
    --------
    >>> offered({"Content-MD5": "1B2M2Y8AsgTpgAmY7PhCfg=="})
    'md5:d41d8cd98f00b204e9800998ecf8427e'
    """
    for field in ("Repr-Digest", "Digest"):
        found = dict(part.strip().partition("=")[::2] for part in headers.get(field, "").split(",") if "=" in part)
        for name, kind in _DIGESTS.items():
            value = next((value for key, value in found.items() if key.lower() == name), "")
            if digits := _digits(value.strip().strip(":"), kind):
                return f"{kind}:{digits}"
    if digits := _digits(headers.get("Content-MD5", ""), "md5"):
        return f"md5:{digits}"
    tag = headers.get("ETag", "").strip('"')
    own = headers.get("Server", "") == "AmazonS3" and "kms" not in headers.get("x-amz-server-side-encryption", "")
    return f"md5:{tag}" if own and re.fullmatch("[0-9a-f]{32}", tag) else ""


def _digits(text: str, kind: str) -> str:
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return ""
    return value.hex() if len(value) == hashlib.new(kind).digest_size else ""


class Sums:
    """Sums of files as ``sha256sum`` and its like write them: a sum and a name or path a line.

    Parameters
    ----------
    files : iterable of Path

    Raises
    ------
    ReadError
        ``unreadable``; ``no-sums`` when a line is none.
    """

    def __init__(self, files: Iterable[Path] = ()):
        self._of: dict[str, list[tuple[str, str]]] = {}
        for file in files:
            try:
                lines = file.read_text(encoding="utf-8").splitlines()
            except (OSError, UnicodeDecodeError) as error:
                raise ReadError("unreadable", f"it cannot be read ({error})", file, "give a list of sums") from None
            for number, line in enumerate(lines, 1):
                if line.strip() and not line.startswith("#"):
                    self._add(line, f"{file}, line {number}")

    def _add(self, line: str, where: str) -> None:
        parts = _LINE.fullmatch(line.strip())
        if not parts or len(parts[1]) not in _HEX:
            raise ReadError("no-sums", "it reads neither as a sum nor as a name behind it", where,
                            "give a list as sha256sum, sha1sum or md5sum write it")
        path = parts[2].removeprefix("./")
        self._of.setdefault(path.rpartition("/")[2], []).append((path, f"{_HEX[len(parts[1])]}:{parts[1].lower()}"))

    def of(self, url: str) -> str:
        """The sum of a URL's file, by its name, and by its path where several have that name; "" for none."""
        path = unquote(urlsplit(url).path)
        known = self._of.get(path.rpartition("/")[2], [])
        if len({total for _, total in known}) > 1:
            known = [(listed, total) for listed, total in known if path.endswith(f"/{listed.lstrip('/')}")]
            longest = max((len(listed) for listed, _ in known), default=0)
            known = [(listed, total) for listed, total in known if len(listed) == longest]
        return known[0][1] if len({total for _, total in known}) == 1 else ""
