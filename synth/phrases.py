"""What a model says instead of thinking: refusals and small talk, in six languages.

Compared in lower case, and only where the document does not say it itself.
"""

from __future__ import annotations

from hanji.schema import Lang

__all__ = ["BOILERPLATE"]

_ENGLISH = (
    "as an ai", "as a language model", "as a large language model", "i'm sorry, but",
    "i am sorry, but", "i cannot help with", "i can't help with", "i cannot assist",
    "i can't assist", "i'm unable to", "i am unable to", "i cannot fulfill", "i can't fulfill",
    "i cannot comply", "i can't comply", "i cannot provide", "i can't provide", "sure, here is",
    "sure, here's", "sure! here", "certainly! here", "of course! here", "here is the thought",
    "here is my thought", "here's the thought", "i hope this helps", "let me know if you",
    "feel free to ask", "my training data", "my knowledge cutoff", "i don't have access to",
    "i do not have access to", "is there anything else",
)  # fmt: skip
_OTHERS: dict[Lang, tuple[str, ...]] = {
    "ko": (
        "죄송하지만", "죄송합니다", "도와드릴 수 없", "도와 드릴 수 없", "인공지능 언어 모델",
        "ai 언어 모델", "ai 모델로서", "인공지능으로서", "ai로서", "언어 모델로서",
        "제공해 드릴 수 없", "제공할 수 없습니다", "답변드릴 수 없", "답변할 수 없습니다",
        "요청을 수행할 수 없", "요청하신 내용은 다음과 같", "물론입니다", "물론이죠",
        "도움이 되었기를", "도움이 되셨기를", "더 궁금한 점이 있으", "추가로 궁금한",
        "언제든지 말씀", "언제든지 물어", "학습 데이터에", "아래와 같이 작성해 드리",
    ),
    "es": (
        "lo siento, pero", "lo siento, no puedo", "no puedo ayudar", "no puedo ayudarte",
        "como modelo de lenguaje", "como un modelo de lenguaje", "como inteligencia artificial",
        "como ia,", "no puedo proporcionar", "no puedo cumplir", "no me es posible ayudar",
        "no puedo responder a", "claro, aquí", "¡claro!", "por supuesto, aquí", "¡por supuesto!",
        "aquí tienes", "aquí está el razonamiento", "espero que esto", "espero haberte ayudado",
        "si tienes más preguntas", "no dudes en", "mis datos de entrenamiento",
    ),
    "de": (
        "es tut mir leid, aber", "tut mir leid, aber", "ich kann dabei nicht helfen",
        "dabei kann ich nicht helfen", "ich kann ihnen nicht helfen", "ich kann dir nicht helfen",
        "kann ich ihnen leider nicht", "kann ich dir leider nicht", "als ki-", "als ki ",
        "als sprachmodell", "als künstliche intelligenz", "als großes sprachmodell",
        "ich kann diese anfrage nicht", "diese anfrage kann ich nicht", "gerne! hier",
        "natürlich! hier", "natürlich, hier", "hier ist der gedankengang", "ich hoffe, das hilft",
        "ich hoffe, dass das", "wenn sie weitere fragen", "falls sie weitere fragen",
        "wenn du weitere fragen", "falls du weitere fragen", "meine trainingsdaten",
    ),
    "ja": (
        "申し訳ありませんが", "申し訳ございませんが", "申し訳ありません。",
        "申し訳ございません。", "お手伝いできません", "お答えできません",
        "お答えすることはできません", "aiとして", "ai言語モデル", "言語モデルとして",
        "人工知能として", "提供できません", "提供することはできません", "ご要望にはお応えでき",
        "かしこまりました", "承知しました", "承知いたしました", "もちろんです", "以下に示します",
        "お役に立て", "ご不明な点", "お気軽に", "学習データに",
    ),
    "vi": (
        "xin lỗi, nhưng", "tôi xin lỗi", "rất tiếc, tôi", "tôi rất tiếc", "tôi không thể giúp",
        "tôi không thể hỗ trợ", "là một mô hình ngôn ngữ", "là mô hình ngôn ngữ", "là một ai",
        "là một trí tuệ nhân tạo", "là trợ lý ai", "tôi không thể cung cấp",
        "tôi không thể đáp ứng", "tôi không thể thực hiện yêu cầu", "chắc chắn rồi",
        "tất nhiên rồi", "dưới đây là suy luận", "dưới đây là phần suy nghĩ", "hy vọng điều này",
        "hi vọng điều này", "nếu bạn có thêm câu hỏi", "nếu bạn cần thêm", "đừng ngần ngại",
        "dữ liệu huấn luyện của tôi",
    ),
}  # fmt: skip
# Models fall back to English, whatever they were asked in.
BOILERPLATE: dict[Lang, tuple[str, ...]] = {
    "en": _ENGLISH,
    **{lang: (*phrases, *_ENGLISH) for lang, phrases in _OTHERS.items()},
}
