"""The numbers of a profile, in the order of their columns."""

from __future__ import annotations

from typing import Final

__all__ = ["DUPLICATE_GRAMS", "METRICS", "TOP_GRAMS"]

TOP_GRAMS: Final = (2, 3, 4)  # Gopher, table A1
DUPLICATE_GRAMS: Final = (5, 6, 7, 8, 9, 10)  # Gopher, table A1

METRICS: Final = (
    "n_chars",
    "n_words",
    "mean_word_length",  # characters
    "alpha_words",  # share of words with a letter
    "hashes_per_word",  # '#'
    "ellipses_per_word",  # '...' and '…'
    "bullet_lines",  # share of lines that begin with a bullet
    "ellipsis_lines",  # share of lines that end with an ellipsis
    "punctuated_lines",  # share of lines that end with a stop
    "short_lines",  # share of lines of at most 30 characters
    "duplicate_lines",  # share of lines that stood before
    "duplicate_line_chars",  # share of the characters of lines in them
    "duplicate_paragraphs",  # share of paragraphs that stood before
    "duplicate_paragraph_chars",
    "stop_words",  # number of different stop words
    "lines_per_word",
    "n_sentences",  # ends of sentences
    "curly_brackets_per_word",  # '{'
    "javascript_lines",  # share of lines that name it
    "policy_lines",  # share of lines with a phrase of cookie banners and terms of use
    "placeholder_texts",  # occurrences of "lorem ipsum"
    # share of characters in the most frequent n-gram of words that stands more than once
    *(f"top_{n}_grams" for n in TOP_GRAMS),
    # share of characters in n-grams that stood before, each character counted once
    *(f"duplicate_{n}_grams" for n in DUPLICATE_GRAMS),
)
