"""SuperBPE: byte-level BPE learned in two stages, subwords first, then superwords across spaces.

`train` learns merges from text, `extend` goes on from an existing `tokenizer.json`, `evaluate`
judges on held-out text, `export` writes files that stock libraries load with no code of ours.
The algorithm stands in `tokenizer.merge`; the paper is arXiv 2503.13423.
"""

__all__: list[str] = []
