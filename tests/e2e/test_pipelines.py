"""The steps of pipelines, run against a sandbox and a server that stands for GitHub and GitLab."""

import hashlib
import json
import re
import signal
import zipapp
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import review
from forges import ChangeRequest, PipelineError
from github_forge import GitHub
from gitlab_forge import GitLab

from .conftest import Bulkeic, Server
from .forge_server import BOT, HEAD, PLANNED_AT, TOKEN, ForgeServer, forge_server
from .pipeline_steps import Pipeline
from .rollout_helpers import GET, PUT, load, until

HAD = {"MaximumRetryAttempts": 2}
DIGEST = "d" * 64


@pytest.fixture
def forge() -> Iterator[ForgeServer]:
    with forge_server() as forge:
        yield forge


@pytest.fixture
def pipeline(bulkeic: Bulkeic, forge: ForgeServer) -> Callable[[str], Pipeline]:
    bulkeic.write("fleet.csv", "FunctionName,MaximumRetryAttempts\na,1\nb,1\n")
    return lambda kind: Pipeline(bulkeic, forge, kind)


def mark(forge: ForgeServer) -> dict[str, str]:
    return review.mark_of(forge.comments[1]["body"])


def test_a_plan_is_reviewed_applied_and_rolled_back(
    server: Server, forge: ForgeServer, pipeline: Callable[[str], Pipeline]
) -> None:
    load(server, {"a": HAD, "b": HAD})
    step, access = pipeline("github"), f"--endpoint-url={server.url}"
    source = {"ROLLOUT_COMMAND": "plan", "ROLLOUT_SOURCE": "fleet.csv"}

    reviewed(forge)
    assert step("run", "101", f" {access} ", "", "# a remark", **source).code == 0

    assert list(forge.comments) == [1]
    body = forge.comments[1]["body"]
    assert mark(forge) == {
        "kind": "plan", "name": "bulkeic", "head": HEAD, "run": "101",
        "digest": step.outputs()["digest"],
    }  # fmt: skip
    assert f"`{mark(forge)['digest']}`" in body
    assert "MaximumRetryAttempts: 2 -> 1" in body
    assert "[Pipeline](https://github.example/team/fleet/actions/runs/101)" in body
    assert (step.outputs()["exit-code"], step.outputs()["changes"]) == ("4", "true")
    assert step.summary.read_text().startswith("### `bulkeic plan`: planned\n")
    assert server.calls() == 0
    forge.keep("101", "bulkeic-plan", step.folder)

    refused = step("apply", "102", access)
    assert (refused.code, server.calls()) == (2, 0)
    assert refused.err.startswith("bulkeic pipeline: no one approved request 7 after its plan")
    forge.approve()
    applied = step("apply", "102", access, "--waves=1,100%", f"--expect={DIGEST}")
    assert applied.code == 0, applied.err
    assert server.calls() == 2
    assert forge.comments[2]["body"].count("Exit code 0: Done.") == 1
    forge.keep("102", "bulkeic-run", step.folder, event="push")

    back = step("rollback", "103", access, ROLLOUT_RUN_ID="102")
    assert back.code == 0, back.err
    assert server.calls(PUT) == 2
    refused = step("rollback", "103", access, ROLLOUT_RUN_ID="101")
    assert (refused.code, refused.lines) == (
        2, ["bulkeic pipeline: run 101 is not one of the branch main"],
    )  # fmt: skip


def test_an_apply_that_the_runner_cancels_is_resumed_by_its_next_attempt(
    bulkeic: Bulkeic, server: Server, forge: ForgeServer, pipeline: Callable[[str], Pipeline]
) -> None:
    load(server, {"a": HAD, "b": HAD})
    step, access = pipeline("gitlab"), f"--endpoint-url={server.url}"
    step.folder.mkdir()
    plan = ("plan", "fleet.csv", access, "--run", "bulkeic-run/run.db", "--output", "json")
    digest = bulkeic(*plan).summary["digest"]
    request = GitLab(step.variables("200") | {"ROLLOUT_TOKEN": TOKEN}).current()
    assert request == ChangeRequest(7, HEAD)
    reviewed(forge, digest=digest, run="200")
    forge.keep("200", "bulkeic-plan", step.folder)
    forge.approve()
    server.window("reset-stats", method="POST")
    server.window("faults", {"hang": 1}, "PUT")
    process = step.start("apply", "201", access, "--timeout=2")
    until(lambda: server.calls(GET) >= 1, "targets are being read")
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "run the job again to resume" in err.splitlines()[-1]
    assert "Exit code 3: Stopped early, with targets pending." in forge.comments[2]["body"]
    forge.keep("201", "bulkeic-run", step.folder, event="push")
    server.window("faults", {}, "PUT")

    resumed = step("apply", "202", access)

    assert resumed.code == 0, resumed.err
    sessions = json.loads((step.folder / "report.json").read_text())["sessions"]
    assert [each["doing"] for each in sessions] == ["plan", "apply", "apply"]
    assert list(forge.comments) == [1, 2]
    assert "ROLLOUT_EXIT_CODE=0" in (step.folder / "outputs.env").read_text().splitlines()


def test_bad_input_is_in_the_comment(
    bulkeic: Bulkeic, forge: ForgeServer, pipeline: Callable[[str], Pipeline]
) -> None:
    bulkeic.write("fleet.csv", "FunctionName,MaximumRetryAttempts\n```,9\n")

    result = pipeline("github")("plan", "100", ROLLOUT_SOURCE="fleet.csv")

    assert result.code == 2
    body = forge.comments[1]["body"]
    assert "### `bulkeic plan`: failed\n\n````\n" in body
    assert "fleet.csv:2" in body
    assert mark(forge)["digest"] is None


def test_drift_fails_the_schedule_and_is_in_its_summary(
    server: Server, forge: ForgeServer, pipeline: Callable[[str], Pipeline]
) -> None:
    load(server, {"a": HAD, "b": {"MaximumRetryAttempts": 1}})
    step = pipeline("github")

    result = step("verify", "100", f"--endpoint-url={server.url}", ROLLOUT_SOURCE="fleet.csv")

    assert result.code == 4, result.err
    assert step.outputs() == {"exit-code": "4", "drift": "true"}
    assert forge.comments == {}
    assert "1 drifted" in step.summary.read_text()
    assert "<failure" in (step.folder / "junit.xml").read_text()


def test_inputs_never_become_part_of_a_script(
    bulkeic: Bulkeic, pipeline: Callable[[str], Pipeline]
) -> None:
    step = pipeline("github")
    result = step(
        "plan", "100", "--name=$(touch stolen)", "--where=`touch stolen`",
        ROLLOUT_SOURCE="--x; touch stolen", ROLLOUT_COMMENT="false",
    )  # fmt: skip
    assert result.code == 2
    wrong = step("run", "100", ROLLOUT_COMMAND="../../x")
    assert "'../../x' is not a command" in wrong.err
    named = step("run", "100", ROLLOUT_COMMAND="plan", ROLLOUT_NAME="a b")
    assert "the name may have" in named.err
    assert not list(bulkeic.folder.rglob("stolen"))


def test_a_released_file_is_installed_only_with_its_sha256(
    bulkeic: Bulkeic, pipeline: Callable[[str], Pipeline]
) -> None:
    step = pipeline("github")
    (bulkeic.folder / "app").mkdir()
    (bulkeic.folder / "app/__main__.py").write_text("print('bulkeic of the file')")
    file = bulkeic.folder / "bulkeic.pyz"
    zipapp.create_archive(bulkeic.folder / "app", file, interpreter="/usr/bin/env python3")
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    home = {"ROLLOUT_HOME": str(bulkeic.folder / "other"), "ROLLOUT_FILE": str(file)}

    for wrong in ("", "0" * 64):
        refused = step("install", "100", **home, ROLLOUT_SHA256=wrong)
        assert refused.code == 2
        assert "does not have the SHA-256 that is given" in refused.err
    assert not (bulkeic.folder / "other/bin/bulkeic").exists()
    result = step("install", "100", **home, ROLLOUT_SHA256=digest)

    assert (result.code, result.lines) == (0, ["bulkeic of the file"])


@pytest.mark.parametrize("status", ["0", "1", "2", "3", "4", "130"])
def test_only_a_complete_plan_has_a_digest_to_apply(tmp_path: Path, status: str) -> None:
    (tmp_path / "report.json").write_text(json.dumps({"digest": DIGEST}))
    assert review.digest_of(tmp_path, status) == (DIGEST if status in ("0", "4") else None)


def test_a_comment_shows_the_beginning_of_a_fleet_of_any_size(tmp_path: Path) -> None:
    line = "~ arn:aws:lambda:us-east-1:123456789012:function:orders\n"
    for name in ("report.md", "changes.diff"):
        (tmp_path / name).write_text(line * 100_000)
    text = review.comment_text(tmp_path, "plan", "4")
    assert 30_000 < len(text) < 60_000
    assert text.count("The artifact of the pipeline has the rest.") == 2
    assert text.endswith("Exit code 4: There is something to change.\n")


def test_a_log_that_is_no_text_is_in_the_comment(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_bytes(b"\xff.csv: no such file")
    assert "\ufffd.csv: no such file" in review.comment_text(tmp_path, "plan", "2")


def test_a_run_of_a_deleted_fork_is_refused(
    forge: ForgeServer, pipeline: Callable[[str], Pipeline], tmp_path: Path
) -> None:
    variables = pipeline("github").variables("10") | {"ROLLOUT_TOKEN": TOKEN}
    forge.keep("9", "bulkeic-run", tmp_path, event="push")
    forge.runs["9"]["head_repository"] = None
    with pytest.raises(PipelineError, match="not one of the branch main"):
        GitHub(variables).require_branch("9")


def reviewed(forge: ForgeServer, **facts: object) -> None:
    """Writes the comment of a plan by hand."""
    said = {"kind": "plan", "name": "bulkeic", "head": HEAD, "digest": DIGEST, "run": "9"} | facts
    author = said.pop("by", BOT)
    forge.comments[1] = {
        "id": 1,
        "user": {"login": author},
        "author": {"username": author},
        "body": f"<!-- bulkeic {json.dumps(said)} -->\ntext",
        "updated_at": said.pop("at", PLANNED_AT),
    }


def no_comment(forge: ForgeServer) -> None:
    forge.comments.clear()


def not_merged(forge: ForgeServer) -> None:
    forge.merged = False


def other_head(forge: ForgeServer) -> None:
    forge.runs["9"]["head_sha"] = "c" * 40


def by_a_stranger(forge: ForgeServer) -> None:
    forge.approvals.clear()
    forge.approve(author_association="NONE")


def of_an_older_commit(forge: ForgeServer) -> None:
    forge.approvals.clear()
    forge.approve(commit_id="c" * 40)


def revoked(forge: ForgeServer) -> None:
    forge.approve(state="CHANGES_REQUESTED")


def unreadable(forge: ForgeServer) -> None:
    forge.raw = b"<html>"


REFUSALS: list[tuple[Callable[[ForgeServer], None], str]] = [
    (no_comment, "request 7 has no comment with a plan of 'bulkeic'"),
    (not_merged, "no pull request was merged into main as b"),
    (other_head, "run 9 did not plan the commit a"),
    (by_a_stranger, "no one approved request 7"),
    (of_an_older_commit, "no one approved request 7"),
    (revoked, "no one approved request 7"),
    (unreadable, "the answer is invalid"),
    (lambda forge: reviewed(forge, by="someone"), "has no comment with a plan"),
    (lambda forge: reviewed(forge, name="other"), "has no comment with a plan"),
    (lambda forge: reviewed(forge, head="c" * 40), "is of another commit"),
    (lambda forge: reviewed(forge, digest=None), "merged without a plan that succeeded"),
    (lambda forge: reviewed(forge, digest="--yes"), "merged without a plan that succeeded"),
    (lambda forge: reviewed(forge, run="../1"), "merged without a plan that succeeded"),
    (lambda forge: reviewed(forge, at="2026-11-26T12:30:00Z"), "no one approved request 7"),
    (lambda forge: forge.artifacts.clear(), "run 9 has no artifact 'bulkeic-plan'"),
]


@pytest.mark.parametrize(("changed", "problem"), REFUSALS)
def test_only_the_reviewed_plan_is_applied(
    bulkeic: Bulkeic,
    forge: ForgeServer,
    pipeline: Callable[[str], Pipeline],
    changed: Callable[[ForgeServer], None],
    problem: str,
) -> None:
    variables = pipeline("github").variables("10") | {"ROLLOUT_TOKEN": TOKEN}
    variables["ROLLOUT_NAME"] = "bulkeic"
    bulkeic.write("run.db", "")
    (bulkeic.folder / "artifact").mkdir()
    (bulkeic.folder / "run.db").rename(bulkeic.folder / "artifact/run.db")
    forge.keep("9", "bulkeic-plan", bulkeic.folder / "artifact")
    forge.approve()
    reviewed(forge)
    saved = bulkeic.folder / "saved"

    def fetch(folder: Path) -> str:
        return review.fetch_plan(GitHub(variables), "bulkeic", folder, must_be_approved=True)

    assert fetch(saved) == DIGEST
    assert [path.name for path in saved.iterdir()] == ["run.db"]
    changed(forge)

    with pytest.raises(PipelineError, match=re.escape(problem)):
        fetch(bulkeic.folder / "again")

    assert not (bulkeic.folder / "again").exists()


def test_the_token_is_sent_nowhere_in_plain_text() -> None:
    variables = {"GITHUB_API_URL": "http://example.com", "ROLLOUT_TOKEN": TOKEN}
    with pytest.raises(PipelineError, match="use https://"):
        GitHub(variables)
