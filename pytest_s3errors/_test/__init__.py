"""One test: its markers, its lifetime, its controller, and the verdict."""
