"""Sources: where raw text is, and the sorted list of files that this means."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Sequence
from pathlib import Path, PurePath

import msgspec

from hanji.errors import InputError, RecipeError
from hanji.schema import UNKNOWN, Lang
from pipelines.read import remote
from pipelines.read.html import Extractor

__all__ = ["ARCHIVES", "FORMATS", "InputFile", "Source", "format_of", "plan"]

FORMATS = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "text",
    ".text": "text",
    ".md": "markdown",
    ".markdown": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".warc": "warc",
    ".wet": "warc",
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".tar": "tar",
    ".tgz": "tar",
    ".tbz2": "tar",
    ".tzst": "tar",
    ".zip": "zip",
}
PACKED = (".gz", ".bz2", ".zst")
ARCHIVES = ("tar", "zip")
HUB = "hf://"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source of raw text."""

    name: str
    """Name of the source, part of every document's id."""
    path: str
    """File, directory or glob, local or of gs:// and s3://, one https:// file, or hf://owner/name;
    relative paths start at the recipe."""
    lang: Lang = UNKNOWN
    """Language that the source claims; the detector decides."""
    license: str = ""
    """Licence of documents that state none of their own."""
    text_key: str = "text"
    """Key of the text in a JSON record."""
    id_key: str = "id"
    """Key of a JSON record's own name; where it is absent the byte offset stands for it."""
    extractor: Extractor = "resiliparse"
    """What takes the main text out of HTML pages."""
    charset: str | None = None
    """Charset of text and HTML files that declare none; UTF-8 where it is not set."""
    revision: str | None = None
    """Of a dataset of the Hugging Face hub (`path: hf://owner/name`): branch, tag or commit."""
    config: str = ""
    """Of a dataset of the hub: its configuration."""
    split: str = "train"
    """Of a dataset of the hub: its split."""


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a source."""

    source: str
    name: str  # relative to the source's root, the same on every machine
    path: str
    n_bytes: int
    format: str
    lang: Lang
    license: str
    text_key: str
    id_key: str
    extractor: Extractor = "resiliparse"
    charset: str | None = None
    mark: str = ""  # of a file by URL: its version, as its store names it

    def digest(self) -> str:
        """Return the sha256 of the content; by URL, of what its store says of the version.

        Raises:
            InputError: if the file cannot be read.
        """
        if self.format == "hub":
            return hashlib.sha256(self.path.encode()).hexdigest()  # it names the commit
        try:
            if remote.is_url(self.path):
                return remote.digest(self)
            with open(self.path, "rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be read ({error.strerror})") from None


def format_of(path: PurePath) -> str | None:
    """Return the format that a file's name tells, or None.

    >>> format_of(Path("a.jsonl.zst")), format_of(Path("a.png"))
    ('jsonl', None)
    """
    name = path.name
    for ending in PACKED:
        name = name.removesuffix(ending)
    return FORMATS.get(PurePath(name).suffix.lower())


def plan(sources: Sequence[Source], base: Path = Path()) -> list[InputFile]:
    """List the files of all sources, in the order of the sources, sorted by name within each.

    Raises:
        RecipeError: if there is no source, two have one name, or one matches no file.
    """
    if not sources:
        raise RecipeError("sources: there is none; add one with a name and a path")
    names = [source.name for source in sources]
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(f"sources: two are named '{name}'; give each its own name")
    return [file for source in sources for file in _files(source, base)]


def _root(pattern: str) -> Path:
    """Return the directory that names are relative to: all before the first wildcard."""
    path = Path(pattern)
    while glob.has_magic(str(path)) or path == Path(pattern):
        path = path.parent
    return path


def _check(source: Source) -> None:
    if source.charset is not None:
        try:
            "".encode(source.charset)
        except LookupError:
            raise RecipeError(
                f"source '{source.name}': '{source.charset}' is no charset that Python knows"
            ) from None


def _hub(source: Source) -> InputFile:
    from pipelines.read.hub import resolve

    name = source.path.removeprefix(HUB)
    commit = resolve(name, source.revision)
    return InputFile(
        source=source.name,
        name=f"{name}/{source.config or 'default'}/{source.split}",
        path=f"{name}@{commit}?{source.config}/{source.split}",
        n_bytes=0,
        format="hub",
        lang=source.lang,
        license=source.license,
        text_key=source.text_key,
        id_key=source.id_key,
    )


def _on_disk(pattern: str) -> list[remote.Listed]:
    root = _root(pattern)
    paths: list[tuple[str, Path]] = []
    for match in sorted(glob.glob(pattern, recursive=True)):
        path = Path(match)
        inside = [path] if path.is_file() else [p for p in path.rglob("*") if format_of(p)]
        paths += sorted((p.relative_to(root).as_posix(), p) for p in inside if p.is_file())
    return [(name, str(path.absolute()), path.stat().st_size, "") for name, path in paths]


def _files(source: Source, base: Path) -> list[InputFile]:
    _check(source)
    if source.path.startswith(HUB):
        return [_hub(source)]
    if remote.is_url(source.path):
        pattern = source.path
        found = remote.listed(source.name, pattern)
        if len(found) > 1:
            found = [one for one in found if format_of(PurePath(one[0]))]
    else:
        pattern = str(base / source.path)
        found = _on_disk(pattern)
    if not found:
        raise RecipeError(f"source '{source.name}': {pattern} matches no file; check the path")
    files = []
    for name, path, size, mark in found:
        kind = format_of(PurePath(name))
        if kind is None:
            known = ", ".join(sorted(FORMATS))
            raise RecipeError(
                f"source '{source.name}': the format of {path} is not known; known are {known}, "
                f"plain or packed as {' '.join(PACKED)}"
            )
        files.append(
            InputFile(
                source=source.name,
                name=name,
                path=path,
                n_bytes=size,
                format=kind,
                lang=source.lang,
                license=source.license,
                text_key=source.text_key,
                id_key=source.id_key,
                extractor=source.extractor,
                charset=source.charset,
                mark=mark,
            )
        )
    return files
