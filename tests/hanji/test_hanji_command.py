"""The command as users meet it: help, typos, exit codes, JSON, one sentence for each mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from hanji.__main__ import COMMANDS, command
from hanji.look import differences
from hanji.schema import LANGS

MINIMAL = """
sources:
  - {name: docs, path: "DOCS"}
curate: {}
"""


@pytest.fixture
def recipe(tmp_path: Path, root: Path) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(MINIMAL.replace("DOCS", str(root / "recipes/demo/docs/??.jsonl")))
    return path


def sentence(err: str) -> str:
    """Return the last line of stderr; fail on a traceback."""
    assert "Traceback" not in err, err
    lines = [line for line in err.splitlines() if line.startswith(("hanji: ", "Error: "))]
    assert len(lines) == 1, err
    return lines[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    done = CliRunner().invoke(command, [name, "--help"])
    assert done.exit_code == 0
    assert done.output.startswith("Usage:")


def test_help_imports_neither_beam_nor_arrow(hanji) -> None:
    import subprocess
    import sys

    code = (
        "import sys\nfrom click.testing import CliRunner\nfrom hanji.__main__ import command\n"
        "assert CliRunner().invoke(command, ['--help']).exit_code == 0\n"
        "heavy = {'apache_beam', 'pyarrow', 'numba', 'datasets', 'tokenizers'} & set(sys.modules)\n"
        "sys.exit(', '.join(sorted(heavy)) or 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["curat"], "did you mean 'curate'"),
        (["run"], "Missing argument 'RECIPE'"),
        (["run", "nowhere.yaml"], "nowhere.yaml"),
        (["run", "recipes/demo.yaml", "--worker", "2"], "--workers"),
        (["inspect", "docs"], "is no dataset of hanji"),
        (["verify", "nowhere"], "does not exist"),
        (["report", "nowhere"], "does not exist"),
        (["curate", "-o", "x"], "either a RECIPE or --input"),
        (["curate", "--input", "nothing/*.jsonl", "-o", "x"], "matches no file"),
        (["curate", "--input", "README.md", "-o", "docs"], "is not empty"),
        (["synth", "run", "--family", "procedual", "-o", "x"], "did you mean 'procedural'"),
        (["export", "docs", "--to", "arow", "-o", "x"], "did you mean 'arrow'"),
        (["tokenizer", "train", "--input", "no/*.txt", "--vocab-size", "400", "-o", "x"], "no/*"),
        (["plan", "README.md"], "README.md"),
        (
            ["longdoc", "probe", "--input", "x", "--tokenizer", "x", "--grid", "8k", "-o", "x"],
            "give 32k or 256k",
        ),
        (
            [
                "longdoc",
                "probe",
                "--input",
                "x",
                "--tokenizer",
                "x",
                "--grid",
                "32k",
                "--lengths",
                "9",
                "-o",
                "x",
            ],
            "no --lengths beside it",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_code_2(hanji, args, says) -> None:
    done = hanji(*args)
    assert done.code == 2, done.err
    assert says in done.err
    assert done.out == ""
    sentence(done.err)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("curate:", "curat:", "did you mean 'curate'"),
        ("path:", "pth:", "did you mean 'path'"),
        ("curate: {}", "curate: {heldout_shar: 0.1}", "did you mean 'heldout_share'"),
        ("curate: {}", "curate: {heldout_share: 3}", "curate.heldout_share"),
        ("curate: {}", "curate: {}\nrehearsal: {stages: [{name: a, contxt: 5}]}", "contxt"),
        ("name: docs", "name: [1]", "sources"),
    ],
)
def test_a_wrong_recipe_names_the_key(hanji, recipe, tmp_path, old, new, says) -> None:
    recipe.write_text(recipe.read_text().replace(old, new))
    done = hanji("run", recipe, "-o", tmp_path / "out")
    assert done.code == 2, done.err
    assert says in sentence(done.err)
    assert not (tmp_path / "out").exists()


def test_a_yaml_that_would_build_objects_is_refused(hanji, recipe, tmp_path) -> None:
    recipe.write_text("sources: !!python/object/apply:os.system ['echo hi']\n")
    done = hanji("run", recipe, "-o", tmp_path / "out")
    assert done.code == 2
    assert "hi" not in done.out
    sentence(done.err)


def test_another_recipes_directory_is_left_as_it_was(hanji, recipe, demo, tmp_path) -> None:
    copy = tmp_path / "run"
    shutil.copytree(demo / "curate", copy / "curate")
    before = (copy / "curate" / "manifest.json").read_bytes()
    done = hanji("run", recipe, "-o", copy)
    assert done.code == 2
    assert "--replace" in sentence(done.err)
    assert (copy / "curate" / "manifest.json").read_bytes() == before
    assert hanji("verify", copy / "curate").code == 0
    assert hanji("run", recipe, "-o", copy, "--replace").code == 0
    assert (copy / "curate" / "manifest.json").read_bytes() != before
    assert hanji("verify", copy / "curate").code == 0


def test_too_many_bad_records_end_the_run_and_name_the_limit(hanji, recipe, tmp_path) -> None:
    bad = tmp_path / "bad.jsonl"
    good = json.dumps({"id": "a", "text": "A sentence about a quiet harbour. " * 9})
    bad.write_text(good + "\n" + "{broken\n" * 9)
    recipe.write_text(MINIMAL.replace("DOCS", str(bad)))
    done = hanji("run", recipe, "-o", tmp_path / "out")
    assert done.code == 3, done.err
    assert "max_failures" in sentence(done.err)
    assert not (tmp_path / "out" / "curate" / "manifest.json").exists()


def test_a_corrupt_shard_is_named(hanji, demo, tmp_path) -> None:
    copy = tmp_path / "curate"
    shutil.copytree(demo / "curate", copy)
    shard = next(copy.glob("data/en/*.arrow"))
    shard.write_bytes(shard.read_bytes()[:-200])
    done = hanji("inspect", shard)
    assert done.code == 3, done.err
    assert shard.name in sentence(done.err)


def test_a_manifest_of_a_newer_version_is_refused(hanji, demo, tmp_path) -> None:
    copy = tmp_path / "curate"
    shutil.copytree(demo / "curate", copy)
    path = copy / "manifest.json"
    path.write_text(path.read_text().replace("hanji.manifest/1", "hanji.manifest/2"))
    done = hanji("inspect", copy)
    assert done.code == 2, done.err
    assert "newer" in sentence(done.err)


@pytest.mark.parametrize(
    "args",
    [
        ["inspect", "{demo}/curate"],
        ["inspect", "{demo}/curate", "--reason", "near_duplicate"],
        ["verify", "{demo}"],
        ["plan", "recipes/demo.yaml", "-o", "{demo}"],
        ["rehearsal", "plan", "recipes/demo.yaml", "--root", "{demo}"],
        ["synth", "preview", "--family", "procedural", "--langs", "ko"],
        ["tokenizer", "eval", "{demo}/tokenizer", "--input", "{demo}/curate"],
    ],
)
def test_json_is_one_value_and_nothing_else(hanji, demo, args) -> None:
    done = hanji(*(arg.format(demo=demo) for arg in args), "--json")
    assert done.code == 0, done.err
    assert json.loads(done.out)


def test_inspect_shows_rows_and_reasons(hanji, demo) -> None:
    done = hanji("inspect", demo / "curate", "--lang", "ko", "--rows", "1")
    assert done.code == 0
    assert "document/1" in done.out
    assert "duplicates: near_duplicate" in done.out
    row = json.loads(hanji("inspect", demo / "curate", "--rows", "1", "--json").out)["rows"][0]
    found = json.loads(hanji("inspect", demo / "curate", "--id", row["id"], "--json").out)
    assert [hit["values"]["id"] for hit in found] == [row["id"]]
    missing = hanji("inspect", demo / "curate", "--id", "zzz")
    assert missing.code == 2
    assert "holds no row with id 'zzz'" in sentence(missing.err)


def test_a_near_duplicate_is_shown_against_the_document_that_stays(hanji, demo) -> None:
    args = ["inspect", demo / "curate", "--reason", "near_duplicate", "--rows", "20", "--json"]
    rows = json.loads(hanji(*args).out)["rows"]
    for row in rows:
        hit = json.loads(hanji("inspect", demo / "curate", "--id", row["id"], "--json").out)[0]
        pieces = hit["differences"]
        here = "".join(text for kind, text in pieces if kind in " -")
        assert here == hit["values"]["sample"]
        if any(kind == "-" for kind, _ in pieces):
            shown = hanji("inspect", demo / "curate", "--id", row["id"]).out
            assert "[-" in shown
            return
    pytest.fail("no near-duplicate of the sample corpus differs in its beginning")


@given(st.text(), st.text())
def test_differences_hold_both_texts(first: str, second: str) -> None:
    pieces = list(differences(first, second))
    assert "".join(text for kind, text in pieces if kind in " -") == first
    assert "".join(text for kind, text in pieces if kind in " +") == second


def test_plan_writes_nothing_and_knows_what_is_reused(hanji, demo, tmp_path) -> None:
    fresh = json.loads(hanji("plan", "recipes/demo.yaml", "-o", tmp_path / "no", "--json").out)
    assert not (tmp_path / "no").exists()
    assert sum(source["files"] for source in fresh["sources"]) > 20
    assert all(stage["state"] == "to be made" for stage in fresh["stages"])
    again = json.loads(hanji("plan", "recipes/demo.yaml", "-o", demo, "--json").out)
    assert again["stages"][0]["state"].startswith("there")


def test_the_commands_of_the_first_try(hanji, demo, tmp_path, root) -> None:
    steps = [
        ["curate", "--input", str(root / "recipes/demo/docs/??.jsonl"), "-o", "c"],
        ["tokenizer", "train", "--input", "c", "--vocab-size", "2000", "--superword-share", "0.2",
         "--allotment", "en=2,ko=3,other=1", "-o", "t"],
        ["tokenizer", "eval", "t", "--input", "c", "--json"],
        ["synth", "run", "--input", "c", "--family", "extractive", "-o", "s1"],
        ["synth", "run", "--family", "procedural", "--count", "5", "-o", "s2"],
        ["longdoc", "build", "--input", "c", "--tokenizer", "t", "-o", "l"],
        ["longdoc", "probe", "--input", f"{demo}/curate", "--tokenizer", "t", "--lengths", "512",
         "--depths", "0,50,100", "--kinds", "single,multi_key", "--langs", "en,ko", "--count", "1",
         "--seed", "1", "-o", "p"],
    ]  # fmt: skip
    for args in steps:
        done = hanji(*args, cwd=tmp_path)
        assert done.code == 0, (args, done.err)
    answers = tmp_path / "answers.jsonl"
    from hanji.manifest import Dataset

    rows = [r for b in Dataset.open(tmp_path / "p").batches() for r in b.to_pylist()]
    assert {row["lang"] for row in rows} == {"en", "ko"} < set(LANGS)
    lines = [{"id": row["id"], "answer": ", ".join(json.loads(row["answer"]))} for row in rows]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = hanji("longdoc", "score", "p", "answers.jsonl", "--json", cwd=tmp_path)
    assert json.loads(done.out)["total"]["right"] == len(rows), done.out
    done = hanji("rehearsal", "mix", root / "recipes/demo.yaml", "--stage", "short", "--root", demo,
                 "-o", "m", cwd=tmp_path)  # fmt: skip
    assert done.code == 0, done.err
    done = hanji("export", "m", "--to", "parquet", "-o", "x", cwd=tmp_path)
    assert done.code == 0, done.err


def test_a_missing_optional_dependency_is_named(hanji, demo, tmp_path, root) -> None:
    hidden = tmp_path / "hidden" / "sentencepiece"
    hidden.mkdir(parents=True)
    (hidden / "__init__.py").write_text("raise ImportError('it is not here')\n")
    (tmp_path / "other.model").write_bytes(b"no model")
    done = hanji(
        "tokenizer", "eval", demo / "tokenizer", "--input", demo / "curate",
        "--baseline", tmp_path / "other.model",
        env={"PYTHONPATH": f"{hidden.parent}:{root}"},
    )  # fmt: skip
    assert done.code == 2, done.err
    assert "hanji[baselines]" in sentence(done.err)
