"""What a flex template starts: its parameters become a call of `hanji curate`."""

from __future__ import annotations

import sys

__all__ = ["arguments", "main"]

OURS = ("input", "output", "workers")  # parameters of metadata.json that are options of the command


def arguments(given: list[str]) -> list[str]:
    """Turn the launcher's `--name=value` into the command's arguments; what is not ours is Beam's.

    >>> arguments(["--recipe=r.yaml", "--output=gs://b/o", "--project=p"])
    ['curate', 'r.yaml', '--output=gs://b/o', '--runner=DataflowRunner', '--', '--project=p']
    """
    recipe: list[str] = []
    ours: list[str] = []
    beam: list[str] = []
    for argument in given:
        name, _, value = argument.removeprefix("--").partition("=")
        if name == "recipe":
            recipe = [value]
        elif name in OURS:
            ours.append(argument)
        elif name != "runner":
            beam.append(argument)
    return ["curate", *recipe, *ours, "--runner=DataflowRunner", "--", *beam]


def main() -> None:
    """Call the command."""
    from hanji.__main__ import main as command

    sys.argv = ["hanji", *arguments(sys.argv[1:])]
    command()


if __name__ == "__main__":
    main()
