"""Personal data: found by bounded patterns, masked by stable placeholders."""

from pipelines.pii.mask import KINDS, Masked, mask

__all__ = ["KINDS", "Masked", "mask"]
