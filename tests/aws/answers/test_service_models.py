"""The SDK's models are found whatever the user's config files say."""

import pytest

from bulkeic.aws.answers import service_models


@pytest.mark.parametrize(
    ("name", "value"), [("AWS_PROFILE", "missing"), ("AWS_CONFIG_FILE", __file__)]
)
def test_a_model_needs_no_profile_and_no_config_file(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    service_models._service_model.cache_clear()  # noqa: SLF001 - other tests load models, too

    assert "Credentials" in service_models.output_shape("sts", "AssumeRole").members
    assert service_models.output_shape("lambda", "DeleteFunctionEventInvokeConfig") is None
