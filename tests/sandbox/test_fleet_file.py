"""State files: written, read, and refused if malformed."""

import io
import json

import pytest

from bulkeic.sandbox import Sandbox

from .sandbox_client import ACCOUNT, REGION, StartSandbox


def test_equal_fleets_have_equal_text(start_sandbox: StartSandbox) -> None:
    def state(names: list[str]) -> str:
        sandbox, file = Sandbox(), io.StringIO()
        for name in names:
            sandbox.add_function(ACCOUNT, REGION, name)
            sandbox.add_function("210987654321", "eu-west-1", f"{name}-unconfigured", "live")
        sandbox.save_state(file)
        return file.getvalue()

    text = state(["b", "a", "c"])
    assert text == state(["c", "b", "a"])
    assert "LastModified" not in text
    assert len(text.splitlines()) == 2 * 3 + 2 + 2
    sandbox = start_sandbox()
    assert sandbox.admin("PUT", "state", json.loads(text)) == (200, {})
    file = io.StringIO()
    again = Sandbox()
    again.load_state(text)
    again.save_state(file)
    assert file.getvalue() == text


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"a": [1]}', '{"a/b": {"c": {"d": 1}}}']
)
def test_invalid_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|Expecting|no JSON"):
        Sandbox().load_state(text)


def test_true_and_one_are_not_confused() -> None:
    configs = {name: {"MaximumRetryAttempts": value} for name, value in (("a", 1), ("b", True))}
    functions = {name: {"$LATEST": config} for name, config in configs.items()}
    with pytest.raises(ValueError, match="us-east-1/b: BOOLEAN_VALUE can not be converted"):
        Sandbox().load_state(json.dumps({f"{ACCOUNT}/{REGION}": functions}))


def test_an_empty_fleet_is_an_empty_object() -> None:
    file = io.StringIO()
    Sandbox().save_state(file)
    assert json.loads(file.getvalue()) == {}
