"""The matrix as a whole: nothing is skipped in silence, and the page is what its rows say."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import client_page
import pytest
from client_matrix import BROKEN, SCENARIOS, UNCONNECTED

HERE = Path(__file__).parent
FILES = sorted(path for path in HERE.glob("test_*.py") if path != Path(__file__))
_NEEDS = re.compile(r'pytest\.importorskip\(\s*"(\w+)')
NEEDED = {path.name: _NEEDS.findall(path.read_text(encoding="utf-8")) for path in FILES}
ALLOWED = dict(
    line.split(": ", 1)
    for line in (HERE / "allowed_skips.txt").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
)


@pytest.mark.skipif(not os.environ.get("S3ERRORS_CLIENTS"), reason="set where the extra `clients` is installed")
@pytest.mark.parametrize("name", NEEDED)
def test_every_client_is_installed(name):
    """With the extra, the only files that are skipped are those on the list."""
    missing = [module for module in NEEDED[name] if importlib.util.find_spec(module) is None]
    assert not missing or name in ALLOWED, f"{name} was skipped: {missing} is missing, and allowed_skips.txt says no"


def test_a_missing_client_is_the_only_reason_to_skip():
    """No test of a client is skipped or excused by other means, and the list names files that are there."""
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"(?:importor|mark\.|pytest\.)skip|xfail", text)) == len(NEEDED[path.name])
        assert text.count("reason=") == len(NEEDED[path.name])
    assert set(ALLOWED) <= set(NEEDED)


def test_the_page_is_made_of_its_rows():
    """The summary agrees with the tables, the tables are in order, and no client or scenario is left from before."""
    sections = client_page.read()
    text = client_page.PAGE.read_text(encoding="utf-8")
    assert text.endswith(client_page.generated_part(sections))
    sources = "".join(path.read_text(encoding="utf-8") for path in FILES)
    scenarios = [scenario.name for scenario in SCENARIOS]
    for name, section in sections.items():
        assert f'"{name}"' in sources
        assert set(section.rows) <= {*scenarios, *BROKEN, *UNCONNECTED}
        assert set(section.rows) >= set(BROKEN)


def test_another_behaviour_is_noticed_and_another_version_is_not(monkeypatch, tmp_path):
    """A row that differs fails, and is written only if the environment says so; versions are only written."""
    page = tmp_path / "clients.md"
    monkeypatch.setattr(client_page, "PAGE", page)
    monkeypatch.setenv("S3ERRORS_UPDATE_DOCS", "1")
    page.write_text(f"# Clients\n\nProse.\n\n{client_page.GENERATED}\n", encoding="utf-8")
    row = client_page.Row(requests="1 GetObject", end="returns", data="right")
    client_page.expect("pytest", ("pytest",), "Default settings.", "403", row)
    monkeypatch.delenv("S3ERRORS_UPDATE_DOCS")
    written = page.read_text(encoding="utf-8")
    assert "Prose." in written
    assert pytest.__version__ in written
    page.write_text(written.replace(pytest.__version__, "0.0.1"), encoding="utf-8")
    client_page.expect("pytest", ("pytest",), "Default settings.", "403", row)
    other = client_page.Row(requests="2 GetObject", end="returns", data="right")
    with pytest.raises(AssertionError, match="2 GetObject"):
        client_page.expect("pytest", ("pytest",), "Default settings.", "403", other)
    with pytest.raises(AssertionError, match="the page says None"):
        client_page.expect("pytest", ("pytest",), "Default settings.", "404", row)
