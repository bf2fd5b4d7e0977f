"""A typical boto3 script: the same CSV, a pool of threads, the SDK's own retries.

Usage: boto3_script.py TARGETS ENDPOINT_URL standard|adaptive THREADS [TIMEOUT_S]

It is meant to be a good script: one client for each account and Region, shared by the threads as
boto3 allows, one connection for each thread, ten attempts. Rows are processed in file order. It
prints a line for each target: Unix time, account/Region, "updated" or "failed", and fails if one
failed.

If the file names accounts, the script has a key of each account and assumes no roles.
"""

import csv
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ATTEMPTS = 10
USUAL_TIMEOUT_S = 60


def main(targets: str, endpoint_url: str, mode: str, threads: int, timeout_s: float) -> bool:
    with Path(targets).open(newline="") as file:
        rows = list(csv.DictReader(file))
    config = Config(
        retries={"mode": mode, "total_max_attempts": ATTEMPTS},
        max_pool_connections=threads,
        connect_timeout=timeout_s,
        read_timeout=timeout_s,
    )
    session = boto3.Session()
    clients = {
        lane: session.client(
            "lambda", region_name=lane[1], endpoint_url=endpoint_url, config=config, **keys(lane[0])
        )
        for lane in dict.fromkeys(map(lane_of, rows))
    }

    def update(row: dict[str, str]) -> bool:
        lane = lane_of(row)
        updated = is_updated(clients[lane], row)
        status = "updated" if updated else "failed"
        sys.stdout.write(f"{time.time():.3f} {lane[0] or '-'}/{lane[1]} {status}\n")
        sys.stdout.flush()
        return updated

    with ThreadPoolExecutor(threads) as pool:
        return all(list(pool.map(update, rows)))


def lane_of(row: dict[str, str]) -> tuple[str | None, str]:
    """The account (``None`` if the file has none) and the Region of a row."""
    return row.get("AccountId"), row["Region"]


def keys(account: str | None) -> dict[str, str]:
    """The account's credentials as client arguments; empty without an account."""
    if account is None:
        return {}
    return {"aws_access_key_id": f"AKIA{account}", "aws_secret_access_key": "secret"}


def is_updated(client: Any, row: dict[str, str]) -> bool:
    try:
        client.update_function_event_invoke_config(**arguments(row))
    except (BotoCoreError, ClientError):
        return False
    return True


def arguments(row: dict[str, str]) -> dict[str, Any]:
    """The arguments of the update call of a row."""
    return {
        "FunctionName": row["FunctionName"],
        "MaximumRetryAttempts": int(row["MaximumRetryAttempts"]),
        "MaximumEventAgeInSeconds": int(row["MaximumEventAgeInSeconds"]),
    }


if __name__ == "__main__":
    _, given_targets, given_url, given_mode, given_threads, *given_timeout = sys.argv
    all_updated = main(
        given_targets,
        given_url,
        given_mode,
        int(given_threads),
        float(*given_timeout) if given_timeout else USUAL_TIMEOUT_S,
    )
    sys.exit(not all_updated)
