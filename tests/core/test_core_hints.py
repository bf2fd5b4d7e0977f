"""A hint fits its error."""

import pytest

from bulkeic.core.change.reconcile import MISSING, NO_FUNCTION
from bulkeic.core.model import Outcome, SourceLine, Status
from bulkeic.core.report.hints import hint_for

DENIED = "User: arn:aws:sts::1:x is not authorized to perform: lambda:GetFunction on resource: y"


def hint(code: str, message: str, *, creates_missing: bool = False) -> str:
    outcome = Outcome(
        0, SourceLine("t.csv", 2), "f", None, Status.FAILED, error_code=code, error_message=message
    )
    return hint_for(outcome, creates_missing=creates_missing) or ""


def test_a_denied_action_is_named() -> None:
    assert hint("AccessDeniedException", DENIED).startswith("the credentials need lambda:GetFunct")
    assert "lambda:" not in hint("AccessDeniedException", "no")
    assert "sts:AssumeRole" in hint("AccessDenied", "no")


@pytest.mark.parametrize(
    ("message", "creates_missing", "suggests"),
    [
        ("there is no configuration", False, True),
        ("there is no configuration", True, False),
        ("The function doesn't exist.", False, False),
        (NO_FUNCTION, False, False),
    ],
)
def test_create_missing_is_suggested_only_where_it_helps(
    *, message: str, creates_missing: bool, suggests: bool
) -> None:
    text = hint(MISSING, message, creates_missing=creates_missing)
    assert ("--create-missing" in text) == suggests
    assert text


def test_an_unknown_code_has_no_hint() -> None:
    assert hint("Else", DENIED) == ""
