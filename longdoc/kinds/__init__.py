"""Kinds of probe: small pure functions from a draw to needles, a question and what is right."""

from __future__ import annotations

from longdoc.kinds.chains import order, variable_tracking
from longdoc.kinds.counts import common_words, frequent_words
from longdoc.kinds.draw import Draw, DrawKind, Drawn, Form, Hide
from longdoc.kinds.mrcr import mrcr
from longdoc.kinds.numbers import (
    multi_key,
    multi_query,
    multi_value,
    none,
    paraphrase,
    single,
    two_hop,
)
from longdoc.kinds.qa import qa

__all__ = ["KINDS", "Draw", "Drawn", "Form", "Hide"]

KINDS: dict[str, DrawKind] = {
    "single": single,
    "multi_key": multi_key,
    "multi_value": multi_value,
    "multi_query": multi_query,
    "variable_tracking": variable_tracking,
    "common_words": common_words,
    "frequent_words": frequent_words,
    "qa": qa,
    "none": none,
    "two_hop": two_hop,
    "paraphrase": paraphrase,
    "order": order,
    "mrcr": mrcr,
    "cross_lingual": single,
}
