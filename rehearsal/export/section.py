"""The recipe's `export` section. Light."""

from __future__ import annotations

from typing import Literal

import msgspec

__all__ = ["Export", "Format"]

Format = Literal["arrow", "hf", "parquet", "megatron", "mds"]


class Export(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the packed stages are exported to."""

    to: tuple[Format, ...] = ("arrow",)
    """Formats; each stage is written to export/<stage>-<format>."""
