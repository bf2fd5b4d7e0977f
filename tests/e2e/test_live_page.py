"""``--ui``: the live page of commands that work, as clients and a real browser see it."""

import base64
import gzip
import html
import json
import os
import re
import resource
import signal
import socket
from contextlib import ExitStack, closing, suppress
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest

from .browser import Browser
from .conftest import Bulkeic, Server
from .live_helpers import LiveEvents, ask, ended, live_url, stop
from .rollout_helpers import words, write_rows
from .test_report_page import AXE, MALICIOUS, NAME

READY = "document.documentElement?.dataset.ready === 'yes'"
STATUS = "document.querySelector('#status')?.textContent"
PACE = ("--rate", 4, "--burst", 1)
"""Slow enough that the tests see the run while it works; they never wait for its end."""


def tile(parts: dict[str, Any], name: str) -> str:
    """The number of a tile."""
    found = re.search(rf"<dt>{name}</dt><dd>([^<]*)<", parts["tiles"])
    assert found, parts["tiles"]
    return found[1]


def apply_words(server: Server, *more: object) -> tuple[object, ...]:
    return ("apply", "targets.csv", "--endpoint-url", server.url, "--run", "run.db", "--yes",
            "--maximum-retry-attempts", 1, *more)  # fmt: skip


def test_a_client_sees_the_run_and_how_it_ends(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1", "eu-west-1"], 8)
    process = bulkeic.start(*apply_words(server, *PACE, "--waves", "2,100%", "--ui"))
    events = LiveEvents(live_url(process))
    names = list(events)

    assert ended(process)[0] == 0
    assert events.is_over
    assert names.count("tiles") > 1
    assert [tile(events.parts, name) for name in ("Targets", "Changed", "Pending")] == [
        "16", "16", "0"
    ]  # fmt: skip
    assert events.parts["status"] == {
        "title": "apply targets.csv", "text": "done", "can_stop": False
    }  # fmt: skip
    assert "bulkeic rollback run.db" in events.parts["next"]
    assert "waves-table" in events.parts["waves"]
    assert bulkeic("report", "run.db", "--json").summary["statuses"]["updated"] == 16


def test_the_button_stops_the_run_once(bulkeic: Bulkeic, server: Server, browser: Browser) -> None:
    write_rows(bulkeic, ["us-east-1"], 400)
    process = bulkeic.start(*apply_words(server, *PACE, "--ui", "--output", "json"))
    url = live_url(process)
    browser.open(url)
    browser.until(READY)
    browser.until(f"{STATUS} === 'updating'")
    browser.until("document.querySelector('#grid td')")
    browser.evaluate("document.querySelector('#load').click()")
    browser.until("document.querySelectorAll('#targets tbody tr').length === 50")
    checker = files("axe_core_python").joinpath("axe.min.js").read_text("utf-8")
    browser.evaluate(f"{checker};0")
    assert browser.evaluate(AXE) == []

    browser.evaluate("document.querySelector('#search').focus()")
    changed = browser.evaluate("document.querySelector('.tiles').textContent")
    browser.until(f"document.querySelector('.tiles').textContent !== {changed!r}")
    assert browser.evaluate("document.activeElement.id") == "search"

    clicks = "document.querySelector('#stop').click();" * 2
    browser.evaluate(f"{clicks}0")
    browser.until("document.querySelector('#link').dataset.state === 'over'")
    code, err = ended(process)
    assert code == 3
    assert browser.evaluate(STATUS) == "stopped early"
    assert "bulkeic apply run.db" in browser.evaluate(
        "document.querySelector('#part-next').textContent"
    )
    assert browser.requests.count(f"{url}stop") == 1
    assert {url.rpartition("/")[0] for url in browser.requests if url.startswith("http")} == {
        url.removesuffix("/")
    }
    assert browser.complaints == []
    assert "stopped: stopped on the live page" in err


def test_only_the_page_itself_is_answered(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 400)
    process = bulkeic.start(*apply_words(server, *PACE, "--ui", "--log-level", "debug"))
    url = live_url(process)
    place = urlsplit(url)
    origin = {"Origin": f"http://{place.netloc}"}
    wrong = url.replace(place.path, f"/{'x' * len(place.path.strip('/'))}/")

    assert ask(url)[0] == 200
    assert ask(f"http://{place.netloc}/")[0] == 404
    assert ask(wrong)[0] == 404
    assert ask(f"{wrong}events")[0] == 404
    assert ask(url, Host="evil.example")[0] == 403
    assert ask(f"{url}events", Host=f"evil.example:{place.port}")[0] == 403
    assert ask(url, "PUT")[0] == 405
    assert ask(f"{url}stop", "GET", **origin)[0] == 405
    assert ask(f"{url}stop", "POST")[0] == 403
    assert ask(f"{url}stop", "POST", Origin="http://evil.example")[0] == 403
    assert ask(f"{url}stop", "POST", **origin, **{"Sec-Fetch-Site": "cross-site"})[0] == 403
    assert process.poll() is None

    events = LiveEvents(url)
    events.until("status", "updating")
    assert stop(url) == 204
    assert list(events)
    assert events.parts["status"]["text"] == "stopped early"
    code, err = ended(process)
    token = place.path.strip("/")
    assert code == 3
    assert token not in err
    assert token.encode() not in (bulkeic.folder / "run.db").read_bytes()


def test_ctrl_c_ends_a_command_with_many_clients(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 400)
    process = bulkeic.start(*apply_words(server, *PACE, "--ui"))
    url = live_url(process)
    place = urlsplit(url)
    idle = [socket.create_connection((place.hostname, place.port), 20) for _ in range(5)]
    clients = [LiveEvents(url) for _ in range(50)]
    clients[0].until("status", "updating")
    process.send_signal(signal.SIGINT)
    for client in clients:
        assert list(client) or client.parts
        assert client.is_over
    assert ended(process)[0] == 3
    for each in idle:
        each.close()


def test_the_page_follows_the_rollback_of_a_halted_run(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 6)
    process = bulkeic.start(
        *words(server, "--yes", "--waves", "3,100%", "--gate", "exit 1", "--on-halt", "rollback"),
        "--rate", 3, "--burst", 1, "--ui",
    )  # fmt: skip
    events = LiveEvents(live_url(process))
    titles = {events.parts["status"]["title"] for name in events if name == "status"}

    assert ended(process)[0] == 3
    assert {"apply targets.csv", "rollback targets.csv"} <= titles
    assert events.parts["status"]["text"] == "done"
    assert tile(events.parts, "Changed") == "3"


@pytest.mark.parametrize(
    ("command", "ending"),
    [("plan", (0, "done", "Change")), ("verify", (4, "differences found", "Failed"))],
)
def test_plans_and_verifications_have_a_page(
    bulkeic: Bulkeic, server: Server, command: str, ending: tuple[int, str, str]
) -> None:
    code, text, name = ending
    write_rows(bulkeic, ["us-east-1"], 6)
    process = bulkeic.start(
        command, "--ui", "targets.csv", "--endpoint-url", server.url, *PACE,
        "--maximum-retry-attempts", 1,
    )  # fmt: skip
    events = LiveEvents(live_url(process))
    names = list(events)

    assert ended(process)[0] == code
    assert "grid" in names
    assert events.parts["status"]["text"] == text
    assert tile(events.parts, name) == "6"


def texts(part: str) -> list[str]:
    """The words that a reader sees of HTML."""
    return html.unescape(re.sub("<[^>]*>", " ", part)).split()


def test_the_last_page_is_that_of_the_report(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 6)
    for command in (
        ("plan", "targets.csv", "--run", "run.db", "--maximum-retry-attempts", 1),
        ("apply", "run.db", "--yes", "--waves", "2,100%"),
    ):
        process = bulkeic.start(*command, "--endpoint-url", server.url, "--ui")
        events = LiveEvents(live_url(process))
        assert list(events)
        assert ended(process)[0] == 0
        page = bulkeic("report", "run.db", "--html", f"{command[0]}.html")
        assert page.code == 0, page.err
        report = " ".join(texts((bulkeic.folder / f"{command[0]}.html").read_text()))
        for name in ("tiles", "next", "grid", "timeline", "waves", "sessions", "facts"):
            assert " ".join(texts(events.parts[name])) in report, name


def test_the_page_of_a_command_that_fails_says_so(bulkeic: Bulkeic, server: Server) -> None:
    theirs, ours = os.pipe()
    process = bulkeic.start(
        "apply", "-", "--endpoint-url", server.url, "--yes", "--ui", stdin=theirs
    )
    os.close(theirs)
    events = LiveEvents(live_url(process))
    events.until("status", "reading the targets")
    os.close(ours)
    assert list(events)
    assert ended(process)[0] == 2
    assert events.parts["status"]["text"] == "ended"
    assert "its terminal says why" in events.parts["header"]


def test_connections_to_the_page_leave_files_for_the_run(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 6)
    process = bulkeic.start(
        *apply_words(server, *PACE, "--ui"),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100)),
    )
    url = urlsplit(live_url(process))
    with ExitStack() as clients:
        with suppress(OSError):  # the command has ended
            for _ in range(300):
                address = (url.hostname, url.port)
                clients.enter_context(closing(socket.create_connection(address, 20)))
        assert ended(process)[0] == 0


def test_texts_of_the_run_are_never_markup(
    bulkeic: Bulkeic, server: Server, browser: Browser
) -> None:
    bulkeic.write(f"{NAME.replace('/', '')}.csv", "FunctionName\norders\n" * 1)
    process = bulkeic.start(
        "apply", f"{NAME.replace('/', '')}.csv", "--endpoint-url", server.url, "--yes", "--run",
        "run.db", "--maximum-retry-attempts", 1, "--waves", "100%",
        "--gate", f"echo '{MALICIOUS}'; sleep 60", "--ui",
    )  # fmt: skip
    url = live_url(process)
    browser.open(url)
    browser.until(READY)
    browser.until("document.querySelector('#grid td')?.textContent")
    browser.until("document.title.includes('<img')")
    assert browser.evaluate("document.querySelectorAll('img, main script').length") == 0
    assert stop(url) == 204
    browser.until("document.querySelector('#link').dataset.state === 'over'")
    assert "bulkeic export" in browser.evaluate("document.querySelector('#loading').textContent")
    assert browser.complaints == []
    assert ended(process)[0] == 3


def test_the_table_has_the_selected_targets(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 6)
    assert bulkeic(*words(server, "--yes")).code == 0
    process = bulkeic.start(
        "verify", "run.db", "--name", "fn-[0-3]", "--endpoint-url", server.url,
        "--rate", 0.5, "--burst", 1, "--ui",
    )  # fmt: skip
    url = live_url(process)
    events = LiveEvents(url)
    events.until("facts", "The run")
    status, packed = ask(f"{url}targets")
    assert status == 200
    table = json.loads(gzip.decompress(base64.b64decode(packed)))
    assert [row[1] for row in table["rows"]] == [f"fn-{n}" for n in range(4)]
    assert tile(events.parts, "Targets") == "4"
    assert stop(url) == 204
    assert list(events)
    assert ended(process)[0] == 3


def test_a_port_in_use_is_one_line(bulkeic: Bulkeic, server: Server) -> None:
    write_rows(bulkeic, ["us-east-1"], 1)
    port = urlsplit(server.url).port
    for words_of_port in (("--ui", port), (f"--ui={port}",)):
        result = bulkeic(*apply_words(server, *words_of_port))
        assert result.code == 2
        assert len(result.lines) == 1
        assert "--ui: port" in result.err
    assert not (bulkeic.folder / "run.db").exists()
