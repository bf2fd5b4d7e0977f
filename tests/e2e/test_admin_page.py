"""The sandbox's live page, in a real browser."""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from .browser import Browser
from .conftest import ACCOUNT, REGION, SECRET, Server

LANES = "[...document.querySelectorAll('#lanes tbody tr')].map(row => row.innerText)"
CALLS = "[...document.querySelectorAll('#recent tbody tr')].map(row => row.innerText)"
LIVE = "document.querySelector('#link')?.dataset.state === 'live'"
LOST = "document.querySelector('#link').dataset.state === 'lost'"


def shows(calls: int) -> str:
    return f"document.querySelector('#calls')?.textContent === '{calls}'"


def call(
    server: Server, name: str, *, account: str = ACCOUNT, region: str = REGION, path: str = ""
) -> int:
    """An Update's status; the name goes out as it is."""
    body = b'{"MaximumRetryAttempts":1}'
    path = path or f"/2019-09-25/functions/{name}/event-invoke-config"
    request = AWSRequest("POST", f"{server.url}{path}", data=body)
    SigV4Auth(Credentials(f"AKIA{account}", SECRET), "lambda", region).add_auth(request)
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request("POST", path, body, dict(request.headers))
        return connection.getresponse().status
    finally:
        connection.close()


def assert_clean(browser: Browser, server: Server) -> None:
    browser.ask("Runtime.evaluate", expression="0")
    assert browser.complaints == []
    assert {url for url in browser.requests if not url.startswith("data:")} == {
        f"{server.url}/_sandbox/",
        f"{server.url}/_sandbox/live",
    }


def test_it_shows_lanes_and_calls(browser: Browser, sandbox: Callable[..., Server]) -> None:
    server = sandbox("--rate", "0.001", "--burst", "2")
    browser.open(f"{server.url}/_sandbox/")
    browser.until(LIVE)
    assert [call(server, "orders") for _ in range(3)] == [200, 200, 429]
    assert call(server, "mail", account="111111111111", region="eu-west-1") == 200
    browser.until(shows(4))
    first, second = sorted(browser.evaluate(LANES))
    assert first.split() == ["111111111111", "eu-west-1", first.split()[2], "0", "1"]
    assert second.split() == [ACCOUNT, REGION, second.split()[2], "1", "3"]
    newest, throttled, *_ = [line.split() for line in browser.evaluate(CALLS)]
    operation = "UpdateFunctionEventInvokeConfig"
    assert newest[1:] == ["200", "mail", operation, "111111111111/eu-west-1", "0"]
    assert throttled[1:] == ["429", "orders", operation, f"{ACCOUNT}/{REGION}", "0"]
    statuses = browser.evaluate("document.querySelector('#statuses').innerText").split()
    assert statuses == ["200", "3", "429", "1"]
    assert_clean(browser, server)


@contextmanager
def traffic(server: Server) -> Iterator[None]:
    """Calls without end: a bar shows the last second alone, whenever the page looks."""
    enough = threading.Event()

    def go_on() -> None:
        while not enough.is_set():
            assert call(server, "orders") == 200

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def test_a_second_of_calls_becomes_bars(browser: Browser, server: Server) -> None:
    browser.open(f"{server.url}/_sandbox/")
    with traffic(server):
        browser.until("parseFloat(document.querySelector('#lanes .bar .passed')?.style.width) > 0")
        browser.until(
            "[...document.querySelectorAll('#chart .passed')].some(bar => bar.height.baseVal.value)"
        )
    assert_clean(browser, server)


def test_what_callers_send_is_never_markup(browser: Browser, server: Server) -> None:
    markup = "%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D1%22%3E%3Cb%3Ebold"
    assert call(server, markup) == 400
    assert call(server, "", path="/<script>document.title=1</script>") == 404
    assert call(server, "orders", region="<svg/onload=document.title=1>") == 403
    assert call(server, "a" * 5000) == 400
    browser.open(f"{server.url}/_sandbox/")
    browser.until(shows(4))
    seen = "\n".join(browser.evaluate(CALLS))
    assert '<img src=x onerror="document.title=1"><b>bold' in seen
    assert "<script>document.title=1</script>" in seen
    assert "a" * 199 + "…" in seen
    assert browser.evaluate("document.querySelectorAll('td *:not(span, div)').length") == 0
    assert browser.evaluate("document.scripts.length") == 1
    assert browser.evaluate("document.title") == "bulkeic sandbox"
    assert_clean(browser, server)


def test_it_outlives_the_server(browser: Browser, sandbox: Callable[..., Server]) -> None:
    first = sandbox()
    call(first, "orders")
    browser.open(f"{first.url}/_sandbox/")
    browser.until(shows(1))
    first.stop()
    browser.until(LOST)
    assert browser.evaluate("document.querySelector('#link').innerText") == "disconnected"
    second = sandbox("--port", str(urlsplit(first.url).port))
    browser.until(f"{LIVE} && {shows(0)}")
    assert browser.evaluate(LANES) == []
    assert second.url == first.url


@pytest.mark.parametrize("width", [1280, 400])
def test_it_is_a_page_for_everyone(browser: Browser, server: Server, width: int) -> None:
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    call(server, "a" * 64)
    browser.open(f"{server.url}/_sandbox/")
    browser.until(shows(1))
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    nodes = browser.ask("Accessibility.getFullAXTree")["nodes"]
    found = {(part(node, "role"), part(node, "name")) for node in nodes if not node["ignored"]}
    headings = {"bulkeic sandbox", "Totals", "Last minute", "Lanes", "Latest calls"}
    assert {("heading", name) for name in headings} <= found
    assert {("table", "Lanes"), ("table", "Latest calls"), ("rowheader", ACCOUNT)} <= found
    assert {("columnheader", "Account"), ("columnheader", "Status"), ("cell", "200")} <= found


def part(node: Any, name: str) -> Any:
    return node.get(name, {}).get("value")
