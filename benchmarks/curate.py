"""The whole of `hanji curate`, two workers, against the sum of the same steps in datatrove.

python benchmarks/curate.py [--data DIR] [--peers PYTHON] [--megabytes 16] [--memory] [--json PATH]

Ours reads `--megabytes` of each language and runs every step: read, normal form, language, personal
data, quality, exact and near-duplicates, shards. datatrove (0.10.1, in an interpreter of its own)
reads a smaller head of the same files, one process a language, and is given two ideal workers: half
its CPU time. Both caches are warm: each has run once before the clock starts.

`--memory` asks instead what all processes together hold at most, for this much text and for ten
times as much.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import zstandard

from hanji.schema import LANGS

ROOT = Path(__file__).resolve().parent.parent
PEER_BYTES = 400_000  # of each language; datatrove reads Korean at 0.02 MB/s
WORKERS = 2
PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h


def write_head(data: Path, lang: str, n_bytes: int, out: Path, repeat: bool) -> int:
    """Write about `n_bytes` of text as JSONL, over again with new ids if there is less."""
    out.parent.mkdir(parents=True, exist_ok=True)
    size = turn = 0
    with out.open("w", encoding="utf-8") as file:
        while size < n_bytes:
            with zstandard.open(
                data / "docs" / f"{lang}.jsonl.zst", "rt", encoding="utf-8"
            ) as rows:
                for line in rows:
                    row = json.loads(line)
                    # A changed letter a line keeps a second turn from being all duplicates.
                    text = row["text"] if not turn else f"{turn} ".join(row["text"].split(" "))
                    row = {"id": f"{turn}-{row['id']}", "text": text}
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    size += len(text.encode())
                    if size >= n_bytes:
                        break
            turn += 1
            if not repeat:
                break
    return size


def adopt() -> None:
    """Become the parent of what outlives a command, so that its CPU time is counted (Linux)."""
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("prctl failed: the CPU time of workers cannot be counted here")


def timed(command: list[str], cwd: Path) -> tuple[float, float, str]:
    """Return (wall, CPU of it and all that it started, stdout)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    wall = time.perf_counter() - start
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, cpu, done.stdout


def held(session: int) -> int:
    """Return the bytes that the processes of a session hold, what they share counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session:
                found = re.search(r"^Pss: +(\d+) kB", (folder / "smaps_rollup").read_text(), re.M)
                total += 1024 * int(found[1]) if found else 0
    return total


def measure_memory(data: Path, megabytes: float, work: Path) -> list[dict[str, float]]:
    rows = []
    for times in (1, 10):
        size = 0
        for lang in LANGS:
            out = work / f"in-{times}" / f"{lang}.jsonl"
            size += write_head(data, lang, int(times * megabytes * 1e6), out, True)
        command = [sys.executable, "-m", "hanji", "curate", "--workers", str(WORKERS), "--input"]
        command += [f"{work}/in-{times}/*.jsonl", "-o", f"{work}/out-{times}"]
        with subprocess.Popen(
            command, cwd=ROOT, start_new_session=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:  # fmt: skip
            peak = 0
            while process.poll() is None:
                peak = max(peak, held(process.pid))
                time.sleep(0.25)
        if process.returncode:
            raise SystemExit(f"hanji curate ended with {process.returncode}")
        rows.append({"mb": size / 1e6, "peak_mb": peak / 1e6})
        print(f"{size / 1e6:.0f} MB of text: at most {peak / 1e6:,.0f} MB in all processes")
        shutil.rmtree(work / f"in-{times}")
        shutil.rmtree(work / f"out-{times}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument(
        "--peers", help="an interpreter that has datatrove[processing,multilingual]"
    )
    parser.add_argument("--megabytes", type=float, default=16, help="of each language, for ours")
    parser.add_argument("--memory", action="store_true", help="measure memory, not speed")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    adopt()
    with tempfile.TemporaryDirectory(prefix="hanji-curate-") as name:
        work = Path(name)
        if given.memory:
            found = measure_memory(given.data, given.megabytes, work)
            if given.json:
                given.json.write_text(json.dumps(found, indent=1) + "\n")
            return
        size = 0
        for lang in LANGS:
            n_bytes = int(given.megabytes * 1e6)
            size += write_head(given.data, lang, n_bytes, work / "in" / f"{lang}.jsonl", True)
            write_head(given.data, lang, PEER_BYTES, work / "small" / f"{lang}.jsonl", False)
        hanji = [sys.executable, "-m", "hanji", "curate", "--workers", str(WORKERS), "--input"]
        timed([*hanji, f"{work}/small/*.jsonl", "-o", f"{work}/warm"], work)
        wall, cpu, _ = timed([*hanji, f"{work}/in/*.jsonl", "-o", f"{work}/out"], work)
        rate = size / wall / 1e6
        print(f"hanji: {size / 1e6:.0f} MB in {wall:.1f} s, {cpu:.1f} s of CPU: {rate:.1f} MB/s")
        result: dict[str, object] = {"bytes": size, "wall": wall, "cpu": cpu, "mb_per_s": rate}
        if given.peers:
            spent = n = 0.0
            rows = {}
            for lang in LANGS:
                folder = work / "peer" / lang
                n_lang = write_head(given.data, lang, PEER_BYTES, folder / "in.jsonl", False)
                script = str(ROOT / "benchmarks" / "peer_curate.py")
                command = [given.peers, script, str(folder), lang, f"{work}/peer-work"]
                peer = json.loads(timed(command, work)[2].splitlines()[-1])
                rows[lang] = n_lang / peer["cpu"] / 1e6
                spent, n = spent + peer["cpu"], n + n_lang
                print(f"datatrove {lang}: {rows[lang]:.3f} MB/s of CPU")
            ideal = WORKERS * n / spent / 1e6
            print(f"datatrove, two ideal workers: {ideal:.3f} MB/s; hanji {rate / ideal:.0f} times")
            result |= {"datatrove": rows, "datatrove_mb_per_s": ideal, "ratio": rate / ideal}
        if given.json:
            given.json.write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
