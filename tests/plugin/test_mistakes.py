"""Wrong markers: all of them at once, where they are written, and only those of tests that were selected."""

from __future__ import annotations

import re

import pytest


def lines_of(result):
    """Return what was said of the markers, a line each, with the place in parentheses."""
    text = "\n".join(line.removeprefix("ERROR: ") for line in result.errlines if line)
    return re.sub(r"\n  at (.*)", r" (\1)", text).splitlines()


def test_all_wrong_markers_are_one_error(run):
    """Each with its test, and with the file and the line where it is written."""
    result = run(
        """
        pytestmark = pytest.mark.s3_layer("wire")


        @pytest.mark.s3_fail("SlowDown")
        @pytest.mark.s3_fail(status=99)
        def test_one(): pass


        class TestTwo:
            pytestmark = [pytest.mark.s3_time("vitual")]

            @pytest.mark.s3_slow(delay=2)
            def test_two(self): pass


        @pytest.mark.parametrize("n", [pytest.param(1, marks=pytest.mark.s3_fail("503")), 2])
        def test_three(n): pass
        """
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [(line.partition(": ")[0], line.rpartition(" ")[2]) for line in lines_of(result)] == [
        ("test_it.py::test_one", "(test_it.py:10)"),
        ("test_it.py::TestTwo::test_two", "(test_it.py:17)"),
        ("test_it.py::TestTwo::test_two", "(test_it.py:15)"),
        ("test_it.py::test_three[1]", "(test_it.py:21)"),
    ]


def test_the_place_is_that_of_the_wrong_marker(run):
    """Not of the first one above the test."""
    result = run(
        """
        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_credentials("AKIAONE", "one")
        @pytest.mark.s3_credentials("AKIATWO")
        def test_one(): pass

        @pytest.mark.s3_fail(503)
        @pytest.mark.s3_credentials("AKIAONE", "one")
        @pytest.mark.s3_credentials("AKIAONE", "other")
        @pytest.mark.s3_fail(500, layer="mock")
        @pytest.mark.s3_fail(502, layer="wire")
        def test_two(): pass
        """
    )
    assert [line.rpartition(" ")[2] for line in lines_of(result)] == [f"(test_it.py:{line})" for line in (8, 12, 14)]


def test_a_marker_of_a_module_is_told_once(run):
    """However many tests it marks."""
    result = run(
        """
        pytestmark = [pytest.mark.s3_fail(503), pytest.mark.s3_bucket()]

        def test_one(): pass
        def test_two(): pass
        def test_three(): pass
        """
    )
    (line,) = lines_of(result)
    assert line.endswith('s3_bucket() needs name, such as s3_bucket("data") (test_it.py:6, for 2 more tests too)')


def test_a_marker_made_elsewhere_has_the_place_of_its_test(run):
    """The source of the test does not tell where it was made."""
    result = run(
        """
        flaky = getattr(pytest.mark, "s3_" + "fail")(status=99)

        @flaky
        def test_it(): pass
        """
    )
    assert lines_of(result)[0].endswith("(test_it.py:8)")


@pytest.mark.parametrize("args", [("-k", "right"), ("-m", "not slow"), ("--deselect", "test_it.py::test_wrong")])
def test_what_is_deselected_is_not_checked(run, args):
    """A wrong marker concerns those who run its test."""
    run(
        """
        @pytest.mark.slow
        @pytest.mark.s3_fail(status=99)
        def test_wrong(): pass

        @pytest.mark.s3_fail(503, optional=True)
        def test_right(): pass
        """,
        *args,
        ini="markers =\n    slow: theirs",
    ).assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize(
    ("decorators", "says"),
    [
        ("@pytest.mark.s3_fail(S3ServerError)", "*s3_fail(S3ServerError) marks the class*and test_it is lost*503)*"),
        ("@pytest.mark.s3_expect(S3ServerError)", "*s3_expect takes the class by name: s3_expect(outcome=S3ServerErr*"),
        ("@pytest.mark.asyncio\n@pytest.mark.s3_fail(S3ServerError)", "*s3_fail(S3ServerError) marks the class*"),
        ("@pytest.mark.s3_fail(503)\n@pytest.mark.s3_script(S3ServerError)", "*s3_script takes codes, statuses*"),
    ],
)
def test_a_class_in_a_marker_loses_no_test(run, decorators, says):
    """pytest would decorate the class, and leave an exception where the test was."""
    source = f"class S3ServerError(S3Error): pass\n\n{decorators}\ndef test_it(): pass\n\ndef test_other(): pass"
    result = run(source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    pytest.LineMatcher(lines_of(result)).fnmatch_lines([f"test_it.py::test_it: {says}(test_it.py:*)"])
    run(source, "-k", "other").assert_outcomes(passed=1, deselected=1)


@pytest.mark.parametrize("name", ["conftest.py", "__init__.py"])
@pytest.mark.parametrize("options", [(), ("--import-mode=importlib",)])
def test_a_marker_where_pytest_reads_none_is_told(pytester, name, options):
    """Without it, the tests would pass without a fault. A folder beside is none of its."""
    pytester.path.joinpath("beside").mkdir()
    pytester.path.joinpath("beside/test_beside.py").write_text("def test_it(): pass")
    inner = pytester.path / "suite/inner"
    inner.mkdir(parents=True)
    for folder in (inner.parent, inner):
        folder.joinpath("__init__.py").write_text("")
    inner.parent.joinpath(name).write_text(
        "import pytest\n\npytestmark = [pytest.mark.asyncio, pytest.mark.s3_fail(503)]\n"
    )
    inner.joinpath("test_it.py").write_text("def test_one(): pass\n\ndef test_two(): pass")
    result = pytester.runpytest(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            f"ERROR: suite/inner/test_it.py::test_one: pytest ignores pytestmark of {name}, so s3_fail marks no test.*",
            f"  at suite/{name}:3, for 1 more tests too",
        ]
    )
    pytester.runpytest(*options, "beside").assert_outcomes(passed=1)


@pytest.mark.parametrize("dist", ["load", "each"])
def test_workers_stop_the_run_with_one_error(run, dist):
    """The same as without pytest-xdist, before the first test: each of them finds all that is wrong."""
    source = """
        def test_right(): pass

        @pytest.mark.s3_fail(status=99)
        def test_it(): pass

        @pytest.mark.s3_fail(503, time=2)
        def test_two(): pass
        """
    alone = run(source)
    result = run(source, "-p", "xdist", "-n2", f"--dist={dist}", subprocess=True)
    assert result.ret == alone.ret == pytest.ExitCode.USAGE_ERROR
    result.assert_outcomes()
    assert lines_of(result) == lines_of(alone)
    assert [line.rpartition(" ")[2] for line in lines_of(alone)] == ["(test_it.py:8)", "(test_it.py:11)"]


AS_WRITTEN = [
    ('s3_fail(what="SlowDown")', 'what fails goes first, without a name: s3_fail("SlowDown")'),
    ('s3_fail("503")', "s3_fail: '503' is no error code; did you mean the status 503, without quotes?"),
    ("s3_slow(delay=2)", "s3_slow() has no option 'delay'; did you mean 'first_byte'?"),
    ('s3_expect(attempts={"PutObjct": 3})', "s3_expect(attempts={'PutObjct': ...}): S3 has no such operation; did"),
    ('s3_fail(503, bucket="s3://data")', "s3_fail(bucket=...): bucket is 's3://data'; here 'data' is the bucket"),
    ('s3_fail(503, part=2, operation="PutObject")', "only UploadPart and UploadPartCopy have parts"),
    ('s3_expect(stored={"s3://data/k": b""})', "here 'data' is the bucket and 'k' the key"),
]


def test_a_mistake_is_named_as_it_was_written(refused):
    """With what to write instead."""
    for (_, says), said in zip(AS_WRITTEN, refused([marker for marker, _ in AS_WRITTEN]), strict=True):
        assert says in said


def test_wrong_options_are_one_error(run):
    """Before the first test; a project that uses no S3 hears nothing of them."""
    wrong = ("--s3-time=vitual", "--s3-layer=mok")
    result = run("def test_it(s3_store): pass", *wrong)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert [line.partition(": ")[0] for line in lines_of(result)] == ["--s3-layer", "--s3-time"]
    distributed = run("def test_it(s3_store): pass", *wrong, "-p", "xdist", "-n1", subprocess=True)
    assert (distributed.ret, lines_of(distributed)) == (result.ret, lines_of(result))
    run("def test_it(): pass", *wrong).assert_outcomes(passed=1)


def test_what_a_module_imports_is_not_asked_for_its_class(run):
    """A lazy object, such as Django's settings, would load itself, or fail to."""
    run(
        """
        class Lazy:
            @property
            def __class__(self):
                raise RuntimeError("not configured")

        settings = Lazy()

        def test_it(): pass
        """
    ).assert_outcomes(passed=1)
