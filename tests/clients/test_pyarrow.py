"""pyarrow's S3 file system (C++, the AWS SDK) takes the server's URL; the server is in a process of its own."""

from __future__ import annotations

import pytest
from client_matrix import BIG, BODY, BROKEN, BUCKET, KEYS, SCENARIOS, Client

fs = pytest.importorskip("pyarrow.fs", reason="pyarrow is not installed; the extra `clients` has it")
pytestmark = pytest.mark.s3_server("process")


def files(context, **options):
    """The file system."""
    return fs.S3FileSystem(
        endpoint_override=f"{context.server.host}:{context.server.port}",
        scheme="http",
        access_key="a",
        secret_key="b",
        region="us-east-1",
        **options,
    )


def get(context):
    with files(context).open_input_stream(f"{BUCKET}/key") as file:
        return file.read()


def put(context):
    with files(context, allow_delayed_open=True).open_output_stream(f"{BUCKET}/key") as file:
        file.write(BODY)


def upload(context):
    with files(context).open_output_stream(f"{BUCKET}/key") as file:
        file.write(BIG)


def delete(context):
    files(context).delete_dir_contents(BUCKET)
    return KEYS


PYARROW = Client(
    name="pyarrow",
    packages=("pyarrow",),
    setup="Default settings; writing in one request is `allow_delayed_open=True`, deleting `delete_dir_contents`.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(PYARROW, scenario)


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_connection(observer, fault):
    """The exception is the one for all that goes wrong with a file."""
    observer.broken(PYARROW, fault, "OSError")
