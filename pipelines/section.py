"""The recipe's `curate` section: what is kept, by which rules. Light: nothing heavy is imported."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

import msgspec

from hanji.contamination.settings import EvaluationSet
from hanji.schema import LANGS, Lang

__all__ = [
    "Classifier",
    "Curate",
    "Duplicates",
    "Language",
    "Models",
    "Near",
    "Normal",
    "Perplexity",
    "PersonalData",
    "Quality",
    "Repeated",
    "Substrings",
]

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Above0 = Annotated[float, msgspec.Meta(gt=0)]
SIGNATURE = 112  # values; FineWeb-2: 14 x 8
PersonalKind = Literal[
    "email", "iban", "card", "korean_id", "japanese_id", "german_id", "spanish_id",
    "vietnamese_id", "ip", "phone",
]  # fmt: skip


class Normal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Normal form of the text; NFC always, NFKC never."""

    repair_mojibake: bool = False
    """Repair text that was decoded by the wrong charset (ftfy)."""
    fold_width: bool = False
    """Fold full-width Latin and half-width Katakana."""


class Language(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which language a document is in, and which languages are kept."""

    engine: Literal["fast", "langdetect"] = "fast"
    """The detector."""
    keep: tuple[Lang, ...] = LANGS
    """Languages that are kept; a document in another is dropped."""
    at_least: dict[Lang, Share] = {}
    """Lowest score by language; a language that is not named has its own default."""
    max_other_share: Share | None = None
    """Drop a long document with more of it than this in other languages; null keeps it."""


class Quality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Quality rules over the profile of a document."""

    rules: tuple[Literal["gopher", "repetition", "c4", "fineweb"], ...] = (
        "gopher",
        "repetition",
        "c4",
        "fineweb",
    )
    """Families of rules that are applied."""
    segmenter: Literal["fast", "kiwi", "fugashi", "pyvi"] = "fast"
    """What a word is: by byte classes, or by an analyser of Korean, Japanese or Vietnamese."""
    limits_file: str | None = None
    """Limits that `hanji curate calibrate` wrote, instead of those in pipelines/langs."""
    limits: dict[Lang, dict[str, float]] = {}
    """Own limits by language and name, before those of the file and of pipelines/langs."""


class Classifier(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A quality classifier in fastText's format; paths start at the recipe."""

    path: str
    """The .bin or .ftz file of a supervised model."""
    label: str
    """The label whose probability is the score, with its prefix: __label__hq."""
    at_least: Share | None = None
    """Lowest score of a document that is kept; null keeps all, the score is a column then."""
    max_chars: Positive | None = None
    """Characters from the beginning of a text that are looked at; null takes all."""


class Perplexity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An n-gram model and the limits of a text's perplexity; paths start at the recipe."""

    path: str
    """An ARPA file, plain or .gz, or a binary file of KenLM (which needs the package kenlm)."""
    pieces: str | None = None
    """SentencePiece model that cuts lines into the model's words; null cuts at white space."""
    form: Literal["as_is", "lower", "plain"] = "lower"
    """Form of a line: lower case, or plain as CCNet's models (no accents, every digit 0)."""
    at_least: Above0 | None = None
    """Lowest perplexity of a document that is kept; repeated words and lists are low."""
    at_most: Above0 | None = None
    """Highest perplexity of a document that is kept."""


class Models(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Models of your own, by language, for documents that pass the quality rules."""

    classifiers: dict[Lang, Classifier] = {}
    """Quality classifiers by language."""
    perplexity: dict[Lang, Perplexity] = {}
    """N-gram models by language."""


class PersonalData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Personal data in the text."""

    kinds: tuple[PersonalKind, ...] = get_args(PersonalKind)
    """Kinds that are looked for."""
    action: Literal["mask", "remove"] = "mask"
    """Put a stable placeholder in its place, or remove it."""


class Decontaminate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Items of evaluation sets in the text."""

    sets: tuple[EvaluationSet, ...]
    """The evaluation sets; relative paths start at the recipe."""
    action: Literal["drop", "cut"] = "drop"
    """Drop a document that holds an item, or cut the sentences that it shares."""
    at_least: Share = 0.0
    """Share of an item that has to stand in a document; 0 is any run of the window's length."""


class Lists(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Addresses and words that are not wanted, licences that are; paths start at the recipe."""

    urls: str | None = None
    """File of domains and addresses, one a line; what stands below them is dropped."""
    words: dict[Lang, str] = {}
    """Files of words by language, one a line."""
    words_at_least: Positive = 3
    """Words of the list from which a document is dropped."""
    licenses: tuple[str, ...] = ("*",)
    """Licences that are kept; * stands for anything."""
    unlicensed: bool = True
    """Keep documents that state no licence."""


class Near(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Near-duplicates by MinHash and locality-sensitive hashing."""

    threshold: Share = 0.8
    """Jaccard similarity of the shingles from which two documents are duplicates."""
    bands: Positive = 14  # FineWeb-2: 14 x 8
    """Bands of the signature."""
    rows: Positive = 8
    """Rows of a band."""
    shingles: Literal["words", "characters"] | None = None
    """What shingles are made of; null takes characters in Korean and Japanese, words elsewhere."""

    def __post_init__(self) -> None:
        """Check that the signature is long enough."""
        if self.bands * self.rows > SIGNATURE:
            raise ValueError(
                f"{self.bands} bands of {self.rows} rows need more than the {SIGNATURE} values "
                "of a signature; take fewer bands or rows"
            )


class Repeated(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Lines or paragraphs that stand in many documents of a language."""

    at_least_documents: Annotated[int, msgspec.Meta(ge=2)] = 6
    """Documents from which a piece counts as repeated."""
    min_chars: Positive = 15
    """Shorter pieces stay, in characters of the matching form."""
    keep_first: bool = True
    """Leave the piece in the first document that has it."""


class Substrings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs of words that stand elsewhere in a document of the language."""

    at_least: Annotated[int, msgspec.Meta(ge=10)] = 50
    """Words of the fast segmenter, from which an equal run is cut; its first place stays."""


class Duplicates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Duplicates over all sources of the recipe."""

    exact: bool = True
    """Drop documents with the same matching key (NFKC, case and space folded)."""
    near: Near | None = Near()
    """Drop near-duplicates; null keeps them."""
    url: bool = False
    """Drop documents with the same canonical address."""
    lines: Repeated | None = None
    """Cut lines that are repeated across documents; null keeps them."""
    paragraphs: Repeated | None = None
    """Cut paragraphs that are repeated across documents; null keeps them."""
    substrings: Substrings | None = None
    """Cut long runs of words that stand elsewhere; null keeps them."""
    reweight: bool = False
    """Weigh documents by the size of their cluster, from the run's own rates of removal."""
    partitions: Positive = 16
    """Partitions of the shuffle; the result is the same for any number."""


class Curate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How sources become clean, deduplicated documents."""

    normalise: Normal = Normal()
    """Normal form of the text."""
    language: Language = Language()
    """Language of a document."""
    quality: Quality | None = Quality()
    """Quality rules; null keeps every document."""
    models: Models | None = None
    """Quality classifiers and n-gram models of your own; null has none."""
    personal_data: PersonalData | None = PersonalData()
    """Personal data; null leaves it."""
    lists: Lists | None = None
    """Lists of addresses, words and licences; null has none."""
    decontaminate: Decontaminate | None = None
    """Evaluation sets that are kept out; null looks for none."""
    duplicates: Duplicates = Duplicates()
    """Duplicates."""
    heldout_share: Share = 0.02
    """Share of the documents, by their ids, kept for tokenizer evaluation and probes alone."""
    max_failures: Share = 0.001
    """Share of records that may fail to be read before the run ends in an error."""
    shard_bytes: Positive = 256 << 20
    """Size of an output shard."""
