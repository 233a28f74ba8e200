"""Markers: what they accept, in which order they count, and what they say to a mistake."""

from __future__ import annotations

from fnmatch import fnmatch

import pytest


def test_the_first_promise(run):
    """Two of three requests fail, the third is stored: at both layers, with nothing but the marker."""
    run(
        """
        @pytest.mark.parametrize("layer", [
            pytest.param("client", marks=pytest.mark.s3_layer("client")),
            pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
        ])
        @pytest.mark.s3_fail(status=503, times=2)
        async def test_upload_is_retried(s3_client, s3_errors, s3_store, layer):
            await retry_with_exponential_backoff(lambda: s3_client.put_object("bucket", "key", b"data"), base_delay=0)
            assert s3_errors.attempts(operation="PutObject") == 3
            assert s3_store.get("bucket", "key").body == b"data"
        """
    ).assert_outcomes(passed=2)


WRONG = [
    ("s3_fail(status=503, time=2)", "s3_fail() has no option 'time'; did you mean 'times'?*"),
    ('s3_fail("SlowDwn")', "s3_fail: 'SlowDwn' is neither*did you mean 'SlowDown'?*"),
    ("s3_fail(status=99)", "s3_fail(status=99): allowed is an HTTP status from 300 to 599*"),
    ("s3_fail(503, times=-1)", "s3_fail(times=-1): allowed is a whole number from 1 up*"),
    ("s3_fail(times=-1)", "s3_fail*"),
    (
        's3_fail(503, operation="PutObjects")',
        "s3_fail(operation='PutObjects'): *did you mean 'PutObject'?*",
    ),
    ('s3_fail(operation="PutObjects")', "s3_fail*"),
    ('s3_script(503, "okay")', "s3_script: 'okay'*did you mean 'ok'?*"),
    ('s3_layer("mok")', "s3_layer(): 'mok' is not one of *; did you mean 'mock'?*"),
    ("s3_layer()", "s3_layer() takes one argument*"),
    ("s3_bucket()", 's3_bucket() needs name, such as s3_bucket("data")*'),
    ("s3_bucket(7)", "s3_bucket(7): S3 has no bucket named 7: it is not a str*"),
    ('s3_object("bucket", "key", "text")', "s3_object('bucket', 'key', 'text'): *bytes*"),
    ('s3_object("bucket", "")', "s3_object('bucket', ''): *"),
]


def test_a_wrong_marker_stops_collection(refused):
    """One line names the test, the argument, what is allowed and the nearest right spelling; no test runs."""
    for (_, says), said in zip(WRONG, refused([marker for marker, _ in WRONG]), strict=True):
        assert fnmatch(said, says)


@pytest.mark.parametrize("first", ["", '@pytest.mark.s3_object("bucket", "key", b"")', "@pytest.mark.s3_fail(503)"])
def test_a_marker_that_a_fixture_adds_comes_too_late(run, first):
    """It would be a green test without a fault."""
    result = run(
        f"""
        @pytest.fixture
        def faulty(request):
            request.node.add_marker(pytest.mark.s3_fail(503))

        {first}
        def test_it(faulty): print("it", "ran")

        def test_other(): pass
        """
    )
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines("s3_fail: a fixture or a hook has added this marker too late*")
    result.stdout.no_fnmatch_line("it ran")


def test_a_misspelt_marker_is_caught_without_strict_markers(run):
    """`s3_fial` would otherwise be a warning and a test that tests nothing."""
    result = run(
        "@pytest.mark.s3_fial(503)\ndef test_it(): pass",
        "-o",
        "addopts=",
        "-W",
        "ignore::pytest.PytestUnknownMarkWarning",
    )
    said = "there is no marker 's3_fial'; did you mean 's3_fail'?"
    result.stderr.fnmatch_lines([f"ERROR: test_it.py::test_it: {said}", "  at test_it.py:5"])


def test_somebody_elses_s3_marker_is_left_alone(run):
    """A marker that another project registered, or that is like none of ours, is none of our business."""
    run(
        "@pytest.mark.s3_failure\n@pytest.mark.s3_integration\ndef test_it(): pass",
        ini="markers =\n    s3_failure: theirs\n    s3_integration: theirs",
    ).assert_outcomes(passed=1)


def test_function_rules_come_before_class_before_module(run):
    """Closest first, and top to bottom within one function."""
    run(
        """
        pytestmark = [pytest.mark.s3_fail(505, times=1), pytest.mark.s3_fail(506, times=1)]

        async def statuses(client, count):
            found = []
            for _ in range(count):
                try:
                    await client.head_object("bucket", "key")
                except S3Error as error:
                    found.append(error.status_code)
            return found

        @pytest.mark.s3_fail(503, times=1)
        @pytest.mark.s3_fail(504, times=1)
        class TestOrder:
            @pytest.mark.s3_fail(501, times=1)
            @pytest.mark.s3_fail(502, times=1)
            async def test_it(self, s3_client):
                assert await statuses(s3_client, 7) == [501, 502, 503, 504, 505, 506, 404]
        """
    ).assert_outcomes(passed=1)


def test_buckets_and_objects_exist_when_the_test_starts(run):
    """Declared buckets exist and others do not; objects have their attributes."""
    run(
        """
        @pytest.mark.s3_bucket("logs")
        @pytest.mark.s3_object("logs", "a/b.txt", b"hello", content_type="text/plain", metadata={"who": "me"})
        async def test_declared(s3_client):
            got = await s3_client.get_object("logs", "a/b.txt")
            assert (got["body"], got["content_type"], got["metadata"]) == (b"hello", "text/plain", {"who": "me"})
            with pytest.raises(S3NotFoundError) as caught:
                await s3_client.put_object("other", "key", b"")
            assert caught.value.error_code == "NoSuchBucket"

        async def test_undeclared(s3_client, s3_store):
            with pytest.raises(S3NotFoundError):
                await s3_client.get_object("any", "key")
            await s3_client.put_object("any", "key", b"x")
            await s3_client.put_object("b", "key", b"x")
            assert s3_store.keys("any") == s3_store.keys("b") == ["key"]
        """
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize("first", ["bucket", "object"])
def test_a_bucket_is_as_declared_beside_its_object(run, first):
    """The object does not make it first, whichever marker is above."""
    marks = [
        '@pytest.mark.s3_bucket("data", "eu-west-1", versioning=True)',
        '@pytest.mark.s3_object("data", "key", b"1")',
    ]
    run(
        """
        {}
        {}
        async def test_it(s3_store):
            assert s3_store.bucket("data").region == "eu-west-1"
            assert s3_store.get("data", "key").version_id not in (None, "null")
        """.format(*(marks if first == "bucket" else marks[::-1]))
    ).assert_outcomes(passed=1)


def test_the_nearest_marker_declares_a_bucket(run):
    """Nothing is left of the others: they are no half of one declaration."""
    run(
        """
        pytestmark = [pytest.mark.s3_bucket("data", "ap-south-1"), pytest.mark.s3_bucket(name="other")]

        def regions(store):
            return {name: (store.bucket(name).region, store.bucket(name).versioning) for name in store.buckets}

        @pytest.mark.s3_bucket("data", "us-west-2", versioning=True)
        class TestNearest:
            @pytest.mark.s3_bucket(name="data", region="eu-west-1")
            @pytest.mark.s3_bucket("data", "eu-west-2")
            def test_of_the_function(self, s3_store):
                assert regions(s3_store) == {"data": ("eu-west-1", None), "other": ("us-east-1", None)}

            def test_of_the_class(self, s3_store):
                assert regions(s3_store)["data"] == ("us-west-2", "Enabled")

        def test_of_the_module(s3_store):
            assert regions(s3_store)["data"] == ("ap-south-1", None)
        """
    ).assert_outcomes(passed=3)


LISTS = """
fail = lambda status: pytest.mark.s3_fail(status, times=1)

class Base:
    pytestmark = [fail(503), fail(504)]

    async def test_it(self, s3_client): await statuses(s3_client, 503, 504)

class TestInherits(Base):
    pytestmark = [fail(505), fail(506)]

    async def test_it(self, s3_client): await statuses(s3_client, 505, 506, 503, 504)

class TestOne:
    pytestmark = fail(507)

    async def test_it(self, s3_client): await statuses(s3_client, 507)

@fail(508)
@fail(509)
class TestDecorated(Base):
    async def test_it(self, s3_client): await statuses(s3_client, 508, 509, 503, 504)

@fail(511)
@pytest.mark.parametrize("n", [pytest.param(1, marks=[fail(512), fail(513)]), pytest.param(2, marks=fail(514))])
async def test_params(s3_client, n):
    await statuses(s3_client, *((512, 513) if n == 1 else (514,)), 511)

async def statuses(client, *wanted):
    seen = []
    for _ in wanted:
        try:
            await client.head_object("b", "k")
        except S3Error as error:
            seen.append(error.status_code)
    assert seen == [*wanted]
"""


def test_lists_of_markers_count_as_they_are_written(run):
    """Of a class and of a parameter too, whose decorators run from bottom to top."""
    run(LISTS).assert_outcomes(passed=5)


def test_a_script_is_played_in_order(run):
    """One outcome per matching request; after the last, requests pass; others are not its business."""
    run(
        """
        @pytest.mark.s3_script(503, "SlowDown", "connection_reset", "ok", "AccessDenied", operation="PutObject")
        async def test_it(s3_client, s3_errors):
            outcomes = []
            for _ in range(6):
                try:
                    await s3_client.put_object("bucket", "key", b"x")
                    outcomes.append("ok")
                except S3Error as error:
                    outcomes.append(error.error_code or type(error).__name__)
                await s3_client.list_objects("bucket") if "ok" in outcomes else None
            assert outcomes == ["ServiceUnavailable", "SlowDown", "S3ConnectionError", "ok", "AccessDenied", "ok"]
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize("how", ["marker", "option", "ini", "rule"])
def test_the_layer_can_be_chosen(run, how):
    """By the rule, the marker, the command line or the ini file."""
    marks = {"marker": '@pytest.mark.s3_layer("client")', "rule": '@pytest.mark.s3_fail(503, layer="client")'}
    result = run(
        f"""
        {marks.get(how, "")}
        async def test_it(s3_client):
            with pytest.raises(S3Error) if {how == "rule"} else pytest.raises(S3NotFoundError):
                await s3_client.head_object("bucket", "key")
            assert s3_client._session is None  # no session, no socket: the client layer
        """,
        *(["--s3-layer=client"] if how == "option" else []),
        ini="s3_layer = client" if how == "ini" else "",
    )
    result.assert_outcomes(passed=1)


def test_rules_of_one_test_agree_on_the_layer(run):
    """Two rules that ask for two layers are a mistake."""
    result = run(
        '@pytest.mark.s3_fail(503, layer="client")\n@pytest.mark.s3_fail(500, layer="wire")\ndef test_it(): pass'
    )
    result.stderr.fnmatch_lines(["ERROR: test_it.py::test_it: one test runs at one layer*"])


def test_markers_are_listed(run):
    """`pytest --markers` explains each."""
    result = run("", "--markers")
    for name in ("s3_fail", "s3_script", "s3_bucket", "s3_object", "s3_layer"):
        result.stdout.fnmatch_lines([f"@pytest.mark.{name}(*"])


def test_the_marker_limits_one_test(run):
    """Over what the ini file says."""
    result = run(
        """
        def endless(s3_server):
            import urllib.request
            for _ in range(60):
                urllib.request.urlopen(f"{s3_server.url}/").read()

        @pytest.mark.s3_limits(requests=5)
        def test_it(s3_server):
            endless(s3_server)

        @pytest.mark.s3_limits(requests=100)
        def test_that(s3_server):
            endless(s3_server)
        """,
        ini="s3_max_requests = 30",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*more than 5 requests came*"])


def test_the_command_line_comes_before_the_ini_file(run):
    """For each option that is in both."""
    result = run("def test_it(s3_server): pass", "--s3-server=proces", "--s3-backend=mto", ini="s3_server = thread")
    lines = pytest.LineMatcher([*result.outlines, *result.errlines])
    lines.fnmatch_lines(
        [
            "*--s3-server: 'proces' is not one of thread, process; did you mean 'process'?",
            "*--s3-backend: 'mto' is not one of memory, moto or a URL; did you mean 'moto'?",
        ]
    )
