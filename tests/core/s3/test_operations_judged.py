"""Bucket and key are read from URLs as botocore means them."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlsplit

import botocore.awsrequest
import botocore.config
import botocore.session
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_s3errors._core.s3.calls import parse_call

unhurried = settings(deadline=None)
any_key = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=40)
awkward_key = st.text(st.sampled_from("ab/.+% ~é\u2603\U0001f600?#&=:'()\n\\"), min_size=1, max_size=20) | any_key


@dataclass
class Sent:
    """What botocore would have put on the wire."""

    request: botocore.awsrequest.AWSPreparedRequest | None = None

    def __call__(self, request, **_kwargs):
        self.request = request
        return botocore.awsrequest.AWSResponse(request.url, 204, {}, SimpleNamespace(stream=lambda: iter([b""])))


def client(style, sent, **options):
    session = botocore.session.Session()
    session.set_credentials("an-id", "a-key")
    config = botocore.config.Config(s3={"addressing_style": style}, ignore_configured_endpoint_urls=True)
    made = session.create_client("s3", region_name="eu-west-1", config=config, **options)
    made.meta.events.register("before-send.s3", sent)
    return made


@pytest.fixture(scope="module")
def clients():
    """One recording botocore client per addressing style, on Amazon's host and on another."""
    made = {}
    for style in ("path", "virtual"):
        for url in (None, "http://store.example:9000"):
            sent = Sent()
            made[style, url] = (client(style, sent, endpoint_url=url), sent)
    return made


@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("url", [None, "http://store.example:9000"])
@unhurried
@given(key=awkward_key)
def test_reads_bucket_and_key_of_botocores_urls(clients, style, url, key):
    """Whatever the key, both addressing styles are read back as botocore meant them."""
    boto, sent = clients[style, url]
    boto.delete_object(Bucket="some-bucket", Key=key)
    parts = urlsplit(sent.request.url)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    call = parse_call(
        method=sent.request.method,
        target=target,
        scheme=parts.scheme,
        headers={"host": parts.netloc},
        endpoints=("store.example:9000",),
    )
    assert (call.bucket, call.key, call.operation) == ("some-bucket", key, "DeleteObject")
    assert call.endpoint == ("store.example:9000" if url else "s3.eu-west-1.amazonaws.com")
    assert call.url == sent.request.url
