"""The preview of a run, and its confirmation before anything is sent."""

import json
import re
from collections.abc import Callable

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import ACCOUNTS, OTHERS, ROLE, apply, role_in, write_fleet
from .test_interruptions import until_outcomes

Start = Callable[..., Server]
NOWHERE = "http://127.0.0.1:9"
TEMPLATE = "arn:{partition}:sqs:{region}:{account}:{function}-dead"


def asked(bulkeic: Bulkeic, server: Server, answer: str, *words: object) -> tuple[int, list[str]]:
    """Answers the question of an apply on a terminal: its exit code and its output."""
    code, screen = bulkeic.asked(
        answer, "apply", "targets.csv", "--endpoint-url", server.url, "--role-arn", ROLE,
        "--run", "run.db", "--no-progress", "--no-before-image", *words,
    )  # fmt: skip
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.decode())
    return code, [line.strip() for line in text.replace("\r", "\n").splitlines()]


def test_a_fleet_is_previewed_before_it_is_confirmed(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, functions=200)
    with (bulkeic.folder / "targets.csv").open("a") as file:
        file.write("".join(f"\nmore-{number},{OTHERS[0]},{REGION}" for number in range(100)))
    settings = ("--maximum-retry-attempts", 1, "--on-failure", TEMPLATE, "--on-success", "none")

    code, lines = asked(bulkeic, server, "n\n", *settings, "--rate", 10)

    assert code == 3
    assert server.calls() == 0
    assert (
        "1,300 targets in 6 lanes (3 accounts, 2 Regions), about 30 s; the longest lane is "
        f"{OTHERS[0]}/{REGION} with 300; on {server.url}"
    ) in lines
    wanted = f"1,300 x MaximumRetryAttempts 1, OnSuccess none, OnFailure {TEMPLATE}"
    assert wanted in lines
    assert "stopped: not confirmed; nothing was sent" in lines


def test_a_confirmed_fleet_is_updated(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)

    code, lines = asked(bulkeic, server, "y\n", "--maximum-retry-attempts", 1)

    assert code == 0
    assert "12 targets: 12 updated" in lines
    assert server.calls() == 12


def test_too_many_targets_are_refused(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)
    words = ("--role-arn", ROLE, "--run", "run.db", "--max-targets")

    refused = apply(bulkeic, server, *words, 11)

    assert refused.code == 2
    (line,) = refused.lines
    assert line.startswith("bulkeic: more targets (12) than --max-targets 11; nothing was sent; ")
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "run.db").exists()
    assert apply(bulkeic, server, *words, 12).code == 0
    assert server.calls() == 12


def test_too_many_targets_are_refused_when_resuming(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, (ACCOUNT,), (REGION,), functions=30)
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--rate", 5, "--max-targets", 30,
    )  # fmt: skip
    until_outcomes(bulkeic.folder / "run.db", 1)
    process.terminate()
    process.communicate(timeout=20)
    sent = server.calls()
    words = ("apply", "run.db", "--yes", "--endpoint-url", server.url, "--rate", "unlimited")

    refused = bulkeic(*words, "--max-targets", 29 - sent)

    assert refused.code == 2
    assert len(refused.lines) == 1
    assert f"more targets ({30 - sent}) than --max-targets {29 - sent}; nothing" in refused.err
    assert server.calls() == sent
    assert bulkeic(*words, "--max-targets", 30 - sent).code == 0
    assert server.calls() == 30


def test_a_destination_is_filled_in_for_each_target(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, ACCOUNTS[:2], functions=1)

    result = apply(bulkeic, server, "--role-arn", ROLE, "--run", "run.db", "--on-failure", TEMPLATE)

    assert result.code == 0, result.err
    outcomes = bulkeic.outcomes("r.jsonl")
    exported = [json.loads(line) for line in bulkeic("export", "run.db").out.splitlines()]
    held = server.window("state")
    assert len(outcomes) == len(held) == 4
    for outcome in (*outcomes, *exported):
        account, region = outcome["account_id"], outcome["region"]
        place = f"{region}:{account}"
        dead = {"Destination": f"arn:aws:sqs:{place}:fn-0-dead"}
        wanted = {"OnSuccess": {}, "OnFailure": dead}
        assert outcome["settings"]["DestinationConfig"] == wanted
        assert outcome["config"]["DestinationConfig"] == wanted
        config = held[f"{account}/{region}"]["fn-0"]["$LATEST"]
        assert config["DestinationConfig"] == wanted


@pytest.mark.parametrize(
    ("destination", "says"),
    [
        (
            "arn:aws:sqs:{region}:{nope}:q",
            "'{nope}' in 'arn:aws:sqs:{region}:{nope}:q' is not a placeholder",
        ),
        ("arn:aws:sqs:{region}:{account}:{function.__class__}", "'{function.__class__}' in "),
        ("arn:aws:sqs:{region}:{account}:q}", "'}' in "),
        ("arn:aws:dynamodb:{region}:{account}:q", "'arn:aws:dynamodb:us-east-1:"),
    ],
)
def test_an_unknown_template_name_is_reported_with_its_line(
    bulkeic: Bulkeic, destination: str, says: str
) -> None:
    bulkeic.write("targets.csv", f"FunctionName,OnFailure\ngood,none\nbad,{destination}\n")

    row = bulkeic("apply", "targets.csv", "--yes", "--endpoint-url", NOWHERE)

    assert row.code == 2
    assert row.lines[0].startswith(f"targets.csv:3: OnFailure: {says}")


USAGE = ["Usage: bulkeic apply [OPTIONS] [SOURCE]", "Try 'bulkeic apply --help' for help.", ""]
BAD_FLAGS = {
    (
        "--role-arn",
        "deployer",
    ): "--role-arn: 'deployer' is not a role ARN; expected something like arn:aws:iam::",
    ("--role-arn", "arn:aws:iam::{nope}:role/x"): "--role-arn: '{nope}' in ",
    ("--external-id", "x"): "--external-id: 'x' is not an external id; expected 2 to 1224 letters",
    ("--role-session-name", "a b"): "--role-session-name: 'a b' is not a session name; expected",
    ("--duration", "899"): "'899' is out of range; expected 900 to 43200",
    (
        "--on-failure",
        "arn:aws:sqs:{nope}:",
    ): "Error: Invalid value for '--on-failure': '{nope}' in ",
    ("--headroom", "nan"): "'nan' is not a percentage; expected 0% to 90%",
    (
        "--rate",
        "automatic",
    ): "'automatic' is not a rate; expected a number above 0, auto, or unlimited",
    ("--max-targets", "-1"): "'-1' is out of range; expected 0 or more",
    ("--accounts", "accounts.txt"): "accounts.txt: no such file",
}


@pytest.mark.parametrize("words", BAD_FLAGS)
def test_an_invalid_flag_is_reported_and_nothing_is_created(
    bulkeic: Bulkeic, words: tuple[str, str]
) -> None:
    write_fleet(bulkeic)

    result = bulkeic("apply", "targets.csv", "--yes", "--endpoint-url", NOWHERE, *words)

    assert result.code == 2
    assert BAD_FLAGS[words] in result.lines[-1]
    assert result.lines[:-1] in ([], USAGE)
    assert [path.name for path in bulkeic.folder.iterdir()] == ["targets.csv"]


def test_an_automatic_rate_stays_within_the_quota(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", 60, "--burst", 60)
    write_fleet(bulkeic, ACCOUNTS[:1], functions=25)

    result = apply(bulkeic, server, "--rate", "auto", "--headroom", "50%")

    assert result.code == 0, result.err
    assert result.summary["updated"] == 50
    assert result.summary["throttles"] <= 8


def test_the_summary_lists_several_lanes(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, OTHERS, (REGION,), functions=3)
    roles = ("--role-arn", ROLE, "--external-id", "none")
    entry = {"AccountId": OTHERS[1], "RoleArn": role_in(OTHERS[1], "is-denied")}
    bulkeic.write("accounts.json", json.dumps([entry]))

    result = apply(bulkeic, server, *roles, "--accounts", "accounts.json")

    lines = [line.split() for line in result.lines]
    rows = lines[next(at for at, line in enumerate(lines) if line[0] == "lane") :]
    assert rows[0] == ["lane", "targets", "failed", "pending", "throttled", "seconds"]
    assert rows[1][:5] == [f"{OTHERS[1]}/{REGION}", "3", "3", "0", "0"]
    assert rows[2][:5] == [f"{OTHERS[0]}/{REGION}", "3", "0", "0", "0"]


def test_one_lane_has_no_table(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic, (ACCOUNT,), (REGION,))

    result = apply(bulkeic, server)

    assert result.code == 0
    assert not [line for line in result.lines if "throttled  " in line]
