"""`S3WithFallback` under markers: the same at the `client` and the `wire` layer."""

from __future__ import annotations

import pytest

from s3_asyncio_client import S3Client
from s3_asyncio_client.exceptions import S3NotFoundError
from s3_asyncio_client.fallback import S3NowhereFoundError, S3WithFallback

pytestmark = [
    pytest.mark.parametrize(
        "layer",
        [
            pytest.param("client", marks=pytest.mark.s3_layer("client")),
            pytest.param("wire", marks=pytest.mark.s3_layer("wire")),
        ],
    ),
    pytest.mark.s3_object("data", "a.txt", b"in S3"),
]

BACKUP = "https://s3.backup.example"


@pytest.fixture
async def backup():
    """A client of another endpoint."""
    async with S3Client("access", "secret", endpoint_url=BACKUP) as client:
        yield client


@pytest.fixture
def cache(tmp_path):
    """A folder with an older copy of data/a.txt."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_bytes(b"kept")
    return tmp_path


async def read(primary, fallback=None, cache=None, key="a.txt", **options):
    """Which source answered with what."""
    reader = S3WithFallback(primary, fallback, cache, **options)
    found = await reader.get_object_with_fallback("data", key)
    return found["source"], found["body"]


async def test_the_primary_answers_while_it_can(layer, s3_client, backup, cache, s3_errors):
    """One request, to the primary alone."""
    assert await read(s3_client, backup, cache) == ("primary", b"in S3")
    assert s3_errors.attempts() == 1


@pytest.mark.s3_fail(503, endpoint="*.amazonaws.com")
async def test_the_backup_answers_for_a_primary_that_is_away(layer, s3_client, backup, cache):
    """An outage of one endpoint does not reach the reader."""
    assert await read(s3_client, backup, cache) == ("fallback", b"in S3")


@pytest.mark.s3_fail("AccessDenied", endpoint="*.amazonaws.com")
async def test_the_backup_answers_for_a_primary_that_refuses(layer, s3_client, backup, cache):
    """By default a refusal falls through like an outage."""
    assert await read(s3_client, backup, cache) == ("fallback", b"in S3")


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(fault, marks=pytest.mark.s3_fail(fault))
        for fault in ("SlowDown", "connection_reset", "disconnect", "truncated_body", "corrupted_body", "garbage")
    ],
)
async def test_the_folder_answers_when_no_endpoint_does(layer, s3_client, backup, cache, fault):
    """Whatever is wrong with both, wrong bytes among it."""
    assert await read(s3_client, backup, cache) == ("local_cache", b"kept")


@pytest.mark.s3_fail("NoSuchKey", endpoint="*.amazonaws.com", times=2)
async def test_a_missing_object_is_an_answer_if_you_say_so(layer, s3_client, backup, cache, s3_errors):
    """Then the primary's 404 is final; by default the backup is asked."""
    with pytest.raises(S3NotFoundError) as caught:
        await read(s3_client, backup, cache, missing_is_final=True)
    assert not isinstance(caught.value, S3NowhereFoundError)
    assert s3_errors.attempts(endpoint="s3.backup.example") == 0
    assert await read(s3_client, backup, cache) == ("fallback", b"in S3")


@pytest.mark.s3_script(503, "AccessDenied")
async def test_nobody_has_it(layer, s3_client, backup, tmp_path):
    """All three causes are attached, and it is told apart from an object that is not there."""
    with pytest.raises(S3NowhereFoundError) as caught:
        await read(s3_client, backup, tmp_path)
    assert [type(cause).__name__ for cause in caught.value.causes] == [
        "S3ServerError",
        "S3AccessDeniedError",
        "FileNotFoundError",
    ]
    assert not caught.value.absent


async def test_nobody_has_what_is_not_there(layer, s3_client, backup, tmp_path):
    """Both endpoints say 404, and the folder has no copy."""
    with pytest.raises(S3NowhereFoundError) as caught:
        await read(s3_client, backup, tmp_path, key="missing")
    assert caught.value.absent


@pytest.mark.s3_fail(503, after=1)
async def test_what_was_read_is_kept_for_the_next_outage(layer, s3_client, tmp_path):
    """Write-through: the first read fills the folder, the second is served from it."""
    assert await read(s3_client, None, tmp_path, write_through=True) == ("primary", b"in S3")
    assert await read(s3_client, None, tmp_path, write_through=True) == ("local_cache", b"in S3")
    assert (tmp_path / "data" / "a.txt").read_bytes() == b"in S3"


@pytest.mark.s3_object("data", "../../escaped", b"evil")
@pytest.mark.s3_fail(503, after=1)
async def test_an_object_with_an_evil_key_is_kept_inside(layer, s3_client, tmp_path):
    """S3 allows the key; it is served from the folder again and no file appears outside."""
    cache = tmp_path / "deep" / "cache"
    for source in ("primary", "local_cache"):
        found = await read(s3_client, None, cache, key="../../escaped", write_through=True)
        assert found == (source, b"evil")
    assert [path for path in tmp_path.rglob("*") if path.is_file() and not path.is_relative_to(cache)] == []
