"""A curated dataset in six languages, made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hanji.manifest import Commit
from hanji.report import Report
from hanji.schema import DOCUMENT, Document, document_id, to_batch
from hanji.shards import ShardSet

TEXTS = {
    "en": "The paper maker dries every sheet in the sun, and at the end of the day counts them.",
    "ko": "종이 장인은 종이를 햇볕에 말리고, 밤마다 그 수를 세어 볼 수 있습니다.",
    "es": "El maestro de la casa de la esquina seca cada hoja al sol y al final del día las cuenta.",
    "de": "In der Werkstatt wird in der Regel jeder Bogen in der Sonne getrocknet und gezählt.",
    "ja": "紙漉きの職人は紙を一枚ずつ日に干し、夜になるとその枚数を数えます。",
    "vi": "Người thợ làm giấy phơi từng tờ giấy dưới nắng và đếm một lần vào buổi tối.",
}
Curate = Callable[..., Path]


@pytest.fixture(scope="session")
def curate() -> Curate:
    """Make a dataset: `curate(directory, n=40, heldout_share=None)`."""

    def make(directory: Path, n: int = 40, heldout_share: float | None = None) -> Path:
        commit = Commit.begin(directory, stage="curate", kind="document/1", section={"n": n})
        shards, report = ShardSet(commit.work, DOCUMENT), Report()
        for lang, text in TEXTS.items():
            words = text.split(" ")
            for i in range(n):
                varied = " ".join([*words[i % 5 :], *words[: i % 3], str(i)])
                key = document_id(f"made-{lang}", str(i))
                document = Document(id=key, text=varied, lang=lang, source=f"made-{lang}")
                shards.write(lang, to_batch([document]))
                report.read(document.source, lang)
                report.kept(document.source, lang)
        facts = {} if heldout_share is None else {"heldout_share": heldout_share}
        commit.finish(DOCUMENT, shards.close(), report, facts)
        return directory

    return make
