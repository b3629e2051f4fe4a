"""The checks read words: problems written by hand, changed questions, Korean particles."""

from __future__ import annotations

import re

import msgspec
import numpy as np
import pytest

from hanji.schema import LANGS
from hanji.seeds import rng
from hanji.text.korean import josa
from synth.procedural import TASKS, Problem
from synth.procedural.draw import Word, below, between, fill, joined, money, sample, template, whole
from synth.procedural.names import PEOPLE, PLACES
from synth.section import Markers, Procedural
from synth.verify import arithmetic_holds

# Kind, language, question, right answer, wrong answer: worked out by hand.
BY_HAND = [
    ("addition", "en", "What is 17 plus 25?", "42", "32"),
    ("subtraction", "de", "Ziehe 1.250 von 2.000 ab.", "750", "850"),
    ("subtraction", "vi", "Hãy lấy 100 trừ đi 37.", "63", "73"),
    ("multiplication", "ko", "12에 12를 곱하면 얼마입니까?", "144", "124"),
    ("multiplication", "es", "Multiplica 1200 por 10.", "12.000", "1200"),
    ("percent", "vi", "Một bó giấy giá 20.000 đồng. Cửa hàng giảm giá 25%. Bây giờ giá là bao nhiêu?",
     "15.000 đồng", "5.000 đồng"),
    ("dates", "ko", "2024년 2월 28일에서 2일 뒤는 며칠입니까?", "2024년 3월 1일", "2024년 3월 2일"),
    ("units", "en", "Convert 2 hours 1 minute to minutes.", "121 minutes", "61 minutes"),
    ("units", "de", "Zerlege 1.500 m in Kilometer und Meter.", "1 km 500 m", "15 km"),
    ("units", "ko", "3킬로미터 25미터를 미터로 바꾸세요.", "3,025미터", "3,250미터"),
    ("units", "ja", "90分を時間、分に分けて表しなさい。", "1時間30分", "1時間20分"),
    ("currency", "en", "1 dollar is worth 1,300 won. How much is 20 dollars in won?",
     "26,000 won", "2,600 won"),
    ("currency", "es", "1 euro vale 1,1 dólares. 1 dólar vale 150 yenes. Alguien cambia 100 euros "
     "a dólares, gasta 10 dólares y cambia el resto a yenes. ¿Cuánto tiene al final?",
     "15.000 yenes", "16.500 yenes"),
    ("interest", "en", "$1,000 is lent at 5% simple interest per year. "
     "How much must be paid back after 2 years?", "$1,100", "$1,102.50"),
    ("interest", "ja", "10,000円を年5%の複利で預けました。利息は毎年、1円未満を四捨五入します。"
     "3年後の口座の残高はいくらですか。", "11,576円", "11,500円"),
    ("linear", "de", "Löse die Gleichung 3 · x + 4 = 19.", "x = 5", "x = 6"),
    ("linear", "ko", "3 · (x − 2) = 1 · x + 4를 만족하는 x의 값은 얼마입니까?", "x = 5", "x = −5"),
    ("linear", "vi", "Giải hệ phương trình 1 · x + 1 · y = 1; 1 · x + 2 · y = −1.",
     "x = 3, y = −2", "x = −2, y = 3"),
    ("sets", "de", "Chor: Anna, Otto und Ida.\nLeseclub: Ida, Anna und Emil.\n"
     "Wer ist in allen diesen Gruppen? Nenne die Namen in der Reihenfolge der ersten Liste.",
     "Anna und Ida", "Ida und Anna"),
    ("sets", "ja", "合唱クラブ: 田中さん、森さん。\n映画クラブ: 森さん、池田さん。\n"
     "これらのクラブには、同じ人を重ねずに数えると全部で何人いますか。", "3人", "4人"),
    ("ordering", "en", "Three people stand in a line. Ben stands behind Kate. Tom stands before "
     "Kate. Who is first from the back?", "Ben", "Tom"),
    ("ordering", "ko", "세 명이 한 줄로 서 있습니다. 민준은 서연보다 앞에 서 있습니다. 지호는 "
     "서연보다 뒤에 서 있습니다. 앞에서 두 번째에 있는 사람은 누구입니까?", "서연", "지호"),
    ("schedule", "de", "Ein Nachtzug fährt um 22:40 Uhr ab und kommt am nächsten Tag um 6:10 Uhr "
     "an. Wie lange dauert die Fahrt?", "7 Stunden 30 Minuten", "16 Stunden 30 Minuten"),
    ("schedule", "ko", "행사가 9시 50분에 시작합니다. 순서는 이어서 다음과 같습니다: 강연 (40분), "
     "영화 (1시간 30분). 행사는 언제 끝납니까?", "12시", "11시 60분"),
    ("table", "en", "| name | books | stamps |\n| --- | --- | --- |\n| Tom | 3 | 50 |\n"
     "| Kate | 4 | 2 |\n\nHow many books do they all have together?", "7 books", "52 books"),
    ("table", "ja", "| 名前 | 本 | 切手 |\n| --- | --- | --- |\n| 森さん | 3 | 50 |\n"
     "| 田中さん | 4 | 2 |\n\n全部合わせて一番多く持っているのは誰で、何個ですか。",
     "森さん、53個", "田中さん、6個"),
    ("strings", "es", "La lista es [3, 1, 2]. Sigue estos pasos en este orden:\n"
     "1. Ordena la lista de menor a mayor.\n2. Quita el primer elemento.\n"
     "¿Cómo queda la lista al final?", "[2, 3]", "[1, 2]"),
    ("graph", "vi", "Các con đường sau đi được cả hai chiều:\nTân An – Hải Vân: 5 km\n"
     "Hải Vân – Kim Liên: 4 km\nTân An – Kim Liên: 20 km\n"
     "Đường ngắn nhất từ Tân An đến Kim Liên dài bao nhiêu và đi qua những nơi nào?",
     "9 km: Tân An – Hải Vân – Kim Liên", "20 km: Tân An – Kim Liên"),
    ("counting", "ko", "주머니에 빨간 공 2개, 파란 공 3개, 검은 공 5개가 들어 있습니다. "
     "공 한 개를 꺼낼 때 빨간 공일 확률은 얼마입니까?", "1/5", "2/10"),
    ("syllogism", "en", "Everyone in the choir is also in the film club.\nNobody in the film club is in "
     "the chess club.\nDoes it follow from this that nobody in the chess club is in the choir? "
     "Answer yes or no.", "Yes", "No"),
    ("syllogism", "de", "Alle im Chor sind auch im Filmclub.\nJemand im Filmclub ist auch im Leseclub.\n"
     "Folgt daraus, dass jemand im Chor auch im Leseclub ist? Antworte mit Ja oder Nein.",
     "Nein", "Ja"),
    ("syllogism", "ko", "합창반에 든 사람은 모두 영화반에도 들어 있다.\n영화반에 든 사람은 모두 독서반에도 "
     "들어 있다.\n이로부터 합창반에 든 사람은 모두 독서반에 들어 있다는 것이 따라 나옵니까? 예 또는 아니요로 "
     "답하세요.", "예", "아니요"),
    ("counting", "en", "Ben has 6 books and takes 2 of them on a trip. "
     "In how many ways can these be chosen?", "15", "30"),
]  # fmt: skip
# Kinds whose every digit in the question matters.
NUMERIC = ("addition", "subtraction", "multiplication", "percent", "dates", "units", "currency",
           "interest", "linear", "schedule")  # fmt: skip


@pytest.mark.parametrize(("name", "lang", "question", "right", "wrong"), BY_HAND)
def test_problems_by_hand(name: str, lang: str, question: str, right: str, wrong: str) -> None:
    assert TASKS[name].check(lang, Problem(question, "", right))
    assert not TASKS[name].check(lang, Problem(question, "", wrong))


def test_other_words_around_the_numbers_are_refused() -> None:
    assert not TASKS["addition"].check("en", Problem("What is 17 minus 25?", "", "42"))
    assert not TASKS["subtraction"].check("en", Problem("Subtract 9 from 4.", "", "5"))
    assert not TASKS["multiplication"].check("de", Problem("Wie viel ist 3 plus 4?", "", "12"))
    question = "2024년 2월 28일에서 2일 전은 며칠입니까?"
    assert not TASKS["dates"].check("ko", Problem(question, "", "2024년 3월 1일"))


def test_every_kind_has_a_problem_by_hand_and_is_in_the_recipe() -> None:
    assert {name for name, *_ in BY_HAND} == set(TASKS)
    assert set(Procedural().tasks) == set(TASKS)
    assert len(TASKS) >= 13


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", NUMERIC)
def test_a_changed_number_in_the_question_is_refused(name: str, lang: str) -> None:
    task, accepted = TASKS[name], 0
    for number in range(40):
        problem = task.make(lang, 1 + number % 5, rng("change", name, lang, number))
        digits = [match.start() for match in re.finditer(r"[1-9]", problem.question)]
        at = digits[number % len(digits)]
        other = str(int(problem.question[at]) % 9 + 1)
        question = problem.question[:at] + other + problem.question[at + 1 :]
        accepted += task.check(lang, msgspec.structs.replace(problem, question=question))
    assert accepted <= 2


class _Sample(msgspec.Struct, frozen=True):
    thinking: str
    lang: str


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", TASKS)
def test_the_steps_say_true_equations(name: str, lang: str) -> None:
    for number in range(50):
        problem = TASKS[name].make(lang, 1 + number % 5, rng("steps", name, lang, number))
        assert arithmetic_holds(_Sample(problem.thinking, lang), Markers()), problem  # type: ignore[arg-type]
        assert problem.answer in problem.thinking


PARTICLES = {
    "은": "은/는",
    "는": "은/는",
    "을": "을/를",
    "를": "을/를",
    "과": "과/와",
    "와": "과/와",
}


@pytest.mark.parametrize("name", TASKS)
def test_korean_particles_agree_with_what_stands_before(name: str) -> None:
    for number in range(60):
        problem = TASKS[name].make("ko", 1 + number % 5, rng("josa", name, number))
        text = f"{problem.question}\n{problem.thinking}"
        for match in re.finditer(
            r"([\d,.]*\d|[가-힣]*(?:개|원|명|권|분|미터|그램))(은|는|을|를|과|와)(?= )", text
        ):
            word, particle = match.groups()
            assert josa(word, PARTICLES[particle]) == word + particle, (match.group(), problem)


def test_japanese_and_korean_need_no_space_around_numbers() -> None:
    for name in ("units", "schedule", "sets"):
        text = TASKS[name].make("ja", 3, rng("space", name)).question
        assert not re.search(r"\d [分時人]", text)


@pytest.mark.parametrize("lang", LANGS)
def test_names_are_different_and_none_is_part_of_another(lang: str) -> None:
    assert len(set(PEOPLE[lang])) == 20
    assert len(set(PLACES[lang])) == 14
    for one in PLACES[lang]:
        assert not any(one in other for other in PLACES[lang] if other != one)


def test_draws_stay_in_their_bounds() -> None:
    generator = rng("draws")
    assert {below(generator, 3) for _ in range(200)} == {0, 1, 2}
    assert {between(generator, 2, 4) for _ in range(200)} == {2, 3, 4}
    assert sorted(sample(generator, range(9), 9)) == list(range(9))
    firsts = np.bincount([sample(generator, range(4), 2)[0] for _ in range(4000)])
    assert firsts.min() > 850


def test_words_take_particles_and_templates_read_back() -> None:
    assert f"{Word('한지'):은/는} {Word('책'):을/를}" == "한지는 책을"
    text = "{a:은/는} {b:으로/로} {a:이다/다}"
    filled = fill(text, a="책", b=7)
    assert filled == "책은 7로 책이다"
    match = template(text, b=r"\d").fullmatch(filled)
    assert match is not None
    assert match.groupdict() == {"a": "책", "b": "7"}


def test_numbers_and_rows_of_names() -> None:
    assert [whole(1234567, lang) for lang in ("en", "de", "ko")] == [
        "1,234,567", "1.234.567", "1,234,567"]  # fmt: skip
    assert (whole(1234, "es"), whole(12345, "es")) == ("1234", "12.345")
    assert [money(lang, 123405) for lang in LANGS] == [
        "$1,234.05", "123,405원", "1234,05 €", "1.234,05 €", "123,405円", "123.405 đồng"]  # fmt: skip
    assert joined("en", ["a"]) == "a"
    assert joined("es", ["a", "b", "c"]) == "a, b y c"
    assert joined("ja", ["a", "b"]) == "a、b"


ENDS = {"ja": "。", "ko": ".?", "en": ".?", "es": ".?", "de": ".?", "vi": ".?"}


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("name", TASKS)
def test_texts_are_filled_and_end_as_sentences_do(name: str, lang: str) -> None:
    for number in range(40):
        problem = TASKS[name].make(lang, 1 + number % 5, rng("ends", name, lang, number))
        text = f"{problem.question}\n{problem.thinking}\n{problem.answer}"
        assert not re.search(r"[{}]", text), problem
        assert "  " not in text, problem
        assert problem.question.rstrip()[-1] in ENDS[lang] + "?？", problem
        for line in (problem.question, problem.thinking, problem.answer):
            assert line == line.strip()
        if lang == "es":
            assert problem.question.count("¿") == problem.question.count("?")
        if lang == "ja":
            assert not re.search(r"[ぁ-ん一-龥][,.](?!\d)", text), problem
