"""Local workers: processes forked from one that has imported everything already.

Beam starts new workers for each pipeline, and a Python that begins from nothing imports for
seconds. So one process is started early, imports what workers need while the driver does the same,
and is forked for each of them. It runs no thread, so that it can be forked safely; the standard
library's fork server does all of it.
"""

from __future__ import annotations

import gc
import importlib
import multiprocessing
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess

__all__ = ["failed", "prepare", "start", "stop", "wait"]

_BEAM = "hanji.beam.imported"
_SAFE_PATH = "PYTHONSAFEPATH"  # else a folder `pipelines` of the user's would come before ours
_POLL = 0.02  # seconds
_started: list[BaseProcess] = []
_one_at_a_time = threading.Lock()  # an exit code can be read only once, and Beam starts in threads


def prepare(modules: Iterable[str] = ()) -> None:
    """Start the process that workers are forked from, so that it imports while we do.

    Args:
        modules: what it imports beside Beam; one that cannot be imported is left to the workers.
    """
    context = _context()
    context.set_forkserver_preload([_BEAM, *modules])
    before = os.environ.get(_SAFE_PATH)
    os.environ[_SAFE_PATH] = "1"
    try:
        forkserver.ensure_running()
    finally:
        if before is None:
            del os.environ[_SAFE_PATH]
        else:
            os.environ[_SAFE_PATH] = before


def start(variables: Mapping[str, str], log: str) -> BaseProcess:
    """Start a worker.

    Args:
        variables: of its environment, all of them.
        log: the file to which it writes what it says.
    """
    with _one_at_a_time:
        prepare()  # does nothing where it was called before
        process = _context().Process(target=_work, args=(dict(variables), log), daemon=True)
        process.start()
        _started.append(process)
    return process


def wait(process: BaseProcess) -> None:
    """Wait until a worker has ended."""
    while True:
        with _one_at_a_time:
            if process.exitcode is not None:
                return
        time.sleep(_POLL)


def failed() -> int | None:
    """Return the exit code of a worker that ended badly since the last call, if one did."""
    with _one_at_a_time:
        ended = [process for process in _started if process.exitcode is not None]
        _started[:] = [process for process in _started if process not in ended]
    return next((process.exitcode for process in ended if process.exitcode), None)


def stop() -> None:
    """End all workers at once."""
    with _one_at_a_time:
        for process in _started:
            process.kill()
        for process in _started:
            process.join()
        _started.clear()


def _context() -> ForkServerContext:
    return multiprocessing.get_context("forkserver")


def _work(variables: Mapping[str, str], log: str) -> None:
    gc.freeze()  # what was imported need not be looked at again
    os.environ.clear()
    os.environ.update(variables)
    with open(log, "a", encoding="utf-8") as said:
        os.dup2(said.fileno(), sys.stderr.fileno())
    importlib.import_module(_BEAM).sdk_worker_main.main([])
