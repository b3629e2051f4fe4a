"""Probes as JSON lines, and as a task folder for lm-evaluation-harness.

The folder holds a YAML file and a JSONL file a kind, a group of them all, and a README. It loads
with no code of ours: `lm_eval --include_path . --tasks hanji_probes`, in the folder. The metric
there is `exact_match`; `hanji longdoc score` reads the samples that it logs.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec
import yaml

from hanji.shards import Shard

__all__ = ["FOLDER", "GROUP", "JsonLines", "Line"]

FOLDER = "lm-eval"
GROUP = "hanji_probes"
Form = Literal["completion", "messages"]

README = """# Needle probes as tasks of lm-evaluation-harness

Run this in this folder:

    lm_eval --model hf --model_args pretrained=YOUR_MODEL --include_path . --tasks {group} \\
        --log_samples --output_path out

Tasks: {tasks}; `{group}` is all of them. Prompts are exact to the token under the tokenizer whose
tokenizer.json has the sha256 {tokenizer}. Give the model that tokenizer, no chat template, and room
for its longest length. `exact_match` compares the answer as a whole: where several values are
asked for, another order counts as wrong. The score that counts sets, with the green light:

    hanji longdoc score PROBES samples.jsonl

where samples.jsonl is all `samples_*.jsonl` of the output joined with `cat`.
"""


class Message(msgspec.Struct, frozen=True):
    """A turn of a conversation."""

    role: str
    content: str


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """One probe of the JSONL files."""

    id: str
    kind: str
    lang: str
    haystack_lang: str
    length: int
    depth: float
    target: str  # the answer without what joins it to the prompt
    answer: tuple[str, ...]
    prompt: str = ""
    completion: str = ""
    messages: tuple[Message, ...] = ()


class JsonLines:
    """Writes probes as JSONL, a file a kind, while they are made."""

    def __init__(self, root: Path, folder: str, form: Form) -> None:
        self.root, self.folder, self.form = root, folder, form
        (root / folder).mkdir(parents=True, exist_ok=True)
        self._files: dict[str, tuple[BinaryIO, _Sum]] = {}
        self._rooms: dict[str, int] = {}

    def write(self, line: Line, answer_room: int) -> None:
        """Write a probe; what its form leaves out is dropped."""
        if self.form == "messages":
            turns = (Message("user", line.prompt), Message("assistant", line.target))
            line = msgspec.structs.replace(line, prompt="", completion="", messages=turns)
        if line.kind not in self._files:
            path = self.root / self.folder / f"{line.kind}.jsonl"
            self._files[line.kind] = (path.open("wb"), _Sum())
        file, account = self._files[line.kind]
        data = msgspec.json.encode(line) + b"\n"
        file.write(data)
        account.add(data)
        self._rooms[line.kind] = max(self._rooms.get(line.kind, 0), answer_room)

    def close(self) -> list[Shard]:
        """Close the files and list them."""
        shards = []
        for kind, (file, account) in sorted(self._files.items()):
            file.close()
            shards.append(account.shard(f"{self.folder}/{kind}.jsonl"))
        return shards

    def tasks(self, tokenizer: str) -> list[Shard]:
        """Write the task files beside the JSONL files and list them.

        Args:
            tokenizer: the digest that the README names.
        """
        kinds = sorted(self._rooms)
        files = {f"{GROUP}.yaml": _yaml(_group(kinds))}
        for kind in kinds:
            files[f"{kind}.yaml"] = _yaml(_task(kind, self._rooms[kind], self.form))
        names = ", ".join(f"`{GROUP}_{kind}`" for kind in kinds)
        files["README.md"] = README.format(group=GROUP, tasks=names, tokenizer=tokenizer).encode()
        shards = []
        for name, data in sorted(files.items()):
            (self.root / self.folder / name).write_bytes(data)
            account = _Sum()
            account.add(data)
            shards.append(account.shard(f"{self.folder}/{name}"))
        return shards


class _Sum:
    """Bytes, rows and the hash of a file."""

    def __init__(self) -> None:
        self.hash, self.bytes, self.rows = hashlib.sha256(), 0, 0

    def add(self, data: bytes) -> None:
        self.hash.update(data)
        self.bytes += len(data)
        self.rows += 1

    def shard(self, path: str) -> Shard:
        digest = self.hash.hexdigest()
        return Shard(path=path, rows=self.rows, bytes=self.bytes, sha256=digest, split="files")


def _task(kind: str, answer_room: int, form: Form) -> dict[str, object]:
    return {
        "task": f"{GROUP}_{kind}",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {"test": f"{kind}.jsonl"}},
        "test_split": "test",
        "output_type": "generate_until",
        "doc_to_text": "{{prompt}}" if form == "completion" else "{{messages[0].content}}",
        "doc_to_target": "{{target}}",
        "target_delimiter": "",
        "generation_kwargs": {"until": ["\n"], "do_sample": False, "max_gen_toks": answer_room},
        "filter_list": [
            {
                "name": "stripped",
                "filter": [{"function": "remove_whitespace"}, {"function": "take_first"}],
            }
        ],
        "metric_list": [
            {
                "metric": "exact_match",
                "aggregation": "mean",
                "higher_is_better": True,
                "ignore_case": True,
                "regexes_to_ignore": [r"[.。]\s*$", r"^\s+|\s+$"],
            }
        ],
        "metadata": {"version": 1.0},
    }


def _group(kinds: list[str]) -> dict[str, object]:
    return {
        "group": GROUP,
        "task": [f"{GROUP}_{kind}" for kind in kinds],
        "aggregate_metric_list": [
            {"metric": "exact_match", "weight_by_size": True, "filter_list": "stripped"}
        ],
        "metadata": {"version": 1.0},
    }


def _yaml(value: dict[str, object]) -> bytes:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
