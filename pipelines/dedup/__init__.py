"""Duplicates: matching keys, MinHash signatures and the bands by which they meet."""

from pipelines.dedup.keys import exact_keys
from pipelines.dedup.minhash import band_keys, signatures

__all__ = ["band_keys", "exact_keys", "signatures"]
