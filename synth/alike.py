"""Near-duplicate problems: the question's MinHash against those of the same task and language."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from hanji.minhash import band_keys, signatures

__all__ = ["Seen"]

PERMUTATIONS = 32


class Seen:
    """Questions that were met, by task; one that is too much like an earlier one is pointed out.

    Of two signatures that differ in d values at most, cut into d + 1 bands, one band is equal: so
    looking up the bands misses no pair.
    """

    def __init__(self, threshold: float) -> None:
        self._most = int((1 - threshold) * PERMUTATIONS + 1e-9)  # values that may differ
        self._bands = min(self._most + 1, PERMUTATIONS)
        self._tables: dict[tuple[str, int, int], list[int]] = {}
        self._signed: list[npt.NDArray[np.uint32]] = []

    def repeats(self, tasks: Sequence[str], questions: Sequence[str]) -> list[bool]:
        """Say of each question, in order, whether it repeats one that was kept before.

        Args:
            tasks: the task of each question; only questions of one task are compared.
            questions: the texts.
        """
        signed = signatures(pa.array(questions, pa.large_string()), PERMUTATIONS)
        keys = band_keys(signed, self._bands, PERMUTATIONS // self._bands).tolist()
        found = []
        for task, row, bands in zip(tasks, signed, keys):
            places = [(task, band, key) for band, key in enumerate(bands)]
            others = {i for place in places for i in self._tables.get(place, ())}
            alike = any(int((self._signed[i] != row).sum()) <= self._most for i in others)
            found.append(alike)
            if not alike:
                for place in places:
                    self._tables.setdefault(place, []).append(len(self._signed))
                self._signed.append(row)
        return found
