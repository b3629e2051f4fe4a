"""Bad input ends in one sentence with exit code 2, and leaves nothing half-written."""

from __future__ import annotations

import itertools
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest

from tokenizer import count
from tokenizer.count import Counter
from tokenizer.presets import PRESETS


class Ran(Protocol):
    code: int
    out: str
    err: str


Curate = Callable[..., Path]
Hanji = Callable[..., Ran]
SMALL = ("--vocab-size", "420", "--reserved-tokens", "5", "--superword-share", "0.05")
WORDLEVEL = {
    "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": None,
    "post_processor": None, "decoder": None, "truncation": None, "padding": None,
    "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"},
}  # fmt: skip


def refused(done: Ran, out: Path, *parts: str) -> None:
    *progress, sentence = done.err.strip().splitlines()
    assert done.code == 2, done.err
    assert all(line.startswith("compiling kernels") for line in progress), done.err
    assert sentence.startswith("hanji: ")
    for part in parts:
        assert part in sentence
    left = [p for p in out.rglob("*") if p.is_file()] if out.exists() else []
    assert not left


@pytest.mark.parametrize("damage", ["cut", "text", "footer"])
def test_a_corrupt_shard(hanji: Hanji, curate: Curate, tmp_path: Path, damage: str) -> None:
    source = curate(tmp_path / "curate", heldout_share=0.1)
    shard = sorted((source / "data").rglob("*.arrow"))[2]
    data = shard.read_bytes()
    at = data.index(b"In der" if b"In der" in data else b"made-") + 3
    changed = {
        "cut": data[: len(data) // 2],
        "text": data[:at] + b"\xff\xfe" + data[at + 2 :],
        "footer": data[:-30] + b"\x00" * 30,
    }[damage]
    shard.unlink()
    shard.write_bytes(changed)
    out = tmp_path / "out"
    done = hanji("tokenizer", "train", "--input", source, *SMALL, "-o", out)
    refused(done, out, "--input", shard.name, "make")


def test_an_empty_corpus(hanji: Hanji, tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_text("\n\n")
    out = tmp_path / "out"
    done = hanji("tokenizer", "train", "--input", tmp_path, *SMALL, "-o", out)
    refused(done, out, "--input", "empty.jsonl", "holds no text")


def test_a_language_without_documents(hanji: Hanji, curate: Curate, tmp_path: Path) -> None:
    source, out = curate(tmp_path / "curate"), tmp_path / "out"
    given = ("tokenizer", "train", "--input", source, *SMALL, "-o", out)
    done = hanji(*given, "--allotment", "en=2,fr=1")
    refused(done, out, "no document of 'fr'", "--allotment", "leave it out")


@pytest.mark.parametrize(
    ("flags", "parts"),
    [
        (("--vocab-size", "200"), ("256 bytes", "raise vocab_size")),
        (("--vocab-size", "90000"), ("subwords", "lower --vocab-size to about")),
    ],
)
def test_a_vocabulary_that_does_not_fit(
    hanji: Hanji, curate: Curate, tmp_path: Path, flags: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    source, out = curate(tmp_path / "curate"), tmp_path / "out"
    done = hanji("tokenizer", "train", "--input", source, *SMALL, *flags, "-o", out)
    refused(done, out, *parts)


def test_a_base_that_is_not_bpe(hanji: Hanji, curate: Curate, tmp_path: Path) -> None:
    source, out = curate(tmp_path / "curate"), tmp_path / "out"
    base = tmp_path / "tokenizer.json"
    for content, part in ((json.dumps(WORDLEVEL), "WordLevel"), ("{]", "is no tokenizer.json")):
        base.write_text(content)
        done = hanji("tokenizer", "extend", base, "--input", source, *SMALL, "-o", out)
        refused(done, out, "tokenizer.json", part)


def test_a_document_larger_than_memory_allows(hanji: Hanji, tmp_path: Path) -> None:
    path, out = tmp_path / "ko.txt", tmp_path / "out"
    path.write_text("한 줄로 된 긴 글 " * 500_000, encoding="utf-8")
    given = ("tokenizer", "train", "--input", path, *SMALL, "--memory", "64", "-o", out)
    refused(hanji(*given), out, "'ko.txt'", "--memory 64")


def test_a_very_long_piece_is_cut_for_learning(monkeypatch: pytest.MonkeyPatch) -> None:
    for preset in PRESETS.values():
        text = "한국어ab " * 700_000
        counter = Counter(preset.mode2)
        counter.add([text.encode()], [0])
        arena, ends = counter.arena.tobytes(), counter.offsets.tolist()
        found = [arena[a:b] for a, b in itertools.pairwise(ends)]
        assert max(map(len, found)) <= count._LONGEST
        assert sum(map(len, found)) > 3 * count._LONGEST or len(found) < 6
        for piece in found:
            piece.decode()
        total = sum(len(p) * n for p, n in zip(found, counter.counts[:, 0].tolist(), strict=True))
        assert total == len(text.encode())


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["a line of words ", "a", "한국어 문장은 길다 "])
def test_a_line_of_200_megabytes_is_learned_in_bounded_memory(
    tmp_path: Path, root: Path, unit: str
) -> None:
    path, out = tmp_path / "en.txt", tmp_path / "out"
    text = unit * (200_000_000 // len(unit.encode()))
    path.write_text(text, encoding="utf-8")
    flags = ["--vocab-size", "272", "--superword-share", "0.01", "--reserved-tokens", "0"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    done = subprocess.run(
        [sys.executable, "-m", "hanji", "tokenizer", "train", "--input", path, *flags, "-o", out],
        env={**os.environ, "PYTHONPATH": str(root)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert done.returncode == 0, done.stderr
    assert after < max(before, 2 << 20)  # KiB; the default of --memory is 4 GB
