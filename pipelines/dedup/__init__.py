"""Duplicates: matching keys, MinHash signatures and the bands by which they meet."""

from hanji.minhash import band_keys, signatures
from pipelines.dedup.keys import exact_keys
from pipelines.dedup.near import near_keys

__all__ = ["band_keys", "exact_keys", "near_keys", "signatures"]
