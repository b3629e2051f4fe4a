"""Limits as they were published, for English web text and the words of NLTK."""

from __future__ import annotations

from typing import Final

__all__ = ["PUBLISHED"]

PUBLISHED: Final[dict[str, tuple[float, str]]] = {
    "n_words_min": (50, "Gopher, appendix A"),
    "n_words_max": (100_000, "Gopher, appendix A"),
    "mean_word_length_min": (3, "Gopher, appendix A"),
    "mean_word_length_max": (10, "Gopher, appendix A"),
    "hashes_per_word": (0.1, "Gopher, appendix A"),
    "ellipses_per_word": (0.1, "Gopher, appendix A"),
    "bullet_lines": (0.9, "Gopher, appendix A"),
    "ellipsis_lines": (0.3, "Gopher, appendix A"),
    "alpha_words": (0.8, "Gopher, appendix A"),
    "stop_words": (2, "Gopher, appendix A"),
    "duplicate_lines": (0.3, "Gopher, table A1"),
    "duplicate_line_chars": (0.2, "Gopher, table A1"),
    "duplicate_paragraphs": (0.3, "Gopher, table A1"),
    "duplicate_paragraph_chars": (0.2, "Gopher, table A1"),
    "top_2_grams": (0.2, "Gopher, table A1"),
    "top_3_grams": (0.18, "Gopher, table A1"),
    "top_4_grams": (0.16, "Gopher, table A1"),
    "duplicate_5_grams": (0.15, "Gopher, table A1"),
    "duplicate_6_grams": (0.14, "Gopher, table A1"),
    "duplicate_7_grams": (0.13, "Gopher, table A1"),
    "duplicate_8_grams": (0.12, "Gopher, table A1"),
    "duplicate_9_grams": (0.11, "Gopher, table A1"),
    "duplicate_10_grams": (0.1, "Gopher, table A1"),
    "placeholder_texts": (0, "C4, section 2.2"),
    "curly_brackets_per_word": (0, "C4, section 2.2"),
    "javascript_lines": (0.5, "C4, section 2.2, drops the lines"),
    "policy_lines": (0.5, "C4's code, drops the lines"),
    "n_sentences_min": (5, "C4, section 2.2"),
    "punctuated_lines": (0.12, "FineWeb, section 3.6"),
    "short_lines": (0.67, "FineWeb, section 3.6"),
    "lines_per_word": (0.3, "FineWeb's code"),
}
"""Limit: (value, source)."""
