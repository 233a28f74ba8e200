"""Facts 12 to 20: answers without a body, and what botocore makes of them."""

from __future__ import annotations

from botocore.exceptions import ClientError
from fact_list import Seen, caught, claim


def _failed(call, **arguments):
    """What botocore raises, None if it returns."""
    with caught(ClientError) as errors:
        call(**arguments)
    return errors[0] if errors else None


def _told(error):
    """The error's code and message."""
    if error is None:
        return "nothing raised"
    said = error.response.get("Error", {})
    return f"{said.get('Code')!r} {said.get('Message')!r}"


def _is(error, code, message, *, plain=True):
    """Compare with a ClientError of this code; *plain*: of no class of its own."""
    kind = "" if error is None or type(error) is ClientError else f" ({type(error).__name__})"
    ok = _told(error) == f"{code!r} {message!r}" and (not kind or not plain)
    return Seen(text=f"`{_told(error)}`{kind}", holds=ok)


@claim(12, "An error to HEAD has no body, but has `Content-Type: application/xml` and chunked framing")
def head(s3):
    answer = s3.ask("HEAD", f"/{s3.bucket()}/missing")
    kind, framing = answer.headers.get("content-type"), answer.headers.get("transfer-encoding", "not chunked")
    ok = (answer.status, answer.body, kind, framing) == (404, b"", "application/xml", "chunked")
    return Seen(text=f"{answer.status}, {(kind or 'no type').split(';')[0]}, {framing}", holds=ok)


@claim(13, "botocore turns it into the code '404' and a plain ClientError, never NoSuchKey")
def head_404(s3):
    return _is(_failed(s3.client().head_object, Bucket=s3.bucket(), Key="missing"), "404", "Not Found")


@claim(13, "It does the same with a 412 and a 304 to HEAD")
def head_conditions(s3):
    bucket = s3.bucket()
    etag = s3.put(f"/{bucket}/key")
    head_object = s3.client().head_object
    return _is(_failed(head_object, Bucket=bucket, Key="key", IfMatch='"0"'), "412", "Precondition Failed") & _is(
        _failed(head_object, Bucket=bucket, Key="key", IfNoneMatch=etag), "304", "Not Modified"
    )


@claim(13, "It does the same with 400, 403 and 405")
def head_faults(s3):
    bucket = s3.bucket()
    seen = []
    for status, phrase in ((400, "Bad Request"), (403, "Forbidden"), (405, "Method Not Allowed")):
        with s3.fail(status):
            seen.append(_is(_failed(s3.client().head_object, Bucket=bucket, Key="key"), str(status), phrase))
    return seen[0] & seen[1] & seen[2]


def _request_id(error):
    return "a request id" if "RequestId" in error.response["ResponseMetadata"] else "no request id"


@claim(14, "A 5xx with an empty or HTML body: botocore uses the status as the code, and there is no RequestId")
def empty_5xx(s3):
    seen = []
    for what, options, phrase in (
        ("html_body", {"status": 503}, "Service Unavailable"),
        (500, {"body": b""}, "Internal Server Error"),
    ):
        with s3.fail(what, **options):
            error = _failed(s3.client().get_object, Bucket=s3.bucket(), Key="key")
        told = _told(error)
        ok = told == f"{str(options.get('status', what))!r} {phrase!r}" and _request_id(error) == "no request id"
        seen.append(Seen(text=f"`{told}`, {_request_id(error)}", holds=ok))
    return seen[0] & seen[1]


@claim(14, "A 4xx with an empty body keeps the RequestId of the header")
def empty_4xx(s3):
    with s3.fail("AccessDenied", body=b""):
        error = _failed(s3.client().get_object, Bucket=s3.bucket(), Key="key")
    return Seen(text=f"`{_told(error)}`, {_request_id(error)}", holds=_request_id(error) == "a request id")


@claim(15, "An HTML page with a 4xx gives botocore an empty code and message")
def html_4xx(s3):
    with s3.fail("html_body", status=403):
        return _is(_failed(s3.client().get_object, Bucket=s3.bucket(), Key="key"), "", "", plain=False)


@claim(15, "Text and broken XML fall back to the status")
def text_4xx(s3):
    seen = []
    for body in (b"no luck", b"<Error><Code>Acc"):
        with s3.fail(403, body=body):
            seen.append(_is(_failed(s3.client().get_object, Bucket=s3.bucket(), Key="key"), "403", "Forbidden"))
    return seen[0] & seen[1]


@claim(17, "A 304 has no body; botocore's code for it is '304', to GET too")
def not_modified(s3):
    bucket = s3.bucket()
    etag = s3.put(f"/{bucket}/key")
    answer = s3.ask("GET", f"/{bucket}/key", If_None_Match=etag)
    error = _failed(s3.client().get_object, Bucket=bucket, Key="key", IfNoneMatch=etag)
    raw = Seen(text=f"{answer.status}, {len(answer.body)} bytes", holds=(answer.status, answer.body) == (304, b""))
    return raw & _is(error, "304", "Not Modified")


@claim(17, "A 300 is a ClientError without an Error")
def multiple_choices(s3):
    with s3.fail(300, body=b""):
        error = _failed(s3.client().get_object, Bucket=s3.bucket(), Key="key")
    has = error is not None and "Error" in error.response
    return Seen(text=f"{type(error).__name__}, {'an' if has else 'no'} Error", holds=error is not None and not has)


def _marked(s3):
    """A bucket with a deleted `key`, and the id of its delete marker."""
    bucket = s3.versioned()
    s3.put(f"/{bucket}/key")
    return bucket, s3.ask("DELETE", f"/{bucket}/key").headers["x-amz-version-id"]


def _headers(answer, **wanted):
    """Compare headers; a value of "" stands for any."""
    wanted = {name.replace("_", "-"): value for name, value in wanted.items()}
    found = answer.headers
    missing = [name for name, value in wanted.items() if name not in found or (value and found[name] != value)]
    return Seen(text=f"without {', '.join(missing)}" if missing else "with the headers", holds=not missing)


@claim(
    18,
    "HEAD of a delete marker's version: 405 with Allow: DELETE, x-amz-delete-marker, x-amz-version-id, Last-Modified",
)
def head_marker(s3):
    bucket, version = _marked(s3)
    answer = s3.ask("HEAD", f"/{bucket}/key?versionId={version}")
    seen = _headers(answer, allow="DELETE", x_amz_delete_marker="true", x_amz_version_id=version, last_modified="")
    return Seen(text=f"{answer.status}, {seen.text}", holds=bool(seen.holds) and answer.status == 405)


@claim(18, "GET of it: 405 MethodNotAllowed with Method and ResourceType DeleteMarker")
def get_marker(s3):
    bucket, version = _marked(s3)
    answer = s3.ask("GET", f"/{bucket}/key?versionId={version}")
    return answer.error(405, "MethodNotAllowed", Method="GET", ResourceType="DeleteMarker")


@claim(19, "If the newest version is a delete marker: 404 NoSuchKey with x-amz-delete-marker and x-amz-version-id")
def hidden(s3):
    bucket, version = _marked(s3)
    get, head = (s3.ask(method, f"/{bucket}/key") for method in ("GET", "HEAD"))
    seen = [_headers(each, x_amz_delete_marker="true", x_amz_version_id=version) for each in (get, head)]
    code = get.error(404, "NoSuchKey")
    text = f"GET: {code.text}, {seen[0].text}; HEAD: {head.status}, {seen[1].text}"
    return Seen(text=text, holds=bool(code.holds and seen[0].holds and seen[1].holds) and head.status == 404)


@claim(20, "A missing key is 403 AccessDenied, not 404, for callers that may not list the bucket")
def may_not_list(s3):
    return s3.send("GET", f"/{s3.bucket()}/missing", {}).error(403, "AccessDenied")
