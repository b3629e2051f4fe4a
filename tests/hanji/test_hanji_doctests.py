"""Every example in a docstring is true."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

PACKAGES = ("hanji", "pipelines", "tokenizer", "synth", "longdoc", "rehearsal")
MODULES = sorted(
    module.name
    for package in PACKAGES
    for module in pkgutil.walk_packages([str(importlib.import_module(package).__path__[0])],
                                        package + ".")
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name in MODULES if not name.endswith("__main__")])
def test_the_examples_of_a_module_hold(name: str) -> None:
    done = doctest.testmod(importlib.import_module(name))
    assert done.failed == 0


def test_there_are_examples() -> None:
    found = doctest.DocTestFinder().find(importlib.import_module("hanji.text.korean"))
    assert sum(len(test.examples) for test in found) > 1
