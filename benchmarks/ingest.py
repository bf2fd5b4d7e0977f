"""The speed and memory of loading a targets file into a run file.

For each size, separate processes read a file of generated targets:

- bulkeic: what ``apply`` does before its first call. Every row is decoded, validated, checked for
  duplicates, and stored in a run file that is synced to disk.
- by hand: a typical loop with csv.DictReader and one JSON body for each row in a list, without
  validation and storage.

Seconds are those of loading alone, without the interpreter's start. Peak memory is that of the
whole process, with every module that the command imports.
"""

import argparse
import csv
import json
import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from table import TextTable

SIZES = (100_000, 1_000_000)
GOAL_ROWS_S = 80_000
GOAL_MB = 150

ACCOUNT = "123456789012"
FIELDS = (
    "FunctionName",
    "Qualifier",
    "MaximumRetryAttempts",
    "MaximumEventAgeInSeconds",
    "OnFailure",
    "Region",
)
REGIONS = ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-2", "sa-east-1")
TEAMS = ("orders", "billing", "search", "identity", "shipping", "media", "fraud", "reports")
VERBS = ("import", "export", "notify", "resize", "reconcile", "index", "expire", "audit")
QUALIFIERS = ("", "", "", "live", "$LATEST", "42")
AGES = ("", "60", "900", "3600", "21600")

MB = 1_000_000
MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1024  # the unit of ru_maxrss


def main() -> None:
    arguments = parse_arguments()
    if arguments.child:
        run_child(*arguments.child)
        return
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, {platform.system()}")
    table = TextTable(
        ("format", "rows", "who", "seconds", "rows/s", "peak MB", "run file MB"),
        (-10, 9, -8, 7, 8, 7, 11),
    )
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="bulkeic-ingest-") as folder:
        for count in arguments.rows:
            measured = measure_csv(table, Path(folder, "targets.csv"), count)
            verdicts.append(f"{count:,} rows {'reached' if measured.reached else 'missed'}")
            if arguments.json_lines:
                measure_json(table, Path(folder), count)
    print(f"to reach: {GOAL_ROWS_S:,} rows/s, {GOAL_MB} MB with CSV: {', '.join(verdicts)}")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Rows a second and peak memory of loading a targets file. Takes about a minute "
        "with the default sizes, and up to 300 MB in the temporary folder for a million rows."
    )
    sizes = " ".join(map(str, SIZES))
    parser.add_argument(
        "--rows", type=int, nargs="+", default=SIZES, metavar="N", help=f"sizes (default: {sizes})"
    )
    parser.add_argument(
        "--json-lines", action="store_true", help="also the same rows as JSON Lines and JSON"
    )
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    return parser.parse_args()


# The measurements.


@dataclass(frozen=True)
class Measured:
    """Seconds and memory of one child process that loaded a file."""

    rows: int
    seconds: float
    peak_mb: float

    @property
    def rows_s(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds

    @property
    def reached(self) -> bool:
        """Whether both goals were reached."""
        return self.rows_s >= GOAL_ROWS_S and self.peak_mb <= GOAL_MB


def measure_csv(table: TextTable, path: Path, count: int) -> Measured:
    write_csv(path, fleet(count))
    measured = measure(table, "bulkeic", path)
    measure(table, "by hand", path)
    path.unlink()
    return measured


def measure_json(table: TextTable, folder: Path, count: int) -> None:
    for path, write in (
        (folder / "targets.jsonl", write_json_lines),
        (folder / "targets.json", write_json),
    ):
        write(path, map(json_row, fleet(count)))
        measure(table, "bulkeic", path)
        path.unlink()


def measure(table: TextTable, who: str, path: Path) -> Measured:
    """Loads a file in a child process, and prints seconds and memory."""
    run = path.with_name("run.db")
    # On Linux a child's peak memory starts with its parent's size, so this process stays small:
    # it writes rows as it generates them, and only the child imports bulkeic.
    command = [sys.executable, __file__, "--child", who, str(path), str(run)]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    measured = Measured(**json.loads(answer))
    run_mb = "-"
    if run.exists():
        run_mb = f"{run.stat().st_size / MB:,.1f}"
        run.unlink()
    table.row(
        path.suffix[1:],
        f"{measured.rows:,}",
        who,
        f"{measured.seconds:.2f}",
        f"{measured.rows_s:,.0f}",
        f"{measured.peak_mb:.0f}",
        run_mb,
    )
    return measured


# The child processes.


def run_child(who: str, targets: str, run: str) -> None:
    """Loads a file, and prints seconds and memory as one JSON object."""
    if who == "bulkeic":
        rows, seconds = load_with_bulkeic(Path(targets), Path(run))
    else:
        rows, seconds = load_by_hand(Path(targets))
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * MAXRSS_BYTES / MB
    print(json.dumps({"rows": rows, "seconds": seconds, "peak_mb": peak_mb}))


def load_with_bulkeic(targets: Path, run: Path) -> tuple[int, float]:
    import bulkeic.app.commands.apply  # noqa: F401, PLC0415 - all that the command imports counts as memory
    from bulkeic.app.access.account_resolver import AccountResolver  # noqa: PLC0415
    from bulkeic.app.intake.ingest import Ingest  # noqa: PLC0415
    from bulkeic.app.options.access_options import AccessOptions  # noqa: PLC0415
    from bulkeic.cli.process import tune_collector  # noqa: PLC0415
    from bulkeic.core.targets.rows import Defaults  # noqa: PLC0415
    from bulkeic.output.console import Console  # noqa: PLC0415
    from bulkeic.sources.rows_file import RowsFile  # noqa: PLC0415
    from bulkeic.store.run_metadata import RunMetadata  # noqa: PLC0415

    tune_collector()  # as the command does when it starts
    started = time.perf_counter()
    ingest = Ingest(
        RowsFile(str(targets)),
        Defaults(),
        run,
        AccountResolver(AccessOptions(), 10, sandbox=True),
        skip_invalid=False,
        console=Console(),
        metadata=RunMetadata(source=str(targets)),
    )
    ingest.run(lambda _count: None)
    seconds = time.perf_counter() - started
    database = sqlite3.connect(run)
    (rows,) = database.execute("SELECT sum(jobs) FROM lane").fetchone()
    database.close()
    return rows, seconds


def load_by_hand(targets: Path) -> tuple[int, float]:
    started = time.perf_counter()
    jobs = []
    with targets.open(newline="") as file:
        for row in csv.DictReader(file):
            settings: dict[str, object] = {}
            if row["MaximumRetryAttempts"]:
                settings["MaximumRetryAttempts"] = int(row["MaximumRetryAttempts"])
            if row["MaximumEventAgeInSeconds"]:
                settings["MaximumEventAgeInSeconds"] = int(row["MaximumEventAgeInSeconds"])
            if row["OnFailure"]:
                destination = {"Destination": row["OnFailure"]}
                settings["DestinationConfig"] = {"OnFailure": destination}
            body = json.dumps(settings)
            jobs.append((row["Region"], row["FunctionName"], row["Qualifier"], body))
    return len(jobs), time.perf_counter() - started


# The generated fleet.


def fleet(count: int) -> Iterator[tuple[str, ...]]:
    """Rows with values in the order of FIELDS, always the same ones.

    Two in five name their function by a full ARN; a few of those also have a value in the Region
    column. Targets are unique and unsorted.
    """
    pick = random.Random(count).choice
    for number in range(count):
        team, region = pick(TEAMS), pick(REGIONS)
        name = f"prod-{team}-{pick(VERBS)}-{number:07d}"
        column = region
        if pick(range(5)) < 2:
            name = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
            column = pick((*[""] * 9, region))
        queue = f"arn:aws:sqs:{region}:{ACCOUNT}:{team}-failed" if pick(range(3)) else ""
        yield name, pick(QUALIFIERS), pick("012"), pick(AGES), queue, column


def json_row(values: tuple[str, ...]) -> str:
    """A row as a JSON object: numbers as numbers, without empty fields."""
    row = {
        field: int(value) if field.startswith("Maximum") else value
        for field, value in zip(FIELDS, values, strict=True)
        if value
    }
    return json.dumps(row)


def write_csv(path: Path, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(FIELDS)
        writer.writerows(rows)


def write_json_lines(path: Path, rows: Iterable[str]) -> None:
    with path.open("w") as file:
        file.writelines(f"{row}\n" for row in rows)


def write_json(path: Path, rows: Iterable[str]) -> None:
    with path.open("w") as file:
        file.write("[\n")
        for number, row in enumerate(rows):
            file.write(f",\n{row}" if number else row)
        file.write("\n]\n")


if __name__ == "__main__":
    main()
