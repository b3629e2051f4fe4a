"""Contamination: runs of text that stand in an evaluation set too.

A full scan by rolling hashes: 13 words of languages with blanks (GPT-3's length), 50 characters of
Korean and Japanese (EXAONE 3.5's). Sampling ten substrings of a document, as EXAONE 3.5 does, finds
about 7% of the leaks in long documents; here every position is looked at.
"""
