"""Tests that would go on for ever: each ends red, and says where its code is."""

from __future__ import annotations

import pytest

LOOPS = {
    "an async loop": """
        @pytest.mark.s3_fail(503)
        async def test_it(s3_client):
            while True:
                try:
                    await s3_client.get_object("b", "k")  # here
                except Exception:
                    pass
        """,
    "a blocking loop, in a function that the test calls": """
        import httpx

        def fetch():
            httpx.get("https://b.s3.us-east-1.amazonaws.com/k")  # here

        @pytest.mark.s3_fail(503)
        def test_it():
            while True:
                fetch()  # calls
        """,
    "sleeps": """
        async def test_it(s3_client):
            while True:
                await asyncio.sleep(3600)  # here
        """,
    "blocking sleeps": """
        import time
        def test_it(s3_client):
            while True:
                time.sleep(3600)  # here
        """,
}


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("server", ["thread", "process"])
def test_a_loop_without_end_is_named_by_its_line(run, loop, server):
    """Whatever it catches, wherever the server runs."""
    if server == "process" and "sleep" in loop:
        pytest.skip("beside a server in a process time is real")
    result = run(LOOPS[loop], ini=f"s3_max_time = 99999\ns3_server = {server}")
    result.assert_outcomes(failed=1)
    lines = result.outlines[result.outlines.index("The code is at") + 1 :]
    wanted = [line.strip() for line in LOOPS[loop].splitlines() if "# here" in line or "# calls" in line]
    named = [line.partition(": ")[2] for line in lines if line.startswith("  test_it.py:")]
    assert sorted(named) == sorted(wanted)
