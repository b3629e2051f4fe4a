"""Normal form: NFC, no control or zero-width characters, plain line ends.

Never NFKC and never a stripped mark: x² stays x², ガス is not カス, má is not mạ. Conjoining Jamo
are composed by NFC; compatibility Jamo (ㅋㅋ) and old Hangul stay as they are. Most texts are in
normal form already, which one scan of their bytes tells.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from hanji.kernels import njit
from hanji.text import nfc

__all__ = ["normalise"]

# Zero-width joiner and non-joiner stay: they shape emoji and several scripts.
_REMOVED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")


@njit
def _is_plain(data: npt.NDArray[np.uint8]) -> bool:
    """Say whether UTF-8 holds nothing to remove, to replace or to strip, whatever its letters."""
    n = len(data)
    if n and (data[0] == 10 or data[n - 1] in (9, 10, 32)):
        return False
    for at in range(n):
        byte = data[at]
        if byte >= 0x20 and byte < 0x7F:
            continue
        if byte == 10:
            if data[at - 1] in (9, 32) or (at > 1 and data[at - 1] == 10 and data[at - 2] == 10):
                return False
        elif byte < 0x20:
            if byte != 9:
                return False
        elif byte == 0x7F:
            return False
        elif byte == 0xC2:
            if data[at + 1] < 0xA0 or data[at + 1] == 0xAD:
                return False
        elif byte == 0xE2:
            if data[at + 1] == 0x80 and data[at + 2] in (0x8B, 0xA8, 0xA9):
                return False
            if data[at + 1] == 0x81 and data[at + 2] == 0xA0:
                return False
        elif byte == 0xEF and (
            (data[at + 1] == 0xBB and data[at + 2] == 0xBF)
            or (data[at + 1] == 0xBF and data[at + 2] >= 0xBE)
        ):
            return False
    return True


def normalise(text: str, *, repair_mojibake: bool = False, fold_width: bool = False) -> str:
    r"""Return the text in normal form.

    >>> normalise("가\u200b 나\r\n\r\n\r\n\r\nE\u0301 x²\x00 ")
    '가 나\n\nÉ x²'
    """
    if repair_mojibake:
        import ftfy

        text = ftfy.fix_encoding(text)
    if not _is_plain(np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)):
        text = _plain(text)
    if fold_width:
        import ftfy.fixes

        text = _plain(ftfy.fixes.fix_character_width(text))
    return nfc(text)


def _plain(text: str) -> str:
    """Remove and replace what is no text, blanks at line ends and repeated blank lines."""
    text = _REMOVED.sub("", _LINE_ENDS.sub("\n", text))
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")
