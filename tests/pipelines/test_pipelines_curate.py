"""The whole pipeline: every document accounted for, the same bytes for any number of workers."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest
import zstandard

from hanji.errors import InputError, OutputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Dataset, Manifest
from pipelines.curate import curate
from pipelines.read.source import Source
from pipelines.section import Curate, Duplicates, Language, Quality

BASE = {
    "en": "The paper maker of the valley dries sheet {i} in the sun and counts it with the others. "
    "Each sheet is pressed, brushed and hung, and the boards are washed in the stream. "
    "Visitors ask how long the work takes, and the answer has always been that it takes a winter.",
    "ko": "마을의 종이 장인은 {i}번째 종이를 햇볕에 말리고 다른 종이와 함께 세어 둔다. "
    "닥나무 껍질은 겨울에 벗기고 맑은 물에 오래 담가 둔다. 손님들은 시간이 얼마나 걸리는지 묻고, "
    "장인은 언제나 한 겨울이 걸린다고 대답한다. 종이는 천 년을 간다고 사람들은 말한다.",
    "es": "El papelero del valle seca la hoja {i} al sol y la cuenta con las demás. "
    "Cada hoja se prensa, se cepilla y se cuelga, y las tablas se lavan en el arroyo. "
    "Los visitantes preguntan cuánto dura el trabajo, y la respuesta es que dura un invierno.",
    "de": "Der Papiermacher im Tal trocknet das Blatt {i} in der Sonne und zählt es mit den anderen. "
    "Jedes Blatt wird gepresst, gebürstet und aufgehängt, und die Bretter werden im Bach gewaschen. "
    "Besucher fragen, wie lange die Arbeit dauert, und die Antwort ist immer ein ganzer Winter.",
    "ja": "谷の紙漉きは{i}枚目の紙を日に干し、ほかの紙と一緒に数える。楮の皮は冬に剥ぎ、清い水に長く浸しておく。"
    "訪れる人はどれほど時間がかかるのかと尋ね、職人はいつも一冬かかると答える。紙は千年もつと人は言う。",
    "vi": "Người thợ làm giấy trong thung lũng phơi tờ giấy thứ {i} dưới nắng và đếm cùng các tờ khác. "
    "Mỗi tờ giấy được ép, được chải và được treo lên, còn các tấm ván thì được rửa ở con suối. "
    "Khách đến hỏi công việc mất bao lâu, và câu trả lời luôn là mất cả một mùa đông.",
}
TAILS = ["It rained.", "비가 왔다.", "Llovió.", "Es regnete.", "雨が降った。", "Trời mưa."]
SALT = [
    "lamp",
    "river",
    "stone",
    "bridge",
    "candle",
    "winter",
    "harbour",
    "window",
    "forest",
    "letter",
    "garden",
    "silver",
]


def text(lang: str, i: int) -> str:
    """A text that differs from its neighbours in more than half of its shingles."""
    names = " ".join(SALT[(i * k + k) % 12] + str(i * k) for k in range(2, 40))
    return f"{BASE[lang].format(i=i)}\n{names}.\n{BASE[lang].format(i=i * 7 + 1)}"


def corpus(directory: Path, n: int = 12) -> tuple[Source, ...]:
    """Six languages in three packings, with planted duplicates and faults."""
    directory.mkdir(parents=True)
    for number, lang in enumerate(BASE):
        records = [{"id": f"{lang}-{i}", "text": text(lang, i)} for i in range(n)]
        records.append({"id": f"{lang}-same", "text": "  " + text(lang, 0).replace(" ", "  ")})
        records.append({"id": f"{lang}-near", "text": text(lang, 1) + " " + TAILS[number]})
        records.append({"id": f"{lang}-short", "text": "404"})
        records.append({"id": f"{lang}-mail", "text": text(lang, 99) + " a.b@example.org"})
        data = "".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records).encode()
        match number % 3:
            case 0:
                (directory / f"{lang}.jsonl").write_bytes(data)
            case 1:
                (directory / f"{lang}.jsonl.gz").write_bytes(gzip.compress(data, mtime=0))
            case 2:
                packed = zstandard.ZstdCompressor().compress(data)
                (directory / f"{lang}.jsonl.zst").write_bytes(packed)
    (directory / "tree" / "deep").mkdir(parents=True)
    (directory / "tree" / "a.md").write_text("# Paper\n\n" + text("en", 200))
    (directory / "tree" / "deep" / "b.txt").write_text(text("ko", 201))
    (directory / "tree" / "deep" / "c.txt").write_bytes(text("de", 202).encode("latin-1"))
    return (
        Source(name="docs", path=str(directory / "*.jsonl*"), license="CC0-1.0"),
        Source(name="tree", path=str(directory / "tree")),
    )


# The made-up texts repeat their words.
LOOSE = Curate(max_failures=0.5, quality=Quality(rules=("gopher", "c4", "fineweb")))


def run(
    sources: tuple[Source, ...], out: Path, section: Curate = LOOSE, workers: int = 1
) -> Manifest:
    return curate(sources, section, Path(), out, Execution(workers=workers))


def everything(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*") if p.is_file())
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


def test_every_document_is_accounted_for(tmp_path: Path) -> None:
    manifest = run(corpus(tmp_path / "in"), tmp_path / "out")
    report = manifest.report
    report.check()
    total = report.total()
    assert total.read == 6 * 16 + 3
    assert total.failed == {"invalid_utf8": 1}
    assert total.dropped["duplicates"] == {"exact_duplicate": 6, "near_duplicate": 6}
    assert sum(total.dropped["language"].values()) == 6  # "404" is in no language
    assert total.kept == 6 * 13 + 2
    dataset = Dataset.open(tmp_path / "out", "document/1")
    assert dataset.rows == total.kept
    assert dataset.langs == sorted(BASE)
    rejected = [row for b in dataset.batches("rejected") for row in b.to_pylist()]
    assert len(rejected) == 18
    kept = {document.id: document for document in dataset.documents()}
    assert all(row["kept_id"] in kept for row in rejected if row["step"] == "duplicates")
    quarantine = [row for b in dataset.batches("quarantine") for row in b.to_pylist()]
    assert [(row["file"], row["reason"]) for row in quarantine] == [
        ("tree/deep/c.txt", "invalid_utf8")
    ]
    assert not any("example.org" in document.text for document in kept.values())
    assert manifest.facts["masked"] == {lang: {"email": 1} for lang in sorted(BASE)}


def test_the_bytes_are_the_same_for_any_number_of_workers_and_partitions(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in")
    run(sources, tmp_path / "one")
    run(sources, tmp_path / "two", workers=2)
    assert everything(tmp_path / "one") == everything(tmp_path / "two")
    section = msgspec.structs.replace(LOOSE, duplicates=Duplicates(partitions=3))
    run(sources, tmp_path / "three", section)
    shards = {k: v for k, v in everything(tmp_path / "one").items() if k.endswith(".arrow")}
    assert shards.items() <= everything(tmp_path / "three").items()


def test_a_second_run_reuses_the_first_and_another_recipe_is_refused(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in", 3)
    first = run(sources, tmp_path / "out")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")}
    assert run(sources, tmp_path / "out") == first
    assert {p: p.stat().st_mtime_ns for p in (tmp_path / "out").rglob("*")} == before
    other = msgspec.structs.replace(LOOSE, language=Language(keep=("ko",)))
    with pytest.raises(OutputError, match="another recipe"):
        run(sources, tmp_path / "out", other)


def test_a_changed_input_is_another_input(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in", 3)
    run(sources, tmp_path / "out")
    (tmp_path / "in" / "tree" / "a.md").write_text(text("en", 300))
    with pytest.raises(OutputError, match="another recipe or input"):
        run(sources, tmp_path / "out")


def test_a_killed_run_goes_on_with_the_units_that_are_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = corpus(tmp_path / "in")
    run(sources, tmp_path / "whole")
    from pipelines import compare

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compare, "compare", killed)
        with pytest.raises(KeyboardInterrupt):
            run(sources, tmp_path / "out")
    with pytest.raises(RecipeError, match="unfinished"):
        Manifest.load(tmp_path / "out")
    done = sorted((tmp_path / "out").glob(".work-*/units/*.done.json"))
    done[0].unlink()
    (done[1].parent / "000001.clean.arrow").touch()
    times = {path: path.stat().st_mtime_ns for path in done[1:]}
    with monkeypatch.context() as patch:
        patch.setattr(compare, "compare", killed)
        with pytest.raises(KeyboardInterrupt):
            run(sources, tmp_path / "out")
    assert {path: path.stat().st_mtime_ns for path in done[1:]} == times
    assert done[0].exists()
    run(sources, tmp_path / "out")
    assert everything(tmp_path / "out") == everything(tmp_path / "whole")


def test_too_many_failures_end_the_run_with_the_first_of_them(tmp_path: Path) -> None:
    sources = corpus(tmp_path / "in", 3)
    with pytest.raises(
        InputError, match=r"1 of 45 records.*tree/deep/c\.txt at byte .*invalid_utf8"
    ):
        run(sources, tmp_path / "out", Curate())
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_source_without_files_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"source 'web': .* matches no file"):
        run((Source(name="web", path=str(tmp_path / "*.jsonl")),), tmp_path / "out")
    with pytest.raises(RecipeError, match="there is none"):
        run((), tmp_path / "out")
    (tmp_path / "a.png").write_bytes(b"x")
    with pytest.raises(RecipeError, match=r"the format of .*a\.png is not known"):
        run((Source(name="web", path=str(tmp_path / "a.png")),), tmp_path / "out")
    twice = (Source(name="a", path="x"), Source(name="a", path="y"))
    with pytest.raises(RecipeError, match="two are named 'a'"):
        run(twice, tmp_path / "out")


def test_steps_can_be_left_out(tmp_path: Path) -> None:
    section = msgspec.structs.replace(
        LOOSE, quality=None, personal_data=None, duplicates=Duplicates(exact=False, near=None)
    )
    manifest = run(corpus(tmp_path / "in", 3), tmp_path / "out", section)
    assert set(manifest.report.total().dropped) == {"language"}
    strict = msgspec.structs.replace(LOOSE, quality=Quality(limits={"de": {"n_words_min": 10_000}}))
    manifest = run(corpus(tmp_path / "again", 3), tmp_path / "strict", strict)
    assert manifest.report.by_lang()["de"].kept == 0
    assert manifest.report.by_lang()["ko"].kept > 0


@pytest.mark.slow
def test_the_shared_text_is_curated(shared_data: Path, tmp_path: Path) -> None:
    source = Source(name="docs", path=str(shared_data / "docs" / "*.jsonl.*"))
    manifest = run((source,), tmp_path / "out", Curate(), workers=2)
    assert manifest.report.total().read == 10_381
    for lang in BASE:
        assert manifest.report.by_lang()[lang].kept > 500
