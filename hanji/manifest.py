"""Manifests: what a directory holds, how it was made, and the proof that it is complete.

`manifest.json` is written last, by an atomic rename. Readers open manifests and never glob, so a
killed run leaves nothing that looks finished and a re-run leaves no stale shard behind. A stage
works in `.work-<fingerprint>` below its directory and moves its files in place when all is done.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa

from hanji import __version__, places
from hanji.card import card
from hanji.errors import OutputError, RecipeError
from hanji.recipe import Json, fingerprint, to_json
from hanji.report import Report
from hanji.schema import Document, Lang, require, rows
from hanji.seeds import is_heldout
from hanji.shards import Shard, read_batches

__all__ = ["FORMAT", "NAME", "Commit", "Dataset", "Input", "Manifest"]

FORMAT = "hanji.manifest/1"
NAME = "manifest.json"
CARD = "README.md"
REPLACED = ".replaced"  # in `work`: the manifest that a new one takes the place of
HELDOUT_SHARE = 0.02  # where a dataset says nothing of it


class Input(msgspec.Struct, frozen=True):
    """What a stage read: the stage's name and the digest of its manifest (or of a file)."""

    stage: str
    digest: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of `manifest.json`; no path of a machine and no time of day stands in it."""

    format: str = FORMAT
    stage: str
    kind: str
    fingerprint: str
    version: str
    section: Json
    inputs: tuple[Input, ...]
    columns: dict[str, str]
    shards: tuple[Shard, ...]
    report: Report
    facts: dict[str, Json] = {}

    @classmethod
    def load(cls, directory: str | Path) -> Manifest:
        """Read the manifest of a directory.

        Raises:
            RecipeError: if there is none, it is damaged, or it is of a newer format.
        """
        path = places.place(directory) / NAME
        try:
            data = path.read_bytes()
        except OSError:
            raise RecipeError(_no_manifest(places.place(directory))) from None
        try:
            head = msgspec.json.decode(data, type=_Head)
            if head.format != FORMAT:
                raise RecipeError(
                    f"{path}: is of format '{head.format}', this version reads '{FORMAT}'; "
                    "install a newer hanji"
                )
            return msgspec.json.decode(data, type=cls)
        except msgspec.DecodeError as error:
            raise RecipeError(f"{path}: is damaged ({error}); make the stage again") from None

    def encode(self) -> bytes:
        """Return the bytes of `manifest.json`: sorted keys, two blanks of indentation."""
        return msgspec.json.format(msgspec.json.encode(self, order="sorted"), indent=2) + b"\n"

    @property
    def digest(self) -> str:
        """The sha256 of the encoded manifest: what later stages name as their input."""
        return hashlib.sha256(self.encode()).hexdigest()

    @property
    def rows(self) -> int:
        """Rows of the `data` split."""
        return sum(shard.rows for shard in self.shards if shard.split == "data")


class _Head(msgspec.Struct):
    format: str


def _no_manifest(directory: Path) -> str:
    if not directory.exists():
        return f"{directory}: does not exist; check the path"
    unfinished = any(directory.glob(".work-*")) if directory.is_dir() else False
    if unfinished:
        return f"{directory}: holds an unfinished run; give the same command again to finish it"
    return f"{directory}: holds no {NAME}, so it is no dataset of hanji; check the path"


class Dataset:
    """A finished directory, read through its manifest."""

    def __init__(self, directory: Path, manifest: Manifest) -> None:
        self.directory, self.manifest = directory, manifest

    @classmethod
    def open(cls, directory: str | Path, kind: str | None = None) -> Dataset:
        """Open a directory; with `kind` (such as "document/1") check what it holds.

        Raises:
            RecipeError: if it holds no manifest, or data of another kind.
        """
        directory = places.place(directory)
        manifest = Manifest.load(directory)
        if kind is not None and manifest.kind != kind:
            raise RecipeError(f"{directory}: holds '{manifest.kind}', not '{kind}'")
        return cls(directory, manifest)

    @property
    def rows(self) -> int:
        """Rows of the `data` split."""
        return self.manifest.rows

    @property
    def langs(self) -> list[Lang]:
        """Languages of the `data` split, sorted."""
        return sorted({shard.lang for shard in self.shards()})

    def is_heldout(self, row_id: str) -> bool:
        """Say whether a document is of the held-out split, by the share that curation set."""
        share = self.manifest.facts.get("heldout_share", HELDOUT_SHARE)
        assert isinstance(share, int | float)
        return is_heldout(row_id, share)

    def shards(self, split: str = "data", lang: Lang | None = None) -> list[Shard]:
        """List the shards of a split, of one language if given, sorted by path."""
        found = [
            shard
            for shard in self.manifest.shards
            if shard.split == split and (lang is None or shard.lang == lang)
        ]
        return sorted(found, key=lambda shard: shard.path)

    def paths(self, split: str = "data", lang: Lang | None = None) -> list[Path]:
        """List the shards' files, as `shards`."""
        return [self.directory / shard.path for shard in self.shards(split, lang)]

    def batches(
        self,
        split: str = "data",
        lang: Lang | None = None,
        columns: Sequence[str] | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Yield record batches in order of (shard, row), memory-mapped."""
        for path in self.paths(split, lang):
            yield from read_batches(path, columns)

    def documents(self, lang: Lang | None = None) -> Iterator[Document]:
        """Yield the rows of the `data` split as documents."""
        for batch in self.batches(lang=lang, columns=Document.__struct_fields__):
            yield from rows(batch)


class Commit(msgspec.Struct, frozen=True):
    """A directory that is being made; nothing below it counts before `finish`."""

    directory: Path
    stage: str
    kind: str
    section: Json
    inputs: tuple[Input, ...]
    fingerprint: str
    finished: Manifest | None

    @classmethod
    def begin(
        cls,
        directory: str | Path,
        *,
        stage: str,
        kind: str,
        section: object,
        inputs: Sequence[Manifest | Input | str] = (),
        replace: bool = False,
    ) -> Commit:
        """Claim a directory for one stage.

        `finished` is set when the directory already holds this very result: reuse it.

        Raises:
            OutputError: if the directory holds another recipe's result, or is not a dataset's and
                not empty, and `replace` is false.
        """
        directory = places.place(directory)
        named = tuple(_as_input(value) for value in inputs)
        mark = fingerprint(
            stage, section, [__version__, kind, *(f"{i.stage}:{i.digest}" for i in named)]
        )
        commit = cls(directory, stage, kind, to_json(section), named, mark, None)
        if directory.exists() and not directory.is_dir():
            raise OutputError(f"{directory}: is a file, not a directory; choose another -o")
        if (directory / NAME).exists():
            return commit._meet(replace)
        if (commit._path / NAME).exists():  # killed while publishing: go on from there
            manifest = Manifest.load(commit._path)
            commit._publish(manifest)
            return msgspec.structs.replace(commit, finished=manifest)
        foreign = [] if not directory.exists() else _foreign(directory, mark)
        if foreign and not replace:
            raise OutputError(
                f"{directory}: is not empty (it holds '{foreign[0]}'); "
                "choose another -o or give --replace"
            )
        return commit

    def _meet(self, replace: bool) -> Commit:
        try:
            old = Manifest.load(self.directory)
        except RecipeError:
            if not replace:
                raise
            return self
        if old.fingerprint == self.fingerprint and _complete(self.directory, old):
            places.remove_tree(self._path, ignore_errors=True)
            return msgspec.structs.replace(self, finished=old)
        if old.fingerprint != self.fingerprint and not replace:
            raise OutputError(
                f"{self.directory}: holds the result of another recipe or input "
                f"(stage '{old.stage}', fingerprint {old.fingerprint[:8]}); "
                "choose another -o or give --replace"
            )
        return self

    @property
    def _path(self) -> Path:
        return self.directory / f".work-{self.fingerprint[:12]}"

    @property
    def work(self) -> Path:
        """Scratch directory for this very result; survives a kill, is made when asked for."""
        path = self._path
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"{path}: cannot be made ({error.strerror}); choose another -o"
            ) from None
        return path

    def finish(
        self,
        schema: pa.Schema | None,
        shards: Sequence[Shard],
        report: Report,
        facts: Mapping[str, object] | None = None,
    ) -> Manifest:
        """Check the report's law, move the shards from `work` in place, write the manifest last.

        Args:
            schema: the Arrow schema of the `data` split; None for plain files.
            shards: all files, of all splits, their paths relative to `work`.
            report: the account; it must balance.
            facts: numbers of this stage for the report page, as plain JSON data.

        Raises:
            OutputError: if the report does not balance or the disk refuses.
        """
        report.check(str(self.directory))
        if schema is not None:
            require(schema, self.kind, str(self.directory))
        manifest = Manifest(
            stage=self.stage,
            kind=self.kind,
            fingerprint=self.fingerprint,
            version=__version__,
            section=self.section,
            inputs=self.inputs,
            columns={field.name: str(field.type) for field in schema or ()},
            shards=tuple(sorted(shards, key=lambda shard: shard.path)),
            report=report,
            facts=dict(facts or {}),
        )
        try:
            self._prepare(manifest)
            self._publish(manifest)
        except OSError as error:
            reason = error.strerror or str(error)
            raise OutputError(f"{self.directory}: cannot be written ({reason})") from None
        return manifest

    def _prepare(self, manifest: Manifest) -> None:
        """Lay card and manifest beside the shards; with the manifest there, publishing begins."""
        write_atomically(self.work / CARD, card(manifest.stage, manifest).encode())
        write_atomically(self.work / NAME, manifest.encode())

    def _publish(self, manifest: Manifest) -> None:
        """Move everything in place; after a kill at any point `begin` calls it again."""
        final, old = self.directory / NAME, self.work / REPLACED
        if final.exists():
            old.mkdir(exist_ok=True)
            final.replace(old / NAME)
        ours = {shard.path for shard in manifest.shards}
        stale = {path for work in self.directory.glob(".work-*") for path in _listed(work)} - ours
        places.each(self._move, sorted(ours), self.directory)
        for path in sorted(stale):
            (self.directory / path).unlink(missing_ok=True)
        self._move(CARD)
        (self.work / NAME).replace(final)
        for work in self.directory.glob(".work-*"):
            places.remove_tree(work)

    def _move(self, path: str) -> None:
        source, target = self.work / path, self.directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.exists() or not target.exists():
            source.replace(target)


def write_atomically(path: Path, data: bytes) -> None:
    """Write a small file aside, make it durable, and rename it in place.

    Several workers may write the same file at once: each has an aside of its own. An object of a
    store is written whole by one request.
    """
    path = places.place(path)
    if isinstance(path, places.Remote):
        path.write_bytes(data)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.aside")
    with aside.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def _as_input(value: Manifest | Input | str) -> Input:
    match value:
        case Manifest():
            return Input(value.stage, value.digest)
        case Input():
            return value
        case str():
            return Input("file", value)


def _listed(work: Path) -> set[str]:
    """Return the files of what a kill left half published, and of what it was to replace."""
    found = set[str]()
    for directory in (work, work / REPLACED):
        if (directory / NAME).exists():
            with contextlib.suppress(RecipeError):  # a damaged one lists nothing to clear away
                found |= {shard.path for shard in Manifest.load(directory).shards}
    return found


def _complete(directory: Path, manifest: Manifest) -> bool:
    """Say whether every shard stands there with its size (`hanji verify` reads the bytes)."""
    for shard in manifest.shards:
        path = directory / shard.path
        if not path.is_file() or path.stat().st_size != shard.bytes:
            return False
    return True


def _foreign(directory: Path, mark: str) -> list[str]:
    ours = f".work-{mark[:12]}"
    return sorted(
        entry.name
        for entry in directory.iterdir()
        if entry.name != ours and not entry.name.endswith(".aside")
    )
