"""A fleet over several accounts and Regions, and a server that records its calls."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qsl

from tests.loopback_server import QuietHandler, serve_loopback

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server
from .echoing_server import assumed_role_user

OTHERS = ("210987654321", "000000000123")
ACCOUNTS = (ACCOUNT, *OTHERS)
REGIONS = (REGION, "eu-west-1")
ROLE = "arn:aws:iam::{account}:role/deployer"
EXPIRES = "2099-01-01T00:00:00Z"
_IDENTITY = (
    "<GetCallerIdentityResponse><GetCallerIdentityResult>"
    f"<Account>{ACCOUNT}</Account><Arn>arn:aws:iam::{ACCOUNT}:user/me</Arn>"
    "</GetCallerIdentityResult></GetCallerIdentityResponse>"
)


def role_in(account: str, name: str = "deployer") -> str:
    return f"arn:aws:iam::{account}:role/{name}"


def write_fleet(
    bulkeic: Bulkeic,
    accounts: Iterable[str] = ACCOUNTS,
    regions: Iterable[str] = REGIONS,
    functions: int = 2,
) -> None:
    """Writes ``targets.csv`` with some functions in each Region of each account."""
    lanes = [(account, region) for account in accounts for region in regions]
    rows = [f"fn-{number},{','.join(lane)}" for lane in lanes for number in range(functions)]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId,Region", *rows]))


def apply(bulkeic: Bulkeic, server: Server, *words: object, **env: str | None) -> Result:
    """Applies ``targets.csv`` with one call a target; its outcomes are in ``r.jsonl``."""
    return bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--rate", "unlimited",
        "--no-before-image", "--maximum-retry-attempts", 1, "--results", "r.jsonl",
        "--output", "json", *words, **env,
    )  # fmt: skip


def by_account(bulkeic: Bulkeic, field: str = "status") -> dict[str, set[str]]:
    """The values of an outcome field, by account."""
    found: dict[str, set[str]] = {}
    for outcome in bulkeic.outcomes("r.jsonl"):
        found.setdefault(outcome["account_id"], set()).add(outcome[field])
    return found


class CallRecorder:
    """Answers AssumeRole and Update, and records the calls.

    Attributes:
        asked: the parameters of each call of AssumeRole.
        keys: the access key of each Lambda call.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, str]] = []
        self.keys: list[str] = []

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> str:
        authorization = headers["Authorization"]
        if "/sts/" in authorization:
            call = dict(parse_qsl(body.decode()))
            if call["Action"] == "GetCallerIdentity":
                return _IDENTITY
            self.asked.append(call)
            return _assumed(authorization, call["RoleArn"])
        self.keys.append(authorization.partition("Credential=")[2].partition("/")[0])
        region = authorization.split("/")[2]
        account = headers.get("X-Amz-Security-Token", ACCOUNT)
        name = path.split("/functions/")[1].split("/", maxsplit=1)[0]
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}:$LATEST"
        return json.dumps({"FunctionArn": arn, "LastModified": 1, **json.loads(body)})


def _assumed(authorization: str, role_arn: str) -> str:
    """STS's answer; the token of a role session is its account."""
    key = authorization.partition("Credential=")[2].partition("/")[0]
    account = role_arn.split(":")[4]
    return (
        "<AssumeRoleResponse><AssumeRoleResult><Credentials>"
        f"<AccessKeyId>by-{key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>"
        f"<SessionToken>{account}</SessionToken><Expiration>{EXPIRES}</Expiration>"
        f"</Credentials>{assumed_role_user(role_arn)}</AssumeRoleResult></AssumeRoleResponse>"
    )


@contextmanager
def call_recorder() -> Iterator[CallRecorder]:
    """Runs a recording server on loopback."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            answer = found.answer(self.path, dict(self.headers), self.body())
            self.reply(200, answer.encode())

        do_PUT = do_POST

    with serve_loopback(Handler) as url:
        found = CallRecorder(url)
        yield found
