"""Pages that are drawn from the code: the catalogue and the command line. `make docs` writes them.

A test holds what is written to what the code would write, so that neither can be forgotten.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from textkaizen.cli import app
from textkaizen.recipe import Recipe, describe_difference
from textkaizen.report.wording import typeset
from textkaizen.study.catalogue.groups import GROUPS
from textkaizen.study.improvements import CATALOGUE

FOLDER = Path(__file__).parent

CATALOGUE_HEAD = """# The catalogue of improvements

{count} improvements in {groups} groups. Each is tried on the same folds with the same seeds as the
recipe it changes. The order is that of their groups; `textkaizen improvements` lists them in the
order in which they are tried when time is short. The baseline they start from is fixed: one hidden
layer of 64 units with ReLU, Adam with a learning rate of 0.001, batches of 32, at most 60 epochs, a
validation share of 0.1, Glorot uniform weights, no stopping, no dropout, no penalty.

A change that needs another to make sense brings it along; the column "changes" shows both. What the
recipe has already is not tried again. An improvement whose batch is larger than the texts there are
to train on is left out, and the result says so. [Recipes](recipes.md) tells what Keras calls each
knob, and how to write a recipe oneself.

To add one, add an entry in `textkaizen/study/catalogue/` and run `make docs`.

Written by `make docs`.
"""

COMMANDS_HEAD = """# The command line

Exit status: 0 done; 2 the command line or the data are wrong (one message on standard error says
what must hold, what was found, where, and what to do); 130 interrupted (what was done so far is
kept). With `--json` one JSON object stands on standard output and nothing else; progress and
messages go to standard error.

[Running](running.md) tells how a run that was cut off goes on, what is kept, and where networks are
trained.

## The commands

Written by `make docs` from `--help`.
"""


def catalogue_page() -> str:
    """Return docs/improvements.md."""
    lines = [CATALOGUE_HEAD.format(count=len(CATALOGUE), groups=len(GROUPS))]
    ordered = sorted(CATALOGUE, key=lambda improvement: improvement.group)
    for group, improvements in groupby(ordered, key=lambda improvement: improvement.group):
        lines += [f"## {group}", "", _about(group), ""]
        lines += ["| name | changes | claim | source |", "|---|---|---|---|"]
        for one in improvements:
            changes = describe_difference(Recipe(), one.change(Recipe()))
            changes = typeset(changes) if changes else "nothing on the baseline, which has it"
            lines.append(f"| {one.name} | {changes} | {one.claim} | {one.source} |")
        lines.append("")
    return "\n".join(lines)


def _about(group: str) -> str:
    """Say which values are tried and why, what off is, and what does not go together."""
    values, off, clashes = GROUPS[group]
    told = [f"- **Tried:** {values}", f"- **Off:** {off}."]
    return "\n".join([*told, f"- **Beware:** {clashes}"] if clashes else told)


def commands() -> dict[str, str]:
    """Return each command's help, as a terminal of 90 columns shows it."""
    import typer

    group = typer.main.get_command(app)
    found = {}
    for name in sorted(group.commands):  # type: ignore[attr-defined]
        command = group.commands[name]  # type: ignore[attr-defined]
        context = command.make_context(
            f"textkaizen {name}",
            [],
            resilient_parsing=True,
            terminal_width=90,
            max_content_width=90,
        )
        found[name] = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return found


def commands_page() -> str:
    """Return docs/commands.md."""
    lines = [COMMANDS_HEAD]
    for name, told in commands().items():
        lines += [f"## textkaizen {name}", "", "```text", told.strip(), "```", ""]
    return "\n".join(lines)


PAGES = {"improvements.md": catalogue_page, "commands.md": commands_page}


def main() -> None:
    """Write every page."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
