"""Profiles: one scan gives every number that the quality rules compare."""

from pipelines.profile.scan import METRICS, profile

__all__ = ["METRICS", "profile"]
