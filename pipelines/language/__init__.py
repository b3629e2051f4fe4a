"""Language of a document, by a real detector with script evidence before it."""

from pipelines.language.detect import AT_LEAST, Guess, detect

__all__ = ["AT_LEAST", "Guess", "detect"]
