"""Which hosts are called, as the interpreter's audit events show: AWS's endpoints and no others.

An audit hook of Python, in the installed command's own process, notes every name that is looked up,
every address that is connected or bound to, and every process that is started; names that are not
this machine's are not resolved. uvloop resolves names where no hook sees it, so it is left out
where names matter.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server

Start = Callable[..., Server]

HOOK = """\
import importlib.util, json, os, socket, sys

log = os.open(os.environ["NOTED"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
watched = {
    "socket.getaddrinfo": 0, "socket.gethostbyname": 0, "socket.gethostbyaddr": 0,
    "socket.connect": 1, "socket.bind": 1, "socket.sendto": 1, "socket.sendmsg": 1,
    "subprocess.Popen": 0, "os.exec": 0, "os.posix_spawn": 0, "os.system": 0,
}

def note(event, args):
    if event in watched:
        what = args[watched[event]]
        os.write(log, (json.dumps([event, what], default=repr) + "\\n").encode())
        if event == "socket.getaddrinfo" and what not in ("127.0.0.1", "localhost", None):
            raise socket.gaierror(-2, "Name or service not known")

if "WITHOUT_UVLOOP" in os.environ:
    find = importlib.util.find_spec
    importlib.util.find_spec = lambda name, *more: None if name == "uvloop" else find(name, *more)
sys.addaudithook(note)
"""
WANTED = ("--maximum-retry-attempts", 1)
NO_KEYS = {
    "AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None, "AWS_EC2_METADATA_DISABLED": None,
}  # fmt: skip


class Noted:
    """What a command did."""

    def __init__(self, bulkeic: Bulkeic) -> None:
        self._path = bulkeic.write("noted.jsonl", "")
        folder = bulkeic.folder / "site"
        folder.mkdir()
        (folder / "sitecustomize.py").write_text(HOOK)
        bulkeic.env |= {"PYTHONPATH": str(folder), "NOTED": str(self._path)}

    def events(self) -> list[tuple[str, Any]]:
        events = [tuple(json.loads(line)) for line in self._path.read_text().splitlines()]
        self._path.write_text("")
        return events

    def hosts(self) -> set[str]:
        """Each host and port, or name, once."""
        found = set()
        for event, what in self.events():
            if event == "socket.bind" and what[:2] == ["::1", 0]:
                continue  # urllib3, of which the SDK has a part, looks whether there is IPv6
            assert event.startswith("socket."), (event, what)
            found.add(":".join(map(str, what[:2])) if isinstance(what, list) else str(what))
        return found


@pytest.fixture
def noted(bulkeic: Bulkeic) -> Noted:
    return Noted(bulkeic)


def address(server: Server) -> str:
    return server.url.removeprefix("http://")


def test_only_the_endpoint_is_called(bulkeic: Bulkeic, server: Server, noted: Noted) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,us-east-1\nb,eu-west-1\n")
    noted.events()
    words = ("--endpoint-url", server.url, "--run", "run.db")

    applied = bulkeic("apply", "targets.csv", "--yes", "--before-image", *WANTED, *words)

    assert applied.code == 0, applied.err
    assert noted.hosts() == {address(server)}


def test_without_an_endpoint_aws_is_called(bulkeic: Bulkeic, server: Server, noted: Noted) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\nf,eu-west-1\nf,cn-north-1\n")
    noted.events()

    result = bulkeic(
        "apply", "targets.csv", *WANTED, "--yes", "--give-up-after", 0.5,
        AWS_ENDPOINT_URL_STS=server.url, WITHOUT_UVLOOP="1",
    )  # fmt: skip

    assert result.code == 3, result.err
    assert noted.hosts() == {
        address(server), "lambda.eu-west-1.amazonaws.com", "lambda.cn-north-1.amazonaws.com.cn",
        "tagging.eu-west-1.amazonaws.com", "tagging.cn-north-1.amazonaws.com.cn",
    }  # fmt: skip


def test_only_sts_and_tags_are_asked_before_the_confirmation(
    bulkeic: Bulkeic, server: Server, noted: Noted
) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\na,eu-west-1\n")
    bulkeic.env |= {"WITHOUT_UVLOOP": "1"}
    sts, lambda_host = f"sts.{REGION}.amazonaws.com", "lambda.eu-west-1.amazonaws.com"
    tagging = "tagging.eu-west-1.amazonaws.com"
    words = ("apply", "targets.csv", "--no-progress", *WANTED)
    noted.events()

    assert bulkeic(*words, "--yes").code == 2
    assert noted.hosts() == {sts}
    bulkeic.env |= {"AWS_ENDPOINT_URL_STS": server.url}
    assert bulkeic.asked("n\n", *words)[0] == 3
    assert noted.hosts() == {address(server), tagging}
    assert server.stats()["by_operation"] == {"GetCallerIdentity": 1}
    more = ("--no-read-tags", "--give-up-after", 0.5)
    assert bulkeic.asked("y\n", *words, *more)[0] == 3
    assert noted.hosts() == {address(server), lambda_host}


def test_the_sandbox_stays_local_and_report_and_export_call_nothing(
    bulkeic: Bulkeic, noted: Noted
) -> None:
    bulkeic.write("targets.csv", f"FunctionName,AccountId\na,{ACCOUNT}\n")
    noted.events()

    applied = bulkeic(
        "apply", "targets.csv", "--sandbox", "--run", "run.db", "--waves", "100%", *WANTED,
        **NO_KEYS,
    )  # fmt: skip

    assert applied.code == 0, applied.err
    assert {host.partition(":")[0] for host in noted.hosts()} == {"127.0.0.1"}
    for words in (
        ("report", "run.db"), ("export", "run.db"), ("--help",), ("apply", "nowhere.csv"),
    ):  # fmt: skip
        bulkeic(*words, **NO_KEYS)
        assert noted.hosts() == set(), words
