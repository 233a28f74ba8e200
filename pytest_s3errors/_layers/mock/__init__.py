"""The `mock` layer: mocks of HTTP clients, without a socket."""
