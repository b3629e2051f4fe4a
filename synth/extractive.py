"""Trajectories over a real document, built from what the document says; no model is asked.

The generator finds sentences that hold a number with a unit or a year, quotes two to four of them
with their character spans, and works on what they say: it orders years, or compares two quantities
of one unit and takes their difference. Every claim can be checked against the spans.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from hanji.schema import Document, Lang
from hanji.seeds import shuffled
from hanji.text.korean import josa
from hanji.text.numbers import format_number, parse_number
from hanji.text.sentences import sentences

__all__ = ["GENERATOR", "VERSION", "Fact", "Trajectory", "facts", "trajectories"]

GENERATOR, VERSION = "extractive", 1
LEAST_CHARS, MOST_CHARS = 20, 240  # of a quoted sentence
MOST_FACTS = 4


class Fact(msgspec.Struct, frozen=True):
    """A sentence with the number in it: spans are of the document's text."""

    start: int
    end: int
    kind: str  # "year", or the unit
    value: Decimal
    written: str


class Trajectory(msgspec.Struct, frozen=True):
    """What was found and worked out."""

    task: str
    question: str
    thinking: str
    answer: str
    facts: tuple[Fact, ...]


_NUMBER = r"(?<![\d.,])\d{1,3}(?:[.,]\d{3})+(?:[.,]\d+)?|(?<![\d.,])\d+(?:[.,]\d+)?"
_UNITS: dict[Lang, tuple[str, ...]] = {
    "en": ("metres", "meters", "kilometres", "kilometers", "miles", "kilograms", "grams", "litres",
           "people", "students", "pages", "days", "hours", "minutes", "years", "euros", "dollars",
           "percent", "tons", "degrees", "sheets", "books", "houses"),
    "ko": ("킬로미터", "미터", "킬로그램", "그램", "리터", "퍼센트", "시간", "분", "명", "권",
           "쪽", "장",
           "개", "원", "일", "년", "마리", "그루", "살", "번", "도"),
    "es": ("metros", "kilómetros", "kilogramos", "kilos", "gramos", "litros", "personas", "alumnos",
           "páginas", "días", "horas", "minutos", "años", "euros", "por ciento", "toneladas",
           "grados", "hojas", "libros", "casas"),
    "de": ("Meter", "Kilometer", "Kilogramm", "Gramm", "Liter", "Menschen", "Personen", "Schüler",
           "Seiten", "Tagen", "Tage", "Stunden", "Minuten", "Jahren", "Jahre", "Euro", "Prozent",
           "Tonnen", "Grad", "Blatt", "Bücher", "Häuser"),
    "ja": ("キロメートル", "メートル", "キログラム", "グラム", "リットル", "パーセント",
           "時間", "分", "人",
           "冊", "頁", "ページ", "枚", "個", "円", "日", "本", "匹", "歳", "度"),
    "vi": ("mét", "ki-lô-mét", "km", "kg", "gam", "lít", "người", "học sinh", "trang", "ngày",
           "giờ", "phút", "năm", "đồng", "phần trăm", "tấn", "độ", "tờ", "cuốn", "căn"),
}  # fmt: skip
_YEARS: dict[Lang, str] = {
    "en": r"\b(?:in|since|of|by|until|from)\s+(?P<y>1[0-9]{3}|20[0-9]{2})\b(?!\s*%)",
    "ko": r"(?<!\d)(?P<y>1[0-9]{3}|20[0-9]{2})년",
    "es": r"\b(?:en|de|desde|hasta)\s+(?P<y>1[0-9]{3}|20[0-9]{2})\b",
    "de": r"\b(?:im Jahr|seit|bis|von|Jahre|\w+)\s+(?P<y>1[0-9]{3}|20[0-9]{2})\b",
    "ja": r"(?<!\d)(?P<y>1[0-9]{3}|20[0-9]{2})年",
    "vi": r"\bnăm\s+(?P<y>1[0-9]{3}|20[0-9]{2})\b",
}
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "q_order": "In what order do the years {years} stand, from the earliest to the latest?",
        "q_compare": "The text names {a} and {b}. Which is more, and by how much?",
        "look": "The text says: “{quote}”",
        "year": "This sentence names the year {y}.",
        "amount": "This sentence names {x}.",
        "order": "From the earliest to the latest: {order}.",
        "span": "From {first} to {last} there are {last} − {first} = {gap} years.",
        "compare": "{big} is more than {small}: {m} − {n} = {gap}.",
        "a_order": "{order}",
        "a_compare": "{big}, by {gap}",
    },
    "ko": {
        "q_order": "글에 나오는 해 {years}를 이른 것부터 차례로 쓰면 어떻게 됩니까?",
        "q_compare": "글에는 {a_wa} {b_ga} 나옵니다. 어느 쪽이 얼마나 더 많습니까?",
        "look": "글에 이렇게 나온다. “{quote}”",
        "year": "이 문장에는 {y}년이 나온다.",
        "amount": "이 문장에는 {x_ga} 나온다.",
        "order": "이른 것부터 차례로 쓰면 {order_ida}.",
        "span": "{first}년에서 {last}년까지는 {last} − {first} = {gap}년이다.",
        "compare": "{big_neun} {small}보다 많다. {m} − {n} = {gap_ida}.",
        "a_order": "{order}",
        "a_compare": "{big_ga} {gap} 더 많다",
    },
    "es": {
        "q_order": "¿En qué orden van los años {years}, del más antiguo al más reciente?",
        "q_compare": "El texto menciona {a} y {b}. ¿Qué cantidad es mayor y por cuánto?",
        "look": "El texto dice: «{quote}»",
        "year": "Esta frase menciona el año {y}.",
        "amount": "Esta frase menciona {x}.",
        "order": "Del más antiguo al más reciente: {order}.",
        "span": "De {first} a {last} hay {last} − {first} = {gap} años.",
        "compare": "{big} es más que {small}: {m} − {n} = {gap}.",
        "a_order": "{order}",
        "a_compare": "{big}, por {gap}",
    },
    "de": {
        "q_order": "In welcher Reihenfolge stehen die Jahre {years}, vom frühesten zum spätesten?",
        "q_compare": "Der Text nennt {a} und {b}. Was ist mehr, und um wie viel?",
        "look": "Im Text steht: „{quote}“",
        "year": "Dieser Satz nennt das Jahr {y}.",
        "amount": "Dieser Satz nennt {x}.",
        "order": "Vom frühesten zum spätesten: {order}.",
        "span": "Von {first} bis {last} sind es {last} − {first} = {gap} Jahre.",
        "compare": "{big} ist mehr als {small}: {m} − {n} = {gap}.",
        "a_order": "{order}",
        "a_compare": "{big}, um {gap}",
    },
    "ja": {
        "q_order": "文中の年{years}を古い順に並べるとどうなりますか。",
        "q_compare": "文中に{a}と{b}が出てきます。どちらがどれだけ多いですか。",
        "look": "文中にこうある。「{quote}」",
        "year": "この文には{y}年が出てくる。",
        "amount": "この文には{x}が出てくる。",
        "order": "古い順に並べると{order}となる。",
        "span": "{first}年から{last}年までは{last} − {first} = {gap}年である。",
        "compare": "{big}は{small}より多い。{m} − {n} = {gap}。",
        "a_order": "{order}",
        "a_compare": "{big}が{gap}多い",
    },
    "vi": {
        "q_order": "Các năm {years} đứng theo thứ tự nào, từ sớm nhất đến muộn nhất?",
        "q_compare": "Văn bản nhắc đến {a} và {b}. Số nào lớn hơn và hơn bao nhiêu?",
        "look": "Văn bản viết: “{quote}”",
        "year": "Câu này nhắc đến năm {y}.",
        "amount": "Câu này nhắc đến {x}.",
        "order": "Từ sớm nhất đến muộn nhất: {order}.",
        "span": "Từ năm {first} đến năm {last} là {last} − {first} = {gap} năm.",
        "compare": "{big} nhiều hơn {small}: {m} − {n} = {gap}.",
        "a_order": "{order}",
        "a_compare": "{big}, hơn {gap}",
    },
}
_PATTERNS = {
    lang: (
        re.compile(_YEARS[lang]),
        re.compile(rf"(?P<n>{_NUMBER})\s?(?P<u>{'|'.join(units)}){end}"),
    )
    for lang, units in _UNITS.items()
    for end in [r"" if lang in ("ko", "ja") else r"\b"]
}


def facts(document: Document) -> list[Fact]:
    """Find sentences with a year or a quantity, at most one fact a sentence."""
    if document.lang not in _PATTERNS:
        return []
    years, amounts = _PATTERNS[document.lang]
    found = []
    for begin, end in sentences(document.text, document.lang):
        sentence = document.text[begin:end]
        inner = sentence.strip()
        if not LEAST_CHARS <= len(inner) <= MOST_CHARS or "\n" in inner:
            continue
        start = begin + len(sentence) - len(sentence.lstrip())
        span = start, start + len(inner)
        if match := years.search(inner):
            year = match.group("y")
            found.append(Fact(*span, "year", Decimal(year), year))
        elif match := amounts.search(inner):
            value = parse_number(match.group("n"), document.lang)
            if value is not None and value > 0:
                found.append(Fact(*span, match.group("u"), value, match.group()))
    return found


def trajectories(document: Document, seed: int) -> Iterator[Trajectory]:
    """Yield at most one trajectory of each task over a document."""
    known = facts(document)
    years = _distinct([fact for fact in known if fact.kind == "year"])
    if len(years) >= 2:
        chosen = shuffled(years, "order", seed, document.id)[:MOST_FACTS]
        yield _order(document, sorted(chosen, key=lambda fact: fact.start))
    units = sorted({fact.kind for fact in known} - {"year"})
    for unit in shuffled(units, "unit", seed, document.id):
        amounts = _distinct([fact for fact in known if fact.kind == unit])
        if len(amounts) >= 2:
            chosen = shuffled(amounts, "compare", seed, document.id)[:2]
            yield _compare(document, sorted(chosen, key=lambda fact: fact.start))
            return


def _distinct(known: Sequence[Fact]) -> list[Fact]:
    by_value = {fact.value: fact for fact in reversed(known)}
    return sorted(by_value.values(), key=lambda fact: fact.start)


def _quote(document: Document, fact: Fact) -> str:
    return document.text[fact.start : fact.end]


def _order(document: Document, chosen: Sequence[Fact]) -> Trajectory:
    lang, words = document.lang, _WORDS[document.lang]
    lines = []
    for fact in chosen:
        lines.append(words["look"].format(quote=_quote(document, fact)))
        lines.append(words["year"].format(y=fact.written))
    ordered = sorted(fact.written for fact in chosen)
    mark = "、" if lang == "ja" else ", "
    order = mark.join(ordered)
    lines.append(words["order"].format(order=order, order_ida=josa(order, "이다/다")))
    gap = int(ordered[-1]) - int(ordered[0])
    lines.append(words["span"].format(first=ordered[0], last=ordered[-1], gap=gap))
    question = words["q_order"].format(years=mark.join(fact.written for fact in chosen))
    answer = words["a_order"].format(order=order)
    return Trajectory("order_years", question, "\n".join(lines), answer, tuple(chosen))


def _compare(document: Document, chosen: Sequence[Fact]) -> Trajectory:
    lang, words = document.lang, _WORDS[document.lang]
    lines = []
    for fact in chosen:
        lines.append(words["look"].format(quote=_quote(document, fact)))
        x = fact.written
        lines.append(words["amount"].format(x=x, x_ga=josa(x, "이/가")))
    small, big = sorted(chosen, key=lambda fact: fact.value)
    joint = "" if lang in ("ko", "ja") else " "
    gap = f"{format_number(big.value - small.value, lang)}{joint}{big.kind}"
    shown = {
        "a": chosen[0].written,
        "b": chosen[1].written,
        "a_wa": josa(chosen[0].written, "과/와"),
        "b_ga": josa(chosen[1].written, "이/가"),
        "big": big.written,
        "big_neun": josa(big.written, "은/는"),
        "big_ga": josa(big.written, "이/가"),
        "small": small.written,
        "m": format_number(big.value, lang),
        "n": format_number(small.value, lang),
        "gap": gap,
        "gap_ida": josa(gap, "이다/다"),
    }
    lines.append(words["compare"].format(**shown))
    question = words["q_compare"].format(**shown)
    answer = words["a_compare"].format(**shown)
    return Trajectory("compare_amounts", question, "\n".join(lines), answer, tuple(chosen))
