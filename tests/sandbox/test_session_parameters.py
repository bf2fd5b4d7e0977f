"""Source identity, tags and policy of a role session, called by boto3."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .sandbox_client import ACCOUNT, SandboxThread, StartSandbox, expect_error

ROLE = f"arn:aws:iam::{ACCOUNT}:role/deployer"


def policy_of(*actions: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tags(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in pairs]


INVALID: list[tuple[dict[str, Any], str, str]] = [
    ({"SourceIdentity": "x"}, "ValidationError", "'sourceIdentity' failed to satisfy"),
    ({"SourceIdentity": "jane doe"}, "ValidationError", "'sourceIdentity' failed to satisfy"),
    ({"SourceIdentity": "aws:jane"}, "ValidationError", "'sourceIdentity' failed to satisfy"),
    ({"Tags": tags(("a*", "x"))}, "ValidationError", "'tags.1.member.key'"),
    ({"Tags": tags(("a", "x"), ("b", "v" * 257))}, "ValidationError", "'tags.2.member.value'"),
    ({"Tags": tags(("aws:a", "x"))}, "ValidationError", "reserved prefix aws:"),
    ({"Tags": tags(("Team", "x"), ("team", "y"))}, "ValidationError", "Duplicate tag keys found"),
    ({"Tags": tags(*((str(n), "") for n in range(51)))}, "ValidationError", "at 'tags'"),
    ({"Policy": "p" * 2049}, "ValidationError", "less than or equal to 2048"),
    ({"Policy": "\u20ac"}, "ValidationError", "'policy' failed to satisfy"),
    ({"Policy": "{"}, "MalformedPolicyDocument", "not in the valid JSON format"),
    ({"Policy": "{}"}, "MalformedPolicyDocument", "not in the valid JSON format"),
]


@pytest.mark.parametrize(("parameters", "code", "message"), INVALID)
def test_what_sts_refuses_is_refused(
    sandbox: SandboxThread, parameters: dict[str, Any], code: str, message: str
) -> None:
    sts = sandbox.client(service="sts", parameter_validation=False)
    with pytest.raises(ClientError) as caught:
        sts.assume_role(RoleArn=ROLE, RoleSessionName="me", **parameters)
    error = caught.value.response["Error"]
    assert (error["Code"], caught.value.response["ResponseMetadata"]["HTTPStatusCode"]) == (
        code, 400
    )  # fmt: skip
    assert message in error["Message"]


def test_a_session_is_shown_with_what_the_caller_said(sandbox: SandboxThread) -> None:
    policy = policy_of("lambda:Get*")
    answer = sandbox.client(service="sts").assume_role(
        RoleArn=ROLE, RoleSessionName="me", SourceIdentity="jane@example.com",
        Tags=tags(("ticket", "OPS-7"), ("note", "")), Policy=policy,
    )  # fmt: skip
    sandbox.role()

    plain, shown = sandbox.admin("GET", "live")[1]["last_calls"][:2]

    assert answer["SourceIdentity"] == "jane@example.com"
    assert shown["session"] == {
        "role": ROLE,
        "source_identity": "jane@example.com",
        "tags": {"ticket": "OPS-7", "note": ""},
        "policy": json.loads(policy),
    }
    assert plain["session"] == {
        "role": ROLE, "source_identity": None, "tags": {}, "policy": None
    }  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "is_allowed"),
    [
        (policy_of("lambda:GetFunctionEventInvokeConfig"), True),
        (policy_of("lambda:*"), True),
        (policy_of("lambda:UpdateFunctionEventInvokeConfig"), False),
        (policy_of(), False),
        (policy_of("sqs:*", Condition={}), True),
        (json.dumps({"Statement": {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}}), False),
    ],
)
def test_a_session_does_what_its_policy_allows(
    start_sandbox: StartSandbox, policy: str, *, is_allowed: bool
) -> None:
    sandbox = start_sandbox(any_function=True)
    client = sandbox.client(**sandbox.role(Policy=policy))
    if is_allowed:
        client.get_function_event_invoke_config(FunctionName="fn")
        return
    got = expect_error(client.get_function_event_invoke_config, FunctionName="fn")
    assert (got.code, got.status) == ("AccessDeniedException", 403)
    assert got.message is not None
    assert "no session policy allows the lambda:GetFunctionEventInvokeConfig action" in got.message


def test_the_longest_policy_works(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True)
    actions = ["lambda:GetFunctionEventInvokeConfig"]
    while len(policy_of(*actions, "a:b")) <= 2048:
        actions.append("a:b")
    client = sandbox.client(**sandbox.role(Policy=policy_of(*actions)))
    assert client.get_function_event_invoke_config(FunctionName="fn")
