"""How each client makes its requests: context managers that yield a function which makes so many of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    ExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import aiohttp

from pytest_s3errors._layers.mock.aiohttp_response import _asked_for
from pytest_s3errors._options import Settings
from pytest_s3errors._test.lifetime import Run
from pytest_s3errors._test.plan import Plan

from .clients_fixed import BODY, BUCKET, KEY, URL, Fixed, arrange, rules_of

Send = Callable[[], Awaitable[object]]
Repeat = Callable[[int], object]
_SETTINGS = Settings(layer="wire", seed="bench", control=False, endpoints=(), passthrough=())
_AWS = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """What runs in other processes: `bare` by the request's name, and moto's, once more in a thread; their URLs."""

    bare: dict[str, str]
    moto: str | None
    moto_thread: str | None


# What answers.


@contextmanager
def simulated(layer: str, request: Fixed) -> Iterator[None]:
    """The simulator at *layer*."""
    run = Run(Plan(rules=rules_of(request.name), layer=layer, arrange=(arrange,)), _SETTINGS, test="bench")
    run.start()
    run.simulator.armed = True
    try:
        yield
    finally:
        run.stop()


class _Fitting(aiohttp.ClientResponse):
    """A response that takes from aioresponses what aiohttp wants, and nothing for the rest."""

    def __init__(self, method: str, url: Any, **given: Any) -> None:
        given["stream_writer"] = SimpleNamespace(output_size=0)
        wanted: dict[str, Any] = {name: given.get(name) for name in _asked_for()}
        super().__init__(method, url, **wanted)


@contextmanager
def aioresponses(request: Fixed, *, fitting: bool) -> Iterator[None]:
    """One route of aioresponses."""
    with import_module("aioresponses").aioresponses() as router:
        router.add(
            URL,
            method=request.method,
            status=request.status,
            body=request.body,
            headers=request.headers,
            response_class=_Fitting if fitting else None,
            repeat=True,
        )
        yield


@contextmanager
def respx(request: Fixed) -> Iterator[None]:
    """One route of respx."""
    with import_module("respx").mock() as router:
        route = router.route(method=request.method, url=URL)
        route.respond(request.status, headers=request.headers, content=request.body)
        yield


# What asks.


@contextmanager
def looped(
    client: Callable[[Fixed], AbstractAsyncContextManager[Send]], around: AbstractContextManager[None], request: Fixed
) -> Iterator[Repeat]:
    """An async *client*, in a loop that goes on between the calls."""

    async def repeat(send: Send, times: int) -> None:
        for _ in range(times):
            await send()

    with around, asyncio.Runner() as runner:
        opened = client(request)
        send = runner.run(opened.__aenter__())
        try:
            yield lambda times: runner.run(repeat(send, times))
        finally:
            runner.run(opened.__aexit__(None, None, None))


@asynccontextmanager
async def aiohttp_client(request: Fixed) -> AsyncIterator[Send]:
    """One session of aiohttp."""
    async with aiohttp.ClientSession() as session:

        async def send() -> None:
            async with session.request(request.method, URL, data=request.sent) as response:
                await response.read()
                assert response.status == request.status

        yield send


@asynccontextmanager
async def httpx_client(request: Fixed) -> AsyncIterator[Send]:
    """One async client of httpx."""
    async with import_module("httpx").AsyncClient() as client:

        async def send() -> None:
            response = await client.request(request.method, URL, content=request.sent)
            assert response.status_code == request.status

        yield send


def aiobotocore_client(
    endpoint: str | None, *, create: bool = False
) -> Callable[[Fixed], AbstractAsyncContextManager[Send]]:
    """A client of aiobotocore, at *endpoint* or S3's own, that does not retry; *create*: make its object first."""

    @asynccontextmanager
    async def opened(request: Fixed) -> AsyncIterator[Send]:
        module, errors = import_module("aiobotocore.session"), import_module("botocore.exceptions")
        context = module.get_session().create_client("s3", endpoint_url=endpoint, config=_once(), **_AWS)
        async with context as s3:
            if create:
                await s3.create_bucket(Bucket=BUCKET)
                await s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)

            async def send() -> None:
                try:
                    if request.name == "PUT":
                        await s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
                    else:
                        await (await s3.get_object(Bucket=BUCKET, Key=KEY))["Body"].read()
                except errors.ClientError as error:
                    _check(request, error)
                else:
                    _check(request, None)

            yield send

    return opened


@contextmanager
def boto3_client(
    request: Fixed, *, around: AbstractContextManager[object] | None = None, endpoint: str | None = None,
    create: bool = False, stubbed: bool = False,
) -> Iterator[Repeat]:  # fmt: skip
    """One client of boto3 that does not retry; *create*: its object must be made first."""
    boto3, errors = import_module("boto3"), import_module("botocore.exceptions")
    with ExitStack() as stack:
        if around is not None:
            stack.enter_context(around)
        s3 = stack.enter_context(closing(boto3.client("s3", endpoint_url=endpoint, config=_once(), **_AWS)))
        if create:
            s3.create_bucket(Bucket=BUCKET)
            s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
        prepare = _stub(stack.enter_context(import_module("botocore.stub").Stubber(s3)), request) if stubbed else None

        def repeat(times: int) -> None:
            for _ in range(times):
                if prepare is not None:
                    prepare()
                try:
                    if request.name == "PUT":
                        s3.put_object(Bucket=BUCKET, Key=KEY, Body=BODY)
                    else:
                        s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
                except errors.ClientError as error:
                    _check(request, error)
                else:
                    _check(request, None)

        yield repeat


def _stub(stubber: Any, request: Fixed) -> Callable[[], None]:
    """What queues one answer: a stubbed one serves once, so queueing it belongs to the call."""
    if request.name == "503":
        return lambda: stubber.add_client_error("get_object", "ServiceUnavailable", http_status_code=request.status)
    if request.name == "PUT":
        return lambda: stubber.add_response("put_object", {"ETag": request.headers["ETag"]})
    body = import_module("botocore.response").StreamingBody
    io = import_module("io")
    return lambda: stubber.add_response("get_object", {"Body": body(io.BytesIO(BODY), len(BODY))})


def _check(request: Fixed, error: Any) -> None:
    assert request.status == (error.response["ResponseMetadata"]["HTTPStatusCode"] if error else 200)


def _once() -> Any:
    return import_module("botocore.config").Config(retries={"total_max_attempts": 1})
