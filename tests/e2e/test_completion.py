"""``bulkeic completion``: words typed in real shells, and the candidates that they offer."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bulkeic.store.sqlite.file_kind import DISCOVERY_FILE, RUN_FILE, FileKind

from .conftest import Bulkeic
from .typed_shell import TypedShell, shell_environment

Offered = Callable[..., list[str]]

ZSH_SET_UP = """\
autoload -Uz compinit; compinit -D -u; bindkey -e; zstyle ':completion:*' completer _all_matches \
_complete; zstyle ':completion:*:all-matches:*' insert true; eval "$(bulkeic completion zsh)"\
"""
BASH_SET_UP = """bind 'set enable-bracketed-paste off'; eval "$(bulkeic completion bash)\""""
LOG_LEVELS = ["debug", "info", "warning", "error", "critical"]


def write_database(path: Path, kind: FileKind) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"SQLite format 3\0" + bytes(52) + kind.application_id.to_bytes(4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("completion")
    (folder / "targets.csv").write_text("FunctionName\n")
    (folder / "notes.db").write_text("no database")
    write_database(folder / "my run.db", RUN_FILE)
    write_database(folder / "found.discovery", DISCOVERY_FILE)
    for name in ("2026-11-01.db", "2026-11-02.db"):
        write_database(folder / "bulkeic-runs" / name, RUN_FILE)
    (folder / ".aws").mkdir()
    (folder / ".aws" / "config").write_text(
        '[default]\n[profile dev]\nregion = eu-west-1\n[profile "my prod"]\n[sso-session dots]\n'
    )
    (folder / ".aws" / "credentials").write_text("[ci]\naws_access_key_id = x\n")
    os.mkfifo(folder / "pipe.db")
    return folder


def typed(words: list[str], set_up: str, insert_all: str, folder: Path) -> Iterator[Offered]:
    """The candidates that an interactive shell offers."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    shell = TypedShell(
        words, set_up, insert_all, folder,
        AWS_CONFIG_FILE="~/.aws/config", AWS_SHARED_CREDENTIALS_FILE="~/.aws/credentials",
    )  # fmt: skip
    try:
        yield shell.candidates
    finally:
        screen = shell.close()
    assert "Traceback" not in screen
    assert "not found" not in screen


@pytest.fixture(scope="module")
def bash(folder: Path) -> Iterator[Offered]:
    yield from typed(["bash", "--norc", "--noprofile", "-i"], BASH_SET_UP, "\x1b*", folder)


@pytest.fixture(scope="module")
def zsh(folder: Path) -> Iterator[Offered]:
    yield from typed(["zsh", "-f", "-i"], ZSH_SET_UP, "\t", folder)


@pytest.fixture(scope="module")
def fish(folder: Path) -> Offered:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")

    def offered(line: str) -> list[str]:
        """Asks fish's own completion, which describes candidates behind a tab."""
        found = subprocess.run(
            ["fish", "--no-config", "-c", "bulkeic completion fish | source; complete -C $argv[1]",
             line],
            capture_output=True, text=True, check=True, cwd=folder,
            env=shell_environment(folder) | {"AWS_CONFIG_FILE": f"{folder}/.aws/config"},
        )  # fmt: skip
        assert found.stderr == ""
        return found.stdout.splitlines()

    return offered


def test_bash_offers_choices_behind_a_flag_and_behind_an_equals_sign(bash: Offered) -> None:
    assert bash("bulkeic apply --log-level ") == LOG_LEVELS
    assert bash("bulkeic apply --log-level=w") == ["--log-level=warning"]


def test_bash_offers_run_files_and_quotes_them(bash: Offered) -> None:
    runs = ["bulkeic-runs/2026-11-02.db", "bulkeic-runs/2026-11-01.db", "my run.db"]
    assert bash("bulkeic report ") == [*runs, "bulkeic-runs"]
    assert bash("bulkeic discover --run f") == ["found.discovery"]
    assert bash("bulkeic report 'my", keys="\t") == ["my run.db"]
    assert bash("bulkeic discover --regions '!af-s", keys="\t") == ["!af-south-1"]


def test_bash_offers_files_commands_and_quoted_profiles(bash: Offered) -> None:
    assert bash("bulkeic apply --accounts tar") == ["targets.csv"]
    assert bash("bulkeic ro") == ["rollback"]
    assert bash("bulkeic apply --profile ") == ["ci", "default", "dev", "my prod"]


def test_zsh_offers_choices_and_files(zsh: Offered) -> None:
    assert zsh("bulkeic apply --log-level ") == LOG_LEVELS
    assert zsh("bulkeic apply --log-level=w") == ["--log-level=warning"]
    assert zsh("bulkeic apply --accounts tar") == ["targets.csv"]


def test_zsh_offers_values_of_this_computer(zsh: Offered) -> None:
    assert zsh("bulkeic report my") == ["my run.db"]
    assert zsh("bulkeic apply --profile ") == ["ci", "default", "dev", "my prod"]
    assert zsh("bulkeic discover --regions eu-west-1,af") == ["eu-west-1,af-south-1"]


def test_fish_offers_choices_with_an_equals_sign(fish: Offered) -> None:
    assert fish("bulkeic apply --log-level=w") == ["--log-level=warning"]


def test_fish_offers_described_flags_and_files(fish: Offered) -> None:
    assert fish("bulkeic apply --skip-inv") == [
        "--skip-invalid\tSkip invalid rows instead of refusing the file"
    ]
    assert fish("bulkeic apply --accounts tar") == ["targets.csv"]
    assert fish("bulkeic report bulkeic-runs/2026-11-02") == ["bulkeic-runs/2026-11-02.db"]


@pytest.fixture
def asked(bulkeic: Bulkeic) -> Offered:
    """The candidates that the command answers, without a shell."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        result = bulkeic(
            _BULKEIC_COMPLETE="bash_complete",
            COMP_WORDS="\n".join(words),
            COMP_CWORD=str(len(words) - 1),
        )
        assert result.err == ""
        return result.out.splitlines()

    return ask


def test_a_group_that_is_a_command_offers_its_commands_and_its_values(asked: Offered) -> None:
    assert asked("bulkeic bench co") == ["plain,compare"]
    assert "plain,--find-limit" in asked("bulkeic bench --")


def test_wrong_words_and_files_that_cannot_be_read_disturb_nobody(
    asked: Offered, bulkeic: Bulkeic
) -> None:
    bulkeic.env["AWS_CONFIG_FILE"] = str(bulkeic.folder)  # a folder
    assert asked("bulkeic apply --profile ") == [""]
    assert asked("bulkeic apply --rate wrong --nothing --log-level e") == ["plain,error"]
    bulkeic.write("bell\x07\x1b[31m.csv", "")
    bulkeic.write("line\nbreak.csv", "")
    bulkeic.write("plain.csv", "")
    assert asked("bulkeic apply ") == ["path,plain.csv"]
    assert asked("bulkeic report no-folder/x") == ["file,no-folder/x"]
    assert asked("bulkeic apply --profile 'open") == [""]


def test_a_question_that_no_script_asks_has_no_answer(bulkeic: Bulkeic) -> None:
    for question in ("tcsh_complete", "bash_source", ""):
        result = bulkeic("apply", "targets.csv", _BULKEIC_COMPLETE=question)
        assert (result.code, result.out, result.err) == (2, "", "")
    result = bulkeic(_BULKEIC_COMPLETE="bash_complete")  # without words
    assert (result.code, result.out, result.err) == (2, "", "")


def test_a_shell_without_a_script_is_refused(bulkeic: Bulkeic) -> None:
    result = bulkeic("completion", "tcsh")
    assert result.code == 2
    assert "'tcsh' is invalid; expected one of bash, zsh, fish" in result.err


@pytest.mark.parametrize("line", ["apply --region e", "report r"])
def test_completion_loads_neither_the_sdk_nor_a_client(line: str) -> None:
    words = ["bulkeic", *line.split(" ")]
    code = "import sys; from bulkeic.cli.completion.word_completion import complete_word as ask; "
    code += "ask(); print(*sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env=os.environ | {
            "_BULKEIC_COMPLETE": "bash_complete", "COMP_WORDS": "\n".join(words),
            "COMP_CWORD": str(len(words) - 1),
        },
    )  # fmt: skip
    loaded = set(found.stdout.split())
    assert "click" in loaded
    assert not loaded & {"botocore", "aiobotocore", "aiohttp", "asyncio", "rich", "socket", "ssl"}
