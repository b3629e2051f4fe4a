"""Curation with every option on: killed at fifty moments, and by one, two and four workers."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hanji.seeds import uniform

KILLS = 50
ROUNDS = 10  # directories; each is killed five times, then finished

WORDS = {
    "en": "boats came home before storm and everyone counted sails from wall while lamps burned along quay",
    "ko": "배들은 폭풍이 오기 전에 돌아왔고 모두가 성벽에서 돛을 세었다 그리고 밤이 와서 등불을 켰다",
    "es": "los barcos volvieron antes de la tormenta y todos contaron las velas desde el muro del puerto",
    "de": "die Boote kamen vor dem Sturm nach Hause und alle zählten die Segel von der Mauer am Hafen",
    "ja": "船は 嵐の 前に 帰って きて みんなが 壁から 帆を 数え 夜には 灯りを ともした",
    "vi": "thuyền về trước cơn bão và mọi người đếm những cánh buồm từ bức tường bên bến cảng",
}
QUIZ = "Which of the lamps along the old quay was the last one to burn before the storm came home to us?"


def text(lang: str, i: int) -> str:
    words = WORDS[lang].split()
    join = "" if lang == "ja" else " "
    lines = ["© 2024 The Harbour Gazette and its friends"]
    for line in range(6):
        turn = int(uniform("kill", lang, i, line) * len(words))
        lines.append(
            join.join(words[turn:] + words[:turn])
            + f" {i * 7 + line}"
            + ("。" if lang == "ja" else ".")
        )
    return "\n".join(lines)


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("kill")
    for lang in WORDS:
        rows = [{"id": f"{lang}{i}", "text": text(lang, i % 50), "url": f"https://x.org/{i % 55}"}
                for i in range(60)]  # fmt: skip
        rows.append({"id": f"{lang}-leak", "text": f"{text(lang, 99)}\n{QUIZ}"})
        rows.append({"id": f"{lang}-mail", "text": text(lang, 98) + "\na.b@example.org 192.0.2.44"})
        data = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (root / f"{lang}.jsonl").write_text(data + "{broken\n")
    (root / "quiz.jsonl").write_text(json.dumps({"text": QUIZ}))
    (root / "recipe.yaml").write_text(
        """
sources: [{name: docs, path: '??.jsonl'}]
curate:
  max_failures: 0.1
  normalise: {repair_mojibake: true, fold_width: true}
  language: {max_other_share: 0.6}
  quality: {rules: [gopher, c4, fineweb], limits: {en: {short_lines: 1, n_words_min: 5}}}
  decontaminate: {sets: [{name: quiz, path: quiz.jsonl}], action: cut}
  duplicates:
    url: true
    lines: {}
    paragraphs: {}
    substrings: {}
    reweight: true
    partitions: 5
"""
    )
    return root / "recipe.yaml"


def start(recipe: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hanji", "curate", str(recipe), "-o", str(out)]
    return subprocess.Popen(
        [*command, "--workers", str(workers)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def everything(directory: Path) -> dict[str, bytes]:
    files = sorted(p for p in directory.rglob("*") if p.is_file())
    return {str(p.relative_to(directory)): p.read_bytes() for p in files}


@pytest.mark.slow
def test_killed_at_fifty_moments_the_result_is_the_same(recipe: Path, tmp_path: Path) -> None:
    assert start(recipe, tmp_path / "warm", 2).wait() == 0
    begin = time.monotonic()
    assert start(recipe, tmp_path / "whole", 1).wait() == 0
    whole = time.monotonic() - begin
    expected = everything(tmp_path / "whole")
    assert expected == everything(tmp_path / "warm")
    killed = 0
    for number in range(ROUNDS):
        out = tmp_path / f"round{number}"
        for turn in range(KILLS // ROUNDS):
            process = start(recipe, out, 2 if turn == 0 else 1)
            time.sleep(whole * (0.2 + 0.8 * uniform("moment", number, turn)))
            killed += process.poll() is None
            with contextlib.suppress(ProcessLookupError):  # it had ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        assert start(recipe, out, 1).wait() == 0
        assert everything(out) == expected
    assert killed >= KILLS // 2


@pytest.mark.slow
def test_one_two_and_four_workers_write_the_same_bytes(recipe: Path, tmp_path: Path) -> None:
    found = []
    for workers in (1, 2, 4):
        assert start(recipe, tmp_path / str(workers), workers).wait() == 0
        found.append(everything(tmp_path / str(workers)))
    assert found[0] == found[1] == found[2]
    manifest = json.loads(found[0]["manifest.json"])
    assert manifest["facts"]["contamination"]["quiz"]["items_found"] == 1
    assert manifest["facts"]["masked"]
    assert manifest["facts"]["cut"]
