"""`hanji longdoc build|probe|score`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from hanji.cli import (
    emit,
    execution,
    json_option,
    output_option,
    replace_option,
    table,
    workers_option,
)
from hanji.errors import CheckFailed, RecipeError
from longdoc.section import GRIDS, Longdoc

if TYPE_CHECKING:
    from hanji.manifest import Manifest
    from longdoc.score import Score

__all__ = ["longdoc"]


@click.group()
def longdoc() -> None:
    """Build long documents; make and score needle probes."""


def _section(recipe: Path | None) -> Longdoc:
    from hanji.recipe import Recipe

    return Recipe.load(recipe).section("longdoc", Longdoc) if recipe is not None else Longdoc()


def _numbers(text: str, flag: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError:
        raise RecipeError(f"{flag} {text}: is no list of numbers such as 0,50,100") from None


_recipe = click.argument("recipe", required=False, type=click.Path(path_type=Path))
_input = click.option(
    "--input", "curated", type=click.Path(path_type=Path), required=True, metavar="DIR",
    help="Curated documents.",
)  # fmt: skip
_tokenizer = click.option(
    "--tokenizer", type=click.Path(path_type=Path), required=True, metavar="PATH",
    help="A tokenizer.json or its directory.",
)  # fmt: skip


@longdoc.command("build")
@_recipe
@_input
@_tokenizer
@output_option
@workers_option
@replace_option
@json_option
def build(
    recipe: Path | None,
    curated: Path,
    tokenizer: Path,
    out: Path,
    workers: int,
    replace: bool,
    as_json: bool,
) -> None:
    """Gather the long documents of a curated dataset, whole, by length."""
    from longdoc.build import build as build_

    section = _section(recipe).build
    manifest = build_(section, curated, tokenizer, out, execution(workers, replace))
    emit(manifest.facts, as_json, lambda: _print_buckets(manifest, out))


def _print_buckets(manifest: Manifest, out: Path) -> None:
    buckets = manifest.facts["buckets"]
    assert isinstance(buckets, dict)
    names = sorted(
        {n for counts in buckets.values() for n in counts}, key=lambda n: int(n.split("-")[0])
    )
    rows = [[lang, *(f"{counts.get(n, 0):,}" for n in names)] for lang, counts in buckets.items()]
    table("", ["language", *names], rows)
    click.echo(f"{out}: {manifest.rows:,} documents and parts, none truncated")


@longdoc.command("probe")
@_recipe
@_input
@_tokenizer
@click.option("--lengths", help="Tokens, such as 4096,32768.")
@click.option("--grid", metavar="32k|256k", help="Lengths of a stage of the extension.")
@click.option("--depths", help="Percent, such as 0,50,100.")
@click.option("--kinds", help="Kinds, such as single,multi_key.")
@click.option("--langs", help="Languages, such as en,ko.")
@click.option("--count", type=click.IntRange(min=1), help="Probes of each cell.")
@click.option("--split", type=click.Choice(["eval", "train"]), help="To test with or to train on.")
@click.option("--seed", type=int, help="Seed of every draw.")
@output_option
@workers_option
@replace_option
@json_option
def probe(
    recipe: Path | None,
    curated: Path,
    tokenizer: Path,
    lengths: str | None,
    grid: str | None,
    depths: str | None,
    kinds: str | None,
    langs: str | None,
    count: int | None,
    split: str | None,
    seed: int | None,
    out: Path,
    workers: int,
    replace: bool,
    as_json: bool,
) -> None:
    """Hide needles in held-out text: a grid of probes, exact to the token."""
    from longdoc.probe import probe as probe_
    from longdoc.section import Probe

    section = _section(recipe)
    given: dict[str, object] = {}
    if grid is not None:
        if grid not in GRIDS or lengths:
            raise RecipeError(f"--grid {grid}: give 32k or 256k, and no --lengths beside it")
        given["lengths"] = list(GRIDS[grid])
    if lengths:
        given["lengths"] = [int(n) for n in _numbers(lengths, "--lengths")]
    if depths:
        given["depths"] = list(_numbers(depths, "--depths"))
    given |= {k: v.split(",") for k, v in (("kinds", kinds), ("langs", langs)) if v}
    if count:
        given["count"] = count
    if split:
        given["split"] = split
    from hanji.recipe import decode

    base = msgspec.to_builtins(section.probe or Probe())
    wanted = decode({**base, **given}, Probe, "longdoc.probe")
    how = execution(workers, replace)
    manifest = probe_(wanted, section.seed if seed is None else seed, curated, tokenizer, out, how)
    emit(manifest.facts, as_json, lambda: click.echo(f"{out}: {manifest.rows:,} probes"))


@longdoc.command("score")
@click.argument("probes", type=click.Path(path_type=Path))
@click.argument("answers", type=click.Path(path_type=Path))
@click.option("--recipe", type=click.Path(path_type=Path), help="Recipe with the gate's criteria.")
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), metavar="FILE",
    help="Write the score as JSON.",
)  # fmt: skip
@click.option("--endpoint", "url", help="Ask this OpenAI-compatible endpoint and write ANSWERS.")
@click.option("--model", help="Model, as the endpoint names it.")
@click.option("--key-env", default="", help="Environment variable that holds the endpoint's key.")
@json_option
def score(
    probes: Path,
    answers: Path,
    recipe: Path | None,
    out: Path | None,
    url: str | None,
    model: str | None,
    key_env: str,
    as_json: bool,
) -> None:
    """Score the ANSWERS file against PROBES; exit 1 unless the light is green."""
    from hanji.manifest import write_atomically
    from longdoc.score import score as score_

    if (url is None) != (model is None):
        raise RecipeError("--endpoint and --model go together; give both or neither")
    if url is not None and model is not None:
        from hanji.endpoint import Endpoint
        from longdoc.ask import ask_probes

        settings = Endpoint(url=url, model=model, temperature=0.0, top_p=1.0, key_env=key_env)
        cache = answers.with_name(answers.name + ".replies")
        ask_probes(probes, settings, cache, answers, execution().progress)
    result = score_(probes, answers, _section(recipe).gate)
    if out is not None:
        write_atomically(out, msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n")
    emit(result, as_json, lambda: _print_score(result))
    if result.verdict != "GREEN":
        raise CheckFailed(f"the light is {result.verdict}: {'; '.join(result.misses)}")


SHADES = " ░▒▓█"


def _print_score(result: Score) -> None:
    """Print the heat map: a row a length, a column a depth, the share right in each cell."""
    lengths = list(dict.fromkeys(name.split("/")[0] for name in result.cells))
    depths = list(dict.fromkeys(name.split("/")[1] for name in result.cells))
    rows = []
    for length in lengths:
        row = [f"{int(length):,}"]
        for depth in depths:
            cell = result.cells.get(f"{length}/{depth}")
            row.append("" if cell is None else f"{SHADES[round(4 * cell.share)]} {cell.share:.2f}")
        rows.append(row)
    table("share right by length (tokens) and depth (%)", ["length", *depths], rows)
    parts = [*result.kinds.items(), *result.langs.items(), ("all", result.total)]
    if result.none_false is not None:
        parts.append(("false none", result.none_false))
    lines = [
        [name, f"{cell.right:,}/{cell.n:,}", f"{cell.share:.3f}", f"{cell.low:.3f}-{cell.high:.3f}"]
        for name, cell in parts
    ]
    table("", ["part", "right", "share", "95% interval"], lines)
    click.echo(f"{result.verdict}")
