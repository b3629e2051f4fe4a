"""Interest: simple, or compound with every year's interest rounded to the smallest coin."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import between, fill, money, numbers, template, whole
from synth.procedural.task import Problem, Task

__all__ = ["INTEREST"]

# `year` stands before 2 and more years; the interest of a year is rounded half up.
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "simple": "{p} is lent at {r}% simple interest per year. "
        "How much must be paid back after {n} years?",
        "compound": "{p} is saved at {r}% compound interest per year. Each year's interest is "
        "rounded to the cent. How much is in the account after {n} years?",
        "one": "1% of {p} is {one}, so one year's interest is {r} × {one} = {i}.",
        "all": "In {n} years the interest is {n} × {i} = {t}.",
        "sum": "Together with the loan: {p} + {t} = {answer}.",
        "year": "Year {k}: {r}% of {p} is {exact}, rounded {i}. {p} + {i} = {q}.",
        "even": "Year {k}: {r}% of {p} is {i}. {p} + {i} = {q}.",
    },
    "ko": {
        "simple": "{p:을/를} 연 {r}%의 단리로 빌렸습니다. {n}년 뒤에 갚을 돈은 모두 얼마입니까?",
        "compound": "{p:을/를} 연 {r}%의 복리로 저금했습니다. 이자는 해마다 원 단위로 "
        "반올림합니다. {n}년 뒤 통장에 있는 돈은 얼마입니까?",
        "one": "{p}의 1%는 {one}이므로 한 해의 이자는 {r} × {one} = {i:이다/다}.",
        "all": "{n}년 동안의 이자는 {n} × {i} = {t:이다/다}.",
        "sum": "빌린 돈과 합하면 {p} + {t} = {answer:이다/다}.",
        "year": "{k}년째: {p}의 {r}%는 {exact}, 반올림하면 {i:이다/다}. {p} + {i} = {q}.",
        "even": "{k}년째: {p}의 {r}%는 {i:이다/다}. {p} + {i} = {q}.",
    },
    "es": {
        "simple": "Se prestan {p} al {r} % de interés simple anual. "
        "¿Cuánto hay que devolver al cabo de {n} años?",
        "compound": "Se ahorran {p} al {r} % de interés compuesto anual. El interés de cada año se "
        "redondea al céntimo. ¿Cuánto hay en la cuenta al cabo de {n} años?",
        "one": "El 1 % de {p} es {one}, así que el interés de un año es {r} × {one} = {i}.",
        "all": "En {n} años el interés es {n} × {i} = {t}.",
        "sum": "Junto con el préstamo: {p} + {t} = {answer}.",
        "year": "Año {k}: el {r} % de {p} es {exact}, redondeado {i}. {p} + {i} = {q}.",
        "even": "Año {k}: el {r} % de {p} es {i}. {p} + {i} = {q}.",
    },
    "de": {
        "simple": "{p} werden zu {r} % einfachen Zinsen pro Jahr verliehen. "
        "Wie viel ist nach {n} Jahren zurückzuzahlen?",
        "compound": "{p} werden zu {r} % pro Jahr mit Zinseszins angelegt. Die Zinsen jedes Jahres "
        "werden auf den Cent gerundet. Wie viel ist nach {n} Jahren auf dem Konto?",
        "one": "1 % von {p} ist {one}, die Zinsen eines Jahres sind also {r} × {one} = {i}.",
        "all": "In {n} Jahren betragen die Zinsen {n} × {i} = {t}.",
        "sum": "Zusammen mit dem Darlehen: {p} + {t} = {answer}.",
        "year": "Jahr {k}: {r} % von {p} sind {exact}, gerundet {i}. {p} + {i} = {q}.",
        "even": "Jahr {k}: {r} % von {p} sind {i}. {p} + {i} = {q}.",
    },
    "ja": {
        "simple": "{p}を年{r}%の単利で借りました。{n}年後に返すお金は全部でいくらですか。",
        "compound": "{p}を年{r}%の複利で預けました。利息は毎年、1円未満を四捨五入します。"
        "{n}年後の口座の残高はいくらですか。",
        "one": "{p}の1%は{one}なので、1年の利息は{r} × {one} = {i}。",
        "all": "{n}年間の利息は{n} × {i} = {t}。",
        "sum": "借りたお金と合わせて{p} + {t} = {answer}。",
        "year": "{k}年目: {p}の{r}%は{exact}、四捨五入して{i}。{p} + {i} = {q}。",
        "even": "{k}年目: {p}の{r}%は{i}。{p} + {i} = {q}。",
    },
    "vi": {
        "simple": "Một người vay {p} với lãi đơn {r}% một năm. "
        "Sau {n} năm phải trả tất cả bao nhiêu tiền?",
        "compound": "Một người gửi tiết kiệm {p} với lãi kép {r}% một năm. Tiền lãi mỗi năm được "
        "làm tròn đến đồng. Sau {n} năm trong tài khoản có bao nhiêu tiền?",
        "one": "1% của {p} là {one}, vậy tiền lãi một năm là {r} × {one} = {i}.",
        "all": "Tiền lãi trong {n} năm là {n} × {i} = {t}.",
        "sum": "Cộng với tiền vay: {p} + {t} = {answer}.",
        "year": "Năm {k}: {r}% của {p} là {exact}, làm tròn thành {i}. {p} + {i} = {q}.",
        "even": "Năm {k}: {r}% của {p} là {i}. {p} + {i} = {q}.",
    },
}
_YEARS = {1: (2, 4), 2: (5, 9), 3: (3, 3), 4: (4, 4), 5: (5, 6)}
# The smallest coins in the step of a principal, by language.
_STEP: dict[Lang, int] = {"en": 1000, "ko": 1000, "es": 1000, "de": 1000, "ja": 100, "vi": 10_000}
_END: dict[Lang, str] = {
    "en": "So {answer} is the amount.",
    "ko": "따라서 답은 {answer:이다/다}.",
    "es": "La cantidad es {answer}.",
    "de": "Der Betrag ist {answer}.",
    "ja": "したがって答えは{answer}である。",
    "vi": "Vậy số tiền là {answer}.",
}


def _coins(lang: Lang) -> int:
    """Return the smallest coins of one unit of money."""
    return 100 if lang in ("en", "es", "de") else 1


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words, step = _WORDS[lang], _STEP[lang]
    years = between(rng, *_YEARS[difficulty])
    rate = between(rng, 2, 12)
    principal = between(rng, 5, 999 if difficulty == 1 else 9999) * step
    kind = "simple" if difficulty < 3 else "compound"
    question = fill(words[kind], p=money(lang, principal), r=rate, n=years)
    lines = _simple if kind == "simple" else _compound
    steps, answer = lines(lang, principal, rate, years)
    return Problem(question, "\n".join([*steps, fill(_END[lang], answer=answer)]), answer)


def _simple(lang: Lang, principal: int, rate: int, years: int) -> tuple[list[str], str]:
    words, one = _WORDS[lang], principal // 100
    yearly = one * rate
    shown = {"p": money(lang, principal), "one": money(lang, one), "i": money(lang, yearly)}
    shown |= {"t": money(lang, yearly * years), "r": str(rate), "n": str(years)}
    answer = money(lang, principal + yearly * years)
    lines = [fill(words[name], **shown, answer=answer) for name in ("one", "all", "sum")]
    return lines, answer


def _compound(lang: Lang, principal: int, rate: int, years: int) -> tuple[list[str], str]:
    """Go on year by year in decimals, as they are written."""
    words, lines, now = _WORDS[lang], [], principal
    for year in range(1, years + 1):
        exact = Decimal(now) * rate / 100
        interest = int(exact.quantize(Decimal(1), ROUND_HALF_UP))
        shown = {"k": str(year), "r": str(rate), "p": money(lang, now)}
        shown |= {"i": money(lang, interest), "q": money(lang, now + interest)}
        if exact == interest:
            lines.append(fill(words["even"], **shown))
        else:
            lines.append(fill(words["year"], **shown, exact=_exact(lang, exact)))
        now += interest
    return lines, money(lang, now)


def _exact(lang: Lang, coins: Decimal) -> str:
    """Write an amount with what is below the smallest coin."""
    units, part = divmod(coins, _coins(lang))
    text = money(lang, int(units) * _coins(lang))
    digits = f"{(part / _coins(lang)).normalize():f}".partition(".")[2]
    plain = whole(int(units), lang)
    mark = "," if lang in ("es", "de", "vi") else "."
    return text.replace(plain, f"{plain}{mark}{digits}", 1)


_READ = {
    lang: {
        name: template(words[name], p=r"\D*\d.*?\D*?", r=r"\d+", n=r"\d+")
        for name in ("simple", "compound")
    }
    for lang, words in _WORDS.items()
}


def _check(lang: Lang, problem: Problem) -> bool:
    """Read the amount, rate and years; compute in whole coins, rounding by whole division."""
    for kind, pattern in _READ[lang].items():
        match = pattern.fullmatch(problem.question)
        if match is None:
            continue
        try:
            (amount,) = numbers(match["p"], lang)
        except ValueError:
            return False
        coins, rate, years = int(amount * _coins(lang)), int(match["r"]), int(match["n"])
        if kind == "simple":
            return problem.answer == money(lang, coins * (100 + rate * years) // 100)
        for _ in range(years):
            coins += (2 * coins * rate + 100) // 200
        return problem.answer == money(lang, coins)
    return False


INTEREST = Task("interest", 1, _make, _check)
