"""Summarize sweeps at the end of a session: one line each, and the baseline file if one is to be written.

The data comes from the properties of reports, which travel from the workers of pytest-xdist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SUMMARY, TOLD, FOUND = "s3_sweep", "s3_sweep_gave_up_at", "s3_sweep_found"
"""Names of properties: the counts as one line, where a body wrongly gave up, the findings for a baseline."""

_MOST_TOLD = 5


def accepted(path: str | None) -> frozenset[str] | None:
    """Return the findings that the baseline at *path* accepts. None: the file is still to be written."""
    if path is None:
        return frozenset()
    file = Path(path)
    return frozenset(file.read_text(encoding="utf-8").splitlines()) if file.exists() else None


def tell(reporter: pytest.TerminalReporter, baseline: str | None) -> None:
    """Print the results of all sweeps, and write the baseline if it does not exist."""
    swept = [
        (report.nodeid, properties)
        for reports in reporter.stats.values()
        for report in reports
        if getattr(report, "when", None) == "call" and SUMMARY in (properties := dict(report.user_properties))
    ]
    if not swept:
        return
    if reporter.verbosity >= 0 or any("did not run" in str(properties[SUMMARY]) for _, properties in swept):
        reporter.write_sep("=", "S3 sweep")
        for nodeid, properties in swept:
            reporter.write_line(f"{nodeid}: {properties[SUMMARY]}")
            for line in _told(str(properties.get(TOLD, "")).splitlines()):
                reporter.write_line(f"    {line}")
    if baseline is not None and not Path(baseline).exists():
        found = [line for _, properties in swept for line in str(properties.get(FOUND, "")).splitlines()]
        file = Path(baseline)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"{line}\n" for line in found), encoding="utf-8")
        reporter.write_line(f"{baseline}: {len(found)} findings are accepted from now on")


def _told(lines: Sequence[str]) -> Iterable[str]:
    more = len(lines) - _MOST_TOLD
    return [*lines[:_MOST_TOLD], f"... and {more} more"] if more > 0 else lines
