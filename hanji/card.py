"""Dataset cards: the README.md beside the shards, with the YAML that `datasets` reads.

The YAML lists one configuration per language, so `datasets.load_dataset("DIR", "ko")` works with
no code of ours.
"""

from __future__ import annotations

from typing import Protocol

import yaml

from hanji.report import Report
from hanji.schema import LANGS, UNKNOWN
from hanji.shards import Shard

__all__ = ["card"]

_SIZES = (  # the hub's own words
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
)
_ABOUT = {
    "document/1": "curated documents",
    "thought/1": "thinking-augmented reasoning samples",
    "long/1": "long documents",
    "probe/1": "needle-in-a-haystack probes",
    "packed/1": "packed training sequences",
    "tokenizer/1": "a tokenizer",
}


class _Described(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def fingerprint(self) -> str: ...
    @property
    def version(self) -> str: ...
    @property
    def shards(self) -> tuple[Shard, ...]: ...
    @property
    def report(self) -> Report: ...
    @property
    def columns(self) -> dict[str, str]: ...


def card(name: str, manifest: _Described) -> str:
    """Write the card of a finished stage as Markdown with a YAML head."""
    data = [shard for shard in manifest.shards if shard.split == "data"]
    n_rows = sum(shard.rows for shard in data)
    langs = sorted({shard.lang for shard in data if shard.lang})
    head: dict[str, object] = {"pretty_name": f"hanji {name}"}
    known = [lang for lang in langs if lang in LANGS or (lang != UNKNOWN and len(lang) == 2)]
    if known:
        head["language"] = known
    if data:
        head["size_categories"] = [next((s for n, s in _SIZES if n_rows < n), "1B<n<10B")]
        head["tags"] = ["hanji", manifest.kind.partition("/")[0]]
        head["configs"] = _configs(data, langs)
    total = manifest.report.total()
    dropped = sum(sum(reasons.values()) for reasons in total.dropped.values())
    lines = [
        "---",
        yaml.safe_dump(head, sort_keys=False, allow_unicode=True).rstrip(),
        "---",
        "",
        f"# hanji {name}: {_ABOUT.get(manifest.kind, manifest.kind)}",
        "",
        f"Made by hanji {manifest.version}, recipe fingerprint `{manifest.fingerprint}`. "
        "`manifest.json` lists every file with its checksum; `hanji verify` checks them, "
        "`hanji report` draws them.",
        "",
        f"{total.read:,} read, {total.made:,} made, {total.kept:,} kept, {dropped:,} dropped, "
        f"{sum(total.failed.values()):,} failed.",
        "",
        "| language | rows | bytes |",
        "|---|---:|---:|",
        *(
            f"| {lang or 'all'} | {sum(s.rows for s in data if s.lang == lang):,} "
            f"| {sum(s.bytes for s in data if s.lang == lang):,} |"
            for lang in sorted({shard.lang for shard in data})
        ),
        "",
    ]
    if manifest.columns:
        lines += ["| column | type |", "|---|---|"]
        lines += [f"| {name} | {kind} |" for name, kind in manifest.columns.items()]
        lines += [""]
    return "\n".join(lines)


def _configs(data: list[Shard], langs: list[str]) -> list[dict[str, object]]:
    def files(pattern: str) -> list[dict[str, str]]:
        return [{"split": "train", "path": pattern}]

    if not langs:
        return [{"config_name": "default", "data_files": files("data/*.arrow"), "default": True}]
    everything: dict[str, object] = {
        "config_name": "all",
        "data_files": files("data/*/*.arrow"),
        "default": True,
    }
    each: list[dict[str, object]] = [
        {"config_name": lang, "data_files": files(f"data/{lang}/*.arrow")} for lang in langs
    ]
    return [everything, *each]
