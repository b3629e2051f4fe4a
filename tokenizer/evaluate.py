"""Judge a tokenizer on held-out text, against any set of baselines.

Measured per language and per domain (the documents' source): bytes, characters and words against
tokens, the share of tokens that bridge a space, how much of the vocabulary is used, whether texts
come back exactly, and the speed. Tokens are always shown decoded, never as byte-level characters.
"""

from __future__ import annotations

import time
from collections import Counter as Bag
from collections.abc import Sequence
from pathlib import Path

import msgspec

from hanji.errors import RecipeError
from hanji.schema import Lang
from tokenizer.baselines import Codec, open_codec
from tokenizer.corpus import Corpus

__all__ = ["Judgement", "Measure", "Verdict", "evaluate", "judge"]

_BATCH = 256  # documents
_SHOWN = 15  # superwords by language


class Measure(msgspec.Struct):
    """Sums over texts; the figures are derived from them."""

    documents: int = 0
    bytes: int = 0
    characters: int = 0
    words: int = 0
    tokens: int = 0
    superwords: int = 0
    bytes_per_token: float = 0.0
    characters_per_token: float = 0.0
    tokens_per_word: float = 0.0
    superword_share: float = 0.0

    def close(self) -> Measure:
        """Compute the figures."""
        tokens = max(self.tokens, 1)
        self.bytes_per_token = round(self.bytes / tokens, 4)
        self.characters_per_token = round(self.characters / tokens, 4)
        self.tokens_per_word = round(self.tokens / max(self.words, 1), 4)
        self.superword_share = round(self.superwords / tokens, 4)
        return self


class Verdict(msgspec.Struct):
    """What was measured for one tokenizer."""

    name: str
    vocab_size: int
    by_lang: dict[Lang, Measure] = {}
    by_domain: dict[str, Measure] = {}
    top_superwords: dict[Lang, list[tuple[str, int]]] = {}
    vocab_used: int = 0
    vocab_use: float = 0.0
    round_trip_exact: int = 0
    round_trip_failed: int = 0
    encode_mb_per_s: float = 0.0


class Judgement(msgspec.Struct):
    """The tokenizer first, then the baselines; gains in bytes per token, in percent."""

    tokenizers: list[Verdict]
    gain_percent: dict[str, dict[Lang, float]] = {}
    heldout: bool = True

    def tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """Return (title, columns, rows) of each table for the terminal."""
        langs = sorted(self.tokenizers[0].by_lang)
        tables = []
        for title, field in (
            ("bytes per token", "bytes_per_token"),
            ("tokens per word", "tokens_per_word"),
            ("characters per token", "characters_per_token"),
        ):
            rows = [
                [v.name, *(f"{getattr(v.by_lang[lang], field):.3f}" for lang in langs)]
                for v in self.tokenizers
            ]
            tables.append((title, ["tokenizer", *langs], rows))
        for name, gains in self.gain_percent.items():
            rows = [["gain", *(f"{gains[lang]:+.1f}%" for lang in langs)]]
            tables.append((f"bytes per token against {name}", ["", *langs], rows))
        rows = [
            [
                v.name, f"{v.vocab_size:,}", f"{v.vocab_use:.1%}",
                f"{v.round_trip_exact}/{v.round_trip_exact + v.round_trip_failed}",
                f"{v.encode_mb_per_s:.1f}",
            ]
            for v in self.tokenizers
        ]  # fmt: skip
        columns = ["tokenizer", "tokens", "used", "exact round trips", "encode MB/s"]
        tables.append(("the whole", columns, rows))
        first = self.tokenizers[0]
        domains = [
            [name, f"{m.bytes:,}", f"{m.bytes_per_token:.3f}", f"{m.superword_share:.1%}"]
            for name, m in sorted(first.by_domain.items())
        ]
        tables.append(("domains", ["domain", "bytes", "bytes/token", "superwords"], domains))
        tops = [
            [lang, " · ".join(f"“{word}”" for word, _ in words[:8])]
            for lang, words in sorted(first.top_superwords.items())
        ]
        tables.append(("most used superwords", ["language", "superwords"], tops))
        return tables


def evaluate(
    path: str | Path,
    inputs: Sequence[str | Path],
    baselines: Sequence[str] = (),
    *,
    max_bytes: int = 2_000_000,
    everything: bool = False,
) -> Judgement:
    """Measure a tokenizer and baselines on the same text.

    Args:
        path: a `tokenizer.json` or its directory.
        inputs: dataset directories, files or patterns.
        baselines: see `tokenizer.baselines.open_codec`.
        max_bytes: most bytes by language.
        everything: read all documents; by default only those of the held-out split, or all where
            the input has none (as plain text files).

    Raises:
        RecipeError: if there is no text, or a baseline cannot be read.
    """
    corpus = Corpus.open(inputs)
    texts, heldout = _texts(corpus, max_bytes, everything)
    if not texts:
        raise RecipeError(f"--input {inputs[0]}: holds no text to judge on; give other input")
    main = open_codec(str(path))
    codecs = [main, *(open_codec(name, corpus, main.vocab_size) for name in baselines)]
    verdicts = [judge(codec, texts) for codec in codecs]
    gains = {
        other.name: {
            lang: round(100 * (m.bytes_per_token / other.by_lang[lang].bytes_per_token - 1), 2)
            for lang, m in verdicts[0].by_lang.items()
        }
        for other in verdicts[1:]
    }
    return Judgement(verdicts, gains, heldout)


Text = tuple[Lang, str, str]  # language, domain, text


def _texts(corpus: Corpus, max_bytes: int, everything: bool) -> tuple[list[Text], bool]:
    for heldout_only in (False,) if everything else (True, False):
        size: Bag[Lang] = Bag()
        texts: list[Text] = []
        for document, heldout in corpus.documents():
            if (heldout_only and not heldout) or not document.text:
                continue
            if size[document.lang] >= max_bytes:
                continue
            text = document.text[:max_bytes]
            size[document.lang] += len(text.encode())
            texts.append((document.lang, document.source, text))
        if texts:
            return texts, heldout_only
    return [], False


def judge(codec: Codec, texts: Sequence[Text]) -> Verdict:
    """Measure one tokenizer on texts."""
    verdict = Verdict(codec.name, codec.vocab_size)
    used: Bag[int] = Bag()
    tops: dict[Lang, Bag[int]] = {}
    seconds, n_bytes = 0.0, 0
    codec.encode([text for _, _, text in texts[:2]])  # warm
    for first in range(0, len(texts), _BATCH):
        batch = texts[first : first + _BATCH]
        start = time.perf_counter()
        encoded = codec.encode([text for _, _, text in batch])
        seconds += time.perf_counter() - start
        for (lang, domain, text), ids in zip(batch, encoded, strict=True):
            found = Bag(ids)
            used.update(found)
            bridging = {i: n for i, n in found.items() if i in codec.superwords}
            tops.setdefault(lang, Bag()).update(bridging)
            for measure in (
                verdict.by_lang.setdefault(lang, Measure()),
                verdict.by_domain.setdefault(domain, Measure()),
            ):
                measure.documents += 1
                measure.bytes += len(text.encode())
                measure.characters += len(text)
                measure.words += len(text.split())
                measure.tokens += len(ids)
                measure.superwords += sum(bridging.values())
            n_bytes += len(text.encode())
            if codec.decode(ids) == text:
                verdict.round_trip_exact += 1
            else:
                verdict.round_trip_failed += 1
    for measure in (*verdict.by_lang.values(), *verdict.by_domain.values()):
        measure.close()
    verdict.top_superwords = {
        lang: [(codec.superwords[i], n) for i, n in found.most_common(_SHOWN)]
        for lang, found in sorted(tops.items())
    }
    verdict.vocab_used = len(used)
    verdict.vocab_use = round(len(used) / codec.vocab_size, 4)
    verdict.encode_mb_per_s = round(n_bytes / max(seconds, 1e-9) / 1e6, 2)
    return verdict
