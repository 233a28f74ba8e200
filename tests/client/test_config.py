"""Profiles out of AWS's shared files and variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3_asyncio_client.config import Profile, load_profile

KEYS = "aws_access_key_id = AKID\naws_secret_access_key = %(secret)/+\n"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """An empty home without AWS's variables."""
    for name in (
        "AWS_CONFIG_FILE",
        "AWS_SHARED_CREDENTIALS_FILE",
        "AWS_DEFAULT_REGION",
        "AWS_ENDPOINT_URL",
        "AWS_ENDPOINT_URL_S3",
    ):
        monkeypatch.delenv(name, raising=False)
    home = tmp_path / "home"
    (home / ".aws").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    return home


def write(path, text):
    path.write_text(text, "utf-8")
    return path


def test_a_config_file_alone_is_enough(tmp_path):
    """Keys may stand in the config file; a percent sign in the secret is a percent sign."""
    path = write(tmp_path / "config", f"[default]\n{KEYS}")
    assert load_profile(config_path=path) == Profile(access_key="AKID", secret_key="%(secret)/+", region="us-east-1")


@pytest.mark.parametrize("as_path", [str, Path])
def test_the_credentials_file_wins(tmp_path, as_path):
    """Each option comes from the credentials file if it is there, else from the config file."""
    config = write(
        tmp_path / "config",
        f"[default]\n{KEYS}region = eu-west-1\nendpoint_url = http://config\naws_session_token = of-the-config\n",
    )
    credentials = write(
        tmp_path / "credentials",
        "[default]\naws_access_key_id = AKID2\naws_secret_access_key = secret2\nregion = eu-north-1\n",
    )
    profile = load_profile("default", as_path(config), as_path(credentials))
    assert profile == Profile(
        access_key="AKID2", secret_key="secret2", region="eu-north-1", endpoint_url="http://config"
    )


@pytest.mark.parametrize("owner", ["config", "credentials"])
def test_the_token_comes_from_the_file_of_its_key(tmp_path, owner):
    """Temporary credentials are three values of one file; a lone token elsewhere is of other credentials."""
    files = {"config": "[default]\naws_session_token = of-config\n", "credentials": "[default]\n"}
    files["credentials"] += "aws_session_token = of-credentials\n"
    files[owner] += KEYS
    paths = {name: write(tmp_path / name, text) for name, text in files.items()}
    profile = load_profile(config_path=paths["config"], credentials_path=paths["credentials"])
    assert profile.session_token == f"of-{owner}"


@pytest.mark.parametrize(
    ("name", "section"),
    [("default", "default"), ("default", "profile default"), ("work", "profile work"), ("work", "work")],
)
def test_sections_of_the_config_file(tmp_path, name, section):
    """A profile is `[profile NAME]`; the default one, and ones that people wrote so, are `[NAME]`."""
    path = write(tmp_path / "config", f"[other]\nregion = x\n[{section}]\n{KEYS}region = eu-west-1\n")
    assert load_profile(name, path).region == "eu-west-1"


def test_the_longer_spelling_of_the_default_wins(tmp_path):
    """With both spellings of the default profile, the options of `[profile default]` count first."""
    path = write(tmp_path / "config", f"[default]\n{KEYS}region = a\n[profile default]\nregion = b\n")
    assert load_profile(config_path=path).region == "b"


def test_other_sections_are_not_mixed_in(tmp_path):
    """Neither the default profile nor a section [DEFAULT] lends its options to another profile."""
    path = write(tmp_path / "config", f"[DEFAULT]\nregion = x\n[default]\nregion = y\n[profile work]\n{KEYS}")
    assert load_profile("work", path).region == "us-east-1"


def test_the_files_in_the_home_directory_are_read(home):
    """Without arguments `~/.aws/config` and `~/.aws/credentials` count."""
    write(home / ".aws" / "config", "[default]\nregion = eu-west-1\n")
    write(home / ".aws" / "credentials", f"[default]\n{KEYS}")
    assert load_profile().region == "eu-west-1"
    assert load_profile().access_key == "AKID"


def test_variables_name_the_files(tmp_path, home, monkeypatch):
    """AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE replace the files in the home directory."""
    write(home / ".aws" / "credentials", "[default]\naws_access_key_id = wrong\naws_secret_access_key = wrong\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(write(tmp_path / "c1", "[default]\nregion = eu-west-1\n")))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(write(tmp_path / "c2", f"[default]\n{KEYS}")))
    assert (load_profile().access_key, load_profile().region) == ("AKID", "eu-west-1")


@pytest.mark.parametrize(
    "text",
    [
        "[default]\nendpoint_url = http://h:9000\n",
        "[default]\ns3 =\n    endpoint_url = http://h:9000\n",
        "[default]\nendpoint_url = http://wrong\ns3 =\n    max_concurrent_requests = 20\n    endpoint_url=http://h:9000\n",
        "[default]\nservices = local\n[services local]\ns3 =\n    endpoint_url = http://h:9000\n",
    ],
    ids=["own", "nested", "nested before own", "services"],
)
def test_places_of_the_endpoint(tmp_path, text):
    """The endpoint may stand in the profile, below `s3 =`, or in the section of services."""
    path = write(tmp_path / "config", text + f"[profile default]\n{KEYS}")
    assert load_profile(config_path=path).endpoint_url == "http://h:9000"


@pytest.mark.parametrize("nested", ["max_concurrent_requests = 20", "endpoint_url ="])
def test_a_nested_section_without_an_endpoint_names_none(tmp_path, nested):
    """Other settings of S3, or an empty endpoint, leave AWS's own."""
    path = write(tmp_path / "config", f"[default]\n{KEYS}s3 =\n    {nested}\n")
    assert load_profile(config_path=path).endpoint_url is None


def test_variables_fill_what_the_files_leave_out(tmp_path, monkeypatch):
    """Region and endpoint may come from the environment, S3's own endpoint first; the files win."""
    bare = write(tmp_path / "bare", f"[default]\n{KEYS}")
    full = write(tmp_path / "full", f"[default]\n{KEYS}region = eu-west-1\nendpoint_url = http://file\n")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://all")
    assert (load_profile(config_path=bare).region, load_profile(config_path=bare).endpoint_url) == (
        "us-west-2",
        "http://all",
    )
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://s3")
    assert load_profile(config_path=bare).endpoint_url == "http://s3"
    assert (load_profile(config_path=full).region, load_profile(config_path=full).endpoint_url) == (
        "eu-west-1",
        "http://file",
    )


@pytest.mark.parametrize(
    ("text", "option"),
    [
        ("", "aws_access_key_id"),
        ("[default]\naws_secret_access_key = x\n", "aws_access_key_id"),
        ("[default]\naws_access_key_id =\naws_secret_access_key = x\n", "aws_access_key_id"),
        ("[default]\naws_access_key_id = x\n", "aws_secret_access_key"),
    ],
)
def test_a_missing_key_is_named_with_the_files(tmp_path, text, option):
    """The message has the option, the profile and the files that were read."""
    path = write(tmp_path / "config", text)
    with pytest.raises(ValueError, match=f"^{option} not found for profile 'default' in config or credentials") as e:
        load_profile(config_path=path)
    assert str(path) in str(e.value)


def test_missing_files_are_like_empty_ones(tmp_path):
    """A path where no file is means that nothing is configured there."""
    with pytest.raises(ValueError, match="not found for profile 'work'"):
        load_profile("work", tmp_path / "none", tmp_path / "none either")


@pytest.mark.parametrize("content", [b"aws_secret_access_key = hidden\n", b"[default]\nhidden\n", b"\xff\xfe"])
def test_a_file_that_is_none_is_refused_without_quoting_it(tmp_path, content):
    """A broken file is named; its lines, which may be secrets, are not, not even in the chain of causes."""
    path = tmp_path / "credentials"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="credentials is not a configuration file") as caught:
        load_profile(credentials_path=path)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_repr_has_no_secret():
    """Secret and token do not show."""
    shown = repr(Profile(access_key="AKID", secret_key="hidden1", session_token="hidden2"))
    assert "AKID" in shown
    assert "hidden" not in shown
