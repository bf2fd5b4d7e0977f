"""The sandbox inside another program's event loop: it comes, and goes without a trace."""

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


async def talk(url: str, data: bytes) -> bytes:
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
        sandbox.hold("123456789012", "us-east-1", "before")
        async with sandbox as same:
            assert same is sandbox
            sandbox.hold("123456789012", "us-east-1", "within")
            for name, status in (("before", b"200"), ("within", b"200"), ("never", b"404")):
                answer = await talk(sandbox.url, update_bytes(name))
                assert answer.startswith(b"HTTP/1.1 " + status)

    run(main())


def test_it_refuses_as_ever(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            answer = await talk(sandbox.url, update_bytes("fn", b"x" * (1024 * 1024 + 1)))
            assert answer.startswith(b"HTTP/1.1 413")

    run(main())


@pytest.mark.parametrize("faults", [Faults(hang=1.0), Faults(slow=1.0, slow_s=3600)])
def test_it_closes_with_calls_in_flight(
    run: Callable[[Awaitable[None]], None], faults: Faults
) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(faults=faults)) as sandbox:
            url = sandbox.url
            calls = [asyncio.create_task(talk(url, update_bytes(name))) for name in "abc"]
            while b'"in_flight":3' not in await talk(
                url, b"GET /_sandbox/stats HTTP/1.1\r\nConnection: close\r\n\r\n"
            ):
                pass
        assert await asyncio.gather(*calls) == [b"", b"", b""]
        with pytest.raises(OSError, match=r"refused|Connect"):
            await talk(url, b"")

    run(main())
    gc.collect()


def test_it_closes_with_connections_just_made(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            port = int(sandbox.url.rsplit(":", 1)[1])
            sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
            await asyncio.sleep(0)
        for one in sockets:
            one.close()

    run(main())
    gc.collect()


def test_it_can_be_entered_again(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        sandbox = Sandbox()
        with pytest.raises(RuntimeError, match="not listening"):
            _ = sandbox.url
        async with sandbox:
            with pytest.raises(RuntimeError, match="already"):
                await sandbox.__aenter__()
        sandbox.hold("123456789012", "us-east-1", "fn")
        async with sandbox:
            assert (await talk(sandbox.url, update_bytes("fn"))).startswith(b"HTTP/1.1 200")

    run(main())


@pytest.mark.parametrize(
    "place",
    [
        ("12345678901", "us-east-1", "fn", "$LATEST"),
        ("123456789012", "us_east_1", "fn", "$LATEST"),
        ("123456789012", "us-east-1", "fn:1", "$LATEST"),
        ("123456789012", "us-east-1", "fn", "a b"),
    ],
)
def test_a_place_that_is_none(place: tuple[str, str, str, str]) -> None:
    with pytest.raises(ValueError, match="is not"):
        Sandbox().hold(*place)


def test_a_name_that_has_several_addresses(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox(SandboxOptions(host="localhost", any_function=True)) as sandbox:
            assert (await talk(sandbox.url, update_bytes("fn"))).startswith(b"HTTP/1.1 200")

    run(main())


def test_a_port_that_is_taken(run: Callable[[Awaitable[None]], None]) -> None:
    async def main() -> None:
        async with Sandbox() as sandbox:
            options = SandboxOptions(port=int(sandbox.url.rsplit(":", 1)[1]))
            with pytest.raises(OSError, match="address"):
                await Sandbox(options).__aenter__()

    run(main())


def test_credentials_name_their_account() -> None:
    assert Sandbox().credentials("210987654321") == ("AKIA210987654321", "secret")


def test_it_is_an_independent_witness() -> None:
    folder = Path(bulkeic.sandbox.__file__).parent
    for module in folder.glob("*.py"):
        for line in module.read_text("utf-8").splitlines():
            if line.startswith(("from bulkeic", "import bulkeic")):
                assert line.split()[1].startswith("bulkeic.sandbox"), (module, line)
