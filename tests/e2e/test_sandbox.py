"""``bulkeic sandbox`` as a user runs it, with boto3 as the client."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from .conftest import ACCOUNT, REGION, Bulkeic, Server, environment
from .moto_organization import AWS

Start = Callable[..., Server]
Connect = Callable[..., Any]


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Makes clients of a server."""
    for name in os.environ:
        if name.startswith("AWS_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    session, clients = botocore.session.Session(), []

    def client(
        server: Server, service: str = "lambda", *, account: str = ACCOUNT, secret: str = "secret"
    ) -> Any:
        made = session.create_client(
            service,
            region_name=REGION,
            endpoint_url=server.url,
            aws_access_key_id=f"AKIA{account}",
            aws_secret_access_key=secret,
            config=Config(retries={"total_max_attempts": 1}),
        )
        clients.append(made)
        return made

    yield client
    for made in clients:
        made.close()


def code(call: Callable[..., Any], **arguments: Any) -> str:
    try:
        call(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def test_a_generated_fleet_is_saved_and_loaded(
    bulkeic: Bulkeic, sandbox: Start, connect: Connect
) -> None:
    fleet = ("--functions", 60, "--accounts", 2, "--regions", 3, "--configured", 0.5)
    server = sandbox(*fleet, "--save-state", "one.json")
    assert len(server.window("state")) == 6
    aws = connect(server, account="123456789013")
    names = [
        one["FunctionName"]
        for page in aws.get_paginator("list_functions").paginate()
        for one in page["Functions"]
    ]
    assert sorted(names) == sorted(f"fn-{number}" for number in range(60))
    update = aws.update_function_event_invoke_config
    assert code(update, FunctionName="fn-0", MaximumRetryAttempts=0) == "ResourceNotFoundException"
    assert code(update, FunctionName="fn-1", MaximumRetryAttempts=0) == ""
    server.stop()
    one = (bulkeic.folder / "one.json").read_text()
    saved = json.loads(one)["123456789013/us-east-1"]["fn-1"]["$LATEST"]
    assert saved["MaximumRetryAttempts"] == 0
    assert not (bulkeic.folder / "one.json.part").exists()

    again = sandbox("--state", "one.json", "--save-state", "two.json", "--rate", "unlimited")
    update = connect(again, account="123456789013").update_function_event_invoke_config
    assert code(update, FunctionName="none", MaximumRetryAttempts=0) == "ResourceNotFoundException"
    again.stop()
    assert (bulkeic.folder / "two.json").read_text() == one


def test_a_varied_fleet_in_an_organization(sandbox: Start, connect: Connect) -> None:
    fleet = ("--functions", 20, "--accounts", 3, "--regions", 2, "--varied")
    server = sandbox(*fleet, "--organization", "--save-state", "varied.json")
    accounts = connect(server, "organizations").list_accounts()["Accounts"]
    assert [account["Status"] for account in accounts] == ["ACTIVE"] * 3 + ["SUSPENDED"]
    filters = [{"Key": "team", "Values": ["payments"]}]
    tagging = connect(server, "resourcegroupstaggingapi", account="123456789013")
    tagged = tagging.get_resources(TagFilters=filters)["ResourceTagMappingList"]
    functions = server.window("functions")
    assert sorted(resource["ResourceARN"].split(":")[-1] for resource in tagged) == sorted(
        function["FunctionName"]
        for function in functions
        if function["Tags"].get("team") == "payments"
        and (function["AccountId"], function["Region"]) == ("123456789013", REGION)
    )
    server.stop()
    again = sandbox("--state", "varied.json")
    loaded = again.window("functions")
    names = ("AccountId", "Region", "FunctionName", "Runtime", "LastModified", "Tags", "Aliases")
    assert [[each[name] for name in names] for each in loaded] == [
        [each[name] for name in names] for each in functions
    ]


def test_a_state_that_cannot_be_saved_leaves_nothing_behind(bulkeic: Bulkeic) -> None:
    process = bulkeic.start("sandbox", "--save-state", "late.json")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("http://127.0.0.1:")
    (bulkeic.folder / "late.json").mkdir()
    process.terminate()
    _, err = process.communicate(timeout=10)
    assert "late.json: Is a directory" in err
    assert process.returncode == 2
    assert not (bulkeic.folder / "late.json.part").exists()


def test_any_function_in_addition_to_a_targets_file(
    bulkeic: Bulkeic, sandbox: Start, connect: Connect
) -> None:
    bulkeic.write("t.csv", "FunctionName\none\n")
    for flags, wanted in (((), "ResourceNotFoundException"), (("--functions", "any"), "")):
        server = sandbox("--targets", "t.csv", *flags)
        get = connect(server).get_function_event_invoke_config
        assert code(get, FunctionName="one") == ""
        assert code(get, FunctionName="two") == wanted


def test_secrets_are_checked(bulkeic: Bulkeic, sandbox: Start, connect: Connect) -> None:
    server = sandbox("--secret", "of-mine")
    get = connect(server).get_function_event_invoke_config
    assert code(get, FunctionName="fn") == "InvalidSignatureException"
    get = connect(server, secret="of-mine").get_function_event_invoke_config
    assert code(get, FunctionName="fn") == ""
    bulkeic.write("t.csv", "FunctionName\none\n")
    words = ("--maximum-retry-attempts", 1, "--endpoint-url", server.url, "--yes")
    right = bulkeic("apply", "t.csv", *words, AWS_SECRET_ACCESS_KEY="of-mine")
    wrong = bulkeic("apply", "t.csv", *words)
    assert (right.code, wrong.code) == (0, 2), (right.err, wrong.err)
    assert "SignatureDoesNotMatch" in wrong.err

    trusting = sandbox("--no-verify-signatures")
    get = connect(trusting, secret="whatever").get_function_event_invoke_config
    assert code(get, FunctionName="fn") == ""


def test_flags_set_the_roles(sandbox: Start, connect: Connect) -> None:
    server = sandbox("--external-id", "ours", "--session-duration", 5)
    call = connect(server, "sts").assume_role
    asked = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r", "RoleSessionName": "me"}
    assert code(call, **asked) == "AccessDenied"
    assert code(call, **asked, ExternalId="ours") == ""


def test_flags_beat_the_scenario(bulkeic: Bulkeic, sandbox: Start, connect: Connect) -> None:
    scenario = {"throttle": 1, "slow_s": 2, "settle_s": 3, "rate": "unlimited"}
    bulkeic.write("s.json", json.dumps(scenario))
    server = sandbox("--scenario", "s.json", "--throttle", 0, "--slow-by", 5, "--latency", 0.001)
    faults = server.window("faults")
    values = [faults[name] for name in ("throttle", "slow_s", "settle_s", "latency_s")]
    assert values == [0, 5, 3, 0.001]
    get = connect(server).get_function_event_invoke_config
    assert [code(get, FunctionName="fn") for _ in range(40)] == [""] * 40
    changed = server.window("faults", {"throttle": 1, "iam_propagation_s": 9}, "PUT")
    assert changed["iam_propagation_s"] == 9
    assert code(get, FunctionName="fn") == "TooManyRequestsException"


def test_an_alarm_goes_off_during_an_apply(
    bulkeic: Bulkeic, sandbox: Start, connect: Connect
) -> None:
    scenario = {"alarms": {"a": "ALARM", "steady": "OK"}, "calendars": {"freeze": "open"}}
    bulkeic.write("s.json", json.dumps(scenario))
    server = sandbox(
        "--scenario", "s.json", "--alarm", "errors=5xx=ALARM@after=3", "--alarm", "a",
        "--calendar", "freeze=closed@until=2099-01-01T00:00Z", "--calendar", "other",
    )  # fmt: skip
    cloudwatch, calendars = connect(server, "cloudwatch"), connect(server, "ssm")

    def alarms() -> dict[str, str]:
        found = cloudwatch.describe_alarms()["MetricAlarms"]
        return {alarm["AlarmName"]: alarm["StateValue"] for alarm in found}

    for names, state in ((("f", "g"), "OK"), (("h", "i"), "ALARM")):
        assert alarms() == {"a": "OK", "errors=5xx": "OK", "steady": "OK"}
        bulkeic.write("t.csv", "\n".join(["FunctionName", *names]))
        result = bulkeic(
            "apply", "t.csv", "--maximum-retry-attempts", 1, "--yes", "--endpoint-url", server.url
        )
        assert result.code == 0, result.err
        assert alarms()["errors=5xx"] == state
    freeze = calendars.get_calendar_state(CalendarNames=["freeze", "other"])
    assert (freeze["State"], freeze["NextTransitionTime"]) == ("CLOSED", "2099-01-01T00:00:00Z")
    assert calendars.get_calendar_state(CalendarNames=["other"])["State"] == "OPEN"


@pytest.mark.skipif(not AWS.exists(), reason="the AWS CLI is not installed; use make aws-cli")
def test_the_aws_cli_sets_an_alarm(sandbox: Start) -> None:
    server = sandbox("--alarm", "errors", "--calendar", "freeze=closed")

    def aws(*words: str) -> Any:
        done = subprocess.run(
            [AWS, *words, "--endpoint-url", server.url, "--output", "json"],
            env=environment() | {"AWS_PAGER": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        return json.loads(done.stdout or "null")

    alarm = ("cloudwatch", "set-alarm-state", "--alarm-name", "errors", "--state-value", "ALARM")
    assert aws(*alarm, "--state-reason", "rehearsal") is None
    described = aws("cloudwatch", "describe-alarms", "--alarm-names", "errors", "other")
    assert [(each["StateValue"], each["StateReason"]) for each in described["MetricAlarms"]] == [
        ("ALARM", "rehearsal")
    ]
    state = aws("ssm", "get-calendar-state", "--calendar-names", "freeze")
    assert state["State"] == "CLOSED"


def test_a_scenario_with_the_same_seed_gives_the_same_answers(
    bulkeic: Bulkeic, sandbox: Start, connect: Connect
) -> None:
    scenario = {"rate": "unlimited", "throttle": 0.2, "conflict": 0.2, "error": 0.2}
    bulkeic.write("s.json", json.dumps(scenario))

    def answers(seed: int) -> list[str]:
        server = sandbox("--scenario", "s.json", "--seed", seed)
        update = connect(server).update_function_event_invoke_config
        return [code(update, FunctionName="fn", MaximumRetryAttempts=1) for _ in range(60)]

    first = answers(7)
    assert first == answers(7) != answers(8)
    assert len(set(first)) == 4


def test_a_host_that_is_not_loopback_gets_a_warning(bulkeic: Bulkeic) -> None:
    for host, warned in (("0.0.0.0", True), ("127.0.0.1", False)):
        process = bulkeic.start("sandbox", "--host", host)
        assert process.stdout is not None
        assert process.stdout.readline().startswith(f"http://{host}:")
        process.terminate()
        _, err = process.communicate(timeout=10)
        assert ("is not loopback" in err) is warned
        assert process.returncode == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--functions", "0"), "not a number of functions"),
        (("--functions", "many"), "not a number of functions"),
        (("--accounts", 2), "requires --functions N"),
        (("--functions", "any", "--configured", 0.5), "requires --functions N"),
        (("--varied",), "--varied requires --functions N"),
        (("--organization",), "--organization requires --functions N"),
        (("--functions", 1, "--regions", 18), "'18' is out of range"),
        (("--throttle", 2), "'2' is out of range"),
        (("--latency-p99", 1), "latency_p99_s"),
        (("--latency", 2, "--latency-p99", 1), "latency_p99_s"),
        (("--alarm", "x=ALRM"), "x: 'ALRM' is invalid; expected OK, ALARM, INSUFFICIENT_DATA"),
        (("--alarm", "x="), "x: '' is invalid; expected OK"),
        (("--alarm", "=OK"), "'' is not a name of 1 to 255 characters"),
        (("--alarm", "x=ALARM@after=many"), "x: 'ALARM@after=many' is invalid; expected OK"),
        (("--alarm", ""), "'' is not a name of 1 to 255 characters"),
        (("--calendar", "c=shut"), "c: 'shut' is invalid; expected open, closed, unsupported"),
        (("--calendar", "a b"), "'a b' is neither a name nor an ARN of a document"),
        (("--scenario", "gone.json"), "gone.json: No such file"),
        (("--scenario", "bad.json"), "bad.json: Expecting property name"),
        (("--state", "bad.json"), "bad.json: Expecting property name"),
        (("--scenario", "odd.json"), "odd.json: thottle: unknown field; the nearest is throttle"),
        (("--state", "gone.json"), "gone.json: No such file"),
        (("--state", "odd.json"), "odd.json: thottle"),
        (("--save-state", "no/such/folder.json"), "there is no such folder"),
        (("--tls-cert", "gone.pem"), "No such file"),
        (("--tls-key", "gone.pem"), "tls_key: needs tls_cert"),
        (("--save-state", "."), "Is a directory"),
        (("--region", "here"), "--region: 'here' is not a Region"),
        (("--secret", "\udcff"), "secret: not UTF-8"),
        (("--host", "256.0.0.1"), "cannot listen"),
        (("--host", "a..b"), "--host: 'a..b' is not a host name"),
    ],
)
def test_invalid_flags_are_one_line(bulkeic: Bulkeic, words: Any, message: str) -> None:
    bulkeic.write("bad.json", "{")
    bulkeic.write("odd.json", '{"thottle": 1}')
    result = bulkeic("sandbox", *words)
    assert result.code == 2
    assert message in result.lines[-1]
    assert result.out == ""


def test_a_client_survives_nulls(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--nulls")
    bulkeic.write("targets.csv", "FunctionName\norders\nbilling\n")
    words = ("--endpoint-url", server.url, "--yes")
    more = ("--maximum-retry-attempts", 1, "--on-failure", "arn:aws:sqs:{region}:{account}:q")

    applied = bulkeic("apply", "targets.csv", *words, *more, "--before-image", "--run", "run.db")
    assert applied.code == 0, applied.err
    verified = bulkeic("verify", "targets.csv", *words[:2], *more)
    assert verified.code == 0, verified.err
    back = bulkeic("rollback", "run.db", *words)
    assert back.code == 0, back.err
    functions = server.window("state")["123456789012/us-east-1"]
    for name in ("orders", "billing"):
        config = functions[name]["$LATEST"]
        assert config["DestinationConfig"] == {"OnFailure": {}, "OnSuccess": {}}
        assert config["MaximumRetryAttempts"] == 2


def test_a_page_whose_name_resolves_to_this_machine_reads_nothing(server: Server) -> None:
    for path in ("/_sandbox/", "/_sandbox/state", "/2015-03-31/functions/", "/"):
        for host, status in (("evil.example", 403), ("localhost:1", None)):
            request = urllib.request.Request(f"{server.url}{path}", headers={"Host": host})
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with opener.open(request, timeout=10) as response:
                    answer = response.status, response.read()
            except urllib.error.HTTPError as error:
                answer = error.code, error.read()
            assert (b"Host of the request" in answer[1]) == (host == "evil.example")
            assert status in (None, answer[0])
