"""Times and durations: a journey over midnight, a programme of parts, forwards and backwards."""

from __future__ import annotations

import re

import numpy as np

from hanji.schema import Lang
from synth.procedural.draw import below, between, fill, joined, sample, template
from synth.procedural.task import Problem, Task

__all__ = ["SCHEDULE"]

_PARTS: dict[Lang, tuple[str, ...]] = {
    "en": ("lecture", "film", "guided tour", "workshop", "concert", "discussion", "reading"),
    "ko": ("강연", "영화", "견학", "실습", "음악회", "토론", "낭독회"),
    "es": ("conferencia", "película", "visita guiada", "taller", "concierto", "debate", "lectura"),
    "de": ("Vortrag", "Film", "Führung", "Workshop", "Konzert", "Diskussion", "Lesung"),
    "ja": ("講演", "映画", "見学", "実習", "音楽会", "討論", "朗読会"),
    "vi": ("bài giảng", "phim", "buổi tham quan", "buổi thực hành", "buổi hòa nhạc",
           "buổi thảo luận", "buổi đọc sách"),
}  # fmt: skip
# A time of the day, then hours and minutes of a duration (behind 1, behind other numbers).
_FORMS: dict[Lang, tuple[str, tuple[str, str], tuple[str, str], str]] = {
    "en": ("{h}:{m:02}", (" hour", " hours"), (" minute", " minutes"), " "),
    "ko": ("{h}시 {m}분", ("시간", "시간"), ("분", "분"), " "),
    "es": ("{h}:{m:02}", (" hora", " horas"), (" minuto", " minutos"), " y "),
    "de": ("{h}:{m:02} Uhr", (" Stunde", " Stunden"), (" Minute", " Minuten"), " "),
    "ja": ("{h}時{m}分", ("時間", "時間"), ("分", "分"), ""),
    "vi": ("{h} giờ {m} phút", (" tiếng", " tiếng"), (" phút", " phút"), " "),
}
_WORDS: dict[Lang, dict[str, str]] = {
    "en": {
        "travel": "A train leaves at {t} and arrives at {u}. How long is the journey?",
        "night": "A night train leaves at {t} and arrives at {u} the next day. "
        "How long is the journey?",
        "ends": "A programme starts at {t}. One part follows the other: {parts}.{gap} "
        "When does the programme end?",
        "starts": "A programme has to end at {t}. One part follows the other: {parts}.{gap} "
        "When does the programme have to start?",
        "gap": " Between two parts there is a break of {b}.",
        "pause": "break",
        "step": "{part}: minutes {mc}; hours {hc}; so it is {u}.",
        "whole": "From {t} to {u}: minutes {mc}; hours {hc}.",
        "end": "The answer is {answer}.",
    },
    "ko": {
        "travel": "기차가 {t}에 출발하여 {u}에 도착합니다. 얼마나 걸립니까?",
        "night": "야간열차가 {t}에 출발하여 다음 날 {u}에 도착합니다. 얼마나 걸립니까?",
        "ends": "행사가 {t}에 시작합니다. 순서는 이어서 다음과 같습니다: {parts}.{gap} "
        "행사는 언제 끝납니까?",
        "starts": "행사가 {t}에 끝나야 합니다. 순서는 이어서 다음과 같습니다: {parts}.{gap} "
        "행사는 언제 시작해야 합니까?",
        "gap": " 두 순서 사이마다 {b} 동안 쉽니다.",
        "pause": "쉬는 시간",
        "step": "{part}: 분은 {mc}, 시는 {hc}. 그러면 {u:이다/다}.",
        "whole": "{t}부터 {u}까지: 분은 {mc}, 시는 {hc}.",
        "end": "따라서 답은 {answer:이다/다}.",
    },
    "es": {
        "travel": "Un tren sale a las {t} y llega a las {u}. ¿Cuánto dura el viaje?",
        "night": "Un tren nocturno sale a las {t} y llega a las {u} del día siguiente. "
        "¿Cuánto dura el viaje?",
        "ends": "Un programa empieza a las {t}. Sus partes van una tras otra: {parts}.{gap} "
        "¿A qué hora termina el programa?",
        "starts": "Un programa debe terminar a las {t}. Sus partes van una tras otra: "
        "{parts}.{gap} ¿A qué hora debe empezar el programa?",
        "gap": " Entre cada dos partes hay una pausa de {b}.",
        "pause": "pausa",
        "step": "{part}: minutos {mc}; horas {hc}; así se llega a las {u}.",
        "whole": "De las {t} a las {u}: minutos {mc}; horas {hc}.",
        "end": "La respuesta es: {answer}.",
    },
    "de": {
        "travel": "Ein Zug fährt um {t} ab und kommt um {u} an. Wie lange dauert die Fahrt?",
        "night": "Ein Nachtzug fährt um {t} ab und kommt am nächsten Tag um {u} an. "
        "Wie lange dauert die Fahrt?",
        "ends": "Ein Programm beginnt um {t}. Ein Teil folgt auf den anderen: {parts}.{gap} "
        "Wann endet das Programm?",
        "starts": "Ein Programm muss um {t} enden. Ein Teil folgt auf den anderen: {parts}.{gap} "
        "Wann muss das Programm beginnen?",
        "gap": " Zwischen zwei Teilen liegt eine Pause von {b}.",
        "pause": "Pause",
        "step": "{part}: Minuten {mc}; Stunden {hc}; also {u}.",
        "whole": "Von {t} bis {u}: Minuten {mc}; Stunden {hc}.",
        "end": "Die Antwort ist: {answer}.",
    },
    "ja": {
        "travel": "列車が{t}に出発し、{u}に到着します。どれだけかかりますか。",
        "night": "夜行列車が{t}に出発し、翌日の{u}に到着します。どれだけかかりますか。",
        "ends": "催しが{t}に始まります。内容は続けて次の順です: {parts}。{gap}"
        "催しはいつ終わりますか。",
        "starts": "催しは{t}に終わらなければなりません。内容は続けて次の順です: {parts}。{gap}"
        "催しはいつ始めればよいですか。",
        "gap": "内容と内容の間に{b}ずつ休憩があります。",
        "pause": "休憩",
        "step": "{part}: 分は{mc}、時は{hc}。よって{u}になる。",
        "whole": "{t}から{u}まで: 分は{mc}、時は{hc}。",
        "end": "したがって答えは{answer}である。",
    },
    "vi": {
        "travel": "Một chuyến tàu khởi hành lúc {t} và đến nơi lúc {u}. Chuyến đi mất bao lâu?",
        "night": "Một chuyến tàu đêm khởi hành lúc {t} và đến nơi lúc {u} hôm sau. "
        "Chuyến đi mất bao lâu?",
        "ends": "Một chương trình bắt đầu lúc {t}. Các phần nối tiếp nhau: {parts}.{gap} "
        "Chương trình kết thúc lúc nào?",
        "starts": "Một chương trình phải kết thúc lúc {t}. Các phần nối tiếp nhau: {parts}.{gap} "
        "Chương trình phải bắt đầu lúc nào?",
        "gap": " Giữa hai phần nghỉ {b}.",
        "pause": "nghỉ",
        "step": "{part}: phút {mc}; giờ {hc}; vậy là {u}.",
        "whole": "Từ {t} đến {u}: phút {mc}; giờ {hc}.",
        "end": "Câu trả lời là {answer}.",
    },
}
_DAY = 24 * 60


def _time(lang: Lang, minutes: int) -> str:
    form = _FORMS[lang][0]
    if minutes % 60 == 0 and ":" not in form:  # 3시, not 3시 0분
        form = form.partition("{m}")[0].strip()
    return form.format(h=minutes // 60, m=minutes % 60)


def _length(lang: Lang, minutes: int) -> str:
    """Write a duration; a part of zero is left out."""
    _, hours, small, gap = _FORMS[lang]
    h, m = divmod(minutes, 60)
    parts = [f"{h}{hours[h != 1]}"] if h else []
    parts += [f"{m}{small[m != 1]}"] if m or not h else []
    return gap.join(parts)


def _forward(start: int, length: int) -> tuple[str, str, int]:
    """Add a duration to a time; return the sums of minutes and hours, and the time."""
    h, m, g, n = start // 60, start % 60, length // 60, length % 60
    total, carry = m + n, (m + n) // 60
    minutes = f"{m} + {n} = {total}" + (f", {total} − 60 = {total - 60}" if carry else "")
    k = h + g + carry
    hours = f"{h} + {g} + 1 = {k}" if carry else f"{h} + {g} = {k}"
    hours += f", {k} − 24 = {k - 24}" if k > 23 else ""
    return minutes, hours, (start + length) % _DAY


def _back(end: int, length: int) -> tuple[str, str, int]:
    """Take a duration (or a time) from a time."""
    h, m, g, n = end // 60, end % 60, length // 60, length % 60
    borrow = m < n
    minutes = f"{m} + 60 = {m + 60}, {m + 60} − {n} = {m + 60 - n}" if borrow else ""
    minutes = minutes or f"{m} − {n} = {m - n}"
    top, k = h, h - g - borrow
    hours = ""
    if k < 0:
        top, k = h + 24, k + 24
        hours = f"{h} + 24 = {top}, "
    hours += f"{top} − {g} − 1 = {k}" if borrow else f"{top} − {g} = {k}"
    return minutes, hours, (end - length) % _DAY


def _make(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    words = _WORDS[lang]
    if difficulty < 3 and below(rng, 2):
        return _travel(lang, difficulty, rng)
    names = sample(rng, _PARTS[lang], difficulty)
    lengths = [between(rng, 4, 35) * 5 for _ in names]
    start, pause = between(rng, 7 * 12, 23 * 12) * 5, between(rng, 1, 4) * 5
    kind = "ends" if difficulty == 1 or below(rng, 2) else "starts"
    shown = [f"{name} ({_length(lang, n)})" for name, n in zip(names, lengths)]
    gap = fill(words["gap"], b=_length(lang, pause)) if difficulty > 3 else ""
    parts = joined(lang, shown)
    question = fill(words[kind], t=_time(lang, start), parts=parts, gap=gap)
    steps = list(zip(names, lengths))
    if difficulty > 3:
        rest = (pair for step in steps[1:] for pair in ((words["pause"], pause), step))
        steps = [steps[0], *rest]
    lines, now = [], start
    for name, length in steps if kind == "ends" else reversed(steps):
        minutes, hours, now = (_forward if kind == "ends" else _back)(now, length)
        lines.append(fill(words["step"], part=name, mc=minutes, hc=hours, u=_time(lang, now)))
    answer = _time(lang, now)
    return Problem(question, "\n".join([*lines, fill(words["end"], answer=answer)]), answer)


def _travel(lang: Lang, difficulty: int, rng: np.random.Generator) -> Problem:
    """Ask for the time between two times; over midnight when harder."""
    words = _WORDS[lang]
    if difficulty == 1:
        start = between(rng, 5 * 60, 15 * 60)
        end = start + between(rng, 20, 8 * 60)
    else:
        start, end = between(rng, 18 * 60, _DAY - 1), between(rng, 1, 9 * 60)
    shown = {"t": _time(lang, start), "u": _time(lang, end)}
    minutes, hours, length = _back(end, start)
    answer = _length(lang, length)
    lines = [fill(words["whole"], **shown, mc=minutes, hc=hours), fill(words["end"], answer=answer)]
    question = fill(words["travel" if difficulty == 1 else "night"], **shown)
    return Problem(question, "\n".join(lines), answer)


_READ = {
    lang: {
        name: template(words[name], t=r"\d.*?", u=r"\d.*?", parts=".+?", gap=".*?")
        for name in ("travel", "night", "ends", "starts")
    }
    for lang, words in _WORDS.items()
}


def _minutes(text: str) -> int:
    """Read a time: hours, then minutes."""
    hours, *minutes = (int(n) for n in re.findall(r"\d+", text))
    return hours * 60 + sum(minutes)


def _durations(lang: Lang, text: str) -> int:
    """Read the sum of all durations in a text."""
    _, hours, small, _ = _FORMS[lang]
    total = 0
    for forms, worth in ((hours, 60), (small, 1)):
        # Minutes and hours are told apart by the word behind the number: 분 and 시간.
        named = "|".join(re.escape(form) for form in sorted(set(forms), key=len, reverse=True))
        total += worth * sum(int(n) for n in re.findall(rf"(\d+)(?:{named})", text))
    return total


def _check(lang: Lang, problem: Problem) -> bool:
    """Read times and durations as minutes; add or subtract them within a day at once."""
    for kind, pattern in _READ[lang].items():
        match = pattern.fullmatch(problem.question)
        if match is None:
            continue
        start = _minutes(match["t"])
        if kind in ("travel", "night"):
            length = (_minutes(match["u"]) - start) % _DAY
            return problem.answer == _length(lang, length)
        breaks = match["parts"].count("(") - 1 if match["gap"] else 0
        total = _durations(lang, match["parts"]) + breaks * _durations(lang, match["gap"])
        return problem.answer == _time(lang, (start + (total if kind == "ends" else -total)) % _DAY)
    return False


SCHEDULE = Task("schedule", 1, _make, _check)
