"""Throws what no client should send at the simulated S3, which has to answer or to refuse, and to do nothing else."""
