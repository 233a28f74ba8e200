"""s3_outage and s3_slow: what fails or is slow for a while, on test time."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest

LAYERS = pytest.mark.parametrize("layer", ["client", "wire"])


@LAYERS
def test_an_outage_begins_and_ends_on_test_time(run, layer):
    """At its first instant requests fail, at its last they pass; before and after too."""
    run(
        """
        @pytest.mark.s3_outage(45, start=10)
        async def test_it(s3_client, s3_clock, s3_errors):
            fates = {}
            for second in (0, 9.999, 10, 54.999, 55, 100):
                s3_clock.advance(second - s3_clock.now)
                try:
                    await s3_client.put_object("b", "k", b"")
                    fates[second] = "ok"
                except S3ServerError as error:
                    fates[second] = error.error_code
            down = "ServiceUnavailable"
            assert fates == {0: "ok", 9.999: "ok", 10: down, 54.999: down, 55: "ok", 100: "ok"}
        """,
        f"--s3-layer={layer}",
    ).assert_outcomes(passed=1)


@LAYERS
def test_an_outage_of_any_kind_for_some_requests(run, layer):
    """`what` is anything that s3_fail takes first; the matching options are its own."""
    run(
        """
        @pytest.mark.s3_outage(5, what="connection_reset", operation="PutObject", key="logs/*")
        async def test_it(s3_client):
            await s3_client.put_object("b", "other", b"")
            with pytest.raises(S3ConnectionError):
                await s3_client.put_object("b", "logs/1", b"")
            await asyncio.sleep(5)
            await s3_client.put_object("b", "logs/1", b"")
        """,
        f"--s3-layer={layer}",
    ).assert_outcomes(passed=1)


def test_an_outage_set_in_the_body_counts_from_then(run):
    """So that it can be declared where it is to begin; it can be ended early."""
    run(
        """
        async def test_it(s3_client, s3_clock, s3_errors):
            s3_clock.advance(100)
            outage = s3_errors.outage(30)
            with pytest.raises(S3ServerError):
                await s3_client.head_object("b", "k")
            await asyncio.sleep(30)
            with pytest.raises(S3NotFoundError):
                await s3_client.head_object("b", "k")
            assert (outage.fired, outage.remaining) == (1, None)
            with s3_errors.outage(3600):
                with pytest.raises(S3ServerError):
                    await s3_client.head_object("b", "k")
            with pytest.raises(S3NotFoundError):
                await s3_client.head_object("b", "k")
        """
    ).assert_outcomes(passed=1)


def test_an_outage_that_met_no_request_fails_the_test(run):
    """And says when it was, and when the nearest request came."""
    result = run(
        """
        @pytest.mark.s3_outage(45, start=10)
        async def test_it(s3_client):
            await s3_client.put_object("b", "k", b"")

        @pytest.mark.s3_outage(45, start=10, optional=True)
        async def test_optional(s3_client):
            pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        [
            "s3_outage(45, start=10) never fired.",
            "  1 request came; the nearest was PutObject b/k (PUT https://b.s3.us-east-1.amazonaws.com/k).",
            "  The first field that differed: test time: wanted 10 s up to 55 s, came 0 s.",
        ]
    )


@LAYERS
def test_slow_answers_come_late_and_at_a_rate(run, layer):
    """The first byte after `first_byte`, the body at `bytes_per_second`; other requests are not slowed."""
    run(
        """
        @pytest.mark.s3_object("b", "k", bytes(5000))
        @pytest.mark.s3_slow(first_byte=2.0, bytes_per_second=1000, operation="GetObject")
        async def test_it(s3_client, s3_clock):
            await s3_client.put_object("b", "other", b"")
            assert s3_clock.now == 0
            assert len((await s3_client.get_object("b", "k"))["body"]) == 5000
            assert s3_clock.now == 7.0
            assert s3_clock.sleeps == []
        """,
        f"--s3-layer={layer}",
    ).assert_outcomes(passed=1)


@LAYERS
def test_slow_adds_to_whatever_takes_the_request(run, layer):
    """It takes none away from other rules, and slows errors, delays and broken bodies too."""
    run(
        """
        @pytest.mark.s3_slow(1.0)
        @pytest.mark.s3_fail(503, times=1)
        @pytest.mark.s3_fail("AccessDenied", delay=3, times=1)
        @pytest.mark.s3_fail("connection_reset", times=1)
        async def test_it(s3_client, s3_errors, s3_clock):
            for error in (S3ServerError, S3AccessDeniedError, S3ConnectionError):
                with pytest.raises(error):
                    await s3_client.put_object("b", "k", b"")
            await s3_client.put_object("b", "k", b"")
            assert [round(r.ended_s - r.started_s, 6) for r in s3_errors.requests] == [1, 4, 1, 1]
            assert s3_errors.requests[-1].rule is None
            first, *_, fail, slow, _, _ = s3_errors.timeline().splitlines()
            assert first.endswith(" after 1.000 s  <- [1], 1 of 1  <- [2], 1")
            assert (fail, slow) == ("[1] s3_fail(503, times=1)", "[2] s3_slow(1.0)")
        """,
        f"--s3-layer={layer}",
    ).assert_outcomes(passed=1)


def test_the_first_slow_rule_counts(run):
    """Rules of the body come before markers; one that slowed nothing fails the test."""
    result = run(
        """
        @pytest.mark.s3_slow(100, optional=True)
        async def test_it(s3_client, s3_errors, s3_clock):
            with s3_errors.slow(first_byte=2) as slow:
                await s3_client.put_object("b", "k", b"")
            assert (s3_clock.now, slow.fired) == (2, 1)

        @pytest.mark.s3_slow(100, key="other")
        async def test_unfired(s3_client):
            await s3_client.put_object("b", "k", b"")
        """
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["s3_slow(100, key='other') never fired."])


WRONG = [
    ("s3_outage()", "s3_outage() takes one positional argument, for how many seconds, such as s3_outage(45)"),
    ("s3_outage('45')", "s3_outage(duration='45'): allowed is a number of seconds, 0 or more"),
    ("s3_outage(0)", "s3_outage(0): an outage of no duration fails nothing"),
    ("s3_outage(45, begin=3)", "s3_outage() has no option 'begin'*; it takes start, what, operation, *"),
    ("s3_outage(45, start=-1)", "s3_outage(start=-1): allowed is a number of seconds, 0 or more"),
    ("s3_outage(45, what='SlowDwn')", "s3_outage: 'SlowDwn' is neither *; did you mean 'SlowDown'?*"),
    ("s3_outage(45, what='truncated_body', operation='PutObject')", 's3_outage: "truncated_body" needs an answer*'),
    (
        "s3_slow()",
        "s3_slow() says what is slow: s3_slow(first_byte=2.0) or s3_slow(bytes_per_second=1000), or both",
    ),
    ("s3_slow(-1)", "s3_slow(first_byte=-1): allowed is a number of seconds, 0 or more"),
    ("s3_slow(bytes_per_second=0)", "s3_slow(bytes_per_second=0): allowed is a number of bytes, above 0"),
    ("s3_slow(1, 2, 3)", "s3_slow(): only first_byte, bytes_per_second go without a name; 3 positional *"),
    ("s3_slow(1, keys='x')", "s3_slow() has no option 'keys'; did you mean 'key'?*"),
]


def test_a_wrong_argument_stops_collection(refused):
    """With the test's name and what is allowed."""
    for (_, says), said in zip(WRONG, refused([marker for marker, _ in WRONG]), strict=True):
        assert fnmatch(said, says)


def test_the_layer_is_no_business_of_the_body(run):
    """As for every rule of the controller."""
    run(
        """
        def test_it(s3_errors):
            for wrong in (lambda: s3_errors.outage(1, layer="wire"), lambda: s3_errors.slow(1, layer="wire")):
                with pytest.raises(ValueError, match="layer is chosen before"):
                    wrong()
        """
    ).assert_outcomes(passed=1)


def test_a_control_run_has_neither(run):
    """Faults are off, slowness too."""
    run(
        """
        @pytest.mark.s3_outage(45)
        @pytest.mark.s3_slow(5)
        async def test_it(s3_client, s3_errors, s3_clock):
            with s3_errors.outage(45), s3_errors.slow(5):
                await s3_client.put_object("b", "k", b"")
            assert s3_clock.now == 0
        """,
        "--s3-control",
    ).assert_outcomes(passed=1)
