"""Nothing leaves for a real S3, and nothing of a test lingers: how that is held.

**Who can send.** Python code in this process, over the standard library's sockets or over an event loop with sockets
of its own (uvloop); native code in this process; a child process. Each acts for an *owner*.

**Whose work it is** (`owner`). A context variable says for which test a piece of code works. It is set around a test,
and goes with what the test starts: a task by asyncio's own copies, a thread when it is started, a job of a pool when
it is submitted and only while it runs. Where it says nothing, such as in a thread of a session's server or in a fixture
of a wider scope, the work is that of the test which runs now, and nobody's when none does.

**How it acts** (`seams`). A function of somebody else's is replaced once per process, by one that asks for the owner
and does what that owner's layer wants: its test's S3 answers, or the request is refused. For nobody it is the original.
When a test ends, its owner stays, and what still works for it is refused by the same seams (`after`). That happens
before any server is closed, so a retry finds no way out. Nothing is taken back, so there is no moment without a guard.

**What is S3's** (`hosts`, `senders`). Its hosts, the endpoints of living `S3Client`s, the ini option s3_endpoints, and
whatever a client sends that is S3's by construction: botocore's service `s3`, minio-py, a presigned URL. The sender
decides over the host: SQS and S3 may share one port of localhost. Amazon's other endpoints are refused, and so is TLS
with a host of S3's over a connection that is not ours, whichever proxy or resolver led there.

**What is hermetic** (`environment`, `children`). The test's AWS environment is ours, in `os.environ` and for native
code. Children get it too and find the server by it; a Python child has the guard itself.

A refusal is no `Exception`, and it fails the test that owns the work.
"""
