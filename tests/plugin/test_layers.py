"""One rule at three layers: the same exception, the same attributes, the same number of attempts."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterator

import pytest

from pytest_s3errors._core.rules.faults import FAULTS
from pytest_s3errors._core.rules.parse_rule import fail_rule
from pytest_s3errors._core.rules.schedule import Rule
from pytest_s3errors._core.s3.access import TEST_CREDENTIALS
from pytest_s3errors._core.s3.errors.catalogue import CODES
from pytest_s3errors._options import Settings
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan
from s3_asyncio_client import S3Client, S3ConnectionError, S3Error, S3IntegrityError, S3ResponseError, S3ServerError
from s3_asyncio_client.multipart import complete_multipart_upload, create_multipart_upload, upload_part

LAYERS = ("client", "mock", "wire")
BODY = bytes(range(256)) * 8


@contextlib.contextmanager
def simulated(layer: str, *rules: Rule) -> Iterator[Run]:
    """A simulation with *rules*, outside of any test of pytest's; its ids are the same at every layer."""
    settings = Settings(layer=layer, seed="0", control=False, endpoints=(), passthrough=(), time="real")
    run = Run(Plan(rules=rules), settings, test="same")
    run.start()
    run.simulator.armed = True
    try:
        yield run
    finally:
        run.simulator.armed = False
        run.stop()


async def _multipart(client: S3Client) -> object:
    upload = await create_multipart_upload(client, "bucket", "big")
    part = await upload_part(client, "bucket", "big", upload, 1, BODY)
    return await complete_multipart_upload(client, "bucket", "big", upload, [part])


def _raw(method: str, key: str | None, **params: str) -> Callable[[S3Client], Awaitable[object]]:
    return lambda client: client._make_request(method=method, bucket="bucket", key=key, params=params)


# Requests that the client has no method for: each is called the same by the journal and by the error.
RAW = {
    "GetObjectAcl": _raw("GET", "key", acl=""),
    "ListBucketInventoryConfigurations": _raw("GET", None, inventory=""),
    "GetBucketInventoryConfiguration": _raw("GET", None, inventory="", id="1"),
    "RestoreObject": _raw("POST", "key", restore=""),
    None: _raw("DELETE", "key", acl=""),
}
OPERATIONS = {
    "PutObject": lambda c: c.put_object("bucket", "new", BODY),
    "GetObject": lambda c: c.get_object("bucket", "key"),
    "HeadObject": lambda c: c.head_object("bucket", "key"),
    "DeleteObject": lambda c: c.delete_object("bucket", "key"),
    "DeleteObjects": lambda c: c.delete_objects("bucket", ["key", "other"]),
    "ListObjectsV2": lambda c: c.list_objects("bucket"),
    "CopyObject": lambda c: c.copy_object("bucket", "key", "bucket", "copy"),
    "CreateBucket": lambda c: c.create_bucket("fresh-bucket", region="eu-west-1"),
    "DeleteBucket": lambda c: c.delete_bucket("empty"),
    "CreateMultipartUpload": _multipart,
    "UploadPart": _multipart,
    "CompleteMultipartUpload": _multipart,
}


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("operation", RAW)
async def test_an_operation_has_one_name(layer, operation):
    """What has none is called by its method in an error."""
    with simulated(layer, fail_rule(("AccessDenied",), {})) as run:
        async with S3Client("a", "b", timeout=60) as client:
            with pytest.raises(S3Error) as raised:
                await RAW[operation](client)
        assert [request.operation for request in run.simulator.requests] == [operation]
        assert raised.value.operation == (operation or "DELETE")


async def outcome(layer: str, rule: Rule, operation: str) -> tuple[object, ...]:
    """What the client makes of *rule*: the value or the whole error, the journal, and what S3 holds then."""
    with simulated(layer, rule) as run:
        store = run.simulator.store
        store.put("bucket", "key", BODY)
        store.create_bucket("empty")
        async with S3Client("a", "b", timeout=60) as client:
            result: object
            try:
                result = await OPERATIONS[operation](client)
            except S3Error as error:
                result = (type(error), str(error), {k: v for k, v in vars(error).items() if k != "__notes__"})
            if isinstance(result, dict):
                result = {k: v for k, v in result.items() if k != "last_modified"}
                for listed in result.get("objects", ()):
                    del listed["last_modified"]  # the layers are asked one after another
        journal = [(r.operation, r.status, r.error_code, r.fault, r.rule, r.body_size) for r in run.simulator.requests]
        return result, journal, {key: store.get("bucket", key).body for key in store.keys("bucket")}


async def assert_same(rule: Rule, operation: str) -> None:
    """The outcome at the wire, and the same at every other layer."""
    wire = await outcome("wire", rule, operation)
    for layer in ("client", "mock"):
        assert await outcome(layer, rule, operation) == wire, layer


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("fault", [name for name in FAULTS if name not in {"stall", "stalled_body", "connect_timeout"}])
async def test_a_fault_is_the_same_at_every_layer(operation, fault):
    """Exception, attributes, attempts and what is stored, for every fault and operation."""
    rule = fail_rule((fault,), {"times": 1})
    await assert_same(rule, operation)


OWN = {"access_key": TEST_CREDENTIALS.access_key, "secret_key": TEST_CREDENTIALS.secret_key}
OTHER = {"access_key": "a", "secret_key": "b"}
WEST = "https://s3.us-west-2.amazonaws.com"


@pytest.mark.parametrize("operation", ["PutObject", "GetObject", "HeadObject", "ListObjectsV2"])
@pytest.mark.parametrize(
    ("bucket_region", "client", "refused"),
    [
        ("eu-west-1", OTHER | {"region": "us-east-1"}, True),
        ("eu-west-1", OTHER | {"region": "eu-west-1"}, False),
        ("us-east-1", OTHER | {"region": "eu-west-1"}, False),
        ("eu-west-1", OWN | {"region": "us-east-1"}, True),
        ("eu-west-1", OWN | {"region": "eu-west-1"}, False),
        ("us-east-1", OWN | {"region": "us-east-1", "endpoint_url": WEST}, True),
        ("us-east-1", OWN | {"region": "us-west-2", "endpoint_url": WEST}, False),
    ],
)
async def test_a_region_is_the_same_at_every_layer(bucket_region, client, refused, operation):
    """A signature for another one than the bucket's is refused. The endpoint's counts for a key that S3 knows."""
    outcomes = []
    for layer in LAYERS:
        with simulated(layer) as run:
            run.simulator.store.create_bucket("bucket", bucket_region)
            run.simulator.store.put("bucket", "key", BODY)
            async with S3Client(**client) as one:
                try:
                    outcomes.append(await OPERATIONS[operation](one) is None)
                except S3Error as error:
                    outcomes.append((type(error), str(error), vars(error)))
            codes = [request.error_code for request in run.simulator.requests]
            assert codes == (["AuthorizationHeaderMalformed"] if refused else [None]), layer
    assert outcomes[0] == outcomes[1] == outcomes[2]


# Their details quote what only a signed request has: its date and the hash of its body.
QUOTES_SIGNATURE = {"RequestTimeTooSkewed", "XAmzContentSHA256Mismatch"}


@pytest.mark.parametrize("code", sorted(CODES.keys() - QUOTES_SIGNATURE))
async def test_an_error_code_is_the_same_at_every_layer(code):
    """Every code of the catalogue, on an upload, a read and a request without a body in its answer."""
    for operation in ("PutObject", "GetObject", "HeadObject"):
        rule = fail_rule((code,), {"times": 1})
        await assert_same(rule, operation)


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize("status", [301, 304, 307, 400, 403, 404, 405, 409, 412, 416, 429, 500, 502, 503, 504, 599])
async def test_a_status_is_the_same_at_every_layer(operation, status):
    """Statuses that S3 has a usual code for, and those that it has not."""
    rule = fail_rule((status,), {"times": 1, "retry_after": 3, "headers": {"x-extra": "1"}, "operation": operation})
    await assert_same(rule, operation)


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("fault", "operation", "error", "says"),
    [
        ("connection_reset", "PutObject", S3ConnectionError, "reset"),
        ("disconnect", "PutObject", S3ConnectionError, "closed the connection before it answered"),
        ("lost_response", "PutObject", S3ConnectionError, "reset"),
        ("truncated_body", "GetObject", S3ConnectionError, "after 1024 of 2048 bytes"),
        ("reset_body", "GetObject", S3ConnectionError, "after 1024 of 2048 bytes"),
        ("short_body", "GetObject", S3IntegrityError, "of the 1024 bytes"),
        ("corrupted_body", "GetObject", S3IntegrityError, "of the 2048 bytes"),
        ("garbage", "GetObject", S3ResponseError, "not HTTP"),
        ("malformed_xml", "ListObjectsV2", S3ResponseError, ""),
        ("malformed_xml", "PutObject", S3ServerError, ""),
        ("empty_body", "ListObjectsV2", S3ResponseError, ""),
        ("html_body", "PutObject", S3ServerError, "503"),
        ("error_in_200", "CopyObject", S3ServerError, "InternalError (200)"),
        ("error_in_200", "CompleteMultipartUpload", S3ServerError, "InternalError (200)"),
        ("redirect", "GetObject", S3Error, "PermanentRedirect (301)"),
    ],
)
async def test_what_each_fault_looks_like(layer, fault, operation, error, says):
    """The exception that the client's users see in production."""
    rule = fail_rule((fault,), {"times": 1, "operation": operation})
    result, _, stored = await outcome(layer, rule, operation)
    assert result[0] is error
    assert says in result[1]
    assert ("new" in stored) == (fault == "lost_response")


@pytest.mark.parametrize("layer", LAYERS)
async def test_a_partial_delete_deletes_the_rest(layer):
    """Keys that match stay and are named with their error; the others are gone."""
    with simulated(layer, fail_rule(("partial_delete",), {"keys": "keep*", "code": "InternalError"})) as run:
        store = run.simulator.store
        for key in ("keep1", "gone", "keep2"):
            store.put("bucket", key, b"x")
        async with S3Client("a", "b") as client:
            result = await client.delete_objects("bucket", ["keep1", "gone", "keep2"])
            assert store.keys("bucket") == ["keep1", "keep2"]
            assert {(e["key"], e["code"]) for e in result["errors"]} == {
                ("keep1", "InternalError"),
                ("keep2", "InternalError"),
            }
            only = await client.delete_objects("bucket", ["keep1"])
            assert [e["key"] for e in only["errors"]] == ["keep1"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(("as_", "error"), [("reset", S3ConnectionError), ("disconnect", S3ConnectionError)])
async def test_a_lost_response_means_that_the_write_happened(layer, as_, error):
    """Whatever way the answer was lost; an error code can stand in its place too."""
    with simulated(layer, fail_rule(("lost_response",), {"as_": as_})) as run:
        async with S3Client("a", "b") as client:
            with pytest.raises(error):
                await client.put_object("bucket", "key", b"data")
        assert run.simulator.store.get("bucket", "key").body == b"data"


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize(
    ("at", "got"), [(0, 0), (1, 1), (2047, 2047), (5000, 2047), (0.0, 0), (0.25, 512), (1.0, 2047)]
)
async def test_a_body_is_cut_where_the_rule_says(layer, at, got):
    """A count of bytes or a share; at least one byte is missing."""
    result, *_ = await outcome(layer, fail_rule(("truncated_body",), {"at": at}), "GetObject")
    assert f"after {got} of 2048 bytes" in result[1]


@pytest.mark.parametrize("layer", LAYERS)
async def test_a_range_that_is_short_says_so_itself(layer):
    """short_body keeps Content-Range and Content-Length in step with what is sent."""
    with simulated(layer, fail_rule(("short_body",), {"at": 4})) as run:
        run.simulator.store.put("bucket", "key", BODY)
        async with S3Client("a", "b") as client:
            got = await client.get_object("bucket", "key", byte_range=(10, 19))
    assert (got["body"], got["content_length"], got["content_range"]) == (BODY[10:14], 4, "bytes 10-13/2048")


@pytest.mark.parametrize("layer", LAYERS)
async def test_a_stall_ends_in_the_clients_own_timeout(layer):
    """The request is read and never answered."""
    with simulated(layer, fail_rule(("stall",), {})):
        async with S3Client("a", "b", timeout=0.05) as client:
            with pytest.raises(TimeoutError):
                await client.put_object("bucket", "key", b"data")


@pytest.mark.parametrize("layer", LAYERS)
async def test_a_delay_comes_before_the_fault(layer):
    """delay= is in seconds."""
    with simulated(layer, fail_rule((503,), {"delay": 0.02})) as run:
        async with S3Client("a", "b") as client:
            with pytest.raises(S3ServerError):
                await client.put_object("bucket", "key", b"data")
        (record,) = run.simulator.requests
    assert record.ended_s - record.started_s >= 0.02


@pytest.mark.parametrize("operation", ["GetObject", "CopyObject"])
@pytest.mark.parametrize(
    "fault", [name for name, kind in FAULTS.items() if "chunked" in kind.options and name != "stalled_body"]
)
async def test_chunked_framing_is_the_same_at_every_layer(operation, fault):
    """Without a Content-Length the client can't say how much is missing."""
    await assert_same(fail_rule((fault,), {"times": 1, "chunked": True}), operation)


@pytest.mark.parametrize("operation", ["PutObject", "GetObject", "HeadObject"])
@pytest.mark.parametrize(
    ("what", "options"),
    [
        (503, {"early": True}),
        ("connection_reset", {"at": 0.5}),
        ("disconnect", {"at": 10}),
        ("dns_failure", {"delay": 0.01}),
    ],
)
async def test_a_fault_on_the_request_is_the_same_at_every_layer(what, options, operation):
    """So much of its body is read, and the journal says so."""
    await assert_same(fail_rule((what,), {"times": 1, **options}), operation)


def test_a_bucket_that_begins_the_endpoints_host_is_the_bucket(run):
    """At every layer: the client adds no bucket to the path, and the first segment of a key is not taken for one."""
    run(
        """
        from s3_asyncio_client import S3Client

        HOSTS = ["data.fra1.digitaloceanspaces.com", "data.s3.example.com", "data.minio.local:9000",
                 "data.example.com/base", "data.s3.eu-west-1.amazonaws.com"]

        LAYERS = [pytest.param(name, marks=pytest.mark.s3_layer(name)) for name in ("client", "mock", "wire")]

        @pytest.mark.parametrize("host", HOSTS)
        @pytest.mark.parametrize("layer", LAYERS)
        async def test_it(layer, host, s3_store, s3_errors):
            region = "eu-west-1" if "eu-west" in host else "us-east-1"
            async with S3Client("a", "b", region, f"https://{host}") as client:
                await client.put_object("data", "a/key", b"x")
                assert (await client.get_object("data", "a/key"))["body"] == b"x"
                assert [found["key"] for found in (await client.list_objects("data"))["objects"]] == ["a/key"]
            assert s3_store.buckets == ["data"] and s3_store.keys("data") == ["a/key"]
            domain = host.removeprefix("data.").removesuffix("/base")
            assert {record.endpoint for record in s3_errors.requests} == {domain}
        """
    ).assert_outcomes(passed=15)
