"""The wire layer: any aiohttp session, any endpoint of S3; the code under test never sees the loopback."""

from __future__ import annotations

import select
import socket
import threading
import time
from datetime import UTC, datetime

import pytest

from pytest_s3errors._core.s3.store import S3Store
from pytest_s3errors._core.simulator import Simulator
from pytest_s3errors._servers.thread import ThreadServer


def test_a_plain_session_is_rerouted_and_does_not_notice(run):
    """URL, Host, request_info and traces are those of the real S3; the signed URL works as it is."""
    run(
        """
        URL = "https://bucket.s3.eu-west-1.amazonaws.com/a%20b?x-id=GetObject"

        @pytest.mark.s3_object("bucket", "a b", b"hello")
        @pytest.mark.s3_fail(503, times=1)
        async def test_it(s3_errors):
            seen = []
            config = aiohttp.TraceConfig()
            async def started(session, context, params): seen.append(str(params.url))
            async def sent(session, context, params): seen.append(params.headers["Host"])
            config.on_request_start.append(started)
            config.on_request_headers_sent.append(sent)
            async with aiohttp.ClientSession(trace_configs=[config]) as session:
                async with session.get(URL) as response:
                    assert response.status == 503
                    assert response.reason == "Service Unavailable"
                    assert "<Code>ServiceUnavailable</Code>" in await response.text()
                async with session.get(URL) as response:
                    assert await response.read() == b"hello"
                    assert str(response.url) == str(response.request_info.url) == URL
                    assert str(response.real_url) == URL
                    assert response.host == "bucket.s3.eu-west-1.amazonaws.com"
                    assert response.headers["Server"] == "AmazonS3"
            assert seen == [URL, "bucket.s3.eu-west-1.amazonaws.com"] * 2
            first, second = s3_errors.requests
            assert (first.url, first.endpoint, first.key) == (URL, "s3.eu-west-1.amazonaws.com", "a b")
            assert (first.status, first.error_code, first.rule) == (503, "ServiceUnavailable", "s3_fail(503, times=1)")
            assert (second.status, second.rule, second.operation) == (200, None, "GetObject")
        """
    ).assert_outcomes(passed=1)


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.s3.amazonaws.com/key",
        "https://s3.amazonaws.com/bucket/key",
        "https://s3-eu-west-1.amazonaws.com/bucket/key",
        "https://bucket.s3.dualstack.us-west-2.amazonaws.com/key",
        "https://bucket.s3.cn-north-1.amazonaws.com.cn/key",
        "http://bucket.s3.eu-west-1.amazonaws.com:8080/key",
    ],
)
def test_all_forms_of_s3s_names_are_rerouted(run, url):
    """Regional, old, dual-stack, Chinese; http and https; virtual-hosted and path-style."""
    run(
        f"""
        @pytest.mark.s3_object("bucket", "key", b"hello")
        async def test_it():
            async with aiohttp.ClientSession() as session, session.get("{url}") as response:
                assert await response.read() == b"hello"
        """
    ).assert_outcomes(passed=1)


def test_the_endpoint_of_any_client_is_s3(run):
    """So is what is listed in s3_endpoints; a presigned URL of such an endpoint works through any session."""
    run(
        """
        @pytest.mark.s3_object("bucket", "key", b"hello")
        async def test_client(s3_errors):
            async with S3Client("a", "b", endpoint_url="https://minio.example:9000") as client:
                assert (await client.get_object("bucket", "key"))["body"] == b"hello"
                url = client.generate_presigned_url("GET", "bucket", "key")
                async with aiohttp.ClientSession() as session, session.get(url) as response:
                    assert await response.read() == b"hello"
            assert {r.endpoint for r in s3_errors.requests} == {"minio.example:9000"}

        @pytest.mark.s3_object("bucket", "key", b"hello")
        async def test_ini():
            async with aiohttp.ClientSession() as session:
                async with session.get("http://store.internal/bucket/key") as response:
                    assert await response.read() == b"hello"
        """,
        ini="s3_endpoints = *.internal",
    ).assert_outcomes(passed=2)


def test_rules_tell_endpoints_apart(run):
    """endpoint= is the host that was asked for: primary or backup."""
    run(
        """
        @pytest.mark.s3_fail("ServiceUnavailable", endpoint="s3.eu-west-1.amazonaws.com")
        @pytest.mark.s3_object("bucket", "key", b"hello")
        async def test_it():
            async with S3Client("a", "b", region="eu-west-1") as primary, \\
                       S3Client("a", "b", endpoint_url="https://backup.example") as backup:
                with pytest.raises(S3ServerError):
                    await primary.get_object("bucket", "key")
                assert (await backup.get_object("bucket", "key"))["body"] == b"hello"
        """
    ).assert_outcomes(passed=1)


def test_other_hosts_pass_untouched(run):
    """A server of the test's own is reached; a host in s3_passthrough is not S3's for us."""
    run(
        """
        from aiohttp import web

        @pytest.fixture
        async def port():
            async def hello(request): return web.Response(text="mine")
            app = web.Application()
            app.router.add_get("/", hello)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            yield runner.addresses[0][1]
            await runner.cleanup()

        async def test_own(s3_client, port):
            async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/") as response:
                assert await response.text() == "mine"

        async def test_passthrough(s3_errors, port):
            from aiohttp.abc import AbstractResolver
            class Resolver(AbstractResolver):
                async def resolve(self, host, port_=0, family=0):
                    return [dict(hostname=host, host="127.0.0.1", port=port, family=2, proto=0, flags=0)]
                async def close(self): pass
            connector = aiohttp.TCPConnector(resolver=Resolver())
            async with aiohttp.ClientSession(connector=connector) as session:
                async with session.get("http://let-through.s3.amazonaws.com/") as response:
                    assert await response.text() == "mine"
            assert s3_errors.attempts() == 0
        """,
        ini="s3_passthrough = let-through.s3.amazonaws.com",
    ).assert_outcomes(passed=2)


def test_whose_time_is_over_before_it_is_connected_sends_nothing(run):
    run(
        """
        @pytest.mark.s3_bucket("bucket")
        async def test_it(s3_errors):
            async with aiohttp.ClientSession() as session:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0):
                        await session.put("https://bucket.s3.amazonaws.com/key", data=b"hello")
            assert s3_errors.requests == []
        """
    ).assert_outcomes(passed=1)


def test_a_sleep_of_the_tests_own_is_not_ours_to_call(run):
    """It may count its calls, and it may not let the loop go on."""
    run(
        """
        from unittest import mock

        @pytest.mark.s3_object("bucket", "key", b"hello")
        def test_it():
            async def main():
                async with aiohttp.ClientSession() as session:
                    async with session.get("https://bucket.s3.amazonaws.com/key") as response:
                        assert await response.read() == b"hello"
            with mock.patch("asyncio.sleep", mock.AsyncMock()) as sleep:
                asyncio.run(main())
            assert sleep.mock_calls == []
        """
    ).assert_outcomes(passed=1)


def test_a_session_made_before_the_test_is_rerouted(run):
    """Also one that already holds a pooled connection to that very host."""
    run(
        """
        from aiohttp import web
        from aiohttp.abc import AbstractResolver

        pytestmark = pytest.mark.asyncio(loop_scope="module")

        import pytest_asyncio

        @pytest_asyncio.fixture(scope="module", loop_scope="module")
        async def session():
            async def real(request): return web.Response(text="the real one")
            app = web.Application()
            app.router.add_get("/key", real)
            runner = web.AppRunner(app)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            class Resolver(AbstractResolver):
                async def resolve(self, host, port=0, family=0):
                    at = runner.addresses[0][1]
                    return [dict(hostname=host, host="127.0.0.1", port=at, family=2, proto=0, flags=0)]
                async def close(self): pass
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Resolver())) as session:
                yield session
            await runner.cleanup()

        async def get(session):
            async with session.get("http://bucket.s3.amazonaws.com/key") as response:
                return await response.text()

        async def test_1_before(session):
            assert await get(session) == "the real one"

        @pytest.mark.s3_object("bucket", "key", b"simulated")
        async def test_2_marked(session):
            assert await get(session) == "simulated"

        async def test_3_after(session):
            assert await get(session) == "the real one"
        """
    ).assert_outcomes(passed=3)


@pytest.mark.parametrize(("loop", "clock"), [("asyncio", "virtual"), ("asyncio", "real"), ("uvloop", "real")])
def test_who_dials_the_address_of_a_connection_is_served(run, loop, clock):
    """An async client may know the address from a connection; nobody had to accept that one."""
    run(
        f"""
        import {loop}

        @pytest.mark.s3_time("{clock}")
        @pytest.mark.s3_object("bucket", "key", b"hello" * 200_000)
        def test_it():
            async def main():
                async with aiohttp.ClientSession() as session:
                    async with session.get("https://bucket.s3.amazonaws.com/key") as response:
                        address = response.connection.transport.get_extra_info("peername")
                        await response.read()
                reader, writer = await asyncio.open_connection(*address)
                writer.write(b"GET /bucket/key HTTP/1.1\\r\\nHost: s3.amazonaws.com\\r\\n\\r\\n")
                assert (await asyncio.wait_for(reader.readline(), 10)).startswith(b"HTTP/1.1 200 ")
                writer.close()
                await writer.wait_closed()
            {loop}.run(main())
        """
    ).assert_outcomes(passed=1)


def test_aiohttp_sees_its_own_exceptions(run):
    """What users of plain aiohttp catch in production."""
    run(
        """
        URL = "https://bucket.s3.eu-west-1.amazonaws.com/key"

        @pytest.mark.parametrize(("fault", "error"), [
            pytest.param("connection_reset", aiohttp.ClientOSError, marks=pytest.mark.s3_fail("connection_reset")),
            pytest.param("disconnect", aiohttp.ServerDisconnectedError, marks=pytest.mark.s3_fail("disconnect")),
            pytest.param("garbage", aiohttp.ClientResponseError, marks=pytest.mark.s3_fail("garbage")),
            pytest.param("truncated", aiohttp.ClientPayloadError, marks=pytest.mark.s3_fail("truncated_body")),
            pytest.param("reset", (aiohttp.ClientOSError, aiohttp.ClientPayloadError),
                         marks=pytest.mark.s3_fail("reset_body")),
            pytest.param("stall", asyncio.TimeoutError, marks=pytest.mark.s3_fail("stall")),
        ])
        @pytest.mark.s3_object("bucket", "key", b"x" * 1000)
        async def test_it(fault, error):
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(sock_read=0.2)) as session:
                with pytest.raises(error):
                    async with session.get(URL) as response:
                        await response.read()
        """
    ).assert_outcomes(passed=6)


def test_a_large_body_breaks_where_it_should(run):
    """Megabytes before the break arrive; with RST too, since it waits until they are out."""
    run(
        """
        @pytest.mark.s3_object("bucket", "key", b"x" * 4_000_000)
        @pytest.mark.s3_fail("truncated_body", at=3_000_000, times=1)
        @pytest.mark.s3_fail("reset_body", at=3_000_000, times=1)
        async def test_it():
            for _ in range(2):
                got = 0
                async with aiohttp.ClientSession() as session:
                    with pytest.raises((aiohttp.ClientPayloadError, aiohttp.ClientOSError)):
                        async with session.get("https://bucket.s3.amazonaws.com/key") as response:
                            assert response.headers["Content-Length"] == "4000000"
                            async for chunk in response.content.iter_any():
                                got += len(chunk)
                assert got > 2_900_000
        """
    ).assert_outcomes(passed=1)


def test_a_slow_body_does_not_wait_for_its_reader(run):
    """The server goes on while the loop is blocked, as one elsewhere would, up to what the buffers hold."""
    result = run(
        """
        import time
        import httpx

        URL = "https://b.s3.amazonaws.com/k"

        async def block():
            for _ in range(5):
                await asyncio.sleep(1)
                time.sleep(1)

        async def by_aiohttp():
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                await response.read()

        async def by_httpx():
            async with httpx.AsyncClient() as client:
                await client.get(URL)

        @pytest.mark.parametrize("get", [by_aiohttp, by_httpx])
        @pytest.mark.s3_object("b", "k", bytes(100_000))
        @pytest.mark.s3_slow(first_byte=0.5, bytes_per_second=10_000)
        async def test_a_blocked_loop(get, s3_clock):
            other = asyncio.create_task(block())
            await get()
            assert 10.5 <= s3_clock.now <= 11
            await other

        @pytest.mark.s3_object("b", "k", size=20_000_000)
        @pytest.mark.s3_slow(bytes_per_second=1_000_000)
        async def test_a_reader_that_pauses(s3_clock):
            async with aiohttp.ClientSession() as session, session.get(URL) as response:
                await asyncio.sleep(10)
                await response.read()
            assert 27 < s3_clock.now < 28
        """
    )
    result.assert_outcomes(passed=3)


def test_fifty_requests_at_once(run):
    """Exactly `times` of a gather fail, at both layers, whatever the order; the journal has each once."""
    run(
        """
        @pytest.mark.parametrize("layer", [
            pytest.param("client", marks=pytest.mark.s3_layer("client")), "wire"])
        @pytest.mark.parametrize("times", [
            pytest.param(n, marks=pytest.mark.s3_fail(503, times=n)) for n in (1, 7, 49, 50)])
        async def test_it(s3_client, s3_errors, s3_store, layer, times):
            async def put(number):
                await s3_client.put_object("bucket", f"key{number}", b"x")
            results = await asyncio.gather(*map(put, range(50)), return_exceptions=True)
            assert sum(isinstance(r, S3ServerError) for r in results) == times
            assert len(s3_store.keys("bucket")) == 50 - times
            assert len({r.key for r in s3_errors.requests}) == s3_errors.attempts() == 50
        """
    ).assert_outcomes(passed=8)


@pytest.mark.parametrize("layer", ["client", "wire"])
def test_thousands_of_faulted_requests(run, layer):
    """Memory is flat apart from the journal; no task, socket or warning is left."""
    run(
        """
        import gc

        @pytest.mark.s3_limits(alike=3_000)
        @pytest.mark.s3_fail(503)
        async def test_it(s3_client, s3_errors):
            async def some(count):
                for _ in range(count):
                    try:
                        await s3_client.head_object("bucket", "key")
                    except S3ServerError:
                        pass
                gc.collect()
                return len(gc.get_objects())
            warm = await some(1000)
            grown = await some(2000) - warm
            # An entry of the journal with its call, firing, headers and query, and nothing else.
            assert grown < 2000 * 6
            assert s3_errors.attempts() == 3_000
            assert len(asyncio.all_tasks()) <= 3
        """,
        f"--s3-layer={layer}",
    ).assert_outcomes(passed=1)


def test_nothing_is_left_behind(run):
    """After a test, passed, failed or interrupted, every function is as it was before, and every socket closed."""
    run(
        """
        import gc, socket, warnings

        def state():
            return (aiohttp.TCPConnector._create_connection, aiohttp.BaseConnector.connect, socket.getaddrinfo,
                    S3Client._make_request)

        # What the guard watches it watches from the first test of a layer on.
        def test_first(s3_errors): pass

        @pytest.mark.s3_layer("client")
        def test_first_client(s3_errors): pass

        def test_before():
            global before
            before = state()

        @pytest.mark.s3_fail(503, layer="wire")
        async def test_wire(s3_client):
            await s3_client.put_object("bucket", "key", b"")

        @pytest.mark.s3_fail(503, layer="client")
        async def test_client(s3_client):
            await s3_client.put_object("bucket", "key", b"")

        @pytest.mark.s3_fail("stall")
        async def test_cancelled(s3_client):
            async with asyncio.timeout(0.05):
                await s3_client.put_object("bucket", "key", b"")

        def test_after():
            gc.collect()
            assert state() == before
        """
    ).assert_outcomes(failed=3, passed=4)


def test_a_large_answer_and_the_end_of_its_connection(caplog):
    """A client that asks for the connection to be closed gets all of a body that the kernel takes in pieces."""
    store = S3Store(now=lambda: datetime.now(UTC))
    store.put("bucket", "key", bytes(6 * 2**20))
    server = ThreadServer(Simulator(store=store, clock=time.monotonic, lock=threading.RLock()), endpoints=tuple)
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.sendall(b"GET /bucket/key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            select.select([client], [], [])
            received = b"".join(iter(lambda: client.recv(1 << 20), b""))
    finally:
        server.stop()
    assert received.endswith(b"\r\n\r\n" + bytes(6 * 2**20))
    assert caplog.records == []  # asyncio logs what goes wrong in a callback


def test_blocking_clients_are_answered_in_their_own_thread(run):
    """Whatever way their bytes take: those that no call of `send` tells of are found before time passes."""
    run(
        """
        import array, http.client, os, select, socket, threading, time

        HOST = "bucket.s3.amazonaws.com"
        GET = b"GET /key HTTP/1.1\\r\\nHost: bucket.s3.amazonaws.com\\r\\n\\r\\n"
        pytestmark = [pytest.mark.s3_object("bucket", "key", b"hello"), pytest.mark.s3_limits(silence=2)]

        def has_thread():
            return "simulated S3" in {thread.name for thread in threading.enumerate()}

        def test_without_another_thread():
            connection = http.client.HTTPSConnection(HOST)
            for _ in range(2):
                connection.request("GET", "/key")
                assert connection.getresponse().read() == b"hello"
            connection.close()
            assert not has_thread()

        @pytest.mark.parametrize("made", [bytearray, memoryview, lambda data: array.array("H", data)])
        def test_of_any_buffer(made):
            with socket.create_connection((HOST, 80)) as client:
                client.sendall(b"")
                assert client.send(made(GET)) == len(GET)
                assert client.recv(65536).endswith(b"hello")
                with pytest.raises(TypeError, match="bytes-like"):
                    client.sendall("text")

        @pytest.mark.s3_fail("SlowDown", delay=2)
        def test_a_delay_needs_one(s3_clock):
            connection = http.client.HTTPConnection(HOST)
            connection.request("GET", "/key")
            assert connection.getresponse().status == 503
            connection.close()
            assert s3_clock.now == 2
            assert has_thread()

        def read(client): return client.recv(65536)
        def poll(client):
            ready = select.poll()
            ready.register(client, select.POLLIN)
            assert ready.poll(20_000)
            return client.recv(65536)
        def sleep(client):
            time.sleep(5)
            client.settimeout(0)
            return client.recv(65536)

        @pytest.mark.parametrize("wait", [read, poll, sleep])
        def test_unseen(wait, s3_errors):
            with socket.create_connection((HOST, 80), timeout=60) as client:
                os.write(client.fileno(), GET)
                assert wait(client).endswith(b"hello")
            assert s3_errors.requests[0].started_s == 0

        def test_an_upload_that_is_given_up_has_ended(s3_errors):
            connection = http.client.HTTPConnection(HOST)
            connection.request("PUT", "/key", iter([b"hel"]), {"Content-Length": "5"})
            connection.close()
            time.sleep(0.5)
            connection.request("GET", "/key")
            assert connection.getresponse().read() == b"hello"
            connection.close()
            assert s3_errors.waits() == [0.5]
        """
    ).assert_outcomes(passed=9)
