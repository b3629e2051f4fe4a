"""Near-duplicates whole: N documents of 2 KB, ours against datatrove's four stages; recall too.

python benchmarks/near_dedup.py [--data DIR] [--peers PYTHON] [--documents 1000000]
    [--peer-documents 20000] [--pairs 20000] [--json PATH]

Documents are sentences of the shared English text in random order, 2 KB each; every fifth is an
edited copy of the one before it, with 0.2 to 8% of its words changed. Ours signs the texts,
shuffles the keys, verifies, joins and decides, one worker in a fresh process: the clean shards lie
ready, as datatrove's input does. datatrove (0.10.1, an interpreter of its own) runs signatures,
buckets, clusters and filter over fewer documents; its time is scaled by their number, in its
favour, since sorting grows faster. CPU time of the process and its children; memory is the peak of
the process, with the mapped files' pages, which the system takes back at need, and without.

Recall and precision are over all pairs of `--pairs` documents, against the exact Jaccard similarity
of the shingle sets: the share of pairs above 0.85 that end in one cluster, and the share of dropped
documents that have another of their cluster at 0.8 or more.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import zstandard

ROOT = Path(__file__).resolve().parent.parent
SIZE = 2_000  # bytes of a document
PER_UNIT = 8_000  # documents, 16 MB
SENTENCES = 60_000


def sentences(data: Path) -> list[str]:
    """Return sentences of the shared English text."""
    found: list[str] = []
    with zstandard.open(data / "docs" / "en.jsonl.zst", "rt", encoding="utf-8") as rows:
        for line in rows:
            pieces = re.split(r"(?<=[.!?])\s+", json.loads(line)["text"])
            found.extend(" ".join(p.split()) for p in pieces if 40 <= len(p) <= 300)
            if len(found) >= SENTENCES:
                break
    return found


def documents(sentences: list[str], n: int) -> list[str]:
    """Make n documents; every fifth is an edited copy of the one before it."""
    draw = random.Random(1)
    made: list[str] = []
    for i in range(n):
        if i % 5 == 4:
            rate = draw.choice((0.002, 0.005, 0.01, 0.02, 0.04, 0.08))
            words = made[-1].split(" ")
            for _ in range(max(1, int(rate * len(words)))):
                words[draw.randrange(len(words))] = f"edit{draw.randrange(10**6)}"
            made.append(" ".join(words))
            continue
        text = ""
        while len(text) < SIZE:
            # A number keeps two documents from sharing whole runs of sentences by chance.
            text += f"{draw.choice(sentences)} {draw.randrange(10**4)} "
        made.append(text[:SIZE])
    return made


def prepare(folder: Path, texts: list[str]) -> None:
    """Write the clean shards of units, as the clean step does, without keys."""
    from hanji.shards import ShardWriter
    from pipelines.columns import CLEAN

    for number, start in enumerate(range(0, len(texts), PER_UNIT)):
        piece = texts[start : start + PER_UNIT]
        n = len(piece)
        columns = []
        for field in CLEAN:
            if field.name == "id":
                columns.append(pa.array([f"{start + i:032x}" for i in range(n)], field.type))
            elif field.name == "text":
                columns.append(pa.array(piece, field.type))
            elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
                columns.append(pa.array(["en" if field.name == "lang" else ""] * n, field.type))
            else:
                columns.append(pa.array(np.zeros(n), field.type, safe=False))
        writer = ShardWriter(folder / "units", f"{number:06d}.clean.arrow", CLEAN)
        writer.write(pa.RecordBatch.from_arrays(columns, schema=CLEAN))
        writer.close()


class Anonymous(threading.Thread):
    """Watch the memory of this process that is no mapped file, in KB."""

    peak = 0

    def __init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        """Look twenty times a second."""
        while True:
            self.peak = max(self.peak, memory("RssAnon"))
            time.sleep(0.05)


def memory(name: str) -> int:
    """Return a figure of this process's memory in KB (its parent's peak is in ru_maxrss)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def run_ours(folder: Path) -> None:
    """Keys, shuffle, verification and decisions in this process; print the figures as JSON."""
    from hanji.execution import Execution
    from hanji.minhash import sign
    from hanji.shards import ShardWriter, read_batches
    from pipelines.columns import KEYS, PERMUTATIONS
    from pipelines.compare import compare
    from pipelines.dedup import exact_keys, near_keys
    from pipelines.section import Duplicates, Near
    from pipelines.units import Unit

    sign(pa.array(["warm"], pa.large_string()), PERMUTATIONS, True)
    exact_keys(pa.array(["warm"], pa.large_string()))
    n_units = len(list((folder / "units").glob("*.clean.arrow")))
    units = [Unit(number, (), str(folder)) for number in range(n_units)]
    watch = Anonymous()
    watch.start()
    start, wall = time.process_time(), time.perf_counter()
    for unit in units:
        writer = ShardWriter(unit.keys.parent, unit.keys.name, KEYS)
        for batch in read_batches(unit.clean, ["id", "text", "lang"]):
            ids = [bytes.fromhex(i) for i in batch["id"].to_pylist()]
            bands, signed = near_keys(
                batch["text"], batch["lang"].to_pylist(), Near(), PERMUTATIONS
            )
            values = pa.py_buffer(signed.tobytes())
            columns = [
                pa.array([int.from_bytes(i[-6:], "big") for i in ids], pa.uint64()),
                pa.array(ids, pa.binary(16)),
                pa.array(exact_keys(batch["text"]), pa.binary(16)),
                bands,
                pa.FixedSizeBinaryArray.from_buffers(
                    pa.binary(4 * PERMUTATIONS), len(ids), [None, values]
                ),
            ]
            writer.write(pa.RecordBatch.from_arrays(columns, schema=KEYS))
        writer.close()
    keyed = time.process_time() - start
    decisions = compare(units, Duplicates(), folder, Execution(workers=1))
    lost = sum(int((~decisions.kept(unit.number, 0, PER_UNIT)).sum()) for unit in units)
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = {
        "keys": keyed,
        "cpu": time.process_time() - start + children.ru_utime + children.ru_stime,
        "wall": time.perf_counter() - wall,
        "dropped": lost,
        "anonymous_gb": watch.peak / 1e6,
        "peak_gb": memory("VmHWM") / 1e6,
    }
    print(json.dumps(result))


def compared(folder: Path, texts: list[str]) -> dict[str, float]:
    """Compare the clusters of the run in `folder` with exact similarities over all pairs."""
    from scipy.sparse import csr_matrix

    from hanji.minhash import shingle_sets
    from hanji.shards import read_table

    sets = shingle_sets(pa.array(texts, pa.large_string()), True)
    sizes = np.array([len(s) for s in sets])
    shingles, column = np.unique(np.concatenate(sets), return_inverse=True)
    ones = np.ones(len(column), np.int32)
    table = csr_matrix((ones, column, np.append(0, np.cumsum(sizes))), (len(texts), len(shingles)))
    similar: list[tuple[int, int, float]] = []
    for start in range(0, len(texts), 500):
        shared = (table[start : start + 500] @ table.T).tocoo()
        one, two = shared.row + start, shared.col
        value = shared.data / (sizes[one] + sizes[two] - shared.data)
        good = (one < two) & (value > 0.5)
        similar.extend(zip(one[good].tolist(), two[good].tolist(), value[good].tolist()))
    exact = {(a, b): value for a, b, value in similar}
    decided = read_table(folder / "decisions.arrow")
    number = [
        (d >> 32) * PER_UNIT + (d & 0xFFFFFFFF)
        for d in (*decided["document"].to_pylist(), *decided["winner"].to_pylist())
    ]
    winner = dict(zip(number[: len(number) // 2], number[len(number) // 2 :]))
    above = [pair for pair, value in exact.items() if value > 0.85]
    joined = [winner.get(a, a) == winner.get(b, b) for a, b in above]
    edges = [(min(a, b), max(a, b)) for a, b in winner.items() if a != b]
    # A document may hang on its winner by way of another of its cluster.
    best: dict[int, float] = {}
    for (a, b), value in exact.items():
        if winner.get(a, a) == winner.get(b, b):
            best[a], best[b] = max(best.get(a, 0), value), max(best.get(b, 0), value)
    right = [best.get(a if winner.get(a) != a else b, 0) >= 0.8 for a, b in edges]
    return {
        "pairs_above_0.85": len(above),
        "recall": float(np.mean(joined)),
        "dropped": len(edges),
        "precision": float(np.mean(right)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--peers", help="an interpreter that has datatrove[processing]")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--peer-documents", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=20_000, help="0 leaves recall out")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--run-in", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run_in:
        run_ours(given.run_in)
        return
    pool = sentences(given.data)
    result: dict[str, object] = {}

    def ours(folder: Path, n: int) -> dict[str, float]:
        prepare(folder, documents(pool, n))
        command = [sys.executable, __file__, "--run-in", str(folder)]
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
        figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return figures

    with tempfile.TemporaryDirectory(prefix="hanji-near-") as name:
        work = Path(name)
        if given.pairs:
            ours(work / "pairs", given.pairs)
            result["pairs"] = found = compared(work / "pairs", documents(pool, given.pairs))
            print(
                f"{given.pairs:,} documents, {found['pairs_above_0.85']:,} pairs above 0.85: "
                f"recall {found['recall']:.4f}, precision {found['precision']:.4f}"
            )
        figures = ours(work / "ours", given.documents)
        result["hanji"] = {"documents": given.documents, **figures}
        each = figures["cpu"] / given.documents * 1e6
        print(
            f"hanji: {given.documents:,} documents in {figures['wall']:.1f} s, "
            f"{figures['cpu']:.1f} s of CPU ({figures['keys']:.1f} s keys), {each:.0f} us each, "
            f"{figures['dropped']:,} dropped, peak {figures['peak_gb']:.2f} GB, "
            f"{figures['anonymous_gb']:.2f} without mapped files"
        )
        if given.peers:
            result["datatrove"] = peer = datatrove(given.peers, work, pool, given.peer_documents)
            slow = peer["cpu"] / given.peer_documents * 1e6
            print(
                f"datatrove: {given.peer_documents:,} documents, {peer['cpu']:.1f} s of CPU, "
                f"{slow:.0f} us each: hanji {slow / each:.0f} times"
            )
        else:
            print("datatrove is left out: --peers names no interpreter")
    if given.json:
        given.json.write_text(json.dumps(result, indent=1) + "\n")


def datatrove(python: str, work: Path, pool: list[str], n: int) -> dict[str, float]:
    """Run datatrove's four stages over the first n documents."""
    folder = work / "peer"
    folder.mkdir()
    lines = (json.dumps({"id": str(i), "text": t}) for i, t in enumerate(documents(pool, n)))
    (folder / "in.jsonl").write_text("\n".join(lines) + "\n")
    script = str(ROOT / "benchmarks" / "peer_near_dedup.py")
    command = [python, script, str(folder), str(work / "peer-work")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
