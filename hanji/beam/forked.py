"""The environment of Beam whose workers are those of `hanji.workers`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from apache_beam.runners.portability.fn_api_runner import worker_handlers
from apache_beam.transforms import environments
from google.protobuf import json_format, text_format

from hanji import workers
from hanji.beam import ticker

__all__ = ["Forked"]

_URN = "hanji:env:forked:v1"


@environments.Environment.register_urn(_URN, bytes)
class Forked(environments.Environment):
    """Workers that are forked from a process of ours."""

    def to_runner_api_parameter(self, context: object) -> tuple[str, bytes]:
        """Return its name and what it carries: nothing."""
        del context
        return _URN, b""

    @staticmethod
    def from_runner_api_parameter(
        payload: bytes,
        capabilities: Iterable[str],
        artifacts: Iterable[object],
        resource_hints: Mapping[str, bytes],
        context: object,
    ) -> Forked:
        """Build it from what the runner was handed."""
        del payload, context
        return Forked(capabilities, artifacts, resource_hints)


@worker_handlers.WorkerHandler.register_environment(_URN, bytes)
class _Handler(worker_handlers.GrpcWorkerHandler):
    def __init__(self, payload: bytes, *given: object) -> None:
        del payload
        super().__init__(*given)

    def start_worker(self) -> None:
        """Start one worker, which asks this handler for work."""
        given = self.provision_info.provision_info.pipeline_options
        control = text_format.MessageToString(self.control_api_service_descriptor())
        variables = {  # no address for its log: that goes to a file
            **os.environ,
            "CONTROL_API_SERVICE_DESCRIPTOR": control,
            "PIPELINE_OPTIONS": json_format.MessageToJson(given),
            "WORKER_ID": self.worker_id,
        }
        log = os.path.join(os.environ[ticker.VARIABLE], "workers.log")
        self._process = workers.start(variables, log)

    def stop_worker(self) -> None:
        """Wait until it has ended."""
        workers.wait(self._process)
