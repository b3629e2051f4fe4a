"""The recipe's `tokenizer` section. Light: nothing heavy is imported."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from hanji.schema import Lang

__all__ = ["DEFAULT_ALLOTMENT", "SPECIAL_TOKENS", "TokenizerSection"]

Share = Annotated[float, msgspec.Meta(ge=0, lt=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]
Weight = Annotated[float, msgspec.Meta(ge=0)]

DEFAULT_ALLOTMENT = {"en": 2.0, "ko": 3.0, "other": 1.0}  # K-EXAONE, section 2.2
SPECIAL_TOKENS = (
    "<|endoftext|>", "<|pad|>", "<|endofturn|>", "<|system|>", "<|user|>", "<|assistant|>",
    "<|tool|>", "<think>", "</think>", "<tool_call>", "</tool_call>",
)  # fmt: skip


class TokenizerSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A SuperBPE tokenizer, learned from the curated dataset."""

    vocab_size: Positive = 150_000  # K-EXAONE, section 2.2
    """Tokens in all: special tokens, bytes, subwords and superwords."""
    preset: Literal["kexaone", "line", "paper"] = "kexaone"
    """How text is cut into pieces before merging."""
    superword_share: Share = 0.2  # K-EXAONE, section 2.2
    """Share of the vocabulary that bridges a space; 0 learns ordinary BPE."""
    superword_allotment: dict[str, Weight] | None = None
    """Shares of the superwords by language, "other" for the rest; default en 2, ko 3, other 1."""
    join_share: Share | None = None
    """Share of joins, learned in stage 2 but bridging no space (" (", "。「"); by preset."""
    max_superword_words: Positive = 4  # SuperBPE, trainer.rs
    """Most words in one superword."""
    cross_line_breaks: bool = False
    """Let superwords hold a line break."""
    end_in_space: bool = False
    """Let superwords end in a space."""
    split_characters: bool = False
    """Let superwords begin or end inside a character."""
    swallow_colons: bool = False
    """Let superwords hold ": ", where prompts are often cut."""
    max_digits: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """Longest digit run in a superword; by default as long as stage 1 allows."""
    weights: dict[Lang, Weight] = {}
    """How often a document of a language counts; a language that is not named counts once."""
    max_bytes: Positive | None = None
    """Bytes of text to learn from, drawn evenly from each language; all by default."""
    min_count: Positive = 2
    """Lowest number of occurrences of a pair that is merged."""
    special_tokens: tuple[str, ...] = SPECIAL_TOKENS
    """Special tokens; they take the first ids, in this order."""
    reserved_tokens: Annotated[int, msgspec.Meta(ge=0)] = 53  # 11 + 53 = 64
    """Reserved slots behind the special tokens."""
    extend: str | None = None
    """An existing tokenizer.json to go on from (path relative to the recipe)."""
    keep_share: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.7  # K-EXAONE, section 2.2
    """Share of the existing tokens to keep when extending."""

    @property
    def specials(self) -> tuple[str, ...]:
        """Special tokens and reserved slots, in the order of their ids."""
        reserved = (f"<|reserved_{i}|>" for i in range(self.reserved_tokens))
        return (*self.special_tokens, *reserved)
