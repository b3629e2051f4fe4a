"""Checks of what a model wrote: each a named function with its own threshold.

A check gives True where the thought is sound. They look at the thought alone, or compare it with
the document that it is about; none asks a model. What they cannot see is told in docs/synth.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import cache
from typing import Protocol

import msgspec

from hanji.schema import Lang
from synth.claims import equations, flat, numbers, pieces, quotations, without_quotations
from synth.phrases import BOILERPLATE
from synth.section import Thresholds

__all__ = ["CHECKS", "Case", "check"]


class Case(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A thought, what it is about, and how it came.

    Attributes:
        finish_reasons: of each reply that is part of it.
        secrets: what must not leak: fences and lines of the prompt.
        balanced: whether the sample holds as many marks of either kind as thoughts.
        likeness: to its own document.
        others: likeness to random documents; none switches the mismatch check off.
        agreement: share of independent answers that say the same.
        leaks: largest share of an item of an evaluation set that stands in what was written.
    """

    lang: Lang
    document: str
    thinking: str
    question: str = ""
    answer: str = ""
    finish_reasons: tuple[str, ...] = ("stop",)
    secrets: tuple[str, ...] = ()
    balanced: bool = True
    likeness: float = 1.0
    others: tuple[float, ...] = ()
    agreement: float = 1.0
    leaks: float = 0.0


Check = Callable[[Case, Thresholds], bool]


def finished(case: Case, limits: Thresholds) -> bool:
    """Every reply came to its own end, and there is something in it."""
    done = all(reason == "stop" for reason in case.finish_reasons)
    return done and len(case.thinking.strip()) >= limits.least_chars


_TAG = re.compile(r"</?\s*think(?:ing)?\s*>|<\|[a-z_]+\|>|\[/?INST\]|</?s>", re.I)


def no_leak(case: Case, limits: Thresholds) -> bool:
    """Marks are balanced; no tag, fence or line of the prompt stands in what was written."""
    del limits
    said = f"{case.thinking}\n{case.question}\n{case.answer}"
    if not case.balanced or _TAG.search(said):
        return False
    plain, source = flat(said), flat(case.document)
    return not any(secret in plain and secret not in source for secret in case.secrets)


def no_boilerplate(case: Case, limits: Thresholds) -> bool:
    """No refusal and no small talk that the document does not hold itself."""
    del limits
    said = flat(without_quotations(f"{case.thinking}\n{case.answer}")).lower()
    source = flat(case.document).lower()
    phrases = BOILERPLATE.get(case.lang, BOILERPLATE["en"])
    return not any(phrase in said and phrase not in source for phrase in phrases)


class _Classifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


@cache
def _classifier() -> _Classifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)  # type: ignore[no-any-return]


SEGMENT = 300  # characters that are looked at together
SEGMENTS = 8  # of a long thought, evenly spread
_HANGUL = re.compile("[가-힣]")
_KANA = re.compile("[ぁ-ヿ]")
_HAN = re.compile("[一-鿿]")
_LETTER = re.compile(r"[^\W\d_]")


def _is_in(text: str, lang: Lang) -> bool:
    letters = len(_LETTER.findall(text))
    hangul, kana = len(_HANGUL.findall(text)), len(_KANA.findall(text))
    if lang == "ko":
        return hangul >= 0.5 * letters
    if lang == "ja":
        return kana >= 0.1 * letters and kana + len(_HAN.findall(text)) >= 0.5 * letters
    if hangul + kana + len(_HAN.findall(text)) > 0.3 * letters:
        return False
    return _classifier().classify(text)[0] == lang


def right_language(case: Case, limits: Thresholds) -> bool:
    """Thought, question and answer are in the document's language, quotations aside."""
    text = flat(without_quotations(case.thinking))
    step = max(SEGMENT, -(-len(text) // SEGMENTS))
    right = total = 0
    for start in range(0, len(text), step):
        segment = text[start : start + SEGMENT]
        letters = len(_LETTER.findall(segment))
        if letters >= 20:
            total += letters
            right += letters if _is_in(segment, case.lang) else 0
    for short in (case.question, case.answer):
        if len(_LETTER.findall(short)) >= 40 and not _is_in(without_quotations(short), case.lang):
            return False
    return total > 0 and right >= limits.language * total


LONGEST = 16  # characters of the sequences that a shared run is made of
SEQUENCE = {"ja": 10, "ko": 4}  # words, characters in Japanese
SEQUENCE_ELSE = 5


def _units(text: str, lang: Lang) -> list[str]:
    found = re.findall(r"\w+", text.lower())
    return list("".join(found)) if lang == "ja" else found


def _sequences(units: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return [tuple(units[i : i + n]) for i in range(len(units) - n + 1)]


def not_copied(case: Case, limits: Thresholds) -> bool:
    """The longest run that is shared with the document, and the share of sequences, are in band."""
    thought, source = flat(case.thinking), flat(case.document)
    known = {source[i : i + LONGEST] for i in range(len(source) - LONGEST + 1)}
    run = longest = 0
    for i in range(len(thought) - LONGEST + 1):
        run = run + 1 if thought[i : i + LONGEST] in known else 0
        longest = max(longest, run)
    if longest and longest + LONGEST - 1 > limits.copy_run:
        return False
    n = SEQUENCE.get(case.lang, SEQUENCE_ELSE)
    sequences = _sequences(_units(thought, case.lang), n)
    there = set(_sequences(_units(source, case.lang), n))
    share = sum(sequence in there for sequence in sequences) / max(1, len(sequences))
    return limits.copy_least <= share <= limits.copy_most


def quotes_occur(case: Case, limits: Thresholds) -> bool:
    """What is quoted stands in the document, and something is quoted."""
    source = flat(case.document).lower()  # a quotation may begin a sentence, or stop doing so
    found = [flat(quote).lower() for quote in quotations(case.thinking, case.lang)]
    if len(found) < limits.quotes_least:
        return False
    there = sum(quote in source for quote in found)
    return there >= limits.quotes * len(found)


_OF_TIME_AND_PERCENT = {Decimal(n) for n in (7, 12, 24, 30, 60, 100, 365, 1000)}


def numbers_follow(case: Case, limits: Thresholds) -> bool:
    """Numbers stand in the document, or come out of calculations over those that do."""
    source = f"{case.document}\n{case.question}"
    written, values = pieces(source, case.lang)
    said = f"{without_quotations(case.thinking)}\n{case.answer}"  # `quotes` looks at the others
    calculations = list(equations(said, case.lang))
    derived = set(values)
    for _ in range(2):  # a result may be used above the place where it is worked out
        for equation in calculations:
            small = {Decimal(n) for n in range(limits.numbers_free + 1)}
            if all(t in derived or t in small | _OF_TIME_AND_PERCENT for t in equation.terms):
                derived.add(abs(equation.result))
    used = {abs(t) for e in calculations for t in e.terms if t in _OF_TIME_AND_PERCENT}
    wrong = total = 0
    for name, known in numbers(said, case.lang):
        total += 1
        free = any(value <= limits.numbers_free for value in known)
        if not (free or name in written or known & (derived | used)):
            wrong += 1
    return wrong <= limits.numbers * total


def arithmetic_holds(case: Case, limits: Thresholds) -> bool:
    """Every calculation that is written out is true."""
    said = f"{case.thinking}\n{case.answer}"
    return all(equation.holds(limits.arithmetic) for equation in equations(said, case.lang))


REPEAT = {"ja": 16, "ko": 6}  # words, characters in Japanese
REPEAT_ELSE = 8
_SENTENCE = re.compile(r"[^.!?。！？\n]+")


def no_loop(case: Case, limits: Thresholds) -> bool:
    """Word sequences do not come again and again, nor does a sentence."""
    n = REPEAT.get(case.lang, REPEAT_ELSE)
    sequences = _sequences(_units(case.thinking, case.lang), n)
    if sequences and 1 - len(set(sequences)) / len(sequences) > limits.loop:
        return False
    counts: dict[str, int] = {}
    for found in _SENTENCE.findall(flat(case.thinking).lower()):
        sentence = found.strip()
        if len(sentence) >= 6:
            counts[sentence] = counts.get(sentence, 0) + 1
    return max(counts.values(), default=0) <= limits.restarts


_PERSONAL = re.compile(
    r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,8}"  # e-mail
    r"|(?<![\d+])\+\d{1,3}[\s.\-]?\(?\d{1,4}\)?(?:[\s.\-]?\d{2,4}){2,4}(?!\d)"  # telephone abroad
    r"|(?<!\d)01[016789]-\d{3,4}-\d{4}(?!\d)"  # Korean mobile
    r"|(?<!\d)0[5789]0-\d{4}-\d{4}(?!\d)"  # Japanese mobile
    r"|(?<!\d)\d{6}-[1-8]\d{6}(?!\d)"  # Korean resident's number
    r"|(?<!\d)\d{3}-\d{2}-\d{4}(?!\d)"  # US social security
    r"|(?<!\d)(?:\d{4}[ \-]){3}\d{4}(?!\d)"  # card
    r"|(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])"
)


def no_personal_data(case: Case, limits: Thresholds) -> bool:
    """No address, telephone or personal number stands in what was written."""
    del limits
    return not _PERSONAL.search(f"{case.thinking}\n{case.question}\n{case.answer}")


def not_contaminated(case: Case, limits: Thresholds) -> bool:
    """No item of an evaluation set stands in what was written."""
    return case.leaks <= limits.contamination


def answers_agree(case: Case, limits: Thresholds) -> bool:
    """Independent answers to the question say the same."""
    return case.agreement >= limits.agreement


def own_document(case: Case, limits: Thresholds) -> bool:
    """The thought is clearly more like its own document than like any of the others."""
    return not case.others or case.likeness >= limits.mismatch * max(case.others)


CHECKS: dict[str, Check] = {
    "finished": finished,
    "tags": no_leak,
    "boilerplate": no_boilerplate,
    "language": right_language,
    "loop": no_loop,
    "copy": not_copied,
    "quotes": quotes_occur,
    "numbers": numbers_follow,
    "arithmetic": arithmetic_holds,
    "personal_data": no_personal_data,
    "contamination": not_contaminated,
    "agreement": answers_agree,
    "mismatch": own_document,
}


def check(case: Case, limits: Thresholds) -> dict[str, bool]:
    """Apply every check; the first that is false, in this order, is the reason of a rejection."""
    return {name: function(case, limits) for name, function in CHECKS.items()}
