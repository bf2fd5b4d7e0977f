"""Any body that a service beside Lambda receives gets an answer of its protocol."""

import http.client
import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.credentials import Credentials
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bulkeic.sandbox.behavior.account_options import accounts_from_json
from bulkeic.sandbox.state.generated_organization import generated_organization
from bulkeic.sandbox.state.sandbox_organization import ROOT_ID

from .sandbox_client import ACCOUNT, SandboxThread, signed

ORGANIZATIONS = "AWSOrganizationsV20161128"
CALLS = [
    ("organizations", "/", f"{ORGANIZATIONS}.ListRoots"),
    ("organizations", "/", f"{ORGANIZATIONS}.ListAccounts"),
    ("organizations", "/", f"{ORGANIZATIONS}.ListAccountsForParent"),
    ("organizations", "/", f"{ORGANIZATIONS}.ListOrganizationalUnitsForParent"),
    ("tagging", "/", "ResourceGroupsTaggingAPI_20170126.GetResources"),
    ("account", "/listRegions", ""),
    *(
        ("monitoring", "/", f"GraniteServiceVersion20100801.{name}")
        for name in ("DescribeAlarms", "PutMetricAlarm", "SetAlarmState")
    ),
    ("ssm", "/", "AmazonSSM.GetCalendarState"),
]
NAMES = [
    "ParentId",
    "MaxResults",
    "NextToken",
    "AccountId",
    "RegionOptStatusContains",
    "PaginationToken",
    "TagFilters",
    "ResourcesPerPage",
    "ResourceTypeFilters",
    "ResourceARNList",
    "AlarmName",
    "AlarmNames",
    "AlarmNamePrefix",
    "AlarmRule",
    "AlarmTypes",
    "ActionPrefix",
    "AlarmActions",
    "Dimensions",
    "Metrics",
    "Threshold",
    "MaxRecords",
    "StateValue",
    "StateReason",
    "StateReasonData",
    "CalendarNames",
    "AtTime",
    "Key",
    "Values",
]
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from([ROOT_ID, ACCOUNT, "ENABLED", "lambda:function", "team", "Zm4=", "Zm4"])
    | st.sampled_from(["canary", "OK", "MetricAlarm", "2026-11-27"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner),
    max_leaves=8,
)
BODIES = st.binary(max_size=40) | st.dictionaries(st.sampled_from(NAMES), VALUES).map(
    lambda data: json.dumps(data).encode()
)


@pytest.fixture
def connection(sandbox: SandboxThread) -> Iterator[http.client.HTTPConnection]:
    options = {"organization": generated_organization(3)}
    sandbox.populate(10, varied=True)
    assert sandbox.admin("PUT", "accounts", options)[0] == 200
    sandbox.admin("POST", "alarms", {"name": "canary", "state": "OK"})
    sandbox.admin("POST", "calendars", {"name": "canary", "state": "open"})
    connection = http.client.HTTPConnection("127.0.0.1", sandbox.port, timeout=10)
    yield connection
    connection.close()


@pytest.mark.parametrize(("service", "path", "target"), CALLS)
@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=BODIES)
def test_any_body_is_answered(
    connection: http.client.HTTPConnection, service: str, path: str, target: str, body: bytes
) -> None:
    headers = signed(
        "POST",
        path,
        body,
        Credentials(f"AKIA{ACCOUNT}", "secret"),
        service=service,
        headers={"X-Amz-Target": target} if target else {},
    )
    connection.request("POST", path, body, headers)
    response = connection.getresponse()
    answer: dict[str, Any] = json.loads(response.read())
    assert response.status in (200, 400, 403, 404)
    if response.status != 200:
        assert answer.get("message") or answer.get("Message")
        assert response.headers["x-amzn-ErrorType"] or answer["__type"]


VALUES_OF_OPTIONS = st.recursive(
    st.none() | st.integers() | st.sampled_from([ACCOUNT, "*", "a/b", "tag:*", "", "SUSPENDED"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["management_account", "accounts", "units", "unit", "status", ACCOUNT, "*"]
            ),
            inner,
        )
    ),
    max_leaves=8,
)


@given(
    options=st.dictionaries(
        st.sampled_from(["organization", "enabled_regions", "denied_roles", "denied_operations"]),
        VALUES_OF_OPTIONS,
    )
)
def test_any_options_of_accounts_are_accepted_or_refused(options: dict[str, Any]) -> None:
    with suppress(ValueError):
        accounts_from_json(options)
