"""Models of the user in the pipeline: columns, reasons, bad files; and quality classifiers."""

from __future__ import annotations

import gzip
import json
import math
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from hanji.shards import read_batches
from pipelines.curate import curate
from pipelines.models import classifier, perplexity
from pipelines.read.source import Source
from pipelines.section import Classifier, Curate, Duplicates, Models, Perplexity, Quality

WORDS = {"harvest": (1.0, 0.0), "수확": (0.9, 0.1), "casino": (0.0, 1.0), "도박": (0.0, 1.0)}
OUTPUT = {"__label__hq": (4.0, -4.0), "__label__lq": (-4.0, 4.0)}

ARPA = r"""
\data\
ngram 1=6
ngram 2=2

\1-grams:
-1.2	<unk>
-99	<s>	-0.5
-1.0	</s>
-0.8	the	-0.3
-0.9	mill	-0.2
-1.4	paper	-0.1

\2-grams:
-0.4	<s> the
-0.3	the mill

\end\
"""


def fasttext_file(path: Path, *, kind: int = 3) -> Path:
    """Write a model as fastText does: one vector a word, softmax over the labels."""
    header = struct.pack("<2i12id", 793712314, 12, 2, 5, 5, 1, 5, 1, 3, kind, 0, 0, 0, 100, 1e-4)
    entries = [(word, 0) for word in WORDS] + [(label, 1) for label in OUTPUT]
    dictionary = struct.pack("<3i2q", len(entries), len(WORDS), len(OUTPUT), 100, -1)
    for word, what in entries:
        dictionary += word.encode() + b"\0" + struct.pack("<qb", 5, what)

    def matrix(rows: Sequence[tuple[float, float]]) -> bytes:
        return b"\0" + struct.pack("<2q", len(rows), 2) + np.array(rows, "<f4").tobytes()

    tables = matrix(list(WORDS.values())) + matrix(list(OUTPUT.values()))
    path.write_bytes(header + dictionary + tables)
    return path


def arpa_file(path: Path, text: str = ARPA) -> Path:
    path.write_text(text)
    return path


def classify(text: str) -> float:
    """The slow way: the softmax of the mean vector of the known words."""
    vectors = [WORDS[word] for word in text.split() if word in WORDS]
    if not vectors:
        return 0.0
    scores = np.array(list(OUTPUT.values())) @ np.mean(vectors, axis=0)
    return float(np.exp(scores[0]) / np.exp(scores).sum())


@pytest.mark.parametrize(
    "text", ["harvest", "harvest 수확 casino", "casino\n도박 harvest", "nothing known", ""]
)
def test_a_classifier_gives_the_probability_of_the_label(text: str, tmp_path: Path) -> None:
    path = fasttext_file(tmp_path / "m.bin")
    settings = Classifier(path="", label="__label__hq")
    (found,) = classifier.classify([text], settings, path)
    if classify(text):
        assert found == pytest.approx(classify(text), abs=1e-3)  # its exponentials are a table
    else:
        assert found in (0.0, 0.5)


def test_a_classifier_looks_at_the_beginning_alone(tmp_path: Path) -> None:
    path = fasttext_file(tmp_path / "m.bin")
    settings = Classifier(path="", label="__label__lq", max_chars=7)
    whole = Classifier(path="", label="__label__lq")
    text = "harvest casino casino"
    (head,), (all_of_it,) = (classifier.classify([text], one, path) for one in (settings, whole))
    assert head < 0.01 < all_of_it


ENGLISH = "The keeper of the old mill counted the sheets of paper that had dried in the sun."
KOREAN = "방앗간을 지키는 사람은 햇볕에 마른 종이를 한 장씩 세어 상자에 넣었습니다."
GERMAN = "Der Müller zählte die Bögen, die in der Sonne getrocknet waren, und legte sie ab."


def rows() -> list[dict[str, str]]:
    made = []
    for i in range(6):
        good = i % 2 == 0
        made += [
            {"id": f"en{i}", "text": f"{ENGLISH} {'harvest' if good else 'casino'} number {i}"},
            {"id": f"ko{i}", "text": f"{KOREAN} {'수확' if good else '도박'} {i}번째 이야기"},
            {"id": f"de{i}", "text": f"{GERMAN} Seite {i}"},
        ]
    return made


def make_recipe(folder: Path) -> Models:
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows())
    (folder / "in.jsonl").write_text(lines)
    fasttext_file(folder / "quality.bin")
    arpa_file(folder / "words.arpa")
    (folder / "ko.arpa.gz").write_bytes(gzip.compress(ARPA.encode()))
    return Models(
        classifiers={
            "en": Classifier(path="quality.bin", label="__label__hq", at_least=0.5),
            "ko": Classifier(path="quality.bin", label="__label__hq"),
        },
        perplexity={
            "en": Perplexity(path="words.arpa"),
            "ko": Perplexity(path="ko.arpa.gz", at_most=1.5),
        },
    )


def run(folder: Path, models: Models, out: str = "out", workers: int = 1) -> Manifest:
    section = Curate(
        quality=Quality(rules=()), models=models, heldout_share=0, duplicates=Duplicates(near=None)
    )
    sources = (Source(name="s", path="in.jsonl"),)
    return curate(sources, section, folder, folder / out, Execution(workers=workers))


def test_models_fill_columns_and_drop_with_their_reasons(tmp_path: Path) -> None:
    manifest = run(tmp_path, make_recipe(tmp_path))
    manifest.report.check()
    assert manifest.report.total().dropped["models"] == {
        "low_classifier_score": 3, "high_perplexity": 6
    }  # fmt: skip
    kept = [
        row
        for batch in Dataset.open(tmp_path / "out").batches(
            columns=["text", "lang", "classifier_score", "perplexity"]
        )
        for row in batch.to_pylist()
    ]
    assert sorted(row["lang"] for row in kept) == ["de"] * 6 + ["en"] * 3
    for row in kept:
        if row["lang"] == "de":
            assert row["classifier_score"] is row["perplexity"] is None
        else:
            assert row["classifier_score"] > 0.9
            (again,) = perplexity.perplexities(
                [row["text"]], Perplexity(path=""), tmp_path / "words.arpa", None
            )
            assert row["perplexity"] == pytest.approx(again, rel=1e-6)


def test_every_rejection_has_value_and_threshold(tmp_path: Path) -> None:
    run(tmp_path, make_recipe(tmp_path))
    files = sorted((tmp_path / "out" / "rejected").rglob("*.arrow"))
    found = [row for path in files for batch in read_batches(path) for row in batch.to_pylist()]
    assert len(found) == 9
    for row in found:
        low = row["reason"] == "low_classifier_score"
        assert row["threshold"] == (0.5 if low else 1.5)
        assert row["value"] < 0.5 if low else row["value"] > 1.5
        assert math.isfinite(row["value"])


def test_a_text_that_says_too_little_is_dropped(tmp_path: Path) -> None:
    make_recipe(tmp_path)
    models = Models(perplexity={"en": Perplexity(path="words.arpa", at_least=1e6)})
    dropped = run(tmp_path, models).report.total().dropped["models"]
    assert dropped == {"low_perplexity": 6}


def test_another_model_is_another_run_and_workers_change_nothing(tmp_path: Path) -> None:
    models = make_recipe(tmp_path)
    one, two = run(tmp_path, models), run(tmp_path, models, "two", workers=2)
    assert one.fingerprint == two.fingerprint
    assert [shard.sha256 for shard in one.shards] == [shard.sha256 for shard in two.shards]
    arpa_file(tmp_path / "words.arpa", ARPA.replace("-1.4", "-1.5"))
    perplexity.load.cache_clear()
    assert run(tmp_path, models, "three").fingerprint != one.fingerprint


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda d: (d / "quality.bin").unlink(), "quality.bin cannot be read"),
        (lambda d: (d / "quality.bin").write_bytes(b"x" * 400), "no model of fastText"),
        (lambda d: fasttext_file(d / "quality.bin", kind=1), "holds word vectors"),
        (lambda d: cut_off(d / "quality.bin"), "quality.bin is damaged or cut off"),
        (lambda d: (d / "quality.bin").write_bytes(b"\xba\x16\x4f\x2f\x0c"), "cut off"),
        (lambda d: (d / "words.arpa").unlink(), "words.arpa cannot be read"),
        (lambda d: arpa_file(d / "words.arpa", "hello"), r"words.arpa is no ARPA file"),
        (
            lambda d: arpa_file(d / "words.arpa", ARPA.split("-0.3\tthe mill", maxsplit=1)[0]),
            "words.arpa is damaged or cut off",
        ),
        (lambda d: arpa_file(d / "words.arpa", ARPA[:120]), "words.arpa"),
        (
            lambda d: arpa_file(d / "words.arpa", ARPA.replace("-0.9\tmill\t-0.2\n", "")),
            "words.arpa",
        ),
        (lambda d: arpa_file(d / "words.arpa", ARPA.replace("ngram 2=2", "ngram 2=x")), "no count"),
        (lambda d: arpa_file(d / "words.arpa", ARPA.replace("the mill", "the moon")), "the moon"),
        (lambda d: arpa_file(d / "words.arpa", ARPA.replace("<s>", "s")), "has no <s>"),
        (lambda d: cut_off(d / "ko.arpa.gz"), "ko.arpa.gz is damaged or cut off"),
        (lambda d: (d / "ko.arpa.gz").write_bytes(b"no gzip"), "ko.arpa.gz is damaged"),
    ],
)
def test_bad_files_are_told_before_the_run(damage, message: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    models = make_recipe(tmp_path)
    damage(tmp_path)
    with pytest.raises(RecipeError, match=message):
        run(tmp_path, models)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_classifier_that_ends_anywhere_is_told(tmp_path: Path) -> None:
    whole = fasttext_file(tmp_path / "whole.bin").read_bytes()
    for n in range(len(whole)):
        path = tmp_path / f"{n}.bin"
        path.write_bytes(whole[:n])
        with pytest.raises(RecipeError, match="damaged or cut off"):
            classifier.load(path, "__label__hq")


def test_a_label_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    make_recipe(tmp_path)
    models = Models(classifiers={"en": Classifier(path="quality.bin", label="hq")})
    with pytest.raises(RecipeError, match="no label 'hq'; it has __label__hq, __label__lq"):
        run(tmp_path, models)


def test_models_may_lie_at_an_address(tmp_path: Path) -> None:
    import fsspec

    models = make_recipe(tmp_path)
    store = fsspec.filesystem("memory")
    store.pipe("/models/quality.bin", (tmp_path / "quality.bin").read_bytes())
    far = Classifier(path="memory://models/quality.bin", label="__label__hq", at_least=0.5)
    far_models = Models(classifiers={"en": far, "ko": models.classifiers["ko"]})
    dropped = run(tmp_path, far_models).report.total().dropped["models"]
    assert dropped == {"low_classifier_score": 3}
