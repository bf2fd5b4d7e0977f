"""The floor of Python: the same CSV over a bare protocol, nothing stored or checked but the status.

Usage: protocol_floor.py TARGETS ENDPOINT_URL CALLS

Everything that does not change is computed once: the signing key of the day, the body of equal
settings, the head of a request. There are no retries, no lanes, no limits and no time-outs; an
answer counts for the request before it on its connection. It prints a line of JSON for each target
and fails if one failed. AWS_CA_BUNDLE names the file of the certificate authority.
"""

import asyncio
import csv
import hashlib
import hmac
import os
import ssl
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import httptools
import uvloop

Row = dict[str, str]


class FloorSigner:
    """Builds requests to one Region, signed with Signature Version 4 and one key for the day."""

    def __init__(self, host: str, region: str) -> None:
        self._host = host
        day = time.strftime("%Y%m%d", time.gmtime())
        self._scope = f"{day}/{region}/lambda/aws4_request"
        key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in self._scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key = key
        self._authorization = (
            f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{self._scope}, "
            "SignedHeaders=content-type;host;x-amz-date, Signature="
        )
        self._bodies: dict[tuple[str, str], tuple[str, str]] = {}
        self._second, self._date = 0, ""

    def request(self, row: Row) -> bytes:
        """The bytes of the update request of a row."""
        path = f"/2019-09-25/functions/{row['FunctionName']}/event-invoke-config"
        settings = (row["MaximumRetryAttempts"], row["MaximumEventAgeInSeconds"])
        if settings not in self._bodies:
            body = '{"MaximumRetryAttempts":%s,"MaximumEventAgeInSeconds":%s}' % settings  # noqa: UP031 - braces
            self._bodies[settings] = body, hashlib.sha256(body.encode()).hexdigest()
        body, body_digest = self._bodies[settings]
        now = int(time.time())
        if now != self._second:
            self._second = now
            self._date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        date = self._date
        canonical = (
            f"POST\n{path}\n\ncontent-type:application/json\nhost:{self._host}\nx-amz-date:{date}\n"
            f"\ncontent-type;host;x-amz-date\n{body_digest}"
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._key, to_sign.encode(), "sha256").hex()
        return (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}\r\nContent-Type: application/json\r\n"
            f"X-Amz-Date: {date}\r\nAuthorization: {self._authorization}{signature}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()


class FloorConnection(asyncio.Protocol):
    """A connection that sends the request of the next row as soon as it has the answer.

    Args:
        rows: shared by all connections.
        request: builds the request of a row.
        ended: called with a row and its status.
    """

    def __init__(
        self,
        rows: Iterator[Row],
        request: Callable[[Row], bytes],
        ended: Callable[[Row, int], None],
    ) -> None:
        self._rows = rows
        self._request = request
        self._ended = ended
        self._row: Row | None = None
        self._transport = asyncio.Transport()
        self._parser = httptools.HttpResponseParser(self)
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        """Parse an answer, or a part of it."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Report the row, and send the next one."""
        if self._row is not None:
            self._ended(self._row, self._parser.get_status_code())
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name
        """Report that the row failed, if it still waits for an answer."""
        if self._row is not None:
            self._ended(self._row, 0)
        self.done.set_result(None)

    def _next(self) -> None:
        self._row = next(self._rows, None)
        if self._row is None:
            self._transport.close()
        else:
            self._transport.write(self._request(self._row))


async def update_all(rows: Iterator[Row], endpoint_url: str, calls: int) -> int:
    """Update all rows over this number of connections; returns how many failed."""
    url = urlsplit(endpoint_url)
    host, port = url.hostname or "", url.port or 0
    bundle = os.environ.get("AWS_CA_BUNDLE")
    context = ssl.create_default_context(cafile=bundle) if url.scheme == "https" else None
    signers: dict[str, FloorSigner] = {}
    failed = 0

    def request(row: Row) -> bytes:
        region = row["Region"]
        signer = signers.get(region) or signers.setdefault(region, FloorSigner(url.netloc, region))
        return signer.request(row)

    def ended(row: Row, status: int) -> None:
        nonlocal failed
        failed += status != 200
        went = "updated" if status == 200 else "failed"
        sys.stdout.write(
            f'{{"function_name":"{row["FunctionName"]}","account_id":"{row["AccountId"]}",'
            f'"region":"{row["Region"]}","status":"{went}","time":{time.time():.3f}}}\n'
        )

    loop = asyncio.get_running_loop()
    connected = await asyncio.gather(
        *(
            loop.create_connection(
                lambda: FloorConnection(rows, request, ended), host, port, ssl=context
            )
            for _ in range(calls)
        )
    )
    await asyncio.gather(*(connection.done for _, connection in connected))
    return failed


def main(targets: str, endpoint_url: str, calls: str) -> int:
    with Path(targets).open(newline="") as file:
        return uvloop.run(update_all(csv.DictReader(file), endpoint_url, int(calls)))


if __name__ == "__main__":
    sys.exit(bool(main(*sys.argv[1:])))
