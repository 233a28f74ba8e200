"""Read credentials, region and endpoint from the files and variables that AWS tools use."""

from __future__ import annotations

import configparser
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Profile", "load_profile"]

_DEFAULT_REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The settings of a profile; secrets stay out of ``repr``.

    Attributes:
        access_key: Id of the key.
        secret_key: The key.
        region: Region to sign for.
        endpoint_url: Endpoint to use instead of AWS's. None: AWS's.
        session_token: Token of temporary credentials. None: the credentials are permanent.
    """

    access_key: str
    secret_key: str = field(repr=False)
    region: str = _DEFAULT_REGION
    endpoint_url: str | None = None
    session_token: str | None = field(default=None, repr=False)


def load_profile(
    profile_name: str = "default",
    config_path: str | os.PathLike[str] | None = None,
    credentials_path: str | os.PathLike[str] | None = None,
) -> Profile:
    """Read a profile of AWS's shared configuration files.

    What the credentials file says wins over the config file; both win over the variables AWS_DEFAULT_REGION,
    AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL. In the config file an endpoint may stand in the profile itself, below
    ``s3 =`` there, or below ``s3 =`` in the ``[services NAME]`` that the profile refers to.

    Args:
        profile_name: Name of the profile, without "profile ".
        config_path: Config file; by default AWS_CONFIG_FILE, else ``~/.aws/config``. It need not exist.
        credentials_path: Credentials file; by default AWS_SHARED_CREDENTIALS_FILE, else ``~/.aws/credentials``. It
            need not exist.

    Raises:
        ValueError: The key's id or the key is in neither file, or a file is no INI file.
        OSError: A file exists and cannot be read.

    Source: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
    """
    config_file = _path(config_path, "AWS_CONFIG_FILE", "config")
    credentials_file = _path(credentials_path, "AWS_SHARED_CREDENTIALS_FILE", "credentials")
    config_sections = _read(config_file)
    config = _section(config_sections, f"profile {profile_name}") or _section(config_sections, profile_name)
    if profile_name == "default":  # both spellings are allowed for it; AWS's tools take the longer one first
        config = _section(config_sections, "default") | config
    credentials = _section(_read(credentials_file), profile_name)

    def require(option: str) -> str:
        if value := credentials.get(option) or config.get(option):
            return value
        raise ValueError(
            f"{option} not found for profile '{profile_name}' in config or credentials files "
            f"({config_file}, {credentials_file})"
        )

    access_key, secret_key = require("aws_access_key_id"), require("aws_secret_access_key")
    # A token belongs to its key: one from the other file would be of other credentials.
    owner = credentials if credentials.get("aws_access_key_id") else config
    return Profile(
        access_key=access_key,
        secret_key=secret_key,
        session_token=owner.get("aws_session_token") or None,
        region=credentials.get("region")
        or config.get("region")
        or os.environ.get("AWS_DEFAULT_REGION")
        or _DEFAULT_REGION,
        endpoint_url=_endpoint(credentials)
        or _endpoint(config)
        or _endpoint(_section(config_sections, f"services {config.get('services', '')}"))
        or os.environ.get("AWS_ENDPOINT_URL_S3")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None,
    )


def _path(given: str | os.PathLike[str] | None, variable: str, name: str) -> Path:
    return Path(given or os.environ.get(variable) or Path("~", ".aws", name)).expanduser()


def _read(path: Path) -> configparser.ConfigParser:
    # Without interpolation, because a secret may have a "%"; no section's options are everybody's default.
    parser = configparser.ConfigParser(interpolation=None, default_section="", strict=False)
    try:
        parser.read_string(path.read_text("utf-8"))
    except FileNotFoundError:
        pass
    except (configparser.Error, UnicodeDecodeError) as error:
        # From None: the parser's message quotes the line, which may be the secret.
        raise ValueError(f"{path} is not a configuration file: {type(error).__name__}") from None
    return parser


def _section(sections: configparser.ConfigParser, name: str) -> dict[str, str]:
    return dict(sections[name]) if sections.has_section(name) else {}


def _endpoint(section: Mapping[str, str]) -> str | None:
    """Give the endpoint below ``s3 =``, else the section's own; a nested section is one value of several lines."""
    for line in section.get("s3", "").splitlines():
        option, _, value = line.partition("=")
        if option.strip() == "endpoint_url":
            return value.strip() or None
    return section.get("endpoint_url")
