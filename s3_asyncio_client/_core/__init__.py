"""The client without I/O: signing, XML, errors, retry decisions."""
