"""Verify a dataset: every file against its manifest, and nothing that no manifest names.

Files are hashed by several threads (sha256 releases the GIL). A fault is one of a small vocabulary:
`missing`, `truncated` or `longer` (the size differs), `changed` (the checksum differs), `doubled`
(two entries for one path), `foreign` (a file that the manifest does not name).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from hanji.manifest import NAME, Dataset, Manifest
from hanji.progress import SILENT, Progress
from hanji.shards import Shard

__all__ = ["Fault", "Verified", "verify"]

OURS = (NAME, "README.md")


class Fault(msgspec.Struct, frozen=True):
    """One file that is not as the manifest says."""

    path: str
    fault: str
    message: str


class Verified(msgspec.Struct, frozen=True):
    """What was checked and what is wrong."""

    files: int
    bytes: int
    faults: tuple[Fault, ...]


def verify(directory: Path, progress: Progress = SILENT) -> Verified:
    """Check every file of a dataset.

    Raises:
        RecipeError: if the directory holds no readable manifest.
    """
    manifest = Dataset.open(directory).manifest
    total = sum(shard.bytes for shard in manifest.shards)
    faults = _doubled(manifest)
    with (
        progress.phase(f"verify {directory}", total, "B") as phase,
        ThreadPoolExecutor(os.cpu_count() or 1) as threads,
    ):
        for shard, fault in zip(
            manifest.shards, threads.map(lambda s: _check(directory, s), manifest.shards)
        ):
            faults += [fault] if fault is not None else []
            phase.advance(shard.bytes)
    faults += _foreign(directory, manifest)
    return Verified(len(manifest.shards), total, tuple(sorted(faults, key=lambda f: f.path)))


def _check(directory: Path, shard: Shard) -> Fault | None:
    path = directory / shard.path
    try:
        size = path.stat().st_size
        if size != shard.bytes:
            fault = "truncated" if size < shard.bytes else "longer"
            return Fault(shard.path, fault, f"has {size:,} bytes, not {shard.bytes:,}")
        with path.open("rb", buffering=0) as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return Fault(shard.path, "missing", "does not exist")
    except OSError as error:
        return Fault(shard.path, "unreadable", f"cannot be read ({error.strerror})")
    if digest != shard.sha256:
        return Fault(
            shard.path, "changed", f"has the checksum {digest[:12]}, not {shard.sha256[:12]}"
        )
    return None


def _doubled(manifest: Manifest) -> list[Fault]:
    paths = [shard.path for shard in manifest.shards]
    twice = (
        sorted({path for path in paths if paths.count(path) > 1})
        if len(set(paths)) < len(paths)
        else []
    )
    return [Fault(path, "doubled", "is listed twice") for path in twice]


def _foreign(directory: Path, manifest: Manifest) -> list[Fault]:
    """Find files that the manifest does not name; a dataset of its own below is left alone."""
    known = {shard.path for shard in manifest.shards} | set(OURS)
    roots = {path.partition("/")[0] for path in known}
    found = []
    for entry in sorted(directory.iterdir()):
        if entry.name.startswith(".work-"):
            found.append(Fault(entry.name, "foreign", "is left of an unfinished run"))
        elif entry.is_file() and entry.name not in known:
            found.append(Fault(entry.name, "foreign", "is not named by the manifest"))
        elif entry.is_dir() and (entry.name in roots or not (entry / NAME).exists()):
            found += _strangers(entry, directory, known)
    return found


def _strangers(folder: Path, directory: Path, known: Sequence[str] | set[str]) -> list[Fault]:
    files = sorted(p for p in folder.rglob("*") if p.is_file())
    return [
        Fault(name, "foreign", "is not named by the manifest")
        for path in files
        if (name := path.relative_to(directory).as_posix()) not in known
    ]
