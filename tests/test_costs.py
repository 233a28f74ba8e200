"""How many calls the plugin adds: unlike time, a busy machine does not change them."""

from __future__ import annotations

import pytest

COUNTING = """
import sys

import pytest

class Calls:
    number = 0

    def __enter__(self):
        sys.setprofile(self.look)
        return self

    def __exit__(self, *_):
        sys.setprofile(None)

    def look(self, frame, event, arg):
        self.number += event in ("call", "c_call")

def pytest_runtestloop(session):
    for item, following in zip(session.items, [*session.items[1:], None]):
        with Calls() as calls:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        print(f"\\n{item.originalname} {calls.number}")
    return True
"""


@pytest.fixture
def counted(pytester):
    """Return a function that runs a file of tests and returns what each last printed a number for."""

    def run(source: str) -> dict[str, int]:
        pytester.makeconftest(COUNTING)
        pytester.makepyfile(source)
        result = pytester.runpytest_subprocess("-q", "-s", "-p", "no:cacheprovider")
        lines = [line.split() for line in result.outlines]
        assert result.ret == 0, result.outlines
        return {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}

    return run


def test_a_marker_costs_few_calls(counted):
    """One without a request: what leads to S3 is there for all tests, and each of them only looks whether it is."""
    found = counted("""
        import pytest
        import boto3, httpx

        @pytest.mark.parametrize("n", range(3))
        def test_unmarked(n):
            pass

        @pytest.mark.parametrize("n", range(3))
        @pytest.mark.s3_layer("client")
        @pytest.mark.s3_fail(503, optional=True)
        def test_client(n):
            pass

        @pytest.mark.parametrize("n", range(3))
        @pytest.mark.s3_fail(503, optional=True)
        def test_wire(n):
            pass
    """)
    assert found["test_client"] - found["test_unmarked"] < 1150
    assert found["test_wire"] - found["test_unmarked"] < 1350


def test_a_read_that_need_not_wait_costs_few_calls(counted):
    """botocore reads the head that says 100 Continue byte by byte."""
    found = counted("""
        import socket
        import pytest
        from conftest import Calls

        @pytest.mark.s3_fail(503, optional=True)
        def test_read():
            ours, theirs = socket.socketpair()
            with ours, theirs:
                ours.settimeout(60)
                theirs.sendall(bytes(200))
                with Calls() as calls:
                    for _ in range(100):
                        ours.recv(1)
            print(f"\\nread {calls.number}")
    """)
    assert found["read"] < 1200
