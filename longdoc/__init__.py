"""Long documents kept whole, needle probes exact to the token, and their score.

`build` gathers documents by length, `probe` hides needles at exact depths, `score` judges answers.
"""

__all__: list[str] = []
