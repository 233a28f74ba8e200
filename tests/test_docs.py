"""README and docs/ keep their word: every Python block runs, every link leads somewhere, every table is complete.

A ``python`` block with a test in it is run by pytest, any other as a script. HTML comments right above a block say
more: ``<!-- continues -->`` joins it to the block before, ``<!-- fails: text -->`` promises that its test fails with
that text, ``<!-- ini: option = value -->`` runs it with that option. ``<!-- needs: s3fs, pandas -->`` names modules of
the extra `clients`: without them the block is skipped, except where `S3ERRORS_CLIENTS` says that they are there. A
``text`` block under ``<!-- output -->`` is what the block before it prints, times aside.
"""

from __future__ import annotations

import importlib.util
import os
import re
import textwrap
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import s3_asyncio_client
from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import FAULT_OPTIONS, MATCH_OPTIONS, PLAN_OPTIONS
from pytest_s3errors._core.s3.errors.catalogue import CODES
from pytest_s3errors._options import REPORT_OPTIONS, ROWS
from pytest_s3errors._test.declared import MARKERS
from pytest_s3errors.plugin import FIXTURES

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
_BLOCK = re.compile(r"((?:^<!--[^\n]*-->\n)*)^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TEST = re.compile(r"^\s*(?:async )?def test_", re.MULTILINE)
_FAILS = re.compile(r"<!-- fails: (.+) -->")
_INI = re.compile(r"<!-- ini: (.+) -->")
_NEEDS = re.compile(r"<!-- needs: (.+) -->")
_SECONDS = re.compile(r" *\d+\.\d{2,3} s")
_ERROR_MARGIN = re.compile(r"^E +")  # pytest indents an error as the line that raised it


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One Python block, with those that it continues; `outputs` are what it is said to print."""

    where: str
    code: str
    fails: str | None
    ini: str = ""
    needs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()


def examples_of(page: Path) -> Iterator[Example]:
    """The examples of *page*, in order."""
    text = page.read_text(encoding="utf-8")
    current: Example | None = None
    for block in _BLOCK.finditer(text):
        notes, language, body = block.groups()
        where = f"{page.relative_to(ROOT).as_posix()}:{text.count(chr(10), 0, block.start(2)) + 1}"
        if language == "text" and "<!-- output -->" in notes:
            assert current is not None, f"{where}: the output of which block?"
            current = replace(current, outputs=(*current.outputs, body))
        elif language == "python":
            code = textwrap.dedent(body)
            if "<!-- continues -->" in notes:
                assert current is not None, f"{where}: which block does this one continue?"
                code = f"{current.code}\n\n{code}"
            elif current is not None:
                yield current
            fails = _FAILS.search(notes)
            ini = _INI.search(notes)
            needs = _NEEDS.search(notes)
            current = Example(
                where=where,
                code=code,
                fails=fails[1] if fails else None,
                ini=ini[1] if ini else "",
                needs=tuple(needs[1].split(", ")) if needs else (),
            )
    if current is not None:
        yield current


EXAMPLES = [example for page in PAGES for example in examples_of(page)]
# The others promise more than to pass, or are no tests.
PLAIN = [one for one in EXAMPLES if _TEST.search(one.code) and not (one.fails or one.ini or one.outputs)]
GROUPS = dict.fromkeys((example.where.partition(":")[0], example.needs) for example in PLAIN)


@pytest.mark.parametrize(("page", "needs"), GROUPS, ids=lambda part: part if isinstance(part, str) else "-".join(part))
def test_the_plain_tests_of_a_page_pass(
    page: str,
    needs: tuple[str, ...],
    pytester: pytest.Pytester,
    warnings_are_errors: list[str],
) -> None:
    """All that need the same modules in one run of pytest, each block in a file that is named after its line."""
    skip_without(needs)
    group = [example for example in PLAIN if (example.where.partition(":")[0], example.needs) == (page, needs)]
    pytester.makepyfile(**{f"test_line_{example.where.partition(':')[2]}": example.code for example in group})
    result = run_of(pytester, warnings_are_errors, needs)
    result.assert_outcomes(passed=sum(len(_TEST.findall(example.code)) for example in group))


@pytest.mark.parametrize("example", [one for one in EXAMPLES if one not in PLAIN], ids=lambda example: example.where)
def test_python_block_runs(
    example: Example, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, warnings_are_errors: list[str]
) -> None:
    """A test in the docs passes, or fails as the page says; a script ends without an error."""
    skip_without(example.needs)
    if not _TEST.search(example.code):
        assert example.fails is None, "only a test can fail as promised"
        exec(compile(example.code, example.where, "exec"), {"__name__": "__main__"})
        return
    monkeypatch.setenv("COLUMNS", "80")
    pytester.makepyfile(test_upload=example.code)
    result = run_of(pytester, warnings_are_errors, example.needs, example.ini)
    said = "\n".join([*result.outlines, *result.errlines])
    if example.fails is None:
        result.assert_outcomes(passed=len(_TEST.findall(example.code)))
    else:
        assert result.ret in (pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.USAGE_ERROR)
        assert example.fails in said
    assert_lines_in_order("\n".join(example.outputs), said)


def skip_without(needs: tuple[str, ...]) -> None:
    """Skip the test if a module is missing that CI has in an environment of its own."""
    missing = [name for name in needs if importlib.util.find_spec(name) is None]
    if missing and not os.environ.get("S3ERRORS_CLIENTS"):
        pytest.skip(f"the extra `clients` has {' and '.join(missing)}")
    assert not missing


def run_of(
    pytester: pytest.Pytester, warnings_are_errors: list[str], needs: tuple[str, ...], ini: str = ""
) -> pytest.RunResult:
    """Run the files of *pytester* as a reader's project would."""
    pytester.makeini(f"[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n{ini}\n")
    if not needs:
        return pytester.runpytest("-p", "no:cacheprovider", *warnings_are_errors)
    # pytester forgets what a run inside this process imported, and C extensions can't be imported twice. What a page
    # is about may be a plugin, so here all that are installed are loaded.
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_PLUGINS", "PYTEST_ADDOPTS"):
            patch.delenv(name, raising=False)
        limits = ("-o", "faulthandler_timeout=200")  # if it hangs, it shows where
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *limits, *warnings_are_errors, timeout=250)


def assert_lines_in_order(wanted: str, said: str) -> None:
    """Every line of *wanted* is a line of *said*, in that order; seconds may differ."""
    came = iter([plain(line) for line in said.splitlines()])
    for line in wanted.splitlines():
        assert any(plain(line) == other for other in came), f"not in the output, or not in this place: {line!r}"


def plain(line: str) -> str:
    """*line* without what differs from run to run."""
    return _ERROR_MARGIN.sub("E ", _SECONDS.sub(" s", line)).rstrip()


def test_a_changed_output_is_noticed() -> None:
    """The comparison of outputs can fail: another word, another order, a line too many; times don't matter."""
    assert_lines_in_order("  0.001 s Put  503\n   : 0.010 s", "x\n  9.999 s Put  503\ny\n   : 1.000 s")
    for wrong in ("  0.001 s Put  500", "   : 0.010 s\n  0.001 s Put  503", "  0.001 s Put  503\nmore"):
        with pytest.raises(AssertionError, match="not in the output"):
            assert_lines_in_order(wrong, "  9.999 s Put  503\n   : 1.000 s")


def test_there_are_examples_on_the_pages_for_users() -> None:
    """The search for blocks finds them: none of these pages is without one."""
    for name in ("README.md", "docs/tutorial.md", "docs/reference/markers.md", "docs/reference/fixtures.md"):
        assert any(example.where.startswith(name) for example in EXAMPLES), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_block_and_no_comment_is_passed_over(page: Path) -> None:
    """An indented block or a comment with a blank line below it would be read by nobody."""
    text = page.read_text(encoding="utf-8")
    found = [block.groups() for block in _BLOCK.finditer(text)]
    assert text.count("```python") == sum(language == "python" for _, language, _ in found)
    assert text.count("<!--") == sum(notes.count("<!--") for notes, _, _ in found)


def headings_of(page: Path) -> list[str]:
    """The headings of *page* as the anchors that GitHub makes of them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_and_named_files_exist(page: Path) -> None:
    """Every link inside the project leads to a file and a heading; every path named in passing is there."""
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{link}: there is no {target}"
        assert not anchor or anchor in headings_of(target), f"{link}: no such heading in {target.name}"
    for name in re.findall(r"(?<![\w/.])(?:docs|tests|pytest_s3errors|s3_asyncio_client|\.ci)/[\w./-]*\w", text):
        assert (ROOT / name).exists(), f"{name} is named and not there"


def test_every_page_is_linked_from_the_index() -> None:
    """Nobody has to guess that a page exists."""
    index = (ROOT / "docs/index.md").read_text(encoding="utf-8")
    museum = (ROOT / "docs/museum/README.md").read_text(encoding="utf-8")
    fidelity = (ROOT / "docs/reference/fidelity.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").rglob("*.md"):
        name = page.relative_to(ROOT / "docs").as_posix()
        if name.startswith("museum/reports/"):  # the texts for others; the museum's table leads to each
            assert f"({name.removeprefix('museum/')})" in museum
        elif name.startswith("reference/fidelity/"):
            assert f"({name.removeprefix('reference/')})" in fidelity
        else:
            assert name == "index.md" or f"({name})" in index


def rows_of(page: str, heading: str) -> list[list[str]]:
    """The cells of the first table under *heading*, without its head."""
    text = (ROOT / page).read_text(encoding="utf-8")
    section = re.split(rf"^#+ {re.escape(heading)}$", text, maxsplit=1, flags=re.MULTILINE)[1]
    table = re.search(r"(?:^\|.*\|\n)+", section, re.MULTILINE)
    assert table is not None, f"no table under {heading!r}"
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table[0].splitlines()[2:]]


def names_in(cell: str) -> list[str]:
    """What stands in backticks in *cell*, without a trailing ``=``."""
    return [name.rstrip("=") for name in re.findall(r"`([\w.-]+=?)`", cell)]


def test_the_fault_table_is_the_table_of_the_code() -> None:
    """Names, wire and options of every network fault, in the code's order."""
    page = [
        (cells[0].strip("`"), cells[1], set(names_in(cells[2])))
        for cells in rows_of("docs/reference/markers.md", "Network faults")
    ]
    assert page == [(name, kind.wire, set(kind.options)) for name, kind in FAULTS.items()]


def test_the_code_table_is_the_catalogue() -> None:
    """Every S3 error code stands in the row of its status."""
    page = {
        (name, int(row[0]))
        for row in rows_of("docs/reference/markers.md", "S3 error codes")
        for name in names_in(row[1])
    }
    assert page == {(code, spec.status) for code, spec in CODES.items()}


def test_the_option_tables_are_complete() -> None:
    """Every option of s3_fail has a row."""
    for heading, options in (
        ("Which requests", MATCH_OPTIONS),
        ("When", PLAN_OPTIONS),
        ("What fails", FAULT_OPTIONS),
    ):
        cells = " ".join(row[0] for row in rows_of("docs/reference/markers.md", heading))
        assert sorted(names_in(cells)) == sorted(options), heading


def test_each_change_touches_three_files_at_most() -> None:
    """The table names every kind of change, and files that are there."""
    rows = rows_of("docs/contributing.md", "What to touch for")
    assert len(rows) == 14
    for change, files in rows:
        named = set(re.findall(r"`(\w+/[\w/.]*)`", files))
        assert all((ROOT / name).exists() for name in named), change
        assert 1 <= len({name for name in named if name.endswith(".py")}) <= 3, change


def test_the_design_names_files_that_are_there() -> None:
    """A file without a folder lies beside the one named before it."""
    rows = [*rows_of("docs/design.md", "The way of one rule"), *rows_of("docs/design.md", "The way of one request")]
    for _, where in rows:
        folder = ROOT / "pytest_s3errors"
        for name in re.findall(r"`([\w/]+\.py)`", where):
            path = ROOT / "pytest_s3errors" / name if "/" in name or name == "plugin.py" else folder / name
            assert path.is_file(), name
            folder = path.parent


def test_every_option_has_a_row() -> None:
    """The reference names each option where it can be set, and no other."""
    text = (ROOT / "docs/reference/fixtures.md").read_text(encoding="utf-8")
    flags = {f"--s3-{name.replace('_', '-')}" for name, row in ROWS.items() if row.cli} | REPORT_OPTIONS.keys()
    assert set(re.findall(r"^\| `(--s3-[a-z-]+)", text, re.MULTILINE)) == flags
    assert set(re.findall(r"^\| `(s3_\w+)` \|", text, re.MULTILINE)) == {
        f"s3_{n}" for n, row in ROWS.items() if row.ini
    }


def test_every_marker_and_fixture_has_a_section() -> None:
    """The reference pages name what the plugin registers, and nothing else."""
    for page, names in (("markers", set(MARKERS)), ("fixtures", set(FIXTURES))):
        text = (ROOT / f"docs/reference/{page}.md").read_text(encoding="utf-8")
        assert set(re.findall(r"^## `(s3_\w+)", text, re.MULTILINE)) == names


def test_the_client_page_names_everything_public() -> None:
    """Every public name of the package and every operation of the client stands on its page."""
    text = (ROOT / "docs/reference/client.md").read_text(encoding="utf-8")
    operations = [name for name in dir(s3_asyncio_client.S3Client) if not name.startswith("_")]
    missing = [name for name in [*s3_asyncio_client.__all__, *operations] if f"{name}" not in text]
    assert not missing
