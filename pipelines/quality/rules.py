"""Quality rules as data: a metric, a side, a limit by language, a reason.

Gopher's quality and repetition rules (Rae and others 2021, appendix A), C4's and FineWeb's, each a
comparison of one number of the profile with one limit of the language's file. A document is
rejected by the first rule that it breaks, in the order below, with the number and the limit. C4
drops lines that name JavaScript or a policy; here a document is dropped that consists of such
lines, and no text is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from hanji.schema import Lang
from pipelines.langs import language
from pipelines.profile import METRICS
from pipelines.profile.metrics import DUPLICATE_GRAMS, TOP_GRAMS

__all__ = ["RULES", "Rule", "Verdicts", "decide", "score"]

Numbers = npt.NDArray[np.float64]


class Rule(msgspec.Struct, frozen=True):
    """Reject where `metric` is below (or above) the limit named `limit`."""

    family: str
    reason: str
    metric: str
    side: Literal["below", "above"]
    limit: str


RULES = (
    Rule("gopher", "too_few_words", "n_words", "below", "n_words_min"),
    Rule("gopher", "too_many_words", "n_words", "above", "n_words_max"),
    Rule("gopher", "words_too_short", "mean_word_length", "below", "mean_word_length_min"),
    Rule("gopher", "words_too_long", "mean_word_length", "above", "mean_word_length_max"),
    Rule("gopher", "too_many_hashes", "hashes_per_word", "above", "hashes_per_word"),
    Rule("gopher", "too_many_ellipses", "ellipses_per_word", "above", "ellipses_per_word"),
    Rule("gopher", "too_many_bullets", "bullet_lines", "above", "bullet_lines"),
    Rule("gopher", "too_many_ellipsis_lines", "ellipsis_lines", "above", "ellipsis_lines"),
    Rule("gopher", "too_few_letters", "alpha_words", "below", "alpha_words"),
    Rule("gopher", "too_few_stop_words", "stop_words", "below", "stop_words"),
    *(
        Rule("repetition", name, name, "above", name)
        for name in (
            "duplicate_lines",
            "duplicate_line_chars",
            "duplicate_paragraphs",
            "duplicate_paragraph_chars",
            *(f"top_{n}_grams" for n in TOP_GRAMS),
            *(f"duplicate_{n}_grams" for n in DUPLICATE_GRAMS),
        )
    ),
    Rule("c4", "placeholder_text", "placeholder_texts", "above", "placeholder_texts"),
    Rule("c4", "too_many_curly_brackets", "curly_brackets_per_word", "above",
         "curly_brackets_per_word"),
    Rule("c4", "javascript_notice", "javascript_lines", "above", "javascript_lines"),
    Rule("c4", "policy_notice", "policy_lines", "above", "policy_lines"),
    Rule("c4", "too_few_sentences", "n_sentences", "below", "n_sentences_min"),
    Rule("fineweb", "too_few_line_ends", "punctuated_lines", "below", "punctuated_lines"),
    Rule("fineweb", "too_many_short_lines", "short_lines", "above", "short_lines"),
    Rule("fineweb", "too_many_lines", "lines_per_word", "above", "lines_per_word"),
)  # fmt: skip


class Verdicts(msgspec.Struct, frozen=True):
    """For each document: the number of the rule that rejects it (-1: none), value and limit."""

    rule: npt.NDArray[np.int64]
    value: Numbers
    limit: Numbers


def decide(
    profiles: Numbers,
    langs: Sequence[Lang],
    families: Sequence[str],
    limits: Mapping[Lang, Mapping[str, float]] | None = None,
) -> Verdicts:
    """Apply the rules of `families`.

    Args:
        profiles: float64[n, metrics], as `pipelines.profile.profile` gives them.
        langs: language of each document.
        families: which families of rules are applied.
        limits: own limits by language and name, instead of those of the language's file.
    """
    n = len(profiles)
    found = np.full(n, -1, np.int64)
    values, bounds = np.zeros(n), np.zeros(n)
    names = np.asarray(langs)
    for lang in sorted(set(langs)):
        mine = np.flatnonzero(names == lang)
        own = {**language(lang).limits, **(limits or {}).get(lang, {})}
        for number, rule in enumerate(RULES):
            if rule.family not in families:
                continue
            value = profiles[mine, METRICS.index(rule.metric)]
            bad = value < own[rule.limit] if rule.side == "below" else value > own[rule.limit]
            hit = mine[bad & (found[mine] < 0)]
            found[hit] = number
            values[hit] = profiles[hit, METRICS.index(rule.metric)]
            bounds[hit] = own[rule.limit]
    return Verdicts(found, values, bounds)


def score(profiles: Numbers) -> npt.NDArray[np.float32]:
    """Order documents by quality: float32[n] in 0..1, higher is better.

    The mean of five shares that each rule wants high or low: lines that end with a stop, lines
    that are not short, text that is not repeated, words with letters, and length up to 400 words.
    Ours, for the choice among duplicates and for rehearsal; not a trained classifier.
    """
    column = {name: profiles[:, i] for i, name in enumerate(METRICS)}
    parts = [
        column["punctuated_lines"],
        1 - column["short_lines"],
        1 - column["duplicate_line_chars"],
        column["alpha_words"],
        np.minimum(column["n_words"] / 400, 1),
    ]
    mean: Numbers = np.mean(parts, axis=0)
    return np.clip(mean, 0, 1).astype(np.float32)
