"""The endpoint that a user has set, as a run file stores it."""

from pathlib import Path

import pytest

from bulkeic.aws.identity.access import Access

CONFIG = """\
[default]
endpoint_url = http://of-the-profile
services = ours
[services ours]
lambda =
  endpoint_url = http://of-the-service
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "config"
    path.write_text("")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    return path


@pytest.mark.usefixtures("config")
def test_without_settings_it_is_aws() -> None:
    assert Access().endpoint("lambda") is None
    assert Access(endpoint_url="http://given").endpoint("lambda") == "http://given"


def test_the_config_file_sets_it_for_a_service_or_for_all(config: Path) -> None:
    config.write_text(CONFIG)

    access = Access()

    assert access.endpoint("lambda") == "http://of-the-service"
    assert access.endpoint("sts") == "http://of-the-profile"


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_LAMBDA"])
def test_the_environment_beats_the_config_file_and_its_login_is_left_out(
    config: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config.write_text(CONFIG)
    monkeypatch.setenv(name, "https://me:secret@host:8443/x")

    assert Access().endpoint("lambda") == "https://host:8443/x"

    monkeypatch.setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true")
    assert Access().endpoint("lambda") is None
