"""The clock of a test, and which threads can make progress on it. Read this first.

The rule
    A thread is *running* or *parked*. It is parked while it is in a wait that this package replaced (the table in
    `dispatch`); the registry then knows what it waits for, and until when. Every other thread is running: it executes
    Python code, computes in C, looks up a name or reads a file. Time stands still while any thread runs. When all
    threads are parked and nothing is on its way to any of them, nothing can happen before the earliest deadline, so the
    clock jumps to it.

The waker marks the sleeper
    Whatever ends a wait (`notify`, `release`, `put`, the end of a thread, a jump) marks the sleeper as running, under
    the mutex, before the sleeper gets a processor. A new thread counts from the call that starts it. So at every moment
    the registry knows each thread that could run. This is why timings do not depend on the load of the machine.

Who decides
    The last thread to park decides, in its own call. A jump wakes exactly one thread: the one with the earliest
    deadline, or the oldest of several with the same. The next one follows when all are parked again. Sometimes the
    answer needs real time (silence on a socket, a thread that was never announced). Then the last thread to park asks
    again every few milliseconds; it is the `asker`. If it is woken, another parked thread takes over. The clock has no
    thread of its own.

What the registry can't know
    Sockets and selectors: a parked thread whose file is ready is about to run. `Wait.ready` looks without consuming
    anything. Bytes may be on their way: `silence` says how long to wait for them. Threads and locks from before the
    first test, and native code: `unseen` checks whether they are asleep in a lock. A mistake there delays a jump; it
    never causes one. It can't hang a test either: if nothing moves for long, the clock follows real time, see
    `patience`. Real time proves nothing by itself: on a busy machine any thread can lose its processor between two
    lines, so whatever is measured lasts from one look to another.

Between tests
    `on` is False, and the clock is the system's plus `offset`. Each test adds the time that it jumped over to `offset`,
    so the clock never goes back. Waits with a timeout still park, in real time. A thread that sleeps when a test begins
    therefore continues in the test's time, and vice versa. Selectors and sockets wait in the system; they leave a note
    (`observed`) for a test that begins in the meantime. Nothing is ever restored: a function that somebody took from a
    running test keeps asking the registry.

Other clocks
    A fake in place of `time.sleep` or `time.monotonic` wins, since callers look these names up at each call. Event
    loops and the waits read the registry, so a frozen clock does not freeze a loop. See `other_clocks`.
"""
