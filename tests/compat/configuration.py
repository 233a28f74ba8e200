"""The suite's configuration file: which server, and whose keys."""

from __future__ import annotations

import configparser
import io
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# The accounts that the suite wants to know, by the section of its file. It signs with these at a loopback server only.
ACCOUNTS = {
    "s3 main": ("AKIASUITEMAIN0000000", "suite/main/secret"),
    "s3 alt": ("AKIASUITEALT00000000", "suite/alt/secret"),
    "s3 tenant": ("AKIASUITETENANT00000", "suite/tenant/secret"),
    "iam": ("AKIASUITEIAM00000000", "suite/iam/secret"),
    "iam root": ("AKIASUITEROOT0000000", "suite/root/secret"),
    "iam alt root": ("AKIASUITEALTROOT0000", "suite/altroot/secret"),
}


def configuration(host: str, port: int, accounts: Mapping[str, tuple[str, str]] = ACCOUNTS) -> str:
    """The file's text, for a server at *host* and *port* that knows *accounts*."""
    file = configparser.RawConfigParser()
    file["DEFAULT"] = {"host": host, "port": str(port), "is_secure": "False", "ssl_verify": "False"}
    file["fixtures"] = {"bucket prefix": "suite-{random}-"}
    for section, (access_key, secret_key) in accounts.items():
        file[section] = {
            "access_key": access_key,
            "secret_key": secret_key,
            # The canonical id of an account here follows from its access key.
            "user_id": sha256(access_key.encode()).hexdigest(),
            "display_name": section,
            "email": f"{section.replace(' ', '.')}@example.com",
        }
    file["s3 main"]["api_name"] = "eu-west-1"
    file["s3 tenant"]["tenant"] = "suite"
    text = io.StringIO()
    file.write(text)
    return text.getvalue()
