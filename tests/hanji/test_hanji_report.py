"""The report's law, and that merging does not depend on the order."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hanji.errors import OutputError
from hanji.report import Report

EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["kept", "dropped", "failed", "made"]),
        st.sampled_from(["news", "books"]),
        st.sampled_from(["ko", "ja", ""]),
        st.sampled_from(["too_few_words", "duplicate"]),
    )
)


def account(events: list[tuple[str, str, str, str]]) -> Report:
    report = Report()
    for what, source, lang, reason in events:
        match what:
            case "kept":
                report.read(source, lang)
                report.kept(source, lang)
            case "dropped":
                report.read(source, lang)
                report.drop(source, lang, "quality", reason)
            case "failed":
                report.read(source, lang)
                report.fail(source, lang, reason)
            case "made":
                report.made(source, lang)
                report.kept(source, lang)
    return report


@given(EVENTS)
def test_an_honest_account_balances(events: list[tuple[str, str, str, str]]) -> None:
    report = account(events)
    report.check()
    assert report.total().lost == 0
    assert report.total().read + report.total().made == len(events)


@given(EVENTS, EVENTS)
def test_merging_is_addition(
    one: list[tuple[str, str, str, str]], two: list[tuple[str, str, str, str]]
) -> None:
    left, right = account(one), account(two)
    left.merge(account(two))
    right.merge(account(one))
    assert msgspec.json.encode(left, order="sorted") == msgspec.json.encode(right, order="sorted")
    assert msgspec.json.encode(left, order="sorted") == msgspec.json.encode(
        account(one + two), order="sorted"
    )


@pytest.mark.parametrize("lose", ["read", "kept", "drop", "fail"])
def test_one_lost_document_is_found(lose: str) -> None:
    report = account([("kept", "news", "vi", "duplicate")] * 5)
    match lose:
        case "read":
            report.read("news", "vi")
        case "kept":
            report.kept("news", "vi")
        case "drop":
            report.drop("news", "vi", "quality", "too_few_words")
        case "fail":
            report.fail("news", "vi", "invalid_json")
    with pytest.raises(OutputError, match="source 'news', language 'vi'"):
        report.check()


def test_a_loss_in_one_language_is_not_hidden_by_a_gain_in_another() -> None:
    report = Report()
    report.read("news", "ko")
    report.kept("news", "ja")
    assert report.total().lost == 0
    with pytest.raises(OutputError):
        report.check()


def test_an_unknown_language_is_und() -> None:
    report = Report()
    report.read("news", "")
    report.fail("news", "", "invalid_utf8")
    assert list(report.by_lang()) == ["und"]
