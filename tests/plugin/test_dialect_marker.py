"""The marker `s3_dialect`: at every layer, in a process of its own, and what is wrong with it."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def loops(pytester):
    """Give the inner runs a loop each, without warnings."""
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n")


TEST = """
import pytest

@pytest.mark.s3_dialect("r2")
@pytest.mark.s3_fail("SlowDown", operation="GetObject")
async def test_it(s3_client):
    for method, arguments in (("get_object", ()), ("put_object", (b"data",))):
        if method == "put_object":
            await s3_client.put_object("bucket", "key", b"first")
        with pytest.raises(Exception) as caught:
            await getattr(s3_client, method)("bucket", "key", *arguments)
        assert (caught.value.status_code, caught.value.error_code) == (429, "TooManyRequests")
"""


@pytest.mark.parametrize("layer", ["client", "mock", "wire"])
def test_every_layer_speaks_it(pytester, layer):
    pytester.makepyfile(TEST)
    pytester.runpytest_inprocess(f"--s3-layer={layer}").assert_outcomes(passed=1)


def test_a_server_in_a_process_speaks_it(pytester):
    pytester.makepyfile(
        """
        import urllib.request, urllib.error
        import pytest

        @pytest.mark.s3_server("process")
        @pytest.mark.s3_dialect("r2")
        @pytest.mark.s3_fail("SlowDown")
        def test_it(s3_server):
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(f"{s3_server.url}/bucket/key")
            assert caught.value.code == 429
        """
    )
    pytester.runpytest_subprocess().assert_outcomes(passed=1)


def test_an_unknown_store(pytester):
    pytester.makepyfile('import pytest\n\n@pytest.mark.s3_dialect("r3")\ndef test_it(): ...\n')
    result = pytester.runpytest_inprocess()
    result.stderr.fnmatch_lines(["*s3_dialect(): 'r3' is not one of aws, minio, r2, b2*"])
