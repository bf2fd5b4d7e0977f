"""Scenarios, latency, states, other sites' pages and TLS."""

import asyncio
import io
import json
import re
import socket
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, SSLError
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.sandbox import Faults, Sandbox, SandboxOptions, options_from_json
from bulkeic.sandbox.behavior.faults import latency_s
from tests.certificate import write_certificate

from .sandbox_client import ACCOUNT, REGION, Running, update_bytes

LANE = f"{ACCOUNT}/{REGION}"


def test_a_scenario_changes_what_it_names() -> None:
    base = SandboxOptions(port=1, seed=3, faults=Faults(error=0.5))
    data = {"rate": "unlimited", "throttle": 0.1, "latency_s": 0.1, "latency_p99_s": 1}
    data |= {"external_ids": {"123456789012/x": "y"}}
    data |= {"lanes": {LANE: {"rate": "unlimited", "burst": 2, "hang": 1, "retry_after_s": None}}}
    data |= {"external_id": "x", "merge_destinations": True, "session_duration_s": 5}
    assert options_from_json(data, base) == SandboxOptions(
        port=1,
        seed=3,
        rate=None,
        external_id="x",
        external_ids={"123456789012/x": "y"},
        merge_destinations=True,
        session_duration_s=5,
        faults=Faults(error=0.5, throttle=0.1, latency_s=0.1, latency_p99_s=1),
        lanes={LANE: {"rate": None, "burst": 2, "hang": 1, "retry_after_s": None}},
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "not an object"),
        ({"thottle": 1}, "thottle: unknown field; the nearest is throttle"),
        ({"latency": 1}, "latency: unknown field; the nearest is latency_s"),
        ({"port": 1}, "port: unknown field"),
        ({"rate": "fast"}, "rate: 'fast' is not a number or \"unlimited\""),
        ({"rate": True}, "rate: True is not"),
        ({"seed": 1.5}, "seed: 1.5 is not an integer"),
        ({"merge_destinations": 1}, "merge_destinations: 1 is not true or false"),
        ({"external_id": 1}, "external_id: 1 is not a text"),
        ({"external_ids": "x"}, "external_ids: 'x' is not an object of texts"),
        ({"external_ids": {"x": 1}}, "external_ids: {'x': 1} is not an object of texts"),
        ({"external_ids": {"x": "y"}}, "external_ids: 'x' is neither an account nor account/role"),
        ({"lanes": 1}, "lanes: 1 is not an object"),
        ({"lanes": {LANE: 1}}, f"lanes: {LANE}: 1 is not an object"),
        ({"lanes": {"us-east-1": {}}}, "lanes: 'us-east-1' is not account/Region"),
        (
            {"lanes": {LANE: {"hnag": 1}}},
            f"lanes: {LANE}: hnag: unknown field; the nearest is hang",
        ),
        ({"lanes": {LANE: {"hang": 2}}}, f"lanes: {LANE}: hang: 2 is not between 0 and 1"),
        ({"lanes": {LANE: {"hang": "1"}}}, f"lanes: {LANE}: hang: '1' is not a number"),
        ({"lanes": {LANE: {"rate": 0}}}, f"lanes: {LANE}: rate: 0 is not above 0"),
        ({"lanes": {LANE: {"rate": None}}}, f"lanes: {LANE}: rate: None is not a number"),
        ({"lanes": {LANE: {"burst": 0}}}, f"lanes: {LANE}: burst: 0 is not between 1 and"),
        ({"lanes": {LANE: {"latency_p99_s": 1}}}, f"lanes: {LANE}: latency_p99_s: 1 is below"),
        ({"hang": 2}, "hang: 2 is not between 0 and 1"),
        ({"hang": "1"}, "hang: '1' is not a number"),
        ({"latency_s": 2, "latency_p99_s": 1}, "latency_p99_s: 1 is below latency_s"),
        ({"latency_p99_s": 1}, "latency_p99_s: 1 is below latency_s, or that is 0"),
    ],
)
def test_what_is_no_scenario(data: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        options_from_json(data, SandboxOptions())


def test_latencies_are_spread_as_told() -> None:
    dice, faults = Random(1), Faults(latency_s=0.05, latency_p99_s=0.4)
    drawn = sorted(latency_s(dice.random(), faults) for _ in range(20_000))
    assert 0.048 < drawn[10_000] < 0.052
    assert 0.36 < drawn[19_800] < 0.44


@given(
    chance=st.floats(0, 1, exclude_max=True),
    median=st.floats(0.001, 10),
    spread=st.floats(1, 100),
)
def test_a_latency_is_one_whatever_the_dice_show(
    chance: float, median: float, spread: float
) -> None:
    assert latency_s(chance, Faults(latency_s=median)) == median
    assert 0 < latency_s(chance, Faults(latency_s=median, latency_p99_s=median * spread)) < 1e30


def test_equal_fleets_have_equal_states(start: Callable[..., Running]) -> None:
    def state(names: list[str]) -> str:
        sandbox, file = Sandbox(), io.StringIO()
        for name in names:
            sandbox.hold(ACCOUNT, REGION, name)
            sandbox.hold("210987654321", "eu-west-1", f"{name}-unconfigured", "live")
        sandbox.save_state(file)
        return file.getvalue()

    text = state(["b", "a", "c"])
    assert text == state(["c", "b", "a"])
    assert "LastModified" not in text
    assert len(text.splitlines()) == 2 * 3 + 2 + 2
    running = start()
    assert running.window("PUT", "state", json.loads(text)) == (200, {})
    file = io.StringIO()
    again = Sandbox()
    again.load_state(text)
    again.save_state(file)
    assert file.getvalue() == text


@pytest.mark.parametrize(
    "text", ["", "[]", "[" * 100_000, '{"a": [1]}', '{"a/b": {"c": {"d": 1}}}']
)
def test_texts_that_are_no_state(text: str) -> None:
    with pytest.raises(ValueError, match=r"not|Expecting|no JSON"):
        Sandbox().load_state(text)


def test_values_that_are_nearly_alike_are_told_apart() -> None:
    configs = {name: {"MaximumRetryAttempts": value} for name, value in (("a", 1), ("b", True))}
    functions = {name: {"$LATEST": config} for name, config in configs.items()}
    with pytest.raises(ValueError, match="us-east-1/b: BOOLEAN_VALUE can not be converted"):
        Sandbox().load_state(json.dumps({f"{ACCOUNT}/{REGION}": functions}))


def test_the_state_of_nothing() -> None:
    file = io.StringIO()
    Sandbox().save_state(file)
    assert json.loads(file.getvalue()) == {}


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:80", None, 200),
        ("127.0.0.1:80", "http://127.0.0.1:80", 200),
        ("[::1]:80", "http://[::1]:80", 200),
        ("localhost", "http://localhost", 200),
        ("127.0.0.1:80", "http://127.0.0.1:81", 403),
        ("127.0.0.1:80", "https://evil.example", 403),
        ("evil.example:80", "http://evil.example:80", 403),
        ("127.0.0.1:80", "null", 403),
        ("[", "http://[", 403),
        ("", "", 403),
    ],
)
def test_pages_of_other_sites_change_nothing(
    sandbox: Running, host: str, origin: str | None, status: int
) -> None:
    line = "" if origin is None else f"Origin: {origin}\r\n"
    for method, target in (("POST", "reset-stats"), ("PUT", "state")):
        answer = sandbox.talk(
            f"{method} /_sandbox/{target} HTTP/1.1\r\nHost: {host}\r\n{line}"
            "Content-Length: 2\r\nConnection: close\r\n\r\n{}".encode()
        )
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())


def test_pages_of_other_sites_change_no_function(sandbox: Running) -> None:
    sandbox.hold("other-site")
    call = update_bytes("other-site")
    assert sandbox.talk(call).startswith(b"HTTP/1.1 200 ")
    # The page's own name was pointed to loopback; it can sign, since the secret is no secret.
    rebound = call.replace(b"Host: sandbox", b"Host: sandbox\r\nOrigin: http://sandbox")
    assert sandbox.talk(rebound).startswith(b"HTTP/1.1 403 ")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_certificate(tmp_path_factory.mktemp("tls") / "sandbox.pem")


def test_it_serves_https(start: Callable[..., Running], certificate: Path) -> None:
    running = start(tls_cert=str(certificate), any_function=True)
    aws = running.client(verify=str(certificate))
    answer = aws.update_function_event_invoke_config(FunctionName="fn", MaximumRetryAttempts=1)
    assert answer["MaximumRetryAttempts"] == 1
    with pytest.raises(SSLError):
        running.client().list_functions()
    assert running.talk(update_bytes("fn")) == b""


def test_https_is_cut_as_well(start: Callable[..., Running], certificate: Path) -> None:
    running = start(
        tls_cert=str(certificate), tls_key=str(certificate), faults=Faults(cut_before=1.0)
    )
    with pytest.raises(ConnectionClosedError):
        running.client(verify=str(certificate)).list_functions()


def test_it_closes_with_a_handshake_that_never_ends(certificate: Path) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(tls_cert=str(certificate))) as sandbox:
            idle = socket.create_connection(("127.0.0.1", int(sandbox.url.rsplit(":", 1)[1])))
            for _ in range(3):
                await asyncio.sleep(0)
        idle.close()

    asyncio.run(main())


def test_certificates_that_cannot_be_used(tmp_path: Path) -> None:
    async def main(path: Path) -> None:
        await Sandbox(SandboxOptions(tls_cert=str(path))).__aenter__()

    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for path in (empty, tmp_path / "gone.pem"):
        with pytest.raises(OSError, match=r"PEM|no start line|No such file"):
            asyncio.run(main(path))
    with pytest.raises(ValueError, match="tls_key"):
        SandboxOptions(tls_key=str(empty))
