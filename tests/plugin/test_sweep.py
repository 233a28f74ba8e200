"""The sweep from the outside: a plain test with one marker, and what pytest says of it."""

from __future__ import annotations

import json
import re

import pytest

GOOD = """
@pytest.mark.s3_sweep
async def test_it(s3_client, s3_store):
    await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "key", b"data"))
    assert s3_store.get("bucket", "key").body == b"data"
"""
SILENT = """
async def upload(client):
    try:
        await client.put_object("bucket", "key", b"data")
    except S3Error:
        print("never mind")

@pytest.mark.s3_sweep
async def test_it(s3_client, s3_store):
    await upload(s3_client)
    assert s3_store.exists("bucket", "key")
"""
TORN = """
async def move(client):
    try:
        await client.copy_object("bucket", "old", "bucket", "new")
    except S3Error:
        pass
    await client.delete_object("bucket", "old")

@pytest.mark.s3_object("bucket", "old", b"data")
@pytest.mark.s3_sweep
async def test_it(s3_client):
    await move(s3_client)
"""


def few(source: str) -> str:
    """The same with two of a dozen faults, where it makes no difference which."""
    return source.replace("mark.s3_sweep", 'mark.s3_sweep(["AccessDenied", "InternalError"], modes="once")')


def marker(result: pytest.RunResult) -> str:
    """The one marker of the report."""
    (line,) = re.findall(r"^ +(@pytest\.mark\.s3_sweep.*)$", result.stdout.str(), re.MULTILINE)
    return line


def test_a_test_that_bears_its_faults_passes_and_says_how_often_it_ran(run):
    result = run(GOOD, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*S3 sweep*", "test_it.py::test_it: 14 runs with a fault: 8 gave up, 6 survived"])


def test_a_swallowed_error_is_silent_and_the_marker_replays_it(run):
    result = run(SILENT)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "The sweep found what one fault does. * runs with a fault: *",
            "1. silent at PutObject, by AccessDenied, *",
            "   AssertionError: *",
            '   @pytest.mark.s3_sweep(faults="AccessDenied", operation="PutObject", modes="once")',
            "*0.000 s PutObject bucket/key 4 B  403 AccessDenied*",
            "*s3_fail('AccessDenied', operation='PutObject', bucket='bucket',*",
        ]
    )
    again = run(SILENT.replace("@pytest.mark.s3_sweep", marker(result)))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*1 runs with a fault: 1 silent", "1. silent at PutObject, by AccessDenied (once)"])


def test_an_assertion_of_a_task_is_the_tests_own(run):
    """It comes in a group, maybe with an error of the code under test."""
    result = run(
        few(SILENT).replace(
            '    assert s3_store.exists("bucket", "key")\n',
            """
    async def check():
        assert s3_store.exists("bucket", "key")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(check())
""",
        )
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. silent at PutObject, by AccessDenied, *"])


def test_data_that_is_lost_without_an_assertion_is_torn(run):
    """No word about what has to hold: the old key is gone and the new one never came."""
    result = run(TORN)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. torn at CopyObject, *", "   4 bytes that S3 held are under no key any more"])
    run(TORN.replace("@pytest.mark.s3_sweep", marker(result))).assert_outcomes(failed=1)


def test_off_runs_it_once(run):
    run(SILENT, "--s3-sweep=off").assert_outcomes(passed=1)
    run(SILENT, "--s3-control").assert_outcomes(passed=1)
    run(SILENT, ini="s3_sweep = off\n").assert_outcomes(passed=1)


def test_all_sweeps_what_uses_s3_and_sets_no_rule(run):
    source = (
        SILENT.replace("@pytest.mark.s3_sweep", "")
        + """
@pytest.mark.s3_fail(503, times=1)
async def test_with_a_rule(s3_client):
    await upload(s3_client)

def test_without_s3(): pass
"""
    )
    result = run(source, "--s3-sweep-all", "-v")
    result.assert_outcomes(passed=2, failed=1)
    assert result.stdout.str().count("runs with a fault: ") == 2  # in the failure, and in the summary


def test_full_tries_more(run):
    source = GOOD.replace("s3_sweep", 's3_sweep(modes="once")', 1)
    counts = [
        int(re.search(r"(\d+) runs with a fault", run(source, "-v", f"--s3-sweep={how}").stdout.str())[1])
        for how in ("quick", "full")
    ]
    assert counts[0] < counts[1]


def test_garbage_is_sought_among_what_the_runs_made(run):
    """To look through every module as well takes longer than most runs. After the sweep all is as it was."""
    run(
        """
        import gc

        BEFORE = gc.get_freeze_count()  # Python 3.12 itself freezes some

        @pytest.mark.s3_sweep("AccessDenied", modes="once")
        async def test_it(s3_client, s3_sweep):
            assert (gc.get_freeze_count() > BEFORE) == (s3_sweep.case is not None)
            await s3_client.put_object("bucket", "key", b"data")

        def test_after():
            assert gc.get_freeze_count() <= BEFORE
        """
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("freeze", ["gc.freeze()", "None"])
def test_what_was_frozen_stays_frozen(run, freeze):
    """And nothing else is when the sweep is over."""
    result = run(
        f"""
import gc

def test_before(): {freeze}
{few(GOOD)}
def test_after():
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    assert bool(frozen) is ({freeze!r} != "None")
"""
    )
    result.assert_outcomes(passed=3)


def test_one_item_stays_one_item(run, pytester):
    result = run(few(SILENT + GOOD.replace("test_it", "test_good")), "--junitxml=report.xml", "-v")
    result.assert_outcomes(passed=1, failed=1)
    report = (pytester.path / "report.xml").read_text()
    assert 'tests="2"' in report
    assert report.count("<testcase") == 2
    assert re.search(r'name="s3_sweep_silent" value="[1-9]', report)


def test_a_test_that_fails_is_not_swept(run):
    result = run("@pytest.mark.s3_sweep\nasync def test_it(s3_client):\n    assert not 'own failure'")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*assert not 'own failure'*"])
    result.stdout.no_fnmatch_line("*runs with a fault*")


def test_a_test_that_passes_once_is_told_so(run):
    result = run(
        """
        seen = []
        @pytest.mark.s3_sweep
        async def test_it(s3_client):
            seen.append(1)
            assert len(seen) == 1
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["s3_sweep runs this test more than once, and without any fault it passes the first*"])


def test_acknowledged_bytes_and_allowed_leaks(run):
    source = """
    @pytest.mark.s3_sweep(faults="AccessDenied", modes="once")
    async def test_it(s3_client, s3_sweep):
        assert s3_sweep.case is None or "AccessDenied" in s3_sweep.case
        try:
            await s3_client.put_object("bucket", "key", b"data")
        except S3Error:
            pass
        {}
    """
    run(source.format("pass")).assert_outcomes(passed=1)
    result = run(source.format('s3_sweep.acknowledge("bucket", "key", b"data")'))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["1. torn at PutObject*", "   bucket/key was acknowledged with 4 bytes, and holds nothing"]
    )
    allowed = 's3_sweep.acknowledge("bucket", "key", b"data"); s3_sweep.allow("torn")'
    run(source.format(allowed)).assert_outcomes(passed=1)
    run(source.format('s3_sweep.allow("everything")')).assert_outcomes(failed=1)


def test_a_baseline_accepts_what_was_found_when_it_was_made(run, pytester):
    made = run(few(SILENT), "--s3-sweep-baseline=known.txt")
    made.assert_outcomes(passed=1)
    made.stdout.fnmatch_lines(["known.txt: * findings are accepted from now on"])
    lines = (pytester.path / "known.txt").read_text().splitlines()
    assert "test_it.py::test_it silent PutObject AccessDenied once" in lines
    run(few(SILENT), "--s3-sweep-baseline=known.txt").assert_outcomes(passed=1)
    (pytester.path / "known.txt").write_text("\n".join(lines[1:]))
    run(few(SILENT), "--s3-sweep-baseline=known.txt").assert_outcomes(failed=1)


def test_a_baseline_that_can_not_be_read_stops_the_run(run, pytester):
    """Before the first test; a folder that is not there yet is made."""
    (pytester.path / "folder").mkdir()
    result = run(few(SILENT), "--s3-sweep-baseline=folder")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--s3-sweep-baseline: folder is no file of findings: *"])
    run(few(SILENT), "--s3-sweep-baseline=new/known.txt").assert_outcomes(passed=1)
    assert (pytester.path / "new" / "known.txt").is_file()


def test_an_error_that_another_one_hides_is_raised(run):
    """The code under test did not return: that its test wants another error is no silence."""
    result = run(
        """
        @pytest.mark.s3_sweep(["AccessDenied", "InternalError"], modes="once")
        async def test_it(s3_client):
            with pytest.raises(S3Error, match="NoSuchKey"):
                await s3_client.put_object("b", "k", b"1")
                await s3_client.get_object("b", "none")
        """,
        "-v",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*::test_it: * runs with a fault: *gave up*"])


def test_a_budget_ends_it_and_is_told(run):
    result = run(GOOD.replace("s3_sweep", "s3_sweep(budget=0.001)", 1))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*0 runs with a fault: none; * did not run (budget 0.001 s)"])


def test_what_gave_up_where_it_had_to_go_on_is_told(run):
    source = few(GOOD).replace('b"data"))', 'b"data"), max_retries=0)', 1)
    result = run(source, "-v")
    result.stdout.fnmatch_lines(["    gave up at PutObject, by *InternalError*(once): S3*Error: *"])
    quiet = run(source.replace("s3_sweep", 's3_sweep(survive="nothing")', 1), "-v")
    quiet.stdout.no_fnmatch_line("*gave up at*")


def test_a_test_under_given_is_refused(run):
    result = run(
        """
        from hypothesis import given, strategies as st
        @pytest.mark.s3_sweep
        @given(st.integers())
        def test_it(number): pass
        """
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*test_it.py::test_it: s3_sweep() runs a test again and again, and @given does so too*"]
    )


def test_shards_share_the_runs(run):
    by_place = 's3_sweep(None, None, ("once", "always"), "transient", 60, 3)'
    marked = {"it": "s3_sweep(shards=3)", "whole": "s3_sweep", "by_place": by_place}
    tests = (GOOD.replace("s3_sweep", it, 1).replace("test_it", f"test_{name}") for name, it in marked.items())
    result = run("".join(tests), "-vv")
    said = result.stdout.str()
    counts = [
        [int(n) for n in re.findall(rf"::test_{name}\S*: (\d+) runs with a fault", said)]
        for name in ("whole", "it", "by_place")
    ]
    assert sum(counts[0]) == sum(counts[1])
    assert max(counts[1]) - min(counts[1]) <= 1
    assert counts[1] == counts[2]
    result.assert_outcomes(passed=7)
    result.stdout.fnmatch_lines(["*test_it?shard1? *", "*test_it?shard2? *", "*test_it?shard3? *"])


@pytest.mark.parametrize("how", [["-n", "2"], ["-d", "--tx", "popen"]])
def test_distributed(run, how):
    """A worker begins with what is swept, and what it finds comes back."""
    swept = GOOD.replace("s3_sweep", "s3_sweep(shards=2)", 1) + SILENT.replace("test_it", "test_silent")
    result = run("def test_plain(): pass\n" + swept, "-vv", "-p", "xdist", *how)
    result.assert_outcomes(passed=3, failed=1)
    if "popen" in how:  # one worker, so there is an order
        result.stdout.fnmatch_lines(["*FAILED*test_it.py::test_silent*", "*PASSED*test_it.py::test_plain*"])
    result.stdout.fnmatch_lines(["1. silent at PutObject*"])
    result.stdout.fnmatch_lines(["test_it.py::test_silent: * runs with a fault: *"])


def test_an_interrupt_prints_what_was_found(run):
    source = SILENT.replace(
        "async def test_it(s3_client, s3_store):",
        """async def test_it(s3_client, s3_store, s3_sweep):
    if "lost_response" in (s3_sweep.case or ""):
        raise KeyboardInterrupt""",
    )
    result = run(source, no_reraise_ctrlc=True)
    result.stdout.fnmatch_lines(["1. silent at PutObject, by AccessDenied (once)", "*KeyboardInterrupt*"])


def test_a_test_of_many_requests_has_a_report_of_one_screen(run):
    result = run(
        """
        @pytest.mark.s3_sweep("AccessDenied", operation="PutObject", modes="once")
        async def test_it(s3_client, s3_store):
            for number in range(20):
                for act in (s3_client.put_object("bucket", str(number), b"data"), s3_client.head_object("bucket", "1")):
                    try:
                        await act
                    except S3Error: pass
            await s3_client.list_objects("bucket")
            assert len(s3_store.keys("bucket")) == 20
        """
    )
    text = result.stdout.str()
    report = text[text.index("The sweep found") : text.index("= S3 sweep =") if "= S3 sweep =" in text else None]
    assert len(report.partition("\n====")[0].splitlines()) <= 40


def test_counts_travel_as_plain_values(run, pytester):
    pytester.makeconftest(
        """
        import json
        def pytest_runtest_logreport(report):
            if report.when == "call":
                open("properties.json", "w").write(json.dumps(report.user_properties))
        """
    )
    run(GOOD)
    properties = dict(json.loads((pytester.path / "properties.json").read_text()))
    assert properties["s3_sweep_survived"] + properties["s3_sweep_gave_up"] > 5


TWICE = """
async def upload(client):
    for attempt in (1, 2):
        try:
            return await client.put_object("bucket", "key", b"data")
        except S3Error as error:
            if attempt == 1 and (error.status_code or 500) < 500:
                raise

@pytest.mark.s3_layer("client")
@pytest.mark.s3_sweep(modes="once", random=15)
async def test_it(s3_client, s3_store):
    await s3_client.head_object("bucket", "other")
    await upload(s3_client)
    assert s3_store.exists("bucket", "key")
"""


def test_random_schedules_find_what_takes_two_faults(run):
    """One fault is mended. Of three that were drawn, the two that do it are left."""
    source = TWICE.replace(
        "@pytest.mark.s3_layer", '@pytest.mark.s3_object("bucket", "other", b"")\n@pytest.mark.s3_layer'
    )
    run(source.replace("random=15", "random=0")).assert_outcomes(passed=1)
    result = run(source, "--s3-seed=1")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. silent at PutObject, then PutObject, by *"])
    found = marker(result)
    assert found.count(" at PutObject") == 2
    assert "HeadObject" not in found
    again = run(source.replace('@pytest.mark.s3_sweep(modes="once", random=15)', found))
    again.assert_outcomes(failed=1)
    again.stdout.fnmatch_lines(["*1 runs with a fault: 1 silent", "1. silent at PutObject, then PutObject, by *"])


def test_a_seed_draws_the_same_schedules(run):
    counts = [
        re.search(
            r"test_it: (.*)",
            run(GOOD.replace("s3_sweep", 's3_sweep("5xx", random=20)', 1), "-v", "--s3-seed=7").stdout.str(),
        )[1]
        for _ in range(2)
    ]
    assert counts[0] == counts[1]
    assert counts[0].startswith("2")


POLLING = """
@pytest.mark.s3_layer("client")
@pytest.mark.s3_object("bucket", "key", b"data")
@pytest.mark.s3_sweep("InternalError", modes="always")
async def test_it(s3_client):
    await retry_with_exponential_backoff(
        lambda: s3_client.head_object("bucket", "key"), max_retries=4, base_delay=30.0, jitter=False
    )
"""


@pytest.mark.parametrize(("ini", "verdict"), [("s3_sweep_storm = 4", "storm"), ("s3_sweep_hang = 100", "hang")])
def test_from_where_on_it_is_a_storm_or_a_hang_can_be_set(run, ini, verdict):
    """Five requests in 165 s are neither by default."""
    run(POLLING).assert_outcomes(passed=1)
    result = run(POLLING, ini=f"{ini}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"1. {verdict} at HeadObject, by InternalError (always)"])


def test_a_connection_that_stays_open_is_a_leak(run):
    source = """
    import http.client

    kept = []

    def status():
        connection = http.client.HTTPSConnection("bucket.s3.us-east-1.amazonaws.com")
        connection.request("GET", "/key")
        response = connection.getresponse()
        response.read()
        {}
        return response.status

    @pytest.fixture(scope="module", autouse=True)
    def closed_at_last():
        yield
        for connection in kept: connection.close()

    @pytest.mark.s3_object("bucket", "key", b"data")
    @pytest.mark.s3_sweep("AccessDenied", modes="once")
    def test_it():
        if status() == 403:
            status()
    """
    right, wrong = (f"{condition}connection.close()" for condition in ("", "if response.status == 200: "))
    run(source.format(right)).assert_outcomes(passed=1)
    run(source.format(wrong)).assert_outcomes(passed=1)  # it is closed when nobody has it any more
    result = run(source.format(f"kept.append(connection)\n        {wrong}"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. leak at GetObject, by AccessDenied (once)", "   1 connections left; 0 without*"])


def test_a_connection_without_a_socket_is_a_leak_too(run):
    """aiohttp's are in memory, where the kernel counts none. A client that nobody has any more is closed."""
    source = """
    kept = []

    @pytest.fixture(autouse=True)
    async def closed_at_last():
        yield
        for client in kept: await client.close()

    @pytest.mark.s3_sweep("SlowDown", modes="once")
    async def test_it():
        async with S3Client("access", "secret") as client:
            try:
                await client.put_object("bucket", "key", b"data")
            except S3Error:
                other = S3Client("access", "secret")
                {}
                await other.put_object("bucket", "key", b"data")
                {}
    """
    run(source.format("pass", "await other.close()")).assert_outcomes(passed=1)
    result = run(source.format("kept.append(other)", "pass"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. leak at PutObject, by SlowDown (once)", "   1 connections left; 0 without*"])
    half = source.format("kept.append(other)", "pass").replace("SlowDown", "connection_reset")
    run(half).assert_outcomes(failed=1)


@pytest.mark.parametrize("strict", [True, False])
def test_a_finding_that_is_expected(run, strict):
    """An xfail is about the sweep too: with a finding it is one, and without it has passed."""
    mark = f"@pytest.mark.xfail(strict={strict}, reason='known')\n@pytest.mark.s3_sweep"
    known = run(few(SILENT.replace("@pytest.mark.s3_sweep", mark)), "-rx")
    known.assert_outcomes(xfailed=1)
    known.stdout.fnmatch_lines(["XFAIL test_it.py::test_it - known"])
    run(few(GOOD.replace("@pytest.mark.s3_sweep", mark))).assert_outcomes(**{"failed" if strict else "xpassed": 1})


def test_a_task_that_ends_right_after_its_result_is_no_leak(run):
    """As in fsspec, whose loop is another thread's: the body has its answer before the task is done."""
    run(
        """
        import threading

        @pytest.fixture(scope="module")
        def loop():
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever)
            thread.start()
            yield loop
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.close()

        @pytest.mark.s3_sweep("AccessDenied", modes="once")
        def test_it(loop):
            done, errors = threading.Event(), []

            async def put():
                async with S3Client("access", "secret") as client:
                    try:
                        await client.put_object("bucket", "key", b"data")
                    except S3Error as error:
                        errors.append(error)
                done.set()
                for _ in range(3 * 10**6 if errors else 0):
                    pass

            asyncio.run_coroutine_threadsafe(put(), loop)
            done.wait()
            if errors:
                raise errors[0]
        """
    ).assert_outcomes(passed=1)


def test_the_servers_thread_is_no_leak(run):
    """It starts where an answer has to wait. One that the test leaves is a leak."""
    source = """
    import http.client, threading

    @pytest.mark.s3_object("bucket", "key", b"data")
    @pytest.mark.s3_sweep("stall", modes="once")
    def test_it():
        connection = http.client.HTTPSConnection("bucket.s3.amazonaws.com", timeout=5)
        try:
            connection.request("GET", "/key")
            assert connection.getresponse().read() == b"data"
        except TimeoutError:
            {then}
        finally:
            connection.close()
    """
    run(source.format(then="pass")).assert_outcomes(passed=1)
    result = run(source.format(then="threading.Thread(target=threading.Event().wait, daemon=True).start()"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. leak at GetObject, by stall (once)", "   1 threads left; 0 without*"])


def test_a_client_that_an_exception_holds_is_no_leak(run):
    pytest.importorskip("boto3")
    source = """
    import boto3

    @pytest.mark.s3_object("bucket", "key", b"data")
    @pytest.mark.s3_sweep(["AccessDenied", "InternalError"])
    def test_it():
        boto3.client("s3").head_object(Bucket="bucket", Key="key")
    """
    result = run(source, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*4 runs with a fault: 3 gave up, 1 survived"])


def test_a_fault_may_be_a_status(run):
    """As of `s3_fail`, one that S3 has no code for as well; the marker of a finding replays it."""
    source = """
    @pytest.mark.s3_sweep(faults=[503, 502, 404], modes="once")
    async def test_it(s3_client):
        await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""))
    """
    result = run(source, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*3 runs with a fault: 1 gave up, 2 survived"])
    marker = '@pytest.mark.s3_sweep(faults=502, operation="PutObject", modes="once")'
    result = run(SILENT.replace("@pytest.mark.s3_sweep", '@pytest.mark.s3_sweep([502], survive="all")'))
    result.assert_outcomes(failed=1)
    assert marker in result.stdout.str()
    result = run(SILENT.replace("@pytest.mark.s3_sweep", marker))
    result.assert_outcomes(failed=1)
    assert marker in result.stdout.str()


def test_a_task_that_sleeps_is_a_leak(run):
    """Where the task's coroutine is `asyncio.sleep` itself, which the plugin has replaced."""
    source = """
    kept = []

    @pytest.mark.s3_sweep("SlowDown", modes="once", survive="all")
    async def test_it(s3_client):
        try:
            await s3_client.put_object("bucket", "key", b"data")
        except S3Error:
            kept.append(asyncio.create_task(asyncio.sleep(9999)))
            await s3_client.put_object("bucket", "key", b"data")
    """
    result = run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["1. leak at PutObject, by SlowDown (once)", "   1 tasks left; 0 without*"])
