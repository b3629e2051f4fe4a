"""Probes asked of an endpoint: the gate over a socket, faults, and nothing asked twice."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hanji.endpoint import Endpoint
from hanji.endpoint.stub import Answer, Asked, Stub, completion
from hanji.errors import InputError
from hanji.manifest import Dataset
from longdoc.ask import ask_probes
from longdoc.score import score
from longdoc.section import Gate

LENIENT = Gate(lower_bound=0.5)


def answers_of(probes: Path) -> dict[str, str]:
    rows = [row for batch in Dataset.open(probes).batches() for row in batch.to_pylist()]
    return {row["prompt"]: ", ".join(json.loads(row["answer"])) for row in rows}


def settings(stub: Stub, **more: object) -> Endpoint:
    return Endpoint(url=stub.url, model="m", temperature=0.0, top_p=1.0, timeout_s=10.0, **more)


def test_an_endpoint_that_knows_is_green_in_every_cell(demo: Path, tmp_path: Path) -> None:
    probes = demo / "probes"
    known = answers_of(probes)

    def model(asked: Asked) -> Answer:
        return Answer(body=completion(known[asked.messages[-1].content]))

    with Stub(model) as stub:
        out = ask_probes(probes, settings(stub), tmp_path / "replies", tmp_path / "answers.jsonl")
        n = len(stub.asked)
        ask_probes(probes, settings(stub), tmp_path / "replies", tmp_path / "again.jsonl")
        assert len(stub.asked) == n  # nothing is asked twice
    result = score(probes, out, LENIENT)
    assert result.total.right == result.total.n
    assert result.verdict == "GREEN"
    assert all(cell.right == cell.n for cells in result.maps.values() for cell in cells.values())
    assert (
        sum(cell.n for cells in result.maps.values() for cell in cells.values()) == result.total.n
    )


def test_probes_without_an_answer_are_an_error_and_the_rest_is_kept(
    demo: Path, tmp_path: Path
) -> None:
    probes = demo / "probes"
    known = answers_of(probes)
    silent = set(list(known)[:3])

    def model(asked: Asked) -> Answer:
        prompt = asked.messages[-1].content
        if prompt in silent:
            return Answer(status=500)
        return Answer(body=completion(known[prompt]))

    with Stub(model) as stub:
        with pytest.raises(InputError, match="3 probes got no answer"):
            ask_probes(
                probes, settings(stub, retries=0), tmp_path / "replies", tmp_path / "answers.jsonl"
            )
        assert not (tmp_path / "answers.jsonl").exists()
        silent.clear()
        before = len(stub.asked)
        ask_probes(probes, settings(stub), tmp_path / "replies", tmp_path / "answers.jsonl")
        assert len(stub.asked) == before + 3


def test_the_command_asks_and_gates(demo: Path, tmp_path: Path, hanji) -> None:
    def model(asked: Asked) -> Answer:
        return Answer(body=completion("7"))

    with Stub(model) as stub:
        done = hanji("longdoc", "score", demo / "probes", tmp_path / "answers.jsonl",
                     "--endpoint", stub.url, "--model", "m", "--json")  # fmt: skip
    assert done.code == 1, done.err
    assert json.loads(done.out)["verdict"] == "RED"
    done = hanji("longdoc", "score", demo / "probes", tmp_path / "a", "--model", "m")
    assert done.code == 2
    assert "go together" in done.err
