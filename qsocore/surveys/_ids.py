"""Ids as text, compared without loss: whole numbers and texts that write them are one."""

from __future__ import annotations

import re

import numpy as np

_EXACT = 2**53  # from here on floating point skips whole numbers


def named(text: object) -> str | None:
    """An id as text; None for none. 17, "17", b"017 " and "17.0" are one.

    Raises
    ------
    ValueError
        For a floating-point number that is not whole, or so large that it has lost its last digits.
    """
    if isinstance(text, (float, np.floating)):
        if not np.isfinite(text):
            return None
        if text != int(text) or abs(text) >= _EXACT:
            raise ValueError(f"the number {text!r} has lost digits")
        text = int(text)
    if isinstance(text, (int, np.integer)):
        return str(int(text))
    word = (text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)).strip().strip("\0").strip()
    if re.fullmatch(r"[+-]?\d+", word):
        return str(int(word))
    if re.fullmatch(r"[+-]?\d+\.0+", word) and abs(whole := int(word.split(".")[0])) < _EXACT:
        return str(whole)
    return word or None
