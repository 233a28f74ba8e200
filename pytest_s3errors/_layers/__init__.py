"""Adapters between a client and the simulator; they decide nothing."""
