"""CloudWatch's query protocol, as botocore's serializer and parser for it know it."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.credentials import Credentials
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox.api.cloudwatch_api import PARAMETER_TYPES
from bulkeic.sandbox.protocol.aws_errors import AwsError
from bulkeic.sandbox.protocol.query_protocol import query_body, query_parameters

from .sandbox_client import ACCOUNT, SandboxThread, StartSandbox, signed
from .test_cloudwatch_api import GIVEN, METRIC


class QueryClient:
    """Calls CloudWatch as clients did that knew no JSON."""

    def __init__(self, sandbox: SandboxThread, session: Any) -> None:
        self._port = sandbox.port
        self._model = session.get_service_model("cloudwatch")

    def call(self, operation: str, secret: str = "secret", **parameters: Any) -> Any:
        model = self._model.operation_model(operation)
        request = create_serializer("query").serialize_to_request(parameters, model)
        status, body = self.send(urlencode(request["body"]).encode(), secret)
        answer = {"status_code": status, "headers": {}, "body": body}
        return create_parser("query").parse(answer, model.output_shape)

    def send(self, body: bytes, secret: str = "secret") -> tuple[int, bytes]:
        form = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
        keys = Credentials(f"AKIA{ACCOUNT}", secret)
        headers = signed("POST", "/", body, keys, service="monitoring", headers=form)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            assert response.headers["Content-Type"] == "text/xml"
            return response.status, response.read()
        finally:
            connection.close()


def test_both_protocols_give_the_same_answers(start_sandbox: StartSandbox, session: Any) -> None:
    sandbox = start_sandbox(alarms=GIVEN)
    older, newer = QueryClient(sandbox, session), sandbox.client(service="cloudwatch")
    older.call("PutMetricAlarm", AlarmName="mine", ActionsEnabled=False, **METRIC)
    older.call("PutCompositeAlarm", AlarmName="both", AlarmRule="ALARM(a) & <b>")
    older.call("SetAlarmState", AlarmName="mine", StateValue="ALARM", StateReason="a < b & c")
    older.call("DeleteAlarms", AlarmNames=["a", "c"])
    types = ["MetricAlarm", "CompositeAlarm"]
    by_json, by_query = (
        newer.describe_alarms(AlarmTypes=types),
        older.call("DescribeAlarms", AlarmTypes=types),
    )
    assert [alarm["AlarmName"] for alarm in by_json["MetricAlarms"]] == ["b", "mine"]
    for kind in ("MetricAlarms", "CompositeAlarms"):
        for one, other in zip(by_json[kind], by_query[kind], strict=True):
            times = {name for name in one if name.endswith("Timestamp")}
            assert {name: one[name] for name in one.keys() - times} == {
                name: other[name] for name in other.keys() - times
            }
            assert all(abs((one[each] - other[each]).total_seconds()) < 0.002 for each in times)
    page = older.call("DescribeAlarms", MaxRecords=1)
    assert [alarm["AlarmName"] for alarm in page["MetricAlarms"]] == ["b"]
    page = older.call("DescribeAlarms", MaxRecords=1, NextToken=page["NextToken"])
    assert [alarm["AlarmName"] for alarm in page["MetricAlarms"]] == ["mine"]
    assert older.call("DescribeAlarms", AlarmNames=["nope"])["MetricAlarms"] == []
    assert sandbox.stats()["by_operation"]["DescribeAlarms"] == 5


def test_errors_are_xml(start_sandbox: StartSandbox, session: Any) -> None:
    client = QueryClient(start_sandbox(), session)
    state: dict[str, Any] = {"AlarmName": "nope", "StateValue": "OK", "StateReason": ""}
    got = client.call("SetAlarmState", **state)
    assert got["Error"]["Code"] == "ResourceNotFound"
    assert got["ResponseMetadata"]["HTTPStatusCode"] == 404
    assert got["ResponseMetadata"]["RequestId"]
    assert client.call("DescribeAlarms", "wrong")["Error"]["Code"] == "SignatureDoesNotMatch"
    got = client.call("DescribeAlarms", MaxRecords=101)
    assert got["Error"]["Code"] == "ValidationError"
    assert client.call("ListMetrics")["Error"]["Code"] == "InvalidAction"


@pytest.mark.parametrize(
    "fields",
    [
        "MaxRecords=many",
        "ActionsEnabled=maybe",
        "AlarmNames.member.x=1",
        "AlarmNames.member.1=a&AlarmNames.member=b",
        "AlarmNames=a&AlarmNames.member.1=b",
        f"{'.'.join('a' * 20)}=1",
        "&".join(["a=1"] * 10_001),
    ],
)
def test_malformed_fields_are_refused(
    start_sandbox: StartSandbox, session: Any, fields: str
) -> None:
    client = QueryClient(start_sandbox(), session)
    status, body = client.send(f"Action=DescribeAlarms&Version=2010-08-01&{fields}".encode())
    assert status == 400
    assert b"<Code>SerializationException</Code>" in body


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=8)
ALARMS = st.fixed_dictionaries(
    {"AlarmName": TEXTS},
    optional={
        "ActionsEnabled": st.booleans(),
        "Period": st.integers(1, 10**6),
        "Threshold": st.floats(allow_nan=False, allow_infinity=False),
        "AlarmActions": st.lists(TEXTS, max_size=12),
        "Dimensions": st.lists(
            st.fixed_dictionaries({"Name": TEXTS, "Value": TEXTS}), min_size=1, max_size=12
        ),
    },
)


@given(alarm=ALARMS)
def test_parameters_are_those_that_botocore_sends(session: Any, alarm: dict[str, Any]) -> None:
    model = session.get_service_model("cloudwatch").operation_model("PutMetricAlarm")
    request = create_serializer("query").serialize_to_request(alarm, model)
    body = urlencode(request["body"]).encode()
    assert query_parameters(body, PARAMETER_TYPES) == alarm


@given(alarms=st.lists(ALARMS, max_size=3))
def test_botocore_reads_the_response(session: Any, alarms: list[dict[str, Any]]) -> None:
    model = session.get_service_model("cloudwatch").operation_model("DescribeAlarms")
    body = query_body("DescribeAlarms", {"MetricAlarms": alarms, "LogAlarms": []}, "id")
    answer = {"status_code": 200, "headers": {}, "body": body}
    read = create_parser("query").parse(answer, model.output_shape)
    assert read["MetricAlarms"] == alarms
    assert read["ResponseMetadata"]["RequestId"] == "id"


@given(st.binary(max_size=60) | st.text("aAmember12.=&%", max_size=60).map(str.encode))
def test_any_fields_are_read_or_refused(body: bytes) -> None:
    try:
        parameters = query_parameters(body, PARAMETER_TYPES)
    except AwsError:
        return
    assert json.dumps(parameters)
