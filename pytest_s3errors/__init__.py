"""S3 error conditions as pytest markers and fixtures."""

__version__ = "0.1.0"
