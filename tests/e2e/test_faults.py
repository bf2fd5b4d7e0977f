"""Faults of AWS and the network, and how a run handles them."""

import json
import shlex
import socket
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Result, Server

Start = Callable[..., Server]


def write_targets(bulkeic: Bulkeic, count: int) -> None:
    names = "\n".join(f"fn-{number}" for number in range(count))
    bulkeic.write("targets.csv", f"FunctionName\n{names}\n")


def apply(bulkeic: Bulkeic, url: str, *words: object, **env: str | None) -> Result:
    return bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", url, "--run", "run.db",
        "--no-before-image", "--maximum-retry-attempts", 1, "--rate", "unlimited",
        "--output", "json", *words, **env,
    )  # fmt: skip


def events(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.lines if line.startswith("{")]


@pytest.mark.parametrize(
    ("fault", "event", "code"),
    [
        ("throttle", "throttled", "TooManyRequestsException"),
        ("conflict", "retry", "ResourceConflictException"),
        ("cut-after", "retry", None),
        ("garbage", "retry", "ResponseParserError"),
    ],
)
def test_temporary_faults_are_retried_and_logged(
    bulkeic: Bulkeic, sandbox: Start, fault: str, event: str, code: str | None
) -> None:
    server = sandbox("--rate", "unlimited", f"--{fault}", 0.25, "--seed", 3)
    write_targets(bulkeic, 24)

    result = apply(bulkeic, server.url, "--log-level", "info", "--results", "r.jsonl")

    assert result.code == 0, result.err
    summary = result.summary
    assert summary["updated"] == 24
    assert summary["retries"] == summary["calls"] - 24 > 0
    assert server.calls() == summary["calls"]
    logged = [each for each in events(result) if each["event"] == event]
    assert len(logged) == summary["retries"]
    assert all(each["lane"] == f"{ACCOUNT}/{REGION}" for each in logged)
    assert all(each["function"].startswith("fn-") for each in logged)
    if code is not None:
        assert {each["code"] for each in logged} == {code}
    outcomes = bulkeic.outcomes("r.jsonl")
    assert sum(outcome["attempts"] for outcome in outcomes) == summary["calls"]
    for count, status in (("throttles", "429"), ("conflicts", "409")):
        answered = server.stats()["by_status"].get(status, 0)
        assert summary[count] == sum(outcome[count] for outcome in outcomes) == answered


def test_retries_end_at_max_attempts(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--error", 1)
    write_targets(bulkeic, 2)

    result = apply(bulkeic, server.url, "--max-attempts", 3, "--results", "r.jsonl")

    assert result.code == 1
    # A server error leaves open whether the change was made, and so does the read that follows.
    assert result.summary["errors"] == {"OutcomeUnknown": 2}
    assert (server.calls(), server.calls("GetFunctionEventInvokeConfig")) == (6, 6)
    for outcome in bulkeic.outcomes("r.jsonl"):
        assert (outcome["status"], outcome["attempts"]) == ("unknown", 6)
        assert outcome["http_status"] == 500
        assert outcome["duration_s"] >= outcome["call_s"] + outcome["wait_s"]


def test_a_throttle_slows_its_own_lane(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", 3, "--burst", 3)
    bulkeic.write(
        "targets.csv",
        "FunctionName,Region\n" + "".join(f"busy-{n},us-east-1\n" for n in range(14))
        + "".join(f"free-{n},eu-west-1\n" for n in range(3)),
    )  # fmt: skip

    words = ("--rate", 10, "--burst", 10, "--results", "r.jsonl", "--log-level", "info")
    result = apply(bulkeic, server.url, *words)

    assert result.code == 0, result.err
    slowed = [each for each in events(result) if each["event"] == "lane slowed down"]
    assert slowed
    assert {each["lane"] for each in slowed} == {f"{ACCOUNT}/us-east-1"}
    assert all(each["rate"] < 10 for each in slowed)
    free = [o for o in bulkeic.outcomes("r.jsonl") if o["region"] == "eu-west-1"]
    assert {outcome["throttles"] for outcome in free} == {0}


def test_within_the_quota_almost_nothing_is_throttled(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", 15, "--burst", 15, "--latency", 0.06)
    write_targets(bulkeic, 45)

    result = apply(bulkeic, server.url, "--rate", 15, "--burst", 15)

    assert result.code == 0, result.err
    # Nothing would be, if each call took as long on its way: the engine's tests show that.
    # Without a pace, it would be two of three.
    assert result.summary["throttles"] <= 9
    assert server.calls() == 45 + result.summary["throttles"]


def test_one_call_at_a_time_for_a_function(bulkeic: Bulkeic, sandbox: Start) -> None:
    server = sandbox("--rate", "unlimited", "--latency", 0.02)
    rows = [f"fn-{n % 3},{alias}" for n, alias in enumerate(f"v{i}" for i in range(24))]
    bulkeic.write("targets.csv", "FunctionName,Qualifier\n" + "\n".join(rows))

    result = apply(bulkeic, server.url)

    assert result.code == 0, result.err
    assert result.summary["updated"] == 24
    assert server.stats()["in_flight_max"] == 1


def test_a_call_without_an_answer_times_out_and_is_retried(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    server = sandbox("--rate", "unlimited", "--hang", 0.3, "--seed", 1)
    write_targets(bulkeic, 10)

    result = apply(bulkeic, server.url, "--timeout", 0.5, "--results", "r.jsonl")

    assert result.code == 0, result.err
    assert result.summary["retries"] > 0
    assert max(outcome["call_s"] for outcome in bulkeic.outcomes("r.jsonl")) < 5


@pytest.fixture
def closed_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_missing_endpoint_is_one_line(bulkeic: Bulkeic, closed_port: str) -> None:
    write_targets(bulkeic, 3)

    result = apply(bulkeic, closed_port)

    assert result.code == 2
    assert len(result.lines) == 1
    assert result.err.startswith("bulkeic: STS cannot be reached: ")
    assert closed_port in result.err


def test_an_endpoint_that_does_not_answer_is_one_line(bulkeic: Bulkeic, silent: str) -> None:
    write_targets(bulkeic, 3)

    result = apply(bulkeic, silent, "--timeout", 0.3)

    assert result.code == 2
    assert len(result.lines) == 1
    assert result.err.startswith("bulkeic: STS cannot be reached: ")


def test_without_any_answer_the_run_stops_and_nothing_fails(
    bulkeic: Bulkeic, server: Server, silent: str, closed_port: str
) -> None:
    write_targets(bulkeic, 5)
    for dead, why in ((silent, "no answer within the timeout"), (closed_port, "Cannot connect")):
        result = bulkeic(
            "apply", "targets.csv", "--yes", "--run", "run.db", "--maximum-retry-attempts", 1,
            "--timeout", 0.5, "--give-up-after", 2, "--output", "json",
            AWS_ENDPOINT_URL_STS=server.url, AWS_ENDPOINT_URL_LAMBDA=dead,
        )  # fmt: skip

        assert result.code == 3, result.err
        assert (result.summary["failed"], result.summary["pending"]) == (0, 5)
        assert f"stopped: no answer for 2 s: {why}" in result.err
        (bulkeic.folder / "run.db").unlink()


@pytest.mark.parametrize(
    "unusable",
    [
        dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")),
        {"AWS_ACCESS_KEY_ID": "AKIA\udcff"},
        {"AWS_SECRET_ACCESS_KEY": "secret\udcff"},
        {"AWS_SESSION_TOKEN": "token\udcff"},
    ],
)
def test_credentials_that_cannot_be_used_are_one_line(
    bulkeic: Bulkeic, unusable: dict[str, str | None]
) -> None:
    write_targets(bulkeic, 3)

    result = bulkeic("apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, **unusable)

    assert result.code == 2
    assert len(result.lines) == 1
    assert result.err.startswith("bulkeic: no usable AWS credentials")


def test_a_profile_that_does_not_exist_is_one_line(bulkeic: Bulkeic) -> None:
    write_targets(bulkeic, 3)

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--profile", "prod", "--maximum-retry-attempts", 1
    )

    assert result.code == 2
    assert result.err.startswith("bulkeic: profile 'prod' does not exist")
    assert len(result.lines) == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nowhere.csv",), "nowhere.csv: cannot be read: No such file or directory"),
        ((".",), "the file ending is not a known format; expected one of .csv, "),
        (("targets.csv", "--results", "nowhere/r.jsonl"), "'nowhere/r.jsonl' cannot be written"),
        (("targets.csv", "--results", "r.txt"), "the file ending is not a known format"),
        (("targets.csv", "--run", "targets.csv"), "'targets.csv' exists"),
        (("targets.csv", "--run", "targets.csv/run.db"), "cannot be created"),
        (("targets.csv", "--rate", "0"), "'0' is not a rate"),
        (("targets.csv", "--rate", "fast"), "'fast' is not a rate"),
        (("targets.csv", "--concurrency", "0"), "'0' is out of range"),
        (("targets.csv", "--maximum-retry-attempts", "3"), "'3' is out of range"),
        (("targets.csv", "--on-success", "arn:aws:s3:::b"), "OnFailure only"),
        (("targets.csv", "--endpoint-url", "nonsense"), "nonsense"),
        (("targets.csv", "--endpoint-url", "http://[::1"), "'http://[::1' is not a URL"),
        (("targets.csv", "--endpoint-url", "htps://127.0.0.1"), "'htps://127.0.0.1' is not a URL"),
        (("targets.csv", "--frobnicate"), "No such option"),
        ((), "Missing argument 'SOURCE'"),
    ],
)
def test_an_invalid_argument_is_reported_and_nothing_is_created(
    bulkeic: Bulkeic, words: tuple[str, ...], says: str
) -> None:
    write_targets(bulkeic, 3)

    result = bulkeic("apply", *words, "--yes")

    assert result.code == 2
    assert says in result.err
    assert [path.name for path in bulkeic.folder.rglob("*.db")] == []
    assert [path.name for path in bulkeic.folder.rglob("r.*")] == []


def test_an_invalid_endpoint_in_the_environment_is_reported(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_targets(bulkeic, 1)

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1,
        AWS_ENDPOINT_URL_LAMBDA="htps://127.0.0.1", AWS_ENDPOINT_URL_STS=server.url,
    )  # fmt: skip

    assert result.code == 1, result.err
    assert "htps://127.0.0.1 is not an endpoint URL; expected http:// or https://" in result.err


def test_an_unreadable_file_is_one_line(bulkeic: Bulkeic) -> None:
    (bulkeic.folder / "targets.csv").mkdir()

    result = bulkeic("apply", "targets.csv", "--sandbox")

    assert result.code == 2
    assert result.lines == ["bulkeic: targets.csv: cannot be read: Is a directory"]


def test_a_closed_results_pipe_stops_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic, 200)
    process = bulkeic.start(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--run", "run.db",
        "--maximum-retry-attempts", 1, "--rate", 40, "--burst", 1, "--results", "-",
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline().startswith("{")
    process.stdout.close()
    process.stdout = None

    _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    assert "Traceback" not in err
    assert "stopped: results: Broken pipe" in err
    resumed = bulkeic("apply", "run.db", "--yes", "--endpoint-url", server.url, "--rate", 500)
    assert resumed.code == 0
    assert server.calls() == 200


def test_an_export_to_a_closed_pipe_is_one_line(bulkeic: Bulkeic) -> None:
    # More than any pipe holds: bad rows with long names become outcomes without a call.
    rows = "".join(f"{'no function ' * 15}{number}\n" for number in range(5000))
    bulkeic.write("targets.csv", f"FunctionName\n{rows}")
    bulkeic("apply", "targets.csv", "--sandbox", "--run", "run.db", "--skip-invalid")
    process = bulkeic.start("export", "run.db")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None

    _, err = process.communicate(timeout=30)

    assert process.returncode == 2, err
    assert err == "bulkeic: stdout: Broken pipe\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_export_to_a_full_disk_is_one_line(bulkeic: Bulkeic, unbuffered: str) -> None:
    write_targets(bulkeic, 40)
    bulkeic(
        "apply", "targets.csv", "--sandbox", "--run", "run.db", "--maximum-retry-attempts", 1,
        "--rate", "unlimited",
    )  # fmt: skip
    command = shlex.join(bulkeic.words(("export", "run.db")))

    done = subprocess.run(
        ["sh", "-c", f"ulimit -f 8; exec {command} > out.jsonl"], cwd=bulkeic.folder,
        env=bulkeic.env | {"PYTHONUNBUFFERED": unbuffered}, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 2, (bulkeic.folder / "out.jsonl").stat()
    assert done.stderr == "bulkeic: stdout: File too large\n"


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-", "--workers 1 2>&-"])
def test_closed_streams_do_no_harm(bulkeic: Bulkeic, closed: str) -> None:
    write_targets(bulkeic, 3)
    words = "apply targets.csv --sandbox --run run.db --maximum-retry-attempts 1 --results r.jsonl"
    command = " ".join(bulkeic.words((words,)))

    done = subprocess.run(
        ["sh", "-c", f"{command} {closed}"], cwd=bulkeic.folder, env=bulkeic.env, timeout=30,
        check=False,
    )  # fmt: skip

    assert done.returncode == 0
    assert len(bulkeic.outcomes("r.jsonl")) == 3
    exported = bulkeic("export", "run.db")
    assert len(exported.out.splitlines()) == 3


def test_results_need_a_stdout(bulkeic: Bulkeic) -> None:
    write_targets(bulkeic, 3)
    command = " ".join(bulkeic.words(("apply targets.csv --sandbox --maximum-retry-attempts 1",)))
    for flags in ("--results -", "--output json"):
        done = subprocess.run(
            ["sh", "-c", f"{command} {flags} >&-"], cwd=bulkeic.folder, env=bulkeic.env,
            timeout=30, check=False, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert done.returncode == 2
        assert done.stderr == "bulkeic: stdout is closed, but the results go there\n"
