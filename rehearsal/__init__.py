"""Mixes for the stages of the context extension: planned, drawn, packed, read and exported.

`pack` packs lengths, `reader` feeds a training job; the rest is run by `hanji rehearsal`.
"""

__all__: list[str] = []
