"""Training, export, extension, resumption and bad input, end to end on small texts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import regex
import tiktoken
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer

from hanji.errors import RecipeError
from hanji.execution import Execution
from hanji.manifest import Manifest
from hanji.text import nfc
from tokenizer import learn as learning
from tokenizer import train as training
from tokenizer.baselines import load_tiktoken
from tokenizer.command import tokenizer as command
from tokenizer.corpus import Corpus
from tokenizer.count import Counter
from tokenizer.extend import extend
from tokenizer.presets import preset
from tokenizer.rules import bridges
from tokenizer.section import TokenizerSection
from tokenizer.train import train

LINES = {
    "en": "The quick brown fox jumps over the lazy dog. One of the best of the many ways: walk on the way.",
    "ko": "할 수 있는 일이 있습니다. 그에 대한 설명을 할 수 있습니다. 우리는 그에 대한 답을 할 수 있다.",
    "es": "El perro de la casa de la esquina es de la familia. En la casa de la abuela hay de todo.",
    "de": "In der Stadt gibt es in der Straße ein Haus. Das ist in der Regel für die Leute da.",
    "ja": "日本語の文章には空白がありません。それでも言葉は続きます。日本語の言葉です。",
    "vi": "Việt Nam là một nước ở Đông Nam Á. Một nước có nhiều người Việt Nam và một ngôn ngữ.",
}
SMALL = TokenizerSection(vocab_size=460, reserved_tokens=5, min_count=1, superword_share=0.05)


def write_corpus(directory: Path, langs: tuple[str, ...] = tuple(LINES)) -> Path:
    directory.mkdir(exist_ok=True)
    for lang in langs:
        words = LINES[lang].split(" ")
        rows = [
            {"id": str(i), "lang": lang, "source": f"made-{lang}",
             "text": " ".join(words[i % 7 :] + words[: i % 5]) + f"\n{i} {LINES[lang]}"}
            for i in range(60)
        ]  # fmt: skip
        text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (directory / f"{lang}.jsonl").write_text(text, encoding="utf-8")
    return directory


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def trained(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    out = tmp_path_factory.mktemp("out") / "t"
    return out, train(SMALL, [corpus], out, Execution())


def test_the_allotment_is_hit_exactly(trained: tuple[Path, Manifest]) -> None:
    facts = trained[1].facts
    wanted = {"en": 8, "ko": 11, "other": 4}
    found = facts["superword_allotment"]
    assert facts["vocab_size"] == 460
    assert facts["superwords"] == 23
    assert isinstance(found, dict)
    assert {k: v["quota"] for k, v in found.items()} == wanted
    assert {k: v["superwords"] for k, v in found.items()} == wanted
    assert not facts["notes"]


def test_superwords_obey_the_rules(trained: tuple[Path, Manifest]) -> None:
    tokenizer = Tokenizer.from_file(str(trained[0] / "tokenizer.json"))
    texts = [tokenizer.decode([i]) for i in range(16, 460)]
    superwords = [text for text in texts if " " in text.strip()]
    assert len(superwords) == 23
    for text in superwords:
        assert "\n" not in text
        assert "\ufffd" not in text
        assert ": " not in text
        assert not text.endswith(" ")
        assert len(text.split()) <= 4
        assert not regex.search(r"\d\d", text)


def test_stock_libraries_cut_as_the_trainer_did(
    corpus: Path, trained: tuple[Path, Manifest]
) -> None:
    out = trained[0]
    tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
    encoding = load_tiktoken(out)
    assert isinstance(encoding, tiktoken.Encoding)
    content = json.loads((out / "tokenizer.json").read_text("utf-8"))["model"]
    ids = content["vocab"]
    merges = [(ids[a] - 16, ids[b] - 16) for a, b in content["merges"]]
    encoder = learning.Vocabulary.from_merges(merges).encoder()
    for document, _ in Corpus.open([corpus]).documents():
        theirs = tokenizer.encode(document.text).ids
        counter = Counter(1)
        pieces = regex.findall(preset("kexaone").stage2, document.text)
        order = []
        for piece in pieces:
            counter.add([piece.encode()], [0])
            data, ends = counter.arena.tobytes(), counter.offsets
            order += [i for i in range(counter.n) if data[ends[i] : ends[i + 1]] == piece.encode()]
        ours = encoder.encode(counter.arena, counter.offsets, np.array(order), -1)
        assert (ours[ours >= 0] + 16).tolist() == theirs
        assert encoding.encode_ordinary(document.text) == theirs


def test_auto_tokenizer_loads_it(trained: tuple[Path, Manifest]) -> None:
    transformers = pytest.importorskip("transformers")
    loaded = transformers.AutoTokenizer.from_pretrained(str(trained[0]))
    assert loaded.eos_token == "<|endoftext|>"
    text = LINES["ko"] + "<think>" + LINES["vi"]
    ids = loaded(text)["input_ids"]
    assert ids == Tokenizer.from_file(str(trained[0] / "tokenizer.json")).encode(text).ids
    assert loaded.convert_tokens_to_ids("<think>") in ids
    assert loaded.decode(ids) == text


@settings(max_examples=60, deadline=None)
@given(text=st.text(max_size=60))
def test_any_text_comes_back(trained: tuple[Path, Manifest], text: str) -> None:
    tokenizer = Tokenizer.from_file(str(trained[0] / "tokenizer.json"))
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    assert tokenizer.decode(ids, skip_special_tokens=False) == nfc(text)


def test_the_same_command_reuses_the_result(corpus: Path, trained: tuple[Path, Manifest]) -> None:
    assert train(SMALL, [corpus], trained[0], Execution()).digest == trained[1].digest


def test_a_killed_run_goes_on_to_the_same_bytes(
    corpus: Path, trained: tuple[Path, Manifest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning, "_STEP", 7)
    monkeypatch.setattr(training, "_SAVE_EVERY", -1.0)
    for stop in (3, 9, 14):  # in stage 1, later, in stage 2
        calls = 0
        save = training._Saved.save

        def dying(self: object, *args: object, stop: int = stop, save: object = save) -> None:
            nonlocal calls
            calls += 1
            save(self, *args)  # type: ignore[operator]
            if calls == stop:
                raise KeyboardInterrupt

        monkeypatch.setattr(training._Saved, "save", dying)
        with pytest.raises(KeyboardInterrupt):
            train(SMALL, [corpus], tmp_path / "t", Execution())
        monkeypatch.setattr(training._Saved, "save", save)
        assert not (tmp_path / "t" / "manifest.json").exists()
    train(SMALL, [corpus], tmp_path / "t", Execution())
    for name in ("tokenizer.json", "tokenizer.tiktoken", "manifest.json"):
        assert (tmp_path / "t" / name).read_bytes() == (trained[0] / name).read_bytes()


def test_a_group_that_runs_dry_is_reported(corpus: Path, tmp_path: Path) -> None:
    section = TokenizerSection(
        vocab_size=800, reserved_tokens=5, min_count=2, superword_share=0.4,
        superword_allotment={"ja": 1, "en": 1, "other": 1},
    )  # fmt: skip
    facts = train(section, [corpus], tmp_path / "t", Execution()).facts
    notes = facts["notes"]
    assert isinstance(notes, list)
    assert "ja" in notes[0]
    assert "ran out of candidates" in notes[0]


def test_extending_keeps_the_top_share_and_maps_ids(
    corpus: Path, trained: tuple[Path, Manifest], tmp_path: Path
) -> None:
    section = TokenizerSection(
        vocab_size=520, reserved_tokens=5, min_count=1, superword_share=0.05, extend="t"
    )
    manifest = extend(section, trained[0], [corpus], tmp_path / "e", Execution())
    assert manifest.facts["vocab_size"] == 520
    assert manifest.facts["superwords"] == 26  # those of the base among them
    assert float(str(manifest.facts["base_kept_share"])) >= 0.7
    old = Tokenizer.from_file(str(trained[0] / "tokenizer.json"))
    new = Tokenizer.from_file(str(tmp_path / "e" / "tokenizer.json"))
    found = json.loads((tmp_path / "e" / "id_map.json").read_text())
    for before, after in found["old_to_new"].items():
        if after is not None:
            assert old.id_to_token(int(before)) == new.id_to_token(after)
    for token, parts in found["composition"].items():
        assert "".join(old.id_to_token(i) for i in parts) == new.id_to_token(int(token))
    covered = {i for i in found["old_to_new"].values() if i is not None}
    assert covered | set(map(int, found["composition"])) == set(range(520))


BAD = [
    ("empty", {}, "holds no text"),
    ("tiny", {"vocab_size": 300}, "vocab_size"),
    ("latin", {}, "is not UTF-8"),
    ("broken", {}, "is no JSON record"),
    ("absent", {}, "no such dataset"),
    ("good", {"superword_allotment": {"fr": 1.0}}, "fr"),
    ("good", {"vocab_size": 100_000}, "lower --vocab-size"),
    ("zst", {}, "cannot be read"),
]


@pytest.mark.parametrize(("which", "settings_", "message"), BAD)
def test_bad_input_ends_in_one_sentence(
    corpus: Path, tmp_path: Path, which: str, settings_: dict[str, object], message: str
) -> None:
    where = tmp_path / which
    if which == "good":
        where = corpus
    elif which != "absent":
        where.mkdir()
        name = {"zst": "x.jsonl.zst", "latin": "x.txt"}.get(which, "x.jsonl")
        data = {"latin": b"caf\xe9", "broken": b'{"text": 1}', "zst": b"xx", "tiny": b"{}"}
        (where / name).write_bytes(data.get(which, b""))
    section = training.section_from({"reserved_tokens": 5, "vocab_size": 400, **settings_}, "x")
    with pytest.raises(RecipeError, match=message) as caught:
        train(section, [where], tmp_path / "out", Execution())
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_base_that_is_not_bpe_is_named(tmp_path: Path, corpus: Path) -> None:
    base = Path(tmp_path / "tokenizer.json")
    base.write_text('{"version":"1.0","added_tokens":[],"normalizer":null,"pre_tokenizer":null,'
                    '"post_processor":null,"decoder":null,"truncation":null,"padding":null,'
                    '"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}')  # fmt: skip
    with pytest.raises(RecipeError, match="WordLevel"):
        extend(SMALL, base, [corpus], tmp_path / "out", Execution())


def test_the_memory_bound_is_kept(corpus: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="--memory"):
        train(SMALL, [corpus], tmp_path / "t", Execution(memory=1 << 20))


def test_the_command_trains_and_judges(corpus: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    out = str(tmp_path / "t")
    flags = [
        "--vocab-size",
        "460",
        "--reserved-tokens",
        "5",
        "--min-count",
        "1",
        "--superword-share",
        "0.05",
    ]
    made = run(command, ["train", "--input", str(corpus), "-o", out, *flags, "--json"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["superwords"] == 23
    judged = run(
        command,
        ["eval", out, "--input", str(corpus), "--all", "--baseline", "train:tokenizers", "--json"],
    )
    assert judged.exit_code == 0, judged.output
    found = json.loads(judged.stdout)
    assert set(found["tokenizers"][0]["by_lang"]) == set(LINES)
    assert found["tokenizers"][0]["round_trip_failed"] == 0
    assert found["gain_percent"]["train:tokenizers"].keys() == set(LINES)
    assert run(command, ["eval", out, "--input", str(corpus)]).exit_code == 0
    assert run(command, ["export", out, "-o", str(tmp_path / "x")]).exit_code == 0
    again = (tmp_path / "x" / "tokenizer.tiktoken").read_bytes()
    assert again == (tmp_path / "t" / "tokenizer.tiktoken").read_bytes()


def test_bridges_needs_words_on_both_sides() -> None:
    for text, expected in (("a b", True), (" ab", False), ("a ", False), ("\t \n", False)):
        data = np.frombuffer(text.encode(), np.uint8)
        assert bridges(data, 0, len(data)) == expected
