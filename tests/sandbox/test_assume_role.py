"""AssumeRole and the credentials that it returns, called by boto3."""

from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from bulkeic.sandbox import Faults
from bulkeic.sandbox.auth import sts_sessions
from bulkeic.sandbox.auth.sts_sessions import Role

from .sandbox_client import ACCOUNT, SandboxThread, StartSandbox, expect_error

OTHER = "210987654321"
ROLE = f"arn:aws:iam::{OTHER}:role/path/deployer"


def denied(call: Callable[..., Any], **arguments: Any) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error, metadata = caught.value.response["Error"], caught.value.response["ResponseMetadata"]
    return error["Code"], metadata["HTTPStatusCode"], error["Message"]


def test_a_role_works_in_its_account(sandbox: SandboxThread) -> None:
    sandbox.add_function("theirs", account=OTHER)
    sts = sandbox.client(service="sts")
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="me@work")
    arn = f"arn:aws:sts::{OTHER}:assumed-role/deployer/me@work"
    assert answer["AssumedRoleUser"]["Arn"] == arn
    given = answer["Credentials"]
    assert given["AccessKeyId"].startswith(f"ASIA{OTHER}")
    left = given["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=59) < left <= timedelta(minutes=61)
    keys = {
        "key": given["AccessKeyId"],
        "secret": given["SecretAccessKey"],
        "token": given["SessionToken"],
    }
    identity = sandbox.client(service="sts", **keys).get_caller_identity()
    assert (identity["Account"], identity["Arn"]) == (OTHER, arn)
    config = sandbox.client(**keys).get_function_event_invoke_config(FunctionName="theirs")
    assert f":{OTHER}:function:theirs" in config["FunctionArn"]
    theirs = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:fn"
    got = expect_error(sandbox.client(**keys).get_function_event_invoke_config, FunctionName=theirs)
    assert got.message is not None
    assert f"User: {arn} is not authorized" in got.message


def test_each_session_has_its_own_credentials(sandbox: SandboxThread) -> None:
    first, second = sandbox.role(), sandbox.role()
    assert all(first[name] != second[name] for name in first)


@pytest.mark.parametrize("service", ["lambda", "sts"])
@pytest.mark.parametrize("change", ["token", "secret", "key", "no token", "other token", "foreign"])
def test_credentials_that_do_not_match_are_refused(
    sandbox: SandboxThread, service: str, change: str
) -> None:
    keys: dict[str, Any] = dict(sandbox.role())
    match change:
        case "no token":
            keys["token"] = None
        case "other token":
            keys["token"] = sandbox.role()["token"]
        case "foreign":
            keys = {"token": "foreign"}
        case "key":
            keys["key"] = f"ASIA{ACCOUNT}QQQQ"
        case _:
            keys[change] = keys[change][:-8] + "AAAABBBB"
    client = sandbox.client(service=service, **keys)
    if service == "lambda":
        code, status, message = denied(client.list_functions)
        unknown, mismatch = "UnrecognizedClientException", "InvalidSignatureException"
    else:
        code, status, message = denied(client.get_caller_identity)
        unknown, mismatch = "InvalidClientTokenId", "SignatureDoesNotMatch"
    assert (code, status) == (mismatch if change == "secret" else unknown, 403)
    if change != "secret":
        assert message == "The security token included in the request is invalid."


def test_credentials_expire(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(session_duration_s=0, any_function=True)
    keys = sandbox.role()
    got = expect_error(sandbox.client(**keys).get_function_event_invoke_config, FunctionName="f")
    assert (got.code, got.status) == ("ExpiredTokenException", 403)
    assert got.message == "The security token included in the request is expired"
    code, status, _ = denied(sandbox.client(service="sts", **keys).get_caller_identity)
    assert (code, status) == ("ExpiredToken", 403)


def test_the_expired_fault_strikes_role_credentials_only(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(any_function=True, faults=Faults(expired=1.0, throttle=1.0))
    got = expect_error(
        sandbox.client(**sandbox.role()).get_function_event_invoke_config, FunctionName="f"
    )
    assert got.code == "ExpiredTokenException"
    got = expect_error(sandbox.client().get_function_event_invoke_config, FunctionName="f")
    assert got.code == "TooManyRequestsException"


def test_a_role_named_denied_refuses(sandbox: SandboxThread) -> None:
    arn = f"{ROLE}-denied"
    call = sandbox.client(service="sts").assume_role
    code, status, message = denied(call, RoleArn=arn, RoleSessionName="me")
    assert (code, status) == ("AccessDenied", 403)
    user = f"arn:aws:iam::{ACCOUNT}:user/sandbox"
    wanted = f"User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}"
    assert message == wanted


def test_an_external_id_is_checked(start_sandbox: StartSandbox) -> None:
    sandbox = start_sandbox(external_id="of ours")
    call = sandbox.client(service="sts").assume_role
    for more in ({}, {"ExternalId": "of theirs"}):
        assert denied(call, RoleArn=ROLE, RoleSessionName="me", **more)[0] == "AccessDenied"
    assert sandbox.role(ExternalId="of ours")


def test_accounts_and_roles_can_require_their_own_external_ids(
    start_sandbox: StartSandbox,
) -> None:
    ids = {"222222222222": "of theirs", "222222222222/deployer": "of the deployer"}
    sandbox = start_sandbox(external_id="of ours", external_ids=ids)
    call = sandbox.client(service="sts").assume_role
    wanted = {(ACCOUNT, "deployer"): "of ours", ("222222222222", "auditor"): "of theirs"}
    wanted[("222222222222", "deployer")] = "of the deployer"
    for (account, name), right in wanted.items():
        for external_id in wanted.values():
            arn = f"arn:aws:iam::{account}:role/path/{name}"
            parameters = {"RoleArn": arn, "RoleSessionName": "me", "ExternalId": external_id}
            if external_id == right:
                assert call(**parameters)
            else:
                assert denied(call, **parameters)[0] == "AccessDenied"


def test_an_external_id_that_is_not_required_is_ignored(sandbox: SandboxThread) -> None:
    assert sandbox.role(ExternalId="whatever")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"RoleArn": "role/deployer"}, "role/deployer is invalid"),
        ({"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{'r' * 65}"}, f"{'r' * 65} is invalid"),
        ({"RoleSessionName": "a\x01b"}, "Value 'a\ufffdb' at 'roleSessionName' failed"),
        ({"RoleArn": f"arn:aws:iam::{OTHER}:user/me"}, f"arn:aws:iam::{OTHER}:user/me is invalid"),
        ({"RoleArn": None}, "Value null at 'roleArn'"),
        ({"RoleSessionName": "a b"}, "Value 'a b' at 'roleSessionName'"),
        ({"RoleSessionName": "m"}, "Value 'm' at 'roleSessionName'"),
        ({"DurationSeconds": 899}, "greater than or equal to 900"),
        ({"DurationSeconds": 43201}, "less than or equal to 43200"),
    ],
)
def test_invalid_assume_role_parameters_are_refused(
    sandbox: SandboxThread, parameters: Any, message: str
) -> None:
    call = sandbox.client(service="sts", parameter_validation=False).assume_role
    sent = {"RoleArn": ROLE, "RoleSessionName": "me"} | parameters
    sent = {name: value for name, value in sent.items() if value is not None}
    code, status, text = denied(call, **sent)
    assert (code, status) == ("ValidationError", 400)
    assert message in text


def test_credentials_last_as_long_as_requested(sandbox: SandboxThread) -> None:
    sts = sandbox.client(service="sts")
    answer = sts.assume_role(RoleArn=ROLE, RoleSessionName="me", DurationSeconds=900)
    left = answer["Credentials"]["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=14) < left <= timedelta(minutes=16)


def test_role_chaining_is_limited_to_an_hour(sandbox: SandboxThread) -> None:
    sts = sandbox.client(service="sts", **sandbox.role())
    sts.assume_role(RoleArn=ROLE, RoleSessionName="me", DurationSeconds=3600)
    code, _, message = denied(
        sts.assume_role, RoleArn=ROLE, RoleSessionName="me", DurationSeconds=3601
    )
    assert code == "ValidationError"
    assert message.endswith("for roles assumed by role chaining.")


def forged(content: bytes) -> str:
    return urlsafe_b64encode(b"x" * 32 + content).decode()


@pytest.mark.parametrize(
    "token",
    ["", "x", "ü", "A" * 44, "A" * 400, forged(b"5"), forged(b"null"), forged(b"[" * 1400)],
)
def test_invalid_session_tokens_have_no_session(token: str) -> None:
    assert sts_sessions.find_session(token, "secret") is None


def test_a_token_is_bound_to_the_sandbox_secret() -> None:
    role = Role("aws", ACCOUNT, "deployer")
    session = sts_sessions.create_session(
        role, "me", expires_s=1, serial=1, sandbox_secret="secret"
    )
    assert sts_sessions.find_session(session.token, "secret") == session
    assert sts_sessions.find_session(session.token, "another") is None


def test_credentials_with_the_longest_names_work(sandbox: SandboxThread) -> None:
    name, path = "r" * 64, f"{'p' * 510}/"
    answer = sandbox.client(service="sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{path}{name}", RoleSessionName="s" * 64
    )["Credentials"]
    identity = sandbox.client(
        service="sts",
        key=answer["AccessKeyId"],
        secret=answer["SecretAccessKey"],
        token=answer["SessionToken"],
    ).get_caller_identity()
    assert identity["Arn"].endswith(f":assumed-role/{name}/{'s' * 64}")
