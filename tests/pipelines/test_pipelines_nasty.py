"""Nasty files: the good part is kept, one quarantine row a damage, no crash, bounded memory."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import subprocess
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipelines.read import Fault, Passed, Record, Source, plan, records

GOOD = [{"id": f"g{i}", "text": f"종이 giấy 紙 Papier papel paper {i}"} for i in range(50)]
LINES = [json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in GOOD]
DATA = b"".join(LINES)


def broken(line: bytes) -> bytes:
    """Put a bad line in the middle of good ones."""
    return b"".join(LINES[:25]) + line + b"\n" + b"".join(LINES[25:])


def zst(data: bytes, checksum: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=checksum).compress(data)


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 0xFF
    return bytes(changed)


def table() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(GOOD), out)
    return out.getvalue()


def arrow() -> bytes:
    out, rows = io.BytesIO(), pa.Table.from_pylist(GOOD)
    with pa.ipc.new_file(out, rows.schema) as writer:
        writer.write_table(rows)
    return out.getvalue()


def csv_of(body: str) -> bytes:
    return ("id,text\r\n" + body).encode()


def tar_of(*members: tarfile.TarInfo, data: bytes = DATA) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for member in members:
            member.size = len(data) if member.isreg() else 0
            archive.addfile(member, io.BytesIO(data) if member.isreg() else None)
    return out.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def zip_of(members: dict[str, bytes], mode: int = 0) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = mode << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return out.getvalue()


def bomb(pack: Callable[[bytes], bytes], times: int) -> bytes:
    """Pack zeros, a hundred megabytes at a time."""
    return pack(b"0" * 100_000_000) * times


def warc(block: bytes, length: int | None = None, kind: str = "conversion") -> bytes:
    size = len(block) if length is None else length
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{zlib.crc32(block):032x}>\r\n"
    )
    return (head + f"Content-Length: {size}\r\n\r\n").encode() + block + b"\r\n\r\n"


PAGES = [warc(f"Trang {i} về giấy và mực.".encode()) for i in range(4)]

# name: (file name, bytes, documents that are kept at least, reasons of the quarantine)
NASTY: dict[str, tuple[str, Callable[[], bytes], int, list[str]]] = {
    "empty file": ("a.jsonl", lambda: b"", 0, []),
    "empty gzip": ("a.jsonl.gz", lambda: b"", 0, ["truncated_archive"]),
    "truncated gzip": ("a.jsonl.gz", lambda: gzip.compress(DATA)[:-200], 1, ["truncated_archive"]),
    "gzip cut in its trailer": ("a.jsonl.gz", lambda: gzip.compress(DATA)[:-3], 49,
                                ["truncated_archive"]),
    "gzip with a bad checksum": ("a.jsonl.gz", lambda: flipped(gzip.compress(DATA), -6), 0,
                                 ["bad_checksum"]),
    "gzip with a bad length": ("a.jsonl.gz", lambda: flipped(gzip.compress(DATA), -2), 0,
                               ["bad_checksum"]),
    "gzip of two members": ("a.jsonl.gz", lambda: gzip.compress(DATA) + gzip.compress(DATA), 100,
                            []),
    "gzip cut at its second member": (
        "a.jsonl.gz", lambda: gzip.compress(DATA) + gzip.compress(DATA)[:60], 50,
        ["truncated_archive"]),
    "gzip with junk behind": ("a.jsonl.gz", lambda: gzip.compress(DATA) + b"junk!", 50,
                              ["corrupt_archive"]),
    "gzip that is text": ("a.jsonl.gz", lambda: DATA, 0, ["corrupt_archive"]),
    "gzip bomb": ("a.jsonl.gz", lambda: bomb(gzip.compress, 3), 0, ["archive_bomb"]),
    "torn zstd": ("a.jsonl.zst", lambda: zst(DATA)[:-40], 0, ["truncated_archive"]),
    "zstd with a bad checksum": ("a.jsonl.zst", lambda: flipped(zst(DATA), -1), 0,
                                 ["bad_checksum"]),
    "zstd of two frames": ("a.jsonl.zst", lambda: zst(DATA) + zst(DATA), 100, []),
    "zstd bomb": ("a.jsonl.zst", lambda: bomb(zst, 3), 0, ["archive_bomb"]),
    "torn bzip2": ("a.jsonl.bz2", lambda: bz2.compress(DATA)[:-20], 0, ["truncated_archive"]),
    "damaged bzip2": ("a.jsonl.bz2", lambda: flipped(bz2.compress(DATA), 60), 0,
                      ["corrupt_archive"]),
    "bzip2 bomb": ("a.jsonl.bz2", lambda: bomb(bz2.compress, 3), 0, ["archive_bomb"]),
    "NUL in a line": ("a.jsonl", lambda: broken(b'{"id": "x", "text": "a\0b"}'), 50,
                      ["invalid_json"]),
    "CRLF": ("a.jsonl", lambda: DATA.replace(b"\n", b"\r\n"), 50, []),
    "BOM": ("a.jsonl", lambda: b"\xef\xbb\xbf" + DATA, 50, []),
    "no line end at the end": ("a.jsonl", lambda: DATA[:-1], 50, []),
    "lone surrogate": ("a.jsonl", lambda: broken(rb'{"id": "x", "text": "\ud800"}'), 50,
                       ["invalid_json"]),
    "invalid UTF-8": ("a.jsonl", lambda: broken(b'{"id": "x", "text": "\xff\xfe"}'), 50,
                      ["invalid_utf8"]),
    "UTF-16 lines": ("a.jsonl", lambda: DATA.decode().encode("utf-16"), 0, None),
    "NaN": ("a.jsonl", lambda: broken(b'{"id": "x", "text": "t", "score": NaN}'), 50,
            ["invalid_json"]),
    "duplicate keys": ("a.jsonl", lambda: broken(b'{"id": "x", "text": "a", "text": "b"}'), 51,
                       []),
    "truncated object": ("a.jsonl", lambda: broken(b'{"id": "x", "text": "half'), 50,
                         ["invalid_json"]),
    "array": ("a.jsonl", lambda: broken(b'["text"]'), 50, ["no_object"]),
    "text that is a number": ("a.jsonl", lambda: broken(b'{"id": "x", "text": 5}'), 50,
                              ["no_text"]),
    "JSON 100,000 deep": ("a.jsonl", lambda: broken(b'{"text":' * 100_000 + b"1" + b"}" * 100_000),
                          50, ["invalid_json"]),
    "line of 70 MB": ("a.jsonl", lambda: broken(b'{"text": "' + b"x" * 70_000_000 + b'"}'), 50,
                      ["record_too_long"]),
    "text that is not UTF-8": ("a.txt", lambda: "한지".encode("euc-kr"), 0, ["invalid_utf8"]),
    "UTF-16 text with a BOM": ("a.txt", lambda: "한지 giấy".encode("utf-16"), 1, []),
    "UTF-16 text cut in a letter": ("a.txt", lambda: "한지".encode("utf-16")[:-1], 0,
                                    ["invalid_utf16le"]),
    "HTML a million deep": ("a.html", lambda: b"<div>" * 1_000_000, 0, ["html_too_deep"]),
    "HTML of no charset": ("a.html", lambda: b"<p>" + bytes(range(128, 160)) * 4, None, None),
    "HTML with NUL": ("a.html", lambda: b"<p>a\0b \xc3\xa9</p>", 1, []),
    "HTML that never closes": ("a.html", lambda: b"<p>text <b><i><a href='x" + b"y" * 9_999, 1, []),
    "CSV with an open quote": ("a.csv", lambda: csv_of('1,"open\r\n2,b\r\n'), 0, ["invalid_csv"]),
    "CSV with missing fields": ("a.csv", lambda: csv_of("1,a\r\n2\r\n3,c\r\n"), 2,
                                ["invalid_csv"]),
    "CSV without the column": ("a.csv", lambda: b"id,body\r\n1,a\r\n", 0, ["no_text_column"]),
    "CSV that is not UTF-8": ("a.csv", lambda: csv_of("1,a\r\n") + b"2,\xff\r\n3,c\r\n", 2,
                              ["invalid_utf8"]),
    "truncated Parquet": ("a.parquet", lambda: table()[:-30], 0, ["corrupt_file"]),
    "Parquet with a damaged page": ("a.parquet", lambda: flipped(table(), 40), None, None),
    "Parquet that is text": ("a.parquet", lambda: DATA, 0, ["corrupt_file"]),
    "truncated Arrow": ("a.arrow", lambda: arrow()[:-30], 0, ["corrupt_file"]),
    "half a WARC record": ("a.warc", lambda: b"".join(PAGES[:3]) + PAGES[3][:-12], 3,
                           ["truncated_record"]),
    "WARC in a torn gzip": (
        "a.warc.gz", lambda: gzip.compress(b"".join(PAGES[:3])) + gzip.compress(PAGES[3])[:-9], 3,
        ["truncated_archive"]),
    "WARC with junk between": (
        "a.warc", lambda: b"".join(PAGES[:2]) + b"junk\r\nmore\r\n" + b"".join(PAGES[2:]), 4,
        ["invalid_warc"]),
    "WARC with a wrong length": (
        "a.warc", lambda: PAGES[0] + warc(b"short", 2) + b"".join(PAGES[1:]), 4, ["invalid_warc"]),
    "WARC with a length of 1 TB": (
        "a.warc", lambda: PAGES[0] + warc(b"x", 10**12), 1, ["record_too_long"]),
    "WARC that is text": ("a.warc", lambda: DATA, 0, ["invalid_warc"]),
    "tar that leaves its folder": (
        "a.tar", lambda: tar_of(member("../../etc/passwd.jsonl"), member("ok.jsonl")), 50,
        ["unsafe_member"]),
    "tar with an absolute name": (
        "a.tar", lambda: tar_of(member("ok.jsonl"), member("/tmp/x.jsonl")), 50,
        ["unsafe_member"]),
    "tar with links and devices": (
        "a.tar", lambda: tar_of(member("a.jsonl", tarfile.SYMTYPE, "/etc/passwd"),
                                member("b.jsonl", tarfile.LNKTYPE, "../x"),
                                member("c.jsonl", tarfile.CHRTYPE), member("ok.jsonl")), 50,
        ["unsafe_member"] * 3),
    "truncated tar": ("a.tar", lambda: tar_of(member("ok.jsonl"), member("b.jsonl"))[:5_500], 50,
                      None),
    "zip that leaves its folder": (
        "a.zip", lambda: zip_of({"..\\..\\x.jsonl": DATA, "ok.jsonl": DATA}), 50,
        ["unsafe_member"]),
    "zip with a link": ("a.zip", lambda: zip_of({"a.jsonl": b"/etc/passwd"}, 0o120777), 0,
                        ["unsafe_member"]),
    "zip with a damaged member": (
        "a.zip", lambda: flipped(zip_of({"a.txt": DATA, "b.jsonl": DATA}), 80), 50, None),
    "zip without its directory": ("a.zip", lambda: zip_of({"a.jsonl": DATA})[:-80], 0,
                                  ["corrupt_archive"]),
    "zip bomb": ("a.zip", lambda: zip_of({"a.jsonl": b"0" * 200_000_000, "b.jsonl": DATA}), 50,
                 ["archive_bomb"]),
    "archive in an archive": ("a.zip", lambda: zip_of({"in.zip": zip_of({"a.jsonl": DATA})}), 0,
                              []),
}  # fmt: skip


def read(path: Path, **settings: object) -> list[object]:
    (file,) = plan([Source(name="s", path=str(path), **settings)])
    return list(records(file))


@pytest.mark.parametrize("name", NASTY)
def test_the_good_part_is_kept_and_the_damage_said_once(tmp_path: Path, name: str) -> None:
    file_name, make, kept, reasons = NASTY[name]
    (tmp_path / file_name).write_bytes(make())
    items = read(tmp_path / file_name)
    good = [item for item in items if isinstance(item, Record)]
    faults = [item for item in items if isinstance(item, Fault)]
    assert len(items) == len(good) + len(faults) + sum(isinstance(i, Passed) for i in items)
    if kept is not None:
        assert len(good) >= kept, faults
    if reasons is not None:
        assert [fault.reason for fault in faults] == reasons, faults
    texts = {row["text"] for row in GOOD}
    if file_name.endswith((".jsonl", ".gz", ".zst", ".bz2", ".tar")) and ".warc" not in file_name:
        assert all(item.text in texts for item in good if item.key.startswith("g"))
    for fault in faults:
        assert fault.offset >= 0
        assert fault.message
        assert "Traceback" not in fault.message


def test_there_are_at_least_forty_of_them() -> None:
    assert len(NASTY) >= 40


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_line_of_a_gigabyte_takes_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with path.open("wb") as out:
        out.write(b"".join(LINES))
        out.write(b'{"text": "')
        for _ in range(1_000):
            out.write(b"x" * 1_000_000)
        out.write(b'"}\n' + b"".join(LINES))
    # The high-water mark of the memory map, which begins anew with the program; what getrusage
    # says goes on from the process that started it.
    code = (
        "import re, sys\nfrom pathlib import Path\n"
        "from pipelines.read import Source, plan, records\n"
        "(file,) = plan([Source(name='s', path=sys.argv[1])])\n"
        "print(sum(1 for _ in records(file)))\n"
        "print(re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text()).group(1))\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True,
                          check=True, cwd=Path(__file__).resolve().parents[2])  # fmt: skip
    n, peak = map(int, done.stdout.split())
    assert n == 2 * len(LINES) + 1
    assert peak < 800_000  # kilobytes
