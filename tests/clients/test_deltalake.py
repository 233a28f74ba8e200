"""deltalake (Rust, the object_store crate) takes the server's URL; the server is in a process of its own.

It holds the interpreter's lock while it waits, so that a server in a thread would never get to answer.
"""

from __future__ import annotations

import contextlib

import pytest
from client_matrix import BROKEN, BUCKET, Client

deltalake = pytest.importorskip("deltalake", reason="deltalake is not installed; the extra `clients` has it")
arro3 = pytest.importorskip("arro3.core", reason="arro3-core is not installed; deltalake brings it")
pytestmark = pytest.mark.s3_server("process")

TABLE = f"s3://{BUCKET}/table"
ROWS = b"[1, 2, 3]"


def options(context):
    """The settings of its S3."""
    return {
        "aws_endpoint": context.server.url,
        "aws_access_key_id": "a",
        "aws_secret_access_key": "b",
        "aws_region": "us-east-1",
        "aws_allow_http": "true",
        "conditional_put": "etag",
        "backoff_config.init_backoff": "1ms",
        "backoff_config.max_backoff": "1ms",
    }


def get(context):
    # Not by way of pyarrow: with both in one process, it aborts now and then when the interpreter ends.
    table = deltalake.DeltaTable(TABLE, storage_options=options(context))
    query = deltalake.QueryBuilder().register("t", table).execute("SELECT number FROM t")
    return str(sorted(query.read_all()["number"].to_pylist())).encode()


def put(context):
    numbers = arro3.Array([1, 2, 3], type=arro3.DataType.int64())
    table = arro3.Table.from_arrays([numbers], names=["number"])
    deltalake.write_deltalake(TABLE, table, mode="append", storage_options=options(context))


def has_the_rows(context, _store, _body):
    """Whether a second reader finds each row once."""
    with contextlib.suppress(OSError, deltalake.exceptions.DeltaError):
        return get(context) == ROWS
    return False


DELTALAKE = Client(
    name="deltalake",
    packages=("deltalake",),
    setup='Its own number of attempts, with waits of 1 ms, and `conditional_put="etag"`. It reads a table of three'
    " rows, and writes it with `write_deltalake`; the answer that is lost is the one to the commit.",
    get=get,
    put=put,
    content=ROWS,
    prepare=lambda context, _store: put(context),
    stored=has_the_rows,
    lost={"key": "*/_delta_log/*"},
)


@pytest.mark.parametrize("scenario", DELTALAKE.scenarios, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(DELTALAKE, scenario)


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_connection(observer, fault):
    """An OSError, whatever it was."""
    observer.broken(DELTALAKE, fault, "OSError")
