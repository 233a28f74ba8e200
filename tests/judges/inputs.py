"""Random parameters that are valid by botocore's model: bounded, and near enough to what is stored to matter."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

ASCII = (
    st.text(string.ascii_letters + string.digits + " /.-_=&%+:", min_size=1, max_size=12).map(str.strip).filter(bool)
)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
KEYS = st.sampled_from(["key", "parts", "a/b", "sp ace", "é", "a//b", "absent"])
ETAGS = st.sampled_from(['"8d777f385d3dfec8815d20f7496026dc"', "*", '"0123", "4567"', "none", '""'])
DATES = st.sampled_from([datetime(year, 1, 1, tzinfo=UTC) for year in (2001, 2026, 2040)])
SIZES = st.sampled_from([-1, 0, 1, 2, 3, 1000, 1001])


class World:
    """What there is to name: the version ids and the upload id of the simulated S3 of one example."""

    def __init__(self, store: Any, upload_id: str) -> None:
        versions = [one.version_id for one in store.versions("versioned", "key")]
        self.special = {
            "Bucket": st.sampled_from(["bucket", "versioned", "elsewhere", "absent"]),
            "Key": KEYS | TEXT,
            "Prefix": KEYS | TEXT,
            "Delimiter": st.sampled_from(["/", "a", "//"]),
            "VersionId": st.sampled_from([*versions, "null", "none", "x" * 32]),
            "UploadId": st.sampled_from([upload_id, "none"]),
            "PartNumber": st.sampled_from([1, 2, 0, 10_000, 10_001, -1]),
            "PartNumberMarker": st.sampled_from([0, 1, 10_000]),
            "Range": st.sampled_from(["bytes=0-1", "bytes=-1", "bytes=2-", "bytes=9-1", "bytes=99-", "nonsense"]),
            "CopySourceRange": st.sampled_from(["bytes=0-1", "bytes=2-", "bytes=0-99", "nonsense"]),
            "CopySource": st.fixed_dictionaries(
                {"Bucket": st.sampled_from(["bucket", "versioned"]), "Key": KEYS},
                optional={"VersionId": st.sampled_from([*versions, "none"])},
            ),
            # Those that botocore can work out itself.
            "ChecksumAlgorithm": st.sampled_from(["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]),
            "Body": st.binary(max_size=20),
            "ContentMD5": st.sampled_from(["1B2M2Y8AsgTpgAmY7PhCfg==", "AAAA", "none"]),
            "Metadata": st.dictionaries(st.text(string.ascii_lowercase, min_size=1, max_size=4), ASCII, max_size=3),
            "ExpectedBucketOwner": st.sampled_from(["1" * 12, "2" * 12]),
            "ExpectedSourceBucketOwner": st.sampled_from(["1" * 12, "2" * 12]),
            **dict.fromkeys(("IfMatch", "IfNoneMatch", "CopySourceIfMatch", "CopySourceIfNoneMatch", "ETag"), ETAGS),
            **dict.fromkeys(("MaxKeys", "MaxParts", "MaxUploads", "MaxBuckets"), SIZES),
            **dict.fromkeys(
                ("ChecksumCRC32", "ChecksumCRC32C", "ChecksumCRC64NVME", "ChecksumSHA1", "ChecksumSHA256"),
                st.sampled_from(["AAAAAA==", "AAAAAAAAAAA=", "none"]),
            ),
            **dict.fromkeys(("MpuObjectSize", "Size", "IfMatchSize"), st.sampled_from([0, 4, 10])),
        }

    def parameters(self, operation: Any, left_out: set[str]) -> st.SearchStrategy[dict[str, Any]]:
        """Return parameters for *operation*, a few optional ones at a time, never those *left_out*."""
        if operation.input_shape is None:
            return st.just({})
        return self._structure(operation.input_shape, left_out)

    def _structure(self, shape: Any, left_out: set[str] = frozenset()) -> st.SearchStrategy[dict[str, Any]]:
        required = {name: self._value(shape.members[name], name) for name in shape.required_members}
        optional = sorted(shape.members.keys() - required.keys() - left_out)
        if not optional:
            return st.fixed_dictionaries(required)
        chosen = st.lists(st.sampled_from(optional), unique=True, max_size=4)
        return chosen.flatmap(
            lambda names: st.fixed_dictionaries(
                required | {name: self._value(shape.members[name], name) for name in names}
            )
        )

    def _value(self, shape: Any, name: str) -> st.SearchStrategy[Any]:
        if shape.type_name == "structure":
            return self._structure(shape)
        if name in self.special:
            return self.special[name]
        if shape.type_name == "list":
            return st.lists(self._value(shape.member, ""), min_size=1, max_size=3)
        if getattr(shape, "enum", None):
            return st.sampled_from(list(shape.enum))
        text = ASCII if shape.serialization.get("location") == "header" else TEXT
        return {
            "string": text,
            "integer": st.integers(-1, 10_001),
            "long": st.integers(0, 2**40),
            "boolean": st.booleans(),
            "timestamp": DATES,
            "blob": st.binary(max_size=20),
        }[shape.type_name]
