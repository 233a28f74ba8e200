"""Several accounts that ask one S3, each request signed."""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import md5

from pytest_s3errors._core.s3 import answer
from pytest_s3errors._core.s3.access import Access, Credentials
from pytest_s3errors._core.s3.calls import parse_call
from pytest_s3errors._core.s3.messages import ErrorReply
from pytest_s3errors._core.s3.store import S3Store
from s3_asyncio_client._core.signing import Credentials as Signer
from s3_asyncio_client._core.signing import sign_request

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
OWNER, OTHER = (Credentials(access_key=name, secret_key="secret") for name in ("AKOWNER", "AKOTHER"))
DECLARED = Access(known=(OWNER, OTHER), declared=True)
WRITER, PREFERRED = "ObjectWriter", "BucketOwnerPreferred"


class S3:
    """A store with declared accounts; `s3(who, "GET", "/bucket/key")` asks, *who* None without a signature.

    An error is told by its code; `said` is the message of the last.
    """

    def __init__(self, access=DECLARED) -> None:
        self.access = access
        self.store = S3Store(now=lambda: NOW)
        self.said = ""

    def __call__(self, who, method, target, body=b"", /, **headers):
        """Ask with headers given as keywords, `_` for `-`."""
        path, _, query = target.partition("?")
        url = f"https://s3.us-east-1.amazonaws.com{path}"
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body.startswith(b"<Delete>"):  # S3 wants a digest of it
            named["content-md5"] = b64encode(md5(body).digest()).decode()
        if who is not None:
            signer = Signer(who.access_key, who.secret_key)
            params = dict(pair.partition("=")[::2] for pair in query.split("&") if pair)
            signed = sign_request(
                method=method, url=url, params=params, headers=named, payload_hash="UNSIGNED-PAYLOAD",
                credentials=signer, region="us-east-1", now=NOW,
            )  # fmt: skip
            named = {name.lower(): value for name, value in signed.items()}
        call = parse_call(method=method, target=target, headers={"host": "s3.us-east-1.amazonaws.com", **named})
        reply = answer(self.store, call, body, new_id=lambda: "upload", access=self.access)
        if not isinstance(reply, ErrorReply):
            return reply
        self.said = reply.message
        return reply.code


def open_bucket(s3, name, acl, ownership=WRITER):
    """Make a bucket of the first account that may be public, and is as *acl* says."""
    s3(OWNER, "PUT", f"/{name}", x_amz_object_ownership=ownership)
    s3(OWNER, "DELETE", f"/{name}?publicAccessBlock=")
    s3.store.bucket(name).acl = acl
