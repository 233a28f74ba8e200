"""The documentation as a site: no dead link or anchor, and each page fits a phone and a desk in a real browser."""

from __future__ import annotations

import importlib.metadata
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SITE = "https://pytest-s3errors.readthedocs.io/"
DOCS = Path(__file__).parents[1] / "docs"
pytest.importorskip("sphinx", reason="the extra `docs` has it")


def build(source: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Build the site as its host does."""
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", "-n", "-d", f"{target}-trees"]
    return subprocess.run([*command, str(source), str(target)], check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    target = tmp_path_factory.mktemp("site") / "html"
    built = build(DOCS, target)
    assert built.returncode == 0, built.stderr
    return target


def test_dead_links_fail_the_build(tmp_path):
    """Each of them is named: a page, a heading of another page, one of this page."""
    shutil.copy(DOCS / "conf.py", tmp_path)
    shutil.copytree(DOCS / "site", tmp_path / "site")
    (tmp_path / "index.md").write_text("# Index\n\n[a](no-page.md) [b](other.md#no-head) [c](#not-here)\n")
    (tmp_path / "other.md").write_text("---\norphan: true\n---\n# Other\n")
    built = build(tmp_path, tmp_path / "html")
    assert built.returncode != 0
    for link in ("no-page", "no-head", "not-here"):
        assert "xref_missing" in built.stderr
        assert link in built.stderr


def test_links_on_the_package_index_lead_to_pages(site):
    """The index shows the README without the pages beside it, so its links lead to the site's."""
    shown = importlib.metadata.metadata("pytest-s3errors")
    links = re.findall(r"\]\(([^)\s]+)\)", str(shown.get_payload()))
    assert [link for link in links if not link.startswith("https://")] == []
    urls = [url.split(", ")[1] for url in shown.get_all("Project-URL", [])]
    pages = [link.removeprefix(SITE).removeprefix("en/latest/") for link in links + urls if link.startswith(SITE)]
    assert len(pages) > len(urls) > 0
    for page, _, anchor in (page.partition("#") for page in pages):
        text = (site / (page or "index.html")).read_text(encoding="utf-8")
        assert not anchor or f'id="{anchor}"' in text, f"{page}#{anchor}"


def test_no_page_is_wider_than_the_window(site, browser):
    """At 390 and 1280 pixels, and none logs anything or asks for what is not there."""
    pages = [page for page in site.rglob("*.html") if page.name not in {"genindex.html", "search.html"}]
    assert len(pages) == len(list(DOCS.rglob("*.md")))
    problems = []
    shown = browser.new_page()
    shown.on("console", lambda message: problems.append(message.text))
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("requestfailed", lambda request: problems.append(request.url))
    for page in pages:
        shown.goto(page.as_uri())
        for width in (390, 1280):
            shown.set_viewport_size({"width": width, "height": 850})
            wide = shown.evaluate("document.scrollingElement.scrollWidth")
            problems += [f"{page.name} is {wide} wide at {width}"] if wide > width else []
    shown.close()
    assert problems == []
