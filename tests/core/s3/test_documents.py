"""XML that clients send."""

from __future__ import annotations

import pytest

from pytest_s3errors._core.s3.documents import MAX_XML_BYTES

ONE = b"<Delete><Object><Key>key</Key></Object></Delete>"


@pytest.mark.parametrize(
    "body",
    [
        ONE,
        b'<?xml version="1.0" encoding="UTF-8"?>\n' + ONE,
        ONE.replace(b"<Delete>", b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'),
        ONE.replace(b"Delete>", b"s:Delete>").replace(b"<s:Delete>", b'<s:Delete xmlns:s="any">'),
        b"<!-- why -->" + ONE,
    ],
)
def test_namespaces_prologs_and_comments_do_not_matter(s3, code, body):
    """What a document says is read whatever it is wrapped in."""
    s3("PUT", "/bucket/key")
    assert code(s3("POST", "/bucket?delete", body)) == "200"
    assert not s3.store.exists("bucket", "key")


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE Delete>" + ONE,
        b'<!DOCTYPE Delete [<!ENTITY a "key">]>' + ONE.replace(b">key<", b">&a;<"),
        ('<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE Delete>' + ONE.decode()).encode("utf-16"),
        '<?xml version="1.0" encoding="cp037"?><!DOCTYPE Delete><Delete/>'.encode("cp037"),
        b'<?xml version="1.0" encoding="nonsense"?>' + ONE,
        b'<?xml version="1.0" encoding="shift_jis"?>' + ONE,
        ONE[:-1],
        ONE + b"x",
        b"<Delete>\x00</Delete>",
        b"<Delete>\xff</Delete>",
        b"<Delete>&unknown;</Delete>",
    ],
)
def test_what_s3_does_not_take(s3, code, body):
    """Document types in any encoding, broken XML and unknown encodings are MalformedXML."""
    s3("PUT", "/bucket/key")
    assert code(s3("POST", "/bucket?delete", body)) == "MalformedXML"
    assert s3.store.exists("bucket", "key")


@pytest.mark.parametrize(("excess", "expected"), [(-1, "200"), (0, "200"), (1, "MaxMessageLengthExceeded")])
def test_the_limit_of_a_document(s3, code, excess, expected):
    """A document has at most 2 MiB."""
    s3("PUT", "/bucket/key")
    body = ONE + b" " * (MAX_XML_BYTES + excess - len(ONE))
    assert code(s3("POST", "/bucket?delete", body)) == expected


@pytest.mark.parametrize("body", [b"<a>" * 100_000 + b"</a>" * 100_000, b"<Delete>" + b"<a/>" * 200_000 + b"</Delete>"])
def test_deep_and_wide_documents_are_no_danger(s3, code, body):
    """What nests without end, or has elements without end, is refused like any other that makes no sense."""
    s3("PUT", "/bucket/key")
    assert code(s3("POST", "/bucket?delete", body)) == "MalformedXML"


@pytest.mark.parametrize(("depth", "expected"), [(15, "200"), (16, "MalformedXML")])
def test_the_depth_of_a_document(s3, code, depth, expected):
    """Elements nest 16 deep, the root among them; unknown ones are passed over."""
    s3("PUT", "/bucket/key")
    inner = b"<a>" * depth + b"</a>" * depth
    document = b"<VersioningConfiguration><Status>Enabled</Status>%b</VersioningConfiguration>" % inner
    assert code(s3("PUT", "/bucket?versioning", document)) == expected
