"""Thoughts that a language model writes about curated documents.

After Thinking-Augmented Pre-training (arXiv 2509.20186), in six languages, with every thought
checked against its document and long documents thought about part by part.
"""

__all__: list[str] = []
