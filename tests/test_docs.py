"""The docs say what the code does: pages drawn from it, commands that exist, examples that run."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
import typer

import textkaizen
from docs.generate import PAGES
from textkaizen.cli import app
from textkaizen.study.improvements import CATALOGUE

ROOT = Path(__file__).parent.parent
DOCS = [*sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("*.md"))]
DOCS += [ROOT / "examples" / "README.md"]
TEXTS = {path: path.read_text(encoding="utf-8") for path in DOCS}
COMMANDS = typer.main.get_command(app).commands


@pytest.mark.parametrize("name", PAGES)
def test_a_page_drawn_from_the_code_is_up_to_date(name):
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_section(name):
    assert f"## textkaizen {name}\n" in TEXTS[ROOT / "docs" / "commands.md"]


def test_every_improvement_is_in_the_docs():
    page = TEXTS[ROOT / "docs" / "improvements.md"]
    assert not [one.name for one in CATALOGUE if f"| {one.name} |" not in page]


def test_every_public_name_is_in_the_docs():
    page = TEXTS[ROOT / "docs" / "python.md"]
    names = [name for name in textkaizen.__all__ if not name.startswith("__")]
    assert len(names) > 8
    assert not [name for name in names if f"`textkaizen.{name}`" not in page]


def commands_shown() -> list[tuple[str, str]]:
    """Command lines in the docs: in blocks, or in backticks with arguments."""
    found = []
    for path, text in TEXTS.items():
        blocks = re.findall(r"```(?:console|bash|sh)\n(.*?)```", text, flags=re.DOTALL)
        lines = [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]
        lines += re.findall(r"`(textkaizen [a-z]+ [^`]+)`", text)
        names = str(path.relative_to(ROOT))
        found += [(names, line) for line in lines if line.startswith("textkaizen ")]
    return found


@pytest.mark.parametrize(("page", "line"), commands_shown())
def test_a_command_that_is_shown_can_be_typed(page, line):
    words = shlex.split(re.sub(r"\s*(\||>|<|#).*", "", line))
    command = COMMANDS[words[1]]
    # Parsed and checked, not run: an unknown option or a missing argument raises.
    assert command.make_context(words[1], words[2:]) is not None


def test_commands_are_shown_at_all():
    assert len(commands_shown()) >= 5


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)[^)]*\)", TEXTS[path])
    assert not [link for link in links if not (path.parent / link).exists()]


@pytest.mark.parametrize("path", DOCS, ids=lambda path: str(path.relative_to(ROOT)))
def test_examples_in_the_docs_give_what_they_show(path):
    flags = doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL
    found = doctest.testfile(str(path), module_relative=False, optionflags=flags, encoding="utf-8")
    assert found.failed == 0


def test_some_examples_are_there_to_be_run():
    parser = doctest.DocTestParser()
    assert sum(len(parser.get_examples(text)) for text in TEXTS.values()) >= 5
