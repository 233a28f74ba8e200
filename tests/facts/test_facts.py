"""Every claim is asked of the simulated S3 and of moto, and the page says what both did."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import fact_page
import pytest
from fact_list import ABOUT_BOTOCORE, CLAIMS, DOUBTED, OPERATIONS, SOURCES, Claim, Seen

from s3_asyncio_client._core.operations import OPERATIONS as TABLE

for module in sorted(Path(__file__).parent.glob("facts_*.py")):
    importlib.import_module(module.stem)

LIMITATIONS = Path(__file__).parents[2] / "docs" / "limitations.md"
FACTS = range(1, 86)

each_claim = pytest.mark.parametrize("claim", CLAIMS, ids=str)


def compare(claim: Claim, side: str, seen: Seen) -> None:
    """Hold *seen* against the page; other versions may differ."""
    try:
        fact_page.expect(claim, side, seen)
    except fact_page.OtherVersionsError as why:
        pytest.skip(str(why))


@pytest.mark.s3_credentials
@each_claim
def test_the_simulated_s3_does_it(claim, ours):
    """What S3 does, the simulated S3 does too, and the page says so."""
    seen = claim.see(ours)
    if claim.number not in ABOUT_BOTOCORE:
        assert seen.holds, f"S3: {claim.says}. The simulated S3: {seen.text}"
    compare(claim, "ours", seen)


@each_claim
def test_moto_does_what_the_page_says(claim, moto):
    """Right or not, moto does what its cell says."""
    compare(claim, "moto", claim.see(moto))


def out_of_scope():
    """The numbers that docs/limitations.md gives a reason for."""
    section = LIMITATIONS.read_text(encoding="utf-8").partition("## Facts without a row")[2].partition("\n## ")[0]
    return [int(number) for number in re.findall(r"^\| (\d+) \|", section, re.MULTILINE)]


def test_every_fact_is_checked_or_has_a_reason():
    """Each number has a row on the page, or a line among the limitations, and none has both."""
    checked, excused = {claim.number for claim in CLAIMS}, out_of_scope()
    assert sorted({*checked, *excused}) == list(FACTS)
    assert not checked & set(excused)
    assert checked == set(SOURCES)


def test_the_pages_are_made_of_their_cells():
    """Rows, sources, order and index agree with the code; nothing is left from before, nothing is missing."""
    text = fact_page.PAGE.read_text(encoding="utf-8")
    cells = fact_page.read()
    observed = re.search(r"^Observed with (.+)\.$", text, re.MULTILINE)
    assert observed is not None
    assert fact_page.index(cells, observed[1]) in text
    found = {page.name: page.read_text(encoding="utf-8") for page in fact_page.folder().iterdir()}
    assert found == fact_page.subjects(cells)
    assert set(cells) == {(str(claim.number), claim.says) for claim in CLAIMS}
    assert all(seen["ours"].startswith("✓") and seen["moto"] for seen in cells.values())


def test_every_fact_is_found_by_its_operation():
    """The index by operation names each fact, in order, under operations that S3 has."""
    assert {number for numbers in OPERATIONS.values() for number in numbers} == set(SOURCES)
    assert all(list(numbers) == sorted(set(numbers)) for numbers in OPERATIONS.values())
    assert OPERATIONS.keys() - TABLE.keys() == {"any"}


def test_every_source_and_every_doubt_is_explained():
    """The keys of the column are on the first page, but for those that name an issue of a repository."""
    prose = fact_page.PAGE.read_text(encoding="utf-8")
    keys = {key for source in SOURCES.values() for key in source.split(", ") if "#" not in key}
    assert [key for key in sorted(keys) if f"**{key}**" not in prose] == []
    doubts = prose.partition("\n## Doubts\n")[2]
    named = [number for each in re.findall(r"^- ([\d, ]+):", doubts, re.MULTILINE) for number in each.split(", ")]
    assert sorted(map(int, named)) == sorted(DOUBTED)


def test_another_behaviour_is_noticed(monkeypatch, tmp_path):
    """A cell that differs fails, is written if the environment says so, and is excused under other versions."""
    page = tmp_path / "fidelity.md"
    page.write_text(f"# Fidelity\n\nProse.\n\n{fact_page.GENERATED}\n\n## How to read it\n\nSigns.\n", encoding="utf-8")
    monkeypatch.setattr(fact_page, "PAGE", page)
    claim, seen = CLAIMS[0], Seen(text="a | b", holds=True)
    monkeypatch.setenv("S3ERRORS_UPDATE_DOCS", "1")
    fact_page.expect(claim, "ours", seen)
    monkeypatch.delenv("S3ERRORS_UPDATE_DOCS")
    fact_page.expect(claim, "ours", seen)
    assert "Prose." in page.read_text(encoding="utf-8")
    assert "## How to read it\n\nSigns.\n" in page.read_text(encoding="utf-8")
    other = Seen(text="a | b", holds=False)
    with pytest.raises(AssertionError, match="it did '✗ a"):
        fact_page.expect(claim, "ours", other)
    with pytest.raises(AssertionError, match="the page says ''"):
        fact_page.expect(claim, "moto", seen)
    monkeypatch.setattr(fact_page, "versions", lambda: "moto 0.1, botocore 0.1")
    fact_page.expect(claim, "ours", seen)
    with pytest.raises(fact_page.OtherVersionsError, match=r"here is moto 0\.1"):
        fact_page.expect(claim, "ours", other)
