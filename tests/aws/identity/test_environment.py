"""Which environments are understood without the SDK."""

import os
from pathlib import Path

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.environment import has_only_known_settings

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA123456789012", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "REQUESTS_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


def is_known(access: Access) -> bool:
    return access.known_requests("us-east-1") is not None


def test_keys_in_the_environment_and_nothing_else_are_known() -> None:
    assert is_known(Access())
    assert is_known(Access(endpoint_url="http://127.0.0.1:80"))
    assert not is_known(Access(endpoint_url="http://127.0.0.1:80/path"))


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("AWS_SESSION_TOKEN", "token", True),
        ("AWS_REGION", "eu-west-1", True),
        ("AWS_DEFAULT_REGION", "eu-west-1", True),
        ("AWS_CA_BUNDLE", "/etc/ca.pem", True),
        ("AWS_EC2_METADATA_DISABLED", "true", True),
        ("AWS_CONFIG_FILE", "/nowhere/config", True),
        ("AWS_SHARED_CREDENTIALS_FILE", "/nowhere/credentials", True),
        ("AWS_CONFIG_FILE", os.devnull, True),
        ("no_proxy", "localhost", True),
        ("https_proxy", "", True),
        ("https_proxy", "http://proxy", False),
        ("HTTP_PROXY", "http://proxy", False),
        ("all_proxy", "http://proxy", False),
        ("AWS_ENDPOINT_URL", "http://x", False),
        ("AWS_ENDPOINT_URL_LAMBDA", "http://x", False),
        ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", False),
        ("AWS_USE_FIPS_ENDPOINT", "true", False),
        ("AWS_USE_DUALSTACK_ENDPOINT", "true", False),
        ("AWS_STS_REGIONAL_ENDPOINTS", "legacy", False),
        ("AWS_DEFAULTS_MODE", "standard", False),
        ("AWS_DATA_PATH", "/models", False),
        ("AWS_SDK_UA_APP_ID", "x", False),
        ("AWS_CREDENTIAL_EXPIRATION", "2030-01-01T00:00:00Z", False),
        ("AWS_SECURITY_TOKEN", "x", False),
        ("AWS_LAMBDA_FUNCTION_NAME", "x", False),
        ("AWS_SOMETHING_NEW", "x", False),
        ("BOTO_CONFIG", "x", False),
        ("BOTOCORE_TCP_KEEPALIVE", "true", False),
        ("REQUESTS_CA_BUNDLE", "/etc/ca.pem", True),
        ("REQUESTS_CA_BUNDLE", " ", False),
        ("AWS_CA_BUNDLE", "", False),
        ("SSLKEYLOGFILE", "/tmp/keys", False),
        ("AWS_SECRET_ACCESS_KEY", "", False),
        ("AWS_SECRET_ACCESS_KEY", "sécret", False),
    ],
)
def test_a_setting_that_only_the_sdk_understands_needs_the_sdk(
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    expected: bool,  # noqa: FBT001 - a parameter of pytest
) -> None:
    monkeypatch.setenv(name, value)
    assert is_known(Access()) is expected


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE", "http_proxy"])
def test_an_isolated_access_ignores_profiles_and_proxies(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")

    assert not has_only_known_settings(isolated=False)
    assert has_only_known_settings(isolated=True)


@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_file_that_the_environment_names_needs_the_sdk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, str(tmp_path / "file"))

    assert not is_known(Access())


@pytest.mark.parametrize("path", ["$HOME/file", "${HOME}/file", "~/file"])
@pytest.mark.parametrize("name", ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"])
def test_a_path_is_expanded_as_the_sdk_expands_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, path: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(name, path)

    assert not is_known(Access())


@pytest.mark.parametrize("name", ["config", "credentials", "models"])
def test_the_files_of_the_sdk_need_the_sdk(tmp_path: Path, name: str) -> None:
    folder = tmp_path / ".aws"
    folder.mkdir()
    (folder / name).touch()

    assert not has_only_known_settings(isolated=False)
    assert has_only_known_settings(isolated=True) is (name != "models")
