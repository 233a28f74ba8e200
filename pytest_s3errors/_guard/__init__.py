"""The guard: no request leaves for a real S3, and nothing of a test lingers. This is how it works.

**Who can send.** Python code in this process, over the standard library's sockets or over an event loop with its own
sockets (uvloop); native code in this process; a child process. Each acts for an *owner*.

**Who owns the work** (`owner`). A context variable says which test a piece of code works for. It is set around a test
and passed to everything that the test starts: asyncio copies it into tasks, a thread gets it when it is started, a pool
job when it is submitted and only while it runs. If it is not set, as in the thread of a session's server or in a
fixture of a wider scope, the work belongs to the running test. Without a running test it has no owner.

**How the guard acts** (`seams`). A function of another package is replaced once per process. The replacement looks up
the owner and does what the owner's layer wants: the test's S3 answers, or the request is refused. Without an owner it
calls the original. When a test ends, its owner stays, and the same seams refuse the requests of code that still works
for it (`after`). That begins before any server closes, so a retry finds no way out. No patch is undone, so there is no
moment without a guard.

**Which requests are S3's** (`hosts`, `senders`). Those to its hosts, to the endpoints of live `S3Client`s and to the
ini option s3_endpoints, and everything from a client that only speaks to S3: botocore's service `s3`, minio-py, a
presigned URL. The sender outranks the host, since SQS and S3 may share one port of localhost. Amazon's other endpoints
are refused. So is TLS with an S3 host over a connection that is not ours, whichever proxy or resolver led there.

**What is hermetic** (`environment`, `children`). The plugin sets the test's AWS environment, in `os.environ` and for
native code. Children get it too and find the server by it. A Python child also gets the guard.

A refusal is not an `Exception`, so that no handler swallows it, and it fails the test that owns the work.
"""
