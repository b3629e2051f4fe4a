"""What every local worker needs, imported once, before workers are forked; Beam's notes unsaid."""

from __future__ import annotations

import logging

__all__ = ["sdk_worker_main"]

logging.disable(logging.WARNING)
from apache_beam.runners.worker import sdk_worker_main  # noqa: E402

logging.disable(logging.NOTSET)
