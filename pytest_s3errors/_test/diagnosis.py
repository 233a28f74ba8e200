"""Why no request of a test reached the simulated S3: what else may have answered, and what to do about it.

Nothing here is certain. The candidates come from the test's fixtures, its markers, and the modules that its file
or the test itself imports. Each is named with its fix.
"""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

# Module -> what to do. Other tools that answer in place of a server:
_MOCKS = {
    "moto": "mock_aws answers botocore before a request is made. Let S3 through:"
    " mock_aws(config={'core': {'passthrough': {'services': ['s3']}}})",
    "responses": "it answers requests and urllib3 by itself. Let S3 through:"
    " responses.add_passthru(re.compile('https://.*amazonaws.com'))",
    "respx": "it answers httpx by itself. Hand its router over: s3_errors.mount(router)",
    "aioresponses": "it answers aiohttp by itself. Hand it over: s3_errors.mount(mocked)",
    "pytest_httpx": "httpx_mock answers httpx by itself. Let S3 through:"
    " @pytest.mark.httpx_mock(should_mock=lambda request: 'amazonaws' not in request.url.host)",
    "requests_mock": "it answers requests by itself. Let S3 through: requests_mock.Mocker(real_http=True)",
    "vcr": "it plays a cassette. Let S3 through: vcr.VCR(before_record_request=lambda request:"
    " None if 'amazonaws' in request.host else request)",
    "botocore.stub": "a Stubber answers botocore before a request is made. Leave it out of this test",
    "httpretty": "it answers sockets by itself. Leave it out of this test",
    "pook": "it answers HTTP clients by itself. Leave it out of this test",
}
_FIXTURES = {
    "httpx_mock": "pytest_httpx",
    "respx_mock": "respx",
    "requests_mock": "requests_mock",
    "vcr": "vcr",
    "mock_aws": "moto",
    "aws_mock": "moto",
}
# Clients with their own sockets, which Python does not see.
_NATIVE = {
    "pyarrow": "endpoint_override=s3_server.url",
    "polars": 'storage_options={"aws_endpoint_url": s3_server.url}',
    "obstore": "endpoint=s3_server.url",
    "deltalake": 'storage_options={"AWS_ENDPOINT_URL": s3_server.url, "AWS_ALLOW_HTTP": "true"}',
    "awscrt": "the URL s3_server.url",
    "duckdb": "SET s3_endpoint to s3_server.host and port",
}


# The classes of aiohttp, httpx, requests, urllib3 and botocore, and Python's own.
_NOT_CONNECTED = {
    "ClientConnectorError",
    "ClientConnectorDNSError",
    "ConnectError",
    "ConnectTimeout",
    "EndpointConnectionError",
    "NameResolutionError",
    "NewConnectionError",
    "gaierror",
}


_EARLIER = "Requests came from a fixture or setUp, where no rule fires. Send them from the test itself."


def why_no_request(item: pytest.Item, error: BaseException | None, *, earlier: bool = False) -> list[str]:
    """Return the likely causes, one line each with its fix. *earlier*: there were requests outside the body."""
    causes = [
        *([_EARLIER] if earlier else ()),
        *who_answered(item, error),
        *_replaced(item),
        *_natives(item),
        *_caches(),
    ]
    return causes or ["Does the test call the code that makes requests, and does that find nothing in a cache?"]


def who_answered(item: pytest.Item, error: BaseException | None) -> list[str]:
    """Return the causes that are near certain when present. Every failure without a request shows them."""
    return [*_from_error(error), *_unawaited(item, error), *_mocks(item)]


def _from_error(error: BaseException | None) -> Iterator[str]:
    names = set()
    while error is not None and type(error).__name__ not in names:
        names.add(type(error).__name__)
        error = error.__cause__ or error.__context__
    if names & {"NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError", "ProfileNotFound"}:
        yield (
            "The client found no credentials, so that it sent nothing. The ini option s3_environment = test gives every"
            " test some; a client that was told a profile needs aws_access_key_id= and aws_secret_access_key= instead."
        )
    if names & _NOT_CONNECTED:
        yield (
            "The client could not connect: it asked for a host that is none of S3's. If it is that of your store, list"
            " it in the ini option s3_endpoints, or give the client s3_server.url."
        )
    if "ProxyConnectionError" in names or "ProxyError" in names:
        yield "The client asked a proxy. Take HTTP_PROXY and HTTPS_PROXY out of the test's environment."


def _unawaited(item: pytest.Item, error: BaseException | None) -> Iterator[str]:
    test = getattr(item, "obj", None)
    # pytest fails such a test; before 8.4 it warns, which fails where warnings are errors. The text is the same.
    unrun = "async def functions are not natively supported" in str(error)
    if test is not None and inspect.iscoroutinefunction(test) and unrun:
        yield (
            "No plugin ran this async test. In the ini file: asyncio_mode = auto, and"
            " asyncio_default_fixture_loop_scope = function; or mark it @pytest.mark.asyncio."
        )


def _mocks(item: pytest.Item) -> Iterator[str]:
    used = {tool for fixture, tool in _FIXTURES.items() if fixture in getattr(item, "fixturenames", ())}
    used |= {"vcr"} & {mark.name for mark in item.iter_markers()}
    for tool, cure in _MOCKS.items():
        if tool in used or tool in _imported(item):
            yield f"{tool} is used here, and may have answered: {cure}."


def _replaced(item: pytest.Item) -> Iterator[str]:
    """Name what a mock replaces by a decorator of the test, and botocore's one door if a fixture replaced that."""
    names = [str(one.attribute) for one in getattr(getattr(item, "obj", None), "patchings", ())]
    client = getattr(sys.modules.get("botocore.client"), "BaseClient", None)
    if client is not None and getattr(client._make_api_call, "__module__", "") != "botocore.client":  # noqa: SLF001
        names.append("_make_api_call")
    if names:
        yield f"A mock replaces {', '.join(names)}, and may have answered. Leave it out of this test."


def _natives(item: pytest.Item) -> Iterator[str]:
    for tool, cure in _NATIVE.items():
        if tool in _imported(item):
            yield f"{tool} brings its own sockets: ask for the fixture s3_server, and give it {cure}."
    if "subprocess" in _imported(item):
        yield (
            "A program of its own finds S3 by env={**os.environ, **s3_server.env}; one that is given a URL, as curl"
            " in a script, by s3_server.url in the URL's place."
        )


def _caches() -> Iterator[str]:
    s3fs = sys.modules.get("s3fs")
    if any(getattr(fs, "dircache", None) for fs in getattr(getattr(s3fs, "S3FileSystem", None), "_cache", {}).values()):
        yield (
            "s3fs may have answered from a listing that it keeps: call fs.invalidate_cache(), or open it with"
            " use_listings_cache=False."
        )


def _imported(item: pytest.Item) -> set[str]:
    """Return the modules that the test's file or the test imports by name, and their top-level packages."""
    module: Any = getattr(item, "module", None)
    names = [] if module is None else [*vars(module).values()]
    homes = [one.__name__ if isinstance(one, ModuleType) else getattr(one, "__module__", None) for one in names]
    code = getattr(inspect.unwrap(getattr(item, "obj", _imported)), "__code__", _imported.__code__)
    homes += [step.argval for step in dis.get_instructions(code) if step.opname == "IMPORT_NAME"]
    return {part for home in homes if home for part in (str(home), str(home).partition(".")[0])}
