"""Runs the public suite ceph/s3-tests, which is no part of this project, against the standalone server."""
