"""The words of the probes in six languages: head, needle, question, and names for the keys.

A key is an adjective and a noun; it reads naturally in the needle and in the question. Slots: `key`
and `value`; for Korean the particles stand in the template behind nouns whose sound is known.
"""

from __future__ import annotations

import msgspec

from hanji.schema import Lang

__all__ = ["TEMPLATES", "Template", "key_of"]


class Template(msgspec.Struct, frozen=True):
    """The words of one language."""

    head: str
    needle: str
    question: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    joint: str  # between the two words of a key
    separator: str  # between sentences


TEMPLATES: dict[Lang, Template] = {
    "en": Template(
        "Read the following text. Somewhere in it a code number is mentioned. Remember it, "
        "you will be asked for it at the end.\n\n",
        "The code number of the {key} is {value}.",
        "What is the code number of the {key} mentioned in the text?",
        ("silver", "wooden", "quiet", "northern", "broken", "yellow", "ancient", "hollow",
         "narrow", "velvet", "distant", "copper"),
        ("lantern", "harbour", "orchard", "bridge", "mirror", "violin", "compass", "chimney",
         "meadow", "staircase", "teapot", "lighthouse"),
        " ",
        " ",
    ),
    "ko": Template(
        "다음 글을 읽으십시오. 글 어딘가에 암호 번호가 하나 나옵니다. 마지막에 물어볼 것이니 기억해 두십시오.\n\n",
        "{key}의 암호 번호는 {value}입니다.",
        "글에 나온 {key}의 암호 번호는 무엇입니까?",
        ("은빛", "나무", "고요한", "북쪽", "부서진", "노란", "오래된", "텅 빈", "좁은", "먼", "구리", "푸른"),
        ("등불", "항구", "과수원", "다리", "거울", "바이올린", "나침반", "굴뚝", "초원", "계단", "찻주전자",
         "등대"),
        " ",
        " ",
    ),
    "es": Template(
        "Lee el siguiente texto. En algún lugar se menciona un número de código. Recuérdalo, "
        "al final se te preguntará por él.\n\n",
        "El número de código de «{key}» es {value}.",
        "¿Cuál es el número de código de «{key}» que se menciona en el texto?",
        ("de plata", "de madera", "del norte", "de cobre", "de cristal", "del valle", "de piedra",
         "del abuelo", "de marfil", "del puerto", "de hierro", "del jardín"),
        ("la linterna", "el espejo", "el puente", "el violín", "la brújula", "la escalera",
         "el faro", "la tetera", "el molino", "la campana", "el reloj", "la puerta"),
        " ",
        " ",
    ),
    "de": Template(
        "Lies den folgenden Text. Irgendwo darin wird eine Codenummer genannt. Merke sie dir, "
        "am Ende wird danach gefragt.\n\n",
        "Die Codenummer für „{key}“ lautet {value}.",
        "Wie lautet die Codenummer für „{key}“, die im Text genannt wird?",
        ("Silberne", "Hölzerne", "Stille", "Nördliche", "Zerbrochene", "Gelbe", "Uralte", "Hohle",
         "Schmale", "Samtene", "Ferne", "Kupferne"),
        ("Laterne", "Brücke", "Geige", "Wiese", "Treppe", "Teekanne", "Mühle", "Glocke", "Uhr",
         "Truhe", "Insel", "Quelle"),
        " ",
        " ",
    ),
    "ja": Template(
        "次の文章を読んでください。文章のどこかに暗証番号が一つ出てきます。最後に尋ねますので、覚えておいてください。\n\n",
        "{key}の暗証番号は{value}です。",
        "文章に出てきた{key}の暗証番号は何ですか。",
        ("銀色の", "木の", "静かな", "北の", "壊れた", "黄色い", "古い", "空っぽの", "狭い", "遠い", "銅の", "青い"),
        ("ランタン", "港", "果樹園", "橋", "鏡", "バイオリン", "羅針盤", "煙突", "草原", "階段", "急須", "灯台"),
        "",
        "",
    ),
    "vi": Template(
        "Hãy đọc văn bản sau. Ở đâu đó trong văn bản có nhắc đến một mã số. Hãy ghi nhớ mã số đó, "
        "cuối cùng bạn sẽ được hỏi.\n\n",
        "Mã số của {key} là {value}.",
        "Mã số của {key} được nhắc đến trong văn bản là gì?",
        ("bằng bạc", "bằng gỗ", "yên tĩnh", "phía bắc", "bị vỡ", "màu vàng", "cổ xưa", "bị bỏ quên",
         "bằng đồng", "xa xôi", "màu xanh", "bên sông"),
        ("chiếc đèn lồng", "bến cảng", "khu vườn", "cây cầu", "tấm gương", "cây vĩ cầm",
         "chiếc la bàn", "ống khói", "đồng cỏ", "cầu thang", "ấm trà", "ngọn hải đăng"),
        " ",
        " ",
    ),
}  # fmt: skip


def key_of(lang: Lang, first: int, second: int) -> str:
    """Put a key together in the order of the language: adjectives follow in es and vi."""
    template = TEMPLATES[lang]
    words = [template.first[first], template.second[second]]
    if lang in ("es", "vi"):
        words.reverse()
    return template.joint.join(words)
