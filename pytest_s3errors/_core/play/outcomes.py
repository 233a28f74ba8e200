"""What each fault does to a response: turns a `Fault` into an `Exchange`, which a layer only plays."""

from __future__ import annotations

import re
import urllib.parse
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, TypeAlias

from pytest_s3errors._core.body import Body, flipped, join
from pytest_s3errors._core.rules.matching import Difference, Glob
from pytest_s3errors._core.s3.aws_chunked import FRAMING_ERRORS, is_framed, unframe
from pytest_s3errors._core.s3.documents import DocumentError, read_xml
from pytest_s3errors._core.s3.errors.catalogue import CODES, error_reply, usual_code
from pytest_s3errors._core.s3.errors.envelope import reason
from pytest_s3errors._core.s3.hosts import parts_of, region_of
from pytest_s3errors._core.s3.messages import EMPTY, Call, ErrorReply, Response
from s3_asyncio_client._core.operations import names_of

from .exchange import Ending, Exchange, Ids, Model

if TYPE_CHECKING:
    from pytest_s3errors._core.rules.faults import Fault
    from pytest_s3errors._core.rules.schedule import Rule

    _Outcome: TypeAlias = Callable[[Fault, Call, Body, Model, Ids], Exchange]

NO_BODY = Difference("answer", "one with a body", "one without", 99)
"""Why a fault about bodies, or a slow body, can't show on an answer."""

_OTHER_REGION = "eu-west-1"
_WITH_XML = names_of(lambda row: row.answers == "xml")
_GARBAGE = b"\x15\x03\x01\x00\x02\x02\x28 no HTTP here\r\n\r\n"
_HTML = b"""<html>\r
<head><title>%(status)d %(reason)s</title></head>\r
<body>\r
<center><h1>%(status)d %(reason)s</h1></center>\r
</body>\r
</html>\r
"""


_ENDINGS = {"reset": Ending.RESET, "disconnect": Ending.CLOSE, "stall": Ending.HANG}


def outcome(fault: Fault | None, call: Call, body: Body, *, model: Model, ids: Ids) -> Exchange:
    """Return the exchange of *call* under *fault*. `model` is S3 itself, called only if the fault lets it work."""
    if fault is None:
        return _answered(model(call, body), ids)
    if fault.kind == "error":
        return _answered(_error(fault, call), ids)
    return _KINDS[fault.kind](fault, call, body, model, ids)


def slowed(exchange: Exchange, rule: Rule) -> Exchange:
    """Return *exchange* slowed by a rule. Without a connection or a response there is nothing to slow."""
    if exchange.connect is not None:
        return exchange
    rates = [rate for rate in (exchange.bytes_per_second, rule.bytes_per_second) if rate is not None]
    pace = min(rates) if rates and exchange.answer is not None else None
    return exchange._replace(delay_s=exchange.delay_s + rule.delay_s, bytes_per_second=pace)


def _answered(reply: Response | ErrorReply, ids: Ids) -> Exchange:
    if isinstance(reply, Response):
        headers = {
            "x-amz-id-2": ids.host_id,
            "x-amz-request-id": ids.request_id,
            **reply.headers,
            "Server": "AmazonS3",
        }
        # Not `replace`, which takes twice as long and would run for every request.
        reply = Response(status=reply.status, headers=headers, body=reply.body, length=reply.length, code=reply.code)
    return Exchange(answer=reply, ids=ids)


def _rendered(reply: Response | ErrorReply, call: Call, ids: Ids) -> Response:
    response = _answered(reply, ids).response(call)
    assert response is not None  # only an exchange without a response has none
    return response


def _error(fault: Fault, call: Call) -> Response | ErrorReply:
    code = fault.code or usual_code(fault.status or 0, call) or _reason_code(fault.status or 0)
    status = fault.status or CODES[code].status
    headers = dict(fault.headers) if fault.headers else None
    reply = error_reply(code, call, status=status, message=fault.message, headers=headers)
    if fault.body is None:
        return reply
    return Response(
        status=status,
        headers={"Content-Type": "application/xml", **reply.headers},
        body=b"" if call.method == "HEAD" or status == HTTPStatus.NOT_MODIFIED else fault.body,
    )


def _reason_code(status: int) -> str:
    """Return a code for a status that S3 has no code for: 502 is BadGateway."""
    try:
        return HTTPStatus(status).phrase.title().replace(" ", "").replace("-", "").replace("'", "")
    except ValueError:
        return f"Status{status}"


def _nothing(ending: Ending, raw: bytes = b"", *, connect: str | None = None) -> _Outcome:
    def ended(_fault: Fault, _call: Call, _body: Body, _model: Model, ids: Ids) -> Exchange:
        return Exchange(answer=None, ids=ids, ending=ending, raw=raw, connect=connect)

    return ended


def _damaged(damage: Callable[[Fault, Response, Ids], Exchange]) -> _Outcome:
    def damaged(fault: Fault, call: Call, body: Body, model: Model, ids: Ids) -> Exchange:
        reply = model(call, body)
        response = _rendered(reply, call, ids)
        return damage(fault, response, ids) if len(response.body) else _spared(reply, ids)

    return damaged


def _spared(reply: Response | ErrorReply, ids: Ids, why: Difference = NO_BODY) -> Exchange:
    return _answered(reply, ids)._replace(unfit=why)


def _cut(ending: Ending) -> Callable[[Fault, Response, Ids], Exchange]:
    def cut(fault: Fault, response: Response, ids: Ids) -> Exchange:
        size = fault.cut(len(response.body))
        return Exchange(answer=response, ids=ids, ending=ending, sent=size, chunked=fault.chunked)

    return cut


def _lost_response(fault: Fault, call: Call, body: Body, model: Model, ids: Ids) -> Exchange:
    model(call, body)
    if fault.as_ in _ENDINGS:
        return Exchange(answer=None, ids=ids, ending=_ENDINGS[fault.as_])
    return _answered(error_reply(fault.as_, call), ids)


def _short_body(fault: Fault, response: Response, ids: Ids) -> Exchange:
    size = fault.cut(len(response.body))
    headers = dict(response.headers)
    if "Content-Range" in headers:
        first, _, total = headers["Content-Range"].removeprefix("bytes ").replace("/", "-").split("-")
        headers["Content-Range"] = f"bytes {first}-{int(first) + max(size - 1, 0)}/{total}"
    return _whole(replace(response, body=response.body[:size], headers=headers), fault, ids)


def _slow_body(fault: Fault, response: Response, ids: Ids) -> Exchange:
    return _whole(response, fault, ids)._replace(bytes_per_second=fault.bytes_per_second)


def _corrupted_body(fault: Fault, response: Response, ids: Ids) -> Exchange:
    body = response.body
    at = fault.cut(len(body))
    body = join((body[:at], bytes([bytes(body[at : at + 1])[0] ^ 1]), body[at + 1 :]))
    return _whole(replace(response, body=body), fault, ids)


def _whole(response: Response, fault: Fault, ids: Ids) -> Exchange:
    return Exchange(answer=response, ids=ids, chunked=fault.chunked or None)


def _replaced_object(fault: Fault, call: Call, body: Body, model: Model, ids: Ids) -> Exchange:
    """Cut the response to this read, then store another body under the key, which a second read gets."""
    whole = model(replace(call, query=EMPTY, headers=EMPTY, came_as=call), b"")
    if not isinstance(whole, Response):
        return _spared(model(call, body), ids, Difference("answer", "an object", whole.code, 99))
    exchange = _damaged(_cut(Ending.CLOSE))(fault, call, body, model, ids)
    if exchange.unfit is not None:
        return exchange
    other = flipped(whole.body)
    headers = {name.lower(): value for name, value in whole.headers.items()}
    kept = {name: value for name, value in headers.items() if name.startswith(("content-type", "x-amz-meta-"))}
    put = replace(call, method="PUT", operation="PutObject", query=EMPTY, headers=kept, came_as=call)
    model(put, other if fault.body is None else fault.body)
    return exchange


def _malformed_xml(_fault: Fault, call: Call, body: Body, model: Model, ids: Ids) -> Exchange:
    if call.operation in _WITH_XML:
        response = _rendered(model(call, body), call, ids)
        if bytes(response.body[:1]) == b"<":
            return Exchange(answer=replace(response, body=response.body[: len(response.body) * 3 // 4]), ids=ids)
    response = _rendered(error_reply("InternalError", call), call, ids)
    return Exchange(answer=replace(response, body=response.body[: len(response.body) // 2]), ids=ids)


def _empty_body(_fault: Fault, _call: Call, _body: Body, _model: Model, ids: Ids) -> Exchange:
    return _answered(Response(status=200), ids)


def _html_body(fault: Fault, call: Call, _body: Body, _model: Model, ids: Ids) -> Exchange:
    status = fault.status or 503
    page = _HTML % {b"status": status, b"reason": reason(status).encode()}
    # A load balancer in front of S3 does not know S3's request ids.
    return Exchange(
        answer=Response(
            status=status,
            headers={"Content-Type": "text/html", "Server": "awselb/2.0"},
            body=b"" if call.method == "HEAD" else page,
        ),
        ids=ids,
    )


def _error_in_200(fault: Fault, call: Call, _body: Body, _model: Model, ids: Ids) -> Exchange:
    return _answered(error_reply(fault.code or "InternalError", call, status=200, message=fault.message), ids)


def _redirect(fault: Fault, call: Call, _body: Body, _model: Model, ids: Ids) -> Exchange:
    status, region = fault.status or 301, fault.region or _OTHER_REGION
    label, location = f"{call.bucket}." if call.bucket else "", call.url
    if region_of(call.endpoint) is None:  # keep a host name that is not Amazon's: it leads to this server
        endpoint = parts_of(call.url)[0]
    else:
        endpoint = f"{label}s3.{region}.amazonaws.com"
        _, mark, query = call.url.partition("?")
        location = f"https://{endpoint}/{urllib.parse.quote(call.key or '', safe='/~')}{mark}{query}"
    headers = {"x-amz-bucket-region": region}
    if status == HTTPStatus.TEMPORARY_REDIRECT:
        headers["Location"] = location
    code = "PermanentRedirect" if status == HTTPStatus.MOVED_PERMANENTLY else "TemporaryRedirect"
    reply = error_reply(code, call, elements={"Endpoint": endpoint}, headers=headers)
    return _answered(reply, ids)


_ABOUT_BODY = (
    "content-",
    "x-amz-checksum-",
    "x-amz-content-sha256",
    "x-amz-decoded-",
    "x-amz-sdk-checksum-",
    "x-amz-trailer",
)


def _partial_delete(fault: Fault, call: Call, body: Body, model: Model, ids: Ids) -> Exchange:
    """Run the delete without the keys that fail, then add an <Error> for each of them to the response."""
    try:
        plain = unframe(body).body if is_framed(call.headers) else body
        # Without namespaces: serialized again they would become prefixes, which not every S3 reads.
        root = read_xml(bytes(plain))
    except (DocumentError, *FRAMING_ERRORS):
        return _spared(model(call, body), ids, _no_key(fault, "no list of keys"))
    fails, refused = Glob.of(fault.keys), []
    items = root.findall("Object")
    for item in items:
        key = item.findtext("Key") or ""
        if fails(key):
            root.remove(item)
            refused.append(key)
    if not refused:
        asked = ", ".join(repr(item.findtext("Key")) for item in items[:_MOST_KEYS])
        return _spared(model(call, body), ids, _no_key(fault, asked))
    reply: Response | ErrorReply
    if root.find("Object") is None:
        reply = Response(status=200, headers={"Content-Type": "application/xml"}, body=_EMPTY_DELETE)
    else:
        # The length and digests in the request are those of the whole list.
        headers = {name: value for name, value in call.headers.items() if not name.startswith(_ABOUT_BODY)}
        reply = model(replace(call, headers=headers, came_as=call), ET.tostring(root))
    if not isinstance(reply, Response):
        return _spared(reply, ids, Difference("answer", "a list of deleted keys", reply.code, 99))
    error = error_reply(fault.code or "AccessDenied", call, message=fault.message)
    entries = "".join(_delete_error(key, error) for key in refused).encode()
    body = _NOTHING_DELETED.sub(rb"<DeleteResult\1></DeleteResult>", bytes(reply.body))
    return _answered(replace(reply, body=body.replace(b"</DeleteResult>", entries + b"</DeleteResult>")), ids)


def _no_key(fault: Fault, asked: str) -> Difference:
    return Difference("keys", repr(fault.keys), asked, 99)


_MOST_KEYS = 3
_NOTHING_DELETED = re.compile(rb"<DeleteResult([^<>]*)/>")
_EMPTY_DELETE = b'<?xml version="1.0" encoding="UTF-8"?>\n<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"></DeleteResult>'


def _delete_error(key: str, error: ErrorReply) -> str:
    entry = ET.Element("Error")
    for name, text in (("Key", key), ("Code", error.code), ("Message", error.message)):
        ET.SubElement(entry, name).text = text
    return ET.tostring(entry, encoding="unicode")


_KINDS: dict[str, _Outcome] = {
    "connection_refused": _nothing(Ending.RESET, connect="connection_refused"),
    "dns_failure": _nothing(Ending.RESET, connect="dns_failure"),
    "tls_failure": _nothing(Ending.RESET, connect="tls_failure"),
    "connect_timeout": _nothing(Ending.HANG, connect="connect_timeout"),
    "connection_reset": _nothing(Ending.RESET),
    "disconnect": _nothing(Ending.CLOSE),
    "stall": _nothing(Ending.HANG),
    "garbage": _nothing(Ending.CLOSE, _GARBAGE),
    "lost_response": _lost_response,
    "truncated_body": _damaged(_cut(Ending.CLOSE)),
    "reset_body": _damaged(_cut(Ending.RESET)),
    "stalled_body": _damaged(_cut(Ending.HANG)),
    "short_body": _damaged(_short_body),
    "slow_body": _damaged(_slow_body),
    "corrupted_body": _damaged(_corrupted_body),
    "malformed_xml": _malformed_xml,
    "empty_body": _empty_body,
    "html_body": _html_body,
    "error_in_200": _error_in_200,
    "redirect": _redirect,
    "partial_delete": _partial_delete,
    "replaced_object": _replaced_object,
}
