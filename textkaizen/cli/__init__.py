"""The command line: argv in, text out, exit codes. Nothing heavy is imported before it is needed.

0 done; 2 the command line or the data are wrong (one message on standard error); 130 interrupted
(what was done so far is kept). With `--json` standard output holds one JSON object and nothing
else. A reader that has gone, as in `| head`, is no failure.

commands   the commands by name, each in the file it is about
options    arguments and options that commands share, and what is read from the files they name
answering  what `predict`, `why` and `chat` do, and how they start at once
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typer import Typer

    app: Typer


def __getattr__(name: str) -> Any:
    """`app`, all commands together, is made when it is first asked for."""
    if name != "app":
        raise AttributeError(f"module 'textkaizen.cli' has no attribute '{name}'")
    from textkaizen.cli.commands import parser

    made = globals()["app"] = parser()
    return made


def main() -> None:
    """Run the command line and turn errors into messages and exit codes."""
    from textkaizen.cli.answering import without_options
    from textkaizen.errors import TextkaizenError
    from textkaizen.terminal.streams import exit_status, let_go_of_output, print_all

    print_all()
    arguments = sys.argv[1:]
    try:
        asked = without_options(arguments)
        if asked is not None:
            asked()
        else:
            from textkaizen.cli.commands import call

            call(arguments)
    except TextkaizenError as error:
        _say(f"textkaizen: {error}")
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit, BrokenPipeError) as end:
        status = exit_status(end)
        if status is None:
            raise
        if status:
            _say("textkaizen: interrupted.")
        else:
            let_go_of_output()
        sys.exit(status)


def _say(message: str) -> None:
    from typer import echo

    echo(message, err=True)
