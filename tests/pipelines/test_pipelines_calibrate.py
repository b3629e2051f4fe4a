"""Limits carried over by quantiles, segmenters that mark their words."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from hanji.errors import InputError, RecipeError
from hanji.execution import Execution
from pipelines.calibrate import calibrate, limits_of, load_limits, write_limits
from pipelines.curate import curate
from pipelines.profile import METRICS, SEPARATOR, profile
from pipelines.quality.published import PUBLISHED
from pipelines.quality.rules import RULES
from pipelines.read.source import Source
from pipelines.section import Curate, Quality
from pipelines.segment import SERVES, segmented

N = 1000


def made(seed: int, scale: float) -> np.ndarray:
    """Profiles whose every share is even between 0 and `scale`, whose numbers are large."""
    draw = np.random.Generator(np.random.Philox(seed)).random((N, len(METRICS)))
    values = draw * scale
    for name in ("n_chars", "n_words", "n_sentences", "stop_words", "mean_word_length"):
        values[:, METRICS.index(name)] = 3 + draw[:, METRICS.index(name)] * 9
    return values


def test_a_limit_is_carried_over_by_its_quantile() -> None:
    found = calibrate({"en": made(1, 0.4), "ko": made(2, 0.8)}, keep=0.4)
    # 0.2 lets pass half of the English documents; so many pass at 0.4 in the other.
    top = found["ko"]["top_2_grams"]
    assert top.method == "quantile"
    assert top.quantile == pytest.approx(0.5, abs=0.04)
    assert top.value == pytest.approx(0.4, abs=0.04)
    assert found["en"]["top_2_grams"].value == pytest.approx(0.2, abs=0.01)


def test_a_limit_beyond_all_documents_keeps_its_distance() -> None:
    found = calibrate({"en": made(1, 0.1), "ko": made(2, 0.05)})["ko"]["ellipsis_lines"]
    assert found.method == "deviations"
    assert found.value == pytest.approx(0.15, abs=0.02)  # 0.3 of a tenth, at half the spread


def test_no_limit_rejects_more_trusted_documents_than_is_meant() -> None:
    for keep in (0.9, 0.99):
        profiles = {"en": made(1, 0.9), "ja": made(3, 0.7)}
        for lang, limits in calibrate(profiles, keep).items():
            for rule in RULES:
                values = profiles[lang][:, METRICS.index(rule.metric)]
                limit = limits[rule.limit].value
                bad = values < limit - 1e-3 if rule.side == "below" else values > limit + 1e-3
                assert bad.mean() <= 1 - keep + 0.002, rule.reason


def test_every_rule_has_a_published_limit() -> None:
    assert {rule.limit for rule in RULES} == set(PUBLISHED)


@pytest.mark.parametrize("profiles", [{"ko": made(1, 0.5)}, {"en": made(1, 0.5)[:50]}])
def test_too_few_documents_are_told(profiles: dict[str, np.ndarray]) -> None:
    with pytest.raises(InputError, match="documents of 'en', needed are 100"):
        calibrate(profiles)


WORDS = (
    "paper bark water river stone light night winter summer road house garden bread salt".split()
)


def write(path: Path, n: int) -> None:
    draw = np.random.Generator(np.random.Philox(7))
    rows = []
    for i in range(n):
        words = [str(w) for w in draw.choice(WORDS, 60)]
        text = f"The {' and the '.join(words[:20])}.\nThere was {' of '.join(words[20:])}."
        rows.append(json.dumps({"id": str(i), "text": text}))
    path.write_text("\n".join(rows))


def test_a_file_of_limits_repeats_and_is_used(tmp_path: Path) -> None:
    write(tmp_path / "trusted.jsonl", 150)
    limits = limits_of(str(tmp_path / "trusted.jsonl"))
    assert limits.documents == {"en": 150}
    write_limits(tmp_path / "limits.json", limits)
    first = (tmp_path / "limits.json").read_bytes()
    write_limits(tmp_path / "limits.json", limits_of(str(tmp_path / "trusted.jsonl")))
    assert (tmp_path / "limits.json").read_bytes() == first
    sources = (Source(name="t", path=str(tmp_path / "trusted.jsonl")),)
    strict = {"en": {"n_words_min": 1e6}}
    shares = []
    for number, quality in enumerate(
        (Quality(limits_file="limits.json"), Quality(limits_file="limits.json", limits=strict))
    ):
        out = tmp_path / f"out{number}"
        manifest = curate(sources, Curate(quality=quality), tmp_path, out, Execution())
        report = manifest.report.total()
        shares.append(sum(report.dropped.get("quality", {}).values()) / report.read)
    # Every limit lets 99% pass; the recipe's own limits go before those of the file.
    assert shares[0] < 0.2
    assert shares[1] == 1


def test_bad_files_of_limits_are_told(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="does not exist; make it with"):
        load_limits(tmp_path / "none.json", "fast")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(RecipeError, match="is no file of limits"):
        load_limits(tmp_path / "bad.json", "fast")
    write(tmp_path / "trusted.jsonl", 120)
    write_limits(tmp_path / "fast.json", limits_of(str(tmp_path / "trusted.jsonl")))
    with pytest.raises(RecipeError, match="segmenter 'fast', the recipe has 'kiwi'"):
        load_limits(tmp_path / "fast.json", "kiwi")


def test_the_command_prints_limits_and_curate_stays_as_it_was(tmp_path: Path, hanji) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "trusted.jsonl", 120)
    ran = hanji("curate", "calibrate", "--input", tmp_path / "trusted.jsonl",
                "-o", tmp_path / "limits.json", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    assert json.loads(ran.out)["documents"] == {"en": 120}
    ran = hanji("curate", "--input", tmp_path / "trusted.jsonl", "-o", tmp_path / "out", "--json")
    assert ran.code == 0, ran.err
    ran = hanji("curate", "calibrate", "--input", tmp_path / "none", "-o", tmp_path / "limits.json")
    assert ran.code == 2
    assert "matches no file" in ran.err


TEXTS = {
    "kiwi": ("ko", "한국어를 잘 처리합니다."),
    "fugashi": ("ja", "紙をすく職人が食べる。"),
    "pyvi": ("vi", "Việt Nam có nhiều thủ tục."),
}


@pytest.mark.parametrize("segmenter", TEXTS)
def test_segmenters_mark_words_and_keep_the_text(segmenter: str) -> None:
    lang, text = TEXTS[segmenter]
    pytest.importorskip({"kiwi": "kiwipiepy"}.get(segmenter, segmenter))
    marked, other = segmented([text, "plain words"], [lang, "en"], segmenter)  # type: ignore[arg-type]
    assert other == "plain words"
    assert marked.replace(SEPARATOR, "").replace("_", " ") == text
    numbers = profile(pa.array([text, marked], pa.large_string()), [lang] * 2, {}, None, (lang,))
    n_words, n_chars = METRICS.index("n_words"), METRICS.index("n_chars")
    assert numbers[0, n_words] != numbers[1, n_words]
    assert numbers[0, n_chars] == numbers[1, n_chars]
    assert SERVES[segmenter] == (lang,)


def test_a_segmenter_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from pipelines import segment

    segment._marker.cache_clear()
    monkeypatch.setitem(sys.modules, "kiwipiepy", None)
    with pytest.raises(RecipeError, match=r"'kiwi' is not installed; .*hanji\[segmenters\]"):
        segmented(["한국어"], ["ko"], "kiwi")
    assert segmented(["plain"], ["en"], "kiwi") == ["plain"]
    segment._marker.cache_clear()
