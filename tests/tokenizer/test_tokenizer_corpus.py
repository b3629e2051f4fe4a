"""Where text comes from, and which of it is held out."""

from __future__ import annotations

import gzip
import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from hanji.manifest import Dataset
from hanji.schema import Document
from tokenizer.corpus import Corpus
from tokenizer.sample import _encoded

Curate = Callable[..., Path]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0, None])
def test_the_dataset_says_what_is_held_out(
    tmp_path: Path, curate: Curate, share: float | None
) -> None:
    directory = curate(tmp_path / "d", heldout_share=share)
    dataset = Dataset.open(directory)
    found = {document.id: heldout for document, heldout in Corpus.open([directory]).documents()}
    assert len(found) == 6 * 40
    assert found == {key: dataset.is_heldout(key) for key in found}
    n = sum(found.values())
    match share:
        case None:
            assert 0 < n < 20
        case 0.3:
            assert 40 < n < 110
        case _:
            assert n == share * len(found)


def test_lines_text_files_and_packed_files_are_one_corpus(tmp_path: Path) -> None:
    lines = [
        {"id": 7, "text": "Tie\u0302ng Vie\u0323\u0302t", "lang": "vi", "source": "s"},
        {"text": "물은 셀프입니다"},
    ]
    data = "\n\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    (tmp_path / "a.ko.jsonl.gz").write_bytes(gzip.compress(data))
    (tmp_path / "b.ko.jsonl.zst").write_bytes(zstandard.compress(data))
    (tmp_path / "c-ja.txt").write_text("紙の話", encoding="utf-8")
    (tmp_path / ".hidden.txt").write_bytes(b"\xff")
    documents = [document for document, _ in Corpus.open([tmp_path]).documents()]
    assert [d.text for d in documents] == [
        *["Ti\u00eang Vi\u1ec7t", "물은 셀프입니다"] * 2,
        "紙の話",
    ]
    assert [d.lang for d in documents] == ["vi", "ko", "vi", "ko", "ja"]
    assert documents[0].id == documents[2].id  # a named source and id, whatever the file
    assert documents[1].id != documents[3].id


def test_what_is_learned_from_is_brought_to_nfc() -> None:
    for text in ("한지는 질기다", "giấy được làm", "ガス", "plain", "👩\u200d👧 é", "𝐀 é"):
        for form in ("NFC", "NFD"):
            written = Document(
                id="1", text=unicodedata.normalize(form, text), lang="ko", source="test"
            )
            assert _encoded(written, 1 << 30) == unicodedata.normalize("NFC", text).encode()
