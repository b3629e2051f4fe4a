"""Thinking-augmented reasoning data: made, grounded, verified.

Families stand behind one small interface: a generator takes a document or a seed and yields
samples, a verifier takes a sample and gives a verdict with reasons.
"""

__all__: list[str] = []
