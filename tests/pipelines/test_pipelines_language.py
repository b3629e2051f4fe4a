"""Languages: six and their neighbours, short and long, pure and mixed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from hanji.schema import LANGS
from pipelines.language import detect
from pipelines.language import model as models
from pipelines.language.model import model, posteriors, scripts

SENTENCES = {
    "en": "The lake freezes every winter, and the children skate to school.",
    "ko": "호수는 겨울마다 얼고 아이들은 스케이트를 타고 학교에 간다.",
    "es": "El lago se hiela cada invierno y los niños van patinando a la escuela.",
    "de": "Der See friert jeden Winter zu, und die Kinder laufen auf Schlittschuhen zur Schule.",
    "ja": "湖は毎年冬に凍り、子どもたちはスケートで学校に通う。",
    "vi": "Mùa đông nào hồ cũng đóng băng và bọn trẻ trượt băng đến trường.",
    "pt": "O lago congela todos os invernos e as crianças vão patinando para a escola.",
    "ca": "El llac es glaça cada hivern i els nens van patinant a l'escola.",
    "fr": "Le lac gèle chaque hiver et les enfants vont à l'école en patins.",
    "it": "Il lago gela ogni inverno e i bambini vanno a scuola pattinando.",
    "nl": "Het meer bevriest elke winter en de kinderen schaatsen naar school.",
    "da": "Søen fryser til hver vinter, og børnene løber på skøjter til skole.",
    "sv": "Sjön fryser varje vinter och barnen åker skridskor till skolan.",
    "zh": "湖水每年冬天都会结冰，孩子们滑着冰去上学。",
    "id": "Danau itu membeku setiap musim dingin dan anak-anak berseluncur ke sekolah.",
    "tr": "Göl her kış donar ve çocuklar okula patenle gider.",
    "pl": "Jezioro zamarza każdej zimy, a dzieci jeżdżą do szkoły na łyżwach.",
    "ru": "Озеро замерзает каждую зиму, и дети ездят в школу на коньках.",
}


@pytest.mark.parametrize("lang", SENTENCES)
def test_a_sentence_of_each(lang: str) -> None:
    assert detect([SENTENCES[lang]])[0].lang == lang


@pytest.mark.parametrize("lang", LANGS)
def test_a_text_in_capitals_is_what_it_is(lang: str) -> None:
    assert detect([SENTENCES[lang].upper()])[0].lang == lang


def bytes_of(texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(data) for data in encoded])]).astype(np.int64)
    return np.frombuffer(b"".join(encoded), np.uint8), offsets


@settings(max_examples=12)
@given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from(list(SENTENCES.values()))),
                min_size=1, max_size=20))  # fmt: skip
def test_the_kernel_gives_what_the_package_gives(texts: list[str]) -> None:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    slow = _slow.setdefault(
        "model", LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    )
    texts = [slow._encode(text).decode("utf-8", "surrogatepass") for text in texts]
    fast = posteriors(*bytes_of(texts))
    for text, mine in zip(texts, fast):
        theirs = slow._decide(text)
        # Weights are kept in 256 steps.
        assert np.abs(mine - theirs).max() < 0.02
        best = np.sort(theirs)[-2:]
        if best[1] - best[0] > 0.04:
            assert mine.argmax() == theirs.argmax()


_slow: dict[str, object] = {}


@given(st.lists(st.text(max_size=60), max_size=12))
def test_a_guess_depends_on_its_text_alone(texts: list[str]) -> None:
    together = detect(texts)
    assert together == [detect([text])[0] for text in texts]
    assert detect(texts[::-1]) == together[::-1]


def test_scripts_are_counted() -> None:
    counts = scripts(*bytes_of(["한글 ab", "ひらカタ漢字", "ﾊﾝｼﾞ", "Größe", "", "123 !?"]))
    assert counts.tolist() == [
        [2, 0, 0, 2, 0],
        [0, 4, 2, 0, 0],
        [0, 3, 0, 0, 1],
        [0, 0, 0, 3, 2],
        [0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]


@pytest.mark.parametrize("text", ["", " ", "\0", "\ud800", "12:30", "🎉🎉", "a", "\n" * 4_000])
def test_what_holds_no_language_is_told_so_or_unsure(text: str) -> None:
    guess = detect([text])[0]
    assert guess.lang == "und" or guess.score < 0.5


def test_a_line_of_ten_megabytes() -> None:
    assert detect([SENTENCES["de"] * 120_000])[0].lang == "de"


def paragraphs(lang: str, n: int) -> str:
    return "\n\n".join([" ".join([SENTENCES[lang]] * 4)] * n)


@pytest.mark.parametrize(
    ("lang", "other"), [("ko", "en"), ("es", "de"), ("ja", "vi"), ("vi", "en")]
)
def test_a_mixed_text_has_the_shares_of_its_languages(lang: str, other: str) -> None:
    text = paragraphs(lang, 30) + "\n\n" + paragraphs(other, 10)
    guess = detect([text])[0]
    assert guess.lang == lang
    assert list(guess.shares) == [lang, other]
    size = len(paragraphs(other, 10)) / len(text)
    assert abs(guess.other_share - size) < 0.12
    assert detect([paragraphs(lang, 30)])[0].other_share == 0


def test_code_and_licences_do_not_make_a_text_english() -> None:
    licence = "Licensed under the terms below; you may not use this file except as they allow.\n"
    code = "import sys\n\nfor line in sys.stdin:\n    print(line.strip())\n" * 5
    parts = [licence * 6]
    for _ in range(6):
        parts += [code, " ".join([SENTENCES["es"]] * 5)]
    assert detect(["\n\n".join(parts)])[0].lang == "es"


def test_expected_languages_are_likelier_in_a_short_text_alone() -> None:
    word, sentence = "animal", SENTENCES["pt"]
    names = model().classes
    first = [posteriors(*bytes_of([text])) for text in (word, sentence)]
    then = [posteriors(*bytes_of([text]), ["es"]) for text in (word, sentence)]
    at = names.index("es")
    assert then[0][0, at] > 1.5 * first[0][0, at]
    assert names[then[1][0].argmax()] == "pt"


@pytest.mark.parametrize(("group", "floor"), [("short", 0.81), ("long", 0.9925)])
def test_the_labelled_set(group: str, floor: float, shared_data: Path) -> None:
    path = shared_data / "lid" / "labelled.jsonl.zst"
    with zstandard.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    rows = [r for r in rows if (r["kind"] in ("single-words", "word-pairs")) == (group == "short")]
    guesses = detect([row["text"] for row in rows])

    def six(lang: str) -> str:
        return lang if lang in LANGS else "other"

    right = [six(g.lang) == six(row["lang"]) for g, row in zip(guesses, rows)]
    assert sum(right) / len(right) >= floor


def test_the_unpacked_model_is_kept_and_made_anew_where_it_is_damaged(tmp_path: Path) -> None:
    kept = tmp_path / "folder" / "model.npz"
    made = models._unpacked_once(kept)
    size = kept.stat().st_size
    read = models._unpacked_once(kept)
    assert (read.classes, read.twins) == (made.classes, made.twins)
    for name in ("weights", "step", "biases", "moves", "nodes"):
        one, two = getattr(made, name), getattr(read, name)
        assert one.dtype == two.dtype
        assert np.array_equal(one, two)
    whole = kept.read_bytes()
    for damaged in (whole[: size // 2], whole[:-9000] + bytes(9000), b"", b"no archive"):
        kept.write_bytes(damaged)
        assert np.array_equal(models._unpacked_once(kept).weights, made.weights)
        assert kept.read_bytes() == whole
    assert [path.name for path in kept.parent.iterdir()] == ["model.npz"]


def test_where_the_unpacked_model_cannot_be_kept_it_serves_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert models._unpacked_once(tmp_path / "file" / "model.npz").classes
