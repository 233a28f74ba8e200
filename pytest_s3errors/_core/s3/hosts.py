"""Which host names belong to S3 or to another Amazon service, and where an S3 host names the bucket."""

from __future__ import annotations

import re
from functools import lru_cache

# Every partition of botocore's: commercial and GovCloud, China, the European sovereign cloud, the ISO clouds. The
# second names are those of dual-stack endpoints; S3's own stay under the first.
_PARTITIONS = {
    "amazonaws.com": "api.aws",
    "amazonaws.com.cn": "api.amazonwebservices.com.cn",
    "amazonaws.eu": "api.amazonwebservices.eu",
    "c2s.ic.gov": "api.aws.ic.gov",
    "sc2s.sgov.gov": "api.aws.scloud",
    "cloud.adc-e.uk": "api.cloud-aws.adc-e.uk",
    "csp.hci.ic.gov": "api.aws.hci.ic.gov",
}
_SUFFIXES = tuple(f".{name}" for pair in _PARTITIONS.items() for name in pair)

# Services under whose label customers run something of their own: a database is DB.ID.REGION.rds.amazonaws.com, while
# the endpoint of the service itself, rds.REGION.amazonaws.com, begins with the label.
_CUSTOMERS = frozenset(
    [
        "aoss",
        "cache",
        "compute",
        "compute-1",
        "docdb",
        "eks",
        "elb",
        "es",
        "execute-api",
        "kafka",
        "memorydb",
        "mq",
        "neptune",
        "rds",
        "redshift",
        "redshift-serverless",
    ]
)

# Where a machine or a container on AWS learns its credentials.
_METADATA = frozenset(
    {
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "instance-data.ec2.internal",
        "metadata.ec2.internal",
    }
)

_REGION = r"(?!fips-)[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}"

# After the bucket's label, in the order of https://docs.aws.amazon.com/general/latest/gr/s3.html: the global, regional
# and old dashed names, dual-stack, FIPS, acceleration, directory buckets, access points (of a region, of many, with a
# Lambda behind them) and interface endpoints in a VPC. s3-control, s3-website and s3-outposts speak other protocols.
_AMAZON = re.compile(
    r"(?:(?P<bucket>.+)\.)?"
    r"(?P<endpoint>(?:"
    r"s3(?:-fips)?(?:[.-]R|\.dualstack\.R)?|s3-external-1"
    r"|s3-accelerate(?:\.dualstack)?"
    r"|s3express-[a-z0-9-]+(?:\.dualstack)?\.R"
    r"|s3-accesspoint(?:-fips)?(?:\.dualstack)?\.R|accesspoint\.s3-global|s3-object-lambda(?:-fips)?\.R"
    r"|(?:bucket|accesspoint)\.vpce-[a-z0-9-]+\.s3\.R\.vpce"
    r")\.(?:P)\.?)".replace("R", _REGION).replace("P)", "|".join(map(re.escape, _PARTITIONS)) + ")")
)
_IN_NAME = re.compile(rf"[.-]({_REGION})\.")


@lru_cache(maxsize=1024)
def is_s3_host(host: str) -> bool:
    """Return whether *host* is one of Amazon's S3 hosts, in any case. It may include a port.

    True for every form that takes S3's data-plane requests, with or without a bucket in front. False for other
    services (including `s3-control` and `s3-website`) and for names that only resemble one.
    """
    return _AMAZON.fullmatch(without_port(host.lower())) is not None


@lru_cache(maxsize=1024)
def is_amazon_host(host: str) -> bool:
    """Return whether *host* is Amazon's but not S3's: an endpoint of another service, or a source of credentials.

    False for hosts of customers under Amazon's names, such as databases and load balancers. It may include a port.
    """
    name = without_port(host.lower()).removesuffix(".")
    if not _METADATA.isdisjoint((host.lower(), name.strip("[]"))):
        return True
    suffix = next((end for end in _SUFFIXES if name.endswith(end)), None)
    if suffix is None or is_s3_host(name):
        return False
    return _CUSTOMERS.isdisjoint(name.removesuffix(suffix).split(".")[1:])


@lru_cache(maxsize=1024)
def region_of(host: str) -> str | None:
    """Return the region that *host* names, "us-east-1" for Amazon's global names. None: another host."""
    name = without_port(host.lower())
    if _AMAZON.fullmatch(name) is None:
        return None
    regions = _IN_NAME.findall(name)
    return regions[-1] if regions else "us-east-1"


@lru_cache(maxsize=1024)
def split_host(host: str, endpoints: tuple[str, ...]) -> tuple[str, str | None]:
    """Split *host* into (endpoint, bucket), both in lower case. The bucket is None if the path must name it.

    Args:
        host: A Host header: a name with an optional port.
        endpoints: Further hosts that take a bucket in front. A port limits an entry to that port; a path after it is
            ignored here.
    """
    host = host.lower()
    name = without_port(host)
    port = host[len(name) :]
    if found := _AMAZON.fullmatch(name):
        return found["endpoint"] + port, found["bucket"]
    known = _endpoint_of(host, endpoints)
    if known is None or known in (host, name):
        return host, None
    rest = "" if host.endswith(known) else port
    return known + rest, host[: -len(known + rest) - 1]


@lru_cache(maxsize=1024)
def base_of(host: str, endpoints: tuple[str, ...]) -> tuple[str, ...]:
    """Return the paths before the bucket that clients of *host* use, such as "/s3" of a gateway, longest first."""
    known = _endpoint_of(host.lower(), endpoints)
    paths = {end[len(known) :] for end in endpoints if known is not None and end.lower().startswith(f"{known}/")}
    return tuple(sorted(paths, key=len, reverse=True))


def _endpoint_of(host: str, endpoints: tuple[str, ...]) -> str | None:
    """Return the host of the entry in *endpoints* that *host* equals or ends with. None: there is none."""
    name = without_port(host)
    hosts = {endpoint.lower().partition("/")[0] for endpoint in endpoints}
    for known in sorted(hosts, key=len, reverse=True):
        if known in (host, name) or host.endswith(f".{known}") or name.endswith(f".{known}"):
            return known
    return None


def parts_of(url: str) -> tuple[str, str, str]:
    """Return the authority, the path and the query of a request's URL as sent.

    urlsplit would refuse some hosts, and normalize the rest.
    """
    authority, _, rest = url.partition("://")[2].partition("/")
    path, _, query = f"/{rest}".partition("?")
    return authority, path, query


def without_port(host: str) -> str:
    """Return *host* without its port, if it has one."""
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
