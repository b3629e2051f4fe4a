"""Sound thoughts over the sample corpus, written by template in six languages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from hanji.endpoint.stub import Answer, Asked, completion
from hanji.manifest import Commit
from hanji.report import Report
from hanji.schema import DOCUMENT, LANGS, Document, document_id, to_batch
from hanji.seeds import pick, shuffled, uniform
from hanji.shards import ShardSet
from hanji.text.sentences import sentences

ROOT = Path(__file__).resolve().parents[2]
QUOTES = {"en": "“”", "ko": "“”", "es": "«»", "de": "„“", "ja": "「」", "vi": "“”"}
# Opening, claim, reason, calculation, closing: two ways each; q1, q2 quotations, a + b = s.
WORDS: dict[str, list[tuple[str, str]]] = {
    "en": [
        ("Let me see what is really being claimed here.", "I start with the point that is easiest to overlook."),
        ("The statement {q1} is short, but a good deal hangs on it: if it were wrong, the rest would not follow.",
         "When I read {q1}, I ask what would have to be true for that to hold, and whether anything supports it."),
        ("The support comes where we read {q2}, which gives the reason rather than a mere assertion.",
         "Taken together with {q2} it makes sense, since the one explains how the other can happen at all."),
        ("Two figures are given, and it is worth holding them side by side: {a} + {b} = {s}, so neither can be a slip of the other.",
         "As a check on the figures I add them up, {a} + {b} = {s}, and nothing else that is said speaks against it."),
        ("What remains open is how far this can be generalised; nothing more is said about that.",
         "So the conclusion seems justified, though only within the limits that were named."),
    ],
    "ko": [
        ("여기서 실제로 주장하는 것이 무엇인지 먼저 살펴보자.", "가장 지나치기 쉬운 대목부터 따져 보겠다."),
        ("{q1} 이 구절은 짧지만 많은 것이 여기에 달려 있다. 이것이 틀리다면 나머지도 성립하지 않는다.",
         "{q1} 이 구절을 읽으면, 그렇게 되려면 무엇이 참이어야 하는지, 뒷받침하는 내용이 있는지 묻게 된다."),
        ("그 근거는 뒤에 나오는 {q2} 대목에 있는데, 단순한 단정이 아니라 까닭을 알려 준다.",
         "{q2} 대목과 함께 놓고 보면 이해가 된다. 하나가 다른 하나의 까닭을 설명해 주기 때문이다."),
        ("두 수가 나오므로 나란히 놓고 볼 만하다. {a} + {b} = {s}이므로 어느 한쪽이 잘못 적힌 것은 아니다.",
         "수를 확인하려고 더해 보면 {a} + {b} = {s}이고, 이와 어긋나는 내용은 없다."),
        ("이것을 어디까지 일반화할 수 있는지는 남은 물음이며, 그에 대해서는 더 말하지 않는다.",
         "따라서 밝혀 놓은 범위 안에서라면 이 결론은 타당해 보인다."),
    ],
    "es": [
        ("Veamos primero qué se afirma aquí en realidad.", "Empiezo por el punto que más fácilmente se pasa por alto."),
        ("La afirmación {q1} es breve, pero de ella depende mucho: si fuera falsa, lo demás no se seguiría.",
         "Al leer {q1} me pregunto qué tendría que ser cierto para que se cumpla y si algo lo respalda."),
        ("El apoyo está donde se lee {q2}, que da la razón y no solo una aseveración.",
         "Junto con {q2} cobra sentido, pues lo uno explica cómo puede ocurrir lo otro."),
        ("Se dan dos cifras y conviene ponerlas una al lado de la otra: {a} + {b} = {s}, de modo que ninguna es un error de la otra.",
         "Para comprobar las cifras las sumo, {a} + {b} = {s}, y nada de lo que se dice lo contradice."),
        ("Queda abierto hasta dónde puede generalizarse esto; no se dice nada más al respecto.",
         "Así pues, la conclusión parece justificada, aunque solo dentro de los límites señalados."),
    ],
    "de": [
        ("Zunächst will ich sehen, was hier eigentlich behauptet wird.", "Ich beginne mit dem Punkt, den man am leichtesten übersieht."),
        ("Die Aussage {q1} ist kurz, aber an ihr hängt viel: Wäre sie falsch, so folgte das Übrige nicht.",
         "Lese ich {q1}, so frage ich mich, was dafür wahr sein müsste und ob etwas dafür spricht."),
        ("Die Stütze steht dort, wo es heißt: {q2}. Das nennt den Grund und ist keine bloße Behauptung.",
         "Zusammen mit {q2} ergibt es einen Sinn, denn das eine erklärt, wie das andere überhaupt geschehen kann."),
        ("Zwei Zahlen werden genannt, und es lohnt sich, sie nebeneinanderzuhalten: {a} + {b} = {s}, keine ist also ein Versehen der anderen.",
         "Zur Probe zähle ich die Zahlen zusammen, {a} + {b} = {s}, und nichts von dem, was sonst gesagt wird, spricht dagegen."),
        ("Offen bleibt, wie weit sich das verallgemeinern lässt; mehr wird dazu nicht gesagt.",
         "Der Schluss scheint also berechtigt, wenn auch nur in den genannten Grenzen."),
    ],
    "ja": [
        ("まず、ここで実際に何が主張されているのかを見てみよう。", "いちばん見落としやすい点から考え始めることにする。"),
        ("{q1}という言葉は短いが、多くのことがこれにかかっている。もしこれが誤りなら、残りも成り立たない。",
         "{q1}と読むと、それが成り立つには何が正しくなければならないのか、裏付けはあるのかと問いたくなる。"),
        ("その裏付けは{q2}という箇所にあり、ただの断定ではなく理由を示している。",
         "{q2}と合わせて読めば納得がいく。一方が、もう一方の起こる理由を説明しているからである。"),
        ("数が二つ出てくるので、並べて見ておく価値がある。{a} + {b} = {s}となり、どちらかが書き誤りだとは言えない。",
         "数を確かめるために足してみると{a} + {b} = {s}となり、これに反することは述べられていない。"),
        ("これをどこまで一般化できるかは残された問いであり、それについては何も述べられていない。",
         "したがって、示された範囲の中でなら、この結論は妥当だと思われる。"),
    ],
    "vi": [
        ("Trước hết hãy xem ở đây thật ra đang khẳng định điều gì.", "Tôi bắt đầu từ điểm dễ bị bỏ qua nhất."),
        ("Câu {q1} tuy ngắn nhưng nhiều điều phụ thuộc vào đó: nếu nó sai thì phần còn lại không đứng vững.",
         "Đọc đến {q1}, tôi tự hỏi điều gì phải đúng để điều đó xảy ra và có gì làm căn cứ hay không."),
        ("Căn cứ nằm ở chỗ viết {q2}, vì chỗ đó nêu lý do chứ không chỉ khẳng định suông.",
         "Đặt cạnh {q2} thì điều đó trở nên dễ hiểu, vì điều này giải thích vì sao điều kia có thể xảy ra."),
        ("Có hai con số được nêu ra và nên đặt chúng cạnh nhau: {a} + {b} = {s}, vậy không số nào là do viết nhầm số kia.",
         "Để kiểm tra, tôi cộng các số lại, {a} + {b} = {s}, và không có điều gì khác nói ngược lại."),
        ("Điều còn bỏ ngỏ là có thể khái quát đến đâu; không có gì nói thêm về việc đó.",
         "Vì vậy kết luận có vẻ hợp lý, dù chỉ trong giới hạn đã nêu."),
    ],
}  # fmt: skip


class Pair(msgspec.Struct, frozen=True):
    """A document and a sound thought about it."""

    document: Document
    thought: str


Writer = Callable[..., str]


def snippet(text: str, lang: str) -> str:
    """The beginning of a sentence, cut at a word: a short quotation."""
    most = 18 if lang in ("ko", "ja") else 45
    if len(text) <= most:
        return text.rstrip(" .。!?")
    cut = text[:most]
    return cut if lang == "ja" else cut.rsplit(" ", 1)[0]


def write(document: str, lang: str, key: str, words: str = "") -> str:
    """Write a sound thought over a document; `words` writes it in another language."""
    words = words or lang
    spans = [document[a:b].strip() for a, b in sentences(document, lang)]
    long = [s for s in spans if len(s) >= (14 if lang in ("ko", "ja") else 30)]
    chosen = shuffled(long, "quote", key)[:2]
    left, right = QUOTES[words]
    quotes = [left + snippet(sentence, lang) + right for sentence in chosen] or ['""']
    values = {"q1": quotes[0], "q2": quotes[-1], "a": "", "b": "", "s": ""}
    found = list(dict.fromkeys(re.findall(r"(?<![\d.,:/])\d{1,4}(?![\d.,:/]*\d)", document)))
    numbers = shuffled(found, "numbers", key)[:2]
    lines = [pick(WORDS[words][at], "line", key, at) for at in (0, 1, 2)]
    if len(numbers) == 2:
        a, b = numbers
        values |= {"a": a, "b": b, "s": str(int(a) + int(b))}
        lines.append(pick(WORDS[words][3], "line", key, 3))
    lines.append(pick(WORDS[words][4], "line", key, 4))
    return ("" if words == "ja" else " ").join(line.format(**values) for line in lines)


@pytest.fixture(scope="session")
def write_thought() -> Writer:
    """write(document, lang, key, words=lang): a sound thought."""
    return write


@pytest.fixture(scope="session")
def documents() -> dict[str, list[Document]]:
    """The sample corpus by language, without the pages that are planted for curation to find."""
    found: dict[str, list[Document]] = {}
    for lang in LANGS:
        path = ROOT / "recipes" / "demo" / "docs" / f"{lang}.jsonl"
        for number, line in enumerate(path.read_text("utf-8").rstrip("\n").split("\n")):
            text = json.loads(line)["text"]
            planted = "@" in text or "192.0.2" in text or text.count("\n") > 20
            if len(text) >= (100 if lang in ("ko", "ja") else 250) and not planted:
                name = document_id("demo", f"{lang}{number}")
                found.setdefault(lang, []).append(
                    Document(id=name, text=text, lang=lang, source="demo")
                )
    return found


@pytest.fixture(scope="session")
def sound(documents: dict[str, list[Document]]) -> list[Pair]:
    """Two sound thoughts over each document."""
    return [
        Pair(document, write(document.text, lang, f"{document.id}{n}"))
        for lang in LANGS
        for document in documents[lang]
        for n in range(2)
    ]


Curate = Callable[[Path, dict[str, list[Document]]], Path]
Script = Callable[[Asked], Answer]
FENCED = re.compile(r"^(===== [0-9a-f]{20} =====)\n(.*)\n\1$", re.M | re.S)


@pytest.fixture(scope="session")
def curate() -> Curate:
    """curate(directory, documents): a dataset of them, none held out."""

    def write_dataset(directory: Path, documents: dict[str, list[Document]]) -> Path:
        commit = Commit.begin(directory, stage="curate", kind="document/1", section={})
        shards, report = ShardSet(commit.work, DOCUMENT), Report()
        for lang, some in documents.items():
            shards.write(lang, to_batch(some))
            report.read("test", lang, len(some))
            report.kept("test", lang, len(some))
        commit.finish(DOCUMENT, shards.close(), report, {"heldout_share": 0.0})
        return directory

    return write_dataset


@pytest.fixture(scope="session")
def source(
    curate: Curate,
    documents: dict[str, list[Document]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A dataset of eight documents in each language."""
    few = {lang: documents[lang][:8] for lang in LANGS}
    return curate(tmp_path_factory.mktemp("grounded") / "curate", few)


@pytest.fixture
def model(documents: dict[str, list[Document]]) -> Script:
    """A model that thinks soundly about what stands behind the fence, and answers questions."""
    corpus = {lang: "\n".join(d.text for d in some) for lang, some in documents.items()}

    def answer(asked: Asked) -> Answer:
        prompt = asked.messages[-1].content
        found = FENCED.search(prompt)
        assert found is not None
        document = found.group(2)
        lang = next(lang for lang, text in corpus.items() if document.strip()[:30] in text)
        thought = write(document, lang, document[:50] + str(asked.seed))
        if "QUESTION:" in prompt:
            thought = f"QUESTION: {write(document, lang, document)[:60]}\nANSWER: {document[:6]}"
        elif "ANSWER:" in prompt:
            thought += f"\nANSWER: {document[:6] if uniform(asked.seed) < 0.8 else document[7:15]}"
        elif uniform("tags", asked.seed) < 0.5:
            thought = f"<think>\n{thought}\n</think>\n"
        return Answer(body=completion(thought, tokens_in=len(prompt) // 3, tokens_out=100))

    return answer
