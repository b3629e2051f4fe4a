"""Lines: the good part of a damaged file is kept, and the damage is said once."""

from __future__ import annotations

import gzip
import io
import zlib

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipelines.read.lines import Line, Torn, lines

TEXT = "".join(
    f'{{"id": {i}, "text": "한지 giấy 紙 Papier papel paper {i}"}}\n' for i in range(20_000)
)
DATA = TEXT.encode()


def read(data: bytes, name: str, **options: int) -> tuple[list[bytes], list[Torn]]:
    good: list[bytes] = []
    torn: list[Torn] = []
    for item in lines(io.BytesIO(data), name, **options):
        if isinstance(item, Line):
            good.append(item.data)
        else:
            torn.append(item)
    return good, torn


def zst(data: bytes, checksum: bool = True) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=checksum).compress(data)


EXPECTED = DATA.splitlines()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jsonl", DATA),
        ("a.jsonl.gz", gzip.compress(DATA)),
        ("a.jsonl.gz", gzip.compress(DATA[:500_000]) + gzip.compress(DATA[500_000:])),
        ("a.jsonl.gz", gzip.compress(DATA) + b"\0" * 20_000),
        ("a.jsonl.zst", zst(DATA)),
        ("a.jsonl.zst", zst(DATA[:500_000]) + zst(DATA[500_000:])),
        ("a.jsonl", DATA.replace(b"\n", b"\r\n")),
        ("a.jsonl", DATA.rstrip(b"\n")),
        ("a.jsonl", b"\n\n" + DATA.replace(b"\n", b"\n\n")),
    ],
)
def test_whole_files_give_every_line(name: str, data: bytes) -> None:
    good, torn = read(data, name)
    assert torn == []
    assert good == EXPECTED


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.gz", gzip.compress(DATA)[:-100], "truncated_archive"),
        ("a.gz", gzip.compress(DATA)[:-4], "truncated_archive"),
        (
            "a.gz",
            gzip.compress(DATA[:900_000]) + gzip.compress(DATA[900_000:])[:-1],
            "truncated_archive",
        ),
        ("a.gz", gzip.compress(DATA)[:-8] + b"\1\2\3\4" + gzip.compress(DATA)[-4:], "bad_checksum"),
        ("a.gz", gzip.compress(DATA) + b"not a member", "corrupt_archive"),
        ("a.zst", zst(DATA)[:-50], "truncated_archive"),
        ("a.zst", zst(DATA)[:-4] + b"\1\2\3\4", "bad_checksum"),
        ("a.zst", zst(DATA) + b"not a frame", "corrupt_archive"),
    ],
)
def test_a_damaged_archive_keeps_its_good_part_and_says_so_once(
    name: str, data: bytes, reason: str
) -> None:
    good, torn = read(data, name)
    assert [item.reason for item in torn] == [reason]
    assert good == EXPECTED[: len(good)]
    assert len(good) > 10_000


@pytest.mark.parametrize("data", [b"", b"\x1f\x8b", b"plain text\n", gzip.compress(DATA)[:10]])
def test_what_is_no_gzip_gives_no_line(data: bytes) -> None:
    good, torn = read(data, "a.gz")
    assert good == []
    assert len(torn) == 1


@pytest.mark.parametrize("pack", ["gz", "zst"])
def test_a_bomb_is_stopped(pack: str) -> None:
    bomb = zst(bytes(600 << 20)) if pack == "zst" else gzip.compress(bytes(200 << 20))
    _, torn = read(bomb, f"a.{pack}")
    assert [item.reason for item in torn][-1:] == ["archive_bomb"]


def test_a_line_that_is_too_long_is_passed_over() -> None:
    data = b"first\n" + b"x" * 3_000_000 + b"\nlast\n" + b"y" * 2_000_000
    good, torn = read(data, "a.txt", max_line_bytes=1_000_000)
    assert good == [b"first", b"last"]
    assert [(item.reason, item.offset) for item in torn] == [
        ("record_too_long", 6),
        ("record_too_long", 3_000_012),
    ]


@given(st.lists(st.binary(max_size=30).map(lambda b: b.replace(b"\n", b""))))
def test_offsets_point_at_the_lines(parts: list[bytes]) -> None:
    data = b"\n".join(parts)
    for item in lines(io.BytesIO(data), "a"):
        assert isinstance(item, Line)
        assert data[item.offset :].startswith(item.data)


@given(st.binary(max_size=2_000), st.integers(0, 9))
def test_raw_deflate_noise_never_raises(noise: bytes, level: int) -> None:
    packed = zlib.compress(noise, level)
    for name in ("a.gz", "a.zst"):
        read(packed, name)
        read(noise, name)
