"""The `wire` layer: connections to S3 end at a loopback server."""
