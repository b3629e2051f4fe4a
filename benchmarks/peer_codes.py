"""Names of the languages in datatrove; light, for every interpreter."""

from __future__ import annotations

CODES = {"en": "eng", "ko": "kor", "es": "spa", "de": "deu", "ja": "jpn", "vi": "vie"}
