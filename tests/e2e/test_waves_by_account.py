"""Waves that a file gives: the accounts and Regions of a waves file, or a Wave column."""

import json
from itertools import groupby

import pytest

from .conftest import ACCOUNT, Bulkeic, Server
from .fleet import OTHERS, ROLE, write_fleet
from .rollout_helpers import (
    REGIONS,
    UPDATE,
    load,
    resume,
    rows,
    terminal,
    until,
    wave_lines,
    words,
    write_rows,
)

EAST, WEST = REGIONS[0], "eu-west-1"
ROLES = ("--role-arn", ROLE)
FILE = f"Wave,AccountId,Region\n1,{OTHERS[1]},\n5,,eu-*\n"
ORDER = [
    {(OTHERS[1], EAST), (OTHERS[1], WEST)},
    {(ACCOUNT, WEST), (OTHERS[0], WEST)},
    {(ACCOUNT, EAST), (OTHERS[0], EAST)},
]
PREVIEW = [
    "in 3 waves of 4, 4, 4; each wave is verified",
    f"  wave 1: 4 targets in 1 account ({OTHERS[1]}) and 2 Regions ({EAST}, {WEST})",
    f"  wave 5: 4 targets in 2 accounts ({ACCOUNT}, {OTHERS[0]}) and 1 Region ({WEST})",
    f"  wave 6: 4 targets in 2 accounts ({ACCOUNT}, {OTHERS[0]}) and 1 Region ({EAST})",
]


def changed(server: Server) -> list[set[tuple[str, str]]]:
    """The lanes that each uninterrupted series of changes went to; reads end a series."""
    calls = [call for call in reversed(server.window("live")["last_calls"]) if call["lane"]]
    return [
        {tuple(call["lane"].split("/")) for call in group}
        for is_change, group in groupby(calls, lambda call: call["operation"] == UPDATE)
        if is_change
    ]


def waves_changed(server: Server) -> list[set[tuple[str, str]]]:
    """As ``changed``, with series of the same wave joined."""
    found: list[set[tuple[str, str]]] = []
    for lanes in changed(server):
        wave = next(wave for wave in ORDER if lanes <= wave)
        if not found or found[-1] != wave:
            found.append(wave)
    return found


def previewed(lines: list[str]) -> list[str]:
    start = next(number for number, line in enumerate(lines) if line.startswith("in "))
    return lines[start : start + len(PREVIEW)]


FILES = {
    "waves.csv": f"{FILE}2,999999999999,\n",
    "waves.json": json.dumps(
        [
            {"Wave": 1, "AccountId": OTHERS[1]},
            {"Wave": 5, "Region": "eu-*"},
            {"Wave": 2, "AccountId": 999999999999},
        ],
        indent=0,
    ),
}


@pytest.mark.parametrize(("name", "line"), [("waves.csv", 4), ("waves.json", 10)])
def test_a_waves_file_puts_canary_accounts_first(
    bulkeic: Bulkeic, server: Server, name: str, line: int
) -> None:
    write_fleet(bulkeic)
    bulkeic.write(name, FILES[name])

    result = bulkeic(*words(server, "--yes", *ROLES, "--waves-file", name))

    assert result.code == 0, result.err
    assert waves_changed(server) == ORDER
    assert previewed(result.lines) == PREVIEW
    assert (
        f"note: line {line} of the waves file matches no target: account 999999999999, Region *"
    ) in result.lines
    assert "wave 1 of 6: 4 targets" in result.lines
    assert "wave 6 of 6: done, 4 verified, 0 failed" in result.lines
    numbers = [line.partition(":")[0] for line in wave_lines(bulkeic)]
    assert numbers == ["wave 1, 4 targets", "wave 5, 4 targets", "wave 6, 4 targets"]


def test_a_plan_shows_and_keeps_the_waves_of_its_waves_file(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic)
    bulkeic.write("waves.csv", FILE)
    planned = bulkeic("plan", *words(server, *ROLES, "--waves-file", "waves.csv")[1:])
    assert planned.code == 0, planned.err
    assert previewed(planned.lines) == PREVIEW
    assert previewed(bulkeic("report", "run.db").out.splitlines()) == PREVIEW

    bulkeic.write("waves.csv", "Wave,AccountId\n1,*\n")
    other = bulkeic(*resume(server, "--yes", *ROLES, "--waves-file", "waves.csv"))
    assert (other.code, other.err) == (2, (
        "bulkeic: run file 'run.db' has waves already, and the rows of 'waves.csv' are not those "
        "that it was made with; omit the flag\n"
    ))  # fmt: skip
    by_size = bulkeic(*resume(server, "--yes", *ROLES, "--waves", "100%"))
    assert by_size.err == "bulkeic: run file 'run.db' was made with --waves-file; omit --waves\n"
    server.window("reset-stats", method="POST")
    result = bulkeic(*resume(server, "--yes", *ROLES))

    assert result.code == 0, result.err
    assert waves_changed(server) == ORDER


def test_a_run_with_waves_allows_a_waves_file_with_the_same_rows(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic)
    bulkeic.write("waves.csv", FILE)
    assert bulkeic("plan", *words(server, *ROLES, "--waves-file", "waves.csv")[1:]).code == 0
    assert bulkeic(*resume(server, "--yes", *ROLES)).code == 0
    bulkeic.write("copy.csv", FILE.replace("\n", "\r\n"))

    same = bulkeic(*resume(server, "--yes", *ROLES, "--waves-file", "copy.csv"))
    bulkeic.write("copy.csv", f"{FILE}7,,us-*\n")
    other = bulkeic(*resume(server, "--yes", *ROLES, "--waves-file", "copy.csv"))

    assert same.code == 0, same.err
    assert other.code == 2
    assert "the rows of 'copy.csv' are not those that it was made with" in other.err


def test_a_run_that_keeps_its_waves_is_resumed_without_their_file(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_fleet(bulkeic)
    bulkeic.write("waves.csv", FILE)
    code, screen = bulkeic.asked("n\n", *words(server, *ROLES, "--waves-file", "waves.csv"))

    assert code == 3
    assert b"resume with: bulkeic apply run.db" in screen
    assert b"--waves-file" not in screen.partition(b"resume with: ")[2]
    (bulkeic.folder / "waves.csv").unlink()
    resumed = bulkeic(*resume(server, "--yes", *ROLES))
    assert resumed.code == 0, resumed.err
    assert waves_changed(server) == ORDER


def test_a_wave_column_gives_each_target_its_wave(bulkeic: Bulkeic, server: Server) -> None:
    rows_of_file = ["fn-0,5", "fn-1,", "fn-2,1", "fn-3,5", "fn-4,", "fn-5,1"]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,Wave", *rows_of_file]))

    result = bulkeic(*words(server, "--yes", "--region", EAST))

    assert result.code == 0, result.err
    calls = [call for call in reversed(server.window("live")["last_calls"]) if call["lane"]]
    names = [call["function"] for call in calls if call["operation"] == UPDATE]
    assert [set(names[at : at + 2]) for at in (0, 2, 4)] == [
        {"fn-2", "fn-5"}, {"fn-0", "fn-3"}, {"fn-1", "fn-4"},
    ]  # fmt: skip
    assert "in 3 waves of 2, 2, 2; each wave is verified" in result.lines
    assert f"  wave 5: 2 targets in 1 account ({ACCOUNT}) and 1 Region ({EAST})" in result.lines
    assert "wave 6 of 6: done, 2 verified, 0 failed" in result.lines
    targets = bulkeic("export", "run.db", "--format", "targets").out.splitlines()
    assert targets[0].endswith(",Wave")
    assert [line.rpartition(",")[2] for line in targets[1:]] == ["5", "6", "1", "5", "6", "1"]


def test_a_killed_run_resumes_with_the_waves_of_its_rows(bulkeic: Bulkeic, server: Server) -> None:
    lines = [
        f"fn-{number},{EAST if number % 2 else REGIONS[1]},{3 - number % 3}" for number in range(9)
    ]
    bulkeic.write("targets.csv", "\n".join(["FunctionName,Region,Wave", *lines]))
    server.window("faults", {"lanes": {f"{ACCOUNT}/{EAST}": {"hang": 1}}}, "PUT")
    process = bulkeic.start(*words(server, "--yes"))
    until(lambda: f"{ACCOUNT}/{EAST}" in server.stats()["by_lane"], "the first wave has started")
    process.kill()
    process.communicate(timeout=20)
    stored = rows(bulkeic.folder / "run.db", "SELECT number, targets FROM wave")
    server.window("faults", {}, "PUT")
    bulkeic.write("targets.csv", "FunctionName\nfn-0\n")

    resumed = bulkeic(*resume(server, "--yes"))

    assert resumed.code == 0, resumed.err
    assert stored == [(1, 3), (2, 3), (3, 3)]
    assert rows(bulkeic.folder / "run.db", "SELECT number, targets FROM wave") == stored
    query = "SELECT j.wave, count(*) FROM outcome o JOIN job j USING (lane_id, seq) GROUP BY 1"
    assert rows(bulkeic.folder / "run.db", query) == stored
    last = rows(bulkeic.folder / "run.db", "SELECT verified, drifted FROM wave")
    assert last == [(3, 0)] * 3


def test_the_question_shows_the_next_wave(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)
    bulkeic.write("waves.csv", FILE)
    with terminal(bulkeic, *words(server, *ROLES, "--waves-file", "waves.csv")) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        screen.wait_for(
            f"next is wave 5 of 6: 4 targets in 2 accounts ({ACCOUNT}, {OTHERS[0]}) and 1 Region "
            f"({WEST}), about 1 s\r\n"
        )
        screen.answer("continue with the next wave? [y/N] ", "n\n")
        assert screen.end() == 3, screen.screen

    assert waves_changed(server) == ORDER[:1]


def test_the_question_leaves_out_waves_that_change_nothing(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,Wave\na,1\nb,2\nc,4\n")
    load(server, {"a": {}, "b": {"MaximumRetryAttempts": 1}, "c": {}})
    assert bulkeic("plan", *words(server, "--region", EAST)[1:]).code == 0
    with terminal(bulkeic, *resume(server)) as screen:
        screen.answer("update them? [y/N] ", "y\n")
        screen.wait_for(f"next is wave 4 of 4: 1 target in 1 account ({ACCOUNT}) and 1 Region")
        screen.answer("continue with the next wave? [y/N] ", "y\n")
        assert screen.end() == 0, screen.screen

    assert [line.partition(":")[0] for line in wave_lines(bulkeic)] == [
        "wave 1, 1 target", "wave 2, 0 targets", "wave 4, 1 target"
    ]  # fmt: skip


def test_of_many_rows_that_match_nothing_some_are_named(bulkeic: Bulkeic, server: Server) -> None:
    write_fleet(bulkeic)
    unused = "".join(f"1,9{number:011},\n" for number in range(25))
    bulkeic.write("waves.csv", FILE + unused)

    result = bulkeic("plan", *words(server, *ROLES, "--waves-file", "waves.csv")[1:])

    assert result.code == 0, result.err
    notes = [line for line in result.lines if line.startswith("note: ")]
    assert len(notes) == 21
    assert notes[-1] == "note: no target matches 5 other lines of the waves file"


@pytest.mark.parametrize(
    "flags", [("--waves", "1,100%"), ("--waves-file", "waves.csv")], ids=["sizes", "file"]
)
def test_failures_of_a_lane_without_pending_targets_are_retried_in_the_last_wave(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    write_rows(bulkeic, [EAST, WEST], 2)
    bulkeic.write("waves.csv", f"Wave,Region\n1,{EAST}\n")
    assert bulkeic("plan", *words(server)[1:]).code == 0
    server.window("faults", {"refuse": 1}, "PUT")
    assert bulkeic(*resume(server, "--yes", "--select-region", EAST)).code == 1
    server.window("faults", {}, "PUT")
    first = bulkeic(*resume(server, "--yes", "--output", "json", *flags))
    assert (first.code, first.summary["updated"], first.summary["failed"]) == (1, 2, 2), first.err

    retried = bulkeic(*resume(server, "--yes", "--output", "json", "--retry-failed"))

    assert retried.code == 0, retried.err
    assert (retried.summary["updated"], retried.summary["pending"]) == (4, 0)
    assert "0 drifted" in wave_lines(bulkeic)[-1]


COLUMN = "FunctionName,Wave\nfn,1\n"
REFUSED = {
    ("--waves", "1,100%"): "targets.csv has a Wave column; omit --waves, or the column",
    ("--wave-by", "region"): "targets.csv has a Wave column; omit --wave-by, or the column",
    ("--waves-file", "waves.csv"): (
        "targets.csv has a Wave column; omit --waves-file, or the column"
    ),
    ("--no-before-image",): (
        "targets.csv has a Wave column, and waves need before-images; omit the flag"
    ),
    ("--waves-file", "waves.csv", "--waves", "100%"): (
        "--waves-file already says which targets each wave has; omit --waves"
    ),
    ("--waves-file", "bad.csv"): (
        "bad.csv:3: AccountId: '12' is invalid; expected an account id of 12 digits or a glob"
    ),
    ("--waves-file", "empty.csv"): (
        "empty.csv has no rows; expected a wave, and its accounts and Regions"
    ),
    ("--waves-file", "missing.csv"): "missing.csv: cannot be read: No such file",
    ("--waves-file", "waves.csv", "--results", "waves.csv", "--overwrite"): (
        "--results 'waves.csv' is also an input file; use another file"
    ),
    ("--waves-file", "other.csv"): "other.csv:1: unknown column 'Account'; did you mean AccountId?",
}


@pytest.mark.parametrize("flags", REFUSED)
def test_other_waves_are_refused_in_one_line_and_nothing_is_sent(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    bulkeic.write("targets.csv", COLUMN)
    bulkeic.write("waves.csv", FILE)
    bulkeic.write("bad.csv", "Wave,AccountId\n1,*\n2,12\n")
    bulkeic.write("empty.csv", "Wave,AccountId\n")
    bulkeic.write("other.csv", "Wave,Account\n1,*\n")

    result = bulkeic(*words(server, "--yes", "--region", EAST, *flags))

    assert result.code == 2, result.err
    assert REFUSED[flags] in result.err
    assert len(result.err.splitlines()) == 1
    assert server.calls() == 0
    assert not (bulkeic.folder / "run.db").exists()


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_targets_and_waves_file_cannot_both_come_from_stdin(bulkeic: Bulkeic, command: str) -> None:
    more = ("--yes",) if command == "apply" else ()
    result = bulkeic(command, "-", "--sandbox", "--waves-file", "-", *more, stdin=FILE)

    assert (result.code, result.err) == (
        2,
        "bulkeic: SOURCE and --waves-file cannot both be read from stdin\n",
    )


def test_a_run_whose_rows_give_waves_takes_no_others(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", COLUMN)
    assert bulkeic("plan", *words(server, "--region", EAST)[1:]).code == 0

    result = bulkeic(*resume(server, "--yes", "--waves", "100%"))

    assert (result.code, result.err) == (2, (
        "bulkeic: the targets of run file 'run.db' have a wave each, from the Wave column of "
        "targets.csv; omit --waves\n"
    ))  # fmt: skip
