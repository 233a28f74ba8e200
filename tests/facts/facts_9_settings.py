"""Facts 74 to 84: who may see a bucket, encryption, object lock, ACLs, and policies."""

from __future__ import annotations

from base64 import b64encode
from hashlib import md5

from fact_list import Seen, claim

ONE, TWO = b"1" * 32, b"2" * 32
GROUP = "http://acs.amazonaws.com/groups/global/AllUsers"
RETENTION = b"<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>2099-01-01T00:00:00Z</RetainUntilDate></Retention>"
LOCK = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"


def _told(answer, text):
    found = text.encode() in answer.body
    return Seen(text=text.strip("<>") if found else f"{answer.status} without it", holds=found)


def _key(key=ONE, **changes):
    """Headers of a customer's key."""
    digest = b64encode(md5(key, usedforsecurity=False).digest()).decode()
    stated = {"algorithm": "AES256", "key": b64encode(key).decode(), "key_MD5": digest, **changes}
    return {f"x_amz_server_side_encryption_customer_{name}": value for name, value in stated.items()}


def _locked(s3):
    """The path of a version in a bucket with object lock."""
    name = f"{s3.bucket()}-locked"
    assert s3.ask("PUT", f"/{name}", x_amz_bucket_object_lock_enabled="true").status == 200
    version = s3.ask("PUT", f"/{name}/key", b"data").headers["x-amz-version-id"]
    return f"/{name}/key", version


@claim(74, "A new bucket has no ACLs and blocks public access")
def born_private(s3):
    name = f"{s3.bucket()}-new"
    assert s3.ask("PUT", f"/{name}").status == 200
    ownership, block = s3.ask("GET", f"/{name}?ownershipControls"), s3.ask("GET", f"/{name}?publicAccessBlock")
    return _told(ownership, "BucketOwnerEnforced") & _told(block, "BlockPublicAcls>true<")


@claim(74, "It can't be created public even with ACLs: 400 InvalidBucketAclWithBlockPublicAccessError")
def born_public(s3):
    name = f"{s3.bucket()}-new"
    answer = s3.ask("PUT", f"/{name}", x_amz_acl="public-read", x_amz_object_ownership="ObjectWriter")
    return answer.error(400, "InvalidBucketAclWithBlockPublicAccessError")


@claim(75, "404 OwnershipControlsNotFoundError and NoSuchPublicAccessBlockConfiguration after a deletion: BucketName")
def deleted_settings(s3):
    name = s3.bucket()
    s3.ask("DELETE", f"/{name}?ownershipControls")
    s3.ask("DELETE", f"/{name}?publicAccessBlock")
    ownership, block = s3.ask("GET", f"/{name}?ownershipControls"), s3.ask("GET", f"/{name}?publicAccessBlock")
    owner = ownership.error(404, "OwnershipControlsNotFoundError", "BucketName")
    return owner & block.error(404, "NoSuchPublicAccessBlockConfiguration", "BucketName")


@claim(76, "Every bucket has a default encryption, AES256, even after its deletion")
def default_encryption(s3):
    name = s3.bucket()
    s3.ask("DELETE", f"/{name}?encryption")
    return _told(s3.ask("GET", f"/{name}?encryption"), "SSEAlgorithm>AES256<")


@claim(77, "An object with a customer's key is 400 InvalidRequest without the key, 403 AccessDenied with another")
def customer_key(s3):
    path = f"/{s3.bucket()}/key"
    s3.put(path, **_key())
    without, other = s3.ask("GET", path), s3.ask("GET", path, **_key(TWO))
    return without.error(400, "InvalidRequest") & other.error(403, "AccessDenied")


@claim(78, "A customer's key of another length, or with another digest: 400 InvalidArgument")
def bad_customer_key(s3):
    path = f"/{s3.bucket()}/key"
    short, digest = s3.ask("PUT", path, b"", **_key(b"short")), s3.ask("PUT", path, b"", **_key(key_MD5="AAAA"))
    return short.error(400, "InvalidArgument") & digest.error(400, "InvalidArgument")


@claim(79, "Object lock needs versions: 409 InvalidBucketState; without it: 404 ObjectLockConfigurationNotFoundError")
def lock_needs_versions(s3):
    name = s3.bucket()
    digest = b64encode(md5(LOCK).digest()).decode()
    put = s3.ask("PUT", f"/{name}?object-lock", LOCK, content_md5=digest)
    get = s3.ask("GET", f"/{name}?object-lock")
    return put.error(409, "InvalidBucketState") & get.error(404, "ObjectLockConfigurationNotFoundError", "BucketName")


@claim(80, "Retention without object lock is 400 InvalidRequest; one never set is 404 NoSuchObjectLockConfiguration")
def no_lock(s3):
    path = f"/{s3.bucket()}/key"
    s3.put(path)
    locked, _ = _locked(s3)
    put, get = s3.ask("PUT", f"{path}?retention", RETENTION), s3.ask("GET", f"{locked}?retention")
    return put.error(400, "InvalidRequest") & get.error(404, "NoSuchObjectLockConfiguration")


@claim(81, "A retained version can't be deleted (403 AccessDenied), but it can be hidden")
def retained(s3):
    path, version = _locked(s3)
    assert s3.ask("PUT", f"{path}?retention", RETENTION).status == 200
    denied, hidden = s3.ask("DELETE", f"{path}?versionId={version}"), s3.ask("DELETE", path)
    return denied.error(403, "AccessDenied") & Seen(
        text=f"{hidden.status} without a version", holds=hidden.status == 204
    )


@claim(82, "An ACL is stated in one way: none is 400 MissingSecurityHeader, a name and grants 400 InvalidRequest")
def acl_in_one_way(s3):
    name = s3.bucket()
    s3.ask("DELETE", f"/{name}?ownershipControls")
    none = s3.ask("PUT", f"/{name}?acl")
    both = s3.ask("PUT", f"/{name}?acl", x_amz_acl="private", x_amz_grant_read=f"uri={GROUP}")
    return none.error(400, "MissingSecurityHeader") & both.error(400, "InvalidRequest")


@claim(83, "A grantee that does not exist is 400 InvalidArgument, a document without an owner 400 MalformedACLError")
def grantees(s3):
    name = s3.bucket()
    s3.ask("DELETE", f"/{name}?ownershipControls")
    account, group, document = (
        s3.ask("PUT", f"/{name}?acl", x_amz_grant_read="id=wrong"),
        s3.ask("PUT", f"/{name}?acl", x_amz_grant_read=f"uri={GROUP}s"),
        s3.ask("PUT", f"/{name}?acl", b"<AccessControlPolicy/>"),
    )
    grantee = account.error(400, "InvalidArgument") & group.error(400, "InvalidArgument")
    return grantee & document.error(400, "MalformedACLError")


@claim(
    84,
    "A policy that is not JSON is 400 MalformedPolicy; without a policy it is 404 NoSuchBucketPolicy with BucketName",
)
def policies(s3):
    name = s3.bucket()
    none, put = s3.ask("GET", f"/{name}?policy"), s3.ask("PUT", f"/{name}?policy", b"no JSON")
    return put.error(400, "MalformedPolicy") & none.error(404, "NoSuchBucketPolicy", "BucketName")
