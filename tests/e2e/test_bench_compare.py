"""``bench compare``: files and commands, exit codes, and one line for each error."""

import os
import random
import shlex
import signal
import sys
import time
from contextlib import chdir
from typing import Any

import click
import pytest
from msgspec.structs import replace

from bulkeic.bench.model.measurements import BenchOperation, BenchResult, encode
from bulkeic.cli.commands import cli
from bulkeic.core.errors import BulkeicError
from tests.bench.example_results import CLOSED, measures, noisy_result, result, spread

from .conftest import Bulkeic
from .rollout_helpers import until

COMPARE = ("bench", "compare")
BENCH = """\
import os, sys, time

name, latency = sys.argv[1:3]
with open("order", "a") as file:
    file.write(name + " ")
assert sys.argv[3] == "--results" and sys.argv[5:] == ["--no-progress"], sys.argv
print("out of " + name)
print("said by " + name, file=sys.stderr)
if latency == "hang":
    with open("pid.new", "w") as file:
        file.write(str(os.getpid()))
    os.rename("pid.new", "pid")
    time.sleep(60)
if latency == "killed":
    os.kill(os.getpid(), 9)
if latency == "fail":
    sys.exit(3)
if latency == "vain":
    os.rename("vain.json", sys.argv[4])
    sys.exit(1)
if latency != "nothing":
    text = open("like.json").read().replace('"p99_s": 0.08', '"p99_s": ' + latency)
    open(sys.argv[4], "w").write(text)
"""


def write(bulkeic: Bulkeic, name: str, whole: BenchResult) -> str:
    (bulkeic.folder / name).write_bytes(encode(whole))
    return name


def inside(bulkeic: Bulkeic, *words: str) -> Any:
    """The exit code of the command, run within this process to save time."""
    with chdir(bulkeic.folder):
        return cli([*COMPARE, *words], standalone_mode=False)


def refusal(bulkeic: Bulkeic, *words: str) -> str:
    """The error message of the command."""
    with pytest.raises((BulkeicError, click.UsageError)) as caught:
        inside(bulkeic, *words)
    error = caught.value
    return error.message if isinstance(error, click.UsageError) else str(error)


@pytest.fixture
def files(bulkeic: Bulkeic) -> dict[str, str]:
    rng = random.Random(1)
    return {
        name: write(bulkeic, f"{name}.json", noisy_result(rng, 0.02, slower))
        for name, slower in (("old", 1.0), ("same", 1.0), ("slow", 1.5))
    }


@pytest.fixture
def command(bulkeic: Bulkeic) -> Any:
    (bulkeic.folder / "a script.py").write_text(BENCH)
    write(bulkeic, "like.json", result(measures(spread(0.02))))
    return lambda *words: shlex.join([sys.executable, "-IS", "a script.py", *words])


def test_files_are_compared(bulkeic: Bulkeic, files: dict[str, str]) -> None:
    same = bulkeic(*COMPARE, files["old"], files["same"])

    assert (same.code, same.out) == (0, "")
    assert same.lines[0] == "open, 10/s in each lane; 5 repeats of OLD, 5 of NEW"
    assert same.lines[1].split() == ["metric", "old", "new", "ratio", "noise", "verdict"]
    assert [line.split()[0] for line in same.lines[2:-1]] == [
        "throughput", "succeeded", "p50", "p90", "p99", "p99.9", "max", "cpu",
    ]  # fmt: skip
    assert same.lines[-1].startswith("verdict: same: nothing differs beyond the noise (at most ±")

    slow = bulkeic(*COMPARE, files["old"], files["slow"])

    assert slow.code == 0
    assert slow.lines[-1].startswith("verdict: worse: throughput 0.6")


def test_a_condition_that_holds_sets_the_exit_code(bulkeic: Bulkeic, files: dict[str, str]) -> None:
    words = (*COMPARE, files["old"], files["slow"], "--fail-if")

    held = bulkeic(*words, "throughput < 0.1x", "--fail-if", "p99 > 1.2x")
    not_held = bulkeic(*words, "p99 > 3x")

    assert held.code == 1
    assert held.lines[-1].startswith("--fail-if p99 > 1.2x: 1.")
    assert "throughput < 0.1x" not in held.err
    assert not_held.code == 0


def test_json_is_one_object_on_stdout(bulkeic: Bulkeic, files: dict[str, str]) -> None:
    done = bulkeic(
        *COMPARE, files["old"], files["slow"], "--output", "json", "--fail-if", "p50 > 1.2x"
    )

    assert (done.code, done.summary["exit_code"], done.summary["verdict"]) == (1, 1, "worse")
    (load,) = done.summary["loads"]
    by_metric = {row["metric"]: row for row in load["rows"]}
    assert by_metric["p50"]["ratio"] == pytest.approx(1.5, rel=0.1)
    assert by_metric["p50"]["low"] < by_metric["p50"]["ratio"] < by_metric["p50"]["high"]
    assert [each["condition"] for each in done.summary["fired"]] == ["p50 > 1.2x"]
    assert {name for name, row in by_metric.items() if not row["judged"]} == {"p99.9", "max"}


def test_other_differences_are_listed(bulkeic: Bulkeic, capsys: pytest.CaptureFixture[str]) -> None:
    one = spread(0.02)
    old = write(bulkeic, "old.json", result(measures(one), measures(one, CLOSED)))
    new = write(
        bulkeic,
        "new.json",
        result(
            measures(one, failed=2, stopped="interrupted"),
            operation=BenchOperation.UPDATE,
            machine={"cpus": "\x1b[31m"},
        ),
    )

    assert inside(bulkeic, old, new) == 0

    assert capsys.readouterr().err.splitlines()[10:] == [
        "  one repeat shows no noise: at least 20% is assumed; measure with --repeat 5",
        "  NEW: 2 of 100 requests failed",
        "  NEW: 1 repeat ended early",
        "only in OLD, not compared: closed, 8 at once",
        "differs: operation: get in OLD, update in NEW",
        r"differs: machine: cpus: 4 in OLD, \x1b[31m in NEW",
        "verdict: same: nothing differs beyond the noise (at most ±20.0%, of throughput)",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "'new.json': No such file or directory"),
        (b"", "new.json: not a result of bulkeic bench"),
        (b"\x00\xff", "new.json: not a result of bulkeic bench"),
        (b'{"results": []}', "new.json: not a result of bulkeic bench"),
        (b'{"bulkeic": "bulkeic bench", "format": 9}', "new.json: the result has format 9, "),
        (b'{"bulkeic": "bulkeic bench", "format": 1}', "new.json: the result is damaged: "),
    ],
)
def test_an_invalid_result_is_one_line(
    bulkeic: Bulkeic, files: dict[str, str], text: bytes | None, expected: str
) -> None:
    if text is not None:
        (bulkeic.folder / "new.json").write_bytes(text)

    assert refusal(bulkeic, files["old"], "new.json").startswith(expected)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("old.json", "same.json", "--fail-if", "p95 > 2x"), "'p95' is not a metric"),
        (
            ("old.json", "same.json", "--repeat", "3"),
            "--repeat applies to commands, but OLD",
        ),
        (("old.json", "."), "'.': Is a directory"),
        (("old.json", ""), "OLD and NEW must be results files or commands"),
        (("old.json", "a 'b"), "is not a command: No closing quotation"),
        (("old.json", "no-such-command at all"), "NEW: 'no-such-command': No such file"),
        (("old.json", "x" * 5000), "File name too long"),
        (("old.json", "closed.json"), "OLD and NEW have no load in common"),
        (("old.json", "dead.json", "--fail-if", "p99 > 2x"), "p99 > 2x: NEW has no p99"),
    ],
)
@pytest.mark.usefixtures("files")
def test_invalid_arguments_have_reasons(
    bulkeic: Bulkeic, words: tuple[str, ...], expected: str
) -> None:
    write(bulkeic, "closed.json", result(measures(spread(0.02), CLOSED)))
    write(bulkeic, "dead.json", result(measures(spread(0.0, count=0), done=0, throughput=0.0)))

    assert expected in refusal(bulkeic, *words)


def test_commands_run_in_turn(bulkeic: Bulkeic, command: Any) -> None:
    shown = bulkeic(
        *COMPARE, command("old", "0.08"), command("new", "0.16"), "--repeat", 3,
        "--output", "json", "--fail-if", "p99 > 1.5x",
    )  # fmt: skip

    assert (bulkeic.folder / "order").read_text().split() == [
        "old", "new", "new", "old", "old", "new",
    ]  # fmt: skip
    assert (shown.code, shown.summary["verdict"]) == (1, "worse")
    assert "said by" not in shown.err
    (load,) = shown.summary["loads"]
    assert (load["old"]["repeats"], load["new"]["repeats"]) == (3, 3)


def test_a_command_without_success_is_compared(
    bulkeic: Bulkeic, command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    vain = replace(measures(spread(0.02)), done=200, failed=200)
    write(bulkeic, "vain.json", result(vain))

    code = inside(
        bulkeic, command("old", "0.08"), command("new", "vain"), "--repeat", "1",
        "--fail-if", "succeeded < 0.5x",
    )  # fmt: skip

    assert code == 1
    assert "verdict: worse: succeeded 0.00x worse\n" in capsys.readouterr().err


def test_a_file_and_a_command(
    bulkeic: Bulkeic, command: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert inside(bulkeic, "like.json", command("new", "0.08")) == 0

    assert (bulkeic.folder / "order").read_text().split() == ["new"] * 5
    shown = capsys.readouterr().err
    assert shown.startswith("open, 10/s in each lane; 1 repeat of OLD, 5 of NEW\n")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("fail", "NEW ended with exit code 3: "),
        ("killed", "NEW was ended by signal 9: "),
        ("nothing", "NEW wrote no results; "),
        ("x", "the results that NEW wrote: the result is damaged: "),
    ],
)
def test_a_failing_command_ends_the_comparison(
    bulkeic: Bulkeic, command: Any, capsys: pytest.CaptureFixture[str], how: str, expected: str
) -> None:
    assert refusal(bulkeic, command("old", "0.08"), command("new", how)).startswith(expected)

    err = capsys.readouterr().err
    assert err == ("NEW: said by new\n" if how in {"fail", "killed"} else "")


def test_an_error_is_one_line(bulkeic: Bulkeic, files: dict[str, str]) -> None:
    shown = bulkeic(*COMPARE, files["old"], "new.json")

    assert (shown.code, shown.out) == (2, "")
    assert shown.err == "bulkeic: 'new.json': No such file or directory\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_too(
    bulkeic: Bulkeic, command: Any, number: signal.Signals
) -> None:
    process = bulkeic.start(*COMPARE, command("old", "hang"), command("new", "0.08"))
    pid = bulkeic.folder / "pid"
    until(pid.exists, "the command runs")
    begun = time.monotonic()

    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)

    assert (process.returncode, stderr.strip()) == (128 + number, "bulkeic: interrupted")
    assert time.monotonic() - begun < 5
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert (bulkeic.folder / "order").read_text().split() == ["old"]
