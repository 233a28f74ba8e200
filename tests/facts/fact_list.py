"""The facts: where each comes from, and the registry of the claims that are checked, one function each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fact_servers import Server

SECTIONS = {
    "The envelope": range(1, 12),
    "Answers without a body": range(12, 21),
    "An error inside a 200": range(21, 29),
    "Redirects and regions": range(29, 36),
    "Throttling, timeouts, broken connections": range(36, 46),
    "Conditions and ranges": range(46, 54),
    "Authentication": range(54, 60),
    "Uploads, digests, limits": (*range(60, 74), 85),
    "Access, encryption, locks": range(74, 85),
}

# The keys are explained on the page.
SOURCES = {
    1: "ARGMIN, MOUNTPOINT, LSREC",
    2: "LSREC, ARGMIN",
    3: "ARGMIN",
    4: "ARGMIN, versitygw#2038, qoobaa/s3#5",
    5: "ARGMIN, LSREC, aws-cli#1928",
    6: "ARGMIN",
    7: "aws-cli#1928, tiflash#10538, paws#896, LSREC",
    8: "AWSDOC, tiflash#10538",
    12: "paws#896, LSREC",
    13: "LSREC, BOTO",
    14: "BOTO",
    15: "BOTO",
    17: "LSREC, BOTO",
    18: "ARGMIN, LSREC, BOTO",
    19: "BOTO, LSREC",
    20: "BOTO",
    21: "AWSDOC, BOTO",
    22: "ARGMIN, django-s3-file-field#209",
    23: "BOTO",
    24: "BOTO",
    25: "BOTO",
    26: "BOTO",
    27: "LSREC, ARGMIN",
    29: "MOUNTPOINT, AWSS3.jl#25",
    30: "bsdec2-image-upload#11, aws-cli#2431",
    31: "minio-go#677, paws#896, ARGMIN",
    32: "BOTO",
    33: "BOTO",
    34: "BOTO",
    35: "AWSDOC",
    36: "tiflash#10538, BOTO",
    37: "BOTO",
    38: "aws-cli#1928, BOTO",
    39: "LSREC, ARGMIN",
    40: "BOTO",
    41: "BOTO",
    42: "BOTO",
    43: "BOTO",
    44: "BOTO",
    46: "LSREC, ARGMIN",
    47: "LSREC",
    48: "LSREC",
    49: "LSREC",
    50: "LSREC",
    51: "LSREC",
    52: "LSREC, ARGMIN",
    53: "LSREC",
    54: "LSREC, VGW, ARGMIN",
    55: "pgbackrest",
    56: "MOUNTPOINT, LSREC",
    57: "MOUNTPOINT, ARGMIN",
    58: "LSREC",
    59: "LSREC, react-native-aws3#26",
    60: "LSREC, ARGMIN",
    61: "LSREC, versitygw#2036, versitygw#2111",
    62: "LSREC, BOTO, AWSDOC",
    63: "LSREC",
    64: "LSREC",
    65: "ARGMIN, aws-sdk-cpp#2727",
    66: "BOTO",
    67: "ARGMIN, VGW",
    68: "LSREC",
    69: "VGW, BOTO, s3-tests, aws-sdk-java#1293",
    70: "LSREC",
    71: "LSREC",
    73: "LSREC, BOTO",
    74: "AWSDOC, Sleet#180",
    75: "LSREC",
    76: "AWSDOC, LSREC",
    77: "LSREC",
    78: "LSREC",
    79: "LSREC",
    80: "LSREC",
    81: "LSREC",
    82: "LSREC",
    83: "LSREC",
    84: "LSREC",
    85: "S3Mock#2586, minio#13318, s3-tests",
}

OPERATIONS = {
    "any": (1, 2, 3, 5, 6, 7, 8, 14, 15, 17, 29, 30, 31, 32, 36, 37, 38, 43, 44, 54, 55, 56, 57, 58, 67),
    "AbortMultipartUpload": (61,),
    "CompleteMultipartUpload": (4, 21, 22, 23, 24, 26, 39, 48, 60, 61, 85),
    "CopyObject": (21, 46, 47, 48, 62),
    "CreateBucket": (35, 39, 68, 74),
    "DeleteBucket": (25,),
    "DeleteBucketEncryption": (76,),
    "DeleteBucketOwnershipControls": (75,),
    "DeleteObject": (18, 51, 81),
    "DeleteObjects": (27, 69),
    "DeletePublicAccessBlock": (75,),
    "GetBucketEncryption": (76,),
    "GetBucketOwnershipControls": (74, 75),
    "GetBucketPolicy": (25, 84),
    "GetObject": (17, 18, 19, 20, 25, 42, 43, 46, 52, 53, 66, 71, 73, 77),
    "GetObjectLockConfiguration": (79,),
    "GetObjectRetention": (80,),
    "GetPublicAccessBlock": (74, 75),
    "HeadBucket": (12, 32, 33, 34),
    "HeadObject": (12, 13, 18, 19, 32, 34),
    "ListObjectsV2": (25, 43, 69, 70),
    "PostObject": (59,),
    "PutBucketAcl": (82, 83),
    "PutBucketPolicy": (84,),
    "PutObject": (25, 38, 40, 41, 46, 48, 49, 50, 63, 64, 65, 67, 73, 78),
    "PutObjectLockConfiguration": (79,),
    "PutObjectRetention": (80, 81),
    "UploadPart": (61, 62),
    "UploadPartCopy": (4, 21),
}
"""The facts that concern each operation."""

DOUBTED = frozenset({2, 3, 4, 6, 35, 39, 52, 61, 65, 68})
"""Facts whose sources disagree, or are not captures; the page says why."""

ABOUT_BOTOCORE = frozenset({13, 14, 15, 17, 23, 24, 25, 26, *range(32, 35), *range(36, 39), *range(40, 45), 66})
"""Facts that say what botocore makes of an answer; another version of it may make something else."""


class CannotFail(Exception):
    """The server has no way to bring about what a claim is about; the text says so in a few words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a server did, in a few words of Markdown, and whether it is what S3 does; None: it could not be asked."""

    text: str
    holds: bool | None

    def __and__(self, other: Seen) -> Seen:
        """Return both observations as one; the same words, or the same in front of a colon, are said once."""
        head, colon, rest = other.text.partition(": ")
        shared = colon and self.text.startswith(head + colon)
        new = rest if shared else other.text
        text = self.text if other.text in self.text.split("; ") else f"{self.text}; {new}"
        return Seen(text=text, holds=bool(self.holds and other.holds))


Check = Callable[["Server"], Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that S3 does: part of the fact *number*, what it is, and the check that asks a server for it."""

    number: int
    name: str
    says: str
    check: Check

    def __str__(self) -> str:
        """Return the claim's name in test ids."""
        return f"{self.number:02}-{self.name}"

    def see(self, server: Server) -> Seen:
        """Run the check; a server that can't be asked is no failure."""
        try:
            return self.check(server)
        except CannotFail as why:
            return Seen(text=str(why), holds=None)


CLAIMS: list[Claim] = []


def claim(number: int, says: str) -> Callable[[Check], Check]:
    """Register a check: S3 does what *says* says, a part of the fact *number*."""

    def register(check: Check) -> Check:
        CLAIMS.append(Claim(number=number, name=check.__name__, says=says, check=check))
        return check

    return register


def after(attempts: int) -> str:
    """Say how many attempts there were."""
    return f"after {attempts} attempt{'s' if attempts > 1 else ''}"


@contextmanager
def caught(*kinds: type[Exception]) -> Iterator[list[Exception]]:
    """Give the list that has, after the block, the exception that ended it, if one of *kinds* did."""
    found: list[Exception] = []
    try:
        yield found
    except kinds as error:
        found.append(error)
