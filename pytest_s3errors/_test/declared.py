"""The markers as pytest lists them, one line each: name, arguments, purpose. `pytest --markers` prints them."""

MARKERS = {
    "s3_fail": "s3_fail(what=None, /, **options): fail S3 requests with an error code, a status or a network fault.",
    "s3_script": "s3_script(*outcomes, **match): one outcome per matching request, in order; then requests pass.",
    "s3_outage": 's3_outage(duration, /, *, start=0.0, what="ServiceUnavailable", **match): fail for so many seconds.',
    "s3_slow": "s3_slow(first_byte=0.0, bytes_per_second=None, **match): answers come late, and at a rate.",
    "s3_bucket": 's3_bucket(name, region="us-east-1", *, versioning=False, access_points=()): this bucket exists,'
    " others do not.",
    "s3_object": 's3_object(bucket, key, body=b"", **attributes): an object that exists when the test starts.',
    "s3_credentials": "s3_credentials(access_key=None, secret_key=None, /, *, session_token=None, anonymous=False):"
    " S3 knows these keys and the test's own, and refuses others.",
    "s3_layer": 's3_layer("client" | "mock" | "wire"): where the simulated S3 takes the place of the real one.',
    "s3_server": 's3_server("thread" | "process"): where the simulated S3 of blocking and foreign clients runs.',
    "s3_dialect": 's3_dialect("aws" | "minio" | "r2" | "b2"): the kind of store, by its errors and what it refuses.',
    "s3_limits": "s3_limits(requests=10_000, alike=2_000, time=86_400, silence=30): what ends a test without end.",
    "s3_expect": "s3_expect(**expectations): what must hold of the test's whole body: attempts, backoff, elapsed ...",
    "s3_sweep": 's3_sweep(faults=None, operation=None, modes=("once", "always"), survive="transient", budget=60,'
    " shards=1, depth=1, random=0): run the test once more for each fault at each of its requests.",
    "s3_time": 's3_time("virtual" | "real"): whether sleeps and timeouts of the test take real time.',
}
