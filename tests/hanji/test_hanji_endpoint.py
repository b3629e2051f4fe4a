"""The endpoint's client against a real server on a loopback socket that misbehaves by script."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hanji.endpoint import Endpoint, Message, Request, Usage, ask, estimate, read_batch, write_batch
from hanji.endpoint.cap import MAX_REPLY_BYTES
from hanji.endpoint.message import Cache
from hanji.endpoint.runner import _Pace
from hanji.endpoint.settings import _allowed, check
from hanji.endpoint.stub import Answer, Asked, Stub, completion
from hanji.endpoint.wire import _retry_after, parse
from hanji.errors import InputError, RecipeError
from hanji.seeds import stable_hex


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hanji.endpoint.runner.FIRST_WAIT", 0.01)


def requests(settings: Endpoint, count: int, text: str = "hello") -> list[Request]:
    return [settings.request([Message("user", f"{text} {n}")], n) for n in range(count)]


def endpoint(stub: Stub, **more: object) -> Endpoint:
    values = {"url": stub.url, "model": "m", "max_tokens": 50, "timeout_s": 5.0, **more}
    return msgspec.convert(values, Endpoint)


class Faults:
    """A script: the first answers to a message are faults, by its first word."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def __call__(self, asked: Asked) -> Answer:
        text = asked.messages[-1].content
        first = self.seen[text] == 0
        self.seen[text] += 1
        good = completion(f"re: {text}")
        kind = text.split()[0]
        if not first and not kind.startswith("always"):
            return Answer(body=good)
        match kind.removeprefix("always_"):
            case "rate_limited":
                return Answer(status=429, headers={"Retry-After": "0.3"}, body=b"{}")
            case "server_error":
                return Answer(status=500, body=b"<html>oops</html>")
            case "timeout":
                return Answer(body=good, delay=30.0)
            case "truncated":
                return Answer(body=good, cut=20)
            case "bad_json":
                return Answer(body=good[:-20])
            case "empty_choices":
                return Answer(body=b'{"choices": []}')
            case "connection":
                return Answer(body=b"", cut=-60)
            case "refused":
                return Answer(status=400, body=b"{}")
        return Answer(body=good)


KINDS = ["rate_limited", "server_error", "timeout", "truncated", "bad_json", "empty_choices"]


def test_every_fault_is_survived_and_counted_by_kind(tmp_path: Path) -> None:
    script, usage = Faults(), Usage()
    with Stub(script) as stub:
        settings = endpoint(stub, timeout_s=1.0)
        asked = [r for kind in KINDS for r in requests(settings, 3, kind)]
        start = time.monotonic()
        got = list(ask(asked, settings, tmp_path, usage=usage))
        assert time.monotonic() - start >= 0.3  # Retry-After
    assert [request for request, _ in got] == asked
    assert all(reply.text == f"re: {r.messages[0].content}" for r, reply in got)
    assert usage.faults == dict.fromkeys(KINDS, 3)
    assert usage.failed == {}
    assert usage.sent == 36


def test_what_all_attempts_fail_at_comes_back_as_a_fault_and_is_not_kept(tmp_path: Path) -> None:
    usage = Usage()
    with Stub(Faults()) as stub:
        settings = endpoint(stub, retries=2)
        kinds = ["always_server_error", "fine", "always_empty_choices", "always_refused"]
        asked = [requests(settings, 1, kind)[0] for kind in kinds]
        got = [reply for _, reply in ask(asked, settings, tmp_path, usage=usage)]
    assert [reply.fault for reply in got] == ["server_error", "", "empty_choices", "refused"]
    assert usage.failed == {"server_error": 1, "empty_choices": 1, "refused": 1}
    assert usage.faults == {"server_error": 3, "empty_choices": 3, "refused": 1}
    assert len(list(tmp_path.rglob("*.json"))) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_answer_over_the_cap_is_cut_off_and_counted(packed: bool, tmp_path: Path) -> None:
    spaces = b"{" + b" " * (MAX_REPLY_BYTES + 1000)
    noise = b"".join(stable_hex("noise", i).encode() for i in range(80_000))
    headers = {"content-encoding": "gzip"} if packed else {}
    answer = gzip.compress(noise, 1) if packed else spaces
    assert len(answer) > (MAX_REPLY_BYTES // 16 if packed else MAX_REPLY_BYTES)
    with Stub(lambda asked: Answer(body=answer, headers=headers)) as stub:
        usage = Usage()
        settings = endpoint(stub, retries=0)
        ((_, reply),) = ask(requests(settings, 1), settings, tmp_path, usage=usage)
    assert reply.fault == "too_large"
    assert usage.faults == {"too_large": 1}


def test_an_endless_loop_ends_at_the_length_and_says_so(tmp_path: Path) -> None:
    body = completion("again and " * 9000, "length", 5, 50)
    with Stub(lambda asked: Answer(body=body)) as stub:
        settings = endpoint(stub)
        ((_, reply),) = ask(requests(settings, 1), settings, tmp_path)
    assert reply.finish_reason == "length"


def test_the_cache_answers_the_second_time_and_a_damaged_file_is_asked_again(
    tmp_path: Path,
) -> None:
    with Stub() as stub:
        settings = endpoint(stub)
        asked = requests(settings, 30)
        first = list(ask(asked, settings, tmp_path))
        files = sorted(tmp_path.rglob("*.json"))
        assert len(files) == 30
        assert all(path.parent.name == path.name[:2] for path in files)
        files[0].write_bytes(b"")
        usage = Usage()
        assert list(ask(asked, settings, tmp_path, usage=usage)) == first
    assert len(stub.asked) == 31
    assert usage.cached == 29
    assert usage.tokens_out == 600  # cached ones count too


def test_equal_requests_are_sent_once(tmp_path: Path) -> None:
    with Stub(latency=0.05) as stub:
        settings = endpoint(stub)
        got = list(ask(requests(settings, 1) * 20, settings, tmp_path))
    assert len(stub.asked) == 1
    assert len({reply for _, reply in got}) == 1


def test_the_digest_is_of_what_is_asked_and_not_of_where() -> None:
    here, there = (Endpoint(url=f"http://{h}/v1", model="m") for h in ("a", "b"))
    turns = [Message("user", "x")]
    assert here.request(turns, 1).digest == there.request(turns, 1).digest
    assert here.request(turns, 1).digest == "38ab8d691ce724406b51449d8a3e614d"
    others = [
        here.request(turns, 2),
        here.request(turns, 1, ("stop",)),
        here.request([Message("system", "x")], 1),
        here.request([Message("user", "y")], 1),
        here.request(turns, 1, max_tokens=7),
        msgspec.structs.replace(here, model="n").request(turns, 1),
        msgspec.structs.replace(here, temperature=0.7).request(turns, 1),
        msgspec.structs.replace(here, top_p=0.8).request(turns, 1),
    ]
    assert len({r.digest for r in others} | {here.request(turns, 1).digest}) == 9


@pytest.mark.parametrize(("name", "limit"), [("budget_tokens", 2500), ("budget_money", 0.025)])
def test_a_budget_is_never_passed_and_the_error_names_it(
    tmp_path: Path, name: str, limit: float
) -> None:
    with Stub(latency=0.02) as stub:
        prices = {"price_in": 10.0, "price_out": 10.0}
        settings = endpoint(stub, concurrency=8, **prices, **{name: limit})
        asked, usage = requests(settings, 200), Usage()
        with pytest.raises(RecipeError, match=rf"endpoint\.{name}: .*stay in"):
            list(ask(asked, settings, tmp_path, usage=usage))
        spent = usage.tokens_in + usage.tokens_out
        assert 2000 < spent <= 2500
        assert len(list(tmp_path.rglob("*.json"))) == usage.answered == spent // 30
        more = msgspec.structs.replace(settings, **{name: limit * 10})
        assert len(list(ask(asked, more, tmp_path))) == 200
    assert len(stub.asked) == 200  # what was answered before the budget was spent stayed


def test_a_lost_answer_is_counted_as_paid(tmp_path: Path) -> None:
    with Stub(lambda asked: Answer(body=completion("x")[:-9])) as stub:
        settings = endpoint(stub, budget_tokens=300, retries=20)
        with pytest.raises(RecipeError, match="of lost answers"):
            list(ask(requests(settings, 1), settings, tmp_path))
    assert len(stub.asked) <= 4


def test_no_more_than_the_cap_are_in_flight_and_the_rates_are_kept(tmp_path: Path) -> None:
    flying: list[tuple[float, float]] = []

    def script(asked: Asked) -> Answer:
        now = time.monotonic()
        flying.append((now, now + 0.05))
        return Answer(body=completion("x"), delay=0.05)

    with Stub(script) as stub:
        settings = endpoint(stub, concurrency=5)
        list(ask(requests(settings, 40), settings, tmp_path / "a"))
        most = max(sum(a <= start < b for a, b in flying) for start, _ in flying)
        assert 2 <= most <= 5
        flying.clear()
        settings = endpoint(stub, requests_per_minute=1200)  # 20 a second
        begin = time.monotonic()
        list(ask(requests(settings, 40), settings, tmp_path / "b"))
        assert flying[-1][0] - begin >= 0.9  # 20 at once, the others in the next second


def test_unused_tokens_go_back_to_the_pace() -> None:
    pace = _Pace(600)
    pace._free_at = 100.0
    pace.give_back(50)
    assert pace._free_at == 95.0


def test_the_key_is_sent_and_never_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    key = "sk-test-4f9aQ7"
    monkeypatch.setenv("MY_KEY", key)
    body = completion(f"you sent Bearer {key}")
    caplog.set_level("DEBUG")
    with Stub(lambda asked: Answer(body=body)) as stub:
        settings = endpoint(stub, key_env="MY_KEY")
        ((_, reply),) = ask(requests(settings, 1), settings, tmp_path)
    assert f"Bearer {key}" in stub.heads[0]
    assert reply.text == "you sent Bearer [key]"
    assert all(key not in path.read_text() for path in tmp_path.rglob("*.json"))
    assert key not in caplog.text
    assert key not in repr(settings)
    with Stub(lambda asked: Answer(status=401, body=key.encode())) as stub:
        settings = endpoint(stub, key_env="MY_KEY")
        with pytest.raises(
            RecipeError, match=r"refuses the key .401.; check what MY_KEY"
        ) as caught:
            list(ask(requests(settings, 2), settings, tmp_path / "b"))
    assert key not in str(caught.value)


def test_no_key_of_the_environment_goes_where_none_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "secret-of-mine")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Mine: secret-of-mine")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://192.0.2.1/v1")
    with Stub() as stub:
        settings = endpoint(stub)
        list(ask(requests(settings, 1), settings, tmp_path))
    assert "secret-of-mine" not in stub.heads[0]


@pytest.mark.parametrize(("more", "message"), [
    ({"url": "ftp://localhost/v1"}, "give an http"),
    ({"url": "file:///etc/passwd"}, "give an http"),
    ({"url": "http://10.0.0.7/v1"}, "endpoint.allow_private"),
    ({"url": "http://169.254.169.254/v1"}, "endpoint.allow_private"),
    ({"url": "http://[fe80::1]/v1"}, "endpoint.allow_private"),
    ({"url": "http://[::ffff:10.0.0.7]/v1"}, "endpoint.allow_private"),
    ({"url": "http://0.0.0.0/v1"}, "endpoint.allow_private"),
    ({"url": "http://me:secret@localhost/v1"}, "leave them out"),
    ({"url": "http://localhost/v1?key=secret"}, "leave them out"),
    ({"url": "http://[::1/v1"}, "is no address"),
    ({"url": "localhost:8000"}, "give an http"),
    ({"key_env": "HANJI_NO_SUCH_KEY"}, "HANJI_NO_SUCH_KEY is not set"),
    ({"key_env": "sk-secret"}, "is no name of a variable"),
    ({"budget_tokens": 0}, "budget_tokens: 0 buys nothing"),
    ({"budget_money": 0.0}, "budget_money: 0.0 buys nothing"),
    ({"budget_money": 1.0}, "needs a price"),
    ({"model": ""}, "name the model"),
])  # fmt: skip
def test_what_may_not_be_asked_is_refused_before_anything_is_sent(more, message: str) -> None:
    settings = msgspec.convert({"url": "http://127.0.0.1:1/v1", "model": "m", **more}, Endpoint)
    with pytest.raises(RecipeError, match=message) as caught:
        check(settings)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_private_addresses_may_be_allowed_and_this_machine_always_is() -> None:
    for address in ("10.0.0.7", "192.168.1.9", "fd00::1", "169.254.1.1"):
        assert _allowed(address, True)
        assert not _allowed(address, False)
    for address in ("127.0.0.1", "::1", "8.8.8.8"):
        assert _allowed(address, False)
    for address in ("0.0.0.0", "224.0.0.1"):
        assert not _allowed(address, True)


def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with Stub() as inner:
        away = Answer(status=307, headers={"Location": f"{inner.url}/chat/completions"})
        with Stub(lambda asked: away) as stub:
            settings = endpoint(stub)
            with pytest.raises(RecipeError, match="answered 307"):
                list(ask(requests(settings, 1), settings, tmp_path))
    assert inner.asked == []


def test_an_endpoint_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Endpoint(url=f"http://127.0.0.1:{port}/v1", model="m", retries=1)
    with pytest.raises(RecipeError, match="cannot be reached; start the server"):
        list(ask(requests(settings, 40), settings, tmp_path))


def test_an_endpoint_that_dies_stops_the_job_and_keeps_what_was_answered(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        alive = len(stub.asked) <= 20
        return Answer(body=completion("x")) if alive else Answer(status=503, body=b"")

    with Stub(script) as stub:
        settings = endpoint(stub, concurrency=8, retries=1)
        with pytest.raises(InputError, match=r"in a row were given up.*give the same command"):
            list(ask(requests(settings, 500), settings, tmp_path))
    assert len(list(tmp_path.rglob("*.json"))) == 20
    assert len(stub.asked) < 120


def test_the_batch_format_goes_out_and_comes_back(tmp_path: Path) -> None:
    settings = Endpoint(url="http://localhost/v1", model="m")
    asked, cache = requests(settings, 5), tmp_path / "cache"
    assert write_batch([*asked, *asked], tmp_path / "in.jsonl") == 5
    lines = [json.loads(line) for line in (tmp_path / "in.jsonl").read_text().splitlines()]
    assert lines[0]["method"] == "POST"
    assert lines[0]["url"] == "/v1/chat/completions"
    assert lines[0]["body"]["messages"] == [{"role": "user", "content": "hello 0"}]
    bodies = [json.loads(completion(f"a{n}")) for n in range(5)]
    results = [
        {"id": "x", "custom_id": line["custom_id"], "error": None,
         "response": {"status_code": 200 if n else 500, "request_id": "", "body": body}}
        for n, (line, body) in enumerate(zip(lines, bodies))
    ]  # fmt: skip
    results[4] = {"custom_id": lines[4]["custom_id"], "response": None, "error": {"code": "x"}}
    text = "\n".join(json.dumps(result) for result in reversed(results))
    (tmp_path / "out.jsonl").write_text(text + "\n\n")
    counts = read_batch(tmp_path / "out.jsonl", cache)
    assert counts == {"answered": 3, "server_error": 1, "refused": 1}
    assert [r.text if r else "" for r in map(Cache(cache).get, asked)] == ["", "a1", "a2", "a3", ""]
    assert write_batch(asked, tmp_path / "rest.jsonl", cache) == 2
    (tmp_path / "bad.jsonl").write_text('{"custom_id": "../../etc", "response": null}\n')
    with pytest.raises(InputError, match="custom_id is no digest"):
        read_batch(tmp_path / "bad.jsonl", cache)


def test_a_job_is_estimated_before_it_starts() -> None:
    settings = Endpoint(url="", model="m", max_tokens=100, price_in=1.0, price_out=2.0)
    found = estimate(requests(settings, 1000), settings)
    assert (found.requests, found.tokens_out_at_most) == (1000, 100_000)
    assert found.money_at_most == pytest.approx(found.tokens_in / 1e6 + 0.2)
    assert "1,000 requests" in str(found)


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff\xfe", b'{"choices": 3}', b'{"choices": [{"m'])
def test_a_body_that_is_no_completion_is_bad_json(body: bytes) -> None:
    assert parse(body).fault == "bad_json"


def test_retry_after_is_read_as_seconds_milliseconds_or_a_date() -> None:
    assert _retry_after({"retry-after": "7"}) == 7.0
    assert _retry_after({"retry-after-ms": "250"}) == 0.25
    assert _retry_after({"retry-after": "soon"}) == 0.0
    assert _retry_after({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}) == 0.0
    assert _retry_after({"retry-after": "Fri, 31 Dec 2199 23:59:59 GMT"}) > 1e9
