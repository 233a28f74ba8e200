"""Facts 21 to 28: a 200 that is none."""

from __future__ import annotations

from botocore.exceptions import ClientError
from fact_list import Seen, after, caught, claim
from fact_servers import PROLOG


def _uploaded(s3):
    """A path and the arguments of a CompleteMultipartUpload that can succeed."""
    bucket = s3.bucket()
    path = f"/{bucket}/key"
    upload = s3.start(path)
    etag = s3.part(path, upload, 1)
    return path, {
        "Bucket": bucket,
        "Key": "key",
        "UploadId": upload,
        "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]},
    }


@claim(21, "CopyObject, UploadPartCopy and CompleteMultipartUpload may respond 200 with an `<Error>` in the body")
def three_operations(s3):
    bucket = s3.bucket()
    s3.put(f"/{bucket}/source")
    path, source = f"/{bucket}/key", f"{bucket}/source"
    upload = s3.start(path)
    asked = (
        ("PUT", path, {"x_amz_copy_source": source}),
        ("PUT", f"{path}?partNumber=1&uploadId={upload}", {"x_amz_copy_source": source}),
        ("POST", f"{path}?uploadId={upload}", {}),
    )
    with s3.fail("error_in_200"):
        answers = [s3.ask(method, target, b"", **headers) for method, target, headers in asked]
    text = ", ".join(dict.fromkeys(f"{answer.status} {dict(answer.elements).get('Code')}" for answer in answers))
    return Seen(text=text, holds=text == "200 InternalError")


@claim(22, "White space that keeps the connection alive is after the prolog, before the root")
def white_space(s3):
    path, arguments = _uploaded(s3)
    with s3.fail("error_in_200"):
        body = s3.ask("POST", f"{path}?uploadId={arguments['UploadId']}").body
    between = body.removeprefix(PROLOG).partition(b"<Error>")[0]
    ok = body.startswith(PROLOG) and between and not between.strip()
    return Seen(text=f"prolog, {len(between)} spaces, `<Error>`", holds=bool(ok))


@claim(23, "White space before the prolog, even of a success, makes botocore see a 500; S3 sends none")
def space_before_prolog(s3):
    _, arguments = _uploaded(s3)
    client = s3.client()
    sent = []

    def prepend(request, **_):
        response = client._endpoint.http_session.send(request)
        sent.append(response.content)
        response._content = b" " + response.content
        return response

    client.meta.events.register("before-send.s3.CompleteMultipartUpload", prepend)
    with caught(ClientError) as errors:
        client.complete_multipart_upload(**arguments)
    first = "the prolog is first" if sent[0].startswith(b"<?xml") else "the prolog is not first"
    status = errors[0].response["ResponseMetadata"]["HTTPStatusCode"] if errors else 200
    ok = sent[0].startswith(b"<?xml") and status == 500
    return Seen(text=f"{first}; with a space before it botocore sees {status}", holds=ok)


def _attempts(s3, call, **arguments):
    """What came of *call*: how often it was sent, and the code with which it ended."""
    before = len(s3.asked())
    with caught(ClientError) as errors:
        call(**arguments)
    code = "success"
    if errors:
        said = errors[0].response
        code = f"{said.get('Error', {}).get('Code')} {said['ResponseMetadata']['HTTPStatusCode']}"
    return len(s3.asked()) - before, code


@claim(24, "botocore treats it as a 500, retries whatever the inner code, and raises that code with status 500")
def rewritten(s3):
    with s3.fail("error_in_200", code="AccessDenied"):
        _, arguments = _uploaded_before(s3)
        attempts, code = _attempts(s3, s3.client(attempts=3).complete_multipart_upload, **arguments)
    return Seen(text=f"{code} {after(attempts)}", holds=(attempts, code) == (3, "AccessDenied 500"))


def _uploaded_before(s3):
    """Arguments alone, for a rule that takes every request."""
    return None, {"Bucket": s3.bucket(), "Key": "key", "UploadId": "u", "MultipartUpload": {"Parts": []}}


@claim(
    25, "So it does for every operation whose answer is XML: PutObject, ListObjectsV2; DeleteBucket passes as success"
)
def every_operation(s3):
    bucket = s3.bucket()
    client = s3.client(attempts=2)
    with s3.fail("error_in_200"):
        seen = {
            "PutObject": _attempts(s3, client.put_object, Bucket=bucket, Key="key", Body=b"x"),
            "ListObjectsV2": _attempts(s3, client.list_objects_v2, Bucket=bucket),
            "DeleteBucket": _attempts(s3, client.delete_bucket, Bucket=bucket),
        }
    text = ", ".join(f"{name}: {code} {after(attempts)}" for name, (attempts, code) in seen.items())
    ok = [*seen.values()] == [(2, "InternalError 500"), (2, "InternalError 500"), (1, "success")]
    return Seen(text=text, holds=ok)


@claim(
    25,
    "Not for answers that are bytes or text: GetObject and GetBucketPolicy return the `<Error>` as object and policy",
)
def blobs(s3):
    bucket = s3.bucket()
    client = s3.client()
    with s3.fail("error_in_200"):
        got = [
            client.get_object(Bucket=bucket, Key="key")["Body"].read().decode(),
            client.get_bucket_policy(Bucket=bucket)["Policy"],
        ]
    ok = all("<Error>" in text for text in got)
    return Seen(text="both return it" if ok else "not both return it", holds=ok)


@claim(26, "Truncated XML in a 200 is retried as a 500; an empty 200 to CompleteMultipartUpload is a success")
def cut_short(s3):
    _, arguments = _uploaded(s3)
    complete = s3.client(attempts=2).complete_multipart_upload
    seen = []
    for what in ("malformed_xml", "empty_body"):
        with s3.fail(what, operation="CompleteMultipartUpload", times=1):
            seen.append(_attempts(s3, complete, **arguments))
    text = f"cut: {seen[0][0]} attempts, empty: {seen[1][0]}, {seen[1][1]}"
    return Seen(text=text, holds=seen[0][0] == 2 and seen[1] == (1, "success"))


@claim(27, "DeleteObjects responds 200 with an `<Error>` per key: Key, Code, Message; botocore raises nothing")
def partial_delete(s3):
    bucket = s3.bucket()
    seen = []
    for code in ("AccessDenied", "SlowDown"):
        with s3.fail("partial_delete", keys="b", code=code):
            said = s3.client().delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}]})
        (error,) = said["Errors"]
        ok = [each["Key"] for each in said["Deleted"]] == ["a"] and error["Key"] == "b" and error["Code"] == code
        seen.append(Seen(text=f"a deleted, b {error['Code']}", holds=ok and bool(error["Message"])))
    return seen[0] & seen[1]


@claim(27, "An invalid version id is such an `<Error>` too: NoSuchVersion with Key and VersionId")
def no_such_version(s3):
    bucket = s3.versioned()
    s3.put(f"/{bucket}/key")
    said = s3.client().delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "key", "VersionId": "nonsense"}]})
    errors = [(error["Code"], error.get("Key"), error.get("VersionId")) for error in said.get("Errors", [])]
    text = ", ".join(" ".join(map(str, error)) for error in errors) or "no `<Error>`, deleted"
    return Seen(text=text, holds=errors == [("NoSuchVersion", "key", "nonsense")])
