"""obstore (Rust, the object_store crate) takes the server's URL; the server is in a process of its own.

`put` holds the interpreter's lock while it waits, so that a server in a thread would never get to answer.
"""

from __future__ import annotations

import datetime as dt

import pytest
from client_matrix import BIG, BODY, BROKEN, BUCKET, KEYS, MIB, SCENARIOS, Client

obs = pytest.importorskip("obstore", reason="obstore is not installed; the extra `clients` has it")
pytestmark = pytest.mark.s3_server("process")


def store(context):
    """The bucket."""
    quickly = dt.timedelta(milliseconds=1)
    return obs.store.S3Store(
        BUCKET,
        endpoint=context.server.url,
        access_key_id="a",
        secret_access_key="b",
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"backoff": {"init_backoff": quickly, "max_backoff": quickly, "base": 2.0}},
    )


def get(context):
    return bytes(obs.get(store(context), "key").bytes())


def put(context):
    obs.put(store(context), "key", BODY, use_multipart=False)


def upload(context):
    obs.put(store(context), "key", BIG, use_multipart=True, chunk_size=5 * MIB)


def delete(context):
    obs.delete(store(context), list(KEYS))
    return KEYS


OBSTORE = Client(
    name="obstore",
    packages=("obstore",),
    setup="Its own number of attempts, with waits of 1 ms; `put` with and without `use_multipart`.",
    get=get,
    put=put,
    upload=upload,
    delete=delete,
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario(observer, scenario):
    """It does what the page says of it."""
    observer.scenario(OBSTORE, scenario)


@pytest.mark.parametrize("fault", BROKEN)
def test_broken_connection(observer, fault):
    """The exception is obstore's own."""
    observer.broken(OBSTORE, fault, "obstore.exceptions.GenericError")
