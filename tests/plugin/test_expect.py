"""s3_expect: every expectation with a passing and a failing twin, and how the failing one says so."""

from __future__ import annotations

import hashlib
import textwrap
from fnmatch import fnmatch

import pytest

from pytest_s3errors._core.report.expectations import _NO_CIRCUIT, _NO_READ

PUT = "await retry_with_exponential_backoff(lambda: s3_client.put_object('b', 'k', b'data'), jitter=False)"
ROW = "  <- [1], {} of 2"
TWICE = [
    " {:>7} s PutObject b/k 4 B  503 ServiceUnavailable" + ROW.format(1),
    "           : 1.000 s ===============",
    " {:>7} s PutObject b/k 4 B  503 ServiceUnavailable" + ROW.format(2),
    "           : 2.000 s ==============================",
    " {:>7} s PutObject b/k 4 B  200",
    "[1] s3_fail(503, times=2)",
]


def twice(marks: str = "   ") -> list[str]:
    """The timeline of two failures and a success, marked where *marks* say."""
    lines = [line.format(time) for line, time in zip(TWICE, ("0.000", "", "1.000", "", "3.000", ""), strict=True)]
    for at, mark in zip((0, 2, 4), marks, strict=True):
        lines[at] = mark + lines[at][1:]
    return lines


def report(result: pytest.RunResult, test: str = "test_it") -> list[str]:
    """What stands in the failure of *test*, without pytest's frame and captured logs."""
    lines = iter(result.outlines)
    for line in lines:
        if line.startswith("___") and line.strip("_ ").endswith(test):
            break
    shown = []
    for line in lines:
        if line.startswith(("=====", "___", "-")) and "S3" not in line:
            break
        shown.append(line if not line.startswith("-") else "---")
    return shown


SHA256 = hashlib.sha256(b"data").hexdigest()
TENTH = "(and up to 10 % more)"
SEEN = "seen waits of 1.000 s, 2.000 s"
TWINS = {
    "attempts": ("attempts=3", "attempts=4", ["attempts: wanted 4 requests, seen 3."], "   "),
    "attempts of an operation": (
        "attempts={'PutObject': 3, 'Get*': 0}",
        "attempts={'PutObject': 1, 'Get*': 1}",
        ["attempts at PutObject: wanted 1 request, seen 3.", "attempts at Get*: wanted 1 request, seen 0."],
        ">>>",
    ),
    "backoff": (
        "backoff=[1.0, 2.0]",
        "backoff=[1.0, 1.0]",
        [f"backoff of PutObject b/k: wanted waits of 1.000 s, 1.000 s {TENTH}, {SEEN}."],
        "  >",
    ),
    "backoff with jitter": (
        "backoff=[1, 1], jitter=1",
        "backoff=[0.9, 1.9], jitter=0",
        [f"backoff of PutObject b/k: wanted waits of 0.900 s, 1.900 s, {SEEN}."],
        " >>",
    ),
    "backoff that is too short": (
        "backoff=[1, 2]",
        "backoff=[1, 2, 4]",
        [f"backoff of PutObject b/k: wanted waits of 1.000 s, 2.000 s, 4.000 s {TENTH}, {SEEN}."],
        "  >",
    ),
    "elapsed": ("elapsed=(3, 3)", "elapsed=(0, 2.5)", ["elapsed: wanted 0 to 2.5 s, seen 3.000 s."], "   "),
    "outcome": ("outcome='success'", "outcome=S3ServerError", ["outcome: wanted S3ServerError, seen success."], "   "),
    "stored": (
        "stored={'b/k': b'data', 'b/other': None}",
        "stored={'b/k': b'date', 'b/other': b'x', 'b/none': None}",
        ["stored b/k: wanted 4 bytes b'date', seen 4 bytes b'data'.",
         "stored b/other: wanted 1 byte b'x', seen nothing."],
        ">>>",
    ),
    "stored by hash": (
        f"stored={{'b/k': {SHA256!r}}}",
        f"stored={{'b/k': {'AB' * 32!r}}}",
        [f"stored b/k: wanted SHA-256 {'ab' * 32}, seen 4 bytes b'data', SHA-256 {SHA256}."],
        ">>>",
    ),
    "stored although it should not be": (
        "stored={'b/k2': None}",
        "stored={'b/k': None}",
        ["stored b/k: wanted nothing, seen 4 bytes b'data'."],
        ">>>",
    ),
    "quiet": (
        "quiet=[(0, 1), (1, 3), (3, 100)]",
        "quiet=[(0.5, 4)]",
        ["quiet from 0.5 to 4 s: wanted no request, seen 2, the first at 1.000 s."],
        " >>",
    ),
    "max_in_flight": ("max_in_flight=1", None, [], ""),
    "unfinished_uploads": (
        "unfinished_uploads=0", "unfinished_uploads=1", ["unfinished_uploads: wanted 1, seen 0."], "   "
    ),
    "circuit": (None, "circuit=['closed']", [f"circuit: wanted closed, seen {_NO_CIRCUIT}."], "   "),
    "served_by": (None, "served_by='x'", [f"served_by: wanted x, seen {_NO_READ}."], "   "),
}  # fmt: skip

SOURCE = """
@pytest.mark.s3_expect({expectation})
@pytest.mark.s3_fail(503, times=2)
async def test_{number}(s3_client):
    {body}
"""


def source_of(expectations: list[str]) -> str:
    """A test for each expectation: two failures, waits of one and of two seconds, then the object is stored."""
    return "".join(SOURCE.format(expectation=one, number=number, body=PUT) for number, one in enumerate(expectations))


def test_an_expectation_that_holds(run):
    """Then the test passes."""
    holding = [holds for holds, *_ in TWINS.values() if holds]
    run(source_of(holding)).assert_outcomes(passed=len(holding))


def test_an_expectation_that_does_not_hold(run):
    """The failure is what was wanted and seen, then the timeline with the requests to blame."""
    failing = [twin[1:] for twin in TWINS.values() if twin[1]]
    result = run(source_of([fails for fails, *_ in failing]))
    result.assert_outcomes(failed=len(failing))
    for number, (fails, says, marks) in enumerate(failing):
        head, *rest = report(result, f"test_{number}")
        assert head.startswith(f"s3_expect({fails.partition('=')[0]}=")
        assert head.endswith(") does not hold.")
        assert rest == [*(f"  {line}" for line in says), "---", *twice(marks)]


def test_all_are_checked_together(run):
    """Markers of function and class, and those set in the body; each names its own."""
    result = run(
        """
        @pytest.mark.s3_expect(attempts=1)
        class TestAll:
            @pytest.mark.s3_expect(elapsed=(5, 6), attempts=2)
            @pytest.mark.s3_expect(unfinished_uploads=0)
            async def test_it(self, s3_client, s3_errors):
                s3_errors.expect(stored={"b/k": b"x"})
                pass
        """
    )
    result.assert_outcomes(failed=1)
    assert report(result) == [
        "s3_expect(elapsed=(5, 6), attempts=2) does not hold.",
        "  elapsed: wanted 5 to 6 s, seen 0.000 s.",
        "  attempts: wanted 2 requests, seen 0.",
        "s3_expect(attempts=1) does not hold.",
        "  attempts: wanted 1 request, seen 0.",
        "s3_errors.expect(stored={'b/k': b'x'}) does not hold.",
        "  stored b/k: wanted 1 byte b'x', seen nothing.",
        "---",
        "no request reached the simulated S3",
    ]


OUTCOMES = """
import unittest

pytestmark = pytest.mark.s3_fail(503, optional=True)

async def put():
    async with S3Client("a", "b") as client:
        await client.put_object("b", "k", b"")

@pytest.mark.s3_expect(outcome={outcome})
async def test_it(): {body}

class TestIt(unittest.IsolatedAsyncioTestCase):
    @pytest.mark.s3_expect(outcome={outcome})
    async def test_it(self): {body}
"""


def test_an_expected_exception_is_a_pass(run):
    """Of that class or a subclass, in every kind of test."""
    expected = ["S3ServerError", "S3Error", "(KeyError, S3ServerError)"]
    tests = (
        OUTCOMES.replace("test_it", f"test_{number}")
        .replace("TestIt", f"Test{number}")
        .format(outcome=outcome, body="await put()")
        for number, outcome in enumerate(expected)
    )
    run("".join(tests)).assert_outcomes(passed=6)


@pytest.mark.parametrize(("outcome", "wanted"), [("'success'", "success"), ("S3ConnectionError", "S3ConnectionError")])
def test_another_exception_stays_the_failure(run, outcome, wanted):
    """With its own traceback; the expectation is a section beside it."""
    result = run(OUTCOMES.format(outcome=outcome, body="await put()"))
    assert result.parseoutcomes()["failed"] == 2
    result.stdout.fnmatch_lines(
        [
            "E   *S3ServerError: ServiceUnavailable (503)*",
            "*- S3 timeline -*",
            "   0.000 s PutObject b/k  503 ServiceUnavailable*",
            "*- S3 expectations -*",
            f"s3_expect(outcome={outcome}) does not hold.",
            f"  outcome: wanted {wanted}, seen S3ServerError.",
        ]
    )


def test_an_expected_exception_does_not_excuse_the_rest(run):
    """Other expectations, rules that never fired and broken plans fail the test all the same."""
    result = run(
        """
        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_expect(outcome=S3ServerError, attempts=4)
        async def test_attempts(s3_client): await s3_client.put_object("b", "k", b"")

        @pytest.mark.s3_fail(503, key="other")
        @pytest.mark.s3_expect(outcome=KeyError, attempts=4)
        async def test_unfired(): raise KeyError

        @pytest.mark.s3_fail(503, key="other", optional=True)
        @pytest.mark.s3_expect(outcome=Exception)
        async def test_plan(s3_client): await s3_client._make_request(method="GET", bucket="b", params={"cors": ""})
        """
    )
    result.assert_outcomes(failed=3)
    result.stdout.fnmatch_lines(
        [
            "  attempts: wanted 4 requests, seen 1.",
            "s3_fail(503, key='other') never fired.",
            "s3_expect(outcome=KeyError, attempts=4) does not hold.",
            "the simulated S3 has no operation GetBucketCors*",
        ]
    )


BREAKER = """
@pytest.mark.s3_outage(45)
@pytest.mark.s3_expect({expectation})
async def test_it(s3_client):
    breaker = CircuitBreaker(2, timeout=30{name})
    for _ in range(20):
        try:
            return await breaker.call(lambda: s3_client.put_object("b", "k", b""))
        except S3ServerError:
            pass
        except CircuitOpenError as error:
            await asyncio.sleep(error.retry_in_s)
"""
STATES = ["closed", "open", "half_open", "open", "half_open", "closed"]


def test_the_states_of_a_breaker(run):
    """It rides out an outage; nobody asks while it is open."""
    expectation = f"circuit={STATES}, elapsed=(60, 75), attempts=4, quiet=[(0, 30), (30, 60)]"
    run(BREAKER.format(expectation=expectation, name="")).assert_outcomes(passed=1)


@pytest.mark.parametrize(("name", "what"), [("", "circuit"), (", name='s3'", "circuit 's3'")])
def test_other_states_of_a_breaker(run, name, what):
    """The failure shows those that it went through."""
    result = run(BREAKER.format(expectation="circuit=['closed', 'open']", name=name))
    result.assert_outcomes(failed=1)
    assert report(result)[:2] == [
        "s3_expect(circuit=['closed', 'open']) does not hold.",
        f"  {what}: wanted closed > open, seen closed > open > half_open > open > half_open > closed.",
    ]


def test_every_breaker_counts_also_one_from_before(run):
    """One that a fixture made shows its state with its first change."""
    result = run(
        """
        @pytest.fixture
        def breaker(): return CircuitBreaker(1, name="fixture")

        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_expect(circuit=["closed", "open"])
        async def test_it(s3_client, breaker):
            CircuitBreaker(1, name="idle")
            with pytest.raises(S3ServerError):
                await breaker.call(lambda: s3_client.put_object("b", "k", b""))
        """
    )
    result.assert_outcomes(failed=1)
    assert report(result)[1] == "  circuit 'idle': wanted closed > open, seen closed."


FALLBACK = """
@pytest.mark.s3_fail(503, endpoint="s3.*", optional=True)
@pytest.mark.s3_expect(outcome="success", served_by={served_by!r})
async def test_it(s3_client, s3_store, s3_errors, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "cached").write_bytes(b"old")
    s3_store.put("b", "k", b"1")
    async with S3Client("a", "b", endpoint_url="https://backup.example:9000") as backup:
        reader = S3WithFallback(s3_client, backup, str(tmp_path))
        await reader.get_object_with_fallback("b", {key!r})
    if {again}:
        await S3WithFallback(s3_client, None, str(tmp_path)).get_object_with_fallback("b", "cached")
"""


def test_what_answered_the_last_read(run):
    """The endpoint that was asked, with its port or without, or the cache of S3WithFallback."""
    reads = [
        ("k", False, "backup.example"),
        ("k", False, "backup.example:9000"),
        ("k", False, "*.example"),
        ("cached", False, "local_cache"),
        ("k", True, "local_cache"),
    ]
    tests = (
        FALLBACK.replace("test_it", f"test_{number}").format(key=key, again=again, served_by=served_by)
        for number, (key, again, served_by) in enumerate(reads)
    )
    run("".join(tests)).assert_outcomes(passed=5)


def test_another_answered_the_last_read(run):
    """Its line is marked, the failed one before it is not."""
    result = run(FALLBACK.format(key="k", again=False, served_by="s3.amazonaws.com"))
    result.assert_outcomes(failed=1)
    assert report(result) == [
        "s3_expect(outcome='success', served_by='s3.amazonaws.com') does not hold.",
        "  served_by: wanted s3.amazonaws.com, seen backup.example:9000.",
        "---",
        "   0.000 s GetObject b/k      503 ServiceUnavailable  <- [1], 1",
        ">  0.000 s GetObject b/k 1 B  200",
        "[1] s3_fail(503, endpoint='s3.*', optional=True)",
    ]
    result = run(FALLBACK.format(key="cached", again=False, served_by="backup.example"))
    assert report(result)[1] == "  served_by: wanted backup.example, seen local_cache."


PARTS = """
@pytest.mark.s3_expect({expectation})
async def test_it(s3_client):
    from s3_asyncio_client.multipart import create_multipart_upload, upload_part
    upload = await create_multipart_upload(s3_client, "data", "big")
    limit = asyncio.Semaphore({limit})

    async def part(number):
        async with limit:
            await upload_part(s3_client, "data", "big", upload, number, b"x")

    await asyncio.gather(*map(part, range(1, 4)))
"""


@pytest.mark.parametrize("number", [3, 2])
def test_requests_made_at_once_are_in_flight_at_once(run, number):
    """Whatever the client, though the simulated S3 answers at once: with no delay, none could overlap."""
    result = run(
        f"""
        from concurrent.futures import ThreadPoolExecutor
        import aiohttp, boto3

        pytestmark = pytest.mark.s3_expect(max_in_flight={number}, attempts=3)
        KEYS = "abc"

        @pytest.mark.parametrize("layer", [pytest.param(n, marks=pytest.mark.s3_layer(n)) for n in ("client", "wire")])
        async def test_client(layer, s3_client):
            await asyncio.gather(*(s3_client.put_object("bucket", key, b"x") for key in KEYS))

        async def test_aiohttp():
            async with aiohttp.ClientSession("https://bucket.s3.amazonaws.com") as session:
                async def put(key):
                    async with session.put("/" + key, data=b"x") as response:
                        await response.read()
                await asyncio.gather(*map(put, KEYS))

        def test_boto3():
            client = boto3.client("s3")
            with ThreadPoolExecutor(3) as pool:
                list(pool.map(lambda key: client.put_object(Bucket="bucket", Key=key, Body=b"x"), KEYS))

        async def test_one_after_another(s3_client, s3_errors):
            s3_errors.expect(max_in_flight=1)
            for key in KEYS:
                await s3_client.put_object("bucket", key, b"x")
        """
    )
    result.assert_outcomes(passed=5) if number == 3 else result.assert_outcomes(passed=1, failed=4)


def test_parts_in_flight_and_an_upload_left_behind(run):
    """Each of three requests that take a second; at most so many at one time."""
    slow = '@pytest.mark.s3_slow(1, operation="UploadPart")'
    run(slow + PARTS.format(expectation="max_in_flight=3, unfinished_uploads=1", limit=3)).assert_outcomes(passed=1)
    result = run(slow + PARTS.format(expectation="max_in_flight=2, unfinished_uploads=0", limit=3))
    result.assert_outcomes(failed=1)
    assert report(result) == [
        "s3_expect(max_in_flight=2, unfinished_uploads=0) does not hold.",
        "  max_in_flight: wanted at most 2, seen 3.",
        "  unfinished_uploads: wanted 0, seen 1 (data/big).",
        "---",
        ">  0.000 s CreateMultipartUpload data/big  200",
        *(
            f"{mark}  0.000 s UploadPart data/big part {number} 1 B  200 after 1.000 s  <- [1], {number}"
            for number, mark in ((1, " "), (2, " "), (3, ">"))
        ),
        "[1] s3_slow(1, operation='UploadPart')",
    ]


@pytest.mark.parametrize("layer", ["client", "wire"])
def test_the_shipped_backoff_grows_and_a_flat_one_is_found_out(run, layer):
    """Jitter of a tenth is within the default; a loop without growth is not."""
    source = """
        @pytest.mark.parametrize("number", range(10))
        @pytest.mark.s3_fail(503, times=3)
        @pytest.mark.s3_expect(backoff=[1, 2, 4], outcome="success")
        async def test_it(s3_client, number):
            {}
        """
    shipped = "await retry_with_exponential_backoff(lambda: s3_client.put_object('b', 'k', b''))"
    flat = textwrap.indent(
        textwrap.dedent(
            """
            while True:
                try:
                    return await s3_client.put_object('b', 'k', b'')
                except S3ServerError:
                    await asyncio.sleep(1)
            """
        ),
        " " * 12,
    )
    run(source.format(shipped), f"--s3-layer={layer}").assert_outcomes(passed=10)
    run(source.format(flat), f"--s3-layer={layer}").assert_outcomes(failed=10)


def test_each_call_has_its_own_backoff(run):
    """Concurrent calls on different keys, one after another on the same; those that need no retry have none."""
    run(
        """
        @pytest.mark.s3_fail(503, key="a", times=2)
        @pytest.mark.s3_fail(503, key="b", times=2)
        @pytest.mark.s3_expect(backoff=[1, 2], attempts=8)
        async def test_it(s3_client):
            put = lambda key: retry_with_exponential_backoff(lambda: s3_client.put_object("b", key, b""))
            await asyncio.gather(put("a"), put("b"), put("c"))
            await put("a")
        """
    ).assert_outcomes(passed=1)


def test_a_client_that_names_its_calls_is_believed(run):
    """amz-sdk-invocation-id tells concurrent calls for one target apart, and joins what differs."""
    run(
        """
        @pytest.mark.s3_fail(503, times=4)
        @pytest.mark.s3_expect(backoff=[1, 2], jitter=0)
        async def test_it(s3_client):
            async def call(name):
                for pause in (1, 2, None):
                    try:
                        headers = {"amz-sdk-invocation-id": name}
                        return await s3_client._make_request(method="GET", bucket="b", key="k", headers=headers)
                    except S3ServerError:
                        await asyncio.sleep(pause)
                    except S3NotFoundError:
                        return
            await asyncio.gather(call("one"), call("two"))
        """
    ).assert_outcomes(passed=1)


def test_real_time_may_be_a_little_off(run):
    """Fifty milliseconds more or less on the real clock, none on the virtual one."""
    source = """
        @pytest.mark.s3_fail(503, times=1)
        @pytest.mark.s3_expect(backoff=[0.03], jitter=0)
        async def test_it(s3_client):
            put = lambda: s3_client.put_object("b", "k", b"")
            await retry_with_exponential_backoff(put, base_delay=0.02, jitter=False)
        """
    run(source, "--s3-time=real").assert_outcomes(passed=1)
    run(source).assert_outcomes(failed=1)


def test_a_control_run_expects_nothing(run):
    """Without faults the figures are others."""
    run(
        """
        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_expect(attempts=4, outcome=S3ServerError, backoff=[1, 2, 4])
        async def test_it(s3_client):
            await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""))

        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_expect(outcome=KeyError)
        async def test_error(): raise KeyError
        """,
        "--s3-control",
    ).assert_outcomes(passed=1, failed=1)


def test_skipped_and_expected_failures_owe_nothing(run):
    """pytest's own outcomes come first."""
    run(
        """
        @pytest.mark.s3_expect(attempts=4)
        def test_skipped(): pytest.skip("not today")

        @pytest.mark.xfail(strict=True)
        @pytest.mark.s3_expect(attempts=4)
        def test_xfailed(): pass
        """
    ).assert_outcomes(skipped=1, xfailed=1)


WRONG = [
    ("s3_expect()", "s3_expect() does not say what to expect; it takes attempts, backoff, jitter, *"),
    ("s3_expect(3)", "s3_expect() takes keyword arguments only, such as s3_expect(attempts=3); (3,) came"),
    ("s3_expect(attemps=3)", "s3_expect() has no option 'attemps'; did you mean 'attempts'?; it takes *"),
    ("s3_expect(attempts=-1)", "s3_expect(attempts=-1): allowed is a whole number from 0 up"),
    ("s3_expect(attempts='3')", "s3_expect(attempts='3'): allowed is a whole number from 0 up"),
    ("s3_expect(attempts={'PutObjet': 3})", "*S3 has no such operation; did you mean 'PutObject'?"),
    ("s3_expect(attempts={'PutObject': None})", "s3_expect(attempts?'PutObject'?=None): allowed is a whole number*"),
    ("s3_expect(backoff=1.0)", "s3_expect(backoff=1.0): allowed is a list of seconds, such as ?1.0, 2.0?"),
    ("s3_expect(backoff=[1.0, '2'])", "s3_expect(backoff='2'): allowed is a number of seconds, 0 or more"),
    ("s3_expect(backoff=[1.0], jitter=-1)", "s3_expect(jitter=-1): allowed is a share of the wait, 0 or more"),
    ("s3_expect(jitter=0.5)", "s3_expect(jitter=...) belongs to backoff="),
    ("s3_expect(elapsed=5)", "s3_expect(elapsed=5): allowed is a pair of seconds, low and high"),
    ("s3_expect(elapsed=(5, 1))", "s3_expect(elapsed=(5, 1)): the first number is the lower one"),
    ("s3_expect(outcome='failure')", "s3_expect(outcome='failure'): allowed are \"success\" and an exception class*"),
    ("s3_expect(outcome=())", 's3_expect(outcome=()): allowed are "success" and an exception class*'),
    ("s3_expect(outcome=KeyboardInterrupt)", "s3_expect(outcome=<class 'KeyboardInterrupt'>): allowed are *"),
    (
        "s3_expect(circuit=['close'])",
        "s3_expect(circuit=?'close'?): allowed is a list of 'closed', 'open', 'half_open'",
    ),
    ("s3_expect(circuit=[])", "s3_expect(circuit=??): allowed is a list of *"),
    ("s3_expect(served_by=None)", "s3_expect(served_by=None): allowed is a host, *"),
    ("s3_expect(stored=b'x')", "s3_expect(stored=...): allowed is a mapping of 'bucket/key' to bytes, *; b'x' came"),
    ("s3_expect(stored={'bucket': b''})", "*; 'bucket' names no bucket and key"),
    ("s3_expect(stored={'b/k': 'text'})", "*; 'text' came for 'b/k'"),
    ("s3_expect(unfinished_uploads=None)", "s3_expect(unfinished_uploads=None): allowed is a whole number from 0 up"),
    ("s3_expect(max_in_flight=0)", "s3_expect(max_in_flight=0): allowed is a whole number from 1 up"),
    ("s3_expect(quiet=(0, 30))", "s3_expect(quiet=0): allowed is a pair of seconds, low and high"),
    ("s3_expect(quiet=[])", "s3_expect(quiet=??): allowed is a list of pairs of seconds, such as ?(0, 30)?"),
]


def test_a_wrong_expectation_stops_collection(refused):
    """With the test's name, what is allowed and the nearest right spelling."""
    for (_, says), said in zip(WRONG, refused([marker for marker, _ in WRONG]), strict=True):
        assert fnmatch(said, says)


def test_a_wrong_expectation_of_the_body_is_a_value_error(run):
    """As every mistake in a call of the controller."""
    run(
        """
        def test_it(s3_errors):
            with pytest.raises(ValueError, match="did you mean 'elapsed'"):
                s3_errors.expect(elapse=(0, 1))
        """
    ).assert_outcomes(passed=1)
