"""Measure the procedural kinds: speed, share that passes its check, exact duplicates.

    python benchmarks/synth_procedural.py --count 20000 --json out.json

`make/s` draws all problems from one generator; `keyed/s` opens a generator for every problem, as
a dataset does, so that it does not depend on the others. Both are samples a second of CPU time of
one process. Duplicates are questions that were made before, of 100,000 at the difficulties 1 to 5
in turn, in one language; the table names those of difficulty 1 and of all others apart, as the
smallest problems have the smallest space.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from hanji.schema import LANGS
from hanji.seeds import rng
from synth.procedural import TASKS, Problem

Row = dict[str, str | int | float]


def timed(work: Callable[[], list[Problem]]) -> tuple[list[Problem], float, float]:
    """Return what the work made, its CPU seconds and its wall seconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    return made, time.process_time() - cpu, time.perf_counter() - wall


def measure(name: str, lang: str, count: int, seed: int) -> Row:
    """Measure one kind in one language."""
    task = TASKS[name]
    for number in range(2000):  # fill the caches of short lines
        task.make(lang, 1 + number % 5, rng("warm", number))
    one = rng("benchmark", seed, name, lang)
    made, cpu, wall = timed(lambda: [task.make(lang, 1 + n % 5, one) for n in range(count)])
    _, keyed, _ = timed(
        lambda: [task.make(lang, 1 + n % 5, rng(seed, name, lang, n)) for n in range(count)]
    )
    start = time.process_time()
    passed = sum(task.check(lang, problem) for problem in made)
    check = time.process_time() - start
    return {
        "kind": name,
        "lang": lang,
        "count": count,
        "made_per_cpu_second": round(count / cpu),
        "made_per_wall_second": round(count / wall),
        "keyed_per_cpu_second": round(count / keyed),
        "checked_per_cpu_second": round(count / check),
        "passed_share": passed / count,
        "chars": round(sum(len(p.question) + len(p.thinking) for p in made) / count),
    }


def duplicates(name: str, lang: str, count: int, seed: int) -> dict[str, int]:
    """Count the questions that were made before, by difficulty."""
    task, generator = TASKS[name], rng("duplicates", seed, name, lang)
    seen: set[int] = set()
    again = dict.fromkeys(map(str, range(1, 6)), 0)
    for number in range(count):
        difficulty = 1 + number % 5
        key = hash(task.make(lang, difficulty, generator).question)
        again[str(difficulty)] += key in seen
        seen.add(key)
    return again


def options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="*", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--langs", nargs="*", default=list(LANGS), choices=list(LANGS))
    parser.add_argument("--count", type=int, default=5_000, help="problems of a kind and language")
    parser.add_argument("--duplicates", type=int, default=100_000, help="problems; 0 leaves it out")
    parser.add_argument("--duplicates-lang", default="en", choices=list(LANGS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures there")
    return parser.parse_args(arguments)


def main() -> None:
    chosen = options()
    rows: list[Row] = []
    again: dict[str, dict[str, int]] = {}
    print(f"{'kind':15} {'lang':4} {'make/s':>8} {'keyed/s':>8} {'check/s':>8} {'passed':>8} chars")
    for name in chosen.kinds:
        for lang in chosen.langs:
            row = measure(name, lang, chosen.count, chosen.seed)
            rows.append(row)
            print(
                f"{name:15} {lang:4} {row['made_per_cpu_second']:8} "
                f"{row['keyed_per_cpu_second']:8} {row['checked_per_cpu_second']:8} "
                f"{row['passed_share']:8.4f} {row['chars']:5}",
                flush=True,
            )
    if chosen.duplicates:
        print(f"\nexact duplicates in {chosen.duplicates:,} ({chosen.duplicates_lang})")
        print(f"{'kind':15} {'all':>7} " + " ".join(f"{'d' + str(d):>7}" for d in range(1, 6)))
        for name in chosen.kinds:
            found = duplicates(name, chosen.duplicates_lang, chosen.duplicates, chosen.seed)
            again[name] = found
            cells = " ".join(f"{n:7}" for n in found.values())
            print(f"{name:15} {sum(found.values()):7} {cells}", flush=True)
    if chosen.json:
        figures = {
            "benchmark": "synth_procedural",
            "python": platform.python_version(),
            "machine": platform.machine(),
            "count": chosen.count,
            "seed": chosen.seed,
            "rows": rows,
            "duplicates": {
                "count": chosen.duplicates,
                "lang": chosen.duplicates_lang,
                "by_difficulty": again,
            },
        }
        chosen.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
