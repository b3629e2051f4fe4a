"""Models of the user: a quality classifier, and the perplexity of an n-gram model."""

from pipelines.models.steps import Scores, digests, score_texts

__all__ = ["Scores", "digests", "score_texts"]
