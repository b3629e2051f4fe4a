"""`hanji synth run|preview|requests|replies`."""

from __future__ import annotations

from itertools import chain, islice
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
from hanji.endpoint.settings import Endpoint
from hanji.errors import RecipeError, nearest
from synth.section import Extractive, Grounded, Procedural, Reasoning

if TYPE_CHECKING:
    from hanji.manifest import Manifest

__all__ = ["synth"]

FAMILIES = ("extractive", "procedural", "grounded")


@click.group()
def synth() -> None:
    """Make thinking-augmented reasoning samples."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What the flags say of the section, beside or instead of a recipe."""

    recipe: Path | None
    family: str | None
    langs: str
    count: int | None = None
    endpoint: str = ""
    model: str = ""
    key_env: str = ""

    @property
    def base(self) -> Path:
        """What the recipe's paths are relative to."""
        return self.recipe.parent if self.recipe is not None else Path()

    def section(self) -> Reasoning:
        """Return the settings."""
        if self.recipe is None:
            return self._of_family()
        from hanji.recipe import Recipe

        section = Recipe.load(self.recipe).section("reasoning", Reasoning)
        if section.grounded is None:
            return section
        where = {"url": self.endpoint, "key_env": self.key_env}
        given = {key: value for key, value in where.items() if value}
        endpoint = msgspec.structs.replace(section.grounded.endpoint, **given)
        grounded = msgspec.structs.replace(section.grounded, endpoint=endpoint)
        return msgspec.structs.replace(section, grounded=grounded)

    def _of_family(self) -> Reasoning:
        family, n = self.family, self.count or 1_000
        if family is None:
            raise RecipeError("give a RECIPE or --family")
        if family not in FAMILIES:
            raise RecipeError(f"--family {family}: unknown family{nearest(family, FAMILIES)}")
        if family == "grounded" and not (self.endpoint and self.model):
            raise RecipeError("--family grounded: needs --endpoint URL and --model NAME")
        endpoint = Endpoint(url=self.endpoint, model=self.model, key_env=self.key_env)
        section = Reasoning(
            extractive=Extractive(max_per_lang=n) if family == "extractive" else None,
            procedural=Procedural(count=n) if family == "procedural" else None,
            grounded=Grounded(endpoint=endpoint, max_per_lang=n) if family == "grounded" else None,
        )
        chosen = tuple(self.langs.split(",")) if self.langs else section.langs
        return msgspec.structs.replace(section, langs=chosen)


_recipe = click.argument("recipe", required=False, type=click.Path(path_type=Path))
_input = click.option(
    "--input", "curated", type=click.Path(path_type=Path), metavar="DIR",
    help="Curated documents, for the extractive and grounded families.",
)  # fmt: skip
_family = click.option("--family", metavar="|".join(FAMILIES), help="Family, without a recipe.")
_count = click.option(
    "--count", type=click.IntRange(min=1), help="Samples of each task or language."
)
_langs = click.option("--langs", default="", help="Languages, such as en,ko.  [default: all six]")


_endpoint = click.option(
    "--endpoint", default="", metavar="URL",
    help="OpenAI-compatible endpoint, for the grounded family.",
)  # fmt: skip
_model = click.option("--model", default="", metavar="NAME", help="Model at the endpoint.")
_key_env = click.option(
    "--key-env", default="", metavar="NAME", help="Environment variable that holds its key."
)
_replies = click.option(
    "--replies", type=click.Path(path_type=Path), metavar="DIR",
    help="Cache of its replies.  [default: beside the output]",
)  # fmt: skip


_tokenizer = click.option(
    "--tokenizer", type=click.Path(path_type=Path), metavar="DIR",
    help="Tokenizer that counts tokens, where the recipe names none.",
)  # fmt: skip


@synth.command("run")
@_recipe
@_input
@_family
@_count
@_langs
@_endpoint
@_model
@_key_env
@_replies
@_tokenizer
@output_option
@workers_option
@replace_option
@json_option
def run(
    recipe: Path | None,
    curated: Path | None,
    family: str | None,
    count: int | None,
    langs: str,
    endpoint: str,
    model: str,
    key_env: str,
    replies: Path | None,
    tokenizer: Path | None,
    out: Path,
    workers: int,
    replace: bool,
    as_json: bool,
) -> None:
    """Make, verify and write samples, of RECIPE or of one family."""
    from hanji.endpoint import Usage
    from synth.make import make

    source = Source(
        recipe=recipe, family=family, langs=langs, count=count, endpoint=endpoint, model=model,
        key_env=key_env,
    )  # fmt: skip
    section, usage = source.section(), Usage()
    try:
        manifest = make(
            section, curated, out, execution(workers, replace),
            base=source.base, replies=replies, usage=usage, tokenizer=tokenizer,
        )  # fmt: skip
    finally:
        if usage.sent or usage.cached:
            click.echo(str(usage), err=True)
    emit(manifest.report, as_json, lambda: _print(manifest, out))


def _print(manifest: Manifest, out: Path) -> None:
    langs = list(manifest.report.by_lang())
    rows = []
    for source in sorted(manifest.report.by):
        tallies = manifest.report.by[source]
        counts = [tallies[lang].kept if lang in tallies else 0 for lang in langs]
        failed = sum(sum(t.failed.values()) for t in tallies.values())
        dropped = sum(t.made - t.kept for t in tallies.values()) - failed
        rows.append([source, *(f"{n:,}" for n in counts), f"{dropped:,}", f"{failed:,}"])
    table("", ["task", *langs, "rejected", "failed"], rows)
    missed = manifest.facts.get("missed")
    assert isinstance(missed, dict)
    for task, langs in sorted(missed.items()):
        gaps = ", ".join(f"{lang} {n:,}" for lang, n in sorted(langs.items()))
        click.echo(f"{task}: ran out of different problems, short of {gaps}")
    click.echo(f"{out}: {manifest.rows:,} samples")


@synth.command("requests")
@click.argument("recipe", type=click.Path(path_type=Path))
@_input
@_replies
@click.option(
    "-o", "--output", "out", type=click.Path(path_type=Path), required=True, metavar="FILE",
    help="File of requests to write.",
)  # fmt: skip
@json_option
def requests(
    recipe: Path, curated: Path | None, replies: Path | None, out: Path, as_json: bool
) -> None:
    """Write the requests of RECIPE that have no reply yet, in the OpenAI batch format.

    Nothing is sent. Give it again after `replies`, as questions are answered in a second round.
    """
    from hanji.endpoint import write_batch
    from hanji.manifest import Dataset
    from synth.grounded.make import Grounding

    source = Source(recipe=recipe, family=None, langs="")
    section = source.section()
    if section.grounded is None or curated is None or replies is None:
        raise RecipeError("requests: needs reasoning.grounded in the recipe, --input and --replies")
    dataset = Dataset.open(curated, "document/1")
    grounding = Grounding.of(section, dataset, replies, source.base)
    todo = chain(grounding.requests(), grounding.answers())
    written = write_batch(todo, out, replies)
    estimate = grounding.estimate()
    render = f"{out}: {written:,} requests to send; the whole job: {estimate}"
    emit({"written": written, "job": estimate}, as_json, lambda: click.echo(render))


@synth.command("replies")
@click.argument("results", type=click.Path(path_type=Path))
@_replies
@json_option
def replies(results: Path, replies: Path | None, as_json: bool) -> None:
    """Read RESULTS of a batch, in the OpenAI batch format, into the cache of replies."""
    from hanji.endpoint import read_batch

    if replies is None:
        raise RecipeError("replies: needs --replies DIR, the one that `requests` was given")
    counts = read_batch(results, replies)
    text = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    emit(counts, as_json, lambda: click.echo(f"{replies}: {text}"))


@synth.command("preview")
@_recipe
@_input
@_family
@_langs
@_endpoint
@_model
@click.option(
    "--rows", "n", default=1, show_default=True, help="Samples of each task in a language."
)
@json_option
def preview(
    recipe: Path | None,
    curated: Path | None,
    family: str | None,
    langs: str,
    endpoint: str,
    model: str,
    n: int,
    as_json: bool,
) -> None:
    """Show a few samples in each language, or what a model would be asked; nothing is written."""
    from hanji.manifest import Dataset
    from synth.generate import from_documents, from_seeds

    source = Source(recipe=recipe, family=family, langs=langs, endpoint=endpoint, model=model)
    section = source.section()
    shown = []
    for lang in section.langs:
        if section.procedural is not None:
            few = msgspec.structs.replace(section.procedural, count=n)
            shown += list(from_seeds(few, lang, section.markers, section.seed))
        if section.extractive is not None and curated is not None:
            documents = Dataset.open(curated, "document/1").documents(lang)
            found = from_documents(documents, section.extractive, section.markers, section.seed)
            shown += list(islice(found, n))

    prompts = _prompts(section, curated, n, source.base) if section.grounded is not None else []

    def render() -> None:
        for sample in shown:
            click.echo(click.style(f"{sample.lang} {sample.family} {sample.task}", bold=True))
            click.echo(sample.text + "\n")
        for prompt in prompts:
            click.echo(click.style("grounded, what would be asked", bold=True))
            click.echo(prompt + "\n")

    emit([*shown, *prompts], as_json, render)


def _prompts(section: Reasoning, curated: Path | None, n: int, base: Path) -> list[str]:
    """Return what a model would be asked about the first documents; nothing is sent."""
    from hanji.manifest import Dataset
    from synth.grounded.plan import jobs
    from synth.grounded.prompts import Prompts

    assert section.grounded is not None
    if curated is None:
        raise RecipeError("the grounded family needs documents; give --input DIR")
    own = base / section.grounded.prompts if section.grounded.prompts else None
    dataset, prompts = Dataset.open(curated, "document/1"), Prompts.load(section.langs, own)
    few = (
        job
        for lang in section.langs
        for job in islice(jobs(dataset.documents(lang), section.grounded, prompts, section.seed), n)
    )
    return [
        request.messages[-1].content
        for job in few
        for request in (*job.thoughts, job.question)
        if request is not None
    ]
