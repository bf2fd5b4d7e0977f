"""The sandbox inside another program's event loop."""

import asyncio
import gc
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
import uvloop

import bulkeic.sandbox
from bulkeic.sandbox import Faults, Sandbox, SandboxOptions

from .sandbox_client import update_bytes

RUNNERS = [asyncio.run, uvloop.run]


@pytest.fixture(params=RUNNERS, ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Callable[[Awaitable[None]], None]:
    runner: Callable[[Awaitable[None]], None] = request.param
    return runner


async def send_raw(url: str, data: bytes) -> bytes:
    host, _, port = url.removeprefix("http://").rpartition(":")
    reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
    writer.write(data)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


def test_it_answers(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        sandbox = Sandbox()
        sandbox.add_function("123456789012", "us-east-1", "before")
        async with sandbox as same:
            assert same is sandbox
            sandbox.add_function("123456789012", "us-east-1", "within")
            for name, status in (("before", b"200"), ("within", b"200"), ("never", b"404")):
                answer = await send_raw(sandbox.url, update_bytes(name))
                assert answer.startswith(b"HTTP/1.1 " + status)

    run(main())


def test_alarms_and_calendars_are_set_before_and_while_it_listens(
    run: Callable[[Awaitable[None]], None],
) -> None:
    async def main() -> None:
        sandbox = Sandbox(SandboxOptions(alarms={"a": "OK"}))
        sandbox.set_alarm("a", "ALARM", reason="test")
        async with sandbox:
            sandbox.set_alarm("b", "OK", ("123456789012", "us-east-1"))
            sandbox.set_calendar("freeze", "closed")
            shown = [
                await send_raw(sandbox.url, f"GET /_sandbox/{page} HTTP/1.0\r\n\r\n".encode())
                for page in ("alarms", "calendars")
            ]
        assert b'{"name":"a","lane":null,"state":"ALARM","reason":"test"}' in shown[0]
        assert b'{"name":"b","lane":"123456789012/us-east-1","state":"OK","reason":""}' in shown[0]
        assert b'{"freeze":{"state":"CLOSED","until":null}}' in shown[1]
        with pytest.raises(ValueError, match="'BAD' is not one of OK, ALARM, INSUFFICIENT_DATA"):
            sandbox.set_alarm("a", "BAD")

    run(main())


def test_it_refuses_a_long_body(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            answer = await send_raw(sandbox.url, update_bytes("fn", b"x" * (1024 * 1024 + 1)))
            assert answer.startswith(b"HTTP/1.1 413")

    run(main())


@pytest.mark.parametrize("faults", [Faults(hang=1.0), Faults(slow=1.0, slow_s=3600)])
def test_it_closes_with_calls_in_flight(
    run: Callable[[Awaitable[None]], None], faults: Faults
) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(faults=faults)) as sandbox:
            url = sandbox.url
            calls = [asyncio.create_task(send_raw(url, update_bytes(name))) for name in "abc"]
            while b'"in_flight":3' not in await send_raw(
                url, b"GET /_sandbox/stats HTTP/1.1\r\nConnection: close\r\n\r\n"
            ):
                pass
        assert await asyncio.gather(*calls) == [b"", b"", b""]
        with pytest.raises(OSError, match=r"refused|Connect"):
            await send_raw(url, b"")

    run(main())
    gc.collect()


def test_it_closes_with_new_connections(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            port = int(sandbox.url.rsplit(":", 1)[1])
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
            await asyncio.sleep(0)
        for connection in sockets:
            connection.close()

    run(main())
    gc.collect()


def test_it_can_listen_again_after_exit(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        sandbox = Sandbox()
        with pytest.raises(RuntimeError, match="not listening"):
            _ = sandbox.url
        async with sandbox:
            with pytest.raises(RuntimeError, match="already"):
                await sandbox.__aenter__()
        sandbox.add_function("123456789012", "us-east-1", "fn")
        async with sandbox:
            assert (await send_raw(sandbox.url, update_bytes("fn"))).startswith(b"HTTP/1.1 200")

    run(main())


@pytest.mark.parametrize(
    "function",
    [
        ("12345678901", "us-east-1", "fn", "$LATEST"),
        ("123456789012", "us_east_1", "fn", "$LATEST"),
        ("123456789012", "us-east-1", "fn:1", "$LATEST"),
        ("123456789012", "us-east-1", "fn", "a b"),
    ],
)
def test_add_function_refuses_malformed_parts(function: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="is not"):
        Sandbox().add_function(*function)


def test_a_host_name_with_several_addresses(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(host="localhost", any_function=True)) as sandbox:
            assert (await send_raw(sandbox.url, update_bytes("fn"))).startswith(b"HTTP/1.1 200")

    run(main())


def test_a_taken_port_is_an_error(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            options = SandboxOptions(port=int(sandbox.url.rsplit(":", 1)[1]))
            with pytest.raises(OSError, match="address"):
                await Sandbox(options).__aenter__()

    run(main())


def test_credentials_contain_the_account() -> None:
    assert Sandbox().credentials("210987654321") == ("AKIA210987654321", "secret")


def test_it_imports_nothing_else_of_bulkeic() -> None:
    folder = Path(bulkeic.sandbox.__file__).parent
    for module in folder.rglob("*.py"):
        for line in module.read_text("utf-8").splitlines():
            if line.startswith(("from bulkeic", "import bulkeic")):
                assert line.split()[1].startswith("bulkeic.sandbox"), (module, line)
