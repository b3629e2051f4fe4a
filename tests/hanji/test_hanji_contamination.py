"""Runs of evaluation items in texts: found wherever they stand, in six languages."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.contamination.index import Index, load
from hanji.contamination.sets import CHARS, WORDS, digest_of, items_of, write_hashes
from hanji.contamination.settings import EvaluationSet
from hanji.contamination.units import units_of
from hanji.errors import InputError, RecipeError
from hanji.text.signs import HAN, HIRAGANA, KATAKANA, WORD, kind_of

ITEMS = {
    "en": "Which of the following metals melts at the lowest temperature when heated slowly in an open "
    "furnace near the sea?",
    "ko": "다음 중 바닷가의 열린 화로에서 천천히 가열할 때 가장 낮은 온도에서 녹는 금속은 무엇인지 고르고 그 까닭을 "
    "두 문장으로 설명하시오.",
    "es": "¿Cuál de los siguientes metales se funde a la temperatura más baja cuando se calienta despacio "
    "en un horno abierto?",
    "de": "Welches der folgenden Metalle schmilzt bei der niedrigsten Temperatur, wenn man es langsam in "
    "einem offenen Ofen erhitzt?",
    "ja": "次の金属のうち、海辺の開いた炉でゆっくり熱したときに最も低い温度で溶けるものはどれか、その理由とともに"
    "二文で述べなさい。",
    "vi": "Trong các kim loại sau đây, kim loại nào nóng chảy ở nhiệt độ thấp nhất khi được nung chậm trong "
    "lò mở gần biển?",
}
AROUND = {
    "en": "The harbour was quiet. {} Nobody answered him.",
    "ko": "항구는 조용했다. {} 아무도 대답하지 않았다.",
    "es": "El puerto estaba tranquilo. {} Nadie respondió.",
    "de": "Der Hafen war still. {} Niemand antwortete ihm.",
    "ja": "港は静かだった。{}誰も答えなかった。",
    "vi": "Bến cảng yên tĩnh. {} Không ai trả lời ông.",
}


def write(path: Path, texts: list[str], **more: str) -> EvaluationSet:
    rows = [{"id": f"q{i}", "text": text, **more} for i, text in enumerate(texts)]
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return EvaluationSet(name=path.stem, path=str(path))


def index_of(path: Path, texts: list[str]) -> Index:
    one = write(path, texts)
    return Index([(one.name, items_of(one))])


@pytest.mark.parametrize("lang", ITEMS)
def test_an_item_is_found_whole_at_its_place(lang: str, tmp_path: Path) -> None:
    index = index_of(tmp_path / "bench.jsonl", list(ITEMS.values()))
    text = AROUND[lang].format(ITEMS[lang]) * 3
    hits = index.hits(text)
    assert len(hits) == 3
    for hit in hits:
        assert hit.benchmark == "bench"
        assert hit.item == f"q{list(ITEMS).index(lang)}"
        assert hit.overlap == 1
        assert text[hit.start : hit.end].strip(" ¿?.。") == ITEMS[lang].strip(" ¿?.。")


@pytest.mark.parametrize("lang", ITEMS)
def test_case_width_blanks_and_marks_do_not_hide_it(lang: str, tmp_path: Path) -> None:
    index = index_of(tmp_path / "bench.jsonl", list(ITEMS.values()))
    changed = ITEMS[lang].upper().replace(" ", "\n ").replace(",", ";")
    assert index.hits(AROUND[lang].format(changed))[0].overlap == 1
    wide = "".join(chr(ord(c) + 0xFEE0) if "A" <= c <= "z" else c for c in ITEMS["en"])
    assert index.hits(wide)[0].item == "q0"


def test_a_part_is_scored_by_its_share(tmp_path: Path) -> None:
    index = index_of(tmp_path / "bench.jsonl", [ITEMS["en"], ITEMS["ko"]])
    words = ITEMS["en"].split()
    (hit,) = index.hits("We asked: " + " ".join(words[2:18]) + " today.")
    assert hit.overlap == pytest.approx(16 / len(words), abs=1e-3)
    assert index.hits("We asked: " + " ".join(words[2 : 2 + WORDS - 1])) == []
    chars = [c for c in ITEMS["ko"] if c.isalnum()]
    assert len(index.hits("".join(chars[: CHARS + 3]))) == 1
    assert index.hits("".join(chars[: CHARS - 1])) == []


def test_short_items_have_to_stand_whole(tmp_path: Path) -> None:
    short = "The river rises before the old mill closes"  # eight words
    korean = "강물은 물레방아가 닫히기 전에 먼저 불어난다고 한다"  # over twenty characters
    index = index_of(tmp_path / "bench.jsonl", [short, korean, "Yes", "아니다"])
    assert [hit.item for hit in index.hits(f"He wrote: {short}. Then he left.")] == ["q0"]
    assert [hit.item for hit in index.hits(f"그는 {korean}고 썼다.")] == ["q1"]
    assert index.hits(short.replace("closes", "opens")) == []
    assert index.hits("Yes. 아니다.") == []
    assert (index.checked["bench"].items, index.checked["bench"].too_short) == (4, 2)


def test_what_stands_in_many_items_is_a_template(tmp_path: Path) -> None:
    template = (
        "Read the passage below with care and then choose the one best answer to the question"
    )
    items = [f"{template} number {i}." for i in range(30)]
    index = index_of(tmp_path / "bench.jsonl", items)
    assert index.hits(f"{template} of the day.") == []
    assert {hit.item for hit in index.hits(items[7])} == {"q7"}


WORDS_OF = st.sampled_from("a b c d e f g h".split())


def slow_units(text: str, by_chars: bool) -> list[str]:
    def folded(c: str) -> str:
        f = unicodedata.normalize("NFKC", c).casefold()
        return f if len(f) == 1 else c.lower() if c.isascii() else c

    out, last = [], False
    for c in text:
        letter = kind_of(ord(c)) in (WORD, HIRAGANA, KATAKANA, HAN)
        if letter and (by_chars or not last):
            out.append(folded(c))
        elif letter:
            out[-1] += folded(c)
        last = letter
    return out


@given(st.text(max_size=60), st.booleans())
def test_units_are_the_obvious_ones(text: str, by_chars: bool) -> None:
    data = text.encode("utf-8", "replace")
    units = units_of(data, by_chars)
    text = data.decode()
    expected = slow_units(text, by_chars)
    assert units.n == len(expected)
    spans = [data[a:b].decode() for a, b in zip(units.starts, units.ends)]
    assert [slow_units(span, by_chars) for span in spans] == [[unit] for unit in expected]


@given(
    st.lists(st.lists(WORDS_OF, min_size=1, max_size=24), min_size=1, max_size=6),
    st.lists(WORDS_OF, max_size=60),
)
def test_hits_are_those_of_a_search_for_every_run(items: list[list[str]], text: list[str]) -> None:
    from hanji.contamination.sets import _item

    index = Index([("bench", [_item(str(i), " ".join(words)) for i, words in enumerate(items)])])
    found = {hit.item: hit.overlap for hit in index.hits(" ".join(text))}
    runs = [{tuple(w[i : i + WORDS]) for i in range(len(w) - WORDS + 1)} for w in items]
    for number, words in enumerate(items):
        expected = 0.0
        if len(words) >= WORDS:
            covered = set()
            for i in range(len(words) - WORDS + 1):
                run = tuple(words[i : i + WORDS])
                common = sum(run in other for other in runs) > 10
                inside = any(tuple(text[k : k + WORDS]) == run for k in range(len(text)))
                covered |= set(range(i, i + WORDS)) if inside and not common else set()
            expected = len(covered) / len(words)
        elif len(words) >= 8:
            n = len(words)
            expected = float(any(text[k : k + n] == words for k in range(len(text) - n + 1)))
        assert found.get(str(number), 0.0) == pytest.approx(expected, abs=1e-4)


def test_every_position_of_a_long_text_is_looked_at(tmp_path: Path) -> None:
    index = index_of(tmp_path / "bench.jsonl", [ITEMS["de"]])
    filler = "Der Wind drehte auf Nord und die Boote blieben im Hafen. "
    for place in range(0, 400, 37):
        text = filler * place + ITEMS["de"] + filler * (400 - place)
        assert len(index.hits(text)) == 1


def test_sets_of_every_kind_give_the_same_items(tmp_path: Path) -> None:
    one = write(tmp_path / "bench.jsonl", list(ITEMS.values()))
    plain = items_of(one)
    rows = [{"id": f"q{i}", "text": text} for i, text in enumerate(ITEMS.values())]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "bench.parquet")
    assert items_of(EvaluationSet(name="b", path=str(tmp_path / "bench.parquet"))) == plain
    assert write_hashes(one, tmp_path / "bench.hashes") == len(ITEMS)
    hashed = items_of(EvaluationSet(name="b", path=str(tmp_path / "bench.hashes")))
    assert [item.keys for item in hashed] == [item.keys for item in plain]
    secret = (tmp_path / "bench.hashes").read_bytes()
    assert b"metal" not in secret
    assert "금속".encode() not in secret
    assert digest_of(one) != digest_of(EvaluationSet(name="b", path=one.path))


def test_keys_of_an_item_are_joined(tmp_path: Path) -> None:
    one = write(tmp_path / "bench.jsonl", ["What is the boiling point of water at the top of this"],
                answer="high mountain in the middle of summer?")  # fmt: skip
    both = EvaluationSet(name="b", path=one.path, keys=("text", "answer"))
    index = load((both,))
    assert (
        index.hits("water at the top of this high mountain in the middle of summer, they said")
        != []
    )


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("none.jsonl", None, RecipeError, "does not exist; check the path"),
        ("a.txt", b"text", RecipeError, "is of no known kind"),
        ("a.jsonl", b'{"question": "x"}\n', InputError, "has no text 'text'; set `keys`"),
        ("a.jsonl", b"{broken\n", InputError, "line 1: is no JSON"),
        ("a.jsonl", b"[1]\n", InputError, "line 1: is no object"),
        ("a.jsonl.gz", b"nothing packed", InputError, "cannot be unpacked"),
        ("a.jsonl.zst", b"nothing packed", InputError, "cannot be unpacked"),
        ("a.parquet", b"nothing", InputError, "is no readable Parquet file"),
        ("a.hashes", b"{}\n", InputError, "was made with other windows"),
    ],
)
def test_bad_sets_are_told(
    name: str, content: bytes | None, error: type[Exception], message: str, tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=message):
        items_of(EvaluationSet(name="b", path=name), tmp_path)


def test_an_empty_index_and_an_empty_text_have_no_hits(tmp_path: Path) -> None:
    assert Index([]).hits(ITEMS["en"]) == []
    index = index_of(tmp_path / "bench.jsonl", list(ITEMS.values()))
    for text in ("", " ", "\ud800", "1 2 3", "。" * 500):
        assert index.hits(text) == []


def test_many_texts_give_no_false_hits(tmp_path: Path) -> None:
    index = index_of(tmp_path / "bench.jsonl", list(ITEMS.values()))
    draw = np.random.Generator(np.random.Philox(3))
    words = " ".join(text for lang, text in ITEMS.items() if lang != "ja").split()
    for _ in range(200):
        assert index.hits(" ".join(draw.permutation(words)[:100])) == []
