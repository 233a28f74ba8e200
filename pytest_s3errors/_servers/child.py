"""The simulated S3 in its own process: run with ``python -m``, controlled by its parent through a pipe.

Some native clients hold the GIL while they wait for a response, so a server in a thread of that process could never
send one. This process serves one test after another. Each has its own simulator, store and port. The process ends with
its parent: when the pipe closes, or, if a forked sibling holds the other end open, when it gets another parent.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO

from pytest_s3errors._core.report.timeline import target

from .pipe import read, write
from .thread import ThreadServer

if TYPE_CHECKING:
    from pytest_s3errors._backends.setup import Setup
    from pytest_s3errors._core.body import Body
    from pytest_s3errors._core.play.exchange import Exchange
    from pytest_s3errors._core.report.journal import Entry
    from pytest_s3errors._core.rules.schedule import ArmedRule, Rule
    from pytest_s3errors._core.s3.messages import Call

_LOOK_S = 0.5


class Test:
    """One test's simulation. The parent asks for what is public, as in "add" or "server.stop"."""

    __test__ = False  # pytest must not collect it, despite its name

    def __init__(self, setup: Setup) -> None:
        self._silence_s = setup.silence_s
        self._quiet_s = 0.0
        self._events = 0
        self._lock = threading.RLock()
        self._zero = time.monotonic()
        self.simulator = setup.simulator(clock=lambda: time.monotonic() - self._zero, lock=self._lock)
        self._endpoints: tuple[str, ...] = ()
        self._entries: list[Entry] = []
        self.server = ThreadServer(self.simulator, endpoints=lambda: self._endpoints)

    def endpoints(self, endpoints: tuple[str, ...]) -> None:
        self._endpoints = endpoints

    def origin(self, port: int, origin: str) -> None:
        self.server.origins[port] = origin

    def arm(self, armed: bool) -> None:  # noqa: FBT001 - the value of an attribute
        if armed:
            self._zero = time.monotonic()
        self.simulator.armed = armed

    def store(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        with self._lock:
            found = getattr(self.simulator.store, name)
            return found(*args, **kwargs) if callable(found) else found

    def look(self, passed_s: float, *, asked: bool) -> None:
        """Reset the connections if a client waits and the test's process has not *asked* anything for too long.

        The watchdog of a test asks all the time. If it does not, a client that holds the GIL is blocking it.
        """
        events, waiting = self.simulator.pending()
        quiet = waiting and not asked and events == self._events
        self._events, self._quiet_s = events, self._quiet_s + passed_s if quiet else 0.0
        if self._quiet_s >= self._silence_s and not self.simulator.problems:
            lines = "\n".join(f"  {target(entry.call)}" for entry in waiting)
            self.simulator.problems.append(
                f"for {self._silence_s:g} s a client in native code has kept Python's lock (the GIL) and waited for the"
                f" simulated S3. Its connections were reset.\nIt waits for\n{lines}"
            )
            self.server.break_off()

    # Journal and rules.

    def problems(self, after: int) -> list[str]:
        return self.simulator.problems[after:]

    def add(self, rule: Rule) -> int:
        return id(self.simulator.add(rule))

    def armed(self, number: int) -> ArmedRule:
        return next(armed for armed in self.simulator.schedule.rules if id(armed) == number)

    def cancel(self, number: int) -> None:
        self.armed(number).cancelled = True

    # A request that a layer in the test's process announces or answers.

    def bucket_region(self, call: Call) -> str | None:
        with self._lock:
            return self.simulator.bucket_region(call)

    def begin(self, call: Call) -> tuple[int, Entry]:
        self._entries.append(self.simulator.begin(call))
        return len(self._entries) - 1, self._entries[-1]

    def answer(self, number: int, body: Body) -> tuple[Exchange, Entry]:
        return self.simulator.answer(self._entries[number], body), self._entries[number]

    def end(self, number: int) -> None:
        self.simulator.end(self._entries[number])

    def promise(self, mark: str, number: int) -> None:
        self.simulator.promise(mark, self._entries[number])


class Watch:
    """Watches the test being served, and ends this process when its parent has ended."""

    def __init__(self) -> None:
        self.test: Test | None = None
        self.asked = False

    def run(self) -> None:
        parent = os.getppid()
        while os.getppid() == parent:
            time.sleep(_LOOK_S)
            if self.test is not None:
                self.test.look(_LOOK_S, asked=self.asked)
            self.asked = False
        os._exit(0)


def serve(asked: BinaryIO, answers: BinaryIO, watch: Watch) -> None:
    """Serve calls until the pipe closes: ``(number of the test, name, arguments)``. "start" begins a new test."""
    number, test = 0, None
    while True:
        try:
            wanted, name, args = read(asked)
        except EOFError:
            return
        watch.asked = True
        try:
            if name == "start":
                if test is not None:
                    test.server.stop()
                number, test = wanted, Test(*args)
                watch.test = test
                reply: Any = test.server.port
            elif test is None or wanted != number:
                raise RuntimeError("that test is over")  # noqa: TRY301 - sent like any other error
            else:
                found = attrgetter(name)(test)
                reply = found(*args) if callable(found) else found
        except Exception as error:  # noqa: BLE001 - the parent raises it
            reply = error
        _write(answers, reply)


def _write(answers: BinaryIO, reply: Any) -> None:
    try:
        write(answers, (not isinstance(reply, Exception), reply))
    except TypeError as error:
        write(answers, (False, TypeError(f"{error}: {reply!r}")))


def main() -> None:
    """Serve the process that started this one."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is meant for the parent, which decides what happens
    watch = Watch()
    threading.Thread(target=watch.run, daemon=True).start()
    with os.fdopen(os.dup(sys.stdin.fileno()), "rb") as asked, os.fdopen(os.dup(sys.stdout.fileno()), "wb") as answers:
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # an accidental print must not reach the pipe
        serve(asked, answers, watch)
    os._exit(0)  # don't wait for the threads that serve: nobody needs them now


if __name__ == "__main__":
    main()
