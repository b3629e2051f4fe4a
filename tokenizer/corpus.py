"""Where the text comes from: a curated dataset, JSONL files (.gz, .zst too), plain text files.

Documents of a dataset and lines of JSONL have an id, so the held-out split of the corpus is left
out of training and is what evaluation reads. How large it is, a dataset's curation said. A plain
text file is one document and belongs to both.
"""

from __future__ import annotations

import glob
import gzip
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import pyarrow as pa
import zstandard

from hanji.errors import InputError, RecipeError
from hanji.manifest import NAME, Dataset, Input, Manifest
from hanji.schema import LANGS, UNKNOWN, Document, Lang, document_id, rows
from hanji.seeds import is_heldout
from hanji.shards import read_batches
from hanji.text import nfc

__all__ = ["Corpus"]

_JSON = (".jsonl", ".ndjson", ".json")
_PACKED = (".gz", ".zst")


class _Line(msgspec.Struct):
    text: str
    id: str | int | None = None
    lang: str | None = None
    source: str | None = None
    kind: object = None
    topic: object = None


class Corpus:
    """Sources of documents, in a fixed order."""

    def __init__(self, sources: Sequence[Path]) -> None:
        self.sources = list(sources)

    @classmethod
    def open(cls, inputs: Sequence[str | Path]) -> Corpus:
        """Find the sources: dataset directories, directories of files, files, or globs.

        Raises:
            RecipeError: if an input matches nothing.
        """
        sources: list[Path] = []
        for given in inputs:
            path = Path(given)
            if path.is_dir() and not (path / NAME).exists():
                found = sorted(p for p in path.rglob("*") if p.is_file() and _known(p))
            else:
                found = [path] if path.exists() else sorted(map(Path, glob.glob(str(given))))
            if not found:
                raise RecipeError(f"--input {given}: no such dataset, file or pattern")
            sources += found
        return cls(sources)

    def digests(self) -> list[Manifest | Input | str]:
        """Return what identifies the content of each source."""
        digests: list[Manifest | Input | str] = []
        for path in self.sources:
            if path.is_dir():
                digests.append(Manifest.load(path))
            else:
                with path.open("rb") as file:
                    digests.append(hashlib.file_digest(file, "sha256").hexdigest())
        return digests

    @property
    def where(self) -> str:
        """The first sources, for messages."""
        return ", ".join(map(str, self.sources[:3]))

    @property
    def size(self) -> int | None:
        """Bytes of the files and shards, about those of the text; None where one is packed."""
        if any(path.suffix in _PACKED for path in self.sources):
            return None
        return sum(
            sum(s.bytes for s in Dataset.open(path).shards())
            if path.is_dir()
            else path.stat().st_size
            for path in self.sources
        )

    def documents(self) -> Iterator[tuple[Document, bool]]:
        """Yield (document with its text in NFC, whether it is held out), as `as_they_stand`."""
        for document, heldout in self.as_they_stand():
            yield msgspec.structs.replace(document, text=nfc(document.text)), heldout

    def as_they_stand(self) -> Iterator[tuple[Document, bool]]:
        """Yield (document, whether it is held out), the text in whatever form it has.

        Raises:
            RecipeError: naming the file that is corrupt or no UTF-8 text.
        """
        for path in self.sources:
            try:
                yield from _read(path)
            except InputError as error:
                raise RecipeError(f"--input {error}") from None
            except (OSError, EOFError, zstandard.ZstdError) as error:
                raise RecipeError(
                    f"--input {path}: cannot be read ({error}); leave it out or make it again"
                ) from None


def _known(path: Path) -> bool:
    name = path.name
    for packed in _PACKED:
        name = name.removesuffix(packed)
    return name.endswith((*_JSON, ".txt")) and not path.name.startswith(".")


def _lang_of(path: Path) -> Lang:
    """Guess the language from a file name such as ko.txt or docs.ko.jsonl."""
    parts = path.name.replace("-", ".").replace("_", ".").split(".")
    return next((part for part in parts if part in LANGS), UNKNOWN)


def _read(path: Path) -> Iterator[tuple[Document, bool]]:
    if path.is_dir():
        dataset = Dataset.open(path)
        for document in _rows(dataset):
            yield document, dataset.is_heldout(document.id)
        return
    name = path.name
    for packed in _PACKED:
        name = name.removesuffix(packed)
    with path.open("rb", buffering=1 << 20) as raw:
        data = _unpacked(path, raw)
        if name.endswith(_JSON):
            yield from _lines(path, data)
            return
        try:
            text = data.read().decode("utf-8")
        except UnicodeDecodeError as error:
            raise RecipeError(
                f"--input {path}: is not UTF-8 at byte {error.start}; convert it or leave it out"
            ) from None
        key = document_id("file", name)
        yield Document(id=key, text=text, lang=_lang_of(path), source=name), False


def _rows(dataset: Dataset) -> Iterator[Document]:
    """Yield a dataset's documents, checked: kernels trust their bytes to be UTF-8."""
    for path in dataset.paths():
        for batch in read_batches(path, Document.__struct_fields__):
            try:
                batch.validate(full=True)
            except pa.ArrowInvalid as error:
                reason = str(error).splitlines()[0]
                raise RecipeError(
                    f"--input {path}: is corrupt ({reason}); make the dataset again"
                ) from None
            yield from rows(batch)


def _unpacked(path: Path, raw: BinaryIO) -> BinaryIO:
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(raw))
    if path.suffix == ".zst":
        reader = zstandard.ZstdDecompressor().stream_reader(raw)
        return cast(BinaryIO, io.BufferedReader(reader, 1 << 20))
    return raw


def _lines(path: Path, data: BinaryIO) -> Iterator[tuple[Document, bool]]:
    decode = msgspec.json.Decoder(_Line).decode
    lang = _lang_of(path)
    for number, line in enumerate(data, 1):
        if line.isspace():
            continue
        try:
            record = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecipeError(
                f"--input {path}:{number}: is no JSON record with a UTF-8 'text' ({error}); "
                "repair the line or leave the file out"
            ) from None
        source = record.source or path.name
        key = record.id if record.id is not None else number
        document = Document(
            id=document_id(source, str(key)),
            text=record.text,
            lang=record.lang or lang,
            source=source,
        )
        yield document, is_heldout(document.id)
