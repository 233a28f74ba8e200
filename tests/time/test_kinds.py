"""Kinds of code that wait: each takes its own test time, and no time passes while something works."""

from __future__ import annotations

import pytest

from pytest_s3errors._time import kernel

WAITS = {
    "event": "assert not threading.Event().wait(5)",
    "condition": "c = threading.Condition()\n    with c: assert not c.wait(5)",
    "deep": "k = threading.RLock(); c = threading.Condition(k)\n"
    "    with k, k, c: assert not c.wait(5); assert k._is_owned()",
    "lock": "k = threading.Lock(); k.acquire(); assert not k.acquire(timeout=5)",
    "rlock": "k = threading.RLock(); t = threading.Thread(target=k.acquire); t.start(); t.join()\n"
    "    assert not k.acquire(timeout=5)",
    "semaphore": "assert not threading.Semaphore(0).acquire(timeout=5)",
    "barrier": "with pytest.raises(threading.BrokenBarrierError): threading.Barrier(2).wait(5)",
    "join": "e = threading.Event(); t = threading.Thread(target=e.wait); t.start(); t.join(5)\n"
    "    assert t.is_alive(); e.set(); t.join(); assert not t.is_alive()",
    "queue": "with pytest.raises(queue.Empty): queue.Queue().get(timeout=5)",
    "full queue": "q = queue.Queue(1); q.put(1)\n    with pytest.raises(queue.Full): q.put(2, timeout=5)",
    "simple queue": "with pytest.raises(queue.Empty): queue.SimpleQueue().get(timeout=5)",
    "future": "with pytest.raises(TimeoutError): cf.Future().result(5)",
    "futures": "done, _ = cf.wait([cf.Future()], 5); assert not done",
    "as_completed": "with pytest.raises(TimeoutError): list(cf.as_completed([cf.Future()], 5))",
    "timer": "t = threading.Timer(5, int); t.start(); t.join()",
    "pool of threads": "with mp.pool.ThreadPool(2) as p: p.map(time.sleep, [5, 5])",
    "result of a pool of threads": "with mp.pool.ThreadPool(1) as p, pytest.raises(mp.TimeoutError):\n"
    "        p.apply_async(time.sleep, (5.1,)).get(5)",
    "socket pair": "a, b = socket.socketpair(); a.settimeout(5)\n    with a, b, pytest.raises(TimeoutError): a.recv(1)",
    "select": "a, b = socket.socketpair()\n    with a, b: assert select.select([a], [], [], 5) == ([], [], [])",
    "select of what it can't": "time.sleep(5)\n"
    "    with pytest.raises(TypeError, match='fileno'): select.select([None], [], [], 1)\n"
    "    with pytest.raises(ValueError): select.select([], [], [], -1)",
    "select of nothing": "select.select([], [], [], 5)",
    "select wakes": "a, b = socket.socketpair(); t = threading.Timer(5, b.send, (b'x',)); t.start()\n"
    "    with a, b: assert select.select([a], [], [], 9)[0] == [a]; t.join()",
    "poll": "a, b = socket.socketpair(); p = select.poll(); p.register(a, select.POLLIN)\n"
    "    with a, b: assert p.poll(5000) == []",
    "poll wakes": "a, b = socket.socketpair(); t = threading.Timer(5, b.send, (b'x',)); t.start()\n"
    "    p = select.poll(); p.register(a, 0); p.modify(a, select.POLLIN); p.register(b); p.unregister(b)\n"
    "    with a, b: assert p.poll() == [(a.fileno(), select.POLLIN)]; t.join()",
    "signal handler": "signal.signal(signal.SIGALRM, lambda *_: time.sleep(2))\n"
    "    signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
    "    e = threading.Event(); t = threading.Thread(target=lambda: (REAL.sleep(0.3), e.set())); t.start()\n"
    "    assert e.wait(100); t.join(); time.sleep(3)",
}
IMPORTS = """
import concurrent.futures as cf, multiprocessing as mp, multiprocessing.pool
import queue, select, signal, socket, subprocess, sys, threading, time
from pytest_s3errors._time.originals import REAL

def work(seconds=0.1):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end: sum(range(200))
"""


def test_every_wait_takes_test_time_only(run):
    """Of the main thread, with a bystander that sleeps longer."""
    tests = "".join(
        f"\ndef test_{number}(s3_clock):\n    began = time.perf_counter()\n    {wait}\n"
        f"    assert s3_clock.now == 5 and time.perf_counter() - began < 4\n"
        for number, wait in enumerate(WAITS.values())
    )
    run(IMPORTS + tests).assert_outcomes(passed=len(WAITS))


def test_a_select_on_another_process_is_real(run):
    """Its answer may take any time, and none passes in the test meanwhile."""
    run(
        IMPORTS
        + """
SAYS = "import time; time.sleep(0.3); print()"

@pytest.mark.parametrize("wait", ["select", "poll"])
def test_it(s3_clock, wait):
    threading.Thread(target=time.sleep, args=(1,), daemon=True).start()
    with subprocess.Popen([sys.executable, "-c", SAYS], stdout=subprocess.PIPE) as child:
        if wait == "select":
            assert select.select([child.stdout], [], [], 9)[0]
        else:
            poll = select.poll()
            poll.register(child.stdout, select.POLLIN)
            assert poll.poll(9000)
    assert s3_clock.now == 0
"""
    ).assert_outcomes(passed=2)


def test_boto3s_wait_for_100_continue_takes_its_second(run):
    """Then it sends the body, and its read_timeout counts."""
    run(
        """
import boto3
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

@pytest.mark.s3_fail("SlowDown", delay=100)
def test_it(s3_clock):
    client = boto3.client("s3", config=Config(retries={"total_max_attempts": 1}, read_timeout=7))
    with pytest.raises(ReadTimeoutError):
        client.put_object(Bucket="bucket", Key="key", Body=b"x")
    assert s3_clock.now == 8
"""
    ).assert_outcomes(passed=1)


WORKS = {
    "a loop in another thread has a timer": """
    loop = asyncio.new_event_loop()
    t = threading.Thread(target=loop.run_forever); t.start()
    loop.call_soon_threadsafe(loop.call_later, 100, int)
    work()
    now = s3_clock.now
    loop.call_soon_threadsafe(loop.stop); t.join(); loop.close()
    assert now == 0
""",
    "a submitted job": """
    async def main():
        with cf.ThreadPoolExecutor(1) as pool:
            await asyncio.wait_for(asyncio.wrap_future(pool.submit(work)), 10)
    asyncio.run(main())
    assert s3_clock.now == 0
""",
    "a job in a pool of threads": """
    with mp.pool.ThreadPool(1) as pool:
        pool.apply_async(work).get(10)
    assert s3_clock.now == 0
""",
    "a job in another process": """
    async def main():
        with cf.ProcessPoolExecutor(1) as pool:
            await asyncio.wait_for(asyncio.wrap_future(pool.submit(abs, -1)), 10)
            assert s3_clock.now == 0
            await asyncio.sleep(100)  # an idle pool holds up nothing
    asyncio.run(main())
    assert s3_clock.now == 100
""",
    "a thread that calls back": """
    async def main():
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        threading.Thread(target=lambda: (work(), loop.call_soon_threadsafe(done.set))).start()
        await asyncio.wait_for(done.wait(), 10)
    asyncio.run(main())
    assert s3_clock.now == 0
""",
    "a thread that is polled": """
    done = []
    t = threading.Thread(target=lambda: (work(), done.append(1))); t.start()
    while not done:
        time.sleep(10)
    t.join()
    assert s3_clock.now == 10
""",
    "code in C without the GIL": """
    import hashlib
    done = []
    t = threading.Thread(target=lambda: (hashlib.sha256(bytes(30_000_000)), done.append(1))); t.start()
    time.sleep(10)
    t.join()
    assert done and s3_clock.now == 10
""",
    "a child": """
    t = threading.Thread(target=time.sleep, args=(50,)); t.start()
    subprocess.run([sys.executable, "-Sc", "import time; time.sleep(.2)"], timeout=60)
    assert s3_clock.now == 0
    t.join()
""",
    "a server of one's own": """
    import http.server, urllib.request
    class Late(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            time.sleep(20)
            self.send_response(200); self.send_header("Content-Length", "0"); self.end_headers()
        def log_message(self, *_): pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Late)
    t = threading.Thread(target=server.serve_forever); t.start()
    urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}", timeout=30).close()
    server.shutdown(); server.server_close(); t.join()
    assert 20 <= s3_clock.now < 22  # serve_forever looks up every half second
""",
}


def test_no_time_passes_while_something_works(run):
    """In whichever thread, pool, process or loop."""
    tests = "".join(f"\ndef test_{number}(s3_clock):{body}" for number, body in enumerate(WORKS.values()))
    run(IMPORTS + tests).assert_outcomes(passed=len(WORKS))


def test_threads_wake_in_the_order_of_their_deadlines(run):
    """Equal deadlines in the order in which the threads were started."""
    run(
        IMPORTS
        + """
@pytest.mark.parametrize("number", range(30))
def test_it(s3_clock, number):
    out = []
    def go(seconds, name):
        time.sleep(seconds - s3_clock.now); out.append(name)
    threads = [threading.Thread(target=go, args=a) for a in [(3, "d"), (1, "a"), (2, "b"), (2, "c")]]
    [t.start() for t in threads]; [t.join() for t in threads]
    assert out == list("abcd") and s3_clock.now == 3
"""
    ).assert_outcomes(passed=30)


def test_it_never_stops_jumping_for_a_reason_that_is_over(run):
    """An abandoned job, a pipe between our own threads, and idle threads from before the test."""
    run(
        IMPORTS
        + """
import os
pool = cf.ThreadPoolExecutor(1); pool.submit(int).result()
q = queue.SimpleQueue(); threading.Thread(target=q.get, daemon=True).start()

def quick(sleep):
    began = time.perf_counter(); sleep(); assert time.perf_counter() - began < 3

def test_abandoned(s3_clock):
    pool = cf.ThreadPoolExecutor(1)
    async def main(): asyncio.get_running_loop().run_in_executor(pool, threading.Event().wait, 0.2)
    asyncio.run(main()); pool.shutdown()
    quick(lambda: time.sleep(15))

async def test_reader(s3_clock):
    r, w = os.pipe(); loop = asyncio.get_running_loop(); loop.add_reader(r, int)
    began = time.perf_counter()
    await asyncio.sleep(15)
    loop.remove_reader(r); os.close(r); os.close(w)
    assert time.perf_counter() - began < 3

def test_before(s3_clock):
    quick(lambda: time.sleep(15))
    assert pool.submit(lambda: 7).result(5) == 7
    assert s3_clock.now == 15
    q.put(1)
"""
    ).assert_outcomes(passed=3)


def test_what_a_test_leaves_behind_reads_the_right_clock(run):
    """Patches, first imports, copies by name and defaults: real time between tests, the test's time in one."""
    run(
        IMPORTS
        + """
from time import monotonic, sleep
taken = {}

def clocked(clock=time.monotonic): return clock()

def took(nap):
    began = REAL.monotonic(); before = clocked(); nap()
    return REAL.monotonic() - began, clocked() - before

def test_patches(s3_clock, monkeypatch):
    monkeypatch.setattr("time.monotonic", lambda: 1.0)
    monkeypatch.setattr("time.sleep", taken.setdefault("naps", []).append)
    time.sleep(3); assert time.monotonic() == 1.0 and taken["naps"] == [3] and s3_clock.now == 0

async def test_loop_between(): await asyncio.sleep(0.01)

def test_copies(s3_clock):
    taken.update(sleep=time.sleep, monotonic=time.monotonic)
    real, passed = took(lambda: sleep(30))
    assert passed == 30 and real < 10 and monotonic() == time.monotonic()

def test_between():
    real, passed = took(lambda: taken["sleep"](0.05))
    assert 0.05 <= real and abs(passed - real) < 0.03 and time.monotonic() >= taken["monotonic"]() - 1

def test_never_back(s3_clock):
    assert time.monotonic() >= taken.setdefault("last", time.monotonic())
    time.sleep(1000); taken["last"] = time.monotonic()

def test_goes_on(): assert taken["last"] <= time.monotonic() < taken["last"] + 100
"""
    ).assert_outcomes(passed=6)


def test_every_copy_that_was_made_before(run):
    """Wherever the code under test keeps a function of `time`, and whether a class has looked it up or not."""
    run(
        IMPORTS
        + """
import asyncio, collections, dataclasses, functools, typing

def decorator(sleep=time.sleep):
    def decorate(function):
        @functools.wraps(function)
        def sleeping(): sleep(10); function()
        return sleeping
    return decorate

class Class:
    sleep = time.sleep; nap = staticmethod(time.sleep)

@dataclasses.dataclass(frozen=True, slots=True)
class Slots: sleep: typing.Callable = time.sleep

class Pair(typing.NamedTuple): now: typing.Callable; sleep: typing.Callable

class Method: nap = functools.partialmethod(lambda self, sleep: sleep(10), time.sleep)

slots = Slots()
pair = Pair(time.monotonic, time.sleep)
hooks = [time.sleep]
seen = collections.defaultdict(time.monotonic)
COPIES = {
    "closure": decorator()(lambda: None), "class": lambda: Class.sleep(10), "static": lambda: Class().nap(10),
    "slot": lambda: slots.sleep(10), "partial": functools.partial(time.sleep, 10),
    "keyword of a partial": functools.partial(lambda sleep: sleep(10), sleep=time.sleep),
    "argument of a partial": functools.partial(lambda sleep: sleep(10), time.sleep),
    "partial method": lambda: Method().nap(), "pair": lambda: (pair.sleep(10), check(pair.now())),
    "list": lambda: hooks[0](10), "default dict": lambda: (seen["a"], time.sleep(10), check(seen["b"], seen["a"] + 10)),
    "of asyncio": functools.partial(lambda nap=asyncio.sleep: asyncio.run(nap(10))),
}

def check(now, then=None): assert now == time.monotonic() and then in (None, now)

def test_looked_up(): Class.sleep(0); Class.nap(0)

@pytest.mark.parametrize("name", COPIES)
def test_it(name, s3_clock): COPIES[name](); assert s3_clock.now == 10
"""
    ).assert_outcomes(passed=13)


def test_a_patch_from_before_the_first_test_that_uses_the_plugin(run):
    """When it ends, it puts back a clock that has not gone back."""
    run(
        IMPORTS
        + """
@pytest.fixture(scope="class")
def patched():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "monotonic", lambda: 5.0)
        yield

class TestPatched:
    def test_before(self, patched): assert time.monotonic() == 5
    def test_it(self, patched, s3_clock):
        time.sleep(1000); assert s3_clock.now == 1000 and time.monotonic() == 5

def test_after(): assert time.monotonic() >= REAL.registry.hands.frozen
""",
        subprocess=True,
    ).assert_outcomes(passed=3)


def test_a_thread_that_reads_what_a_process_prints(run):
    """It waits in C, from before the test: what it reads during the test makes it run for a moment, not for ever."""
    run(
        IMPORTS
        + """
LINES = []

def read():
    for line in CHILD.stdout: LINES.append(line)

def test_before():
    global CHILD, THREAD
    CHILD = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    THREAD = threading.Thread(target=read); THREAD.start()

@pytest.mark.parametrize("number", range(2))
def test_it(s3_clock, number):
    LINES.clear(); CHILD.stdin.write(b"line\\n"); CHILD.stdin.flush()
    while not LINES: REAL.sleep(0.001)
    began = REAL.monotonic()
    time.sleep(60)
    assert s3_clock.now == 60 and REAL.monotonic() - began < 5  # at which patience ends

def test_after():
    CHILD.stdin.close(); THREAD.join(); CHILD.stdout.close(); CHILD.wait()
""",
        subprocess=True,
    ).assert_outcomes(passed=4)


def test_jobs_of_a_pool_of_the_module(run):
    """Its threads were there before the first test that uses the plugin, and are woken in the order of their jobs."""
    run(
        IMPORTS
        + """
POOL = cf.ThreadPoolExecutor(2)

def test_before(): assert POOL.submit(abs, -1).result() == 1

@pytest.mark.parametrize("number", range(20))
def test_it(s3_clock, number):
    jobs = [POOL.submit(time.sleep, seconds) for seconds in (3, 5)]
    done, _ = cf.wait(jobs, timeout=4)
    assert done == {jobs[0]} and s3_clock.now == 4
    assert len(list(cf.as_completed(jobs, timeout=4))) == 2 and s3_clock.now == 5
    with pytest.raises(TimeoutError): list(POOL.map(time.sleep, [10], timeout=2))
    assert s3_clock.now == 7
    time.sleep(20)

def test_after(): POOL.shutdown()
""",
        subprocess=True,
    ).assert_outcomes(passed=22)


def test_what_outlives_its_test_sleeps_what_is_left(run):
    """In real time, since no test's time passes."""
    run(
        IMPORTS
        + """
threads = []

def test_it(s3_clock):
    threads.append(threading.Thread(target=time.sleep, args=(100,))); threads[0].start()
    time.sleep(99.9)

def test_after(): threads[0].join(20); assert not threads[0].is_alive()
"""
    ).assert_outcomes(passed=2)


@pytest.mark.parametrize(
    ("wait", "wake"),
    [
        ("asyncio.run(forever())", "LOOP[0].call_soon_threadsafe(STOP[0].set)"),
        ("SELECTOR.select()", "ONE.send(b'1')"),
        ("TWO.recv(1)", "ONE.send(b'1')"),
    ],
    ids=["a loop", "a selector", "a socket"],
)
def test_a_test_that_begins_as_a_thread_begins_to_wait(run, wait, wake):
    """The thread has seen that no test runs, and has told nobody yet that it waits: it holds up no sleep."""
    run(
        f"""{IMPORTS}
import selectors
LOOP, STOP, NOTED = [], [], threading.Semaphore(0)
ONE, TWO = socket.socketpair()
SELECTOR = selectors.DefaultSelector(); SELECTOR.register(TWO, selectors.EVENT_READ)

async def forever():
    LOOP.append(asyncio.get_running_loop()); STOP.append(asyncio.Event()); await STOP[0].wait()

def wait(): {wait}

class Late(dict):
    def __setitem__(self, ident, note):
        if ident == THREAD.ident and self is REAL.registry.observed:
            NOTED.release()
            while not REAL.registry.on: REAL.sleep(0.001)
            with REAL.registry.mutex: pass  # it has begun
        super().__setitem__(ident, note)

def test_first(s3_clock): pass

def test_between():
    global THREAD
    THREAD = threading.Thread(target=wait)
    REAL.registry.observed = Late(REAL.registry.observed)
    THREAD.start()
    assert NOTED.acquire(timeout=10)

def test_it(s3_clock):
    began = REAL.monotonic()
    time.sleep(60)
    assert s3_clock.now == 60 and REAL.monotonic() - began < 5  # at which patience ends
    {wake}; THREAD.join()
    for end in (ONE, TWO, SELECTOR): end.close()
""",
        subprocess=True,
    ).assert_outcomes(passed=3)


def test_a_file_closed_under_its_reader_is_not_the_next_one_of_that_number(run):
    """The thread waits for good in the system, as without us; what is opened then has something to read."""
    run(
        IMPORTS
        + """
import os, socket

@pytest.fixture
def closed():
    listener = socket.create_server(("127.0.0.1", 0))
    number = listener.fileno()
    thread = threading.Thread(target=listener.accept, daemon=True)
    thread.start()
    while sys._current_frames()[thread.ident].f_code.co_name != "accept": REAL.sleep(0.001)
    listener.close()
    return number

def test_it(closed, s3_clock):
    ends = socket.socketpair()
    with ends[0], ends[1]:
        assert closed in (ends[0].fileno(), ends[1].fileno())
        for end in ends: end.send(b"x")
        began = REAL.monotonic()
        time.sleep(60)
        assert s3_clock.now == 60 and REAL.monotonic() - began < 5  # at which patience ends
""",
        subprocess=True,
    ).assert_outcomes(passed=1)


def test_a_test_that_ends_as_a_thread_begins_to_wait(run):
    """The thread sleeps in real time then, although it saw the test run."""
    run(
        IMPORTS
        + """
GATE = REAL.allocate_lock(); GATE.acquire()
THREAD = threading.Thread(target=lambda: (GATE.acquire(), time.sleep(0.05)))

@pytest.fixture
def held():
    yield
    REAL.registry.mutex.release()

def test_it(held, s3_clock):
    THREAD.start()
    REAL.registry.mutex.acquire(); GATE.release()
    # It needs the mutex to park, or before, since some readings of the clock look whether time has to follow real time.
    while sys._current_frames()[THREAD.ident].f_code.co_name not in ("_park", "now"): REAL.sleep(0.001)

def test_after(): THREAD.join(10); assert not THREAD.is_alive()
"""
    ).assert_outcomes(passed=2)


def test_a_pool_from_before_the_first_test_without_the_kernels_answers(pytester, monkeypatch):
    """Its worker slept until it got the job, and looks as if it still did. In a process of its own: C's queue."""
    monkeypatch.setenv("S3ERRORS_PORTABLE_CLOCK", "1")
    pytester.makepyfile(
        """
        import concurrent.futures, time
        pool = concurrent.futures.ThreadPoolExecutor(1); pool.submit(int).result()

        def test_it(s3_clock):
            time.sleep(15)
            assert pool.submit(lambda: 7).result(5) == 7
            assert s3_clock.now == 15
        """
    )
    pytester.runpytest_subprocess("-q", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_condition_from_before_the_first_test(run):
    """Its lock is in C, and is still held when the notified thread runs. The thread goes on when it is free."""
    run(
        IMPORTS
        + """
CONDITION = threading.Condition(REAL.allocate_lock())

def waiting(got):
    with CONDITION:
        CONDITION.wait()
        got.append(1)

def test_it(s3_clock):
    got = []
    thread = threading.Thread(target=waiting, args=(got,), daemon=True); thread.start()
    while not CONDITION._waiters: time.sleep(0.001)
    with CONDITION:
        CONDITION.notify()
        REAL.sleep(0.05)  # as a thread that loses the interpreter here
    thread.join(5)
    assert got
"""
    ).assert_outcomes(passed=1)


def test_a_queues_item_wakes_a_reader_that_waits_for_it(run):
    """And not one that was about to wait, has found an item all the same, and loses the interpreter there."""
    run(
        IMPORTS
        + """
class Slow:  # a queue in C whose first reader is slow
    def __init__(self, c): self.c, self.readers, self.go = c, 0, threading.Event()

    def __getattr__(self, name): return getattr(self.c, name)

    def get_nowait(self):
        self.readers += 1
        if self.readers > 1: return self.c.get_nowait()
        self.c.put(1)  # as a thread that has found no reader
        item = self.c.get_nowait()
        self.go.wait()
        return item

def test_it(s3_clock):
    q, got = queue.SimpleQueue(), []
    q._c = slow = Slow(q._c)
    readers = [threading.Thread(target=lambda: got.append(q.get()), daemon=True) for _ in range(2)]
    for number, reader in enumerate(readers, 1):
        reader.start()
        while slow.readers < number: time.sleep(0.001)
    time.sleep(1)  # both wait
    q.put(2)
    slow.go.set()
    for reader in readers: reader.join(5)
    assert sorted(got) == [1, 2]
"""
    ).assert_outcomes(passed=1)


def test_a_finalizer_waits_while_the_clock_decides(run):
    """For a lock that another thread holds, which needs the clock's mutex to release it."""
    run(
        IMPORTS
        + """
import gc

class Cycle:
    def __init__(self, lock): self.lock, self.me = lock, self
    def __del__(self):
        with self.lock: pass

def holding(lock, holds):
    with lock:
        holds.release()
        REAL.sleep(0.1)

def test_it(s3_clock):
    lock, holds = threading.Lock(), REAL.allocate_lock(); holds.acquire()
    thread = threading.Thread(target=holding, args=(lock, holds)); thread.start(); holds.acquire()
    cycle = Cycle(lock)
    with REAL.registry.mutex:  # the thread that decides makes objects, and so collects others
        del cycle
        gc.collect()
    thread.join()
    time.sleep(60)
    assert s3_clock.now == 60
"""
    ).assert_outcomes(passed=1)


def test_a_tools_timer_is_real(run):
    """pytest-timeout's thread, also after the first test that uses the plugin."""
    pytest.importorskip("pytest_timeout")
    source = "@pytest.mark.timeout(30, method='thread')\ndef test_{}(s3_clock): time.sleep(100)\n"
    run(IMPORTS + source.format(1) + source.format(2), "-p", "pytest_timeout", subprocess=True).assert_outcomes(
        passed=2
    )


def test_beside_freezegun_and_time_machine(run):
    """Frozen, ticking, as decorator and as context; sleeps are the test's, and so is what ticks."""
    pytest.importorskip("freezegun")
    pytest.importorskip("time_machine")
    run(
        IMPORTS
        + """
import datetime, freezegun, time_machine

def waits(s3_clock, first=0):
    time.sleep(10); asyncio.run(asyncio.sleep(10)); assert not threading.Event().wait(10)
    assert s3_clock.now == first + 30

@freezegun.freeze_time("2030-01-01")
def test_frozen(s3_clock): waits(s3_clock); assert time.time() == datetime.datetime.now().timestamp() == 1893456000

@freezegun.freeze_time("2030-01-01", tick=True)
def test_ticks(s3_clock): waits(s3_clock); assert 1893456030 <= time.time() < 1893456040

def test_travels(s3_clock):
    with time_machine.travel(1e9, tick=False): waits(s3_clock); assert time.time() == 1e9
    with time_machine.travel(1e9): time.time(); waits(s3_clock, 30); assert 1e9 + 30 <= time.time() < 1e9 + 40

def test_afterwards(s3_clock): waits(s3_clock); assert time.time() > 1.7e9 + 30

@freezegun.freeze_time("2030-01-01")
def test_unmarked(): time.sleep(0.01)
"""
    ).assert_outcomes(passed=5)


POOLS = {
    "threads, multiprocessing's": "mp.pool.ThreadPool(2)",
    "threads, an executor's": "cf.ThreadPoolExecutor(2)",
    "processes, multiprocessing's": "mp.get_context('fork').Pool(2)",
    "processes, an executor's": "cf.ProcessPoolExecutor(2, mp.get_context('fork'))",
}


@pytest.mark.skipif(not kernel.ASKED, reason="of two workers that wake together, the other answers can't tell")
@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_made_before_the_first_test_that_uses_the_plugin(run, pool):
    """Its threads were there when the clock began: one that waits for the next job holds up no sleep."""
    sleeps = "thread" in pool
    run(
        f"""{IMPORTS}
POOL = {POOLS[pool]}

def test_before():
    assert list(POOL.map(abs, [-1, -2])) == [1, 2]

@pytest.mark.parametrize("number", range(2))
def test_it(s3_clock, number):
    began = REAL.monotonic()
    assert list(POOL.map(abs, [-1, -2])) == [1, 2]
    time.sleep(60)
    assert s3_clock.now == 60
    list(POOL.map(time.sleep, [{"1, 2" if sleeps else "0.1, 0.2"}]))
    assert s3_clock.now == {62 if sleeps else 60}
    time.sleep(60)
    assert s3_clock.now == {122 if sleeps else 120}
    assert REAL.monotonic() - began < 5  # at which patience ends

def test_end():
    getattr(POOL, "terminate", getattr(POOL, "shutdown", None))()
""",
        "-W",
        "ignore::DeprecationWarning",  # a fork beside threads
        subprocess=True,
    ).assert_outcomes(passed=4)
