"""XML of results: read from any server, written so that any server reads the same."""

from __future__ import annotations

from urllib.parse import quote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3_asyncio_client._core.xml import (
    build_complete,
    build_create_bucket,
    build_delete,
    parse,
    parse_listing,
    parse_result,
    text,
)
from s3_asyncio_client.exceptions import S3Error, S3InvalidRequestError, S3ResponseError, S3ServerError

NS = "{http://s3.amazonaws.com/doc/2006-03-01/}"
LISTING = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>photos</Name><Prefix></Prefix>
<NextContinuationToken>1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=</NextContinuationToken><KeyCount>3</KeyCount>
<MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>
<Contents><Key>a/ b </Key><LastModified>2024-05-01T12:00:00.000Z</LastModified>
<ETag>&quot;9b2cf535f27731c974343645a3985328&quot;</ETag><Size>11</Size><StorageClass>GLACIER</StorageClass></Contents>
<Contents><Key>k&#xe4;se&amp;+</Key></Contents>
<CommonPrefixes><Prefix>logs/</Prefix></CommonPrefixes></ListBucketResult>"""

# Characters that XML 1.0 can carry.
XML_TEXT = st.text(
    st.characters(exclude_categories=["Cs"]).filter(lambda c: c in "\t\n\r" or (c >= " " and c not in "\ufffe\uffff"))
)


def test_reads_a_listing():
    """Objects in order, ETags unquoted, sizes as numbers, the storage class S3 leaves out filled in."""
    page = parse_listing(parse(LISTING))
    assert page.objects == [
        {
            "key": "a/ b ",
            "last_modified": "2024-05-01T12:00:00.000Z",
            "etag": "9b2cf535f27731c974343645a3985328",
            "size": 11,
            "storage_class": "GLACIER",
        },
        {"key": "käse&+", "last_modified": "", "etag": "", "size": 0, "storage_class": "STANDARD"},
    ]
    assert tuple(page)[1:] == (["logs/"], True, "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM=", 3)


@pytest.mark.parametrize(
    "listing",
    [
        LISTING.replace(' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', ""),
        LISTING.encode(),
        "\r\n  " + LISTING,
        "\ufeff" + LISTING,
        LISTING.replace("\n", "\n      ") + "\n\n",
        LISTING.replace('<?xml version="1.0" encoding="UTF-8"?>', ""),
        LISTING.replace("2006-03-01", "2099-01-01"),
    ],
    ids=["no namespace", "bytes", "space before", "byte order mark", "space inside", "no prolog", "other namespace"],
)
def test_a_listing_reads_the_same_in_every_form(listing):
    """Namespace, prolog and padding make no difference."""
    assert parse_listing(parse(listing)) == parse_listing(parse(LISTING))


def test_an_empty_page_has_nothing():
    """A bucket without objects gives empty lists, no token, and a count of nothing."""
    assert tuple(parse_listing(parse("<ListBucketResult/>"))) == ([], [], False, None, 0)


def test_a_count_that_is_missing_is_made():
    """Servers without KeyCount are counted for."""
    assert parse_listing(parse(LISTING.replace("<KeyCount>3</KeyCount>", ""))).key_count == 3


@given(key=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_encoded_listings_are_decoded(key):
    """With EncodingType url every key comes out as it was, even one that XML cannot carry."""
    encoded = quote_plus(key)
    body = (
        f"<ListBucketResult><EncodingType>url</EncodingType><Contents><Key>{encoded}</Key></Contents>"
        f"<CommonPrefixes><Prefix>{encoded}</Prefix></CommonPrefixes></ListBucketResult>"
    )
    page = parse_listing(parse(body))
    assert (page.objects[0]["key"], page.prefixes) == (key, [key])


def test_plain_listings_are_not_decoded():
    """Without EncodingType a plus or percent sign is part of the key."""
    body = "<ListBucketResult><Contents><Key>a+b%20</Key></Contents></ListBucketResult>"
    assert parse_listing(parse(body)).objects[0]["key"] == "a+b%20"


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("<html/>", "<html>"),
        ("<ListBucketResult><Contents/></ListBucketResult>", "without a key"),
        ("<ListBucketResult><Contents><Key>k</Key><Size>big</Size></Contents></ListBucketResult>", "<Size>, got 'big'"),
        ("<ListBucketResult><Contents><Key>k</Key><Size>-1</Size></Contents></ListBucketResult>", "<Size>, got '-1'"),
        ("<ListBucketResult><KeyCount>٣</KeyCount></ListBucketResult>", "<KeyCount>"),
        (f"<ListBucketResult><KeyCount>{'9' * 5000}</KeyCount></ListBucketResult>", "<KeyCount>"),
    ],
)
def test_listings_that_break_the_rules_are_refused(body, problem):
    """Another document, an object without key, and numbers that are none raise and say what came."""
    with pytest.raises(S3ResponseError, match=problem):
        parse_listing(parse(body))


@pytest.mark.parametrize("empty", ["", b"", "  \n", b" \r\n\t"])
def test_an_empty_body_is_named(empty):
    """A 200 without a body says so."""
    with pytest.raises(S3ResponseError, match="empty body"):
        parse_result(empty)


@pytest.mark.parametrize(
    "body",
    [
        "<CopyObjectResult>",
        "<a></b>",
        "text",
        "<a/><b/>",
        b"<a>\xff</a>",
        "<a>\ud800</a>",
        "<a>\0</a>",
        "<!DOCTYPE html><html/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<!DOCTYPE a SYSTEM "http://example.invalid/a.dtd"><a/>',
    ],
)
def test_what_is_no_xml_of_s3_is_refused(body):
    """Broken XML and any DOCTYPE raise S3ResponseError with the request's target."""
    with pytest.raises(S3ResponseError) as caught:
        parse_result(body, operation="CopyObject", bucket="photos", key="k")
    error = caught.value
    assert (error.status_code, error.operation, error.bucket, error.key) == (200, "CopyObject", "photos", "k")


@pytest.mark.parametrize("cut", range(1, len(LISTING), 40))
def test_a_document_cut_short_is_refused(cut):
    """Half a document is never taken for a shorter one."""
    with pytest.raises(S3ResponseError):
        parse_result(LISTING[:cut])


@pytest.mark.parametrize("padding", ["", " \n \n", '<?xml version="1.0" encoding="UTF-8"?>\n   \n'])
def test_an_error_inside_a_200_is_raised(padding):
    """The error document that ends a slow 200 raises S3ServerError with its own code, AccessDenied too."""
    body = f"{padding}<Error><Code>AccessDenied</Code><Message>no</Message><RequestId>R</RequestId></Error>"
    with pytest.raises(S3ServerError) as caught:
        parse_result(body, operation="CompleteMultipartUpload", bucket="photos", key="k")
    error = caught.value
    assert str(error) == "AccessDenied (200): no"
    assert (error.operation, error.bucket, error.key, error.request_id) == (
        "CompleteMultipartUpload",
        "photos",
        "k",
        "R",
    )


def test_a_result_is_returned():
    """A document that is no error comes back, its elements by plain names."""
    root = parse_result(f'<CopyObjectResult xmlns="{NS[1:-1]}"><ETag>"x"</ETag><Empty/></CopyObjectResult>')
    assert root.tag == "CopyObjectResult"
    assert text(root, "ETag") == '"x"'
    assert text(root, "Empty", "default") == text(root, "Absent", "default") == "default"
    assert text(root, "Absent") == ""


@given(body=st.text(max_size=60) | st.binary(max_size=60) | st.text("<>/Eror&;?!- ", max_size=40))
def test_any_body_parses_or_raises_our_error(body):
    """No other exception leaves the parser."""
    try:
        outcome = parse_result(body).tag
    except S3Error as error:
        outcome = error.status_code
    assert outcome == 200 or isinstance(outcome, str)


def test_writes_the_parts_in_order():
    """CompleteMultipartUpload wants ascending numbers, quoted ETags, and the checksums that were sent."""
    body = build_complete(
        [
            {"part_number": 10, "etag": "b", "size": 5},
            {"part_number": 2, "etag": '"a"', "checksum_sha256": "c+/=", "checksum_crc32": None},
        ]
    )
    assert body == (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        b'<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        b'<Part><PartNumber>2</PartNumber><ETag>"a"</ETag><ChecksumSHA256>c+/=</ChecksumSHA256></Part>'
        b'<Part><PartNumber>10</PartNumber><ETag>"b"</ETag></Part></CompleteMultipartUpload>'
    )


@example(keys=["a\rb", "a\r\nb", "<&>]]>\"'"], quiet=False)
@given(keys=st.lists(XML_TEXT.filter(bool), max_size=4), quiet=st.booleans())
def test_deletions_name_exactly_the_keys(keys, quiet):
    """An XML parser that is not ours reads back every key, carriage returns and markup included."""
    root = ET.fromstring(build_delete(keys, quiet=quiet))
    assert root.tag == f"{NS}Delete"
    assert [element.text for element in root.iterfind(f"{NS}Object/{NS}Key")] == keys
    assert root.findtext(f"{NS}Quiet") == str(quiet).lower()


@pytest.mark.parametrize("character", ["\0", "\x01", "\x1f", "\ufffe", "\ud800"])
def test_keys_that_xml_cannot_carry_are_refused(character):
    """Rather than another key being deleted, the caller hears of the operation that can name this one."""
    with pytest.raises(S3InvalidRequestError, match="delete_object"):
        build_delete(["fine", f"a{character}b"])


@pytest.mark.parametrize(
    ("arguments", "content"),
    [
        ({}, None),
        ({"region": "us-east-1"}, None),
        ({"region": "eu-west-1"}, "<LocationConstraint>eu-west-1</LocationConstraint>"),
        (
            {
                "region": "us-east-1",
                "location_type": "AvailabilityZone",
                "location_name": "use1-az4",
                "bucket_type": "Directory",
                "data_redundancy": "SingleAvailabilityZone",
            },
            (
                "<Location><Name>use1-az4</Name><Type>AvailabilityZone</Type></Location>"
                "<Bucket><DataRedundancy>SingleAvailabilityZone</DataRedundancy><Type>Directory</Type></Bucket>"
            ),
        ),
        ({"bucket_type": "<&>"}, f"<Bucket><Type>{escape('<&>')}</Type></Bucket>"),
    ],
)
def test_a_new_bucket_says_only_what_is_needed(arguments, content):
    """us-east-1 must not be named; without anything to say there is no body."""
    body = build_create_bucket(**arguments)
    if content is None:
        assert body is None
    else:
        assert (
            body
            == (
                f'<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<CreateBucketConfiguration xmlns="{NS[1:-1]}">{content}</CreateBucketConfiguration>'
            ).encode()
        )
