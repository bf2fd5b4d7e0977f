"""Answers of CloudWatch and Systems Manager: what is read, and what is never taken for OK."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bulkeic.aws.identity.access import Access
from bulkeic.aws.identity.credentials import RefreshingCredentials
from bulkeic.aws.monitoring.monitoring_services import MonitoringServices
from bulkeic.aws.requests.access_keys import AccessKeys
from bulkeic.core.errors import ServiceError
from bulkeic.core.model import Lane
from bulkeic.core.rollout.alarms import Alarm, AlarmState
from bulkeic.core.rollout.change_calendar import CalendarState
from tests.monitoring_server import ACCOUNT, MonitoringServer, described

LANE = Lane(ACCOUNT, "us-east-1")
CALENDAR = f"arn:aws:ssm:us-east-1:{ACCOUNT}:document/freeze"


@pytest.fixture
def server() -> Iterator[MonitoringServer]:
    with MonitoringServer().serve() as server:
        yield server


def credentials_of(lane: Lane) -> RefreshingCredentials:
    async def fetch() -> AccessKeys:
        return AccessKeys(access_key=f"AKIA{lane.account_id}", secret_key="secret")

    return RefreshingCredentials(fetch)


@asynccontextmanager
async def opened(server: MonitoringServer) -> AsyncIterator[MonitoringServices]:
    async def sleep(_: float) -> None:
        """Waits for nothing before a retry."""

    access = Access(endpoint_url=server.url, region=LANE.region)
    async with MonitoringServices(access, credentials_of, timeout_s=10.0, sleep=sleep) as services:
        yield services


async def test_alarms_of_both_kinds_are_read_a_hundred_a_call(server: MonitoringServer) -> None:
    server.alarms = {f"a-{number:03d}": "OK" for number in range(150)}
    server.composite = {"all": "INSUFFICIENT_DATA"}
    async with opened(server) as services:
        states = await services.alarm_states(LANE, [*server.alarms, "all", "gone"])

    assert len(server.asked) == 2
    assert set(server.asked) == {(LANE.region, ACCOUNT)}
    assert states.pop(Alarm(LANE, "gone")) is None
    assert states.pop(Alarm(LANE, "all")) is AlarmState.INSUFFICIENT_DATA
    assert states == {Alarm(LANE, name): AlarmState.OK for name in server.alarms}


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ({"MetricAlarms": [described("other")]}, "not asked for"),
        ({"MetricAlarms": [described("a", "ok")]}, "ok"),
        ({"MetricAlarms": [described("a", "FINE")]}, "FINE"),
        ({"MetricAlarms": [described("a") | {"StateValue": None}]}, "null|StateValue"),
        ({"MetricAlarms": [{"AlarmName": "a", "StateValue": "OK"}]}, "AlarmArn|alarm_arn"),
        ({"MetricAlarms": [described("a") | {"AlarmName": "A"}]}, "instead of"),
        ({"MetricAlarms": [described("a", place=f"us-west-1:{ACCOUNT}")]}, "instead of"),
        ({"MetricAlarms": [described("a", place="us-east-1:210987654321")]}, "instead of"),
        ({"MetricAlarms": [described("a"), described("a", "ALARM")]}, "not asked for"),
        ({"MetricAlarms": [5]}, "cannot be read"),
        ({"MetricAlarms": "a"}, "read"),
        ([5], "read"),
        ({"NextToken": "x"}, "never end"),
    ],
)  # fmt: skip
async def test_a_senseless_answer_is_never_ok(
    server: MonitoringServer, answer: Any, problem: str
) -> None:
    server.answer = answer
    async with opened(server) as services:
        with pytest.raises(ServiceError, match=problem):
            await services.alarm_states(LANE, ["a"])


@pytest.mark.parametrize("answer", [{"MetricAlarms": []}, {"CompositeAlarms": []}, {"Other": 1}])
async def test_an_alarm_without_a_state_is_missing(server: MonitoringServer, answer: Any) -> None:
    server.answer = answer
    async with opened(server) as services:
        assert await services.alarm_states(LANE, ["a"]) == {Alarm(LANE, "a"): None}


async def test_a_calendar_is_read(server: MonitoringServer) -> None:
    server.calendar = [{"State": "OPEN"}, {"State": "SHUT"}, {"NextTransitionTime": "x"}, {}, []]
    async with opened(server) as services:
        assert (await services.calendar_state(LANE, CALENDAR)).state is CalendarState.OPEN
        for _ in server.calendar[1:]:
            with pytest.raises(ServiceError):
                await services.calendar_state(LANE, CALENDAR)

    assert server.calendar_asked[0] == [CALENDAR]


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        ("AccessDenied", "needs cloudwatch:DescribeAlarms"),
        ("AccessDeniedException", "needs cloudwatch:DescribeAlarms"),
        ("Other", "DescribeAlarms: "),
    ],
)
async def test_a_refusal_names_the_way_out(
    server: MonitoringServer, code: str, way_out: str
) -> None:
    server.refusal = code
    async with opened(server) as services:
        with pytest.raises(ServiceError, match=way_out) as caught:
            await services.alarm_states(LANE, ["a"])
    assert caught.value.is_denied is (code != "Other")
