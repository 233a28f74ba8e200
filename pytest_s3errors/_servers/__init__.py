"""The loopback servers, which play what the core decides."""
