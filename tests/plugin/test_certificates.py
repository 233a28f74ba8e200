"""Bundles of certificates wait until a handshake needs them."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_s3errors._guard import owner
from pytest_s3errors._guard.owner import Owner
from pytest_s3errors._guard.seams import Seams
from pytest_s3errors._layers.wire import certificates

AUTHORITY = """-----BEGIN CERTIFICATE-----
MIIBiDCCAS2gAwIBAgIULQTxbpiZkVM+GgmSAN2T488/xlgwCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNczNlcnJvcnMgdGVzdDAgFw0yNjExMjUwMDI3MjRaGA8yMTI2
MTEwMTAwMjcyNFowGDEWMBQGA1UEAwwNczNlcnJvcnMgdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABGlbHzGihzne84yfCK/siqCuHadtyUxRnljtSvZDpHf0
X7XI2/vgSceEaLqL3d8UBeceZmJaog5W+37FlSHmJi+jUzBRMB0GA1UdDgQWBBT5
Q8qAVrq3FikQD9JyppkDGYP4qDAfBgNVHSMEGDAWgBT5Q8qAVrq3FikQD9JyppkD
GYP4qDAPBgNVHRMBAf8EBTADAQH/MAoGCCqGSM49BAMCA0kAMEYCIQDGS95rBo/i
oz4sO2DAqoIn9mJB6d9Xt5ZOnmw7MksquQIhAMPNevFbrGVs9979odYvdKRLNi4l
vtr8ugIN5KrNq+gr
-----END CERTIFICATE-----
"""
OTHER = """-----BEGIN CERTIFICATE-----
MIIBiTCCAS+gAwIBAgIUUfdKJgy6/RgXGbEaKp9fWBWPp/gwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOczNlcnJvcnMgb3RoZXIwIBcNMjYxMTI1MDAyODM3WhgPMjEy
NjExMDEwMDI4MzdaMBkxFzAVBgNVBAMMDnMzZXJyb3JzIG90aGVyMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAEF5pWqcudorLq3rE7uBiMi/G9LDTHl63AT+2x14+T
RMlNn31lO7zeuzD+xvLwf0xjoAW+mVomq6orfnrB9d/6sqNTMFEwHQYDVR0OBBYE
FLCqMsG7yDwNhzA3PZxwoGExJe36MB8GA1UdIwQYMBaAFLCqMsG7yDwNhzA3PZxw
oGExJe36MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIhAJrGjPwE
sFTqe+JrocVSiNUGjpMcuQ5lCnJCOPqaVw2lAiBUSRl67zeDGQuXcRCxTXiTxBDS
hwLbi7bam6jRVBFy+Q==
-----END CERTIFICATE-----
"""


@pytest.fixture
def patches() -> Iterator[Owner]:
    """Certificates put off for a test, until its end. No socket is ours."""
    test = Owner("test")
    owner.begin(test)
    certificates.install(Seams(test), lambda _sock: False)
    yield test
    if owner.current() is test:
        owner.end(test)


@pytest.fixture
def bundle(tmp_path: Path, patches: Owner) -> Path:
    """A bundle with one authority, which a client has read before."""
    del patches  # they are in place
    path = tmp_path / "bundle.pem"
    path.write_text(AUTHORITY)
    context().load_verify_locations(path)
    return path


def context() -> ssl.SSLContext:
    """A client's context without any certificate."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def read(of: ssl.SSLContext) -> int:
    """How many certificates OpenSSL has read so far for *of*; asks in a way that reads none."""
    return ssl.SSLContext.cert_store_stats(of)["x509"]


def test_the_first_client_reads_at_once(tmp_path, patches):
    """A bundle that nobody has read yet may be broken, so it is read where it is asked for."""
    path = tmp_path / "bundle.pem"
    path.write_text(AUTHORITY)
    first = context()
    first.load_verify_locations(cafile=str(path))
    assert read(first) == 1


def test_a_later_one_waits(bundle):
    """The same file is not read again before it is needed."""
    later = context()
    later.load_verify_locations(str(bundle))
    assert read(later) == 0


@pytest.mark.parametrize(
    "need",
    [
        lambda context: context.get_ca_certs(),
        lambda context: context.cert_store_stats(),
        lambda context: context.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="host"),
        lambda context: _wrapped(context, "host"),
    ],
    ids=["get_ca_certs", "cert_store_stats", "wrap_bio", "wrap_socket"],
)
@pytest.mark.parametrize("undone", [False, True])
def test_whatever_needs_it_has_it(bundle, patches, need, undone):
    """A handshake with anybody else has all certificates, also when the client outlives the test."""
    later = context()
    later.load_verify_locations(bundle)
    if undone:
        owner.end(patches)
    need(later)
    assert read(later) == 1
    assert vars(later) == {}


def _wrapped(context: ssl.SSLContext, host: str) -> None:
    with socket.socket() as sock, context.wrap_socket(sock, server_hostname=host):
        pass


def test_two_bundles_are_both_read(bundle, tmp_path):
    """A second bundle does not take the place of the first."""
    other = tmp_path / "other.pem"
    other.write_text(OTHER)
    context().load_verify_locations(other)
    later = context()
    for path in (bundle, other, bundle):
        later.load_verify_locations(path)
    assert later.cert_store_stats()["x509"] == 2


@pytest.mark.parametrize(("text", "error"), [(None, FileNotFoundError), ("no certificate", ssl.SSLError)])
def test_errors_show_where_the_client_expects_them(bundle, text, error):
    """A bundle that is gone or was spoiled since is an error at once."""
    bundle.unlink()
    if text is not None:
        bundle.write_text(text)
    with pytest.raises(error):
        context().load_verify_locations(bundle)


def test_a_changed_bundle_is_read_at_once(bundle):
    """It is another file, of the same name and size."""
    bundle.write_text(AUTHORITY)
    os.utime(bundle, ns=(1, 1))
    later = context()
    later.load_verify_locations(bundle)
    assert read(later) == 1


def test_bytes_and_directories_are_read_at_once(bundle, tmp_path):
    """Only a file is put off."""
    later = context()
    later.load_verify_locations(bundle, str(tmp_path))
    assert read(later) == 1
    later = context()
    later.load_verify_locations(cadata=AUTHORITY)
    assert read(later) == 1


def test_a_context_of_another_class_is_left_alone(bundle):
    """Its methods may mean something else."""

    class Own(ssl.SSLContext):
        pass

    own = Own(ssl.PROTOCOL_TLS_CLIENT)
    own.load_verify_locations(bundle)
    assert read(own) == 1


def test_the_simulated_s3_needs_none(run):
    """A second boto3 client asks for https, and OpenSSL reads nothing for it."""
    run(
        """
import boto3, ssl

def context_of(client):
    return client._endpoint.http_session._manager.connection_pool_kw["ssl_context"]

@pytest.mark.s3_bucket("bucket")
def test_it():
    for _ in range(2):
        client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        client.head_bucket(Bucket="bucket")
        context = context_of(client)
    assert ssl.SSLContext.cert_store_stats(context)["x509"] == 0
    assert context.cert_store_stats()["x509"] > 0
"""
    ).assert_outcomes(passed=1)
