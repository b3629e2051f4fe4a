"""Tokenizers to compare with, behind one small interface.

A baseline is a `tokenizer.json` (or its directory), a SentencePiece `.model`, `tiktoken:NAME`, or
BPE of the same size trained on the same text: `train:tokenizers`, `train:sentencepiece`.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from hanji.errors import RecipeError
from tokenizer.corpus import Corpus

if TYPE_CHECKING:
    import tiktoken

__all__ = ["Codec", "open_codec"]


class Codec(msgspec.Struct):
    """An encoder and decoder with the tokens of it that bridge a space, decoded."""

    name: str
    vocab_size: int
    encode: Callable[[list[str]], list[list[int]]]
    decode: Callable[[Sequence[int]], str]
    superwords: dict[int, str]


def open_codec(name: str, corpus: Corpus | None = None, size: int = 0) -> Codec:
    """Open a tokenizer by name.

    Args:
        name: a path, `tiktoken:NAME`, `train:tokenizers` or `train:sentencepiece`.
        corpus: what a baseline is trained on, its held-out documents left out.
        size: vocabulary of a trained baseline.

    Raises:
        RecipeError: if it cannot be opened, or its library is not installed.
    """
    match name.split(":", 1):
        case ["train", "tokenizers"] if corpus is not None:
            return _train_tokenizers(corpus, size)
        case ["train", "sentencepiece"] if corpus is not None:
            return _train_sentencepiece(corpus, size)
        case ["train", other]:
            raise RecipeError(f"--baseline train:{other}: give train:tokenizers or :sentencepiece")
        case ["tiktoken", encoding]:
            return _tiktoken(encoding)
    if name.endswith(".model"):
        return _sentencepiece(name, name)
    return _tokenizers(name)


def _bridging(decoded: Iterator[tuple[int, str]]) -> dict[int, str]:
    blank = "".join(map(chr, range(33)))
    return {i: token for i, token in decoded if " " in token.strip(blank)}


def _missing(library: str) -> RecipeError:
    return RecipeError(f"--baseline: needs '{library}'; pip install 'hanji[baselines]'")


def _tokenizers(path: str) -> Codec:
    from hanji.tokens import Tokenizer

    loaded = Tokenizer.load(path)
    inner = loaded.inner
    ids = sorted(inner.get_vocab(with_added_tokens=False).values())
    decoded = zip(ids, inner.decode_batch([[i] for i in ids], skip_special_tokens=False))
    return Codec(
        str(path),
        loaded.vocab_size,
        lambda texts: [e.ids for e in inner.encode_batch_fast(texts, add_special_tokens=False)],
        loaded.decode,
        _bridging(iter(decoded)),
    )


def _training_texts(corpus: Corpus) -> Iterator[str]:
    return (document.text for document, heldout in corpus.documents() if not heldout)


def _train_tokenizers(corpus: Corpus, size: int) -> Codec:
    import tokenizers
    from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

    from tokenizer.presets import PRESETS

    level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    split = pre_tokenizers.Split(tokenizers.Regex(PRESETS["kexaone"].stage1), "isolated")
    inner = tokenizers.Tokenizer(models.BPE())
    inner.normalizer = normalizers.NFC()
    inner.pre_tokenizer = pre_tokenizers.Sequence([split, level])
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    inner.train_from_iterator(_training_texts(corpus), trainer)
    return Codec(
        "train:tokenizers",
        inner.get_vocab_size(),
        lambda texts: [e.ids for e in inner.encode_batch_fast(texts, add_special_tokens=False)],
        lambda ids: str(inner.decode(list(ids), skip_special_tokens=False)),
        {},
    )


def _train_sentencepiece(corpus: Corpus, size: int) -> Codec:
    try:
        import sentencepiece
    except ImportError:
        raise _missing("sentencepiece") from None
    model = io.BytesIO()
    lines = (line for text in _training_texts(corpus) for line in text.split("\n") if line)
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=lines, model_writer=model, vocab_size=size, model_type="bpe",
            byte_fallback=True, character_coverage=0.9999, normalization_rule_name="identity",
            remove_extra_whitespaces=False, add_dummy_prefix=False, minloglevel=2,
            max_sentence_length=1 << 20,
        )  # fmt: skip
    except RuntimeError as error:
        reason = str(error).splitlines()[-1]
        raise RecipeError(f"--baseline train:sentencepiece: cannot train ({reason})") from None
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    return _processor("train:sentencepiece", processor)


def _sentencepiece(path: str, name: str) -> Codec:
    try:
        import sentencepiece
    except ImportError:
        raise _missing("sentencepiece") from None
    if not Path(path).is_file():
        raise RecipeError(f"--baseline {path}: is no file; check the path")
    try:
        return _processor(name, sentencepiece.SentencePieceProcessor(model_file=path))
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise RecipeError(f"--baseline {path}: is no SentencePiece model ({reason})") from None


def _processor(name: str, processor: object) -> Codec:
    import sentencepiece

    assert isinstance(processor, sentencepiece.SentencePieceProcessor)
    size = int(processor.get_piece_size())
    pieces = ((i, str(processor.id_to_piece(i)).replace("▁", " ")) for i in range(size))
    return Codec(
        name,
        size,
        lambda texts: [list(ids) for ids in processor.encode(texts)],
        lambda ids: str(processor.decode(list(ids))),
        _bridging(pieces),
    )


def _tiktoken(name: str) -> Codec:
    try:
        import tiktoken
    except ImportError:
        raise _missing("tiktoken") from None
    directory = Path(name)
    if (directory / "tiktoken.json").is_file():
        encoding = load_tiktoken(directory)
    else:
        try:
            encoding = tiktoken.get_encoding(name)
        except (ValueError, OSError) as error:
            reason = str(error).splitlines()[0]
            raise RecipeError(
                f"--baseline tiktoken:{name}: cannot be loaded ({reason}); "
                "set TIKTOKEN_CACHE_DIR or give a directory"
            ) from None
    tokens = (
        (i, data.decode("utf-8", "replace"))
        for data, i in zip(encoding.token_byte_values(), range(1 << 30), strict=False)
    )
    return Codec(
        f"tiktoken:{name}",
        encoding.n_vocab,
        lambda texts: [list(i) for i in encoding.encode_ordinary_batch(texts)],
        lambda ids: str(encoding.decode(list(ids))),
        {} if not (directory / "tiktoken.json").is_file() else _bridging(tokens),
    )


def load_tiktoken(directory: Path) -> tiktoken.Encoding:
    """Load an exported rank file as a `tiktoken.Encoding`."""
    import base64

    import tiktoken

    rest = msgspec.json.decode((directory / "tiktoken.json").read_bytes())
    ranks = {}
    for line in (directory / "tokenizer.tiktoken").read_bytes().splitlines():
        token, _, rank = line.partition(b" ")
        ranks[base64.b64decode(token)] = int(rank)
    return tiktoken.Encoding(
        directory.name, pat_str=rest["pat_str"], mergeable_ranks=ranks,
        special_tokens=rest["special_tokens"],
    )  # fmt: skip
