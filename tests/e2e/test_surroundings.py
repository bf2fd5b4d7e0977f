"""Unusual surroundings: responses, files, terminals and environments."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import pytest

from bulkeic import InputError, Updater, make_job
from bulkeic.sandbox import Sandbox, SandboxOptions
from tests.loopback_server import QuietHandler, serve_loopback

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .test_interruptions import TARGETS, until_outcomes, words, write_targets

ODD = [
    b"null", b"[]", b"5", b'"x"', b"{}", b"", b"<html>", b"\xff\xfe", b"[" * 5000, b'{"a":',
    b'{"FunctionArn":"a","LastModified":"abc"}', b'{"FunctionArn":"a","LastModified":{}}',
    b'{"FunctionArn":"a","LastModified":1e300}', b'{"FunctionArn":"a","DestinationConfig":"x"}',
]  # fmt: skip
ODD_ERRORS = [b"null", b"[]", b'{"message":5,"__type":7}', b'{"__type":"\\ud800Foo"}', b""]


@pytest.fixture
def odd_server() -> Iterator[str]:
    """Answers ``ok-N`` correctly, and ``odd-N`` and ``err-N`` with the N-th odd response."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            self.body()
            name = self.path.split("/")[3]
            kind, _, number = name.partition("-")
            arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}:$LATEST"
            config = {"FunctionArn": arn, "LastModified": 1.5, "MaximumRetryAttempts": 1}
            body, status = json.dumps(config).encode(), 200
            if kind == "odd":
                body = ODD[int(number)]
            elif kind == "err":
                body, status = ODD_ERRORS[int(number)], 400
            self.reply(status, body)

    with serve_loopback(Handler) as url:
        yield url


def test_file_names_need_not_be_utf_8(bulkeic: Bulkeic) -> None:
    run, results = os.fsdecode(b"r\xff.db"), os.fsdecode(b"r\xff.jsonl")
    write_targets(bulkeic, 3)

    for source in (("targets.csv", "--maximum-retry-attempts", 1, "--run", run), (run,)):
        result = bulkeic(
            "apply", *source, "--sandbox", "--yes", "--results", results, "--output", "json"
        )
        assert result.code == 0, result.err
        assert (result.summary["run"], result.summary["updated"]) == (run, 3)
    assert len((bulkeic.folder / results).read_text().splitlines()) == 3


def test_an_invalid_response_fails_only_its_call(
    bulkeic: Bulkeic, server: Server, odd_server: str
) -> None:
    names = [f"ok-{n}" for n in range(5)]
    names += [f"odd-{n}" for n in range(len(ODD))] + [f"err-{n}" for n in range(len(ODD_ERRORS))]
    bulkeic.write("targets.csv", "FunctionName\n" + "\n".join(names))

    result = bulkeic(
        "apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, "--max-attempts", 2,
        "--rate", "unlimited", "--output", "json", "--results", "r.jsonl", "--no-before-image",
        AWS_ENDPOINT_URL_STS=server.url, AWS_ENDPOINT_URL_LAMBDA=odd_server,
    )  # fmt: skip

    assert result.code == 1, result.err
    assert (result.summary["pending"], result.summary["updated"]) == (0, 5)
    for outcome in bulkeic.outcomes("r.jsonl"):
        kind = outcome["function_name"].partition("-")[0]
        assert outcome["status"] in ({"updated"} if kind == "ok" else {"failed", "unknown"})
        assert outcome["attempts"] in {"ok": {1}, "odd": {2, 4}, "err": {1, 2, 3, 4}}[kind]
        assert kind == "ok" or outcome["error_code"]


def test_the_results_file_cannot_be_the_targets_file(bulkeic: Bulkeic) -> None:
    write_targets(bulkeic, 2)
    before = (bulkeic.folder / "targets.csv").read_text()

    result = bulkeic("apply", "targets.csv", "--sandbox", "--results", "./targets.csv")

    assert result.code == 2
    assert "is also an input file" in result.err
    assert (bulkeic.folder / "targets.csv").read_text() == before


def test_a_deleted_run_file_stops_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server))
    until_outcomes(bulkeic.folder / "run.db", 5)
    (bulkeic.folder / "run.db").unlink()

    _, err = process.communicate(timeout=20)

    assert process.returncode == 3, err
    assert "stopped: run file 'run.db' was deleted, moved or replaced" in err
    assert server.calls() < TARGETS


def test_a_slow_reader_delays_neither_commits_nor_the_exit(
    bulkeic: Bulkeic, server: Server
) -> None:
    write_targets(bulkeic, 1500)
    process = bulkeic.start(*words(server, "--rate", "unlimited", "--results", "-"))
    until_outcomes(bulkeic.folder / "run.db", 900)  # far more than a pipe holds

    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "Ctrl-C again" not in (line := process.stderr.readline()):
        assert line
    process.send_signal(signal.SIGINT)

    assert process.wait(20) in {3, 130}
    process.communicate()


def test_a_closed_terminal_stops_the_run_cleanly(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(*words(server, "--log-level", "info"))
    until_outcomes(bulkeic.folder / "run.db", 5)
    assert process.stderr is not None
    process.stderr.close()
    process.stderr = None
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=20)

    assert process.returncode == 3
    report = bulkeic("report", "run.db").out
    assert ": interrupted" in report


def test_the_sandbox_ignores_the_users_aws_settings(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", f"FunctionName,Region,MaximumRetryAttempts\na,{REGION},1\n")
    result = bulkeic(
        "apply", "targets.csv", "--sandbox", HTTP_PROXY="http://127.0.0.1:9", AWS_PROFILE="gone",
        AWS_CONFIG_FILE="/nonexistent/config",
    )  # fmt: skip

    assert result.code == 0, result.err


def test_the_sandbox_holds_every_target_in_any_order(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,Qualifier\na,live\na,\na,7\nb,\nb,live\n")
    result = bulkeic("apply", "targets.csv", "--sandbox", "--maximum-retry-attempts", 1)

    assert result.code == 0, result.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--timeout", "nan"), "is not a duration; expected seconds, for example 30"),
        (("--timeout", "inf"), "is not a duration; expected seconds, for example 30"),
        (("--burst", "inf"), "is not a number"),
        (("--give-up-after", "nan"), "is not a duration; expected seconds, for example 30"),
        (("--region", "NOTAREGION"), "--region: 'NOTAREGION' is not a Region"),
        (("--results", "x" * 300 + ".csv"), "File name too long"),
    ],
)
def test_invalid_flags_are_refused(bulkeic: Bulkeic, words: tuple[str, str], says: str) -> None:
    write_targets(bulkeic, 2)
    result = bulkeic("apply", "targets.csv", "--sandbox", "--maximum-retry-attempts", 1, *words)

    assert result.code == 2
    assert says in result.err
    assert "internal error" not in result.err


def test_an_environment_endpoint_that_is_not_a_url_is_one_line(bulkeic: Bulkeic) -> None:
    write_targets(bulkeic, 2)
    result = bulkeic(
        "apply", "targets.csv", "--yes", "--maximum-retry-attempts", 1, AWS_ENDPOINT_URL="garbage"
    )

    assert result.code == 2
    assert len(result.lines) == 1
    assert "garbage" in result.err


def test_the_destination_that_is_not_set_is_read_and_sent(bulkeic: Bulkeic, server: Server) -> None:
    queue, topic = (f"arn:aws:{name}:{REGION}:123456789012:x" for name in ("sqs", "sns"))
    had = {"OnSuccess": {"Destination": topic}, "OnFailure": {}}
    both = {"OnSuccess": {"Destination": topic}, "OnFailure": {"Destination": queue}}
    bulkeic.write("both.csv", f"FunctionName,OnSuccess,OnFailure\na,{topic},none\n")
    bulkeic.write("half.csv", f"FunctionName,OnFailure\na,{queue}\n")
    words = ("--yes", "--endpoint-url", server.url, "--output", "json",
             "--no-before-image")  # fmt: skip

    assert bulkeic("apply", "both.csv", *words).summary["calls"] == 1
    result = bulkeic("apply", "half.csv", *words, "--results", "r.jsonl")

    assert (result.code, result.summary["calls"]) == (0, 2), result.err
    [outcome] = bulkeic.outcomes("r.jsonl")
    assert outcome["before"]["DestinationConfig"] == had
    assert outcome["settings"] == {"DestinationConfig": both}
    assert outcome["config"]["DestinationConfig"] == both


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_during_loading_leaves_no_file(
    bulkeic: Bulkeic, server: Server, number: signal.Signals, code: int
) -> None:
    pipe = bulkeic.folder / "targets.csv"
    os.mkfifo(pipe)
    process = bulkeic.start(*words(server))
    with pipe.open("w") as file:
        # More than any pipe holds: when it is written, the command is in the middle of reading.
        file.write("FunctionName\n" + "".join(f"fn-{n}\n" for n in range(30_000)))
        file.flush()
        process.send_signal(number)
        _, err = process.communicate(timeout=20)

    assert (process.returncode, err.strip()) == (code, "bulkeic: interrupted")
    assert [path.name for path in bulkeic.folder.iterdir()] == ["targets.csv"]
    assert server.stats()["calls"] == 0


async def test_the_library_refuses_another_account_and_keeps_its_buckets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA111111111111")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    options = SandboxOptions(rate=None, any_function=True)
    async with Sandbox(options) as served, Updater(endpoint_url=served.url, rate=20) as updater:
        theirs = make_job(
            "arn:aws:lambda:us-east-1:222222222222:function:f", maximum_retry_attempts=1
        )
        with pytest.raises(InputError, match="job 0: account 222222222222 is not 111111111111"):
            _ = [outcome async for outcome in updater.update([theirs])]

        begun = time.monotonic()
        for round_ in range(3):
            jobs = [
                make_job(f"f{n}", seq=n, region=REGION, maximum_retry_attempts=round_)
                for n in range(12)
            ]
            assert [outcome.status async for outcome in updater.update(jobs)] == ["updated"] * 12
        elapsed = time.monotonic() - begun
    # One bucket of 20 that gains 20 a second has 36 calls after 0.8 s, new ones have at once.
    assert elapsed > 0.79


def test_a_run_under_nohup_survives_its_terminal(bulkeic: Bulkeic, server: Server) -> None:
    write_targets(bulkeic)
    process = bulkeic.start(
        *words(server, "--rate", 50),
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    )
    until_outcomes(bulkeic.folder / "run.db", 5)
    process.send_signal(signal.SIGHUP)
    _, err = process.communicate(timeout=30)

    assert process.returncode == 0, err


@pytest.mark.parametrize("command", ["apply", "plan", "verify"])
def test_json_that_cannot_be_printed_does_not_hide_what_was_done(
    bulkeic: Bulkeic, command: str
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn,1\n")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        process = bulkeic.start(
            command, "targets.csv", "--sandbox", "--output", "json", stdout=full
        )
        _, err = process.communicate(timeout=30)

    assert process.returncode == 3, err
    *summary, last = err.splitlines()
    assert any(
        line in {"1 target: 1 updated", "plan: 1 to change", "1 target: 0 updated, 1 failed"}
        for line in summary
    )
    assert last == "bulkeic: stdout: No space left on device; the lines above are the summary"


@pytest.mark.parametrize(
    ("stream", "line", "codes"),
    [
        ("stdout", "--help", {0, 1}),
        ("stderr", "apply bad.csv --sandbox", {2}),
        ("stderr", "apply good.csv --sandbox --maximum-retry-attempts 1", {0}),
        ("stderr", "apply good.csv --frobnicate", {2}),
    ],
)
def test_a_closed_stream_causes_no_traceback(
    bulkeic: Bulkeic, stream: str, line: str, codes: set[int]
) -> None:
    bulkeic.write("bad.csv", "FunctionName\n" + "no name\n" * 30)
    bulkeic.write("good.csv", "FunctionName\nfn\n")
    unread, end = os.pipe()
    os.close(unread)
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: end}
    done = subprocess.run(
        bulkeic.words(tuple(line.split())), cwd=bulkeic.folder, env=bulkeic.env, timeout=30,
        text=True, check=False, **streams,
    )  # fmt: skip
    os.close(end)

    assert done.returncode in codes
    output = f"{done.stdout or ''}{done.stderr or ''}"
    assert "Traceback" not in output
    assert "internal error" not in output
