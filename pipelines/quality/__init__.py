"""Quality: rules compare the numbers of a profile, one score orders what is kept."""

from pipelines.quality.rules import RULES, Rule, Verdicts, decide, score

__all__ = ["RULES", "Rule", "Verdicts", "decide", "score"]
