"""Verify reads every target, shows drift, and writes nothing, not even a file."""

import json
from collections.abc import Callable

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, ROLE
from .rollout_helpers import REGIONS, until, words, write_rows
from .test_plan import (
    ARN,
    DEAD,
    DIFF,
    DONE,
    GET,
    HEADER,
    MADE,
    ROWS,
    UPDATE,
    counted,
    held,
    start_fleet,
)
from .test_plan import meddle as drift

GET_FUNCTION = "GetFunction"
Start = Callable[..., Server]


def test_each_drifted_target_is_shown(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = start_fleet(bulkeic, sandbox, more="gone,,1,\n")
    words = ("verify", "targets.csv", "--endpoint-url", server.url)
    before = held(server)

    shown = bulkeic(*words)

    assert shown.code == 1
    assert sorted(shown.out.splitlines()) == sorted((DIFF + MADE).splitlines())
    assert counted(server) == {GET: 5, GET_FUNCTION: 2}
    assert "        3 Drifted, for example targets.csv:" in shown.err
    assert "        1 ResourceNotFoundException, for example targets.csv:6 gone: there is no" in (
        shown.err
    )

    as_json = bulkeic(*words, "--output", "json", "--results", "r.jsonl")

    outcomes = {each["function_name"]: each for each in bulkeic.outcomes("r.jsonl")}
    assert {name: (each["status"], each["error_message"]) for name, each in outcomes.items()} == {
        "same": ("unchanged", "it is so already"),
        "change": ("failed", "MaximumRetryAttempts is 2, wanted 1"),
        "half": ("failed", f"DestinationConfig.OnFailure is not set, wanted {DEAD}"),
        "bare": ("failed", "there is no configuration"),
        "gone": ("failed", "there is no such function, or qualifier"),
    }
    halves = {"OnSuccess": {"Destination": DONE}, "OnFailure": {}}
    assert outcomes["half"]["config"]["DestinationConfig"] == halves
    assert (as_json.code, as_json.summary["exit_code"]) == (1, 1)
    assert as_json.summary["errors"] == {"Drifted": 3, "ResourceNotFoundException": 1}
    assert (as_json.summary["unchanged"], as_json.summary["failed"]) == (1, 4)
    assert held(server) == before
    names = {path.name for path in bulkeic.folder.iterdir()}
    assert names == {"fleet.json", "targets.csv", "r.jsonl"}


def test_a_run_is_verified_and_its_file_is_not_changed(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = start_fleet(bulkeic, sandbox)
    ends = ("--endpoint-url", server.url)
    creating = ("--create-missing", "--yes", "--waves", "1,100%")
    assert bulkeic("apply", "targets.csv", "--run", "run.db", *creating, *ends).code == 0
    assert bulkeic("rollback", "run.db", "--run", "back.db", "--plan", *ends).code == 0
    counted(server)
    files = {path: path.read_bytes() for path in bulkeic.folder.iterdir()}

    as_set = bulkeic("verify", "run.db", "--results", "-", *ends)
    piped = bulkeic("verify", "-", "--format", "csv", *ends, stdin=HEADER + ROWS)
    not_back = bulkeic("verify", "back.db", *ends)
    drift(server, "same", None)
    drifted = bulkeic("verify", "run.db", *ends)

    assert as_set.code == 0, as_set.err
    statuses = [json.loads(line)["status"] for line in as_set.out.splitlines()]
    assert statuses == ["unchanged"] * 4
    assert (piped.code, piped.out) == (0, ""), piped.err
    assert "4 targets: 0 updated, 4 unchanged" in as_set.lines
    assert not_back.code == 4
    assert "- DestinationConfig.OnFailure" in not_back.out
    assert f"- {ARN}bare:$LATEST  (targets.csv:5)\n" in not_back.out
    assert (drifted.code, drifted.out) == (4, MADE.replace("bare", "same").replace(":5)", ":2)"))
    assert counted(server) == {GET: 4 + 4 + 3 + 4, GET_FUNCTION: 1}
    assert {path: path.read_bytes() for path in bulkeic.folder.iterdir()} == files

    assert bulkeic("apply", "back.db", "--yes", *ends).code == 0
    assert bulkeic("verify", "back.db", *ends).code == 0


def test_a_target_that_cannot_be_read_beats_drift_in_the_exit_code(
    bulkeic: Bulkeic, server: Server
) -> None:
    lanes = {f"{OTHERS[0]}/{REGION}": {"refuse": 1}}
    server.window("faults", {"lanes": lanes}, "PUT")
    rows = f"a,{ACCOUNT}\nb,{OTHERS[0]}\n"
    bulkeic.write("targets.csv", f"FunctionName,AccountId\n{rows}")

    result = bulkeic(
        "verify", "targets.csv", "--endpoint-url", server.url, "--role-arn", ROLE,
        "--maximum-retry-attempts", 0, "--output", "json",
    )  # fmt: skip

    assert result.code == result.summary["exit_code"] == 1
    assert result.summary["errors"] == {"AccessDeniedException": 1, "Drifted": 1}


def test_a_wave_that_could_not_be_verified_is_verified_when_resumed(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName\na\nb\n")
    ends = ("--yes", "--endpoint-url", server.url)
    process = bulkeic.start(
        "apply", "targets.csv", "--waves", "1,100%", "--run", "run.db", "--rate", 0.5, "--burst", 1,
        "--maximum-retry-attempts", 0, "--max-failures", 1, *ends,
    )  # fmt: skip
    until(lambda: server.calls() == 1, "the first target is written")
    server.window("faults", {"refuse": 1}, "PUT")
    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert (
        "stopped: 1 failed, the maximum allowed; "
        "wave 1 of 2: 1 of 1 target could not be read again, for example targets.c" in err
    )
    server.window("faults", {}, "PUT")
    counted(server)
    assert bulkeic("apply", "run.db", *ends).code == 0
    assert counted(server) == {GET: 3, UPDATE: 1}
    assert "1 verified, 0 drifted" in bulkeic("report", "run.db").out


def test_a_failed_read_between_waves_does_not_stop_the_rollout(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_rows(bulkeic, REGIONS[:2], 1)
    process = bulkeic.start(
        *words(server, "--yes", "--waves", "1,100%", "--rate", 0.5, "--burst", 1)
    )
    until(lambda: server.calls() == 1, "the first target is written")
    server.window("faults", {"lanes": {f"{ACCOUNT}/{REGIONS[0]}": {"refuse": 1}}}, "PUT")
    _, err = process.communicate(timeout=30)

    assert process.returncode == 0, err
    assert "wave 1 of 2: 1 of 1 target could not be read again, for example targets.c" in err
    assert "wave 1 of 2: done, 0 verified, 0 failed" in err
    assert "wave 2 of 2: done, 1 verified, 0 failed" in err
    assert server.calls() == 2
