"""The client alone: small requests, large files and long listings, next to bare aiohttp and to aiobotocore.

`python transfers.py CLIENT TASK=AMOUNT ...` measures one case after another. The peak of memory is that of the whole
process, told as what it has beyond the memory after its imports; a file goes in a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import fixed_s3
from turns import turns

SMALL = bytes(1024)
PART = 8 * 1024 * 1024
AT_ONCE = 10
BLOCK = 256 * 1024
DATE = "20250101T000000Z"
Task = Callable[[int], Awaitable[object]]
Sign = Callable[[str, str, bytes], dict[str, str]]


async def at_once(number: int, how_many: int, act: Callable[[], Awaitable[object]]) -> None:
    async def worker() -> None:
        for _ in range(how_many // number):
            await act()

    await asyncio.gather(*(worker() for _ in range(number)))


def s3client() -> Any:
    from s3_asyncio_client import S3Client

    @contextlib.asynccontextmanager
    async def tasks(url: str, path: Path, amount: int) -> AsyncIterator[dict[str, Task]]:
        async with S3Client("AKIDEXAMPLE", "secret", endpoint_url=url) as client:

            async def listing(_times: int) -> None:
                assert sum([1 async for _ in client.iter_objects("bucket", prefix=str(amount))]) == amount

            yield {
                "PUT": lambda times: at_once(amount, times, lambda: client.put_object("bucket", "key", SMALL)),
                "GET": lambda times: at_once(amount, times, lambda: client.get_object("bucket", "1024")),
                "up": lambda _: client.upload_file("bucket", "key", path),
                "down": lambda _: client.download_file("bucket", str(amount), path),
                "list": listing,
            }

    return tasks


def bare(sign: Sign = lambda *_: {}, *, hashes: bool = False) -> Any:
    import aiohttp

    @contextlib.asynccontextmanager
    async def tasks(url: str, path: Path, amount: int) -> AsyncIterator[dict[str, Task]]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

            async def put() -> None:
                to = f"{url}/bucket/key"
                async with session.put(to, data=SMALL, headers=sign("PUT", to, SMALL)) as response:
                    await response.read()

            async def get() -> None:
                to = f"{url}/bucket/1024"
                async with session.get(to, headers=sign("GET", to, b"")) as response:
                    assert len(await response.read()) == len(SMALL)

            yield {
                "PUT": lambda times: at_once(amount, times, put),
                "GET": lambda times: at_once(amount, times, get),
                "up": lambda _: in_parts(amount, lambda start, size: _up(session, url, path, start, size, hashes)),
                "down": lambda _: _down_whole(session, url, path, amount),
            }

    return tasks


def signed() -> Any:
    """The least that a client of S3 can do: a bare one that hashes each body and signs, and checks nothing."""
    key = b"AWS4secret"
    for word in (DATE[:8], "us-east-1", "s3", "aws4_request"):
        key = hmac.digest(key, word.encode(), "sha256")
    scope = f"{DATE[:8]}/us-east-1/s3/aws4_request"
    names = "host;x-amz-content-sha256;x-amz-date"

    def sign(method: str, url: str, body: bytes) -> dict[str, str]:
        _, _, host, path = url.split("/", 3)
        digest = hashlib.sha256(body).hexdigest()
        request = (
            f"{method}\n/{path}\n\nhost:{host}\nx-amz-content-sha256:{digest}\nx-amz-date:{DATE}\n\n{names}\n{digest}"
        )
        text = f"AWS4-HMAC-SHA256\n{DATE}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        credential = f"Credential=AKIDEXAMPLE/{scope}, SignedHeaders={names}, Signature={signature}"
        return {
            "x-amz-content-sha256": digest,
            "x-amz-date": DATE,
            "Authorization": f"AWS4-HMAC-SHA256 {credential}",
        }

    return bare(sign, hashes=True)


async def in_parts(amount: int, act: Callable[[int, int], Awaitable[None]]) -> None:
    starts = iter(range(0, amount, PART))

    async def worker() -> None:
        for start in starts:
            await act(start, min(PART, amount - start))

    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))


async def _up(session: Any, url: str, path: Path, start: int, size: int, hashes: bool) -> None:
    if hashes:  # the signature is in the head, so the part is read twice
        await asyncio.to_thread(_hash, path, start, size)

    async def blocks() -> AsyncIterator[bytes]:
        left = size
        with await asyncio.to_thread(path.open, "rb") as file:
            file.seek(start)
            while left and (block := await asyncio.to_thread(file.read, min(left, BLOCK))):
                left -= len(block)
                yield block

    headers = {"Content-Length": str(size)}
    async with session.put(f"{url}/bucket/key", data=blocks(), headers=headers) as response:
        await response.read()


def _hash(path: Path, start: int, size: int) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        file.seek(start)
        for at in range(0, size, BLOCK):
            digest.update(file.read(min(BLOCK, size - at)))


async def _down_whole(session: Any, url: str, path: Path, amount: int) -> None:
    # A whole file or none, as of S3Client. To write over an old one costs half as much, to empty it first a sixth less.
    new = path.with_name(f"{path.name}.new")
    await in_parts(amount, lambda start, size: _down(session, url, new, amount, start, size))
    new.replace(path)


async def _down(session: Any, url: str, path: Path, amount: int, start: int, size: int) -> None:
    headers = {"Range": f"bytes={start}-{start + size - 1}"}
    with await asyncio.to_thread(os.fdopen, os.open(path, os.O_CREAT | os.O_WRONLY), "wb") as file:
        async with session.get(f"{url}/bucket/{amount}", headers=headers) as response:
            async for block in response.content.iter_any():
                await asyncio.to_thread(_write, file, start, block)
                start += len(block)


def _write(file: Any, position: int, block: bytes) -> None:
    os.pwrite(file.fileno(), block, position)


def aiobotocore() -> Any:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    @contextlib.asynccontextmanager
    async def tasks(url: str, _path: Path, amount: int) -> AsyncIterator[dict[str, Task]]:
        keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
        config = AioConfig(max_pool_connections=100)
        async with get_session().create_client("s3", endpoint_url=url, config=config, **keys) as client:

            async def get() -> None:
                await (await client.get_object(Bucket="bucket", Key="1024"))["Body"].read()

            async def listing(_times: int) -> None:
                found = 0
                pages = client.get_paginator("list_objects_v2").paginate(Bucket="bucket", Prefix=str(amount))
                async for page in pages:
                    found += len(page["Contents"])
                assert found == amount

            yield {
                "PUT": lambda n: at_once(amount, n, lambda: client.put_object(Bucket="b", Key="k", Body=SMALL)),
                "GET": lambda n: at_once(amount, n, get),
                "list": listing,
            }

    return tasks


def _kib(what: str) -> int:
    """Return the memory of this process, "VmRSS" now or "VmHWM" at most; where Linux does not tell, its peak."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(what):
                return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


async def measure(tasks: Any, cases: Sequence[tuple[str, int]], name: str, url: str, path: Path) -> None:
    figures: dict[str, float] = {}
    imported = _kib("VmRSS")
    for task, amount in cases:
        if task == "up":
            os.truncate(path, amount)
        async with tasks(url, path, amount) as made:
            for times in turns(f"{task} {amount} {name}", figures):
                await made[task](times)
                figures["peak"] = (_kib("VmHWM") - imported) * 1024


def main(name: str, *cases: str) -> None:
    tasks = {"S3Client": s3client, "aiohttp": bare, "signed": signed, "aiobotocore": aiobotocore}[name]()
    command = [sys.executable, fixed_s3.__file__]
    with (
        tempfile.NamedTemporaryFile() as file,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdout is not None  # it is a pipe
        try:
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            pairs = [(task, int(amount)) for task, amount in (case.split("=") for case in cases)]
            asyncio.run(measure(tasks, pairs, name, url, Path(file.name)))
        finally:
            server.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
