"""The clock of a test, and which threads can make progress on it. Read this first.

The rule
    A thread is *running* or *parked*. It is parked while it is in a wait that this package replaced (the table in
    `dispatch`), and the registry knows on what and until when. Everything else is running: Python code, a C function
    that computes, a name lookup, a read of a file. Time stands still while a thread runs. When all are parked and
    nothing is on its way to any of them, nothing can happen before the earliest deadline, and the clock jumps to it.

Who is woken says so
    What ends a wait (`notify`, `release`, `put`, the end of a thread, a jump) marks the sleeper as running, under the
    mutex, before it gets a processor. A new thread counts from the call that starts it. So no moment exists in which a
    thread could run and the registry does not know. This is why figures do not depend on the load of the machine.

Who decides
    The thread that parks last, in its own call. A jump wakes exactly one thread, that of the earliest deadline (among
    equal ones the oldest thread); the next follows when all are parked again. Where the answer needs real time (silence
    of a socket, a thread nobody told of), the one who parked last asks again every few milliseconds; it is the `asker`.
    There is no thread of the clock's own. If the asker is woken, another parked thread becomes it.

What the registry can't know
    Sockets and selectors: a parked thread whose file is ready is about to run, and `Wait.ready` looks without taking
    anything. Bytes may be on their way: `silence` says how long to wait. Threads that were there before, locks made
    before, native code: `unseen` looks whether they are asleep in a lock. A mistake there delays a jump; it never
    causes one. Nobody need hang for it: after `PATIENCE_S` without progress the clock goes on in real time.

Between tests
    `on` is False, and the clock is the system's plus `offset`, which each test increases by what it jumped over: it
    never goes back. Waits with a timeout park as well, in real time, so that a thread found asleep when a test begins
    goes on in the test's time, and the other way round. Selectors and sockets are the system's own; they leave a note
    (`observed`) by which a test that begins meanwhile knows of them. Nothing is ever taken back: what anybody took from
    a running test stays what it is, a function that asks this registry.

Other clocks
    A fake in the place of `time.sleep` or `time.monotonic` wins, since these names are looked up by who calls them.
    Event loops and the waits read the registry, so that a frozen clock freezes no loop. See `other_clocks`.
"""
