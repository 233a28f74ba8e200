"""A test that has to outlast an outage: it passes, and passes again under each kind of one."""

from __future__ import annotations

SOURCE = """
    RUNS = []

    @pytest.fixture
    def fresh():
        RUNS.append([])
        return RUNS[-1]

    @pytest.mark.s3_fail("AccessDenied", times=1, operation="GetObject")
    @pytest.mark.s3_expect(attempts=MANY, outlasts=SECONDS)
    async def test_it(s3_client, fresh):
        fresh.append(1)
        with pytest.raises(S3Error):
            await s3_client.get_object("b", "k")
        await retry_with_exponential_backoff(lambda: s3_client.put_object("b", "k", b""), max_retries=3, jitter=False)

    def test_after():
        assert RUNS == [[1]] * COUNT
"""


def source(**values):
    """The test, with *values* in it."""
    text = SOURCE
    for name, value in {"MANY": 2, **values}.items():
        text = text.replace(name, str(value))
    return text


def test_a_patient_test_passes_in_all_four_runs(run):
    """It waits 1, 2 and 4 s; each run has fresh fixtures, and pytest counts one test."""
    run(source(SECONDS=6.5, COUNT=4)).assert_outcomes(passed=2)


def test_one_that_gives_up_fails_with_the_outage(run):
    """It names the first outage that was too long, with its timeline and the marker that shows it alone."""
    result = run(source(SECONDS=8, COUNT=2), "-rf")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*S3 timeline*",
            "*PutObject b/k * 500 InternalError*",
            "*S3 expectations*",
            "s3_expect(outlasts=8) does not hold: the test does not survive s3_outage(8*, what=500, optional=True).",
            "To see it alone, put this marker on the test: @pytest.mark.s3_outage(8*",
            "FAILED test_it.py::test_it - s3_expect(outlasts=8) does not hold*",
        ]
    )


def test_a_test_that_fails_by_itself_runs_once(run):
    """Its own failure is the one that is told."""
    result = run(source(MANY=9, SECONDS=1, COUNT=1))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["s3_expect(attempts=9, *) does not hold."])


def test_a_control_run_has_no_outages(run):
    """Nothing is expected there."""
    result = run(source(SECONDS=99, COUNT=1).replace("with pytest.raises(S3Error):", "if 0:"), "--s3-control")
    result.assert_outcomes(passed=2)


def test_a_wrong_duration_stops_collection(refused):
    """With what is allowed."""
    wrong = ["s3_expect(outlasts=0)", "s3_expect(outlasts='5')"]
    for marker, said in zip(wrong, refused(wrong), strict=True):
        assert said.startswith(marker)
        assert "seconds, above 0" in said


def test_the_body_can_not_ask_for_more_runs(run):
    """It is told where the marker goes."""
    result = run("def test_it(s3_errors): s3_errors.expect(outlasts=5)")
    result.stdout.fnmatch_lines(["*RuleError: *outlasts=*pytest.mark.s3_expect(outlasts=*"])


def test_a_test_that_does_not_pass_under_an_outage(run):
    """To be skipped is not to survive. What was expected to fail has failed."""
    cases = [
        ("", "pytest.skip('no S3')", "FAILED"),
        ("", "raise unittest.SkipTest('no S3')", "FAILED"),
        ("", "pytest.xfail('no S3')", "XFAIL"),
        ("@pytest.mark.xfail", "raise", "XFAIL"),
        ("@pytest.mark.xfail(strict=True)", "raise", "XFAIL"),
        ("@pytest.mark.xfail(strict=True)", "pass", "FAILED"),
        ("@pytest.mark.xfail", "pass", "XPASS"),
    ]
    test = """
{mark}
@pytest.mark.s3_expect(outlasts=1)
async def test_{number}(s3_client):
    try:
        await s3_client.put_object("b", "k", b"")
    except S3Error:
        {body}
"""
    tests = (test.format(mark=mark, number=number, body=body) for number, (mark, body, _) in enumerate(cases))
    result = run("import unittest\n" + "".join(tests), "-rA")
    result.assert_outcomes(failed=3, xfailed=3, xpassed=1)
    for number, (_, _, outcome) in enumerate(cases):
        result.stdout.re_match_lines([rf"{outcome} test_it\.py::test_{number}\b"])
    survives = "s3_expect(outlasts=1) does not hold: *does not survive s3_outage(1*: *no S3*"
    result.stdout.fnmatch_lines(["*__ test_0 __*", survives, "*__ test_1 __*", survives])


def test_fixtures_that_work_once(run):
    """The outage is not to blame."""
    result = run(
        """
        FIRST = [True]

        @pytest.fixture
        def once(s3_store):
            assert FIRST.pop()

        @pytest.mark.s3_expect(outlasts=1)
        def test_it(once): pass
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*does not hold: the test runs once more, and its fixtures fail then, before any *"])
