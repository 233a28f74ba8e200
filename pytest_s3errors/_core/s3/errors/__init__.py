"""S3's errors: codes, statuses, elements and their XML."""
