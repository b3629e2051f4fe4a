"""Quality filters of datatrove, one language; run by benchmarks/quality.py in its interpreter.

PYTHON peer_quality.py LANGUAGE < TEXTS.json

Prints the seconds of CPU of each filter as JSON; each sees every document.
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
import time

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)
from peer_codes import CODES


def main() -> None:
    code = CODES[sys.argv[1]]
    texts = json.load(sys.stdin)
    found = {}
    for filter_ in (
        GopherRepetitionFilter(language=code),
        GopherQualityFilter(language=code),
        C4QualityFilter(language=code, filter_no_terminal_punct=False),
        FineWebQualityFilter(language=code),
    ):
        filter_.filter(Document(text="One. Two three four. " * 20, id="warm"))
        start = time.process_time()
        for text in texts:
            filter_.filter(Document(text=text, id="x"))
        found[type(filter_).__name__] = time.process_time() - start
    print(json.dumps(found))


if __name__ == "__main__":
    main()
