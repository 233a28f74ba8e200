"""One client's connection, without I/O: bytes and the end of the stream in, actions out.

A *player* owns the socket. It passes arrived bytes to `receive`, and does what `next_action` returns; `actions` says
how. It decides nothing, so all players behave the same, whatever they are built on.

`reads` says at any moment whether more bytes are welcome. While it is False the player leaves them in the kernel, so
that the client sees backpressure. A player calls `held_up` if its kernel did not accept the end of a response at once,
and `lost` if the client is gone.

`_serve` reads like the life of a connection: it is a generator that suspends at each action. It calls plain functions
wherever nothing waits, since a generator costs a microsecond. The states:

    idle        between two requests. The client may end the stream, or be silent for `Limits.idle_s`: FIN.
    head        a request has begun. Its head must end within `Limits.head_s`, or the response is RequestTimeout.
    body        the head is known, and with it who takes the request: the journal has an entry. A rule may make S3
                read only part of the body, or S3 may refuse by the head alone (Expect: 100-continue, a length
                beyond all limits). Then the connection reads no more, responds and closes.
    answer      the simulator's decision is sent: after a delay, at a rate, complete or not.
    silence     after a response that ends so. Further bytes are dropped. It lasts until the client leaves.

Requests are handled one after another. Bytes that a client sends ahead of a response stay here, or in the kernel beyond
`_AHEAD_BYTES`. The end of the stream has two meanings that look alike: the client has closed, or it has sent everything
and still reads. A response that is ready is sent. One that takes test time is not: the client may be gone.

`http1` decides what a request is, the simulator who takes it and what S3 does, `answer` what its response looks like.
This module decides how much is read, what is sent when, when the journal entry is closed, and how it all ends.
"""

from __future__ import annotations

import enum
import traceback
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from pytest_s3errors._core.body import Body, Sink
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.errors.catalogue import error_reply
from s3_asyncio_client._core.limits import MAX_UPLOAD_BYTES

from .actions import Action, Close, Receive, Send, Wait
from .answer import answer_of, encode, fits, paced
from .exchange import Ending, Exchange
from .http1 import BadRequest, Head, RequestParser

if TYPE_CHECKING:
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.s3.messages import Call
    from pytest_s3errors._core.simulator import Simulator

MARK = "x-s3errors-mark"
"""The header of a request that was decided before it was sent. Only this module sees it."""

_AHEAD_BYTES = 16 * 1024
_CLIENT_HELLO = b"\x16\x03"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_TLS = (
    "a client began a TLS handshake with the simulated S3, which speaks plain HTTP: its https can't be taken away.\n"
    "Give it the address of the fixture s3_server as its endpoint: s3_server.url, or s3_server.env for a subprocess."
)


_Actions: TypeAlias = Generator[Action, None, None]


class Limits(NamedTuple):
    """The seconds of real time that a client may be silent, and may take for a head."""

    idle_s: float
    head_s: float


class Settings(NamedTuple):
    """The settings that all connections of one server share.

    Args:
        simulator: Rules, S3 and journal.
        now: Seconds since the epoch, for the Date header and the limits.
        endpoints: Hosts that clients of the test use as endpoints.
        spool: Creates the sink for a large body.
        limits: None: a client may take any time.
    """

    simulator: Simulator
    now: Callable[[], float]
    endpoints: Callable[[], tuple[str, ...]] = tuple
    spool: Callable[[], Sink] | None = None
    limits: Limits | None = None


class _State(enum.Enum):
    """The state of a connection, see the top of the module."""

    IDLE = "idle"
    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    SILENCE = "silence"


# Global names, since lookups of enum members are slower and happen for every packet.
_IDLE, _HEAD, _BODY, _ANSWER, _SILENCE = _State


class Connection:
    """One connection, see the top of the module.

    Args:
        settings: Shared with other connections.
        mark: The mark of requests without their own. It is unique among the open connections.
        origin: Returns ``scheme://host`` as the client dialed it. None: it dialed the server itself.
        left: Tells whether the client has closed its end. This can be known before the end of the stream arrives.
    """

    def __init__(
        self,
        settings: Settings,
        mark: str,
        origin: Callable[[], str | None] = lambda: None,
        left: Callable[[], bool] = lambda: False,
    ) -> None:
        self._settings = settings
        self._simulator = settings.simulator
        self._mark = mark
        self._origin = origin
        self._left = left
        self._parser = RequestParser(settings.spool)
        self._receive = Receive(self.patience_s)
        self._entry: Entry | None = None
        self._state = _IDLE
        self._deaf = self._ended = self._waits = False
        self._head_since_s: float | None = None
        self._actions: Iterator[Action] = self._serve()

    # Events from the player.

    def receive(self, data: bytes | memoryview) -> None:
        """Take the bytes that arrived. b"": the end of the stream."""
        if not data:
            self._ended = True
        elif self._state is not _SILENCE:
            self._parser.receive(data)

    def expire(self) -> None:
        """Record that the client exceeded its time. The connection starts to end with the next action."""
        self._actions = self._timed_out(self._state)

    def held_up(self) -> None:
        """Record that the kernel did not accept all bytes. A response is not complete before it has."""
        if self._entry is not None:
            self._simulator.reopen(self._entry)

    def give_up(self) -> None:
        """Record that the client no longer waits, although its connection is still open."""
        if self._entry is not None:
            self._simulator.end(self._entry)

    def lost(self) -> None:
        """Record that the connection is gone."""
        self.give_up()
        self._simulator.forget(self._mark)
        self._actions = iter(())

    # Questions of the player.

    @property
    def reads(self) -> bool:
        """Whether the player should continue to read."""
        return not (self._deaf or self._ended) and (self._state is not _ANSWER or self._parser.buffered <= _AHEAD_BYTES)

    @property
    def patience_s(self) -> float | None:
        """The seconds that the kernel may take to accept the bytes before the player calls `expire`. None: no limit."""
        return None if self._settings.limits is None else self._settings.limits.idle_s

    def next_action(self) -> Action:
        """Return the next action of the player."""
        if self._waits and self._ended:
            return Close()
        try:
            action = next(self._actions, _CLOSE)
        except BadRequest as error:
            self._actions = self._refuse(error.code, f"This is no request: {error}.")
            return self.next_action()
        except Exception:  # noqa: BLE001 - a mistake of ours must fail the test, not look like a fault of S3
            self._simulator.problems.append(f"the simulated S3 failed:\n{traceback.format_exc()}")
            return _CLOSE
        self._waits = type(action) is Wait
        return _CLOSE if self._waits and self._ended else action

    # The life of a connection.

    def _serve(self) -> _Actions:
        parser, simulator = self._parser, self._simulator
        while True:
            self._state = _IDLE
            while (head := parser.next_event()) is None:
                if self._ended or self._begins_tls():
                    return
                yield self._receive_head()
            assert isinstance(head, Head)  # the parser returns a body after each head
            if simulator.problems:
                return  # the test is over: its client dials again and gets the refusal
            call, entry, stop = self._begin(head)
            if head.expects_continue and stop != 0:
                yield Send(_CONTINUE)
            while (body := self._body(head, stop)) is None:
                if self._ended:
                    return
                yield self._receive
            self._state = _ANSWER
            exchange = self._decided(entry, body)
            if exchange.delay_s:
                yield Wait(exchange.delay_s)
            ending = yield from self._answer(head, call, entry, exchange)
            self._entry = None
            if ending is not Ending.KEEP:
                yield Close(reset=ending is Ending.RESET)
                return

    def _begins_tls(self) -> bool:
        if not self._parser.starts_with(_CLIENT_HELLO):
            return False
        self._simulator.problems.append(_TLS)
        return True

    def _receive_head(self) -> Receive:
        limits = self._settings.limits
        if limits is None:
            return self._receive
        if not self._parser.buffered:
            self._head_since_s = None
            return self._receive
        now_s = self._settings.now()
        if self._head_since_s is None:
            self._head_since_s = now_s
        self._state = _HEAD
        return Receive(max(0.0, self._head_since_s + limits.head_s - now_s))

    def _begin(self, head: Head) -> tuple[Call, Entry, int | None]:
        """Let the simulator decide the request. Return how many bytes of its body S3 reads first. None: all."""
        self._state, self._head_since_s = _BODY, None
        mark = head.headers.pop(MARK, None) or self._mark
        call = _call_of(head, self._origin(), self._settings.endpoints())
        self._entry = entry = self._simulator.begin(call, mark)
        size = head.body_size
        stop = None if entry.injected is None else entry.injected.reads(size)
        if stop is None and (
            (size is not None and size > MAX_UPLOAD_BYTES)
            # S3 refuses by the head if it can: it responds without 100, and the body never comes (fact 41).
            or (head.expects_continue and self._simulator.refuses_early(entry))
        ):
            stop = 0
        return call, entry, stop

    def _body(self, head: Head, stop: int | None) -> Body | None:
        """Return the first *stop* bytes of the body (None: all), or None until they have arrived.

        Once bytes stay unread, the connection reads no more. The packet boundaries do not matter.
        """
        parser = self._parser
        body = None if stop == 0 else parser.next_event()
        if body is not None:
            assert not isinstance(body, Head)  # it comes after its head
            if fits(stop, len(body)):
                return body
        elif stop is None or (stop and parser.received + ("transfer-encoding" not in head.headers) <= stop):
            return None  # the *stop* bytes of a sized body are here, and more will follow
        else:
            body = parser.take_received()
        self._deaf = True
        return body[:stop]

    def _decided(self, entry: Entry, body: Body) -> Exchange:
        if self._left():
            self._simulator.end(entry)  # nobody gets the response
        return self._simulator.answer(entry, body)

    def _answer(self, head: Head, call: Call, entry: Entry, exchange: Exchange) -> Generator[Action, None, Ending]:
        """Send the response. Return what happens to the connection."""
        answer = answer_of(
            exchange, call, now_s=self._settings.now(), whole=not self._deaf, keep=head.keep_alive, chunks=head.chunks
        )
        if answer is None:
            data, ending = exchange.raw, exchange.ending
        else:
            (data, tail), ending = encode(answer), answer.ending
            if exchange.bytes_per_second is None and isinstance(answer.body, bytes):
                data += answer.body + tail
            else:
                goes_on = False
                for seconds, piece in paced(answer.body, exchange.bytes_per_second):
                    yield Send(data)
                    if seconds:
                        yield Wait(seconds, goes_on)
                    data, goes_on = piece, True
                data += tail
        if ending is Ending.HANG:
            yield Send(data)
            entry.due_s = 0.0  # the client has read everything and waits
            self._state, self._deaf = _SILENCE, False
            yield Wait(inf)
        # Close the journal entry before a client in another thread can read the last bytes.
        self._simulator.end(entry)
        yield Send(data)
        self._simulator.end(entry)  # close it now in case it was reopened
        return ending

    # The other ends.

    def _refuse(self, code: str, message: str | None = None) -> _Actions:
        """Respond to something that is not a request, and close."""
        self._state, self._deaf = _ANSWER, True
        reply = error_reply(code, _NO_CALL, message=message, headers={"Connection": "close"})
        answer = answer_of(Exchange(answer=reply, ids=self._simulator.ids()), _NO_CALL, now_s=self._settings.now())
        assert answer is not None  # an error has a status
        head, tail = encode(answer)
        yield Send(head + bytes(answer.body) + tail)

    def _timed_out(self, state: _State) -> _Actions:
        if state in {_HEAD, _BODY}:
            yield from self._refuse("RequestTimeout")
        # A client that does not read its response gets no more of it.
        yield Close(reset=state is _ANSWER)


_CLOSE = Close()
_NO_CALL = parse_call(method="GET", target="/", headers={})


def _call_of(head: Head, origin: str | None, endpoints: tuple[str, ...]) -> Call:
    """Return the S3 call of *head*. *origin* is what the client dialed. None: the server itself."""
    scheme = origin.partition("://")[0] if origin else "http"
    call = parse_call(method=head.method, target=head.target, headers=head.headers, scheme=scheme, endpoints=endpoints)
    return replace(call, sized=False) if head.is_unsized else call
