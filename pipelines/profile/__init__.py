"""Profiles: one scan gives every number that the quality rules compare."""

from pipelines.profile.metrics import METRICS
from pipelines.profile.scan import SEPARATOR, profile
from pipelines.profile.tables import word_hash

__all__ = ["METRICS", "SEPARATOR", "profile", "word_hash"]
