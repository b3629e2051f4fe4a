"""N-gram models: read and scored as the slow way does it, and as KenLM."""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import RecipeError
from pipelines.models import perplexity
from pipelines.models.arpa import Arpa
from pipelines.section import Perplexity

ARPA = r"""
\data\
ngram 1=7
ngram 2=5
ngram 3=2

\1-grams:
-1.2	<unk>
-99	<s>	-0.5
-1.0	</s>
-0.8	the	-0.3
-0.9	mill	-0.2
-1.1	종이	-0.4
-1.4	paper	-0.1

\2-grams:
-0.4	<s> the	-0.25
-0.3	the mill	-0.15
-0.6	mill </s>
-0.7	종이 the
-0.5	the paper

\3-grams:
-0.1	<s> the mill
-0.2	the mill </s>

\end\
"""


def arpa_file(path: Path, text: str = ARPA) -> Path:
    path.write_text(text)
    return path


def grams_of(text: str) -> dict[tuple[str, ...], tuple[float, float]]:
    found = {}
    for line in text.split("\n"):
        parts = line.split("\t")
        if len(parts) > 1:
            backoff = float(parts[2]) if len(parts) > 2 else 0.0
            found[tuple(parts[1].split(" "))] = float(parts[0]), backoff
    return found


def chance(
    grams: dict[tuple[str, ...], tuple[float, float]], context: tuple[str, ...], word: str
) -> float:
    """The slow way: back off until the n-gram is there."""
    if (*context, word) in grams:
        return grams[(*context, word)][0]
    return grams.get(context, (0.0, 0.0))[1] + chance(grams, context[1:], word)


def log_sum(text: str, order: int, words: Sequence[str]) -> float:
    grams = grams_of(text)
    known = [word if (word,) in grams else "<unk>" for word in words]
    line = ["<s>", *known, "</s>"]
    starts = range(1, len(line))
    return sum(chance(grams, tuple(line[max(0, i - order + 1) : i]), line[i]) for i in starts)


WORD = st.sampled_from(["the", "mill", "종이", "paper", "unseen", "</s>", "<unk>"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Arpa:
    return Arpa(arpa_file(tmp_path_factory.mktemp("arpa") / "m.arpa"), "m")


@given(lines=st.lists(st.lists(WORD, max_size=6), min_size=1, max_size=4))
def test_lines_have_the_probability_of_the_slow_way(model: Arpa, lines: list[list[str]]) -> None:
    wanted = [log_sum(ARPA, 3, words) for words in lines]
    assert model.log_sums(lines) == pytest.approx(wanted)


@st.composite
def arpas(draw: st.DrawFn) -> tuple[str, int]:
    """Any model over four words, prefixes and suffixes of its n-grams left out here and there."""
    words = ["a", "b", "ㄱ", "é"]
    order = draw(st.integers(1, 4))
    value = st.integers(-300, -1).map(lambda n: n / 100)
    parts = ["\\data\\"]
    sections = []
    for n in range(1, order + 1):
        if n == 1:
            grams = [("<s>",), ("</s>",), *((w,) for w in words)]
            grams += [("<unk>",)] if draw(st.booleans()) else []
        else:
            tuples = list(itertools.product(words, repeat=n))
            grams = draw(st.lists(st.sampled_from(tuples), unique=True, max_size=12))
            grams += [("<s>", *gram[1:]) for gram in grams[:3] if ("<s>", *gram[1:]) not in grams]
            grams = list(dict.fromkeys(grams))
        parts.append(f"ngram {n}={len(grams)}")
        lines = [f"{draw(value)}\t{' '.join(gram)}\t{draw(value)}" for gram in grams]
        sections += [f"\n\\{n}-grams:", *lines]
    return "\n".join([*parts, *sections, "\n\\end\\"]) + "\n", order


@given(
    made=arpas(),
    line=st.lists(st.sampled_from(["a", "b", "ㄱ", "é", "x"]), max_size=8),
)
def test_any_model_is_read_as_the_slow_way_reads_it(
    made: tuple[str, int], line: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    text, order = made
    path = tmp_path_factory.mktemp("arpa") / "m.arpa"
    path.write_text(text)
    if "<unk>" not in text:
        text = text.replace("\n\\1-grams:", "\n\\1-grams:\n-100\t<unk>\t0")
    assert Arpa(path, "m").log_sums([line]) == pytest.approx([log_sum(text, order, line)])


@pytest.mark.skipif(importlib.util.find_spec("kenlm") is None, reason="kenlm is not installed")
def test_kenlm_says_the_same(tmp_path: Path) -> None:
    import kenlm

    path = arpa_file(tmp_path / "m.arpa", ARPA.lstrip())
    theirs, ours = kenlm.Model(str(path)), Arpa(path, "m")
    for n in range(4):
        for words in itertools.product(["the", "mill", "종이", "unseen"], repeat=n):
            (found,) = ours.log_sums([words])
            assert found == pytest.approx(theirs.score(" ".join(words)), abs=1e-5)


def test_perplexity_is_of_lines_with_their_ends(tmp_path: Path) -> None:
    path = arpa_file(tmp_path / "m.arpa")
    settings = Perplexity(path="")
    (found,) = perplexity.perplexities(["The mill\n\n종이"], settings, path, None)
    total = log_sum(ARPA, 3, ["the", "mill"]) + log_sum(ARPA, 3, ["종이"])
    assert found == pytest.approx(10 ** (-total / 5))
    assert perplexity.perplexities(["", "\n"], settings, path, None) == [1e9, 1e9]
    as_is = Perplexity(path="", form="as_is")
    assert perplexity.perplexities(["The mill"], as_is, path, None) > [found]
    packed = tmp_path / "m.arpa.gz"
    packed.write_bytes(gzip.compress(ARPA.encode()))
    again = perplexity.perplexities(["The mill\n\n종이"], settings, packed, None)
    assert again == [found]


def test_words_may_be_pieces(tmp_path: Path) -> None:
    sentencepiece = pytest.importorskip("sentencepiece")
    path = tmp_path / "pieces"
    corpus = [f"the mill makes paper {i}" for i in range(50)]
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus), model_prefix=str(path), vocab_size=30, minloglevel=2
    )
    model = path.with_suffix(".model")
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(model)).encode(
        "the mill", out_type=str
    )
    arpa = arpa_file(tmp_path / "m.arpa")
    settings = Perplexity(path="", pieces="x")
    (found,) = perplexity.perplexities(["The mill"], settings, arpa, model)
    assert found == pytest.approx(10 ** (-log_sum(ARPA, 3, pieces) / (len(pieces) + 1)))


def test_plain_form_is_that_of_ccnet() -> None:
    assert perplexity.plain("  „Größe“ 1.234：可以。…") == '"große" 0.000:可以....'
    assert perplexity.plain("") == ""


def test_only_ascii_s_blanks_part_words(tmp_path: Path) -> None:
    text = ARPA.replace("paper", "pa\u00a0per").replace("종이", "종\u3000이")
    path = arpa_file(tmp_path / "m.arpa", text)
    (found,) = perplexity.perplexities(
        ["the pa\u00a0per\t종\u3000이"], Perplexity(path=""), path, None
    )
    total = log_sum(text, 3, ["the", "pa\u00a0per", "종\u3000이"])
    assert found == pytest.approx(10 ** (-total / 4))


def test_a_binary_file_names_the_reader_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "kenlm", None)
    path = tmp_path / "m.bin"
    path.write_bytes(b"mmap lm http://kheafield.com/code format version 5\n")
    with pytest.raises(RecipeError, match="pip install kenlm"):
        perplexity.load(path)
