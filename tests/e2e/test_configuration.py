"""Options in ``bulkeic.toml`` and in variables."""

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import Bulkeic, Result, Server

TARGETS = "FunctionName\nfn-0\nfn-1\n"


def shown(bulkeic: Bulkeic, *words: str, **env: str) -> dict[tuple[str, str], tuple[Any, str]]:
    """Each configured value with its origin, by command and option."""
    result = bulkeic("config", "show", "--json", *words, **env)
    assert result.code == 0, result.err
    found = {}
    for each in json.loads(result.out)["options"]:
        origin = each["origin"]
        place = f"{origin['name']}:{origin['line']}" if "line" in origin else origin.get("name", "")
        found[each["command"], each["option"]] = each["value"], place
    return found


def session_flags(bulkeic: Bulkeic, run: str) -> list[str]:
    """The flags of the latest session that a run file records."""
    with closing(sqlite3.connect(bulkeic.folder / run)) as file:
        [(flags,)] = file.execute("SELECT flags FROM session ORDER BY id DESC LIMIT 1")
    words: list[str] = json.loads(flags)
    return words


def refused(result: Result, text: str) -> None:
    assert result.code == 2
    assert result.out == ""
    assert [line for line in result.lines if text in line], result.err
    assert len(result.lines) == 1, result.err


def test_the_strongest_place_gives_the_value(bulkeic: Bulkeic, tmp_path: Path) -> None:
    user = tmp_path / "home" / "bulkeic"
    user.mkdir(parents=True)
    (user / "bulkeic.toml").write_text("rate = 1\nburst = 1\nheadroom = '1%'\n[apply]\nburst = 2\n")
    bulkeic.env["XDG_CONFIG_HOME"] = str(user.parent)
    bulkeic.write(
        "bulkeic.toml",
        "rate = 3\ntimeout = '3s'\nconcurrency = 3\nmax_denied = 3\n\n[apply]\ntimeout = '4s'\n"
        "[profile.prod]\nconcurrency = 5\nmax_denied = 5\n[profile.prod.apply]\nmax_denied = 6\n",
    )

    plain = shown(bulkeic)
    prod = shown(bulkeic, "--config-profile", "prod", BULKEIC_RATE="7", BULKEIC_APPLY_BURST="8")

    own = str(user / "bulkeic.toml")
    assert plain["apply", "rate"] == ("3", "bulkeic.toml:1")
    assert plain["apply", "burst"] == (2.0, f"{own}:5")
    assert plain["plan", "burst"] == (1.0, f"{own}:2")
    assert plain["apply", "headroom"] == ("1%", f"{own}:3")
    assert plain["apply", "timeout"] == (4.0, "bulkeic.toml:7")
    assert plain["plan", "timeout"] == (3.0, "bulkeic.toml:2")
    assert plain["apply", "concurrency"] == (3, "bulkeic.toml:3")
    assert ("bench", "rate") not in plain  # its rate is another option
    assert prod["apply", "rate"] == ("7", "BULKEIC_RATE")
    assert prod["apply", "burst"] == (8.0, "BULKEIC_APPLY_BURST")
    assert prod["plan", "burst"] == (1.0, f"{own}:2")
    assert prod["apply", "concurrency"] == (5, "bulkeic.toml:9")
    assert prod["apply", "max_denied"] == (6, "bulkeic.toml:12")
    assert prod["plan", "max_denied"] == (5, "bulkeic.toml:10")
    only = shown(bulkeic, BULKEIC_NO_CONFIG="true", BULKEIC_RATE="7")
    assert {key for _, key in only} == {"rate"}


def test_a_command_uses_its_configuration_and_says_so(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", TARGETS)
    bulkeic.write(
        "bulkeic.toml",
        'output = "json"\nno_progress = true\nsession_tag = ["a=1", "b=2"]\nname = ["fn-0"]\n'
        'config_profile = "test"\n[profile.test.apply]\nsandbox = true\n'
        'maximum_retry_attempts = 1\nrun = "own.db"\n[sandbox]\nrate = 5\n',
    )

    result = bulkeic("apply", "targets.csv", "--log-level", "info", BULKEIC_LOG_LEVEL="debug")

    assert result.code == 0, result.err
    assert result.summary["updated"] == 1
    assert result.lines[0] == (
        "configuration: name, no_progress, output, session_tag from bulkeic.toml; "
        "maximum_retry_attempts, run, sandbox from bulkeic.toml (profile test)"
    )
    flags = session_flags(bulkeic, "own.db")
    for word in ("--session-tag", "a=1", "b=2", "--sandbox", "--no-progress", "fn-0"):
        assert word in flags
    assert flags[flags.index("--log-level") + 1] == "info"


def test_what_a_run_file_stores_holds_against_the_configuration(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", TARGETS)
    bulkeic("plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", "1",
            "--endpoint-url", server.url)  # fmt: skip
    settings = (
        'maximum_retry_attempts = 2\nskip_invalid = true\nwaves = "1,100%"\nbake = "1ms"\n'
        'on_halt = "rollback"\ncreate_missing = true\nwave_pause = 0\n'
    )
    own = bulkeic.write("own.toml", f'{settings}endpoint_url = "{server.url}"\nrun = "new.db"\n')

    first = bulkeic("apply", "run.db", "--yes", "--limit", "1", BULKEIC_NO_CONFIG="1",
                    BULKEIC_ENDPOINT_URL=server.url)  # fmt: skip
    resumed = bulkeic("apply", "run.db", "--yes", BULKEIC_CONFIG=str(own))
    verified = bulkeic("verify", "run.db", "--config", own)
    undone = bulkeic("rollback", "run.db", "--yes", "--config", own)

    assert [first.code, resumed.code, verified.code, undone.code] == [0, 0, 0, 0], resumed.err
    assert "--waves" not in session_flags(bulkeic, "run.db")
    assert (bulkeic.folder / "new.db").exists()  # the rollback is a new run
    refused(
        bulkeic("apply", "run.db", "--yes", "--maximum-retry-attempts", "2", "--endpoint-url",
                server.url),
        "was made with --maximum-retry-attempts 1",
    )  # fmt: skip


def test_what_a_discovery_file_stores_holds_against_the_configuration(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.env |= {"BULKEIC_ENDPOINT_URL": server.url, "BULKEIC_REGIONS": "us-east-1"}
    first = bulkeic("discover", "--run", "found.discovery", "--out", "one.csv")
    again = bulkeic("discover", "--out", "two.csv", BULKEIC_RUN="found.discovery",
                    BULKEIC_RUNTIME="python*", BULKEIC_DISCOVER_WHERE="Tags")  # fmt: skip
    assert (first.code, again.code) == (0, 0), again.err
    assert "BULKEIC_RUNTIME" not in again.err


def test_a_plan_is_applied_in_the_waves_of_the_configuration(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn-0,1\nfn-1,1\n")
    own = bulkeic.write(
        "own.toml", f'waves = "1,100%"\nwave_pause = 0\nendpoint_url = "{server.url}"'
    )

    planned = bulkeic("plan", "targets.csv", "--run", "run.db", "--config", own)
    applied = bulkeic("apply", "run.db", "--yes", "--output", "json", "--config", own)
    other = bulkeic.write("other.toml", f'waves = "50%,100%"\nendpoint_url = "{server.url}"')
    again = bulkeic("apply", "run.db", "--yes", "--config", other)

    assert [planned.code, applied.code, again.code] == [0, 0, 0], (applied.err, again.err)
    assert "wave 2 of 2" in applied.err


def test_suggested_commands_repeat_what_the_configuration_gave(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn-0,1\n")
    bulkeic.env |= {"BULKEIC_ENDPOINT_URL": server.url, "BULKEIC_TIMEOUT": "7s"}

    bulkeic.write("bulkeic.toml", 'log_level = "error"\nmax_denied = 3\n')

    result = bulkeic("apply", "targets.csv", "--yes", "--run", "run.db", "--log-level", "warning")

    [line] = [line for line in result.lines if "bulkeic rollback run.db" in line]
    assert f"--endpoint-url {server.url}" in line
    assert "--timeout 7" in line
    assert "--log-level warning" in line  # the default, but not for the one who repeats it here
    assert "--max-denied 3" in line


def test_a_flag_replaces_what_excludes_it_and_what_it_requires(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nfn-0,1\n")
    bulkeic.write("waves.csv", "Wave,AccountId,Region\n1,*,*\n")
    own = bulkeic.write(
        "own.toml", 'sandbox = true\nwaves = "1,100%"\ngate_timeout = "5s"\nalarm_interval = "5s"\n'
        'seed = 3\nwave_pause = 0\ntls_cert = "c.pem"\n[rollback]\ndiff = true\n',
    )  # fmt: skip

    result = bulkeic("apply", "targets.csv", "--waves-file", "waves.csv", "--run", "r.db",
                     "--config", own)  # fmt: skip
    undone = bulkeic("rollback", "r.db", "--yes", "--config", own)

    assert (result.code, undone.code) == (0, 0), result.err
    assert result.lines[0] == f"configuration: sandbox, wave_pause from {own}"


def test_a_bad_file_is_one_line(bulkeic: Bulkeic) -> None:
    bulkeic.write("bulkeic.toml", "rate = 5\nmax_target = 1")
    problem = "bulkeic: bulkeic.toml:2: max_target: unknown key; did you mean max_targets?"
    refused(bulkeic("apply", "t.csv"), problem)


def test_bad_variables_and_flags_are_one_line(bulkeic: Bulkeic) -> None:
    own = bulkeic.write("own.toml", "[report]\nwaves = '1'\n")
    problem = f"{own}:2: report.waves: report has no such option; it is one of apply"
    refused(bulkeic("report", "gone.db", "--config", own), problem)
    for words, env, problem in (
        ((), {"BULKEIC_RATE": "x"}, "BULKEIC_RATE: 'x' is not a rate"),
        ((), {"BULKEIC_APPLY_YES": "1"}, "BULKEIC_APPLY_YES: this confirms or forces something"),
        ((), {"BULKEIC_SANDBOX": "x"}, "BULKEIC_SANDBOX: expected true or false, not 'x'"),
        ((), {"BULKEIC_NO_CONFIG": "x"}, "BULKEIC_NO_CONFIG: expected true or false, not 'x'"),
        (("--config", "gone.toml"), {}, "gone.toml: the configuration file cannot be read"),
        (("--config-profile", "prod"), {}, "unknown configuration profile 'prod'"),
        (("--no-config", "--config", "x"), {}, "--no-config reads no file"),
    ):
        refused(bulkeic("apply", "t.csv", *words, **env), problem)


def test_a_misspelled_variable_is_noted(bulkeic: Bulkeic) -> None:
    result = bulkeic("report", "gone.db", BULKEIC_MAX_TARGET="1", BULKEIC_VERSION="2")
    assert result.lines[0].endswith(
        "'BULKEIC_MAX_TARGET' is unknown; did you mean BULKEIC_MAX_TARGETS?"
    )
    assert "BULKEIC_VERSION" not in result.err


def test_a_project_file_is_found_up_to_the_root_of_the_repository(bulkeic: Bulkeic) -> None:
    root = bulkeic.folder
    bulkeic.write("bulkeic.toml", 'accounts = "accounts.csv"\nrate = 2\n')
    (root / "repo" / "deep" / "er").mkdir(parents=True)
    bulkeic.folder = root / "repo" / "deep"

    assert shown(bulkeic) == {}  # outside of repositories, nothing above counts
    (root / "repo" / ".git").mkdir()
    assert shown(bulkeic) == {}  # nothing above the repository counts
    bulkeic.folder = root / "repo" / "deep" / "er"
    (root / "repo" / "bulkeic.toml").write_text('accounts = "accounts.csv"\n')
    assert shown(bulkeic)["apply", "accounts"] == ("../../accounts.csv", "../../bulkeic.toml:1")
    (root / "repo" / ".git").rmdir()
    assert shown(bulkeic, HOME=str(root / "repo"))["apply", "accounts"][1] == "../../bulkeic.toml:1"
    bulkeic.folder = root / "repo"
    assert shown(bulkeic)["apply", "accounts"] == ("accounts.csv", "bulkeic.toml:1")


def test_other_commands_are_configured_too(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write(
        "bulkeic.toml",
        'region = "eu-west-1"\nresults = "r.jsonl"\noutput = "json"\n'
        '[sandbox]\nsecret = "do not show"\nrate = 1e400\n'
        '[bench]\nrate = "20"\nrequests = 3\nwarmup = "0s"\n[bench.compare]\n'
        'repeat = 2\n[worker]\ntls_cert = "c.pem"\n',
    )
    refused(bulkeic("sandbox"), "bulkeic.toml:6: sandbox.rate: 'inf' is not a rate")
    refused(bulkeic("worker", "tls://h:1"), "bulkeic.toml:14: worker.tls_cert: a project file")

    bulkeic.write("targets.csv", "FunctionName\nfn-0\n")
    measured = bulkeic("bench", "targets.csv", BULKEIC_BENCH_ENDPOINT_URL=server.url)
    text = bulkeic("config", "show", "sandbox", BULKEIC_SANDBOX_RATE="5", BULKEIC_NO_CONFIG="1")
    compared = shown(bulkeic, "bench compare")

    assert measured.code == 0, measured.err
    assert not (bulkeic.folder / "r.jsonl").exists()  # bench would replace it
    assert "open, 20/s in each lane" in measured.err
    assert "do not show" not in text.out
    assert compared["bench compare", "repeat"] == (2, "bulkeic.toml:12")


def test_a_secret_is_never_shown(bulkeic: Bulkeic) -> None:
    bulkeic.write("bulkeic.toml", '[sandbox]\nsecret = "do not show"\n')
    for words in (("config", "show"), ("config", "show", "sandbox", "--json")):
        result = bulkeic(*words)
        assert "***" in result.out
        assert "do not show" not in result.out + result.err


def test_without_configuration_nothing_is_imported_or_said(bulkeic: Bulkeic) -> None:
    result = bulkeic("report", "gone.db", PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in result.lines}
    assert "bulkeic.cli.process" in imported
    assert not {
        name for name in imported if name.startswith(("tomllib", "bulkeic.core.configuration"))
    }


def test_a_file_of_another_user_above_is_refused(bulkeic: Bulkeic) -> None:
    if os.geteuid():
        pytest.skip("only root can give a file to another user")
    path = bulkeic.write("bulkeic.toml", "rate = 1\n")
    (bulkeic.folder / ".git").mkdir()
    os.chown(path, 12345, 12345)
    bulkeic.folder /= "below"
    bulkeic.folder.mkdir()
    refused(bulkeic("apply", "t.csv"), "belongs to another user; give it with --config")
