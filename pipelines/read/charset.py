"""The charset of a page: BOM, header, meta, strict UTF-8, a detector; never a guess that loses.

Labels mean what browsers take them to mean (WHATWG Encoding Standard): `euc-kr` is cp949,
`shift_jis` is cp932, `iso-8859-1` is cp1252. A text is decoded strictly: what does not decode as
one candidate is tried as the next, and what decodes as none is not a text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from resiliparse.parse.encoding import detect_encoding

__all__ = ["codec_of", "decode"]

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
META_BYTES = 1024  # of a page in which its charset is declared; WHATWG HTML, prescan
DETECT_BYTES = 1 << 16

_META = re.compile(
    rb"<meta\b[^>]{0,300}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([A-Za-z0-9_.:-]{1,40})", re.I
)
# Labels whose Python codec of that name is narrower than what browsers decode.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "euc_kr": "cp949",
    "ks_c_5601-1987": "cp949",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5": "big5hkscs",
    "utf-16": "utf-16-le",
}
_NAMES = {"x-sjis": "cp932", "windows-31j": "cp932", "ks_c_5601-1987": "cp949", "x-gbk": "gb18030"}


def codec_of(label: str) -> str | None:
    """Return Python's codec for a declared label, or None where it is none of text.

    >>> codec_of("EUC-KR"), codec_of("Shift_JIS"), codec_of("latin1"), codec_of("nonsense")
    ('cp949', 'cp932', 'cp1252', None)
    """
    plain = label.strip().lower()
    if plain in _NAMES:
        return _NAMES[plain]
    try:
        info = codecs.lookup(plain)
    except LookupError:
        return None
    if not info._is_text_encoding:
        return None
    return _WIDER.get(info.name, info.name)


def decode(data: bytes, declared: str | None = None) -> tuple[str, str] | None:
    """Decode a page.

    Args:
        data: the page as it was served.
        declared: the charset of the HTTP header, if there was one.

    Returns:
        (text, codec), or None if no candidate decodes it strictly.
    """
    for bom, codec in BOMS:
        if data.startswith(bom):
            data, candidates = data[len(bom) :], iter([codec])
            break
    else:
        candidates = _candidates(data, declared)
    for codec in dict.fromkeys(candidates):
        try:
            return data.decode(codec), codec
        except UnicodeDecodeError:
            continue
    return None


def _candidates(data: bytes, declared: str | None) -> Iterator[str]:
    if declared and (codec := codec_of(declared)):
        yield codec
    found = _META.search(data[:META_BYTES])
    if found and (codec := codec_of(found.group(1).decode("ascii"))):
        # A page that says it is UTF-16 in ASCII letters is not (WHATWG HTML, prescan).
        yield "utf-8" if codec.startswith("utf-16") else codec
    yield "utf-8"
    guess = detect_encoding(data[:DETECT_BYTES], max_len=DETECT_BYTES)
    if guess and (codec := codec_of(guess)):
        yield codec
