"""`hanji tokenizer`: train, extend, judge, export."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from hanji.cli import emit, execution, json_option, output_option, replace_option, table
from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Manifest
from tokenizer.section import TokenizerSection

__all__ = ["tokenizer"]

F = TypeVar("F", bound=Callable[..., None])

_input_option = click.option(
    "--input", "inputs", multiple=True, required=True, metavar="DIR_OR_GLOB",
    help="Curated dataset, JSONL (.gz, .zst) or text files; may be given several times.",
)  # fmt: skip
_memory_option = click.option(
    "--memory", type=click.IntRange(min=64), default=4096, show_default=True,
    help="Megabytes that may be used.",
)  # fmt: skip


@click.group()
def tokenizer() -> None:
    """Train, extend, judge or export a SuperBPE tokenizer."""


def _settings(command: F) -> F:
    """Add the flags of the section."""
    options = [
        click.option("--vocab-size", type=int, help="Tokens in all; default 150000."),
        click.option("--superword-share", type=float, help="Share of superwords; default 0.2."),
        click.option(
            "--allotment", metavar="LANG=N,...", help="Superwords by language; en=2,ko=3,other=1."
        ),
        click.option("--preset", help="kexaone, line or paper; default kexaone."),
        click.option("--join-share", type=float, help="Share of joins; by preset."),
        click.option("--max-superword-words", type=int, help="Most words in one; default 4."),
        click.option("--weights", metavar="LANG=W,...", help="How often each language counts."),
        click.option("--max-bytes", type=int, help="Learn from a sample of so many bytes."),
        click.option("--min-count", type=int, help="Lowest count of a merge; default 2."),
        click.option("--reserved-tokens", type=int, help="Reserved slots; default 53."),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _section(flags: dict[str, object]) -> TokenizerSection:
    from tokenizer.train import section_from

    given: dict[str, object] = {k: v for k, v in flags.items() if v is not None}
    if "allotment" in given:
        given["superword_allotment"] = _pairs(str(given.pop("allotment")), "--allotment")
    if "weights" in given:
        given["weights"] = _pairs(str(given["weights"]), "--weights")
    return section_from(given, "flags")


def _pairs(text: str, flag: str) -> dict[str, float]:
    pairs: dict[str, float] = {}
    for part in text.split(","):
        name, _, number = part.partition("=")
        try:
            pairs[name.strip()] = float(number)
        except ValueError:
            raise RecipeError(f"{flag}: '{part}' is not of the form en=2") from None
    return pairs


def _how(memory: int, replace: bool) -> Execution:
    return msgspec.structs.replace(execution(replace=replace), memory=memory << 20)


def _show(manifest: Manifest, out: Path, as_json: bool) -> None:
    def render() -> None:
        facts = manifest.facts
        click.echo(f"{out}: {facts['vocab_size']:,} tokens, {facts['superwords']:,} superwords")
        for note in msgspec.convert(facts["notes"], list[str]):
            click.echo(note)

    emit({"output": str(out), **manifest.facts}, as_json, render)


@tokenizer.command()
@_input_option
@output_option
@_settings
@_memory_option
@replace_option
@json_option
def train(
    inputs: tuple[str, ...], out: Path, memory: int, replace: bool, as_json: bool, **flags: object
) -> None:
    """Learn a tokenizer from text."""
    from tokenizer.train import train as run

    manifest = run(_section(flags), inputs, out, _how(memory, replace))
    _show(manifest, out, as_json)


@tokenizer.command()
@click.argument("base", type=click.Path(path_type=Path))
@_input_option
@output_option
@click.option("--keep-share", type=float, help="Share of the old tokens to keep; default 0.7.")
@_settings
@_memory_option
@replace_option
@json_option
def extend(
    base: Path, inputs: tuple[str, ...], out: Path, memory: int, replace: bool, as_json: bool,
    **flags: object,
) -> None:  # fmt: skip
    """Go on from BASE, a tokenizer.json: keep its most used tokens, learn new ones."""
    from tokenizer.extend import extend as run

    section = msgspec.structs.replace(_section(flags), extend=base.name)
    manifest = run(section, base, inputs, out, _how(memory, replace))
    _show(manifest, out, as_json)


@tokenizer.command("eval")
@click.argument("path", metavar="TOKENIZER", type=click.Path(path_type=Path))
@_input_option
@click.option(
    "--baseline", "baselines", multiple=True, metavar="PATH",
    help="A tokenizer.json or its directory, a SentencePiece .model, tiktoken:NAME, or "
    "train:tokenizers / train:sentencepiece (equal size, on the same input).",
)  # fmt: skip
@click.option("--max-bytes", type=int, default=2_000_000, show_default=True,
              help="Most bytes of held-out text by language.")  # fmt: skip
@click.option(
    "--all", "everything", is_flag=True, help="Judge on all documents, not held-out ones."
)
@json_option
def evaluate(
    path: Path, inputs: tuple[str, ...], baselines: tuple[str, ...], max_bytes: int,
    everything: bool, as_json: bool,
) -> None:  # fmt: skip
    """Judge TOKENIZER on held-out text, per language and per domain."""
    from tokenizer.evaluate import evaluate as run

    judged = run(path, inputs, baselines, max_bytes=max_bytes, everything=everything)

    def render() -> None:
        for title, columns, rows in judged.tables():
            table(title, columns, rows)

    emit(judged, as_json, render)


@tokenizer.command()
@click.argument("path", metavar="TOKENIZER", type=click.Path(path_type=Path))
@output_option
def export(path: Path, out: Path) -> None:
    """Write TOKENIZER as a tiktoken rank file with its pattern."""
    from tokenizer.extend import export_tiktoken

    for name in export_tiktoken(path, out):
        click.echo(str(out / name))
