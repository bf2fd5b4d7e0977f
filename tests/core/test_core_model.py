"""The model: settings to the API's form and back, times in RFC 3339."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bulkeic.core.model import CLEARED, Lane, Settings, Target, rfc3339, shared_api

destinations = st.one_of(st.none(), st.just(CLEARED), st.text(min_size=1, max_size=30))
every_settings = st.builds(
    Settings,
    st.one_of(st.none(), st.integers(0, 2)),
    st.one_of(st.none(), st.integers(60, 21600)),
    destinations,
    destinations,
)


@settings(deadline=None, max_examples=150)
@given(every_settings)
@example(Settings())
@example(Settings(0, 60, CLEARED, CLEARED))
def test_settings_to_the_apis_form_and_back_are_the_same(wanted: Settings) -> None:
    api = wanted.to_api()
    assert Settings.from_api(api) == wanted
    assert Settings.from_api({**api, "LastModified": 1.5, "FunctionArn": "arn"}) == wanted
    assert wanted.is_empty() == (not api)
    assert shared_api(wanted) == api


@pytest.mark.parametrize(
    ("wanted", "api"),
    [
        (Settings(), {}),
        (Settings(0), {"MaximumRetryAttempts": 0}),
        (Settings(None, 60), {"MaximumEventAgeInSeconds": 60}),
        (Settings(on_success=CLEARED), {"DestinationConfig": {"OnSuccess": {}}}),
        (
            Settings(2, 21600, "a", "b"),
            {
                "MaximumRetryAttempts": 2,
                "MaximumEventAgeInSeconds": 21600,
                "DestinationConfig": {
                    "OnSuccess": {"Destination": "a"},
                    "OnFailure": {"Destination": "b"},
                },
            },
        ),
    ],
)
def test_the_apis_form_has_nothing_that_is_not_set(wanted: Settings, api: dict[str, Any]) -> None:
    assert wanted.to_api() == api


def test_empty_destinations_in_an_answer_are_read_as_cleared() -> None:
    answer = {"DestinationConfig": {"OnFailure": {}, "OnSuccess": {}}, "LastModified": 1.0}
    assert Settings.from_api(answer) == Settings(on_success=CLEARED, on_failure=CLEARED)


@settings(deadline=None, max_examples=150)
@given(st.floats(0, 32_503_680_000 - 1))
@example(0.0)
@example(1_700_000_000.9999)
def test_times_are_rfc3339_in_utc_with_milliseconds(timestamp: float) -> None:
    text = rfc3339(timestamp)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text)
    assert datetime.fromisoformat(text).timestamp() == pytest.approx(timestamp, abs=0.0011, rel=0)


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (1_762_000_000.123, "2025-11-01T12:26:40.123Z"),
        (datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC).timestamp(), "2024-02-29T23:59:59.000Z"),
    ],
)
def test_times_as_text(timestamp: float, text: str) -> None:
    assert rfc3339(timestamp) == text


def test_a_targets_arn_has_no_qualifier() -> None:
    target = Target(Lane("123456789012", "cn-north-1"), "f", "live", "aws-cn")
    assert target.arn == "arn:aws-cn:lambda:cn-north-1:123456789012:function:f"
    assert str(target.lane) == "123456789012/cn-north-1"
