"""Curation: sources of raw text become clean, deduplicated documents, on Apache Beam.

`pipelines.curate.curate` is the whole pipeline; its parts stand in `read`, `extract`,
`normalise`, `language`, `profile`, `quality`, `pii`, `dedup` and `decontaminate`.
"""

__all__: list[str] = []
