"""Encryption at rest: a bucket's default, what a write requests, and customer-provided keys (SSE-C).

Nothing is encrypted, but all of S3's checks are made: of methods, of keys and their digests, and that a reader has the
writer's key. As in S3, only the MD5 of a customer's key is stored.
Sources: S3 User Guide, "Setting default server-side encryption behavior" and "Using server-side encryption with
customer-provided keys"; the messages were recorded.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import md5
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from .access import account_id
from .commit import DEFAULT_REGION
from .digests import decode_base64, md5_hex
from .documents import Elements, text_of, xml_response
from .messages import EMPTY, Response
from .payload import configuration
from .records import SSE, is_keyed

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

    from pytest_s3errors._core.body import Body

    from .bucket_record import Bucket
    from .request import S3Request

AES256 = "AES256"
KMS_KEY, BUCKET_KEY = f"{SSE}-aws-kms-key-id", f"{SSE}-bucket-key-enabled"
_KMS = frozenset({"aws:kms", "aws:kms:dsse"})
_COPY = "x-amz-copy-source-server-side-encryption-customer-"
_KEY_BYTES = 32
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:([a-z0-9-]+):")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _Headers(NamedTuple):
    """The headers with a customer's key."""

    algorithm: str
    key: str
    digest: str


_OWN, _SOURCE = (
    _Headers(f"{prefix}algorithm", f"{prefix}key", f"{prefix}key-md5") for prefix in (f"{SSE}-customer-", _COPY)
)
CUSTOMER_ALGORITHM, CUSTOMER_KEY_MD5 = _OWN.algorithm, _OWN.digest
_CUSTOMER = frozenset(_OWN)


# The default of a bucket.


def put_bucket_encryption(ask: S3Request) -> Response:
    """Set the method for writes that state none."""
    bucket, wanted = configuration(ask, "ServerSideEncryptionConfiguration")
    rules = wanted.findall("Rule")
    if len(rules) != 1:
        raise ask.refused("MalformedXML")
    bucket.encryption = MappingProxyType(_default(ask, rules[0]))
    bucket.customer_keys = "SSE-C" not in {one.text for one in rules[0].iter("EncryptionType")}
    return Response(status=200)


def _default(ask: S3Request, rule: ET.Element) -> dict[str, str]:
    applied = rule.find("ApplyServerSideEncryptionByDefault")
    method = AES256 if applied is None else text_of(applied, "SSEAlgorithm")
    key = None if applied is None else text_of(applied, "KMSMasterKeyID")
    if method != AES256 and method not in _KMS:
        raise ask.refused("MalformedXML")
    if key is not None and method not in _KMS:
        raise ask.bad_argument("ApplyServerSideEncryptionByDefault", None, "default KMS key")
    headers = {SSE: method} if method != AES256 else {}
    headers |= {KMS_KEY: key} if key else {}
    headers |= {BUCKET_KEY: "true"} if (text_of(rule, "BucketKeyEnabled") or "").strip() == "true" else {}
    return headers


def get_bucket_encryption(ask: S3Request) -> Response:
    """Return the default. Every bucket has one."""
    bucket = ask.readable_bucket()
    default = [("SSEAlgorithm", bucket.encryption.get(SSE, AES256))]
    if KMS_KEY in bucket.encryption:
        default.append(("KMSMasterKeyID", bucket.encryption[KMS_KEY]))
    rule: Elements = [("ApplyServerSideEncryptionByDefault", default)]
    rule.append(("BucketKeyEnabled", bucket.encryption.get(BUCKET_KEY, "false")))
    if not bucket.customer_keys:
        rule.append(("BlockedEncryptionTypes", [("EncryptionType", "SSE-C")]))
    return xml_response("ServerSideEncryptionConfiguration", [("Rule", rule)])


def delete_bucket_encryption(ask: S3Request) -> Response:
    """Restore the default of all buckets."""
    bucket = ask.readable_bucket()
    bucket.encryption, bucket.customer_keys = EMPTY, True
    return Response(status=204)


# Writes.


def check_encryption(ask: S3Request, kept: dict[str, str], bucket: Bucket | None) -> None:
    """Check in *kept* the encryption of a write to *bucket* (None: it is new). Add the bucket's default if it has none.

    Refuse with InvalidArgument, InvalidEncryptionAlgorithmError or, if customers' keys are blocked, AccessDenied.
    """
    if not kept and _CUSTOMER.isdisjoint(ask.call.headers) and not (bucket and bucket.encryption):
        return
    method = kept.get(SSE)
    if method is not None and _OWN.algorithm in ask.call.headers:
        raise ask.bad_argument(SSE, method, "customer key and encryption")
    if _customer_key(ask, _OWN) is not None:
        if bucket is not None and not bucket.customer_keys:
            raise ask.refused("AccessDenied")
    elif method is not None and method not in {AES256, *_KMS}:
        raise ask.bad_argument(SSE, method, message="The encryption method given is not supported")
    elif KMS_KEY in kept and method not in _KMS:
        raise ask.bad_argument(SSE, method, message=f"A KMS key needs {SSE}: aws:kms")
    elif method is None and bucket is not None:
        kept |= bucket.encryption
    if kept.get(SSE) in _KMS:
        kept.setdefault(BUCKET_KEY, "false" if bucket is None else bucket.encryption.get(BUCKET_KEY, "false"))
        kept[KMS_KEY] = _key_arn(ask, DEFAULT_REGION if bucket is None else bucket.region, kept.get(KMS_KEY))
    if kept.get(BUCKET_KEY) != "true" or KMS_KEY not in kept:  # returned only for KMS, and only if it is on
        kept.pop(BUCKET_KEY, None)


def _key_arn(ask: S3Request, region: str, key: str | None) -> str:
    """Return the ARN of a KMS key as in S3's responses. Without a named key, it is the account's default key.

    S3 looks up every name. Here only a UUID becomes an ARN; any other name stays as it is, unless it is the ARN of a
    key in another region.
    """
    account = account_id(ask.caller.owner_id or ask.access.owner_id)
    if key is None:
        digest = md5(account.encode(), usedforsecurity=False).hexdigest()
        key = "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))
    if (elsewhere := _KEY_ARN.match(key)) is not None and elsewhere[1] != region:
        raise ask.refused("KMS.NotFoundException: region", elsewhere[1])
    return f"arn:aws:kms:{region}:{account}:key/{key}" if _UUID.fullmatch(key) else key


def etag_of(ask: S3Request, body: Body, headers: Mapping[str, str]) -> str:
    """Return the ETag of an object uploaded in one request: its MD5, or a new one if somebody's key encrypts it."""
    return ask.store.new_etag() if is_keyed(headers) else md5_hex(body)


def check_part_key(ask: S3Request, draft: Mapping[str, str]) -> None:
    """Refuse with InvalidRequest a part with another key than its upload, whose headers are *draft*."""
    key_md5, wanted = _customer_key(ask, _OWN), draft.get(CUSTOMER_KEY_MD5)
    if key_md5 == wanted:
        return
    if key_md5 is None or wanted is None:
        raise ask.refused("InvalidRequest: encryption of part")
    raise ask.refused("InvalidRequest: encryption differs")


# Reads.


def check_key(ask: S3Request, stored: Mapping[str, str]) -> None:
    """Refuse to read an object with the headers *stored* without its key, or with another key."""
    if stored or not _CUSTOMER.isdisjoint(ask.call.headers):
        _check_key(ask, stored, _OWN)


def check_source_key(ask: S3Request, stored: Mapping[str, str]) -> None:
    """Refuse to copy an object with the headers *stored* without its key, or with another key."""
    _check_key(ask, stored, _SOURCE)


def _check_key(ask: S3Request, stored: Mapping[str, str], names: _Headers) -> None:
    wanted, headers = stored.get(CUSTOMER_KEY_MD5), ask.call.headers
    # S3 compares digests before it looks at the key: a reader's key of another length is just another key.
    if wanted is not None and names.key in headers and headers.get(names.digest) != wanted:
        raise ask.refused("AccessDenied: customer key")
    if _customer_key(ask, names) == wanted:
        return
    if wanted is not None:
        raise ask.refused("InvalidRequest: encrypted")
    message = "The object was stored without a key of the customer; ask for it without one."
    raise ask.refused("InvalidRequest", message=message)


def _customer_key(ask: S3Request, names: _Headers) -> str | None:
    """Return the MD5 of the request's key, in base64. None: it has no key.

    A refusal names another header than the wrong one, and never the key.
    """
    headers = ask.call.headers
    algorithm, key = headers.get(names.algorithm), headers.get(names.key)
    if algorithm is None and key is None:
        return None
    if algorithm is None:
        raise ask.bad_argument(SSE, None, "customer algorithm")
    if key is None:
        raise ask.bad_argument(SSE, None, "customer key")
    if algorithm != AES256:
        elements = {"ArgumentName": SSE, "ArgumentValue": algorithm}
        raise ask.refused("InvalidEncryptionAlgorithmError", elements=elements)
    decoded = decode_base64(key, _KEY_BYTES)
    if decoded is None:
        raise ask.bad_argument(SSE, None, "customer key length")
    digest = b64encode(md5(decoded, usedforsecurity=False).digest()).decode()
    if headers.get(names.digest) != digest:
        raise ask.bad_argument(SSE, None, "customer key MD5")
    return digest
