"""The forms of a report: JSON and Markdown of a real run, and the files that they go to."""

import json
from typing import Any

import msgspec
import pytest

from bulkeic.core.report.report_document import ReportDocument

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import load
from .test_retries_of_runs import CODE, HAD, apply_with_failures, retry


def json_of(bulkeic: Bulkeic, run: str = "run.db", *more: object) -> dict[str, Any]:
    """The JSON report of a run, which follows its schema."""
    result = bulkeic("report", run, "--json", *more)
    assert (result.code, result.err) == (0, "")
    found: dict[str, Any] = json.loads(result.out)
    assert msgspec.to_builtins(msgspec.convert(found, ReportDocument)) == found
    return found


def test_the_json_of_a_run_has_everything(bulkeic: Bulkeic, server: Server) -> None:
    apply_with_failures(bulkeic, server)
    load(server, {"a": HAD, "b": HAD, "c": None, "d": HAD})
    assert bulkeic(*retry(server, "--yes")).code == 1

    found = json_of(bulkeic)

    assert (found["schema_version"], found["kind"], found["state"]) == (1, "apply", "failed")
    assert (found["source"], found["endpoint"]) == ("targets.csv", server.url)
    assert (found["targets"], found["pending"]) == (4, 0)
    assert {name: count for name, count in found["statuses"].items() if count} == {
        "updated": 3, "failed": 1,
    }  # fmt: skip
    (lane,) = found["lanes"]
    assert (lane["account_id"], lane["region"], lane["errors"]) == (ACCOUNT, REGION, {CODE: 1})
    (error,) = found["errors"]
    assert (error["code"], error["count"], error["example"]["function_name"]) == (CODE, 1, "c")
    assert "the function does not exist" in error["hint"] or "--create-missing" in error["hint"]
    assert [each["doing"] for each in found["sessions"]] == ["apply", "apply"]
    assert sum(each["calls"] for each in found["sessions"]) == found["calls"]
    assert [(each["retry"], each["count"]) for each in found["earlier_failures"]] == [(1, 2)]
    assert sum(each["targets"] for each in found["timeline"]["steps"]) == 4 + 2
    assert found["settings"] == [{"settings": {"MaximumRetryAttempts": 1}, "targets": 4}]
    assert found["can_be_rolled_back"]
    assert set(found["next"]) == {"verify", "retry", "roll_back"}
    selected = json_of(bulkeic, "run.db", "--status", "failed")
    assert (selected["targets"], selected["left_out"], selected["lanes"][0]["targets"]) == (1, 3, 1)


def test_the_report_of_a_plan_and_of_its_rollback(bulkeic: Bulkeic, server: Server) -> None:
    load(server, {"a": HAD, "b": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\nb,1\n")
    ends = ("--endpoint-url", server.url)
    assert bulkeic("plan", "targets.csv", "--run", "run.db", *ends).code == 0
    planned = json_of(bulkeic)
    assert (planned["kind"], planned["state"]) == ("plan", "planned")
    assert (planned["plan"]["change"], planned["plan"]["unchanged"]) == (1, 1)
    assert planned["lanes"][0]["plan"] == {"change": 1, "unchanged": 1}
    assert "apply" in planned["next"]
    assert bulkeic("apply", "run.db", "--yes", *ends).code == 0
    assert [json_of(bulkeic)[name] for name in ("kind", "state", "plan")] == ["apply", "done", {}]
    assert bulkeic("rollback", "run.db", "--run", "back.db", "--yes", *ends).code == 0
    back = json_of(bulkeic, "back.db")
    assert (back["kind"], back["state"]) == ("rollback", "done")
    assert back["restores"].endswith("run.db")


def test_markdown_is_written_to_a_new_file_beside_the_text(
    bulkeic: Bulkeic, server: Server
) -> None:
    apply_with_failures(bulkeic, server)
    plain = bulkeic("report", "run.db").out

    result = bulkeic("report", "run.db", "--markdown", "report.md")

    assert (result.code, result.out, result.err) == (0, plain, "")
    text = (bulkeic.folder / "report.md").read_text()
    assert text.startswith("### `bulkeic apply`: ended with failures\n")
    assert f"| `{CODE}` |" in text
    assert "bulkeic apply run.db --retry-failed" in text
    again = bulkeic("report", "run.db", "--markdown", "report.md")
    assert (again.code, again.out) == (2, "")
    assert again.lines == ["bulkeic: --markdown 'report.md' exists already; use another file"]
    assert (bulkeic.folder / "report.md").read_text() == text
    bulkeic.write("empty.md", "")
    assert bulkeic("report", "run.db", "--json", "--markdown", "empty.md").code == 0
    assert (bulkeic.folder / "empty.md").read_text().startswith("### ")


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("run.db", "--markdown 'run.db' is also an input file; use another file"),
        (".", "--markdown '.' cannot be written: Is a directory"),
        ("./x/../same", "--markdown and --html name the same file; use two files"),
        ("no/report.md", "--markdown 'no/report.md' cannot be written: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_one_line(
    bulkeic: Bulkeic, server: Server, path: str, problem: str
) -> None:
    apply_with_failures(bulkeic, server)
    before = (bulkeic.folder / "run.db").read_bytes()
    (bulkeic.folder / "x").mkdir()
    result = bulkeic("report", "run.db", "--markdown", path, "--html", "same")
    assert (result.code, result.out, result.lines) == (2, "", [f"bulkeic: {problem}"])
    assert (bulkeic.folder / "run.db").read_bytes() == before
    assert not (bulkeic.folder / "same").exists()


def test_every_form_shows_a_gate_that_halted_after_the_last_wave(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\na,1\nb,1\n")
    gate = ("--gate", "echo first; echo 'too many <b>errors</b>'; exit 9")
    ends = ("--endpoint-url", server.url, "--run", "run.db", "--yes")
    assert bulkeic("apply", "targets.csv", "--waves", "100%", *gate, *ends).code == 3

    found = json_of(bulkeic, "run.db", "--markdown", "report.md", "--html", "report.html")
    text = bulkeic("report", "run.db").out
    markdown = (bulkeic.folder / "report.md").read_text()
    page = (bulkeic.folder / "report.html").read_text()

    assert (found["state"], found["statuses"]["updated"]) == ("stopped", 2)
    assert "stopped early" in markdown.splitlines()[0]
    assert "stopped early</title>" in page
    (decision,) = found["gates"]
    assert (decision["decision"], decision["output"]) == ("halt", "first\ntoo many <b>errors</b>")
    assert ": halt, exit code 9\n    first\n    too many <b>errors</b>\n" in text
    assert "| `exit code 9` |  | `too many <b>errors</b>` | 1 |" in markdown
    assert "first\ntoo many &lt;b&gt;errors&lt;/b&gt;\n</pre>" in page
    (session,) = found["sessions"]
    for form in (text, markdown, page):
        assert "wave 1 of 1: halted by the gate: exit code 9" in form
        assert session["caller_arn"] in form
        assert session["version"] in form
        assert "--waves 100%" in form
