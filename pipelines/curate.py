"""The curation pipeline: sources in, clean and deduplicated documents out, every one accounted for.

Four Beam pipelines, each over small descriptions of work; texts never cross a shuffle:

    clean      unit of files -> clean documents, rejections, quarantine, keys   (pipelines.clean)
    compare    keys by partition -> duplicate edges -> one forest -> decisions  (pipelines.compare)
    cut        kept documents -> without repeated lines and runs of words   (pipelines.dedup.cut)
    publish    part of a language -> final shard                                (pipelines.publish)

A unit that is done is not done again, so a killed run goes on where it was. The order of
documents is (unit, row) over sorted files and winners are minima, so nothing depends on the
number of workers or partitions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
from msgspec.structs import replace

from hanji.beam.run import options, run
from hanji.beam.units import ForEach, Units
from hanji.contamination.index import load
from hanji.contamination.sets import digest_of
from hanji.errors import InputError, RecipeError
from hanji.execution import Execution
from hanji.manifest import Commit, Manifest
from hanji.places import place
from hanji.report import Report
from pipelines import compare, lists, models, publish
from pipelines.calibrate import load_limits
from pipelines.clean import Clean, UnitAccount, account_of
from pipelines.columns import CURATED
from pipelines.decontaminate import leaks
from pipelines.dedup import cut
from pipelines.read.source import InputFile, Source, plan
from pipelines.section import Curate
from pipelines.units import Unit, group

__all__ = ["curate"]


def curate(
    sources: Sequence[Source],
    section: Curate,
    base: Path,
    out: Path,
    execution: Execution,
) -> Manifest:
    """Curate `sources` into the dataset directory `out`.

    Args:
        sources: where the raw text is; relative paths are relative to `base`.
        section: what is kept.
        base: the directory of the recipe.
        out: the dataset's directory.
        execution: where and how fast.

    Returns:
        The manifest, made now or found finished.

    Raises:
        RecipeError: if a source matches no file.
        InputError: if more records fail than `section.max_failures` allows.
        OutputError: if `out` holds something else.
        DryRun: when the first job is built, if that is all that was asked for.
    """
    options(execution)  # what is wrong with the engine's options is told before anything is read
    out = place(out)
    decontaminate = section.decontaminate
    sets = [one.path for one in decontaminate.sets] if decontaminate is not None else []
    execution.require_shared(out, [*(source.path for source in sources), *sets, *_files(section)])
    section = _with_limits(section, base)
    files = plan(sources, base)
    if execution.dry_run:
        _clean(group(files, out / ".work-dry-run"), section, base, execution)
    commit = Commit.begin(
        out,
        stage="curate",
        kind="document/1",
        section={"sources": list(sources), "curate": section},
        inputs=[_input_digest(files), *_set_digests(section, base)],
        replace=execution.replace,
    )
    if commit.finished is not None:
        return commit.finished
    work = commit.work.resolve()  # workers may stand in another directory
    units = group(files, work)
    _clean(units, section, base, execution)
    accounts = [account_of(unit) for unit in units]
    report = _merged(accounts)
    _check_failures(report, accounts, section.max_failures)
    decisions = compare.compare(units, section.duplicates, work, execution)
    decisions = cut.cut(units, decisions, section.duplicates, work, execution)
    shards = publish.publish(units, decisions, report, section, work, execution)
    facts = publish.facts(units, accounts, decisions, section)
    if section.decontaminate is not None:
        index = load(section.decontaminate.sets, base.resolve())
        facts["contamination"] = leaks((unit.contamination for unit in units), index)
    return commit.finish(CURATED, shards, report, facts)


def _with_limits(section: Curate, base: Path) -> Curate:
    """Put the limits of the file in the section, so that they are in its fingerprint."""
    quality = section.quality
    if quality is None or quality.limits_file is None:
        return section
    limits = load_limits(place(quality.limits_file, base), quality.segmenter)
    for lang, own in quality.limits.items():
        limits[lang] = {**limits.get(lang, {}), **own}
    return replace(section, quality=replace(quality, limits=limits, limits_file=None))


def _input_digest(files: Sequence[InputFile]) -> str:
    """Name the inputs by their names and contents, so that a changed file is a new input."""
    from hanji.seeds import stable_hex

    return stable_hex("files", *(part for f in files for part in (f.source, f.name, f.digest())))


def _files(section: Curate) -> list[str]:
    """Name the files of lists and models, which workers read."""
    own, found = section.lists, []
    if own is not None:
        found += [*own.words.values(), *([] if own.urls is None else [own.urls])]
    if section.models is not None:
        found += [one.path for one in section.models.classifiers.values()]
        for model in section.models.perplexity.values():
            found += [model.path, *([] if model.pieces is None else [model.pieces])]
    return found


def _set_digests(section: Curate, base: Path) -> list[str]:
    """Name sets, lists and models by their contents; a damaged one is told before the run."""
    sets = section.decontaminate.sets if section.decontaminate is not None else ()
    names = [one.name for one in sets]
    for name in names:
        if names.count(name) > 1:
            raise RecipeError(f"curate.decontaminate.sets: two are named '{name}'; rename one")
    own = section.lists
    files = [place(path, base) for path in own.words.values()] if own is not None else []
    files += [place(own.urls, base)] if own is not None and own.urls is not None else []
    named = [*(digest_of(one, base) for one in sets), *lists.digests(files)]
    return [*named, *models.digests(section.models, base)]


def _clean(units: Sequence[Unit], section: Curate, base: Path, execution: Execution) -> None:
    waiting = [unit for unit in units if execution.dry_run or not unit.done.exists()]
    if not waiting:
        return
    work = Clean(section, str(base.resolve()))

    def build(pipeline: beam.Pipeline) -> None:
        _ = pipeline | Units(waiting) | ForEach(work, Unit)

    total = sum(unit.bytes for unit in waiting)
    run(build, execution, name="clean", total=total)


def _merged(accounts: Sequence[UnitAccount]) -> Report:
    report = Report()
    for account in accounts:
        report.merge(account.report)
    return report


def _check_failures(report: Report, accounts: Sequence[UnitAccount], max_failures: float) -> None:
    total = report.total()
    failed = sum(total.failed.values())
    if total.read and failed / total.read > max_failures:
        first = next(account.first_failure for account in accounts if account.first_failure)
        raise InputError(
            f"{failed:,} of {total.read:,} records could not be read "
            f"({failed / total.read:.2%}, allowed are {max_failures:.2%}), the first: {first}; "
            "repair the source or raise curate.max_failures"
        )
