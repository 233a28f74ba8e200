"""Parse the grants in requests, from headers or a document. The messages were recorded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .documents import DocumentError, read_xml, text_of
from .grants import GROUPS, PERMISSIONS
from .records import Grant

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from .request import S3Request

GRANT = "x-amz-grant-"
_HEADERS = {GRANT + permission.lower().replace("_", "-"): permission for permission in PERMISSIONS}
_GRANTEE = re.compile(r'\s*(id|uri|emailaddress)\s*=\s*"?([^",]+?)"?\s*', re.IGNORECASE)
_CANONICAL_ID = re.compile(r"[0-9a-f]{64}")


def header_grants(ask: S3Request) -> tuple[Grant, ...]:
    """Return what the x-amz-grant-* headers grant. Refuse an invalid grantee with InvalidArgument."""
    stated = [(name, permission) for name, permission in _HEADERS.items() if name in ask.call.headers]
    return tuple(grant for name, permission in stated for grant in _in_header(ask, name, permission))


def _in_header(ask: S3Request, name: str, permission: str) -> Iterator[Grant]:
    value = ask.call.headers[name]
    for one in value.split(","):
        found = _GRANTEE.fullmatch(one)
        if found is None:
            raise ask.bad_argument(name, value, "grant format")
        yield Grant(_grantee(ask, found[1].lower(), found[2], {"id": "id", "uri": "uri"}), permission)


def document_grants(ask: S3Request, body: bytes, owner: str) -> tuple[Grant, ...]:
    """Return what an AccessControlPolicy grants.

    Refuse with MalformedACLError, InvalidArgument, or AccessDenied if its owner is not *owner*.
    """
    try:
        root = read_xml(body)
    except DocumentError as error:
        raise ask.refused("MalformedACLError") from error
    stated, listed = root.find("Owner"), root.find("AccessControlList")
    named = None if stated is None else text_of(stated, "ID")
    if root.tag != "AccessControlPolicy" or not named or listed is None:
        raise ask.refused("MalformedACLError")
    _check_id(ask, named, "CanonicalUser/ID")
    if named != owner:
        raise ask.refused("AccessDenied")
    return tuple(_in_document(ask, one) for one in listed.findall("Grant"))


def _in_document(ask: S3Request, grant: ET.Element) -> Grant:
    permission, grantee = text_of(grant, "Permission"), grant.find("Grantee")
    named = [] if grantee is None else [(name, text) for name in _ELEMENTS if (text := text_of(grantee, name))]
    kind = None if grantee is None else grantee.get(_KIND)
    if permission not in PERMISSIONS or len(named) != 1 or kind not in _KINDS:
        raise ask.refused("MalformedACLError")
    ((name, text),) = named
    return Grant(_grantee(ask, _ELEMENTS[name], text, {"id": "CanonicalUser/ID", "uri": "Group/URI"}), permission)


_KIND = "{http://www.w3.org/2001/XMLSchema-instance}type"
_KINDS = {None, "AmazonCustomerByEmail", "CanonicalUser", "Group"}
_ELEMENTS = {"ID": "id", "URI": "uri", "EmailAddress": "emailaddress"}


def _grantee(ask: S3Request, kind: str, value: str, named: Mapping[str, str]) -> str:
    """Return the canonical id or the group that *value* names. *named* is S3's word for either in a refusal."""
    if kind == "emailaddress":
        raise ask.refused("UnresolvableGrantByEmailAddress")
    if kind == "id":
        _check_id(ask, value, named[kind])
    elif value not in GROUPS:
        raise ask.bad_argument(named[kind], value, "grantee uri")
    return value


def _check_id(ask: S3Request, value: str, named: str) -> None:
    """Refuse with InvalidArgument an invalid canonical id or, if access is declared, an unknown one."""
    nobody = ask.access.declared and value not in {one.owner_id for one in ask.access.known}
    if not _CANONICAL_ID.fullmatch(value) or nobody:
        raise ask.bad_argument(named, value, "grantee id")
