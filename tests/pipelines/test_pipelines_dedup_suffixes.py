"""Cuts of repeated runs are those of a suffix array: sort all suffixes, look at neighbours."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.execution import Execution
from hanji.manifest import Dataset
from pipelines.curate import curate
from pipelines.dedup.cut import without
from pipelines.dedup.runs import anchors, windows, words
from pipelines.normalise import normalise
from pipelines.read import Record, records
from pipelines.read.source import Source, plan
from pipelines.section import Curate, Duplicates, Quality, Substrings

Places = npt.NDArray[np.int64]


def suffix_array(symbols: Places) -> Places:
    """Sort the suffixes by doubling the length that they are sorted by (Manber and Myers 1993)."""
    rank, length = np.unique(symbols, return_inverse=True)[1], 1
    while True:
        behind = np.full(len(rank), -1)
        behind[:-length] = rank[length:]
        order = np.lexsort([behind, rank])
        steps = (np.diff(rank[order]) != 0) | (np.diff(behind[order]) != 0)
        new = np.empty_like(rank)
        new[order] = np.concatenate([[0], np.cumsum(steps)])
        rank, length = new, 2 * length
        if rank.max() == len(rank) - 1 or length >= len(rank):
            return np.argsort(rank)


def common(symbols: list[int], a: int, b: int, most: int) -> int:
    n = 0
    while n < most and max(a, b) + n < len(symbols) and symbols[a + n] == symbols[b + n]:
        n += 1
    return n


def repeats(documents: Sequence[Sequence[int]], length: int) -> list[set[int]]:
    """Return the words of each document that lie in a run of `length` which stood before."""
    symbols: list[int] = []
    home: list[tuple[int, int]] = []
    for number, keys in enumerate(documents):
        symbols += [*keys, -1 - number]  # no run goes over the end of a document
        home += [(number, i) for i in range(len(keys) + 1)]
    found: list[set[int]] = [set() for _ in documents]
    if not symbols:
        return found
    ordered = suffix_array(np.array(symbols, np.int64)).tolist()
    group: list[int] = []
    for at in [*ordered, -1]:
        if group and (at < 0 or common(symbols, group[-1], at, length) < length):
            for place in sorted(group)[1:]:  # the first one stays
                number, word = home[place]
                found[number].update(range(word, word + length))
            group = []
        group.append(at)
    return found


def ours(documents: Sequence[Sequence[int]], length: int) -> list[set[int]]:
    """The same by anchors and windows, as the pipeline makes them meet."""
    texts = [np.array(keys, np.uint64) for keys in documents]
    picked = [anchors(keys, length, 7) for keys in texts]
    hashes, counts = np.unique(np.concatenate([h for _, h in picked]), return_counts=True)
    twice = hashes[counts >= 2]
    found: list[set[int]] = []
    seen: set[int] = set()
    for keys, (places, values) in zip(texts, picked, strict=True):
        mine: set[int] = set()
        first, key = windows(keys, places[np.isin(values, twice)], length, 7)
        for word, value in zip(first.tolist(), key.tolist(), strict=True):
            if value in seen:
                mine.update(range(word, word + length))
            seen.add(value)
        found.append(mine)
    return found


@given(
    documents=st.lists(st.lists(st.integers(1, 3), max_size=60), min_size=1, max_size=4),
    length=st.integers(2, 9),
)
def test_any_words_are_cut_as_by_a_suffix_array(documents: list[list[int]], length: int) -> None:
    assert ours(documents, length) == repeats(documents, length)


RUN = st.integers(0, 40)


@given(
    parts=st.lists(st.lists(st.tuples(RUN, RUN), max_size=5), min_size=1, max_size=4),
    length=st.integers(2, 12),
)
def test_runs_that_overlap_are_cut_as_by_a_suffix_array(
    parts: list[list[tuple[int, int]]], length: int
) -> None:
    """Documents made of pieces of one text, so that they share runs of all lengths."""
    text = [1 + i * i % 97 for i in range(80)]
    documents = [[w for at, n in part for w in text[at : at + n]] for part in parts]
    assert ours(documents, length) == repeats(documents, length)


@pytest.mark.parametrize("period", [1, 2, 3, 7])
def test_periodic_text_is_cut_as_by_a_suffix_array(period: int) -> None:
    documents = [[1 + i % period for i in range(n)] for n in (9, 10, 25, 60)]
    assert ours(documents, 10) == repeats(documents, 10)


def cut_by_suffixes(texts: Sequence[str], length: int) -> list[str]:
    """Cut texts of one language, in their order."""
    found = [words(np.frombuffer(text.encode(), np.uint8)) for text in texts]
    names: dict[int, int] = {}
    keys = [[names.setdefault(k, len(names)) for k in key.tolist()] for key, _, _ in found]
    cut = []
    for text, (_, start, end), gone in zip(texts, found, repeats(keys, length), strict=True):
        spans: list[tuple[int, int]] = []
        for word in sorted(gone):
            if spans and word - 1 in gone:  # what stands between two words goes with them
                spans[-1] = spans[-1][0], int(end[word])
            else:
                spans.append((int(start[word]), int(end[word])))
        cut.append(without(np.frombuffer(text.encode(), np.uint8), spans) if spans else text)
    return cut


def by_pipeline(rows: Iterable[dict[str, str]], folder: Path, length: int) -> dict[str, str]:
    lines = (json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "in.jsonl").write_text("\n".join(lines))
    section = Curate(
        quality=Quality(rules=()),
        personal_data=None,
        heldout_share=0,
        duplicates=Duplicates(exact=False, near=None, substrings=Substrings(at_least=length)),
    )
    sources = (Source(name="s", path="in.jsonl"),)
    curate(sources, section, folder, folder / "out", Execution()).report.check()
    return {
        json.loads(row["meta"])["n"]: row["text"]
        for batch in Dataset.open(folder / "out").batches(columns=["text", "meta"])
        for row in batch.to_pylist()
    }


STORIES = {
    "en": "The keeper of the old mill counted every sheet of paper that had dried on the long racks "
    "by the river and wrote the number into a book.",
    "ko": "방앗간을 지키는 사람은 강가의 긴 선반에서 마른 종이를 한 장씩 세어 그 수를 두꺼운 공책에 날마다 적어 두었고 "
    "저녁이면 등불을 켜고 다시 확인하였다.",
    "es": "El guardián del viejo molino contó cada hoja de papel que se había secado en los largos "
    "estantes junto al río y apuntó el número en un libro.",
    "de": "Der Hüter der alten Mühle zählte jeden Bogen Papier, der auf den langen Gestellen am Fluß "
    "getrocknet war, und schrieb die Zahl in ein Buch.",
    "ja": "古い水車小屋の番人は、川辺の長い棚で乾いた紙を一枚ずつ数え、その数を厚い帳面に毎日書きつけていました。"
    "夕方になると灯りをともして、もう一度確かめました。",
    "vi": "Người giữ cối xay cũ đếm từng tờ giấy đã khô trên những giá dài bên bờ sông và ghi con số "
    "vào một quyển sổ dày mỗi ngày.",
}
BREAKS = {"en": "Then it rained.", "ko": "그리고 비가 왔다.", "es": "Luego llovió.",
          "de": "Dann regnete es.", "ja": "それから雨が降りました。", "vi": "Rồi trời mưa."}  # fmt: skip


def compared(
    texts: dict[str, list[str]], folder: Path, length: int
) -> list[tuple[str, str | None, str]]:
    """Return each text, what the pipeline made of it (None: no document), and the suffix array."""
    rows = [
        {"text": text, "n": f"{lang}{i}"}
        for lang, own in texts.items()
        for i, text in enumerate(own)
    ]
    found = by_pipeline(rows, folder, length)
    return [
        (text, found.get(f"{lang}{i}"), wanted)
        for lang, own in texts.items()
        for i, (text, wanted) in enumerate(zip(own, cut_by_suffixes(own, length), strict=True))
    ]


def test_planted_runs_of_six_languages_are_cut_as_by_a_suffix_array(tmp_path: Path) -> None:
    texts = {}
    for lang, story in STORIES.items():
        middle = len(story) // 2
        texts[lang] = [
            f"{story} {BREAKS[lang]}",
            f"{BREAKS[lang]} {story[middle:]} {story}",
            f"{story[: middle + 8]} {BREAKS[lang]} {story[middle - 30 :]}",
        ]
    found = compared(texts, tmp_path, 10)
    for _, made, wanted in found:
        assert (made or "") == wanted
        assert not wanted or unicodedata.category(wanted[0]) != "Mn"
    assert sum(wanted != text for text, _, wanted in found) >= 2 * len(STORIES)


def test_real_text_is_cut_as_by_a_suffix_array(shared_data: Path, tmp_path: Path) -> None:
    """Documents of each language, and the last two thirds of some again behind them."""
    texts = {}
    for lang in STORIES:
        (file,) = plan([Source(name="s", path=str(shared_data / "docs" / f"{lang}.jsonl.zst"))])
        read = (item for item in records(file) if isinstance(item, Record))
        mine = [normalise(r.text) for r in islice(read, 40) if 200 < len(r.text) < 6000]
        texts[lang] = [*mine, *(text[len(text) // 3 :].strip() for text in mine[::3])]
    found = compared(texts, tmp_path, 50)
    kept = [(text, made, wanted) for text, made, wanted in found if made is not None]
    assert len(kept) > len(found) // 2
    for _, made, wanted in kept:
        assert made == wanted
    assert sum(wanted != text for text, _, wanted in found) > 6 * len(STORIES)
