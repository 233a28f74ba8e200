"""Facts 1 to 11: how an error looks."""

from __future__ import annotations

import re

from fact_list import Seen, claim
from fact_servers import PROLOG


def _missing_key(s3):
    return s3.ask("GET", f"/{s3.bucket()}/missing")


@claim(
    1, "An error is `<Error>` without a namespace: Code, Message, its own elements, RequestId, HostId, in that order"
)
def order(s3):
    answer = _missing_key(s3)
    names = [name for name, _ in answer.elements]
    return Seen(text=" ".join(names), holds=names == ["Code", "Message", "Key", "RequestId", "HostId"])


@claim(2, "There is no Resource. Other elements name the target: Key, BucketName")
def no_resource(s3):
    key, bucket = _missing_key(s3), s3.ask("GET", "/no-such-bucket/key")
    return key.error(404, "NoSuchKey", "Key", lacks=("Resource",)) & bucket.error(
        404, "NoSuchBucket", "BucketName", lacks=("Resource",)
    )


@claim(3, 'The prolog is `<?xml version="1.0" encoding="UTF-8"?>` and a line feed, then one line with everything')
def prolog(s3):
    body = _missing_key(s3).body
    head, _, rest = body.partition(b"?>")
    lines = len(rest.strip().splitlines())
    text = f"`{head.decode()}?>`, then {'one line' if lines == 1 else f'{lines} lines'}"
    return Seen(text=text, holds=body.startswith(PROLOG) and lines == 1)


def _bare(*answers):
    refused = [answer for answer in answers if answer.status >= 400]
    codes = ", ".join(dict.fromkeys(answer.code for answer in refused))
    without = all(answer.body.startswith(b"<Error>") for answer in answers)
    text = f"{codes}: {'no prolog' if without else 'a prolog'}" if refused else ""
    accepted = len(answers) - len(refused)
    return Seen(text="; ".join(filter(None, (text, accepted and f"{accepted} accepted"))), holds=without)


@claim(
    4,
    "CompleteMultipartUpload sends errors without a prolog: NoSuchUpload, MalformedXML, InvalidPart, InvalidPartOrder",
)
def no_prolog_complete(s3):
    path = f"/{s3.bucket()}/key"
    upload = s3.start(path)
    first, second = s3.part(path, upload, 1), s3.part(path, upload, 2, bytes(5 * 1024**2))
    return _bare(
        s3.complete(path, "no-such-upload", (1, first)),
        s3.ask("POST", f"{path}?uploadId={upload}", b"<CompleteMultipartUpload>"),
        s3.complete(path, upload, (3, first)),
        s3.complete(path, upload, (2, second), (1, first)),
    )


@claim(4, "So does UploadPartCopy: InvalidArgument for a range, PreconditionFailed")
def no_prolog_part_copy(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/source")
    path = f"/{bucket}/key"
    target = f"{path}?partNumber=1&uploadId={s3.start(path)}"
    source = f"{bucket}/source"
    return _bare(
        s3.ask("PUT", target, x_amz_copy_source=source, x_amz_copy_source_range="bytes=0-99"),
        s3.ask("PUT", target, x_amz_copy_source=source, x_amz_copy_source_if_match='"0"'),
    )


@claim(
    5, "Every error has `x-amz-request-id` (16 of 0-9A-Z) and `x-amz-id-2` (40 or more of base64), equal to the body's"
)
def ids(s3):
    answer = _missing_key(s3)
    shapes = {"x-amz-request-id": ("RequestId", "[0-9A-Z]{16}"), "x-amz-id-2": ("HostId", "[0-9A-Za-z+/=]{40,}")}
    off = []
    for header, (element, shape) in shapes.items():
        value = answer.headers.get(header)
        if value is None:
            off.append(f"no {header}")
        elif not re.fullmatch(shape, value) or dict(answer.elements).get(element) != value:
            off.append(f"{header} is not {element}")
    return Seen(text=", ".join(off) or "both, equal", holds=not off)


@claim(5, "`Content-Type: application/xml`, `Server: AmazonS3`, a Date")
def headers(s3):
    found = _missing_key(s3).headers
    wanted = {"content-type": "application/xml", "server": "AmazonS3"}
    said = [found.get(name, f"no {name}").split(";")[0].split(" ")[0] for name in wanted]
    said += ["Date" if "date" in found else "no Date"]
    return Seen(text=", ".join(said), holds=all(found.get(n) == v for n, v in wanted.items()) and "date" in found)


@claim(6, "Errors are usually chunked, sometimes with a Content-Length; objects have a Content-Length")
def framing(s3):
    error = _missing_key(s3).headers
    path = f"/{s3.bucket()}/key"
    s3.put(path)
    names = [
        ("chunked" if "transfer-encoding" in each else "Content-Length")
        for each in (error, s3.ask("GET", path).headers)
    ]
    return Seen(text=f"an error: {names[0]}; an object: {names[1]}", holds=names == ["chunked", "Content-Length"])


def _closes(s3, *asked):
    closed, kept = [], []
    for what, method in asked:
        with s3.fail(what):
            answer = s3.ask(method, "/bucket/key", b"x" if method == "PUT" else b"")
        (closed if answer.headers.get("connection") == "close" else kept).append(f"{answer.status}")
    return closed, kept


@claim(7, "`Connection: close` comes with RequestTimeout, AuthorizationHeaderMalformed, BadRequest, SlowDown and a 307")
def closes(s3):
    codes = ("RequestTimeout", "AuthorizationHeaderMalformed", "BadRequest", "SlowDown", "TemporaryRedirect")
    closed, kept = _closes(s3, *((code, "GET") for code in codes))
    return Seen(text=f"with {', '.join(closed)}" + (f", not with {', '.join(kept)}" if kept else ""), holds=not kept)


@claim(7, "It comes with a 301 to a PUT, but not with a 301 to a GET or with AccessForbidden")
def keeps(s3):
    closed, kept = _closes(s3, ("PermanentRedirect", "PUT"), ("PermanentRedirect", "GET"), ("AccessForbidden", "GET"))
    return Seen(
        text=f"with {', '.join(closed)} (PUT), not with {', '.join(kept)}",
        holds=(closed, kept) == (["301"], ["301", "403"]),
    )


@claim(8, "The reason phrase of SlowDown is Slow Down, that of ServiceUnavailable is Service Unavailable")
def reasons(s3):
    phrases = []
    for code in ("SlowDown", "ServiceUnavailable"):
        with s3.fail(code):
            phrases.append(s3.ask("GET", "/bucket/key").reason)
    return Seen(text=", ".join(phrases), holds=phrases == ["Slow Down", "Service Unavailable"])
