"""Targets that are read before they change: --where, before-images, --create-missing, and more."""

from collections.abc import Callable
from typing import Any

import pytest

from bulkeic import Status, Updater, make_job

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import (
    GET,
    PUT,
    UPDATE,
    asked,
    change,
    exported,
    load,
    resume,
    rows,
    states,
    until,
    words,
)

Start = Callable[..., Server]
OLD, NEW, OTHER = (f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("old", "new", "other"))


def config(success: str | None = None, failure: str | None = None, retries: int = 2) -> Any:
    """A configuration in the API's form."""
    halves = {"OnSuccess": success, "OnFailure": failure}
    return {
        "MaximumRetryAttempts": retries,
        "MaximumEventAgeInSeconds": 3600,
        "DestinationConfig": {
            name: {"Destination": arn} if arn else {} for name, arn in halves.items()
        },
    }


def write(bulkeic: Bulkeic, *names: str) -> None:
    bulkeic.write("targets.csv", "\n".join(["FunctionName", *names]))


def held(server: Server) -> dict[str, Any]:
    return {name: config for (_, name), config in states(server).items()}


@pytest.mark.parametrize("merging", [(), ("--merge-destinations",)])
def test_setting_one_destination_keeps_the_other(
    bulkeic: Bulkeic, sandbox: Start, merging: tuple[str, ...]
) -> None:
    server = sandbox("--rate", "unlimited", *merging)
    load(server, {"kept": config(success=OTHER), "right": config(OTHER, NEW, 1)})
    write(bulkeic, "kept", "right")

    result = bulkeic(*words(server, "--yes", "--on-failure", NEW, "--no-before-image"))

    assert result.code == 0, result.err
    assert held(server) == {name: config(OTHER, NEW, 1) for name in ("kept", "right")}
    assert (server.calls(GET), server.calls(UPDATE)) == (2, 1)
    kept, right = exported(bulkeic)
    assert kept["settings"]["DestinationConfig"] == kept["config"]["DestinationConfig"]
    assert (kept["status"], right["status"]) == ("updated", "unchanged")

    load(server, {"kept": config(success=OTHER), "right": config(OTHER, NEW, 1)})
    replacing = ("--on-failure", NEW, "--replace-destinations", "--run", "r.db")
    assert bulkeic(*words(server, "--yes", *replacing, "--no-before-image")).code == 0

    assert held(server) == {name: config(None, NEW, 1) for name in ("kept", "right")}
    assert (server.calls(GET), server.calls(UPDATE)) == (2, 3)


def test_create_missing_creates_configurations_of_existing_functions(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    bulkeic.write("fleet.csv", "FunctionName\nthere\nbare-unconfigured\n")
    server = sandbox("--rate", "unlimited", "--targets", "fleet.csv")
    write(bulkeic, "there", "bare-unconfigured", "nowhere")

    without = bulkeic(*words(server, "--yes", "--run", "without.db", "--no-before-image"))

    assert without.code == 1
    failed = exported(bulkeic, "without.db")
    assert [each["status"] for each in failed] == ["updated", "failed", "failed"]
    assert server.calls(PUT) == 0
    assert any("--create-missing creates the configuration" in line for line in without.lines)

    server.window("reset-stats", method="POST")
    result = bulkeic(*words(server, "--yes", "--create-missing", "--no-before-image"))

    assert result.code == 1, result.err
    there, bare, nowhere = exported(bulkeic)
    assert (there["status"], bare["status"]) == ("updated", "created")
    assert (nowhere["status"], nowhere["error_code"]) == ("failed", "ResourceNotFoundException")
    assert held(server)["bare-unconfigured"]["MaximumRetryAttempts"] == 1
    assert (server.calls(UPDATE), server.calls(PUT), server.calls(GET)) == (3, 2, 0)
    by_name = [(name, operation) for operation, (_, name) in asked(server)]
    assert by_name.index(("nowhere", UPDATE)) < by_name.index(("nowhere", PUT))


def test_a_migration_changes_only_matching_targets(bulkeic: Bulkeic, server: Server) -> None:
    before = {
        "both": config(OTHER, OLD),
        "other": config(None, OTHER),
        "none": config(),
        "bare": None,
        "old": config(None, OLD),
    }
    load(server, before)
    write(bulkeic, *before)
    where = f"DestinationConfig.OnFailure.Destination == '{OLD}'"

    result = bulkeic(*words(server, "--yes", "--on-failure", NEW, "--where", where))

    assert result.code == 0, result.err
    changed = {"both": config(OTHER, NEW, 1), "old": config(None, NEW, 1)}
    assert held(server) == before | changed
    assert (server.calls(GET), server.calls(UPDATE)) == (5, 2)
    assert "5 targets: 2 updated, 3 not matched" in result.lines
    found = {each["function_name"]: (each["status"], each["error_message"])
            for each in exported(bulkeic)}  # fmt: skip
    left_out = ("not_matched", "does not match --where")
    assert found == {name: ("updated", None) if name in changed else left_out for name in before}


@pytest.mark.parametrize(
    ("expression", "says"),
    [
        ("", "--where is empty; expected JMESPath as in the AWS CLI's --query"),
        ("a ==", "--where 'a ==': it ends too early, at character 5; expected "),
        ("lenght(a)", "there is no function 'lenght'; expected one of abs, avg, "),
        ("OnFailure", "no configuration can have the field 'OnFailure'; did you mean "),
    ],
)
def test_an_invalid_expression_is_reported_and_nothing_is_sent(
    bulkeic: Bulkeic, server: Server, expression: str, says: str
) -> None:
    write(bulkeic, "a")

    result = bulkeic(*words(server, "--yes", "--where", expression))

    assert (result.code, len(result.lines)) == (2, 1)
    assert says in result.err
    assert server.stats()["calls"] == 0
    assert not (bulkeic.folder / "run.db").exists()


def test_a_before_image_costs_one_get_per_target(bulkeic: Bulkeic, server: Server) -> None:
    before = {"a": config(OTHER, OLD), "right": config(None, None, 1), "bare": None}
    load(server, before)
    write(bulkeic, *before)

    result = bulkeic(*words(server, "--yes", "--before-image", "--create-missing"))

    assert result.code == 0, result.err
    assert (server.calls(GET), server.calls(UPDATE), server.calls(PUT)) == (3, 1, 1)
    changed, right, bare = exported(bulkeic)
    assert {name: changed["before"][name] for name in before["a"]} == before["a"]
    assert (right["status"], right["before"]) == ("unchanged", None)
    assert (bare["status"], bare["before"]) == ("created", {})


def test_a_before_image_is_stored_before_the_update_and_later_changes_are_seen(
    bulkeic: Bulkeic, server: Server
) -> None:
    names = [f"fn-{number}" for number in range(8)]
    load(server, {name: config(None, OLD) for name in names})
    write(bulkeic, *names)
    server.window("faults", {"latency_s": 1}, "PUT")
    process = bulkeic.start(*words(server, "--yes", "--before-image"))
    until(lambda: server.calls(GET) == len(names), "all targets are being read")
    server.window("faults", {"hang": 1}, "PUT")
    until(lambda: server.calls() == len(names), "all updates were sent")
    process.kill()
    process.communicate(timeout=20)

    stored = rows(bulkeic.folder / "run.db", "SELECT seq, may_be_sent, config FROM before_image")
    assert [(seq, sent) for seq, sent, _ in stored] == [(seq, 1) for seq in range(len(names))]
    assert all(OLD in image and '"MaximumRetryAttempts":2' in image for _, _, image in stored)
    done = len(rows(bulkeic.folder / "run.db", "SELECT * FROM outcome"))
    changed = [name for name in names if held(server)[name]["MaximumRetryAttempts"] == 1]
    # A lane's first call goes alone, so that its Update may have been answered, and that stored.
    assert done <= len(changed) <= 1

    server.window("faults", {}, "PUT")
    change(server, (REGION, "fn-6"), MaximumRetryAttempts=1)  # as if its Update had got through
    change(server, (REGION, "fn-7"), MaximumRetryAttempts=0)
    server.window("reset-stats", method="POST")
    resumed = bulkeic(*resume(server, "--yes"))

    assert resumed.code == 1, resumed.err
    *updated, last = exported(bulkeic)
    assert (last["status"], last["error_code"]) == ("failed", "ChangedSince")
    assert last["error_message"] == "MaximumRetryAttempts is 0, was 2"
    assert held(server)["fn-7"]["MaximumRetryAttempts"] == 0
    assert {each["status"] for each in updated} == {"updated"}
    assert {each["before"]["MaximumRetryAttempts"] for each in updated} == {2}
    assert (server.calls(GET), server.calls(UPDATE)) == (8 - done, 6 - len(changed))


@pytest.mark.parametrize("replacing", [False, True])
async def test_the_library_keeps_the_other_destination_and_creates_missing_configurations(
    server: Server, monkeypatch: pytest.MonkeyPatch, *, replacing: bool
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", f"AKIA{ACCOUNT}")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    load(server, {"half": config(success=OTHER), "bare": None})
    jobs = [
        make_job(name, seq=seq, region=REGION, account_id=ACCOUNT, on_failure=NEW)
        for seq, name in enumerate(("half", "bare"))
    ]

    async with Updater(
        endpoint_url=server.url, create_missing=True, replace_destinations=replacing
    ) as updater:
        outcomes = [outcome async for outcome in updater.update(jobs)]

    half, bare = sorted(outcomes, key=lambda outcome: outcome.seq)
    assert (half.status, bare.status) == (Status.UPDATED, Status.CREATED)
    assert held(server)["half"] == config(None if replacing else OTHER, NEW)
    assert held(server)["bare"]["DestinationConfig"] == config(None, NEW)["DestinationConfig"]
    assert server.calls(GET) == (0 if replacing else 2)
    if not replacing:
        assert half.before is not None
        assert half.before["DestinationConfig"] == config(OTHER)["DestinationConfig"]
        assert bare.before == {}
