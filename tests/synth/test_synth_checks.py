"""Checks of what a model wrote: planted faults are caught, sound thoughts pass."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec
import pytest

from hanji.schema import LANGS, Document
from hanji.seeds import shuffled
from synth.checks import CHECKS, Case, check
from synth.claims import equations, quotations
from synth.grounded.answers import vote
from synth.grounded.prompts import Prompts
from synth.mismatch import Corpus, auc
from synth.phrases import BOILERPLATE
from synth.section import Thresholds

LIMITS = Thresholds()


@pytest.fixture(scope="module")
def corpora(documents: dict[str, list[Document]]) -> dict[str, Corpus]:
    return {lang: Corpus(lang, ((d.id, d.text) for d in documents[lang])) for lang in LANGS}


def case_of(corpora: dict[str, Corpus], document: Document, thought: str, **more: object) -> Case:
    own, others = corpora[document.lang].compare(thought, document.id, document.text)
    parts = {"likeness": own, "others": tuple(others), "secrets": ("8f3a01c277b94e55aa10",), **more}
    return msgspec.convert(
        {"lang": document.lang, "document": document.text, "thinking": thought, **parts}, Case
    )


def failed(case: Case) -> list[str]:
    return [name for name, passed in check(case, LIMITS).items() if not passed]


def test_at_most_five_percent_of_sound_thoughts_are_rejected(sound, corpora) -> None:
    rejected = [failed(case_of(corpora, p.document, p.thought)) for p in sound]
    assert len(sound) > 500
    assert sum(map(bool, rejected)) <= 0.05 * len(sound), [r for r in rejected if r]


Fault = Callable[..., tuple[str, dict[str, object]]]


def swapped(pair, other, write) -> tuple[str, dict[str, object]]:
    return other.thought, {}


def altered_number(pair, other, write) -> tuple[str, dict[str, object]]:
    found = list(re.finditer(r"\d{2,}", pair.thought))
    if not found:
        return "", {}
    match = shuffled(found, "altered", pair.document.id)[0]
    digits = match.group()
    wrong = digits[:-1] + str((int(digits[-1]) + 3) % 10)
    return pair.thought[: match.start()] + wrong + pair.thought[match.end() :], {}


def wrong_language(pair, other, write) -> tuple[str, dict[str, object]]:
    lang = pair.document.lang
    words = LANGS[(LANGS.index(lang) + 1 + len(pair.thought) % 5) % 6]
    return write(pair.document.text, lang, pair.document.id, words), {}


def loop(pair, other, write) -> tuple[str, dict[str, object]]:
    tail = pair.thought[-60:]
    return pair.thought + (" " + tail) * 8, {}


def restarts(pair, other, write) -> tuple[str, dict[str, object]]:
    return "\n".join([pair.thought] * 3), {}


def cut(pair, other, write) -> tuple[str, dict[str, object]]:
    return pair.thought[: len(pair.thought) // 2], {"finish_reasons": ("length",)}


def copied(pair, other, write) -> tuple[str, dict[str, object]]:
    return pair.document.text, {}


def fabricated_quote(pair, other, write) -> tuple[str, dict[str, object]]:
    quote = quotations(pair.thought, pair.document.lang)[0]
    alien = quotations(other.thought, pair.document.lang)[0]
    return pair.thought.replace(quote, alien), {}


def refusal(pair, other, write) -> tuple[str, dict[str, object]]:
    phrases = BOILERPLATE[pair.document.lang]
    return f"{phrases[len(pair.thought) % len(phrases)]} {pair.thought}", {}


def leaked_fence(pair, other, write) -> tuple[str, dict[str, object]]:
    return f"{pair.thought} ===== 8f3a01c277b94e55aa10 =====", {}


def leaked_tag(pair, other, write) -> tuple[str, dict[str, object]]:
    return pair.thought + " </think> <think> " + pair.thought[:40], {}


def personal_data(pair, other, write) -> tuple[str, dict[str, object]]:
    kinds = ("kim.minji@mail.example.org", "+49 30 5550 0142", "010-5555-0142", "192.0.2.17")
    return f"{pair.thought} {kinds[len(pair.thought) % 4]}", {}


def disagreement(pair, other, write) -> tuple[str, dict[str, object]]:
    return pair.thought, {"agreement": 0.5}


def false_sum(pair, other, write) -> tuple[str, dict[str, object]]:
    found = list(equations(pair.thought, pair.document.lang))
    if not found:
        return "", {}
    wrong = f"= {found[0].result + 1}"
    return pair.thought.replace(f"= {found[0].written}", wrong), {}


FAULTS: dict[str, tuple[Fault, str]] = {
    "swapped": (swapped, "quotes"),
    "altered number": (altered_number, ""),
    "wrong language": (wrong_language, "language"),
    "loop": (loop, "loop"),
    "restarts": (restarts, "loop"),
    "cut": (cut, "finished"),
    "copied": (copied, "copy"),
    "fabricated quote": (fabricated_quote, "quotes"),
    "refusal": (refusal, "boilerplate"),
    "leaked fence": (leaked_fence, "tags"),
    "leaked tag": (leaked_tag, "tags"),
    "personal data": (personal_data, "personal_data"),
    "disagreement": (disagreement, "agreement"),
    "false sum": (false_sum, "arithmetic"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_planted_faults_are_caught(sound, corpora, write_thought, name: str) -> None:
    plant, expected = FAULTS[name]
    tried = caught = named = 0
    for number, pair in enumerate(sound):
        same = [p for p in sound if p.document.lang == pair.document.lang]
        other = same[(number * 7 + 11) % len(same)]
        if other.document.id == pair.document.id:
            continue
        thought, more = plant(pair, other, write_thought)
        if not thought or (thought == pair.thought and not more):
            continue
        reasons = failed(case_of(corpora, pair.document, thought, **more))
        tried += 1
        caught += bool(reasons)
        named += expected in reasons or not expected
    assert tried > 200
    assert caught >= 0.95 * tried, f"{caught} of {tried}"
    assert named >= 0.95 * tried, f"{named} of {tried}"


def test_likeness_tells_own_from_other_documents(sound, corpora) -> None:
    for lang in LANGS:
        cases = [case_of(corpora, p.document, p.thought) for p in sound if p.document.lang == lang]
        other = [value for case in cases for value in case.others]
        assert auc([case.likeness for case in cases], other) > 0.95


@pytest.mark.parametrize("text", [
    "Der Zug fährt 1.250 km in 5 Stunden, also 1.250 : 5 = 250 km je Stunde.",
    "Das sind 2,5 × 4 = 10 Liter und 20 % × 50 = 10.",
    "Ein Drittel: 10 ÷ 3 ≈ 3,33; ebenso 10 ÷ 3 = 3,33.",
    "Vom 2020-01-02 bis 2020-03-04 = zwei Monate; (3 + 4) × 5 = 35; 2 + 3 × 4 = 14.",
])  # fmt: skip
def test_true_calculations_hold(text: str) -> None:
    assert all(e.holds(0.01) for e in equations(text, "de"))


@pytest.mark.parametrize(
    "text", ["1,250 / 5 = 255", "86 m + 120 m = 207 m", "7 − 9 = 2", "5 × 0 = 5"]
)
def test_false_calculations_do_not(text: str) -> None:
    assert not all(e.holds(0.01) for e in equations(text, "en"))


def test_numbers_follow_from_the_source_by_shown_calculations() -> None:
    case = Case(lang="en", document="It has 86 rooms and 1.5 million books.", thinking="x")
    good = msgspec.structs.replace(
        case, thinking="It is 86 + 4 = 90 rooms, 90 ÷ 2 = 45; 1,500,000."
    )
    bad = msgspec.structs.replace(case, thinking="So there must be 90 rooms.")
    assert CHECKS["numbers"](good, LIMITS)
    assert not CHECKS["numbers"](bad, LIMITS)


@pytest.mark.parametrize(("lang", "answers", "share"), [
    ("ko", ["34미터", "34 m", "43미터"], 2 / 3),
    ("de", ["1.250 km", "1250", "1.250"], 1.0),
    ("ja", ["蔡倫", "「蔡倫」", "許慎", ""], 0.5),
    ("en", ["The mill.", "the mill", "Mill"], 2 / 3),
    ("en", ["", ""], 0.0),
])  # fmt: skip
def test_answers_are_compared_by_what_they_say(lang, answers, share) -> None:
    assert vote(answers, lang).share == pytest.approx(share)


@pytest.mark.parametrize("lang", LANGS)
def test_a_line_of_the_prompt_must_not_come_back(lang: str, sound, corpora) -> None:
    pair = next(p for p in sound if p.document.lang == lang)
    prompt = Prompts.load([lang]).by[lang, "think"]
    line = next(line for line in prompt.text.splitlines() if line.startswith("- "))
    case = case_of(corpora, pair.document, f"{pair.thought}\n{line}", secrets=prompt.secrets)
    assert "tags" in failed(case)


@pytest.mark.parametrize(("lang", "document", "thought"), [
    ("en", "He said: “The mill is mine.” Then he left.", "We read “he said: ‘The mill is mine.’” here."),
    ("ja", "老人は「時計は休ませなさい」と言った。", "本文には「老人は『時計は休ませなさい』と言った」とある。"),
    ("de", "Die Mühle – so hieß es – brannte ab.", "Es heißt „die Mühle - so hieß es“ und „hieß es […] brannte ab“."),
    ("es", "Llegó a las 8; «nadie» lo esperaba allí.", "Se lee «Llegó a las 8; “nadie” lo esperaba»."),
])  # fmt: skip
def test_a_quotation_may_change_marks_and_its_first_letter(lang, document, thought) -> None:
    case = Case(lang=lang, document=document, thinking=thought)
    assert quotations(thought, lang)
    assert CHECKS["quotes"](case, LIMITS)
    other = msgspec.structs.replace(case, document=document.replace("m", "n").replace("時計", "船"))
    assert lang in ("es", "de") or not CHECKS["quotes"](other, LIMITS)
