"""Extractive trajectories: every claim stands in the document, at its span."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Dataset
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, document_id, to_batch
from hanji.shards import ShardSet
from synth.extractive import facts, trajectories
from synth.generate import from_documents
from synth.make import make
from synth.section import Extractive, Markers, Procedural, Reasoning
from synth.verify import verify

TEXTS = {
    "en": "The mill was built in 1742 by a widow. It burned down in 1811 one night. "
    "The bridge is 86 metres long today. The old ferry needed 120 metres of rope.",
    "ko": "방앗간은 1742년에 한 과부가 지었다고 한다. 그러나 1811년에 불이 나서 무너졌다. "
    "새로 놓은 다리의 길이는 86미터이다. 옛 나룻배에는 밧줄 120미터가 필요했다.",
    "es": "El molino fue construido en 1742 por una viuda. Ardió una noche en 1811 sin remedio. "
    "El puente mide hoy 86 metros de largo. La barca necesitaba 120 metros de cuerda.",
    "de": "Die Mühle wurde im Jahr 1742 von einer Witwe gebaut. Sie brannte im Jahr 1811 ganz ab. "
    "Die Brücke ist heute 86 Meter lang. Die alte Fähre brauchte 120 Meter Seil.",
    "ja": "水車小屋は1742年に一人の未亡人が建てたという。しかし1811年の夜に焼け落ちてしまった。"
    "新しい橋の長さは86メートルであるという。古い渡し船には綱が120メートルも要った。",
    "vi": "Cối xay do một góa phụ dựng năm 1742 ở bến. Nó bị cháy năm 1811 trong một đêm. "
    "Cây cầu bây giờ dài 86 mét. Con đò ngày xưa cần 120 mét dây.",
}


def document(lang: str) -> Document:
    return Document(id=document_id("test", lang), text=TEXTS[lang], lang=lang, source="test")


@pytest.mark.parametrize("lang", LANGS)
def test_years_and_amounts_are_found_at_their_spans(lang: str) -> None:
    found = facts(document(lang))
    assert [int(fact.value) for fact in found] == [1742, 1811, 86, 120]
    for fact in found:
        assert fact.written in TEXTS[lang][fact.start : fact.end]


@pytest.mark.parametrize("lang", LANGS)
def test_trajectories_order_years_and_compare_amounts(lang: str) -> None:
    order, compare = trajectories(document(lang), 1)
    assert order.task == "order_years"
    assert order.answer.replace("、", ", ") == "1742, 1811"
    assert "1811 − 1742 = 69" in order.thinking
    assert compare.task == "compare_amounts"
    assert "120 − 86 = 34" in compare.thinking
    assert "34" in compare.answer


@pytest.mark.parametrize("lang", LANGS)
def test_quotes_equal_the_source_to_the_letter(lang: str) -> None:
    for sample in from_documents([document(lang)], Extractive(), Markers(), 1):
        assert verify(sample, Markers()).passed
        for span in sample.source_spans:
            assert sample.document[span.start : span.end] in sample.thinking


FAULTS = {
    "quotes_occur": lambda s: msgspec.structs.replace(
        s, document=s.document.replace("a", "e").replace("다", "요").replace("た", "な")
    ),
    "arithmetic_holds": lambda s: msgspec.structs.replace(
        s, thinking=s.thinking.replace("= 69", "= 68").replace("= 34", "= 35")
    ),
    "well_formed": lambda s: msgspec.structs.replace(s, text=s.text.replace("</think>", "")),
    "numbers_are_grounded": lambda s: msgspec.structs.replace(s, answer="999"),
}


@pytest.mark.parametrize("reason", FAULTS)
@pytest.mark.parametrize("lang", LANGS)
def test_a_planted_fault_is_named(lang: str, reason: str) -> None:
    samples = list(from_documents([document(lang)], Extractive(), Markers(), 1))
    assert len(samples) == 2
    for sample in samples:
        verdict = verify(FAULTS[reason](sample), Markers())
        assert not verdict.checks[reason]
        assert not verdict.passed


def curated(directory: Path) -> Path:
    commit = Commit.begin(directory, stage="curate", kind="document/1", section={})
    shards, report = ShardSet(commit.work, DOCUMENT), Report()
    for lang in LANGS:
        shards.write(lang, to_batch([document(lang)]))
        report.read("test", lang)
        report.kept("test", lang)
    commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": 0.0})
    return directory


def test_a_run_writes_samples_of_both_families_with_the_law(tmp_path: Path) -> None:
    source = curated(tmp_path / "curate")
    section = Reasoning(procedural=Procedural(count=10, near_duplicate=1.0))
    manifest = make(section, source, tmp_path / "a", Execution())
    manifest.report.check()
    assert manifest.rows == 6 * (len(section.procedural.tasks) * 10 + 2)
    assert manifest.kind == "thought/1"
    rows = [r for b in Dataset.open(tmp_path / "a").batches(lang="ko") for r in b.to_pylist()]
    assert {row["family"] for row in rows} == {"procedural", "extractive"}
    make(section, source, tmp_path / "b", Execution())
    shards = sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*.arrow"))
    assert all(
        (tmp_path / "a" / p).read_bytes() == (tmp_path / "b" / p).read_bytes() for p in shards
    )
    assert make(section, source, tmp_path / "a", Execution()) == manifest


def test_what_fails_is_kept_apart_with_its_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from synth import verify as module

    monkeypatch.setitem(module.CHECKS, "arithmetic_holds", lambda s, m: s.task != "dates")
    section = Reasoning(procedural=Procedural(count=5), extractive=None, langs=("ko",))
    manifest = make(section, None, tmp_path / "out", Execution())
    assert manifest.report.total().dropped == {"verify": {"arithmetic_holds": 5}}
    rows = [r for b in Dataset.open(tmp_path / "out").batches("rejected") for r in b.to_pylist()]
    assert {(row["task"], row["reason"]) for row in rows} == {("dates", "arithmetic_holds")}


def test_bad_settings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no family is asked for"):
        make(Reasoning(extractive=None, procedural=None), None, tmp_path, Execution())
    with pytest.raises(RecipeError, match="'xx' has no templates"):
        make(Reasoning(langs=("xx",)), None, tmp_path, Execution())
    with pytest.raises(RecipeError, match="needs documents"):
        make(Reasoning(), None, tmp_path, Execution())


def test_a_quota_that_cannot_be_met_is_reported(tmp_path: Path) -> None:
    section = Reasoning(
        procedural=Procedural(tasks=("addition",), count=20_000, difficulties=(1,)),
        extractive=None,
        langs=("en",),
    )
    manifest = make(section, None, tmp_path / "out", Execution())
    missed = manifest.facts["missed"]
    assert isinstance(missed, dict)
    assert missed["addition"]["en"] == 20_000 - manifest.rows > 0
