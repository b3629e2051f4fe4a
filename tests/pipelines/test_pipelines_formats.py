"""Every format gives the same documents, in six languages and in the charsets they are kept in."""

from __future__ import annotations

import bz2
import csv
import gzip
import hashlib
import importlib.util
import io
import json
import tarfile
import zipfile
from base64 import b32encode
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from hanji.errors import RecipeError
from hanji.schema import LANGS
from pipelines.read import Fault, Passed, Record, Source, plan, records
from pipelines.read.charset import codec_of, decode
from pipelines.read.html import MAX_DEPTH, depth_of, text_of

TEXTS = {
    "en": "The mill stands by the river.\nIt was built in 1887, they say.",
    "ko": "물레방아는 강가에 있다.\n1887년에 지었다고 한다.",
    "es": "El molino está junto al río.\n¿Quién lo construyó en 1887?",
    "de": "Die Mühle steht am Fluß.\nSie wurde 1887 gebaut, heißt es.",
    "ja": "水車小屋は川のそばにある。\n1887年に建てられたという。",
    "vi": "Cối xay nước nằm bên bờ sông.\nNgười ta nói nó được xây năm 1887.",
}
ROWS = [
    {"id": f"{lang}-1", "text": text, "lang": lang, "url": f"https://example.com/{lang}",
     "license": "CC0-1.0", "page": 3}
    for lang, text in TEXTS.items()
]  # fmt: skip


def jsonl() -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS).encode()


def table_csv(delimiter: str = ",", end: str = "\r\n") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(ROWS[0]), delimiter=delimiter, lineterminator=end)
    writer.writeheader()
    writer.writerows(ROWS)
    return out.getvalue().encode()


def parquet() -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(ROWS), out, row_group_size=2)
    return out.getvalue()


def arrow(stream: bool) -> bytes:
    out, table = io.BytesIO(), pa.Table.from_pylist(ROWS)
    new = pa.ipc.new_stream if stream else pa.ipc.new_file
    with new(out, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return out.getvalue()


def tar(members: dict[str, bytes], mode: str = "w") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)


def warc_record(kind: str, block: bytes, number: int, digest: bool = True) -> bytes:
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:uuid:{number:032x}>\r\n"
        f"WARC-Date: 2024-05-18T01:58:10Z\r\nWARC-Target-URI: https://example.com/{number}\r\n"
    )
    if kind in ("request", "response"):
        head += f"Content-Type: application/http; msgtype={kind}\r\n"
    if digest:
        sha1 = b32encode(hashlib.sha1(block).digest()).decode()
        head += f"WARC-Block-Digest: sha1:{sha1}\r\n"
    return (head + f"Content-Length: {len(block)}\r\n\r\n").encode() + block + b"\r\n\r\n"


def http(body: bytes, kind: str = "text/html; charset=utf-8", status: str = "200 OK") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def page(text: str, charset: str = "utf-8", declared: str | None = None) -> bytes:
    meta = f'<meta charset="{declared}">' if declared else ""
    body = "".join(f"<p>{line}</p>" for line in text.split("\n"))
    html = f"<html><head>{meta}<title>Mill</title></head><body><main>{body}</main></body></html>"
    return html.encode(charset)


def read(path: Path, **settings: object) -> list[object]:
    return [
        item
        for file in plan([Source(name="s", path=str(path), **settings)])
        for item in records(file)
    ]


MANY = {
    "a.jsonl": jsonl(),
    "a.jsonl.gz": gzip.compress(jsonl()),
    "a.jsonl.bz2": bz2.compress(jsonl()[:100]) + bz2.compress(jsonl()[100:]),
    "a.jsonl.zst": zst(jsonl()),
    "a.csv": table_csv(),
    "a.csv.gz": gzip.compress(table_csv()),
    "b.csv": b"\xef\xbb\xbf" + table_csv(";", "\n"),
    "a.tsv": table_csv("\t"),
    "a.parquet": parquet(),
    "a.arrow": arrow(stream=False),
    "stream.arrow": arrow(stream=True),
    "a.tar": tar({"in/a.jsonl": jsonl()}),
    "a.tar.gz": gzip.compress(tar({"in/a.jsonl.zst": zst(jsonl())})),
    "a.tgz": gzip.compress(tar({"a.csv": table_csv()})),
    "a.tar.bz2": bz2.compress(tar({"a.jsonl": jsonl()})),
    "a.tar.zst": zst(tar({"a.jsonl": jsonl()})),
    "a.zip": zipped({"in/a.jsonl": jsonl()}),
}


@pytest.mark.parametrize("name", MANY)
def test_every_table_gives_the_same_documents(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(MANY[name])
    items = read(tmp_path / name)
    assert all(isinstance(item, Record) for item in items), items
    found = [(r.key, r.text.replace("\r\n", "\n"), r.lang, r.url, r.license) for r in items]
    assert found == [(r["id"], r["text"], r["lang"], r["url"], r["license"]) for r in ROWS]
    assert all(json.loads(r.meta)["page"] in (3, "3") for r in items)


def test_a_folder_of_archives_names_each_document_by_its_place(tmp_path: Path) -> None:
    members = {f"{lang}.txt": text.encode() for lang, text in TEXTS.items()}
    (tmp_path / "a.zip").write_bytes(zipped(members))
    (tmp_path / "b.tar").write_bytes(tar(members))
    keys = [item.key for item in read(tmp_path)]
    place = tmp_path.name
    assert keys == [f"{place}/{a}/{lang}.txt" for a in ("a.zip", "b.tar") for lang in TEXTS]


CHARSETS = [("ko", "euc-kr", "cp949"), ("ja", "shift_jis", "cp932"), ("ja", "euc-jp", "euc_jp"),
            ("de", "iso-8859-1", "cp1252"), ("es", "windows-1252", "cp1252"),
            ("ja", "iso-2022-jp", "iso2022_jp"), ("vi", "utf-8", "utf-8")]  # fmt: skip


@pytest.mark.parametrize(("lang", "label", "codec"), CHARSETS)
def test_pages_are_decoded_as_they_declare(
    tmp_path: Path, lang: str, label: str, codec: str
) -> None:
    text = TEXTS[lang].replace("—", "-")
    (tmp_path / "a.html").write_bytes(page(text, codec, label))
    (item,) = read(tmp_path / "a.html")
    assert isinstance(item, Record)
    assert item.text.split() == text.split()
    assert json.loads(item.meta) == {"charset": codec, "title": "Mill"}


def test_a_vietnamese_page_of_windows_1258_is_recomposed(tmp_path: Path) -> None:
    from pipelines.normalise import normalise

    # cp1258 holds ê whole and the tones as marks behind it.
    text = "tiếng Việt"
    marks = text.replace("ế", "ê\u0301").replace("ệ", "ê\u0323")
    (tmp_path / "a.html").write_bytes(page(marks, "cp1258", "windows-1258"))
    (item,) = read(tmp_path / "a.html")
    assert normalise(item.text).strip() == text


def test_wider_codecs_stand_behind_their_labels() -> None:
    assert decode("똠방각하 펲시".encode("cp949"), "euc-kr") == ("똠방각하 펲시", "cp949")
    assert decode("①髙﨑".encode("cp932"), "Shift_JIS") == ("①髙﨑", "cp932")
    assert decode("“quoted” – 5 €".encode("cp1252"), "iso-8859-1") == ("“quoted” – 5 €", "cp1252")
    assert codec_of("rot13") is None
    assert codec_of("hex") is None


def test_a_wrong_declaration_falls_back_to_what_decodes() -> None:
    assert (
        decode(TEXTS["ko"].encode(), "shift_jis")
        in (
            (TEXTS["ko"], "utf-8"),
            None,
        )
        or decode(TEXTS["ko"].encode(), "shift_jis")[1] != "utf-8"
    )
    assert decode(TEXTS["ja"].encode("utf-8"), "euc-kr") == (TEXTS["ja"], "utf-8")
    assert decode(b"\xff\xfe" + "한".encode("utf-16-le"), "euc-kr") == ("한", "utf-16-le")
    found = decode(b'<meta charset="utf-16">abc')
    assert found is not None
    assert found[1] == "utf-8"


@pytest.mark.parametrize("extractor", ["resiliparse", "trafilatura"])
def test_the_main_text_is_taken_and_the_menu_left(extractor: str) -> None:
    menu = "<nav><ul>" + "".join(f"<li><a href='/{i}'>Item {i}</a></li>" for i in range(20))
    body = "".join(f"<p>{(TEXTS['de'] + ' ') * 5}</p>" for _ in range(5))
    html = f"<html><body>{menu}</ul></nav><main><article>{body}</article></main></body></html>"
    text, _ = text_of(html, extractor)
    assert "Die Mühle" in text
    assert "Item 7" not in text


def test_comments_are_no_main_text() -> None:
    body = "".join(f"<p>{(TEXTS['es'] + ' ') * 5}</p>" for _ in range(5))
    said = "".join(f'<div class="comment"><p>Gracias {i}</p></div>' for i in range(5))
    html = f'<body><article>{body}<div id="comments" class="comments">{said}</div></article></body>'
    assert "Gracias 3" not in text_of(html)[0]


@pytest.mark.parametrize("lang", LANGS)
def test_the_default_extractor_is_the_better_one(lang: str, shared_data: Path, root: Path) -> None:
    spec = importlib.util.spec_from_file_location("marks", root / "benchmarks" / "html_extract.py")
    assert spec is not None
    assert spec.loader is not None
    marks = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(marks)
    means = []
    for extractor in ("resiliparse", "trafilatura"):
        scores = [
            marks.score(text_of(html, extractor)[0], marks.marked(html, element, without), lang)
            for one, _, html, element, without in marks.pages(shared_data, 4)
            if one == lang
        ]
        means.append(marks.mean(scores)[2])
    assert means[0] > means[1]


def test_depth_is_that_of_open_elements() -> None:
    assert depth_of("<div><b>a</b><i>b</i></div>" * 50) == 2
    assert depth_of("<div>" * 700) == 700
    with pytest.raises(ValueError, match=f"over {MAX_DEPTH}"):
        text_of("<div>" * 5_000)


def test_a_warc_gives_its_pages_and_counts_the_rest(tmp_path: Path) -> None:
    data = warc_record("warcinfo", b"software: mill\r\n", 0)
    data += warc_record("request", b"GET / HTTP/1.1\r\n\r\n", 1)
    data += warc_record(
        "response", http(page(TEXTS["ko"], "euc-kr"), "text/html; charset=euc-kr"), 2
    )
    data += warc_record("response", http(b"\x89PNG", "image/png"), 3)
    data += warc_record("response", http(b"gone", status="404 Not Found"), 4)
    data += warc_record("response", http(gzip.compress(page(TEXTS["vi"]))).replace(
        b"Content-Length", b"Content-Encoding: gzip\r\nContent-Length", 1), 5)  # fmt: skip
    for name, packed in (("a.warc", data), ("a.warc.gz", gzip.compress(data))):
        (tmp_path / name).write_bytes(packed)
        items = read(tmp_path / name)
        pages = [item for item in items if isinstance(item, Record)]
        assert [p.text.split() for p in pages] == [TEXTS["ko"].split(), TEXTS["vi"].split()]
        assert [p.url for p in pages] == ["https://example.com/2", "https://example.com/5"]
        assert [i.reason for i in items if isinstance(i, Passed)] == [
            "other_record", "other_record", "content_type", "http_status",
        ]  # fmt: skip
        assert len(items) == 6


def test_a_wet_gives_its_conversions(tmp_path: Path) -> None:
    data = b"".join(
        warc_record("conversion", text.encode(), i) for i, text in enumerate(TEXTS.values())
    )
    (tmp_path / "a.warc.wet.gz").write_bytes(gzip.compress(data))
    assert [item.text for item in read(tmp_path / "a.warc.wet.gz")] == list(TEXTS.values())


def test_a_saved_dataset_is_read_from_its_directory(tmp_path: Path) -> None:
    import datasets

    datasets.disable_progress_bars()
    datasets.Dataset.from_list(ROWS).save_to_disk(str(tmp_path / "saved"))
    items = read(tmp_path / "saved" / "*.arrow")
    assert [item.text for item in items] == list(TEXTS.values())


def test_a_dataset_of_the_hub_is_streamed_at_its_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "data.jsonl").write_bytes(jsonl())
    from pipelines.read import hub

    monkeypatch.setattr(hub, "resolve", lambda name, revision: "")
    (file,) = plan([Source(name="s", path=f"hf://{tmp_path}")])
    assert file.format == "hub"
    items = list(records(file))
    assert [item.text for item in items] == list(TEXTS.values())


def test_an_unreachable_hub_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(RecipeError, match="the hub does not answer"):
        plan([Source(name="s", path="hf://nobody/nothing")])


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"path": "ftps://bucket/a.jsonl"}, "ftps://: no such place is known"),
        ({"path": "x.jsonl", "charset": "klingon"}, "no charset that Python knows"),
    ],
)
def test_a_source_that_cannot_be_read_is_refused(settings, says) -> None:
    with pytest.raises(RecipeError, match=says):
        plan([Source(name="s", **settings)])


def test_the_shared_pages_are_decoded_as_their_index_says(shared_data: Path) -> None:
    index = shared_data / "raw_html" / "index.jsonl"
    for line in index.read_text("utf-8").splitlines():
        row = json.loads(line)
        (item,) = read(shared_data / row["file"])
        assert isinstance(item, Record), row["file"]
        assert json.loads(item.meta)["charset"] == codec_of(row["charset"]), row["file"]
        assert item.text.strip()


def test_the_shared_warc_files_lose_nothing_in_silence(shared_data: Path) -> None:
    found = {
        path.name: read(path)
        for path in sorted((shared_data / "warc").iterdir())
        if path.name.endswith((".warc", ".warc.gz", ".wet.gz"))
    }
    assert len([i for i in found["whirlwind.warc.gz"] if isinstance(i, Record)]) == 1
    assert [i.reason for i in found["example-trunc.warc"] if isinstance(i, Fault)]
    whole = {name for name, items in found.items() if not any(isinstance(i, Fault) for i in items)}
    assert {"example.warc", "example.warc.gz", "whirlwind.warc.wet.gz"} <= whole
