"""Keys, secrets, tokens and signatures appear only in the requests that they sign."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from .conftest import ACCOUNT, Bulkeic, Result, Server
from .echoing_server import TOKEN_TAIL, Echo, contents, echo, leaks

Start = Callable[..., Server]

KEY = f"AKIA{ACCOUNT}"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
TOKEN = f"FwoGZXIvYXdzEBYaDHNlc3Npb24{TOKEN_TAIL}"
PASSWORD = "hunter2-of-the-proxy"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": TOKEN,
}  # fmt: skip
WAYS = (
    "plain", "url", "dict", "json", "html", "deep", "upper", "split", "cut", "entities", "base64",
    "good",
)  # fmt: skip
ROLES = [f"{digit * 12}" for digit in "1234567"]
ALL_LEVELS = ("--log-level", "debug")


@pytest.fixture
def talkative() -> Iterator[Echo]:
    with echo(KEY, SECRET, TOKEN) as server:
        yield server


def check(server: Echo, bulkeic: Bulkeic, *results: Result) -> None:
    """Searches all output and all files for every secret."""
    shown = [text.encode() for result in results for text in (result.out, result.err)]
    texts = [*(("screen", text) for text in shown), *contents(bulkeic.folder)]
    assert leaks(server.secrets, texts) == []


def write_targets(bulkeic: Bulkeic, accounts: list[str]) -> None:
    rows = [f"{way}-{account[0]},{account}" for account in accounts for way in WAYS]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,AccountId", *rows]))


def test_secrets_that_a_server_echoes_are_not_shown(bulkeic: Bulkeic, talkative: Echo) -> None:
    write_targets(bulkeic, [ACCOUNT])
    found: list[str] = []

    def look() -> None:
        found.extend(leaks(talkative.secrets, contents(bulkeic.folder)))

    talkative.look = look
    common = (
        "--endpoint-url", talkative.url, "--rate", "unlimited", "--concurrency", 2,
        "--max-attempts", 1, *ALL_LEVELS, "--log-format",
    )  # fmt: skip
    wanted = ("--maximum-retry-attempts", 0)
    commands: tuple[tuple[object, ...], ...] = (
        ("plan", "targets.csv", "--run", "plan.db", "--diff", *wanted),
        ("apply", "targets.csv", "--yes", "--run", "run.db", "--results", "r.csv",
         "--before-image", "--output", "json", *wanted),
        ("verify", "targets.csv", "--results", "v.jsonl", *wanted),
        ("rollback", "run.db", "--yes", "--run", "back.db", "--results", "back.jsonl"),
    )  # fmt: skip

    results = [
        bulkeic(*words, *common, ("console", "json")[number % 2], **ENVIRONMENT)
        for number, words in enumerate(commands)
    ]
    results += [bulkeic("report", "run.db"), bulkeic("export", "run.db")]

    assert [result.code for result in results] == [1, 1, 1, 0, 0, 0], results[0].err
    bulkeic.write("r.jsonl", results[-1].out)
    outcomes = {outcome["function_name"]: outcome for outcome in bulkeic.outcomes("r.jsonl")}
    assert set(outcomes) == {f"{way}-1" for way in WAYS}
    assert outcomes["good-1"]["status"] == "updated"
    destinations = outcomes["good-1"]["config"]["DestinationConfig"]
    assert destinations["OnFailure"] == {"Destination": "arn:***"}
    assert "signature we calculated does not match" in outcomes["plain-1"]["error_message"]
    assert talkative.calls >= len(WAYS) * 3 + 2
    assert len(talkative.secrets) > len(WAYS)  # equal calls of one second have one signature
    assert found == []
    check(talkative, bulkeic, *results)


def test_secrets_that_sts_issues_or_quotes_are_not_shown(
    bulkeic: Bulkeic, talkative: Echo, tmp_path_factory: pytest.TempPathFactory
) -> None:
    write_targets(bulkeic, ROLES)
    path = tmp_path_factory.mktemp("aws") / "credentials"
    path.write_text(
        f"[prod]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        f"aws_session_token = {TOKEN}\n"
    )
    nothing = dict.fromkeys(ENVIRONMENT)

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--run", "run.db", "--results", "r.jsonl",
        "--endpoint-url", talkative.url, "--rate", "unlimited", "--max-attempts", 1,
        "--role-arn", "arn:aws:iam::{account}:role/Deploy", "--external-id", "partner-7",
        "--maximum-retry-attempts", 0, "--profile", "prod", "--give-up-after", 2, *ALL_LEVELS,
        **nothing, AWS_SHARED_CREDENTIALS_FILE=str(path),
    )  # fmt: skip

    assert result.code == 3, result.err
    codes = {
        outcome["account_id"][0]: outcome["error_code"] for outcome in bulkeic.outcomes("r.jsonl")
    }
    assert "2" not in codes  # it is asked again, until the caller's own keys have expired
    assert '"code": "ResponseParserError"' in result.err
    assert codes["3"] == "SignatureDoesNotMatch"
    assert codes["5"] == "AccessDenied"
    assert "lane 444444444444/us-east-1 stopped" in result.err
    assert sum("ASIAISSUED" in secret for secret in talkative.secrets) == 4
    check(talkative, bulkeic, result, bulkeic("report", "run.db"))


def test_refused_credentials_are_not_shown(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, [ACCOUNT])

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--maximum-retry-attempts",
        1, *ALL_LEVELS, **ENVIRONMENT | {"AWS_SESSION_TOKEN": None},
    )  # fmt: skip

    assert result.code == 2
    assert "SignatureDoesNotMatch" in result.err
    assert leaks((KEY, SECRET), [("screen", result.err.encode())]) == []


def test_no_fault_shows_a_secret(bulkeic: Bulkeic, sandbox: Start) -> None:
    faults = ("conflict", "garbage", "refuse", "truncated", "cut-before", "error")
    server = sandbox(
        "--rate", "unlimited", "--no-verify-signatures", "--seed", 5,
        *(word for fault in faults for word in (f"--{fault}", 0.15)),
    )  # fmt: skip
    rows = "\n".join(f"fn-{number}" for number in range(40))
    bulkeic.write("targets.csv", f"FunctionName\n{rows}\n")

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--rate", "unlimited", "--maximum-retry-attempts", 1, "--results", "r.jsonl",
        "--max-attempts", 1, *ALL_LEVELS, **ENVIRONMENT,
    )  # fmt: skip

    assert result.code == 1, result.err
    assert {outcome["error_code"] for outcome in bulkeic.outcomes("r.jsonl")} > {
        "AccessDeniedException", "OutcomeUnknown", "ConnectionClosedError",
    }  # fmt: skip
    texts = [("screen", result.err.encode()), *contents(bulkeic.folder)]
    assert leaks((KEY, SECRET, TOKEN, "Signature="), texts) == []


def test_the_password_of_a_proxy_is_never_shown(bulkeic: Bulkeic, talkative: Echo) -> None:
    write_targets(bulkeic, [ACCOUNT])
    talkative.secrets.add(PASSWORD)
    proxy = talkative.url.replace("//", f"//user:{PASSWORD}@")
    words = ("apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, *ALL_LEVELS)

    refused = bulkeic(*words, HTTPS_PROXY=proxy, **ENVIRONMENT)  # it knows no CONNECT
    passed = bulkeic(
        *words, "--endpoint-url", "http://lambda.example", HTTP_PROXY=proxy, **ENVIRONMENT
    )

    assert (refused.code, passed.code) == (2, 1), passed.err
    assert any(secret.startswith("dXNlcj") for secret in talkative.secrets)  # it was repeated
    check(talkative, bulkeic, refused, passed)


@pytest.mark.parametrize("where", ["flag", "sandbox", "environment"])
def test_the_login_of_an_endpoint_is_never_shown(
    bulkeic: Bulkeic, talkative: Echo, where: str
) -> None:
    write_targets(bulkeic, [ACCOUNT])
    talkative.secrets.add(PASSWORD)
    url = talkative.url.replace("//", f"//user:{PASSWORD}@")
    words: dict[str, tuple[str, ...]] = {
        "flag": ("--yes", "--endpoint-url", url),
        "sandbox": ("--sandbox", "--endpoint-url", url),
        "environment": ("--yes",),
    }

    result = bulkeic(
        "apply", "targets.csv", "--maximum-retry-attempts", 1, "--run", "run.db", *ALL_LEVELS,
        *words[where], AWS_ENDPOINT_URL_LAMBDA=url, AWS_ENDPOINT_URL_STS=talkative.url,
        **ENVIRONMENT,
    )  # fmt: skip

    if where == "environment":
        assert result.code == 1, result.err
    else:
        assert result.code == 2
        assert "remove everything up to the @" in result.err
    check(talkative, bulkeic, result)


CRASH = """\
import os
import {module}
before = {module}.{name}
def crash(self, *words, **named):
    # STS answers, and Lambda is met by another name of the host.
    if getattr(self, "_host", "localhost") != "localhost":
        return before(self, *words, **named)
    held = str([os.environ[name] for name in os.environ if name.startswith("AWS_")])
    raise KeyError(held, UnicodeEncodeError("ascii", held, 0, 1, "no"))
{module}.{name} = crash
"""


@pytest.mark.parametrize(
    ("where", "log_format"),
    [
        ("bulkeic.aws.http.connector.Connector.connect", "console"),
        ("aiobotocore.session.AioSession.create_client", "json"),
    ],
)
def test_a_crash_shows_no_secret(
    bulkeic: Bulkeic, talkative: Echo, where: str, log_format: str
) -> None:
    kind, name = where.rsplit(".", 1)
    module, _, kind = kind.rpartition(".")
    bulkeic.write("sitecustomize.py", CRASH.format(module=module, name=f"{kind}.{name}"))
    write_targets(bulkeic, [ACCOUNT])

    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--maximum-retry-attempts", "1", "--run", "run.db",
        *ALL_LEVELS, "--log-format", log_format,
        env={
            **ENVIRONMENT, "AWS_ENDPOINT_URL_STS": talkative.url,
            "AWS_ENDPOINT_URL_LAMBDA": talkative.url.replace("127.0.0.1", "localhost"),
            "PYTHONPATH": str(bulkeic.folder),
        },
    )  # fmt: skip
    out, err = process.communicate(timeout=30)

    assert "internal error, please report it" in err
    assert "KeyError" in err
    assert "Traceback" in err
    texts = [("out", out.encode()), ("err", err.encode()), *contents(bulkeic.folder)]
    assert leaks(talkative.secrets, texts) == []


def test_files_are_private_with_any_umask(bulkeic: Bulkeic, talkative: Echo) -> None:
    write_targets(bulkeic, [ACCOUNT])
    theirs = bulkeic.write("theirs.csv", "")
    theirs.chmod(0o640)
    modes: dict[str, set[int]] = {}

    def look() -> None:
        for path in bulkeic.folder.rglob("*"):
            with suppress(FileNotFoundError):  # SQLite's are gone at the end of a run
                if path.is_file():
                    modes.setdefault(path.suffix, set()).add(path.stat().st_mode & 0o777)

    talkative.look = look
    for results in ("r.jsonl", "theirs.csv"):
        process = bulkeic.start(
            "apply", "targets.csv", "--yes", "--endpoint-url", talkative.url, "--results", results,
            "--maximum-retry-attempts", "0", "--max-attempts", "1", "--before-image",
            env=ENVIRONMENT, umask=0,
        )  # fmt: skip
        process.communicate(timeout=30)
        assert process.returncode == 1
        look()

    del modes[".csv"]  # the targets; and what was there before
    assert modes == {each: {0o600} for each in (".db", ".db-wal", ".db-shm", ".jsonl")}
    assert theirs.stat().st_mode & 0o777 == 0o640
