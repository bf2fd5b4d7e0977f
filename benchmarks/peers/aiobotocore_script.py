"""A typical aiobotocore script: a fixed number of calls in flight, the SDK's own retries.

Usage: aiobotocore_script.py TARGETS ENDPOINT_URL standard|adaptive CALLS [TIMEOUT_S]

It is meant to be a good script: one client for each account and Region, created for its first
target, one connection for each call in flight, ten attempts. Rows are processed in file order.
Output and keys are those of boto3_script.py.
"""

import asyncio
import csv
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from boto3_script import ATTEMPTS, USUAL_TIMEOUT_S, arguments, keys, lane_of
from botocore.exceptions import BotoCoreError, ClientError


class Script:
    """Updates all rows of a file.

    Args:
        endpoint_url: where Lambda is.
        config: of every client.
    """

    def __init__(self, endpoint_url: str, config: AioConfig) -> None:
        self._endpoint_url = endpoint_url
        self._config = config
        self._session: AioSession = get_session()
        self._clients: dict[tuple[str | None, str], asyncio.Task[Any]] = {}
        self._failed = 0

    async def run(self, rows: list[dict[str, str]], calls: int) -> int:
        """Updates all rows with this number of calls in flight; returns how many failed."""
        left = iter(rows)
        async with AsyncExitStack() as clients, asyncio.TaskGroup() as workers:
            for _ in range(calls):
                workers.create_task(self._work(left, clients))
        return self._failed

    async def _work(self, left: Iterator[dict[str, str]], clients: AsyncExitStack) -> None:
        for row in left:
            lane = lane_of(row)
            if lane not in self._clients:
                self._clients[lane] = asyncio.create_task(self._client(lane, clients))
            updated = await is_updated(await self._clients[lane], row)
            self._failed += not updated
            status = "updated" if updated else "failed"
            sys.stdout.write(f"{time.time():.3f} {lane[0] or '-'}/{lane[1]} {status}\n")
            sys.stdout.flush()

    async def _client(self, lane: tuple[str | None, str], clients: AsyncExitStack) -> Any:
        account, region = lane
        client = self._session.create_client(
            "lambda",
            region_name=region,
            endpoint_url=self._endpoint_url,
            config=self._config,
            **keys(account),
        )
        return await clients.enter_async_context(client)


async def is_updated(client: Any, row: dict[str, str]) -> bool:
    try:
        await client.update_function_event_invoke_config(**arguments(row))
    except (BotoCoreError, ClientError):
        return False
    return True


def main(targets: str, endpoint_url: str, mode: str, calls: int, timeout_s: float) -> int:
    with Path(targets).open(newline="") as file:
        rows = list(csv.DictReader(file))
    config = AioConfig(
        retries={"mode": mode, "total_max_attempts": ATTEMPTS},
        max_pool_connections=calls,
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
    )
    return asyncio.run(Script(endpoint_url, config).run(rows, calls))


if __name__ == "__main__":
    _, given_targets, given_url, given_mode, given_calls, *given_timeout = sys.argv
    failed = main(
        given_targets,
        given_url,
        given_mode,
        int(given_calls),
        float(*given_timeout) if given_timeout else USUAL_TIMEOUT_S,
    )
    sys.exit(failed > 0)
