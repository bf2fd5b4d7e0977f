"""The script that one writes with boto3: the same CSV, a pool of threads, the SDK's own retries.

Usage: boto3_script.py TARGETS ENDPOINT_URL standard|adaptive THREADS

It is meant to be a good one: one client for each Region, shared by the threads as boto3 allows, a
connection for each thread, ten attempts. Rows are taken in file order. It prints how many targets
failed.
"""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

ATTEMPTS = 10


def main(targets: str, endpoint_url: str, mode: str, threads: int) -> None:
    with Path(targets).open(newline="") as file:
        rows = list(csv.DictReader(file))
    config = Config(
        retries={"mode": mode, "total_max_attempts": ATTEMPTS}, max_pool_connections=threads
    )
    clients = {
        region: boto3.client("lambda", region_name=region, endpoint_url=endpoint_url, config=config)
        for region in dict.fromkeys(row["Region"] for row in rows)
    }

    def update(row: dict[str, str]) -> bool:
        return is_updated(clients[row["Region"]], row)

    with ThreadPoolExecutor(threads) as pool:
        print(list(pool.map(update, rows)).count(False))


def is_updated(client: Any, row: dict[str, str]) -> bool:
    try:
        client.update_function_event_invoke_config(
            FunctionName=row["FunctionName"],
            MaximumRetryAttempts=int(row["MaximumRetryAttempts"]),
            MaximumEventAgeInSeconds=int(row["MaximumEventAgeInSeconds"]),
        )
    except (BotoCoreError, ClientError):
        return False
    return True


if __name__ == "__main__":
    _, given_targets, given_url, given_mode, given_threads = sys.argv
    main(given_targets, given_url, given_mode, int(given_threads))
