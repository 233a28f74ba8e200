"""PostObject: the upload of a browser's form. An accepted form becomes a PutObject with the fields as headers."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from pytest_s3errors._core.s3.auth.forms import identify_form, missing_field
from pytest_s3errors._core.s3.errors.envelope import document

from .attributes import META, as_word
from .documents import XML
from .form import FieldsTooLongError, Form, FormError, parse_form
from .messages import EMPTY, Response
from .objects import put_object
from .permissions import check_allowed
from .policy import NotAllowedError, PolicyError, parse_policy
from .records import SYSTEM_HEADERS
from .tags import form_tags

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .request import S3Request

# Fields that become headers of the object, besides all x-amz-.
_HEADERS = frozenset({*SYSTEM_HEADERS, "content-type"})
_MISSING = "x-amz-object-lock-event-hold"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+", re.ASCII)
_LINE_BREAK = re.compile(r"[\r\n]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FILENAME = "${filename}"


def post_object(ask: S3Request) -> Response:
    """Store the file of a form under the key in its `key` field."""
    form = _form(ask)
    fields = form.fields
    if form.file is None:
        raise ask.bad_argument("file", "0", "one file")
    if "key" not in fields:
        raise missing_field(ask.call, "key")
    name = form.filename.replace("\\", "/").rpartition("/")[2]
    key = fields["key"].replace(_FILENAME, name or _FILENAME)  # it stays if the file has no name
    ask = replace(ask, caller=identify_form(ask.call, fields, ask.access), key=key, body=form.file)
    if "policy" in fields:
        _check_policy(ask, {**fields, "key": key, "bucket": ask.bucket}, len(form.file))
    if not key:
        raise ask.bad_argument("key", "", message="The name of an object has at least one character")
    if ask.access.declared:
        check_allowed(ask)
    put = replace(ask.call, method="PUT", operation="PutObject", key=key, query=EMPTY, headers=_headers(ask, fields))
    return _answer(ask, fields, put_object(replace(ask, call=put)))


def _form(ask: S3Request) -> Form:
    content_type = ask.call.headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != "multipart/form-data":
        elements = {"Condition": "Bucket POST must be of the enclosure-type multipart/form-data"}
        raise ask.refused("PreconditionFailed", elements=elements)
    try:
        return parse_form(content_type, ask.body)
    except FieldsTooLongError as error:
        raise ask.refused("MaxPostPreDataLengthExceededError") from error
    except FormError as error:
        raise ask.refused("MalformedPOSTRequest") from error


def _check_policy(ask: S3Request, fields: Mapping[str, str], size: int) -> None:
    try:
        policy = parse_policy(fields["policy"])
        policy.check(fields, now=ask.store.now())
    except PolicyError as error:
        raise ask.refused("InvalidPolicyDocument", message=str(error)) from error
    except NotAllowedError as error:
        raise ask.refused("AccessDenied", message=str(error)) from error
    if policy.sizes is None:
        return
    low, high = policy.sizes
    if size > high:
        elements = {"ProposedSize": str(size), "MaxSizeAllowed": str(high)}
        raise ask.refused("EntityTooLarge", elements=elements)
    if size < low:
        elements = {"ProposedSize": str(size), "MinSizeAllowed": str(low)}
        raise ask.refused("EntityTooSmall", elements=elements)


def _headers(ask: S3Request, fields: Mapping[str, str]) -> dict[str, str]:
    if any(name.startswith(_MISSING) for name in fields):
        raise ask.refused("NotImplemented")
    headers = {name: value for name, value in fields.items() if name in _HEADERS or name.startswith("x-amz-")}
    for name, value in headers.items():
        # Metadata is encoded in responses if necessary, so it may contain what a header can't.
        forbidden = _LINE_BREAK if name.startswith(META) else _CONTROL
        if not _NAME.fullmatch(name) or forbidden.search(value):
            raise ask.bad_argument(name, value, message="The field can't be a header of the object")
        if name.startswith(META):  # unlike a header's, a field's text needs no decoding
            headers[name] = as_word(value)
    if "acl" in fields:
        headers["x-amz-acl"] = fields["acl"]
    if "tagging" in fields:
        headers["x-amz-tagging"] = urlencode(form_tags(ask, fields["tagging"].encode()))
    return headers


def _answer(ask: S3Request, fields: Mapping[str, str], put: Response) -> Response:
    etag = put.headers["ETag"]
    target = fields.get("success_action_redirect", fields.get("redirect", ""))
    if target.startswith(("http://", "https://")) and target.isprintable() and target.isascii():
        query = urlencode({"bucket": ask.bucket, "key": ask.key, "etag": etag}, quote_via=quote)
        location = f"{target}{'&' if '?' in target else '?'}{query}"
        return Response(status=303, headers={**put.headers, "Location": location})
    base = ask.call.url.partition("?")[0]
    location = f"{base.rstrip('/')}/{quote(ask.key, safe='')}"
    headers = {**put.headers, "Location": location}
    status = fields.get("success_action_status")
    if status == "201":
        children = [("Location", location), ("Bucket", ask.bucket), ("Key", ask.key), ("ETag", etag)]
        body = document("PostResponse", children, namespace=False)
        return Response(status=201, headers={**headers, **XML}, body=body)
    return Response(status=200 if status == "200" else 204, headers=headers)
