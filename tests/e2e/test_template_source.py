"""``--template``: a template of CloudFormation or SAM is the source of targets."""

from collections.abc import Iterator

import pytest

from tests.documented_policies import allowed
from tests.stack_server import StackServer

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import load, states

TEMPLATE = """
Parameters:
  Stage: {Type: String, Default: dev}
Resources:
  Dead: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Sub '${Stage}-dead'}}
  Orders: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: !Sub 'orders-${Stage}'}}
  OrdersConfig:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref Orders
      Qualifier: $LATEST
      MaximumRetryAttempts: 1
      DestinationConfig: {OnFailure: {Destination: !GetAtt Dead.Arn}}
  PayConfig:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: pay, Qualifier: $LATEST, MaximumEventAgeInSeconds: 600}
"""
GENERATED = """
Transform: AWS::Serverless-2016-10-31
Parameters:
  Retries: {Type: Number}
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      EventInvokeConfig:
        MaximumRetryAttempts: !Ref Retries
        DestinationConfig:
          OnFailure: {Type: SQS}
          OnSuccess: {Type: SNS, Destination: !ImportValue done}
"""
DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}"
HAD = {"MaximumRetryAttempts": 2}
QUEUE = "OrdersEventInvokeConfigOnFailureQueue"


@pytest.fixture
def stacks() -> Iterator[StackServer]:
    with StackServer().serve() as server:
        server.resources = {
            "Orders": "shop-Orders-1X",
            QUEUE: f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/shop-queue-2",
        }
        server.parameters = {"Retries": "0"}
        server.exports = {"done": f"arn:aws:sns:{REGION}:{ACCOUNT}:done"}
        yield server


def environment(server: Server, stacks: StackServer) -> dict[str, str]:
    at = {"LAMBDA": server.url, "STS": server.url, "CLOUDFORMATION": stacks.url}
    return {f"AWS_ENDPOINT_URL_{service}": url for service, url in at.items()}


def test_plan_apply_and_verify_a_template(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {"orders-prod": dict(HAD), "pay": dict(HAD)})
    bulkeic.write("shop.yaml", TEMPLATE)
    shop = (
        "--template", "shop.yaml", "--parameter", "Stage=prod", "--endpoint-url", server.url,
    )  # fmt: skip

    had = states(server)
    drifted = bulkeic("verify", *shop)
    planned = bulkeic("plan", *shop, "--run", "plan.db", "--diff")
    before = states(server)
    applied = bulkeic("apply", "plan.db", "--yes", "--endpoint-url", server.url)
    verified = bulkeic("verify", *shop)

    assert (drifted.code, planned.code) == (4, 0), planned.err
    assert DEAD.format("prod-dead") in planned.out
    assert before == had
    assert (applied.code, verified.code) == (0, 0), verified.err
    after = states(server)
    orders, pay = after[REGION, "orders-prod"], after[REGION, "pay"]
    assert orders is not None
    assert pay is not None
    assert orders["MaximumRetryAttempts"] == 1
    assert orders["DestinationConfig"]["OnFailure"] == {"Destination": DEAD.format("prod-dead")}
    assert pay["MaximumEventAgeInSeconds"] == 600


def test_the_stack_says_what_cloudformation_has_generated(
    bulkeic: Bulkeic, server: Server, stacks: StackServer
) -> None:
    load(server, {"shop-Orders-1X": dict(HAD)})
    bulkeic.write("shop.yaml", GENERATED)
    words = ("apply", "--template", "shop.yaml", "--stack", "shop", "--yes", "--output", "json")

    result = bulkeic(*words, **environment(server, stacks))

    assert result.code == 0, result.err
    found = states(server)[REGION, "shop-Orders-1X"]
    assert found is not None
    assert found["MaximumRetryAttempts"] == 0
    assert found["DestinationConfig"] == {
        "OnFailure": {"Destination": DEAD.format("shop-queue-2")},
        "OnSuccess": {"Destination": stacks.exports["done"]},
    }
    assert {region for _, region in stacks.asked} == {REGION}
    # A page of the listing has one resource.
    listed = [action for action, _ in stacks.asked]
    assert sorted(listed) == ["DescribeStacks", "ListExports", *["ListStackResources"] * 2]
    needed = {f"cloudformation:{action}" for action in listed if action != "ListExports"}
    assert needed == allowed("--stack")


def test_a_stack_that_cannot_be_read_is_one_line(
    bulkeic: Bulkeic, server: Server, stacks: StackServer
) -> None:
    bulkeic.write("shop.yaml", GENERATED)
    words = ("plan", "--template", "shop.yaml", "--stack")

    missing = bulkeic(*words, "gone", **environment(server, stacks))
    stacks.refusal = "AccessDenied"
    denied = bulkeic(*words, "shop", **environment(server, stacks))

    for result, code, way_out in (
        (missing, "ValidationError", "check the name that --stack gives, and --region"),
        (denied, "AccessDenied", "the caller needs cloudformation:DescribeStacks and"),
    ):
        assert result.code == 2, result.err
        [line] = result.lines
        assert f": {code}: CloudFormation DescribeStacks: " in line
        assert f"; {way_out}" in line
    assert server.calls("GetFunctionEventInvokeConfig") == 0


def test_every_problem_of_a_template_is_printed_with_its_line(
    bulkeic: Bulkeic, server: Server
) -> None:
    wrong = TEMPLATE.replace("!Ref Orders", "!Ref Order").replace("pay, Qualifier: $LATEST", "pay")
    retries = "{FunctionName: old, Qualifier: live, MaximumRetryAttempts: 7}"
    config = f"{{Type: 'AWS::Lambda::EventInvokeConfig', Properties: {retries}}}"
    bulkeic.write("shop.yaml", f"{wrong}  OldConfig: {config}\n")

    result = bulkeic("plan", "--template", "shop.yaml", "--endpoint-url", server.url)

    assert result.code == 2
    line = TEMPLATE[: TEMPLATE.index("      FunctionName: !Ref")].count("\n") + 1
    assert (
        f"shop.yaml:{line}: OrdersConfig: FunctionName: the template has no parameter and no"
    ) in result.err
    assert "Qualifier: missing; CloudFormation requires" in result.err
    assert "shop.yaml:17: OldConfig: MaximumRetryAttempts: 7 is out of range" in result.err
    assert "did you mean Orders?" in result.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--template", "a", "--template", "b", "--stack", "s"), "--stack belongs to one template"),
        (("t.csv", "--parameter", "A=b"), "--parameter belongs to one template; give --template"),
        (("--template", "a", "--parameter", "A"), "'A' is not a parameter; expected KEY=VALUE"),
        (("--template", "a", "--parameter", "A=1", "--parameter", "A=2"), "'A' is given twice"),
        (("--template", "a", "--stack", "s", "--sandbox"), "--stack reads AWS, and --sandbox"),
        (("--template", "a.yaml"), "cannot read 'a.yaml': No such file or directory"),
    ],
)  # fmt: skip
def test_flags_that_do_not_fit_are_refused(
    bulkeic: Bulkeic, words: tuple[str, ...], says: str
) -> None:
    result = bulkeic("plan", *words)

    assert result.code == 2
    assert says in result.err
