"""Forecast the reasoning data."""

from __future__ import annotations

from hanji.forecast import Given, Rates, Work
from hanji.recipe import Recipe
from synth.section import Grounded, Reasoning

__all__ = ["forecast"]

BYTES_PER_TOKEN = 3.5  # of UTF-8 in a modern multilingual vocabulary, about
PROMPT_TOKENS = 400  # of synth/prompts, about


def forecast(recipe: Recipe, given: Given, rates: Rates) -> Work:
    """Forecast the stage."""
    section = recipe.section("reasoning", Reasoning)
    samples, seconds = 0, 0.0
    if section.procedural is not None:
        samples += len(section.procedural.tasks) * section.procedural.count * len(section.langs)
        seconds += samples / rates["samples_per_second"]
    if section.extractive is not None:
        read = given.kept_bytes * section.extractive.share
        found = given.documents * given.kept * section.extractive.share
        samples += int(min(found, section.extractive.max_per_lang * len(section.langs)))
        seconds += read / rates["extractive_bytes_per_second"]
    tokens, money = 0, 0.0
    if section.grounded is not None:
        asked, answered = _asked(section.grounded, section, given)
        tokens, money = asked + answered, section.grounded.endpoint.price(asked, answered)
    return Work(
        seconds / given.speed,
        int(rates["memory"]),
        int(samples * rates["bytes_per_sample"] + tokens * BYTES_PER_TOKEN),
        f"about {samples:,} samples" + (" and those of the model" if tokens else ""),
        tokens=tokens,
        money=money,
    )


def _asked(settings: Grounded, section: Reasoning, given: Given) -> tuple[int, int]:
    """Return tokens asked, about, and answered, at most, of a language model."""
    documents = min(
        given.documents * given.kept * settings.share, settings.max_per_lang * len(section.langs)
    )
    each = min(given.text_bytes / max(given.documents, 1), 3 * settings.max_document_chars)
    turns = len(settings.modes) + (settings.questions * (1 + settings.samples))
    asked = documents * turns * (each / BYTES_PER_TOKEN + PROMPT_TOKENS)
    return int(asked), int(documents * turns * settings.endpoint.max_tokens)
