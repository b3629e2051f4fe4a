"""The command. It knows products only as strings and imports them when they are called.

`hanji --help` imports neither Beam nor Arrow. Every error of ours becomes one sentence on stderr
and the exit code of its kind; Ctrl-C leaves a state from which the same command goes on.
"""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
from pathlib import Path

import click

from hanji import __version__
from hanji.errors import HanjiError, RecipeError, nearest

__all__ = ["COMMANDS", "command", "main"]

# name: where its click command is, the sentence of `hanji --help`
COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("hanji.commands.run:run", "Run every section of a recipe, in order."),
    "plan": ("hanji.commands.plan:plan", "Say what a recipe would read, make and reuse."),
    "curate": ("pipelines.command:curate", "Turn sources into clean, deduplicated documents."),
    "tokenizer": ("tokenizer.command:tokenizer", "Train, extend, judge or export a tokenizer."),
    "synth": ("synth.command:synth", "Make thinking-augmented reasoning samples."),
    "longdoc": ("longdoc.command:longdoc", "Build long documents; make and score needle probes."),
    "rehearsal": ("rehearsal.command:rehearsal", "Plan and pack the mixes of the stages."),
    "export": ("rehearsal.command:export", "Export packed sequences for a training job."),
    "inspect": ("hanji.commands.inspect:inspect", "Look into a dataset, a shard, a document."),
    "verify": ("hanji.commands.verify:verify", "Check every file against its manifest."),
    "report": ("hanji.commands.report:report", "Draw one HTML page of one or more datasets."),
}


class _Lazy(click.Group):
    """A group that imports a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return _load(COMMANDS[cmd_name][0])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"unknown command '{args[0]}'{nearest(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, about) for name, (_, about) in COMMANDS.items()])


def _load(target: str) -> click.Command:
    module_name, _, attribute = target.partition(":")
    module = importlib.import_module(module_name)
    home = Path(__file__).resolve().parent.parent
    if module.__file__ is not None and not Path(module.__file__).resolve().is_relative_to(home):
        raise RecipeError(
            f"the module '{module_name}' was loaded from {module.__file__}, not from {home}; "
            "another installed package has its name: install hanji in an environment of its own"
        )
    loaded = getattr(module, attribute)
    if not isinstance(loaded, click.Command):
        raise TypeError(f"{target} is not a command")
    return loaded


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="hanji")
def command() -> None:
    """Build the training corpus of a multilingual language model."""


def _is_ours(record: logging.LogRecord) -> bool:
    """Leave out what Beam says on every import about a service that no pipeline of ours uses."""
    return "apitools not found" not in record.getMessage()


def main() -> None:
    """Run the command and exit with its code."""
    logging.getLogger().addFilter(_is_ours)
    try:
        code = command.main(prog_name="hanji", standalone_mode=False)
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.exceptions.Abort:
        code = _interrupted()
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except HanjiError as error:
        click.echo(f"hanji: {error}", err=True)
        code = error.exit_code
    except KeyboardInterrupt:
        code = _interrupted()
    except BrokenPipeError:
        # The reader of our output went away (`hanji inspect ... | head`): that is no fault.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"hanji: {where}{error.strerror or error}", err=True)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)


def _interrupted() -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    click.echo(
        "hanji: interrupted; nothing unfinished counts, the same command goes on from here",
        err=True,
    )
    return 130


if __name__ == "__main__":
    main()
