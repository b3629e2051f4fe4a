"""Importing this loads all that cleaning needs: the model of languages, tables, kernels.

The process that local workers are forked from does (`hanji.workers.prepare`), once for all of them.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines import dedup
from pipelines.columns import PERMUTATIONS
from pipelines.langs import languages
from pipelines.language import detect
from pipelines.normalise import normalise
from pipelines.pii import mask
from pipelines.profile import profile
from pipelines.quality import decide
from pipelines.section import Near, Quality

__all__: list[str] = []


def _clean_one() -> None:
    text, lang = normalise("Paper is made of plants. 030 123456\n"), "en"
    detect([text])
    texts = pa.array([mask(text, lang=lang).text], pa.large_string())
    own = languages()
    profiles = profile(texts, [lang], {lang: own[lang].stop_words}, {lang: own[lang].policy})
    decide(profiles, [lang], Quality().rules)
    dedup.near_keys(texts, [lang], Near(), PERMUTATIONS)
    dedup.exact_keys(texts)


_clean_one()
