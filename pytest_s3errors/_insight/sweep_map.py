"""What the page of ``--s3-report`` shows of one sweep: a map of its runs, request by fault.

A sweep creates a `SweepMap`, adds each run, and sets `as_values` as the attribute ATTRIBUTE of the logged report, so
that it also arrives from a worker of pytest-xdist. The shape, in plain values:

- ``id``: the test; ``summary``: how the runs ended, as one line
- ``requests``: the texts of the requests, in the order of the fault-free run; ``faults``: the names of the faults
- ``runs``: for each run ``[requests, faults, modes, verdict, reason, marker, timeline]``. The first two are lists of
  places in the lists above, one for each fault of the run; ``modes`` has "once" or "always" for each. ``marker``
  replays the run, "" where nothing was found. ``timeline`` is what `page.values_of` makes of the run's journal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from pytest_s3errors._core.insight.verdicts import FAILING
from pytest_s3errors._core.report.findings import Finding, Outcome
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from s3_asyncio_client._core.redact import redact

from .page import values_of

if TYPE_CHECKING:
    from pytest_s3errors._core.insight.targets import Target
    from pytest_s3errors._core.report.journal import Entry

ATTRIBUTE: Final = "s3_sweep_map"
_REASON_CHARACTERS: Final = 300


class SweepMap:
    """Collect the runs of one sweep."""

    def __init__(self) -> None:
        self._faults: dict[str, int] = {}
        self._runs: list[tuple[list[tuple[int, str]], Outcome, dict[str, Any]]] = []

    def add(self, outcome: Outcome, entries: Sequence[Entry]) -> None:
        """Add one run and its journal."""
        for one in outcome.case.faults:
            self._faults.setdefault(str(one.condition), len(self._faults))
        requests = [(one.target.position, request_text(one.target)) for one in outcome.case.faults]
        self._runs.append((requests, outcome, values_of(entries, frozenset())))

    def as_values(self, nodeid: str, summary: str) -> dict[str, Any]:
        """Return it as lists, dicts, texts and numbers."""
        asked = sorted(dict.fromkeys(one for requests, *_ in self._runs for one in requests))
        places = {text: place for place, text in enumerate(dict.fromkeys(text for _, text in asked))}
        runs = [
            [
                [places[text] for _, text in requests],
                [self._faults[str(one.condition)] for one in outcome.case.faults],
                [one.mode for one in outcome.case.faults],
                outcome.verdict.kind,
                redact(" ".join(outcome.verdict.reasons[:1]), [TEST_CREDENTIALS.secret_key])[:_REASON_CHARACTERS],
                Finding(outcomes=(outcome,)).marker if outcome.verdict.kind in FAILING else "",
                timeline,
            ]
            for requests, outcome, timeline in self._runs
        ]
        return {"id": nodeid, "summary": summary, "requests": list(places), "faults": list(self._faults), "runs": runs}


def request_text(target: Target) -> str:
    """Return the request *target* as one line."""
    one = target.identity
    place = "/".join(part for part in one.place if part)
    details = (one.operation, place, f"part {one.part}" if one.part else "", one.range or "")
    number = f"#{target.number}" if target.number > 1 else ""
    return " ".join(part for part in (*details, number) if part)
