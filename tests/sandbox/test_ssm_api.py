"""Systems Manager: GetCalendarState, called by boto3."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox.behavior.account_options import AccountOptions
from bulkeic.sandbox.state.sandbox_calendars import iso_time, parse_iso_time

from .sandbox_client import ACCOUNT, REGION, SandboxThread, StartSandbox, expect_error

FREEZE = f"arn:aws:ssm:{REGION}:210987654321:document/freeze"
STARTS = {
    "always": "open",
    "never": "CLOSED",
    FREEZE: "closed@until=2099-01-02T00:00Z",
    "window": "open@until=2099-01-03",
    "odd": "unsupported",
}


@pytest.fixture(scope="module")
def calendars(sandbox: SandboxThread) -> Any:
    for name, state in STARTS.items():
        assert sandbox.admin("POST", "calendars", {"name": name, "state": state}) == (200, {})
    return sandbox.client(service="ssm")


def state(client: Any, *names: str, **more: str) -> tuple[str, str | None]:
    answer = client.get_calendar_state(CalendarNames=list(names), **more)
    return answer["State"], answer.get("NextTransitionTime")


@pytest.mark.parametrize(
    ("names", "at", "expected"),
    [
        (["always"], None, ("OPEN", None)),
        (["never"], None, ("CLOSED", None)),
        (["always", "never"], None, ("CLOSED", None)),
        (["freeze"], None, ("CLOSED", "2099-01-02T00:00:00Z")),
        ([FREEZE], None, ("CLOSED", "2099-01-02T00:00:00Z")),
        (["freeze"], "2099-01-02T00:00:00Z", ("OPEN", None)),
        (["window"], None, ("OPEN", "2099-01-03T00:00:00Z")),
        (["freeze", "window"], None, ("CLOSED", "2099-01-02T00:00:00Z")),
        (["freeze", "window"], "2099-01-02T12:00+01:00", ("OPEN", "2099-01-03T00:00:00Z")),
        (["freeze", "window"], "2099-02-01T00:00:00Z", ("CLOSED", None)),
        (["freeze", "never"], None, ("CLOSED", None)),
    ],
)
def test_states(
    calendars: Any, names: list[str], at: str | None, expected: tuple[str, str | None]
) -> None:
    more = {} if at is None else {"AtTime": at}
    assert state(calendars, *names, **more) == expected


def test_the_time_is_the_one_asked_for(calendars: Any) -> None:
    at = "2026-11-27T18:00:00+01:00"
    answer = calendars.get_calendar_state(CalendarNames=["always"], AtTime=at)
    assert answer["AtTime"] == at
    assert calendars.get_calendar_state(CalendarNames=["always"])["AtTime"].endswith("Z")


@pytest.mark.parametrize(
    ("names", "more", "code"),
    [
        (["nope"], {}, "InvalidDocument"),
        ([FREEZE.replace(REGION, "eu-west-1")], {}, "InvalidDocument"),
        (["AWS-RunShellScript"], {}, "InvalidDocumentType"),
        (["always", "odd"], {}, "UnsupportedCalendarException"),
        (["a b"], {}, "ValidationException"),
        ([], {}, "ValidationException"),
        (["always"], {"AtTime": "soon"}, "ValidationException"),
    ],
)
def test_refusals(calendars: Any, names: list[str], more: dict[str, str], code: str) -> None:
    got = expect_error(calendars.get_calendar_state, CalendarNames=names, **more)
    assert (got.code, got.status) == (code, 400)
    assert got.message


def test_access_is_denied_as_for_other_services(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(
        any_calendar=True,
        accounts=AccountOptions(
            enabled_regions={"*": [REGION]},
            denied_operations={ACCOUNT: ["ssm:GetCalendarState"]},
        ),
    )
    got = expect_error(sandbox.client(service="ssm").get_calendar_state, CalendarNames=["x"])
    assert (got.code, got.status) == ("AccessDeniedException", 400)
    other = "210987654321"
    elsewhere = sandbox.client(other, "eu-west-1", "ssm")
    got = expect_error(elsewhere.get_calendar_state, CalendarNames=["x"])
    assert got.code == "UnrecognizedClientException"
    assert state(sandbox.client(other, service="ssm"), "x") == ("OPEN", None)


def test_calendars_are_shown_and_invalid_ones_refused(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(calendars={"a": "open", FREEZE: "closed@until=2099-01-02T00:00Z"})
    shown = {
        "a": {"state": "OPEN", "until": None},
        "freeze": {"state": "CLOSED", "until": "2099-01-02T00:00:00Z"},
    }
    assert sandbox.admin("GET", "calendars") == (200, shown)
    invalid: tuple[Any, ...] = (
        {"name": "a b", "state": "open"},
        {"name": "a", "state": "shut"},
        {"name": "a", "state": "closed@until=soon"},
        {"name": "a"},
        [],
    )
    for wrong in invalid:
        status, answer = sandbox.admin("POST", "calendars", wrong)
        assert status == 400
        assert answer["error"].startswith("calendars: ")
    assert sandbox.admin("GET", "calendars") == (200, shown)


@given(st.datetimes(timezones=st.timezones()))
def test_times_are_read_back(moment: Any) -> None:
    text = moment.isoformat()
    try:
        time_s = parse_iso_time(text)
    except ValueError:
        return  # outside of the years 1 to 9999 in UTC, or an offset with seconds
    assert parse_iso_time(iso_time(time_s)) == time_s // 1
