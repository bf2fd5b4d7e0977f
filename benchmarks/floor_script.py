"""The floor: the same CSV over bare aiohttp, signed by hand, without checks and without storage.

Usage: floor_script.py TARGETS ENDPOINT_URL IN_FLIGHT

Everything that does not change is computed once: headers, the signing key, the body of equal
settings. Answers are read and discarded. There are no retries, no outcomes, no lanes and no
time-outs of its own. It prints the number of failed targets.
"""

import asyncio
import csv
import hashlib
import hmac
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import uvloop
from yarl import URL

SERVICE = "lambda"


class FloorSigner:
    """Signs with Signature Version 4 and one key for the day."""

    def __init__(self, host: str, region: str) -> None:
        self._host = host
        self._day = time.strftime("%Y%m%d", time.gmtime())
        self._scope = f"{self._day}/{region}/{SERVICE}/aws4_request"
        key = f"AWS4{os.environ['AWS_SECRET_ACCESS_KEY']}".encode()
        for part in (self._day, region, SERVICE, "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        self._key = key
        self._authorization = (
            f"AWS4-HMAC-SHA256 Credential={os.environ['AWS_ACCESS_KEY_ID']}/{self._scope}, "
            "SignedHeaders=content-type;host;x-amz-date, Signature="
        )

    def headers(self, path: str, body_digest: str) -> dict[str, str]:
        """The minimal headers of a request."""
        date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        canonical = (
            f"POST\n{path}\n\ncontent-type:application/json\nhost:{self._host}\nx-amz-date:{date}\n"
            f"\ncontent-type;host;x-amz-date\n{body_digest}"
        )
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{date}\n{self._scope}\n{digest}"
        signature = hmac.digest(self._key, to_sign.encode(), "sha256").hex()
        return {
            "Content-Type": "application/json",
            "X-Amz-Date": date,
            "Authorization": f"{self._authorization}{signature}",
        }


async def main(targets: str, endpoint_url: str, in_flight: int) -> int:
    host = urlsplit(endpoint_url).netloc
    failed = 0
    with Path(targets).open(newline="") as file:  # noqa: ASYNC230 - before anything else begins
        rows = csv.DictReader(file)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=in_flight),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        ) as session:
            signers: dict[str, FloorSigner] = {}

            async def work(rows: Iterator[dict[str, str]]) -> None:
                nonlocal failed
                for row in rows:
                    region = row["Region"]
                    signer = signers.get(region) or signers.setdefault(
                        region, FloorSigner(host, region)
                    )
                    body = json.dumps(
                        {
                            "MaximumRetryAttempts": int(row["MaximumRetryAttempts"]),
                            "MaximumEventAgeInSeconds": int(row["MaximumEventAgeInSeconds"]),
                        }
                    ).encode()
                    path = f"/2019-09-25/functions/{row['FunctionName']}/event-invoke-config"
                    headers = signer.headers(path, hashlib.sha256(body).hexdigest())
                    url = URL(f"{endpoint_url}{path}", encoded=True)
                    async with session.post(url, data=body, headers=headers) as answer:
                        await answer.read()
                        failed += answer.status != 200

            await asyncio.gather(*(work(rows) for _ in range(in_flight)))
    return failed


if __name__ == "__main__":
    _, given_targets, given_url, given_in_flight = sys.argv
    uvloop.install()
    print(asyncio.run(main(given_targets, given_url, int(given_in_flight))))
