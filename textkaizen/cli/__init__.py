"""The command line: argv in, text out, exit codes. Nothing heavy is imported before it is needed.

0 done; 2 the command line or the data are wrong (one message on standard error); 130 interrupted
(what was done so far is kept). With `--json` standard output holds one JSON object and nothing
else. A reader that has gone, as in `| head`, is no failure.

options    arguments and options that commands share, and what is read from the files they name
studies    improve, study, improvements
models     train, evaluate, predict, chat
recipes    recipe
rates      rates
data       check

To add a command, write a function in the file it is about and name it below.

Rejected: a decorator in each file (the order in the help would be that of the imports, and the
files would need an `app` to import from here).
"""

from __future__ import annotations

import sys

import typer

from textkaizen.cli import data, models, rates, recipes, studies
from textkaizen.errors import TextkaizenError

app = typer.Typer(
    name="textkaizen",
    help="What improved the network on your texts, and by how much?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for _command in (
    studies.improve,
    studies.study,
    models.train,
    studies.improvements,
    recipes.recipe,
    rates.rates,
    data.check,
    models.evaluate,
    models.predict,
    models.chat,
):
    app.command()(_command)


def main() -> None:
    """Run the command line and turn errors into messages and exit codes."""
    from textkaizen.terminal.streams import exit_status, print_all

    print_all()
    try:
        app(prog_name="textkaizen")
    except TextkaizenError as error:
        typer.echo(f"textkaizen: {error}", err=True)
        sys.exit(2)
    except (KeyboardInterrupt, SystemExit) as end:
        status = exit_status(end)
        if status is None:
            raise
        if status:
            typer.echo("textkaizen: interrupted.", err=True)
        sys.exit(status)
