"""Run one pipeline: the runner by its name, progress while it runs, errors in our own words.

The local runner is `FnApiRunner`: plain `DirectRunner` first tries to fetch another engine and
falls back in silence, so that the same command would run on two engines. With more than one
worker it starts processes; other runners get the user's own options untouched.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import apache_beam as beam
from apache_beam.options.pipeline_options import DebugOptions, GoogleCloudOptions, PipelineOptions
from apache_beam.runners.portability import fn_api_runner
from apache_beam.transforms import environments

from hanji import workers
from hanji.beam import ticker
from hanji.beam.forked import Forked
from hanji.errors import DryRun, HanjiError, RecipeError, nearest
from hanji.execution import DATAFLOW, LOCAL, Execution
from hanji.progress import Phase

__all__ = ["RUNNERS", "options", "run"]

RUNNERS = (LOCAL, DATAFLOW, "PortableRunner", "FlinkRunner", "SparkRunner")
POLL = 0.2  # seconds
ENDING = 5.0  # seconds for Beam to report what went wrong in a worker
# Of another name Beam would make a bucket of its own, in silence.
BUCKET = re.compile(r"gs://[a-z0-9][a-z0-9._-]{1,}[a-z0-9](/|$)")


def options(execution: Execution) -> PipelineOptions:
    """Build Beam's options.

    Raises:
        RecipeError: if the runner is not one that runs these pipelines.
    """
    if execution.runner not in RUNNERS:
        hint = (
            "; it may fetch another engine over the network, use FnApiRunner"
            if execution.runner == "DirectRunner"
            else nearest(execution.runner, RUNNERS)
        )
        raise RecipeError(f"--runner {execution.runner}: is not supported{hint}")
    flags = [f"--runner={execution.runner}", "--no_save_main_session"]
    if execution.runner == LOCAL:
        flags.append(f"--direct_num_workers={execution.workers}")
    if execution.runner == DATAFLOW:
        flags += _dataflow_flags(execution)
    found = PipelineOptions([*flags, *execution.beam_options])
    if execution.runner == DATAFLOW:
        _check_dataflow(found)
    return found


def _dataflow_flags(execution: Execution) -> list[str]:
    """Say to Dataflow what our own flags say: its first number of workers, no key for a dry run."""
    flags = ["--no_auth"] if execution.dry_run else []
    if execution.workers > 1:
        if any(option.partition("=")[0] == "--num_workers" for option in execution.beam_options):
            raise RecipeError(
                f"--workers {execution.workers}: --num_workers is given too; leave one of them out"
            )
        flags.append(f"--num_workers={execution.workers}")
    return flags


def _check_dataflow(given: PipelineOptions) -> None:
    cloud = given.view_as(GoogleCloudOptions)
    for name in ("project", "region", "temp_location"):
        if not getattr(cloud, name):
            raise RecipeError(
                f"--runner {DATAFLOW}: needs --{name}; give it behind '--', such as "
                "-- --project=P --region=R --temp_location=gs://BUCKET/tmp"
            )
    if not BUCKET.match(cloud.temp_location):
        raise RecipeError(
            f"--runner {DATAFLOW}: --temp_location has to be gs://BUCKET/DIRECTORY, "
            f"it is {cloud.temp_location}"
        )
    try:
        import apache_beam.runners.dataflow.internal.apiclient  # noqa: F401
    except ImportError:
        raise RecipeError(
            f"--runner {DATAFLOW}: needs a package that is not installed; install "
            "`pip install 'hanji[gcp]'`"
        ) from None


def run(
    build: Callable[[beam.Pipeline], object],
    execution: Execution,
    *,
    name: str,
    total: int | None = None,
    unit: str = "B",
) -> None:
    """Build a pipeline and run it to its end.

    Args:
        build: applies the transforms to a new pipeline.
        execution: where and how fast.
        name: the phase's name, for progress.
        total: how much the workers' tickers will count in all, if known.
        unit: of what they count.

    Raises:
        HanjiError: the first error that a worker raised on purpose, or a worker was killed.
        DryRun: when the job of Dataflow is built, if that is all that was asked for.
    """
    pipeline_options = options(execution)
    if execution.runner == LOCAL:
        logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # start-up chatter
    runner = _local(execution.workers) if execution.runner == LOCAL else None
    try:
        pipeline = beam.Pipeline(runner=runner, options=pipeline_options)
    except ValueError as refused:  # one line for each option that Beam does not take
        reasons = " ".join(str(refused).splitlines()[1:]) or str(refused)
        raise RecipeError(f"--runner {execution.runner}: {reasons}") from None
    build(pipeline)
    if execution.runner == DATAFLOW and execution.dry_run:
        _only_build(pipeline, name)
    with (
        _ticking() as directory,
        _threads_overheard() as overheard,
        execution.progress.phase(name, total, unit) as phase,
    ):
        failure: list[BaseException] = []
        thread = threading.Thread(target=_to_the_end, args=(pipeline, failure), daemon=True)
        thread.start()
        seen, lost = (0, 0), None
        while thread.is_alive() and lost is None:
            thread.join(POLL)
            seen, lost = _show(directory, phase, seen), workers.failed()
        thread.join(0 if lost is None else ENDING)
        told = ticker.told(directory)
        if told is not None:
            raise told
        if failure:
            raise failure[0]
        if thread.is_alive() and lost is not None:  # Beam would wait for it for ever
            workers.stop()
            thread.join(ENDING)
            overheard.clear()
            raise _lost(lost)


def _only_build(pipeline: beam.Pipeline, name: str) -> NoReturn:
    """Build the job for Dataflow without a key or a network; write it where that is asked for."""
    proto = pipeline.run().job.proto_pipeline
    found = pipeline.options.view_as(DebugOptions).dataflow_job_file
    if found:
        Path(found).write_bytes(proto.SerializeToString())
    n = len(proto.components.transforms)
    size = len(proto.SerializeToString())
    where = f", written to {found}" if found else ""
    raise DryRun(
        f"the job of '{name}' is built ({n} transforms, {size:,} bytes{where}), not started"
    )


def _local(n_workers: int) -> fn_api_runner.FnApiRunner:
    """Open the local runner; with several workers each is a process, its chatter in a file."""
    if n_workers == 1:
        return fn_api_runner.FnApiRunner()
    return fn_api_runner.FnApiRunner(Forked(environments.python_sdk_capabilities()))


def _to_the_end(pipeline: beam.Pipeline, failure: list[BaseException]) -> None:
    try:
        pipeline.run().wait_until_finish()
    except BaseException as error:
        failure.append(error)  # raised again in the caller's thread


@contextlib.contextmanager
def _threads_overheard() -> Iterator[list[threading.ExceptHookArgs]]:
    """Keep what Beam's own threads raise until it is known why; tell what is then in the list."""
    before, overheard = threading.excepthook, list[threading.ExceptHookArgs]()
    threading.excepthook = overheard.append
    try:
        yield overheard
    finally:
        threading.excepthook = before
        for raised in overheard:
            before(raised)


def _lost(code: int) -> HanjiError:
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return HanjiError(
        f"a worker ended with {how}, perhaps for want of memory; give fewer --workers: what is "
        "done is kept, and the same command goes on from there"
    )


def _show(directory: Path, phase: Phase, seen: tuple[int, int]) -> tuple[int, int]:
    now = ticker.total(directory)
    if now != seen:
        phase.advance(now[0] - seen[0], (now[1] - seen[1]) if now[1] else None)
    return now


@contextlib.contextmanager
def _ticking() -> Iterator[Path]:
    before = os.environ.get(ticker.VARIABLE)
    with tempfile.TemporaryDirectory(prefix="hanji-ticker-", ignore_cleanup_errors=True) as name:
        os.environ[ticker.VARIABLE] = name
        try:
            yield Path(name)
        finally:
            if before is None:
                del os.environ[ticker.VARIABLE]
            else:
                os.environ[ticker.VARIABLE] = before
