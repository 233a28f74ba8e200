"""An answer held against botocore's model: what it has that the model does not know, and which members it fills.

A path names a member by its elements, `ListObjectsV2/Contents/Owner/ID`, or by its header, `HeadObject etag`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree as ET

from botocore.utils import parse_timestamp

from pytest_s3errors._core.s3.errors.catalogue import CODES

NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"
# What every answer may have, whatever the model of its operation says.
ENVELOPE = {"x-amz-request-id", "x-amz-id-2", "server", "date", "connection", "content-length", "content-type"}
# S3 tells the bucket's region beside whatever is asked of it; the model has it for HeadBucket alone.
ENVELOPE |= {"x-amz-bucket-region"}
# The model knows one class of versions, STANDARD; S3 tells all of them.
WRONGLY_ENUMERATED = "ListObjectVersions/Version/StorageClass"


@dataclass
class Findings:
    """Paths of the members that were found, and what was wrong."""

    seen: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)


def findings_in(service: Any, call: Any, response: Any) -> Findings:
    """Return what a successful answer has, by the model of its operation."""
    found = Findings()
    operation = call.operation
    if operation not in service.operation_names:
        found.problems.append(f"{operation}: not in the model")
        return found
    shape = service.operation_model(operation).output_shape
    _headers(operation, shape, response, found)
    payload = None if shape is None else shape.serialization.get("payload")
    body = bytes(response.body)
    if payload is not None:
        shape = shape.members[payload]
        if shape.type_name in {"blob", "string"}:
            found.seen.add(f"{operation} body")
            return found
    if not body:
        return found
    if shape is None or operation == "HeadBucket":
        found.problems.append(f"{operation}: has a body, the model has none")
    else:
        _document(operation, shape, body, found)
    return found


def problems_of(service: Any, call: Any, response: Any) -> list[str]:
    """Return what is wrong with an answer: by the model, or by the catalogue where it is an error."""
    if response.status < 300:
        return findings_in(service, call, response).problems
    if call.method == "HEAD" or response.status == 304:
        return [f"{call.operation}: an error with a body"] if response.body else []
    code = ET.fromstring(bytes(response.body)).findtext("Code") or ""
    known = CODES.get(code)
    if known is None or known.status != response.status:
        return [f"{call.operation}: {response.status} {code} is not in the catalogue"]
    return []


def claimable(service: Any, operation: str) -> set[str]:
    """Return the paths of all members that the model gives an operation's output."""
    shape = service.operation_model(operation).output_shape
    if shape is None:
        return set()
    paths = {f"{operation} {name.lower()}" for name in _header_members(shape)}
    payload = shape.serialization.get("payload")
    if payload is not None:
        shape = shape.members[payload]
        if shape.type_name in {"blob", "string"}:
            return paths | {f"{operation} body"}
    return paths | _member_paths(shape, operation)


def _member_paths(shape: Any, path: str) -> set[str]:
    if shape.type_name == "list":
        if not shape.serialization.get("flattened"):
            path = f"{path}/{shape.member.serialization.get('name', 'member')}"
        return _member_paths(shape.member, path)
    if shape.type_name != "structure":
        return {path}
    members = _elements(shape).items()
    return {one for name, member in members for one in _member_paths(member, f"{path}/{name}")}


def _header_members(shape: Any) -> dict[str, Any]:
    located = {} if shape is None else shape.members
    members = [(member, name) for name, member in located.items() if member.serialization.get("location") == "header"]
    return {member.serialization.get("name", name).lower(): member for member, name in members}


def _headers(operation: str, shape: Any, response: Any, found: Findings) -> None:
    members = _header_members(shape)
    prefixes = tuple(
        member.serialization.get("name", name)
        for name, member in ({} if shape is None else shape.members).items()
        if member.serialization.get("location") == "headers"
    )
    for name, value in response.headers.items():
        lower = name.lower()
        if lower in members:
            found.seen.add(f"{operation} {lower}")
            _scalar(members[lower], value, f"{operation} {lower}", found)
        elif not (lower in ENVELOPE or (prefixes and lower.startswith(prefixes))):
            found.problems.append(f"{operation}: header {name} is not in the model")


def _document(operation: str, shape: Any, body: bytes, found: Findings) -> None:
    root = ET.fromstring(body)
    if not root.tag.startswith(NAMESPACE):
        found.problems.append(f"{operation}: {root.tag} is not in S3's namespace")
    if operation == "GetBucketLocation":  # text in its root, which botocore reads by a rule of its own
        found.seen.add(f"{operation}/LocationConstraint")
    else:
        _structure(shape, root, operation, found)


def _elements(shape: Any) -> dict[str, Any]:
    """Return the members of a structure that are elements, by the name of the element, as botocore finds them."""
    elements = {}
    for name, member in shape.members.items():
        if "location" in member.serialization or member.serialization.get("xmlAttribute"):
            continue
        element = member.serialization.get("name", name)
        if member.type_name == "list" and member.serialization.get("flattened"):
            element = member.member.serialization.get("name", element)
        elements[element] = member
    return elements


def _structure(shape: Any, parent: ET.Element, path: str, found: Findings) -> None:
    known, names = _elements(shape), set()
    for child in parent:
        name = child.tag.removeprefix(NAMESPACE)
        here = f"{path}/{name}"
        member = known.get(name)
        if member is None:
            found.problems.append(f"element {here} is not in the model")
            continue
        repeats = member.type_name == "list" and member.serialization.get("flattened")
        if name in names and not repeats:
            found.problems.append(f"element {here} comes twice")
        names.add(name)
        _value(member.member if repeats else member, child, here, found)


def _value(shape: Any, element: ET.Element, path: str, found: Findings) -> None:
    if shape.type_name == "structure":
        _structure(shape, element, path, found)
    elif shape.type_name == "list":
        wanted = shape.member.serialization.get("name", "member")
        for child in element:
            name = child.tag.removeprefix(NAMESPACE)
            if name != wanted:
                found.problems.append(f"element {path}/{name} is not in the model")
            else:
                _value(shape.member, child, f"{path}/{name}", found)
    else:
        found.seen.add(path)
        if len(element):
            found.problems.append(f"element {path} has children")
        _scalar(shape, element.text or "", path, found)


def _scalar(shape: Any, text: str, path: str, found: Findings) -> None:
    """Note a text that is none of its type, or outside its enumeration."""
    try:
        if shape.type_name in {"integer", "long"}:
            int(text)
        elif shape.type_name == "timestamp":
            parse_timestamp(text)
    except ValueError:
        found.problems.append(f"{path}: {text!r} is no {shape.type_name}")
    if shape.type_name == "boolean" and text not in {"true", "false"}:
        found.problems.append(f"{path}: {text!r} is no boolean")
    if getattr(shape, "enum", None) and text not in shape.enum and path != WRONGLY_ENUMERATED:
        found.problems.append(f"{path}: {text!r} is none of {shape.enum}")
