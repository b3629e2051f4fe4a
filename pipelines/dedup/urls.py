"""Canonical addresses: two that lead to the same page have the same key.

Scheme and host in lower case, http as https, no `www.`, no default port, no fragment, no tracking
parameters, the query sorted, no slash at the end. What may name another page is kept: the path's
case, other parameters, the user.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import numpy.typing as npt

__all__ = ["canonical_url", "url_keys"]

PORTS = {"http": 80, "https": 443}
TRACKING = frozenset(
    "fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid twclid ttclid igshid mc_cid mc_eid "
    "_ga _gl _hsenc _hsmi mkt_tok oly_anon_id oly_enc_id vero_id wickedid".split()
)


def canonical_url(url: str) -> str:
    """Return the canonical form of an address, or an empty string where it has no host.

    >>> canonical_url("HTTP://WWW.Example.org:80/Paper/?b=2&utm_source=x&a=1#top")
    'https://example.org/Paper?a=1&b=2'
    >>> canonical_url("a/relative/path")
    ''
    """
    try:
        parts = urlsplit(url.strip())
        port, host = parts.port, parts.hostname
    except ValueError:
        return ""
    if not host or parts.scheme.lower() not in PORTS:
        return ""
    host = host.removeprefix("www.")
    if ":" in host:
        host = f"[{host}]"
    if port is not None and port != PORTS[parts.scheme.lower()]:
        host += f":{port}"
    if "@" in parts.netloc:
        host = f"{parts.netloc.rpartition('@')[0]}@{host}"
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    kept = sorted(
        (key, value)
        for key, value in pairs
        if not key.lower().startswith("utm_") and key.lower() not in TRACKING
    )
    query = f"?{urlencode(kept)}" if kept else ""
    return f"https://{host}{parts.path.rstrip('/')}{query}"


def url_keys(
    urls: Sequence[str],
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint64], npt.NDArray[np.int64]]:
    """Return (key, check, row) of every address that has a canonical form; others have no row."""
    forms = [canonical_url(url) if url else "" for url in urls]
    rows = [row for row, form in enumerate(forms) if form]
    digests = b"".join(
        hashlib.blake2b(forms[row].encode("utf-8", "replace"), digest_size=16).digest()
        for row in rows
    )
    both = np.frombuffer(digests, np.uint64).reshape(-1, 2)
    return both[:, 0].copy(), both[:, 1].copy(), np.array(rows, np.int64)
