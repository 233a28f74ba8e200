"""Every way to run an async test: pytest-asyncio, anyio, asyncio.run, unittest, xdist."""

from __future__ import annotations


def test_pytest_asyncio_strict(run):
    """With the marker of strict mode, and fixtures of the plugin beside it."""
    run(
        """
        @pytest.mark.asyncio
        @pytest.mark.s3_fail(503, times=1)
        async def test_it(s3_client, s3_errors):
            with pytest.raises(S3ServerError):
                await s3_client.put_object("bucket", "key", b"")
            await s3_client.put_object("bucket", "key", b"")
            assert s3_errors.attempts() == 2
        """,
        "-o",
        "asyncio_mode=strict",
    ).assert_outcomes(passed=1)


def test_a_loop_of_the_session(run):
    """Tests that share one event loop do not share a simulation."""
    run(
        """
        pytestmark = pytest.mark.asyncio(loop_scope="session")

        @pytest.mark.parametrize("number", range(3))
        @pytest.mark.s3_fail(503, times=1)
        async def test_it(s3_client, s3_errors, s3_store, number):
            with pytest.raises(S3ServerError):
                await s3_client.put_object("bucket", f"key{number}", b"")
            await s3_client.put_object("bucket", f"key{number}", b"")
            assert (s3_errors.attempts(), s3_store.keys("bucket")) == (2, [f"key{number}"])
        """
    ).assert_outcomes(passed=3)


def test_anyio(run):
    """anyio's plugin, with a client that the test makes itself and with ours."""
    run(
        """
        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend(): return "asyncio"

        @pytest.mark.s3_fail(503, times=1)
        async def test_own(s3_errors):
            async with S3Client("a", "b") as client:
                with pytest.raises(S3ServerError):
                    await client.put_object("bucket", "key", b"")
                await client.put_object("bucket", "key", b"")
            assert s3_errors.attempts() == 2

        @pytest.mark.s3_fail(503, times=1)
        async def test_ours(s3_client):
            with pytest.raises(S3ServerError):
                await s3_client.put_object("bucket", "key", b"")
        """,
        "-p",
        "no:pytest_asyncio.plugin",
        "-p",
        "anyio.pytest_plugin",
        "-o",
        "asyncio_mode=",
        "-o",
        "filterwarnings=error\nignore::pytest.PytestConfigWarning",
    ).assert_outcomes(passed=2)


def test_asyncio_run_in_a_plain_test(run):
    """Once or twice in one test, with a client of the test's and with the fixture's; no loop is left open."""
    run(
        """
        @pytest.mark.s3_fail(503, times=2)
        def test_it(s3_client, s3_errors, s3_store):
            async def put():
                async with S3Client("a", "b") as client:
                    await client.put_object("bucket", "key", b"x")
            for _ in range(2):
                with pytest.raises(S3ServerError):
                    asyncio.run(put())
            asyncio.run(put())
            async def ours():
                return await s3_client.get_object("bucket", "key")
            assert asyncio.run(ours())["body"] == asyncio.run(ours())["body"] == b"x"
            assert s3_errors.attempts() == 5
        """
    ).assert_outcomes(passed=1)


def test_unittest(run):
    """IsolatedAsyncioTestCase takes markers on the class and on methods."""
    run(
        """
        import unittest

        @pytest.mark.s3_object("bucket", "key", b"x")
        class Test(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.client = S3Client("a", "b")
                self.addAsyncCleanup(self.client.close)

            @pytest.mark.s3_fail(503, times=1)
            async def test_it(self):
                with self.assertRaises(S3ServerError):
                    await self.client.get_object("bucket", "key")
                self.assertEqual((await self.client.get_object("bucket", "key"))["body"], b"x")

            @pytest.mark.s3_fail("NoSuchKey")
            async def test_method(self):
                with self.assertRaises(S3NotFoundError):
                    await self.client.get_object("bucket", "key")
        """
    ).assert_outcomes(passed=2)


def test_fixtures_are_served_but_no_rule_takes_them(run):
    """What a fixture asks for before and after the test is arrangement: it works and does not count."""
    run(
        """
        @pytest.fixture
        async def arranged(s3_client):
            await s3_client.put_object("bucket", "key", b"x")
            yield
            await s3_client.delete_object("bucket", "key")

        @pytest.mark.s3_fail(503, times=1)
        async def test_it(s3_client, s3_errors, arranged):
            with pytest.raises(S3ServerError):
                await s3_client.get_object("bucket", "key")
            assert s3_errors.attempts() == 1
        """
    ).assert_outcomes(passed=1)


SEEDED = """
@pytest.mark.parametrize("number", range(6))
@pytest.mark.s3_fail(503, probability=0.5)
async def test_it(s3_client, number, pytestconfig):
    from pytest_s3errors._test.keys import SEED

    fate = ""
    for _ in range(24):
        try:
            await s3_client.put_object("bucket", "key", b"")
            fate += "."
        except S3ServerError:
            fate += "x"
    with open(OUT, "a") as file:
        file.write(f"{number} {fate} {pytestconfig.stash[SEED]}\\n")
"""


def test_the_same_seed_gives_the_same_faults(run, tmp_path):
    """In whatever order and on however many workers; another seed gives others. Workers agree on one that is drawn."""

    def fates(name: str, *args: str) -> tuple[list[str], set[str]]:
        run(f"OUT = {str(tmp_path / name)!r}\n{SEEDED}", *args, subprocess="xdist" in args).assert_outcomes(passed=6)
        lines = [line.rsplit(" ", 1) for line in (tmp_path / name).read_text().splitlines()]
        return sorted(fate for fate, _ in lines), {seed for _, seed in lines}

    seven, _ = fates("a", "--s3-seed=7")
    assert len(set(seven)) == 6
    assert fates("b", "--s3-seed=7", "-p", "xdist", "-n1") == (seven, {"7"})
    assert fates("c", "--s3-seed=8")[0] != seven
    assert len({fate.split()[1] for fate in seven}) > 1
    drawn, seeds = fates("d", "-p", "xdist", "-n2")
    assert len(seeds) == 1
    assert fates("e", f"--s3-seed={seeds.pop()}")[0] == drawn


def test_the_header_shows_the_seed(run):
    """Also the one that was drawn, so that a run can be repeated."""
    result = run("def test_it(): pass", "-v", "--s3-seed=42")
    result.stdout.fnmatch_lines(["s3errors: --s3-seed=42"])
    result = run("def test_it(): pass", "-v")
    result.stdout.re_match_lines([r"s3errors: --s3-seed=\d+"])


def test_the_control_run_switches_every_fault_off(run):
    """Rules do not fire and need not; what fails now failed for other reasons."""
    result = run(
        """
        @pytest.mark.s3_fail(503)
        async def test_marker(s3_client, s3_store):
            await s3_client.put_object("bucket", "key", b"x")
            assert s3_store.exists("bucket", "key")

        async def test_controller(s3_client, s3_errors):
            with s3_errors.fail("SlowDown"):
                await s3_client.put_object("bucket", "key", b"x")

        @pytest.mark.s3_script(503)
        async def test_other(s3_client):
            assert False, "for other reasons"
        """,
        "--s3-control",
        "-v",
    )
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["s3errors: --s3-seed=*, control run: every fault is switched off"])


def test_a_project_that_does_not_use_it_is_not_touched(run):
    """No heavy module is imported, nothing is patched."""
    run(
        """
        def test_it():
            import sys
            assert "botocore" not in sys.modules
            assert {name for name in sys.modules if name.startswith("pytest_s3errors.")} == {
                "pytest_s3errors.plugin",
                # Before anything can fake the clock.
                "pytest_s3errors.system_clock",
                # What the user can set, as tables.
                "pytest_s3errors._options",
                "pytest_s3errors._core",
                "pytest_s3errors._core.rules",
                "pytest_s3errors._core.rules.choices",
                "pytest_s3errors._test",
                "pytest_s3errors._test.declared",
                "pytest_s3errors._test.keys",
            }
        """,
        fresh=True,
    ).assert_outcomes(passed=1)


def test_a_project_without_async_tests_needs_no_ini_line(pytester):
    """pytest-asyncio, which comes with us, asks for one of its options; nobody hears of it."""
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert "asyncio_default_fixture_loop_scope" not in result.stderr.str()


def test_a_client_that_was_installed_twice_is_told(run, tmp_path, monkeypatch):
    """The distribution whose interface the client keeps has the same package: one of them overwrote the other."""
    info = tmp_path / "s3_asyncio_client-0.1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: s3-asyncio-client\nVersion: 0.1.2\n")
    run("def test_it(): pass", "-v").stdout.no_fnmatch_line("*warning: s3-asyncio-client*")
    monkeypatch.syspath_prepend(tmp_path)
    told = [line for line in run("def test_it(): pass", "-v").outlines if "s3-asyncio-client 0.1.2" in line]
    assert len(told) == 1
    assert "pip uninstall s3-asyncio-client, then pip install --force-reinstall --no-deps pytest-s3errors" in told[0]
