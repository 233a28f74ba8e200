"""The failing test whose timeline docs/images/timeline.svg shows: an upload that nobody stored, and nobody is told."""

import time

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


def save(s3, text):
    for pause in (1, 2, 4):
        try:
            s3.put_object(Bucket="notes", Key="monday.txt", Body=text)
        except (BotoCoreError, ClientError):
            time.sleep(pause)
        else:
            return


@pytest.mark.s3_script("SlowDown", "connection_reset", "InternalError", operation="PutObject")
def test_a_note_is_saved(s3_store):
    once = Config(retries={"total_max_attempts": 1})
    save(boto3.client("s3", config=once), b"water the plants")
    assert s3_store.exists("notes", "monday.txt")
