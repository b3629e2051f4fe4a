"""Exports of packed sequences: Arrow, `datasets`, Parquet, Megatron, MosaicML."""
