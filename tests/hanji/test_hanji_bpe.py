"""Our own encoder gives the ids of the engine, and leaves to it what it does not know."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Regex, models, pre_tokenizers, trainers

from hanji.manifest import Dataset
from hanji.text.bpe import THREAD_CHARS, Bpe
from hanji.text.classes import class_table
from hanji.text.patterns import PATTERNS
from hanji.tokens import MUCH, Tokenizer

TEXTS = [
    "By the way, by the way I am a fan of the Milky Way.  Two spaces;\ttab\r\n\r\n  12345 x²",
    "한국어 문장은 띄어쓰기가 있습니다. 그래서 초단어가 생깁니다! 2024년 3월",
    "El niño comió 3,5 kg de piñas... ¿verdad?\n\n¡Sí!",
    "Die Straße führt über den Fluß, 1.000 Meter – und zurück.\n",
    "日本語には空白がありません。「括弧」と、数字１２３。カタカナー",
    "Tiếng Việt có dấu: một hai ba bốn năm.",
    "<think>\nby the way\n</think><|endoftext|> <|endof <think <tool_call></tool_call>",
    "",
    " ",
    "🙂🙂 \u0301a \x00\x1c\u2028\u3000",
]
ALPHABET = "abe wtyth 한국어日本ーがéß1２./-\n\r\t\u00a0\u0301\u2028🙂<>|"


@pytest.fixture(scope="module")
def ours(demo: Path) -> Bpe:
    found = Bpe.of((demo / "tokenizer" / "tokenizer.json").read_bytes())
    assert found is not None
    return found


@pytest.fixture(scope="module")
def engine(demo: Path) -> tokenizers.Tokenizer:
    return tokenizers.Tokenizer.from_file(str(demo / "tokenizer" / "tokenizer.json"))


def check(ours: Bpe, engine: tokenizers.Tokenizer, texts: list[str]) -> None:
    texts = [text for text in texts if ours.takes(text)]
    for text, ids in zip(texts, ours.encode(texts), strict=True):
        assert ids.tolist() == engine.encode(text, add_special_tokens=False).ids, text


def test_texts_in_six_languages(ours: Bpe, engine: tokenizers.Tokenizer) -> None:
    check(ours, engine, TEXTS)
    check(ours, engine, [" ".join(TEXTS) * 3])


def test_real_text_whole_and_again(ours: Bpe, engine: tokenizers.Tokenizer, demo: Path) -> None:
    for name in ("curate", "reasoning"):
        rows = Dataset.open(demo / name).batches(columns=["text"])
        texts = [text for batch in rows for text in batch["text"].to_pylist()]
        check(ours, engine, texts)
        check(ours, engine, texts[:50])  # parts are known by now
        check(ours, engine, ["\n".join(texts)])


@given(text=st.text(st.sampled_from(ALPHABET), max_size=200))
def test_any_text_of_many_scripts(ours: Bpe, engine: tokenizers.Tokenizer, text: str) -> None:
    check(ours, engine, [text])


@given(text=st.text(max_size=60))
def test_any_text_at_all(ours: Bpe, engine: tokenizers.Tokenizer, text: str) -> None:
    check(ours, engine, [text])


@given(
    words=st.lists(st.sampled_from(["by", "the", "way", "and", "한국", "日本語"]), max_size=400),
    mark=st.sampled_from([" ", "", "  ", ", "]),
)
def test_long_runs_of_words(
    ours: Bpe, engine: tokenizers.Tokenizer, words: list[str], mark: str
) -> None:
    check(ours, engine, [mark.join(words)])


@pytest.mark.parametrize("pattern", PATTERNS)
@given(data=st.data())
def test_any_merges(pattern: str, data: st.DataObject) -> None:
    """Tokenizers of a few merges, learned from what is drawn, on other text of the same letters."""
    draw = st.text(st.sampled_from("ab 한é\n."), max_size=60)
    learned = tokenizers.Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=300, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    learned.train_from_iterator(data.draw(st.lists(draw, max_size=8)), trainer)
    ours = Bpe.of(learned.to_str().encode())
    if ours is not None:  # the trainer may make a token twice
        check(ours, learned, data.draw(st.lists(draw, max_size=8)))


def test_threads_give_what_one_gives(ours: Bpe, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text * 50 + str(i) for i in range(40) for text in TEXTS if ours.takes(text)]
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    alone = ours.encode(texts)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    assert sum(map(len, texts)) > 2 * THREAD_CHARS
    assert all(map(np.array_equal, alone, ours.encode(texts)))


def test_much_and_little_text_have_the_same_ids(demo: Path) -> None:
    path = demo / "tokenizer"
    decomposed = "Tie\u0302\u0301ng Vie\u0323\u0302t"
    texts = [*TEXTS, decomposed, TEXTS[0] * (MUCH // len(TEXTS[0]) + 1)]
    little, much = Tokenizer.load(path), Tokenizer.load(path)
    apart = [little.encode([text])[0] for text in texts[:-1]]
    together = much.encode(texts)
    assert all(map(np.array_equal, apart, together))
    assert much.counts(texts).tolist() == [len(ids) for ids in together]


def test_what_cannot_be_encoded_here_is_left_to_the_engine(ours: Bpe) -> None:
    assert not ours.takes("e\u0301")
    assert not ours.takes("\ud800")
    assert ours.takes("é")


Change = Callable[[dict], object]  # type: ignore[type-arg]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.update(normalizer={"type": "NFKC"}),
        lambda t: t.update(pre_tokenizer=t["pre_tokenizer"]["pretokenizers"][1]),
        lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(pattern={"Regex": r"\p{L}+|."}),
        lambda t: t["pre_tokenizer"]["pretokenizers"][0].update(behavior="Removed"),
        lambda t: t["pre_tokenizer"]["pretokenizers"][1].update(add_prefix_space=True),
        lambda t: t["model"].update(dropout=0.1),
        lambda t: t["model"].update(ignore_merges=True),
        lambda t: t["model"].update(merges=t["model"]["merges"][::-1]),
        lambda t: t["model"]["merges"].append(t["model"]["merges"][0]),
        lambda t: t["model"]["vocab"].pop("a"),
        lambda t: t["added_tokens"][0].update(lstrip=True),
        lambda t: t["added_tokens"][0].update(normalized=True),
        lambda t: t.pop("model"),
    ],
)
def test_a_tokenizer_of_another_kind_is_not_taken(demo: Path, change: Change) -> None:
    tokenizer = json.loads((demo / "tokenizer" / "tokenizer.json").read_bytes())
    change(tokenizer)
    assert Bpe.of(json.dumps(tokenizer).encode()) is None


def test_the_class_of_every_character_is_the_engine_s() -> None:
    table = class_table()
    points = [*range(0xD800), *range(0xE000, 0x11000), *range(0x1D000, 0x20000)]
    text = "".join(map(chr, points))
    for pattern, kinds in ((r"\p{L}", (1, 2, 3)), (r"\p{N}", (5,)), (r"\s", (6, 7, 8))):
        split = pre_tokenizers.Split(Regex(pattern + "+"), "removed", invert=True)
        found = {ord(c) for piece, _ in split.pre_tokenize_str(text) for c in piece}
        assert found == set(np.flatnonzero(np.isin(table, kinds)).tolist()) & set(points)
