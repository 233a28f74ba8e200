"""Random operations on the simulated S3 and on moto: the same results, but for a list of known differences.

The list is the table in docs/reference/moto.md; `python tests/judges/test_against_moto.py` writes it anew.
S3ERRORS_EXAMPLES=1000 looks for more.
"""

from __future__ import annotations

import itertools
import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from differences import DIFFERENCES
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import PART_BYTES, Both, Locks
from pair import models, moto_client, pair_of

from pytest_s3errors._core.s3 import multipart

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "moto.md"
MARK = "## The differences\n\n"
START = datetime(2026, 5, 1, 12)  # noqa: DTZ001 - moto's times are UTC and do not say so
EXAMPLES = os.environ.get("S3ERRORS_EXAMPLES")
BOUNDED = settings(
    max_examples=int(EXAMPLES or 8),  # of .ci/long a thousand
    stateful_step_count=25,
    derandomize=EXAMPLES is None,
    # To make a failing run small takes minutes.
    phases=[phase for phase in Phase if EXAMPLES or phase is not Phase.shrink],
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def motos():
    """Return a client on moto."""
    client = moto_client()
    yield client
    client.close()


@pytest.fixture
def both(judging, motos, monkeypatch):
    """Return what makes a pair; parts of uploads may be small in both."""
    monkeypatch.setattr(multipart, "MIN_PART_BYTES", PART_BYTES)
    monkeypatch.setattr(models, "S3_UPLOAD_PART_MIN_SIZE", PART_BYTES)

    def pair():
        moments = itertools.count()  # anew, so that the clocks of the two stay close
        # moto sorts versions by their time, and two of one moment into the wrong order.
        monkeypatch.setattr(models, "utcnow", lambda: START + timedelta(seconds=next(moments)))
        return pair_of(judging, motos, DIFFERENCES)

    return pair


@pytest.mark.parametrize("rules", [Both, Locks])
def test_random_operations_agree(both, judging, rules):
    """Whatever the two differ in is a known difference, and botocore's model knows all of the answers."""

    class Machine(rules):
        pair = staticmethod(both)

        def teardown(self):
            assert judging.problems() == []

    run_state_machine_as_test(Machine, settings=BOUNDED)


@pytest.mark.parametrize("known", DIFFERENCES, ids=lambda known: known.name)
def test_known_difference(both, known):
    """moto and the simulated S3 still differ in this; nothing unknown is different on the way to it."""
    pair = both()
    for operation, parameters in known.calls:
        pair(operation, **parameters)
    assert known.name in pair.excused


def table():
    """The lines of the table."""
    rows = [
        f"| {known.name} | {known.s3} | {known.source} |" for known in sorted(DIFFERENCES, key=lambda one: one.name)
    ]
    return "\n".join(["| moto 5.2 | S3, and the simulated S3 | source |", "|---|---|---|", *rows]) + "\n"


def test_the_page_has_the_differences():
    """docs/reference/moto.md has the table as it is here."""
    assert PAGE.read_text(encoding="utf-8").partition(MARK)[2] == table()


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text(encoding="utf-8").partition(MARK)[0] + MARK + table(), encoding="utf-8")
