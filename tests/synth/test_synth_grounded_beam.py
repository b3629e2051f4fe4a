"""The asking as a Beam transform: the same replies, limits shared out."""

from __future__ import annotations

from pathlib import Path

import apache_beam as beam
import msgspec
import pytest
from apache_beam.testing.util import assert_that

from hanji.beam.run import run
from hanji.endpoint import Endpoint
from hanji.endpoint.stub import Answer, Asked, Stub, completion
from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.schema import LANGS, Document, to_batch
from hanji.seeds import stable_hex
from synth.grounded.prompts import Prompts
from synth.grounded.transform import Think, keep, share_out, think
from synth.section import Grounded


def script(asked: Asked) -> Answer:
    prompt = asked.messages[-1].content
    text = stable_hex(prompt, asked.seed)
    if "QUESTION:" in prompt:
        text = f"QUESTION: what is {text}?\nANSWER: {text}"
    return Answer(body=completion(text))


def test_many_workers_ask_what_one_asks(
    documents: dict[str, list[Document]], tmp_path: Path
) -> None:
    batches = [to_batch(documents[lang][start : start + 3]) for lang in LANGS for start in (0, 3)]
    with Stub(script) as stub:
        endpoint = Endpoint(url=stub.url, model="m", max_tokens=50)
        settings = Grounded(endpoint=endpoint, questions=True, samples=2)
        prompts = Prompts.load(LANGS)
        some = [d for lang in LANGS for d in documents[lang][:6]]
        alone = {
            msgspec.json.encode(r) for r in think(some, settings, prompts, 1, tmp_path / "alone")
        }
        asked = len(stub.asked)

        def check(found: list[bytes]) -> None:
            assert set(found) == alone
            assert keep(found, tmp_path / "kept") == len(alone)

        def build(pipeline: beam.Pipeline) -> None:
            replied = (
                pipeline
                | beam.Create(batches)
                | Think(settings, LANGS, 1, str(tmp_path / "replies"), batches=len(batches))
            )
            assert_that(replied, check)

        run(build, Execution(), name="think")
        assert len(stub.asked) == 2 * asked == 2 * len(some) * 4
    files = {p.name: p.read_bytes() for p in (tmp_path / "replies").rglob("*.json")}
    assert files == {p.name: p.read_bytes() for p in (tmp_path / "kept").rglob("*.json")}


def test_an_error_of_the_endpoint_comes_through(
    documents: dict[str, list[Document]], tmp_path: Path
) -> None:
    with Stub(lambda asked: Answer(status=404)) as stub:
        settings = Grounded(endpoint=Endpoint(url=stub.url, model="m"))

        def build(pipeline: beam.Pipeline) -> None:
            _ = (
                pipeline
                | beam.Create([to_batch(documents["en"][:3])])
                | Think(settings, ["en"], 1, str(tmp_path))
            )

        with pytest.raises(RecipeError, match="answered 404"):
            run(build, Execution(), name="think")


def test_limits_are_shared_out_so_that_together_they_hold() -> None:
    endpoint = Endpoint(
        url="", model="m", concurrency=64, requests_per_minute=600, tokens_per_minute=None,
        budget_tokens=1_000_000, budget_money=10.0,
    )  # fmt: skip
    part = share_out(endpoint, workers=8, batches=400)
    assert (part.concurrency, part.requests_per_minute, part.tokens_per_minute) == (8, 75, None)
    assert (part.budget_tokens, part.budget_money) == (2500, 0.025)
