"""Text from outside reaches a terminal escaped: no control sequences, no bidi overrides."""

import os
import pty
import sys
import termios

import pytest

from bulkeic.cli.process import main
from tests.store.damaged_files import change

from .conftest import ACCOUNT, REGION, Bulkeic
from .echoing_server import echo

# C0, C1, a title, a bidi override, a zero-width space, the end of a line.
BAD = "\x1b]0;x\x07\x1b[2J\x9b31m\u202e\u200b\x7f\r\nX"
NAME = "t\x1b[31m\u202e\x9b.csv"


def show(bulkeic: Bulkeic, *words: object, **env: str) -> str:
    """What a command prints on a terminal, without what rich draws."""
    ours, theirs = pty.openpty()
    attributes = termios.tcgetattr(theirs)
    attributes[1] &= ~termios.OPOST
    termios.tcsetattr(theirs, termios.TCSANOW, attributes)
    process = bulkeic.start(
        *words, stdout=theirs, stderr=theirs, env={"TERM": "dumb", "NO_COLOR": "1", **env}
    )
    os.close(theirs)
    data = b""
    try:
        while piece := os.read(ours, 65536):
            data += piece
    except OSError:  # the other end of a terminal that has gone
        pass
    finally:
        os.close(ours)
    process.wait(20)
    text = data.decode()
    assert text
    assert "internal error" not in text
    return text


def harmful(text: str) -> list[str]:
    return [character for character in text if character != "\n" and not character.isprintable()]


FLAGS = [
    "--region", "--role-arn", "--external-id", "--role-session-name", "--accounts", "--profile",
    "--run", "--results", "--where", "--endpoint-url", "--format", "--rate", "--headroom",
    "--waves", "--on-failure", "--timeout", "--concurrency", "--max-failures", "--output",
]  # fmt: skip
WORDS: list[list[str]] = [
    [f"--{BAD}"], [BAD], ["apply", BAD], ["apply", NAME, BAD], ["report", BAD], ["export", BAD],
    ["apply", NAME, f"-{BAD}"], ["apply", "bad.csv", "--sandbox"], ["apply", "head.csv", "--yes"],
    ["apply", NAME, "--yes", "--accounts", "accounts.csv"],
    *([ "sandbox", flag, BAD] for flag in (
        "--host", "--scenario", "--targets", "--state", "--region", "--functions", "--tls-cert",
    )),
    ["sandbox", "--scenario", "scenario.json"], ["sandbox", "--targets", "bad.csv"],
    ["sandbox", "--save-state", f"{BAD}/x"],
    *(["apply", NAME, "--yes", flag, BAD] for flag in FLAGS),
]  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=range(len(WORDS)))
def test_arguments_are_shown_without_control_characters(
    bulkeic: Bulkeic,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
) -> None:
    for name, value in bulkeic.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.chdir(bulkeic.folder)
    bulkeic.write(NAME, "FunctionName,Region,MaximumRetryAttempts\nf,us-east-1,9\n")
    bulkeic.write("bad.csv", f'FunctionName,Region\n"{BAD}",us-east-1\n')
    bulkeic.write("head.csv", f'FunctionName,"{BAD}"\nf,us-east-1\n')
    bulkeic.write("accounts.csv", f'AccountId,"{BAD}"\n{ACCOUNT},x\n')
    bulkeic.write("scenario.json", '{"\\u001b[2J\\u202e": 1}')
    monkeypatch.setattr(sys, "argv", ["bulkeic", *words])

    with pytest.raises(SystemExit) as ended:
        main()

    shown = capsys.readouterr()
    assert ended.value.code == 2, shown.err
    assert shown.err
    assert "internal error" not in shown.err
    assert harmful(shown.err + shown.out) == []


def test_file_names_and_contents_are_escaped(bulkeic: Bulkeic) -> None:
    rows = "FunctionName,Region,MaximumRetryAttempts\nf,us-east-1,1\nf,us-east-1,1\n"
    bulkeic.write(NAME, f'{rows}"{BAD}",us-east-1,1\n')
    run = f"r{NAME}.db"

    shown = [
        show(bulkeic, *words)
        for words in (
            ("plan", NAME, "--sandbox", "--skip-invalid", "--run", run, "--diff"),
            ("apply", run, "--sandbox", "--output", "json"),
            ("report", run),
            ("report", run, "--json", "--markdown", "r.md", "--junit", "r.xml"),
        )
    ]
    shown += [(bulkeic.folder / name).read_text() for name in ("r.md", "r.xml")]

    assert [harmful(text) for text in shown] == [[]] * len(shown)
    assert all("\\u202e" in text for text in shown)


def test_texts_of_a_run_file_are_escaped(bulkeic: Bulkeic) -> None:
    bulkeic.write("t.csv", f"FunctionName,Region,MaximumRetryAttempts\nf,{REGION},1\n")
    assert bulkeic("apply", "t.csv", "--sandbox", "--run", "run.db").code == 0
    change(
        bulkeic.folder / "run.db",
        "UPDATE run SET value = ? WHERE key IN ('source', 'created_at')",
        "UPDATE session SET ended = ?1, doing = 'apply' || ?1, started_at = ?1",
        "UPDATE outcome SET error_message = ?1, error_code = ?1, request_id = ?1",
        "UPDATE outcome SET status = 'failed' WHERE request_id = ?",
        "UPDATE lane SET region = region || ?",
        "UPDATE job SET given = ?",
        "INSERT INTO wave VALUES (1, 1, ?1, ?1, 1, 1, ?1, 0)",
        values=(BAD,),
    )

    for words in (("report",), ("export",), ("export", "--format", "csv")):
        shown = show(bulkeic, words[0], "run.db", *words[1:])
        assert "\\u202e" in shown
        assert harmful(shown) == []


def test_texts_of_the_server_are_not_shown(bulkeic: Bulkeic) -> None:
    bulkeic.write("t.csv", "FunctionName\nescapes-1\n")
    with echo() as server:
        server.text = BAD
        words = ("apply", "t.csv", "--yes", "--endpoint-url", server.url, "--log-level", "debug")
        shown = show(bulkeic, *words, "--maximum-retry-attempts", 1, "--results", "-")

    digest = f"(a text of {len(BAD)} characters, sha256 "
    assert shown.count(digest) >= 3  # in the log, the result, the summary
    assert "202e" not in shown
    assert harmful(shown) == []
