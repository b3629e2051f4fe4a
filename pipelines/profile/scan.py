"""One scan over the UTF-8 bytes of a text column gives the profile of every document.

Words are found by the `fast` segmenter: a run of letters, marks and digits between blanks and
punctuation; in Japanese also a change of script (Hiragana, Katakana, Han) ends a word. So a Korean
word is an eojeol and a Vietnamese one a syllable. Limits hold only with the segmenter that they
were tuned with.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.kernels import njit
from hanji.text.signs import BLANK, HAN, HIRAGANA, KATAKANA, NEWLINE, WORD, decode, kind_of

__all__ = ["METRICS", "profile"]

METRICS = (
    "n_chars",
    "n_words",
    "mean_word_length",  # characters
    "alpha_words",  # share of words with a letter
    "symbols_per_word",  # '#' and ellipses
    "bullet_lines",  # share of lines that begin with a bullet
    "ellipsis_lines",  # share of lines that end with an ellipsis
    "punctuated_lines",  # share of lines that end with a stop
    "short_lines",  # share of lines of at most 30 characters
    "duplicate_lines",  # share of lines that stood before
    "duplicate_line_chars",  # share of characters in them
    "stop_words",  # number of stop words met, repeats counted
)

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

SHORT_LINE = 30  # characters; FineWeb, short-line rule


@njit
def _is_stop(point: int) -> bool:
    """Say whether a character ends a sentence, or is a closing quote or bracket behind one."""
    if point in (46, 33, 63, 34, 39, 41, 58, 59, 0x2026, 0x201D, 0x2019, 0xBB, 0x3002, 0xFF01):
        return True
    return point in (0xFF1F, 0x300D, 0x300F, 0xFF09, 0xFF0E, 0xFF61)


@njit
def _is_bullet(point: int) -> bool:
    return point in (0x2022, 0x2023, 0x25E6, 0x2043, 0x30FB, 0x25CF, 0x25A0, 42, 45, 0x2013)


@njit
def _contains(table: Hashes, value: np.uint64) -> bool:
    """Look a hash up in a sorted table."""
    at = np.searchsorted(table, value)
    return bool(at < len(table) and table[at] == value)


@njit
def _scan(
    data: Bytes,
    start: int,
    end: int,
    stop_words: Hashes,
    seen: Hashes,
    out: Numbers,
) -> None:
    """Fill `out` with the metrics of data[start:end]; `seen` is a zeroed table of 2^k slots."""
    mask = np.uint64(len(seen) - 1)
    n_chars = n_words = word_chars = alpha = symbols = stops = 0
    lines = bullets = ellipses = punctuated = shorts = doubled = doubled_chars = line_chars = 0
    word_len, word_alpha, word_kind = 0, False, -1
    word_hash = np.uint64(14695981039346656037)
    line_hash = np.uint64(14695981039346656037)
    line_len, line_first, line_last = 0, 0, 0
    prime = np.uint64(1099511628211)
    at = start
    while at <= end:
        if at < end:
            point, size = decode(data, at)
            kind = kind_of(point)
            n_chars += 1
        else:
            point, size, kind = 10, 1, NEWLINE
        part = kind in (WORD, HIRAGANA, KATAKANA, HAN)
        if word_len and (not part or kind != word_kind):
            n_words += 1
            word_chars += word_len
            alpha += word_alpha
            stops += _contains(stop_words, word_hash)
            word_len, word_alpha = 0, False
            word_hash = np.uint64(14695981039346656037)
        if part:
            word_len += 1
            word_kind = kind
            word_alpha |= not 48 <= point <= 57
            folded = point | 32 if 65 <= point <= 90 else point
            word_hash = (word_hash ^ np.uint64(folded)) * prime
        dots = point == 46 and at + 2 < end and data[at + 1] == 46 and data[at + 2] == 46
        if dots or point in (35, 0x2026):
            symbols += 1
        if kind == NEWLINE:
            if line_len:
                lines += 1
                line_chars += line_len
                bullets += _is_bullet(line_first)
                ellipses += line_last == 0x2026 or (
                    at - start >= 3
                    and data[at - 1] == 46
                    and data[at - 2] == 46
                    and data[at - 3] == 46
                )
                punctuated += _is_stop(line_last)
                shorts += line_len <= SHORT_LINE
                value = line_hash | np.uint64(1)
                slot = (value >> np.uint64(7)) & mask
                while seen[slot] != 0 and seen[slot] != value:
                    slot = (slot + np.uint64(1)) & mask
                if seen[slot] == value:
                    doubled += 1
                    doubled_chars += line_len
                seen[slot] = value
            line_len = 0
            line_hash = np.uint64(14695981039346656037)
        elif line_len or kind != BLANK:
            if line_len == 0:
                line_first = point
            line_len += 1
            line_hash = (line_hash ^ np.uint64(point)) * prime
            if kind != BLANK:
                line_last = point
        at += size
    out[0], out[1] = n_chars, n_words
    out[2] = word_chars / max(n_words, 1)
    out[3] = alpha / max(n_words, 1)
    out[4] = symbols / max(n_words, 1)
    out[5], out[6] = bullets / max(lines, 1), ellipses / max(lines, 1)
    out[7], out[8] = punctuated / max(lines, 1), shorts / max(lines, 1)
    out[9], out[10] = doubled / max(lines, 1), doubled_chars / max(line_chars, 1)
    out[11] = stops


@njit
def _scan_all(
    data: Bytes,
    offsets: npt.NDArray[np.int64],
    lang: npt.NDArray[np.int64],
    stop_words: Hashes,
    stop_offsets: npt.NDArray[np.int64],
    out: Numbers,
) -> None:
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        n_lines = 1
        for at in range(start, end):
            n_lines += data[at] == 10
        size = 16
        while size < 2 * n_lines:
            size *= 2
        seen = np.zeros(size, np.uint64)
        table = stop_words[stop_offsets[lang[i]] : stop_offsets[lang[i] + 1]]
        _scan(data, start, end, table, seen, out[i])


def word_hash(word: str) -> int:
    """Hash a word as the scan does: FNV-1a over code points, ASCII letters in lower case."""
    value = 14695981039346656037
    for char in word:
        point = ord(char)
        value = ((value ^ (point | 32 if 65 <= point <= 90 else point)) * 1099511628211) % (1 << 64)
    return value


def profile(
    texts: pa.LargeStringArray, langs: list[str], stop_words: dict[str, tuple[str, ...]]
) -> Numbers:
    """Compute the profile of each text.

    Args:
        texts: n texts, without nulls.
        langs: the language of each; one without stop words has none.
        stop_words: words by language, lower case.

    Returns:
        float64[n, len(METRICS)], columns in the order of `METRICS`.
    """
    names = sorted(stop_words)
    tables = [np.sort(np.array([word_hash(w) for w in stop_words[n]], np.uint64)) for n in names]
    borders = np.cumsum([0, *(len(table) for table in tables), 0])
    number = np.array([names.index(n) if n in stop_words else len(names) for n in langs], np.int64)
    offsets = np.frombuffer(texts.buffers()[1], np.int64)[
        texts.offset : texts.offset + len(texts) + 1
    ]
    raw = texts.buffers()[2]
    data = np.frombuffer(raw, np.uint8) if raw is not None and raw.size else np.zeros(1, np.uint8)
    out = np.zeros((len(texts), len(METRICS)))
    joined = np.concatenate([np.empty(0, np.uint64), *tables])
    _scan_all(data, offsets, number, joined, borders.astype(np.int64), out)
    return out
