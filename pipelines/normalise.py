"""Normal form: NFC, no control or zero-width characters, plain line ends.

Never NFKC and never a stripped mark: x² stays x², ガス is not カス, má is not mạ. Conjoining Jamo
are composed by NFC; compatibility Jamo (ㅋㅋ) and old Hangul stay as they are.
"""

from __future__ import annotations

import re

from hanji.text import nfc

__all__ = ["normalise"]

# Zero-width joiner and non-joiner stay: they shape emoji and several scripts.
_REMOVED = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u200b\u2060\ufeff\ufffe\uffff]")
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")


def normalise(text: str, *, repair_mojibake: bool = False, fold_width: bool = False) -> str:
    r"""Return the text in normal form.

    >>> normalise("가\u200b 나\r\n\r\n\r\n\r\nE\u0301 x²\x00 ")
    '가 나\n\nÉ x²'
    """
    if repair_mojibake:
        import ftfy

        text = ftfy.fix_encoding(text)
    text = _LINE_ENDS.sub("\n", text)
    text = nfc(_REMOVED.sub("", text))
    if fold_width:
        import ftfy.fixes

        text = ftfy.fixes.fix_character_width(text)
    text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    return _BLANK_LINES.sub("\n\n", text).strip("\n")
