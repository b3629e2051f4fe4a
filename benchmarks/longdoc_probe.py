"""Measure how fast probes are made, against RULER's way, in one run with one tokenizer.

RULER's way, written here from its description (Hsieh et al. 2024, scripts/data/synthetic/niah.py):
the size of the haystack is searched by trial, a whole prompt is built and tokenised at each; then a
sample's text is built and tokenised to see whether it fits, the haystack is made smaller until it
does, and it is tokenised again to record its length. The length is not exact and needles stand at
sentence borders counted in sentences. The search is shared by all samples of a length, as there.

    python benchmarks/longdoc_probe.py --langs en,ko --json probe.json
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tokenizers
import zstandard
from tokenizers import decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from hanji.seeds import rng, shuffled  # noqa: E402
from hanji.text.sentences import sentences  # noqa: E402
from hanji.tokens import Tokenizer  # noqa: E402
from longdoc.haystack import Haystack  # noqa: E402
from longdoc.kinds import KINDS  # noqa: E402
from longdoc.probe import Cell, Made, make  # noqa: E402
from longdoc.splice import Splicer  # noqa: E402
from longdoc.templates import TEMPLATES, key_of  # noqa: E402

DEPTHS = (0, 30, 50, 70, 100)
STEP = 500  # words; RULER, incremental
Row = dict[str, str | int | float]


def texts_of(data: Path, lang: str, characters: int) -> list[str]:
    """Read whole documents, long ones for the most part, until there are enough characters."""
    texts: list[str] = []
    n = 0
    for folder, share in (("long", 0.8), ("docs", 1.0)):
        with (data / folder / f"{lang}.jsonl.zst").open("rb") as file:
            reader = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
            for line in reader:
                texts.append(json.loads(line)["text"])
                n += len(texts[-1])
                if n >= share * characters:
                    break
    return texts


def trained(texts: list[str], path: Path) -> Tokenizer:
    """Train a byte-level BPE of 32,000 tokens on the haystacks' languages."""
    inner = tokenizers.Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=32_000,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator([text[:200_000] for text in texts], trainer)
    path.mkdir(parents=True, exist_ok=True)
    inner.save(str(path / "tokenizer.json"))
    return Tokenizer.load(path)


class Ruler:
    """RULER's way of making a needle probe."""

    room = 128  # tokens left for the answer

    def __init__(self, text: str, lang: str, tokenizer: Tokenizer) -> None:
        self.lang, self.tokenizer = lang, tokenizer
        self.words = text.split(" ")
        self.size: dict[int, int] = {}

    def prompt(self, n_words: int, depth: float, number: int) -> str:
        """Build a prompt of that many words of the haystack."""
        template = TEMPLATES[self.lang]
        draws = rng("ruler", self.lang, n_words, depth, number)
        key = key_of(self.lang, *draws.integers(0, 12, 2).tolist())
        needle = template.needle.format(key=key, value=int(draws.integers(10**6, 10**7)))
        text = " ".join(self.words[:n_words])
        spans = sentences(text, self.lang)
        at = int(len(spans) * depth / 100)
        parts = [text[a:b] for a, b in spans]
        context = " ".join([*parts[:at], needle, *parts[at:]])
        return template.head + context + "\n\n" + template.question.format(key=key)

    def n_tokens(self, text: str) -> int:
        """Tokenise a text whole."""
        return len(self.tokenizer.encode_one(text))

    def find_size(self, length: int, step: int) -> int:
        """Search the number of words: the estimate is doubled, then halved by trial."""
        low = step
        per_word = self.n_tokens(self.prompt(step, 50, 0)) / step
        high = max(int(length / per_word * 3), step * 2)
        best = low
        while low <= high:
            middle = (low + high) // 2
            if self.n_tokens(self.prompt(middle, 50, 0)) + self.room <= length:
                best, low = middle, middle + step
            else:
                high = middle - step
        return best

    def make(self, length: int, depth: float, number: int) -> int:
        """Make one probe; return its tokens."""
        if length not in self.size:
            self.size[length] = self.find_size(length, STEP)
        used = self.size[length]
        while self.n_tokens(self.prompt(used, depth, number)) + self.room > length:
            used -= STEP  # tokenised to see whether it fits
        return self.n_tokens(self.prompt(used, depth, number)) + self.room  # and to record it


def timed(run: Callable[[int], object], n: int) -> dict[str, float]:
    """Run `n` times; seconds of wall and CPU for one."""
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(n):
        run(number)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {"wall_ms": 1000 * wall / n, "cpu_ms": 1000 * cpu / n}


def our_way(
    splicer: Splicer, kind: str, length: int, n: int, check: int
) -> tuple[dict[str, float], int]:
    """Time probes of a kind; then compare some with a full encoding."""
    haystack = splicer.haystack

    def one(number: int) -> Made:
        depth = float(DEPTHS[number % len(DEPTHS)])
        made = make(
            splicer, Cell(kind, haystack.lang, haystack.lang, length, depth, number), 1, "eval"
        )
        splicer.forget()
        return made

    one(99)  # tables are read and words looked up once
    seconds = timed(one, n)
    for number in range(check):
        made = one(number)
        whole = haystack.tokenizer.encode_one(made.hidden.prompt)
        if not np.array_equal(whole, made.hidden.spliced.ids()):
            raise SystemExit(f"{kind} {haystack.lang} {length}: the tokens differ")
        if len(whole) + made.answer_room != length:
            raise SystemExit(f"{kind} {haystack.lang} {length}: {len(whole)} tokens")
    return seconds, check


def ruler_way(ruler: Ruler, length: int, n: int) -> dict[str, float]:
    """Time RULER's search, once a length, and its samples."""
    search = timed(lambda _: ruler.size.update({length: ruler.find_size(length, STEP)}), 1)
    found: list[int] = []
    each = timed(lambda i: found.append(ruler.make(length, DEPTHS[i % len(DEPTHS)], i)), n)
    return {
        "ruler_cpu_ms": each["cpu_ms"],
        "ruler_wall_ms": each["wall_ms"],
        "ruler_search_cpu_ms": search["cpu_ms"],
        "ruler_share_of_length": sum(found) / len(found) / length,
    }


def measure(args: argparse.Namespace) -> list[Row]:
    """Measure every language, length and kind."""
    rows: list[Row] = []
    langs = args.langs.split(",")
    lengths = [int(n) for n in args.lengths.split(",")]
    # Six characters of text a token are enough in every language.
    texts = {lang: texts_of(args.data, lang, 6 * max(lengths) + 400_000) for lang in langs}
    tokenizer = (
        Tokenizer.load(args.tokenizer)
        if args.tokenizer
        else trained([t for listed in texts.values() for t in listed], args.work)
    )
    kinds = [k for k in args.kinds.split(",") if k] or [k for k in KINDS if k != "cross_lingual"]
    for lang in langs:
        start = time.process_time()
        haystack = Haystack(lang, shuffled(texts[lang], "bench", lang), tokenizer)
        once = time.process_time() - start
        splicer, ruler = Splicer(haystack), Ruler(haystack.text, lang, tokenizer)
        for length in lengths:
            theirs = ruler_way(ruler, length, args.n_ruler)
            for kind in kinds:
                ours, checked = our_way(splicer, kind, length, args.n, args.check)
                rows.append({
                    "lang": lang, "length": length, "kind": kind, **ours, **theirs,
                    "probes_per_s": 1000 / ours["wall_ms"],
                    "times_cpu": theirs["ruler_cpu_ms"] / ours["cpu_ms"],
                    "times_wall": theirs["ruler_wall_ms"] / ours["wall_ms"],
                    "haystack_tokens": haystack.n_tokens, "tokenised_once_cpu_s": once,
                    "checked": checked,
                })  # fmt: skip
    return rows


def main() -> None:
    """Print a table and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--langs", default="en,ko")
    parser.add_argument("--lengths", default="32768,262144")
    parser.add_argument("--kinds", default="")
    parser.add_argument("--tokenizer", type=Path, help="default: a BPE trained on the spot")
    parser.add_argument("--work", type=Path, default=Path("longdoc-bench"))
    parser.add_argument("-n", type=int, default=10, help="probes of each kind")
    parser.add_argument("--n-ruler", type=int, default=3, help="probes in RULER's way")
    parser.add_argument("--check", type=int, default=1, help="full encodings a kind, untimed")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = measure(args)
    heads = ("", "tokens", "kind", "wall ms", "CPU ms", "a second", "RULER CPU ms", "times")
    line = "{:4} {:>8} {:18} {:>8} {:>8} {:>9} {:>13} {:>7}"
    print(line.format(*heads))
    names = ("wall_ms", "cpu_ms", "probes_per_s", "ruler_cpu_ms", "times_cpu")
    for row in rows:
        numbers = [f"{row[name]:,.1f}" for name in names]
        print(line.format(str(row["lang"]), f"{row['length']:,}", str(row["kind"]), *numbers))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory {peak:,.0f} MB")
    if args.json:
        args.json.write_text(json.dumps({"rows": rows, "peak_mb": peak}, indent=2) + "\n")


if __name__ == "__main__":
    main()
