"""Sources of the web and of stores: nothing is taken short, whatever the server does."""

from __future__ import annotations

import gzip
import http.server
import io
import json
import threading
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hanji import web
from hanji.errors import InputError, RecipeError
from pipelines.read import Fault, Record, Source, plan, records

TEXTS = [f"한지 {i} 手漉き和紙 giấy dó Büttenpapier" for i in range(5_000)]
ROWS = "".join(json.dumps({"id": str(i), "text": t}) + "\n" for i, t in enumerate(TEXTS)).encode()
PACKED = gzip.compress(ROWS, mtime=0)


class Handler(http.server.BaseHTTPRequestHandler):
    """The first part of the path says how the server behaves, the rest is the file's name."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(False)

    def do_GET(self) -> None:
        self._answer(True)

    def _answer(self, body: bool) -> None:
        server: Server = self.server  # type: ignore[assignment]
        how, _, name = self.path.strip("/").partition("/")
        server.asked[self.command, how] += 1
        n = server.asked[self.command, how]
        data = server.files[name.partition("?")[0]]
        self.close_connection = True
        if how == "gone" or (how == "no-head" and not body):
            self.send_error(404 if how == "gone" else 405)
            return
        if how == "down" or (how == "weak" and n < 3):
            self.send_error(500)
            return
        start, status = 0, 200
        asked = self.headers["Range"]
        if asked and how not in ("no-ranges", "torn-no-ranges"):
            start = int(asked.removeprefix("bytes=").partition("-")[0])
            status = 206
        self.send_response(status)
        part = data[start:]
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        if how == "packs":
            self.send_header("Content-Encoding", "gzip")
        if how == "changes" and body:
            self.send_header("ETag", f'"{n}"')
        elif how != "no-mark":
            self.send_header("ETag", server.tag)
        if how == "chunked" or how == "torn-chunked":
            self.send_header("Transfer-Encoding", "chunked")
        elif how != "no-length":
            self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if not body:
            return
        if "chunked" in how:
            for at in range(0, len(part), 60_000):
                piece = part[at : at + 60_000]
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                if how == "torn-chunked" and at:
                    return
            self.wfile.write(b"0\r\n\r\n")
        elif how in ("torn", "torn-no-ranges") or (how == "breaks" and n < 3):
            self.wfile.write(
                part[: len(part) // 2 if how == "breaks" else min(100_000, len(data) // 2) - start]
            )
        else:
            self.wfile.write(part)


class Server(http.server.ThreadingHTTPServer):
    asked: Counter[tuple[str, str]]
    files: dict[str, bytes]
    tag: str

    def handle_error(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(web, "WAIT", 0.001)
    made = Server(("127.0.0.1", 0), Handler)
    made.asked, made.tag = Counter(), '"one"'
    table = io.BytesIO()
    pq.write_table(pa.table({"id": [str(i) for i in range(len(TEXTS))], "text": TEXTS}), table)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.jsonl", ROWS)
    made.files = {
        "a.jsonl": ROWS, "a.jsonl.gz": PACKED, "a.parquet": table.getvalue(),
        "a.zip": archive.getvalue(),
    }  # fmt: skip
    thread = threading.Thread(target=made.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


def url(server: Server, name: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}/{name}"


def read(path: str) -> list[object]:
    return [item for file in plan([Source(name="web", path=path)]) for item in records(file)]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz", "a.parquet", "a.zip"])
@pytest.mark.parametrize(
    "how", ["good", "weak", "breaks", "chunked", "no-ranges", "no-head", "no-mark"]
)
def test_a_file_comes_whole_or_after_some_tries(server: Server, how: str, name: str) -> None:
    items = read(url(server, f"{how}/{name}"))
    assert [item.text for item in items if isinstance(item, Record)] == TEXTS
    if how == "breaks":
        assert server.asked["GET", how] == 3


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("torn", "ended after 100,000 of"),
        ("torn-no-ranges", "ended after 100,000 of"),
        ("torn-chunked", r"ended after [\d,]+ bytes"),
        ("no-length", "states no length"),
        ("changes", "changed while it was read"),
        ("packs", "packs the answer"),
    ],
)
def test_a_torn_download_is_a_fault_after_the_good_part(
    server: Server, how: str, says: str
) -> None:
    *good, last = read(url(server, f"{how}/a.jsonl"))
    assert isinstance(last, Fault)
    assert last.reason == "unreadable_file"
    import re

    assert re.search(says, last.message), last.message
    assert [item.text for item in good] == TEXTS[: len(good)]  # type: ignore[attr-defined]
    assert len(good) < len(TEXTS)


def test_a_torn_table_gives_no_row(server: Server) -> None:
    for name in ("a.parquet", "a.zip"):
        (item,) = read(url(server, f"torn/{name}"))
        assert isinstance(item, Fault)


@pytest.mark.parametrize(("how", "says"), [("gone", "answers 404"), ("down", "answers 500")])
def test_what_is_not_there_ends_the_plan(server: Server, how: str, says: str) -> None:
    with pytest.raises(RecipeError, match=rf"source 'web': http.*a\.jsonl: the server {says}"):
        read(url(server, f"{how}/a.jsonl"))
    assert server.asked["HEAD", how] == (1 if how == "gone" else web.TRIES)


def test_no_server_ends_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "WAIT", 0.001)
    with pytest.raises(RecipeError, match="does not answer"):
        read("http://127.0.0.1:9/a.jsonl")


def test_a_key_in_the_address_is_no_part_of_the_name(server: Server) -> None:
    (file,) = plan([Source(name="web", path=url(server, "good/a.jsonl.gz?key=1"))])
    assert (file.name, file.format, file.n_bytes) == ("a.jsonl.gz", "jsonl", len(PACKED))
    assert sum(isinstance(item, Record) for item in records(file)) == len(TEXTS)


def test_another_version_is_another_input_and_none_is_mixed(server: Server) -> None:
    def planned(how: str) -> str:
        (file,) = plan([Source(name="web", path=url(server, f"{how}/a.jsonl"))])
        return file.digest()

    first = planned("good"), planned("no-mark")
    assert first == (planned("good"), planned("no-mark"))
    (before,) = plan([Source(name="web", path=url(server, "good/a.jsonl"))])
    server.tag = '"two"'
    server.files["a.jsonl"] = ROWS.replace(b'"3"', b'"x"')
    assert planned("good") != first[0]
    assert planned("no-mark") != first[1]
    (item,) = records(before)
    assert isinstance(item, Fault)
    assert "changed" in item.message


@pytest.fixture
def store() -> Iterator[fsspec.AbstractFileSystem]:
    found = fsspec.filesystem("memory")
    found.store.clear()
    yield found
    found.store.clear()


def test_files_of_a_store_by_glob_prefix_and_name(store: fsspec.AbstractFileSystem) -> None:
    store.pipe("/bucket/in/a.jsonl", ROWS)
    store.pipe("/bucket/in/deep/b.jsonl.gz", PACKED)
    store.pipe("/bucket/in/c.png", b"no text")
    for path, names in (
        ("memory://bucket/in/*.jsonl", ["a.jsonl"]),
        ("memory://bucket/in/**/*.gz", ["deep/b.jsonl.gz"]),
        ("memory://bucket/in", ["in/a.jsonl", "in/deep/b.jsonl.gz"]),
        ("memory://bucket/in/a.jsonl", ["a.jsonl"]),
    ):
        files = plan([Source(name="s", path=path)])
        assert [file.name for file in files] == names
        for file in files:
            assert sum(isinstance(item, Record) for item in records(file)) == len(TEXTS)
            assert len(file.digest()) == 64
    with pytest.raises(RecipeError, match="matches no file"):
        plan([Source(name="s", path="memory://bucket/none/*.jsonl")])
    with pytest.raises(RecipeError, match="the format of"):
        plan([Source(name="s", path="memory://bucket/in/c.png")])


def test_an_object_that_changed_or_went_is_a_fault(store: fsspec.AbstractFileSystem) -> None:
    store.pipe("/bucket/a.jsonl", ROWS)
    (file,) = plan([Source(name="s", path="memory://bucket/a.jsonl")])
    store.pipe("/bucket/a.jsonl", ROWS[:1_000])
    (item,) = records(file)
    assert isinstance(item, Fault)
    assert "changed since the run began" in item.message
    store.rm("/bucket/a.jsonl")
    (item,) = records(file)
    assert isinstance(item, Fault)
    assert item.message == "does not exist"


def test_a_file_that_went_is_told_by_its_digest(server: Server) -> None:
    (file,) = plan([Source(name="web", path=url(server, "no-mark/a.jsonl"))])
    server.shutdown()
    server.server_close()
    with pytest.raises(InputError, match="cannot be read"):
        file.digest()
    assert Path(file.name).name == "a.jsonl"
