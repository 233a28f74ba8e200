"""The `mock` layer: doubles of HTTP clients, without a socket."""
