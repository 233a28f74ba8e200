"""The names of the package: there for everybody who writes an annotation, and free for those who don't."""

from __future__ import annotations

import pickle
import subprocess
import sys
from datetime import UTC, datetime

import pytest

import pytest_s3errors
from pytest_s3errors._core.rules.options import FailOptions
from pytest_s3errors._core.rules.parse_rule import FAIL_OPTIONS

NAMES = {
    "ExpectationError", "Record", "RetryProfile", "RuleError", "RuleHandle", "S3Clock", "S3Errors",
    "S3Retries", "S3Schedule", "S3Server", "S3Store", "S3Sweep",
    "SimulationError", "StoredObject",
}  # fmt: skip


def test_the_names_are_those_of_the_contract():
    """No more, no fewer; tab completion shows them."""
    assert set(pytest_s3errors.__all__) == NAMES
    assert set(dir(pytest_s3errors)) >= NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_name_is_where_it_says_it_is(name):
    """In reports, in documentation and in a pickle a class goes by its public name."""
    found = getattr(pytest_s3errors, name)
    assert (found.__module__, found.__qualname__) == ("pytest_s3errors", name)
    assert pickle.loads(pickle.dumps(found)) is found


def test_another_name_is_an_attribute_error():
    """As with any module."""
    with pytest.raises(AttributeError, match="module 'pytest_s3errors' has no attribute 'S3Error'"):
        pytest_s3errors.S3Error  # noqa: B018


def test_importing_the_package_loads_nothing_of_it():
    """pytest imports it at each start, whether a test uses S3 or not; only the system's clock is taken at once."""
    script = "import sys, pytest_s3errors; print([name for name in sys.modules if name.startswith('pytest_s3errors.')])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "['pytest_s3errors.system_clock']\n"


def test_what_type_checkers_know_is_what_is_taken():
    """Only `layer=` is for markers alone: the controller can't change it in a running test."""
    assert set(FailOptions.__annotations__) == set(FAIL_OPTIONS) - {"layer"}


def test_stored_objects_and_records_travel():
    """A server in another process sends them."""
    store = pytest_s3errors.S3Store(now=lambda: datetime.now(UTC))
    obj = store.put("data", "key", b"1")
    assert obj.body == b"1"
    record = pytest_s3errors.Record(
        operation="PutObject", bucket="b", key="k", part=None, method="PUT", url="https://b/k", endpoint="b",
        status=200, error_code=None, fault=None, rule=None, started_s=0.0, ended_s=1.0, body_size=1,
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(record)) == record


@pytest.mark.parametrize("place", ["thread", "process"])
@pytest.mark.parametrize("backend", ["memory", "moto"])
def test_a_fixture_is_an_instance_of_its_class(run, place, backend):
    """Runtime checkers of annotations ask that, wherever S3 runs and whatever does its work."""
    run(
        """
        from pytest_s3errors import S3Clock, S3Errors, S3Retries, S3Server, S3Store, S3Sweep

        def test_it(s3_clock, s3_errors, s3_retries, s3_server, s3_store, s3_sweep):
            assert isinstance(s3_clock, S3Clock) and not isinstance(s3_store, S3Clock)
            assert isinstance(s3_errors, S3Errors) and isinstance(s3_retries, S3Retries)
            assert isinstance(s3_server, S3Server) and isinstance(s3_sweep, S3Sweep)
            assert isinstance(s3_store, S3Store)
        """,
        f"--s3-server={place}",
        f"--s3-backend={backend}",
    ).assert_outcomes(passed=1)
