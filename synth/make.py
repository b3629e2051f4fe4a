"""Make reasoning data: generate, verify, keep apart what fails, write with the report's law."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from hanji.contamination.sets import digest_of
from hanji.endpoint import Usage
from hanji.errors import RecipeError
from hanji.execution import LOCAL, Execution
from hanji.manifest import Commit, Dataset, Manifest
from hanji.shards import ShardSet
from hanji.tokens import Tokenizer
from synth import extractive
from synth.grounded.make import Grounding
from synth.languages import Account, write
from synth.sample import REJECTED, THOUGHT
from synth.section import Reasoning

__all__ = ["make", "missed"]


def make(
    section: Reasoning,
    curated: Path | None,
    out: Path,
    execution: Execution,
    *,
    base: Path = Path(),
    replies: Path | None = None,
    usage: Usage | None = None,
    tokenizer: Path | None = None,
) -> Manifest:
    """Make the reasoning data of a recipe.

    Args:
        section: families, tasks, counts.
        curated: a dataset of document/1 for the extractive and grounded families, or None.
        out: the dataset's directory.
        execution: where and how fast.
        base: what the recipe's paths are relative to.
        replies: the cache of an endpoint's replies; default is beside `out`.
        usage: is filled with what an endpoint was asked.
        tokenizer: that counts tokens, where the recipe names none.

    Raises:
        RecipeError: if there is nothing to make, or the documents are missing.
        OutputError: if `out` holds something else.
    """
    if section.extractive is None and section.procedural is None and section.grounded is None:
        raise RecipeError(
            "reasoning: no family is asked for; set extractive, procedural or grounded"
        )
    unknown = [lang for lang in section.langs if lang not in extractive._WORDS]
    if unknown:
        known = ", ".join(extractive._WORDS)
        raise RecipeError(f"reasoning.langs: '{unknown[0]}' has no templates; there are {known}")
    dataset, grounding = None, None
    if section.extractive is not None or section.grounded is not None:
        if curated is None:
            family = "extractive" if section.extractive is not None else "grounded"
            raise RecipeError(f"the {family} family needs documents; give --input DIR")
        dataset = Dataset.open(curated, "document/1")
    inputs: list[Manifest | str] = [dataset.manifest] if dataset is not None else []
    if section.grounded is not None and dataset is not None:
        replies = replies or out.with_name(f"{out.name}.replies")
        grounding = Grounding.of(section, dataset, replies, base, usage)
        inputs.append(grounding.prompts.digest)
    chosen = base / section.tokenizer if section.tokenizer is not None else tokenizer
    counting = Tokenizer.load(chosen) if chosen is not None else None
    inputs += [counting.digest] if counting is not None else []
    inputs += [digest_of(one, base) for one in section.decontaminate]
    commit = Commit.begin(
        out,
        stage="reasoning",
        kind="thought/1",
        section=_identity(section),
        inputs=inputs,
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    if grounding is not None:
        if execution.workers > 1 or execution.runner != "FnApiRunner":
            grounding.spread(execution)
        grounding.ask(execution.progress)
    return _write(section, dataset, grounding, commit, execution, counting)


def _identity(section: Reasoning) -> Reasoning:
    """Return the section without what says only where a model is, how fast and for how much."""
    if section.grounded is None:
        return section
    settings = msgspec.structs.replace(
        section.grounded, endpoint=section.grounded.endpoint.identity(), prompts=""
    )
    return msgspec.structs.replace(section, grounded=settings)


def _write(
    section: Reasoning,
    dataset: Dataset | None,
    grounding: Grounding | None,
    commit: Commit,
    execution: Execution,
    tokenizer: Tokenizer | None,
) -> Manifest:
    if grounding is None and execution.workers > 1 and execution.runner == LOCAL:
        from synth.spread import write_spread

        account, shards = write_spread(section, dataset, tokenizer, commit.work, execution)
    else:
        account = Account()
        kept = ShardSet(commit.work, THOUGHT)
        rejected = ShardSet(commit.work, REJECTED, split="rejected")
        with execution.progress.phase("reasoning", None, "samples") as phase:
            for lang in section.langs:
                account.add(
                    write(
                        lang, section, dataset, grounding, tokenizer, kept, rejected, phase.advance
                    )
                )
        shards = [*kept.close(), *rejected.close()]
    counts = account.counts
    facts: dict[str, object] = {"counts": counts, "missed": missed(section, counts)}
    if grounding is not None:
        facts["grounded"] = grounding.facts()
    return commit.finish(THOUGHT, shards, account.report, facts)


def missed(
    section: Reasoning, counts: Mapping[str, Mapping[str, Mapping[str, int]]]
) -> dict[str, dict[str, int]]:
    """Count, by task and language, the problems that the recipe asks for and that are not there.

    A difficulty with few different problems runs out: nothing is made twice to fill a quota.
    """
    if section.procedural is None:
        return {}
    found: dict[str, dict[str, int]] = {}
    for task in section.procedural.tasks:
        for lang in section.langs:
            passed = counts.get(f"procedural/{task}", {}).get(lang, {}).get("passed", 0)
            if passed < section.procedural.count:
                found.setdefault(task, {})[lang] = section.procedural.count - passed
    return found
