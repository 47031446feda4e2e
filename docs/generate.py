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

## Going on

`improve`, and `study` with `--out`, keep every finished lane (a network trained on one fold with
one seed) in `lanes.sqlite` in the output folder, the moment it is finished. Whatever ends a run,
Ctrl-C, `kill -9` or the end of the power, **the same command goes on from there**; only lanes in
flight are lost. With `--rounds` the verdicts are then to the last digit those of a run that
nothing has ended; seconds apart, for a lane that was lost is timed again. With `--minutes` the
time that earlier parts have used counts (without what was in flight), and what the clock has
decided stays decided. A `study` without `--out` keeps nothing.

- **Another command is refused**, and the message names what differs: the texts (their content; the
  file may be moved, and its rows be turned round), the test texts, the recipe, the improvements,
  the candidates, the metric, seed, minutes or rounds, names of columns, the version of textkaizen
  or of JAX. Name another folder by `--out`, or delete `lanes.sqlite` to measure anew.
- **After the end lanes stay.** The same command says the same again at once and writes every file
  anew, so a report that was deleted, or a run that was killed while it wrote its report, costs
  nothing; and a finished run still knows which texts and which recipe its verdicts are about. To
  save the room, delete the file.
- **One run at a time** uses a folder; a second one is refused until the first has ended.
- **A full disk, or a folder that was deleted**, ends a run as Ctrl-C does: what is known is shown,
  and the message says what to do; the exit status is 2.

The file is plain SQLite: recipes by their hash, answers as numbers, observations as JSON, the
networks of the beginning and the end as the files of their model folders. Nothing in it is
executed.

## Compiled programs are kept

A network is trained by programs that are compiled first. They are kept in the user's folder for
caches (`~/.cache/textkaizen` on Linux, `~/Library/Caches/textkaizen` on macOS,
`%LOCALAPPDATA%\\textkaizen` on Windows; `XDG_CACHE_HOME` is heeded), so that a second run over
texts of about the same size need not compile them again. The environment variable
`TEXTKAIZEN_CACHE` names another folder, or turns this off: `TEXTKAIZEN_CACHE=off`. The folder
may be deleted at any time; a run that begins with more than 256 MB there first deletes what was
longest unused. Results do not depend on it. It holds machine code and is its owner's alone
(0700): one that others may write to is not used, and neither is one that cannot be written.
`TextClassifier` does not use it.

## Where networks are trained

`train`, `study`, `improve` and `rates` take `--device`: `cpu`, `gpu`, or `auto`, the default, which
is a GPU if JAX sees one and the CPU else. `gpu` without one is refused. On a CPU the lanes of a
study go in threads, one a core. On a GPU those that make the same choices (activation, batch norm,
loss, what is drawn at random) go together in one program, up to 16 of them; a lane that has stopped
takes no further part. What is found depends on neither but for rounding. Which lanes meet is a
matter of time, so on a GPU a second run may differ in the last digits. A run that was begun on a
GPU goes on there only. The way of a GPU has been tried on CPUs: it has never run on a GPU, and how
fast it is there is not known.

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
