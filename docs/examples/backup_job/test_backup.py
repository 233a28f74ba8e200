"""The backup job while S3 misbehaves. Each marker says what goes wrong; S3 itself is simulated.

Every test runs twice: with boto3, and with the asyncio client. The markers are the same.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from backup_job import Job, Report, back_up
from backup_job.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path

FILES = {
    "empty.log": b"",
    "notes.txt": b"buy milk\n",
    "photos/2024/cat.jpg": bytes(range(256)) * 800,
    "photos/2024/na\u00efve name + 100%.txt": b"odd names are names",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small directory tree on disk."""
    for name, body in FILES.items():
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return tmp_path / "tree"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with one file of 11 MiB, which goes up in three parts. No test changes it."""
    path = tmp_path_factory.mktemp("large") / "disk.img"
    path.write_bytes(os.urandom(11 * 1024 * 1024))
    return path.parent


def all_stored(report: Report, s3_store) -> bool:
    """Whether the report names every file, and S3 holds what it says."""
    held = {key: s3_store.get("backups", key).body for key in s3_store.keys("backups")}
    return not report.failed and [item.key for item in report.stored] == sorted(FILES) and held == FILES


async def test_every_file_is_stored(job: Job, tree: Path, s3_store):
    """Nothing goes wrong: the case that the others are compared with."""
    assert all_stored(await back_up(job, tree), s3_store)


# Whatever goes wrong at one request: what the report calls stored is in S3, and nothing is left half done.
# The layer `client` serves the asyncio client alone, and is the fastest.

ASYNCIO = pytest.mark.parametrize("job", ["asyncio"], indirect=True)


@ASYNCIO
@pytest.mark.s3_layer("client")
@pytest.mark.s3_sweep(budget=120)
async def test_the_report_holds_at_each_fault(job: Job, tree: Path, s3_sweep):
    """The job outlasts what goes away by itself, and reports the rest."""
    report = await back_up(job, tree)
    for item in report.stored:
        s3_sweep.acknowledge("backups", item.key, FILES[item.key])
    assert len(report.stored) + len(report.failed) == len(FILES)


@ASYNCIO
@pytest.mark.s3_layer("client")
@pytest.mark.s3_sweep(operation=["*Multipart*", "UploadPart"], modes="once", budget=120)
async def test_a_large_file_is_stored_at_each_fault(job: Job, large: Path, s3_sweep):
    """Nothing stays in S3 that is no object."""
    report = await back_up(job, large)
    for item in report.stored:
        s3_sweep.acknowledge("backups", item.key, (large / item.key).read_bytes())


# S3 asks to slow down, then goes on.


@pytest.mark.s3_fail("SlowDown", operation="PutObject", times=2)
async def test_throttled_uploads_are_repeated(job: Job, tree: Path, s3_errors, s3_store):
    """Two 503 SlowDown cost two attempts more."""
    assert all_stored(await back_up(job, tree), s3_store)
    assert s3_errors.attempts(operation="PutObject") == len(FILES) + 2


@pytest.mark.s3_script(503, "SlowDown", 500, "ok", key="notes.txt")
async def test_the_last_attempt_can_be_the_good_one(job: Job, tree: Path, s3_errors, s3_store):
    """Three different failures of one file, then it goes through."""
    assert all_stored(await back_up(job, tree), s3_store)
    assert s3_errors.attempts(operation="PutObject", key="notes.txt") == 4


# The connection breaks.


@pytest.mark.s3_fail("connection_reset", operation="PutObject", times=1)
async def test_a_reset_connection_is_survived(job: Job, tree: Path, s3_store):
    """RST instead of an answer."""
    assert all_stored(await back_up(job, tree), s3_store)


@pytest.mark.s3_fail("disconnect", operation="PutObject", times=1)
async def test_a_closed_connection_is_survived(job: Job, tree: Path, s3_store):
    """FIN instead of an answer."""
    assert all_stored(await back_up(job, tree), s3_store)


@pytest.mark.s3_fail("lost_response", operation="PutObject", key="notes.txt", times=1)
async def test_an_upload_whose_answer_is_lost_is_repeated(job: Job, tree: Path, s3_errors, s3_store):
    """S3 has the file already; the job can't know, and uploads it once more."""
    assert all_stored(await back_up(job, tree), s3_store)
    assert s3_errors.attempts(operation="PutObject", key="notes.txt") == 2


# What is read back is not what was stored.


@pytest.mark.s3_fail("truncated_body", operation="GetObject", key="*.jpg", times=1)
async def test_a_truncated_body_is_read_again(job: Job, tree: Path, s3_errors, s3_store):
    """Half a body is no verification."""
    assert all_stored(await back_up(job, tree), s3_store)
    assert s3_errors.attempts(operation="GetObject", key="*.jpg") == 2


@pytest.mark.s3_fail("corrupted_body", operation="GetObject", key="*.jpg", times=1)
async def test_a_corrupted_body_is_read_again(job: Job, tree: Path, s3_errors, s3_store):
    """One wrong bit, once, was the network's doing."""
    assert all_stored(await back_up(job, tree), s3_store)
    assert s3_errors.attempts(operation="GetObject", key="*.jpg") == 2


@pytest.mark.s3_fail("corrupted_body", operation="GetObject", key="*.jpg")
async def test_a_file_that_stays_corrupted_is_reported(job: Job, tree: Path):
    """One wrong bit at every attempt: the file does not count as stored, the others do."""
    report = await back_up(job, tree)
    assert [(item.key, item.step) for item in report.failed] == [("photos/2024/cat.jpg", "verify")]
    assert len(report.stored) == len(FILES) - 1


@pytest.mark.s3_fail("short_body", operation="GetObject", key="*.jpg")
async def test_a_body_that_is_short_and_consistent_is_noticed(job: Job, tree: Path):
    """Content-Length agrees with the short body; only the digest tells."""
    report = await back_up(job, tree)
    assert [(item.key, item.step) for item in report.failed] == [("photos/2024/cat.jpg", "verify")]


@pytest.mark.s3_fail("corrupted_body", operation="GetObject", at=7_000_000)
async def test_a_corrupted_large_file_is_noticed(job: Job, large: Path):
    """The ETag of a multipart upload is no digest of its bytes; the job's own comparison has to tell."""
    report = await back_up(job, large)
    assert [item.step for item in report.failed] == ["verify"]
    assert "SHA-256" in report.failed[0].reason


# Some files can't be stored; the others are.


@pytest.mark.s3_fail("AccessDenied", operation="PutObject", key="notes.txt")
async def test_a_refused_file_is_reported_and_the_others_are_stored(job: Job, tree: Path, s3_errors, s3_store):
    """AccessDenied is not repeated, and stops nothing else."""
    report = await back_up(job, tree)
    assert [(item.key, item.step) for item in report.failed] == [("notes.txt", "upload")]
    assert "AccessDenied" in report.failed[0].reason
    assert s3_errors.attempts(key="notes.txt") == 1
    assert s3_store.keys("backups") == sorted(set(FILES) - {"notes.txt"})


@pytest.mark.s3_bucket("another-bucket")
async def test_a_missing_bucket_is_reported_for_every_file(job: Job, tree: Path, s3_errors, s3_store):
    """No rule here: the declared bucket is the only one, so S3 itself says NoSuchBucket."""
    report = await back_up(job, tree)
    assert not report.stored
    assert all("NoSuchBucket" in item.reason for item in report.failed)
    assert s3_errors.attempts() == len(FILES)
    assert s3_store.buckets == ["another-bucket"]


@pytest.mark.s3_fail(500)
async def test_an_outage_that_does_not_end_is_reported(job: Job, tree: Path, s3_errors, s3_store):
    """Every file is tried four times, then reported; none is said to be stored."""
    report = await back_up(job, tree)
    assert [item.key for item in report.failed] == sorted(FILES)
    assert s3_errors.attempts() == 4 * len(FILES)
    assert not s3_store.keys("backups")


async def test_what_is_no_file_is_reported(job: Job, tree: Path):
    """A link that points nowhere is not backed up, and not passed over in silence."""
    (tree / "dangling").symlink_to(tree / "nothing")
    report = await back_up(job, tree)
    assert [(item.key, item.step) for item in report.failed] == [("dangling", "read")]
    assert len(report.stored) == len(FILES)


# Large files.


@pytest.mark.s3_fail(503, operation="UploadPart", part=2, times=1)
async def test_a_failed_part_leaves_nothing_behind(job: Job, large: Path, s3_store):
    """boto3 sends the part again; the asyncio client aborts the upload and begins another."""
    report = await back_up(job, large)
    assert not report.failed
    assert s3_store.get("backups", "disk.img").body == (large / "disk.img").read_bytes()
    assert s3_store.unfinished_uploads == []


@pytest.mark.s3_fail("error_in_200", operation="CompleteMultipartUpload", times=1)
async def test_an_error_inside_a_200_is_an_error(job: Job, large: Path, s3_store):
    """S3 says 200 and then that it failed; the upload is made again."""
    report = await back_up(job, large)
    assert not report.failed
    assert s3_store.get("backups", "disk.img").body == (large / "disk.img").read_bytes()


@pytest.mark.s3_fail(503, operation="UploadPart", part=3)
async def test_a_part_that_never_arrives_is_reported(job: Job, large: Path, s3_store):
    """No object, no unfinished upload that somebody pays for."""
    report = await back_up(job, large)
    assert [(item.key, item.step) for item in report.failed] == [("disk.img", "upload")]
    assert not s3_store.exists("backups", "disk.img")
    assert s3_store.unfinished_uploads == []


# The job around the files.


@pytest.mark.s3_fail(503, times=4, delay=0.02)
async def test_no_more_files_are_under_way_than_allowed(job: Job, tree: Path, s3_errors):
    """With max_in_flight=2 two requests overlap, never three."""
    await back_up(replace(job, max_in_flight=2), tree)
    requests = s3_errors.requests
    overlapping = [sum(r.started_s <= one.started_s < r.ended_s for r in requests) for one in requests]
    assert max(overlapping) == 2


@pytest.fixture
def profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An AWS profile, so that the command line finds credentials."""
    path = tmp_path / "credentials"
    path.write_text("[default]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = example\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))


CLIENTS = pytest.mark.parametrize("client", ["boto3", "asyncio"])


@CLIENTS
@pytest.mark.usefixtures("profile")
def test_the_command_line_says_what_it_stored(client: str, tree: Path, s3_store, capsys: pytest.CaptureFixture[str]):
    """Exit status 0, a line per file, and the files in S3."""
    assert main([str(tree), "backups", "--prefix", "monday/", "--client", client]) == 0
    assert capsys.readouterr().out.endswith("4 stored, 0 failed\n")
    assert s3_store.keys("backups") == sorted(f"monday/{name}" for name in FILES)


@CLIENTS
@pytest.mark.usefixtures("profile")
@pytest.mark.s3_fail("AccessDenied", operation="PutObject", key="notes.txt")
def test_the_command_line_fails_when_a_file_did(client: str, tree: Path, capsys: pytest.CaptureFixture[str]):
    """Exit status 1, so that cron and CI notice."""
    assert main([str(tree), "backups", "--client", client]) == 1
    out = capsys.readouterr().out
    assert "FAILED  notes.txt  at upload: " in out
    assert "AccessDenied" in out
    assert out.endswith("3 stored, 1 failed\n")
