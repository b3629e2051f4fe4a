"""One scan over the UTF-8 bytes of a text column gives the profile of every document.

Words are found by the `fast` segmenter: a run of letters, marks and digits between blanks and
punctuation; in Japanese also a change of script (Hiragana, Katakana, Han) ends a word. So a Korean
word is an eojeol and a Vietnamese one a syllable. A unit separator (U+001F), which no text in
normal form holds, ends a word too: so other segmenters mark their borders. Limits hold only with
the segmenter that they were tuned with.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.kernels import borrowed, njit
from hanji.schema import UNKNOWN, Lang, utf8
from hanji.text.signs import BLANK, HAN, HIRAGANA, KATAKANA, MARK, NEWLINE, WORD, decode, kind_of
from pipelines.profile.grams import SCRATCH, Hashes, Sizes, repetition
from pipelines.profile.metrics import METRICS
from pipelines.profile.tables import (
    ALPHA,
    FOLDED,
    IN_LINE,
    IN_TEXT,
    LEAD,
    PHRASE,
    PLAIN,
    POLICY,
    PRIME,
    SECOND,
    SEED,
    STOP_SLOTS,
    spelled,
    stop_table,
    traits_of,
)

__all__ = ["SEPARATOR", "profile"]

Bytes = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float64]
Offsets = npt.NDArray[np.int64]
Traits = npt.NDArray[np.uint32]

SHORT_LINE = 30  # characters; FineWeb, short-line rule
SEPARATOR = "\x1f"


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
def _ends_sentence(point: int, following: int) -> bool:
    """Say whether a sentence ends here; a Latin stop needs a blank or a closing mark behind it."""
    if point in (0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0xFF61):
        return following not in (0x3002, 0xFF01, 0xFF1F, 0xFF0E, 0xFF61)
    if point not in (33, 46, 63, 0x2026):
        return False
    return following <= 32 or following in (34, 39, 41, 0x201D, 0x2019, 0xBB, 0xA0, 0x3000)


@njit
def _matches(data: Bytes, at: int, end: int, phrase: Bytes) -> bool:
    """Compare with a phrase in lower case; ASCII letters are folded."""
    if at + len(phrase) > end:
        return False
    for k in range(len(phrase)):
        byte = data[at + k]
        if (byte | 32 if 65 <= byte <= 90 else byte) != phrase[k]:
            return False
    return True


@njit
def _seen(table: Hashes, mask: np.uint64, value: np.uint64) -> bool:
    """Say whether a hash is in an open-addressed table, and put it there."""
    value |= np.uint64(1)
    slot = (value >> np.uint64(7)) & mask
    while table[slot] != 0 and table[slot] != value:
        slot = (slot + np.uint64(1)) & mask
    if table[slot] == value:
        return True
    table[slot] = value
    return False


@njit(forceinline=True)
def _end_word(
    word: np.uint64, size: int, n: int, hashes: Hashes, sizes: Sizes, stop_words: Hashes,
    stop_bits: Bytes, stop_shift: np.uint64,
) -> np.uint64:  # fmt: skip
    """Write the word's hash and size to place `n`; return its bit among the stop words, or 0."""
    hashes[n], sizes[n] = word, size
    slot = (word >> stop_shift) & np.uint64(STOP_SLOTS - 1)
    return np.uint64(stop_words[slot] == word) << np.uint64(stop_bits[slot])


@njit
def _scan(
    data: Bytes,
    start: int,
    end: int,
    stop_words: Hashes,
    stop_bits: Bytes,
    stop_shift: np.uint64,
    phrases: Bytes,
    phrase_offsets: Offsets,
    phrase_kinds: Offsets,
    traits: Traits,
    by_script: bool,
    lines_seen: Hashes,
    paragraphs_seen: Hashes,
    mask: np.uint64,
    hashes: Hashes,
    sizes: Sizes,
    out: Numbers,
) -> int:
    """Fill `out` but for the n-grams, `hashes` and `sizes` of the words; return their number.

    The tables of lines and paragraphs are zeroed, of mask + 1 slots.
    """
    data, stop_words, stop_bits = borrowed((data, stop_words, stop_bits))
    phrases, phrase_offsets, phrase_kinds = borrowed((phrases, phrase_offsets, phrase_kinds))
    traits, lines_seen, paragraphs_seen = borrowed((traits, lines_seen, paragraphs_seen))
    hashes, sizes, out = borrowed((hashes, sizes, out))
    n_chars = n_words = alpha = hash_signs = ellipses = curly = 0
    lines = bullets = ellipsis_ends = punctuated = shorts = doubled = doubled_chars = 0
    line_chars = paragraphs = para_doubled = para_doubled_chars = newlines = sentences = 0
    javascript = policy = placeholders = 0
    in_javascript = in_policy = False
    stops = np.uint64(0)
    word_len, word_alpha, word_kind = 0, False, -1
    word, line, para = SEED, SEED, SEED
    line_len, line_first, line_last, para_len = 0, 0, 0, 0
    at = start
    while at <= end + 1:
        while line_len and at + 1 < end:
            # Most of a text is letters and digits within a line: they count here, and fast.
            before = at
            trait = traits[data[at]]
            if word_len == 0 or word_kind == WORD or not by_script:
                met = np.uint32(0)
                here, last = np.uint64(at), np.uint64(end - 1)  # an index without a sign is quicker
                while here < last and trait & PLAIN:
                    following = traits[data[here + np.uint64(1)]]
                    if trait & (following >> SECOND) & PHRASE:
                        break
                    met |= trait
                    word = (word ^ np.uint64(trait >> FOLDED)) * PRIME
                    line = (line ^ np.uint64(data[here])) * PRIME
                    trait = following
                    here += np.uint64(1)
                at = int(np.int64(here))
                if at > before:
                    word_kind = WORD
                    word_alpha |= met & ALPHA != 0
                    line_last = int(data[at - 1])
            n_plain = at - before
            n_chars += n_plain
            word_len += n_plain
            line_len += n_plain
            while at + 1 < end and traits[data[at]] & LEAD:
                if traits[data[at]] & (traits[data[at + 1]] >> SECOND) & PHRASE:
                    break
                point, size = decode(data, at)
                kind = kind_of(point)
                if kind not in (WORD, HIRAGANA, KATAKANA, HAN):
                    break
                if word_len and by_script and kind != word_kind:
                    break
                n_chars += 1
                word_len += 1
                word_kind = kind
                word_alpha = True
                word = (word ^ np.uint64(point)) * PRIME
                line_len += 1
                line_last = point
                line = (line ^ np.uint64(point)) * PRIME
                at += size
            if word_len and at + 1 < end and data[at] == 32:  # what ends most words
                stops |= _end_word(
                    word, word_len, n_words, hashes, sizes, stop_words, stop_bits, stop_shift
                )
                n_words += 1
                alpha += word_alpha
                word_len, word_alpha, word = 0, False, SEED
                n_chars += 1
                line_len += 1
                line = (line ^ np.uint64(32)) * PRIME
                at += 1
                continue
            if at == before:
                break
        # Behind the text stand a line end and an empty line.
        if at < end:
            point, size = decode(data, at)
            kind = kind_of(point)
            n_chars += point != 31
            newlines += kind == NEWLINE
        else:
            point, size, kind = 10, 1, NEWLINE
        part = kind in (WORD, HIRAGANA, KATAKANA, HAN)
        if word_len and (not part or (by_script and kind != word_kind)):
            stops |= _end_word(
                word, word_len, n_words, hashes, sizes, stop_words, stop_bits, stop_shift
            )
            n_words += 1
            alpha += word_alpha
            word_len, word_alpha, word = 0, False, SEED
        if part:
            word_len += 1
            word_kind = kind
            word_alpha |= not 48 <= point <= 57
            folded = point | 32 if 65 <= point <= 90 else point
            word = (word ^ np.uint64(folded)) * PRIME
        elif point == 46:
            ellipses += at + 2 < end and data[at + 1] == 46 and data[at + 2] == 46
        elif point == 0x2026:
            ellipses += 1
        else:
            hash_signs += point == 35
            curly += point == 123
        if at < end:
            second = traits[data[at + 1]] >> SECOND if at + 1 < end else np.uint32(0)
            if traits[data[at]] & second & PHRASE:
                for k in range(len(phrase_kinds)):
                    phrase = phrases[phrase_offsets[k] : phrase_offsets[k + 1]]
                    if _matches(data, at, end, phrase):
                        in_javascript |= phrase_kinds[k] == IN_LINE
                        in_policy |= phrase_kinds[k] == POLICY
                        placeholders += phrase_kinds[k] == IN_TEXT
            if kind == MARK:
                following = decode(data, at + size)[0] if at + size < end else 10
                sentences += _ends_sentence(point, following)
        if kind == NEWLINE:
            if line_len:
                lines += 1
                line_chars += line_len
                bullets += _is_bullet(line_first)
                dots = at - start >= 3 and data[at - 1] == 46
                dots = dots and data[at - 2] == 46 and data[at - 3] == 46
                ellipsis_ends += line_last == 0x2026 or dots
                punctuated += _is_stop(line_last)
                shorts += line_len <= SHORT_LINE
                javascript += in_javascript
                policy += in_policy
                if _seen(lines_seen, mask, line):
                    doubled += 1
                    doubled_chars += line_len
                para = (para ^ line) * PRIME
                para_len += line_len
            elif para_len:
                paragraphs += 1
                if _seen(paragraphs_seen, mask, para):
                    para_doubled += 1
                    para_doubled_chars += para_len
                para, para_len = SEED, 0
            line_len, line = 0, SEED
            in_javascript = in_policy = False
        elif (line_len or kind != BLANK) and point != 31:
            if line_len == 0:
                line_first = point
            line_len += 1
            line = (line ^ np.uint64(point)) * PRIME
            if kind != BLANK:
                line_last = point
        at += size
    different = 0
    while stops:
        stops &= stops - np.uint64(1)
        different += 1
    word_chars = sizes[:n_words].sum()
    per_word, per_line = 1.0 / max(n_words, 1), 1.0 / max(lines, 1)
    out[0], out[1], out[2], out[3] = n_chars, n_words, word_chars * per_word, alpha * per_word
    out[4], out[5] = hash_signs * per_word, ellipses * per_word
    out[6], out[7] = bullets * per_line, ellipsis_ends * per_line
    out[8], out[9] = punctuated * per_line, shorts * per_line
    out[10], out[11] = doubled * per_line, doubled_chars / max(line_chars, 1)
    out[12], out[13] = para_doubled / max(paragraphs, 1), para_doubled_chars / max(line_chars, 1)
    out[14], out[15], out[16] = different, newlines * per_word, sentences
    out[17], out[18], out[19] = curly * per_word, javascript * per_line, policy * per_line
    out[20] = placeholders
    return n_words


@njit
def _profile(
    data: Bytes,
    offsets: Offsets,
    lang: Offsets,
    stop_words: Hashes,
    stop_bits: Bytes,
    stop_shifts: Hashes,
    phrases: Bytes,
    phrase_offsets: Offsets,
    phrase_kinds: Offsets,
    phrase_langs: Offsets,
    traits: Traits,
    by_script: npt.NDArray[np.bool_],
    out: Numbers,
) -> None:
    longest = 0
    for i in range(len(offsets) - 1):
        longest = max(longest, offsets[i + 1] - offsets[i])
    hashes = np.empty(longest + 1, np.uint64)
    sizes = np.empty(longest + 1, np.int32)
    scratch = np.empty(5 * longest + SCRATCH, np.uint64)
    for i in range(len(offsets) - 1):
        start, end = offsets[i], offsets[i + 1]
        n_lines = 1
        for at in range(start, end):
            n_lines += data[at] == 10
        slots = 16
        while slots < 2 * n_lines:
            slots *= 2
        first, last = phrase_langs[lang[i]], phrase_langs[lang[i] + 1]
        n = _scan(
            data,
            start,
            end,
            stop_words[lang[i]],
            stop_bits[lang[i]],
            stop_shifts[lang[i]],
            phrases,
            phrase_offsets[first : last + 1],
            phrase_kinds[first:last],
            traits[lang[i]],
            by_script[lang[i]],
            np.zeros(slots, np.uint64),
            np.zeros(slots, np.uint64),
            np.uint64(slots - 1),
            hashes,
            sizes,
            out[i],
        )
        repetition(hashes[:n], sizes[:n], out[i, 0], scratch, out[i, 21:])


def profile(
    texts: pa.LargeStringArray,
    langs: Sequence[Lang],
    stop_words: Mapping[Lang, Sequence[str]],
    policy: Mapping[Lang, Sequence[str]] | None = None,
    segmented: Collection[Lang] = (),
) -> Numbers:
    """Compute the profile of each text.

    Args:
        texts: n texts, without nulls.
        langs: the language of each; one without stop words has none.
        stop_words: words by language, lower case, at most 64 of each.
        policy: phrases of cookie banners and terms of use by language, lower case, of two signs
            or more.
        segmented: languages whose texts hold `SEPARATOR` at the borders of words, so that a change
            of script is none.

    Returns:
        float64[n, len(METRICS)], columns in the order of `METRICS`.
    """
    policy = policy or {}
    names = sorted({*stop_words, *policy, *segmented})
    tables = [stop_table(stop_words.get(name, ())) for name in [*names, UNKNOWN]]
    stops, bits, shifts = (np.array(column) for column in zip(*tables))
    number = np.array([names.index(n) if n in names else len(names) for n in langs], np.int64)
    said = [spelled(policy.get(name, ())) for name in [*names, UNKNOWN]]
    phrases = [phrase for some in said for phrase, _ in some]
    traits = np.array([traits_of([phrase for phrase, _ in some]) for some in said])
    data, offsets = utf8(texts)
    out = np.zeros((len(texts), len(METRICS)))
    _profile(
        data,
        offsets,
        number,
        stops,
        bits,
        shifts,
        np.frombuffer(b"".join(phrases), np.uint8),
        np.cumsum([0, *map(len, phrases)]).astype(np.int64),
        np.array([kind for some in said for _, kind in some], np.int64),
        np.cumsum([0, *map(len, said)]).astype(np.int64),
        traits,
        np.array([name not in segmented for name in [*names, None]]),
        out,
    )
    return out
