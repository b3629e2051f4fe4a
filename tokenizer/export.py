"""Export: files that stock libraries load with no code of ours.

`tokenizer.json` for `tokenizers`, with `tokenizer_config.json` and `special_tokens_map.json` for
`transformers`; a rank file with its pattern for `tiktoken`. The pattern is the stage-2 one and
stands before the byte level, so an encoder cuts the very pieces that were trained on. A
SentencePiece model cannot hold the borders of pieces, so there is none.
"""

from __future__ import annotations

import binascii
import functools
from itertools import pairwise
from pathlib import Path

import msgspec

from hanji.text.alphabet import alphabet
from tokenizer.learn import Vocabulary
from tokenizer.presets import Preset

__all__ = ["CONTEXT", "byte_level", "from_byte_level", "save", "save_tiktoken", "tokenizer_json"]

CONTEXT = 262_144  # tokens: the 256K window
_PLAIN = {
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
}  # kept when special ones are skipped


def byte_level(data: bytes) -> str:
    """Write bytes in the byte-level alphabet.

    >>> byte_level(b" way")
    'Ġway'
    """
    return data.decode("latin-1").translate(alphabet())


@functools.cache
def _bytes_by_character() -> dict[str, int]:
    return {character: byte for byte, character in alphabet().items()}


def from_byte_level(token: str) -> bytes | None:
    """Read bytes from the byte-level alphabet; None: a character is not in it."""
    table = _bytes_by_character()
    try:
        return bytes(table[character] for character in token)
    except KeyError:
        return None


def tokenizer_json(vocabulary: Vocabulary, pattern: str, specials: tuple[str, ...]) -> bytes:
    """Return the content of `tokenizer.json`; special tokens take the first ids."""
    data, borders = vocabulary.all_bytes()
    spelled = byte_level(data)  # a character for each byte
    names = [spelled[start:end] for start, end in pairwise(borders)]
    vocab = {name: i for i, name in enumerate((*specials, *names))}
    added = [
        {
            "id": i, "content": name, "single_word": False, "lstrip": False, "rstrip": False,
            "normalized": False, "special": name not in _PLAIN,
        }
        for i, name in enumerate(specials)
    ]  # fmt: skip
    split = {
        "type": "Split", "pattern": {"Regex": pattern}, "behavior": "Isolated", "invert": False,
    }  # fmt: skip
    level = {
        "type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False,
    }  # fmt: skip
    model = {
        "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
        "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
        "ignore_merges": False, "vocab": vocab,
        "merges": [[names[a], names[b]] for a, b in vocabulary.merges.tolist()],
    }  # fmt: skip
    content = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"},
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, level]},
        "post_processor": None, "decoder": level, "model": model,
    }  # fmt: skip
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"


def save(
    directory: Path, vocabulary: Vocabulary, pattern: str, specials: tuple[str, ...]
) -> list[str]:
    """Write the files for `tokenizers`, `transformers` and `tiktoken`; return their names."""
    named = {
        key: name
        for key, name in (("eos_token", "<|endoftext|>"), ("pad_token", "<|pad|>"))
        if name in specials
    }
    others = [name for name in specials if name not in {*named.values(), *_PLAIN}]
    config = {
        **named,
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": CONTEXT,
        "clean_up_tokenization_spaces": False,
        "additional_special_tokens": others,
    }
    files = {
        "tokenizer.json": tokenizer_json(vocabulary, pattern, specials),
        "tokenizer_config.json": _pretty(config),
        "special_tokens_map.json": _pretty({**named, "additional_special_tokens": others}),
    }
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return [*files, *save_tiktoken(directory, vocabulary, pattern, specials)]


def save_tiktoken(
    directory: Path, vocabulary: Vocabulary, pattern: str, specials: tuple[str, ...]
) -> list[str]:
    """Write `tokenizer.tiktoken` (base64 of the bytes, rank) and `tiktoken.json` (the rest).

    Ranks are the ids of `tokenizer.json`; `tiktoken` normalises nothing, so give it NFC text.
    """
    first = len(specials)
    data, borders = vocabulary.all_bytes()
    lines = [
        binascii.b2a_base64(data[start:end], newline=False) + b" %d\n" % i
        for i, (start, end) in enumerate(pairwise(borders), first)
    ]
    (directory / "tokenizer.tiktoken").write_bytes(b"".join(lines))
    rest = {"pat_str": pattern, "special_tokens": {name: i for i, name in enumerate(specials)}}
    (directory / "tiktoken.json").write_bytes(_pretty(rest))
    return ["tokenizer.tiktoken", "tiktoken.json"]


def pattern_of(preset: Preset, superwords: bool) -> str:
    """Return the pattern that an encoder must cut by."""
    return preset.stage2 if superwords else preset.stage1


def _pretty(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n"
