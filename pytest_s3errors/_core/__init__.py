"""The simulated S3, without I/O: requests in, exchanges out."""
