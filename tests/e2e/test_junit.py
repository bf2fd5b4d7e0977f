"""``--junit``: what a verification or a run came to, for a CI server."""

from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from tests.output.junit_schema import check_junit

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import REGIONS, load, until, write_rows
from .test_plan import start_fleet
from .test_retries_of_runs import CODE, apply_with_failures

Start = Callable[..., Server]


def suites(bulkeic: Bulkeic, name: str = "junit.xml") -> ET.Element:
    return check_junit((bulkeic.folder / name).read_bytes())


def ends(root: ET.Element) -> dict[str | None, tuple[str, str | None]]:
    """The result of each case and its message, by name."""
    return {
        case.get("name"): next(((each.tag, each.get("message")) for each in case), ("passed", None))
        for case in root.iter("testcase")
    }


def test_a_drifted_target_is_a_failure_with_its_differences(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox, more="gone,,1,\nbad name,,1,\n")
    words = ("verify", "targets.csv", "--endpoint-url", server.url, "--skip-invalid")
    plain = bulkeic(*words)

    result = bulkeic(*words, "--junit", "junit.xml")

    assert (result.code, sorted(result.out)) == (plain.code, sorted(plain.out))
    root = suites(bulkeic)
    assert [suite.get("name") for suite in root] == [f"{ACCOUNT}/{REGION}", "no lane"]
    found = ends(root)
    assert found["same:$LATEST"] == ("passed", None)
    assert found["change:$LATEST"] == ("failure", "MaximumRetryAttempts is 2, wanted 1")
    assert found["bare:$LATEST"] == ("failure", "there is no configuration")
    assert found["gone:$LATEST"] == ("error", "there is no such function, or qualifier")
    assert found["targets.csv:7 bad name"][0] == "error"
    (change,) = root.findall(".//testcase[@name='change:$LATEST']/failure")
    assert change.get("type") == "Drifted"
    assert str(change.text).splitlines()[-1] == "~ MaximumRetryAttempts: 2 -> 1"
    again = bulkeic(*words, "--junit", "junit.xml")
    assert again.code == 2
    assert again.lines == ["bulkeic: --junit 'junit.xml' exists already; use another file"]


def test_a_verification_that_is_interrupted_is_not_green(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "5")
    write_rows(bulkeic, REGIONS[:1], 300)
    verify = bulkeic.start(
        "verify", "targets.csv", "--endpoint-url", server.url, "--maximum-retry-attempts", 1,
        "--junit", "junit.xml", "--rate", 5,
    )  # fmt: skip
    until(lambda: server.calls("GetFunctionEventInvokeConfig") > 2, "the verification has begun")
    verify.send_signal(2)
    verify.communicate(timeout=60)
    assert verify.wait() == 3
    root = suites(bulkeic)
    found = ends(root)["targets that were not compared"]
    assert found[0] == "error"
    compared = len(list(root.iter("testcase"))) - 1
    assert f"{300 - compared} targets not compared" in str(found[1])


def test_a_full_disk_ends_a_verification_with_its_own_code(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = start_fleet(bulkeic, sandbox)
    words = ("verify", "targets.csv", "--endpoint-url", server.url, "--output", "json")
    result = bulkeic(*words, "--junit", "/dev/full")
    assert (result.code, result.summary["exit_code"]) == (3, 3)
    assert (
        "bulkeic: --junit '/dev/full' cannot be written: No space left on device; the lines above "
        "are the summary"
    ) in result.lines


def test_the_cases_of_a_run(bulkeic: Bulkeic, server: Server) -> None:
    apply_with_failures(bulkeic, server)
    assert bulkeic("report", "run.db", "--junit", "junit.xml").code == 0
    found = ends(suites(bulkeic))
    assert {name: end for name, (end, _) in found.items()} == {
        "a:$LATEST": "error", "b:$LATEST": "passed", "c:$LATEST": "error", "d:$LATEST": "passed",
    }  # fmt: skip
    selected = ("--name", "a", "--junit", "a.xml", "--markdown", "a.md", "--json")
    assert bulkeic("report", "run.db", *selected).code == 0
    root = suites(bulkeic, "a.xml")
    assert [each.get("type") for each in root.iter("error")] == [CODE]
    assert len(list(root.iter("testcase"))) == 1


def test_what_is_pending_is_skipped(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {"a": {"MaximumRetryAttempts": 2}, "b": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\nb,1\n")
    made = bulkeic("plan", "targets.csv", "--run", "run.db", "--endpoint-url", server.url)
    assert made.code == 0
    assert bulkeic("report", "run.db", "--junit", "junit.xml").code == 0
    assert ends(suites(bulkeic)) == {
        "a:$LATEST": ("skipped", "pending"),
        "b:$LATEST": ("passed", None),
    }


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (
            ("--junit", "targets.csv"),
            "--junit 'targets.csv' is also an input file; use another file",
        ),
        (("--junit", "no/x.xml"), "--junit 'no/x.xml': there is no such folder"),
        (
            ("--junit", "./x.jsonl", "--results", "x.jsonl"),
            "--results and --junit name the same file; use two files",
        ),
    ],
)
def test_a_wrong_file_is_refused_before_anything_is_sent(
    bulkeic: Bulkeic, server: Server, more: tuple[str, ...], problem: str
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\n")
    result = bulkeic("verify", "targets.csv", "--endpoint-url", server.url, *more)
    assert (result.code, result.lines) == (2, [f"bulkeic: {problem}"])
    assert server.stats()["calls"] == 0
    assert [path.name for path in bulkeic.folder.iterdir()] == ["targets.csv"]
