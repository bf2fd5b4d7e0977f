"""The competitors that update a fleet without a quota: bulkeic, its peers, and a floor.

Each is a whole command: it reads the file, signs, calls, checks the status and prints or stores an
outcome for each target. It exits with 0 only if every target was updated.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from contest import apply_command, script_command
from one_lane import IN_FLIGHT

PEERS = Path(__file__).with_name("peers")
BULKEIC, GO, FLOOR = "bulkeic", "Go", "floor"
GO_PATH = Path("/usr/share/gocode")
GO_SDK = GO_PATH / "src/github.com/aws/aws-sdk-go-v2/service/lambda"
GO_PACKAGES = "golang-go golang-github-aws-aws-sdk-go-v2-dev"
XARGS_AWS = """
tail -n +2 "$1" | cut -d, -f1 | xargs -P 2 -I NAME aws lambda update-function-event-invoke-config \
--region us-east-1 --endpoint-url "$2" --function-name NAME --maximum-retry-attempts 1
"""


@dataclass(frozen=True)
class Competitor:
    """A program that updates the targets of a file.

    Attributes:
        name: for the table.
        command: makes its command line from the targets file; `{url}` stands for the server's URL.
        most_targets: a slow program gets no more; its start-up then weighs more.
    """

    name: str
    command: Callable[[Path], list[str]]
    most_targets: int = 100_000_000


def fast(folder: Path) -> Iterator[Competitor]:
    """bulkeic, Go if it is installed, and the floor. Builds and files are in a folder."""
    yield Competitor(BULKEIC, lambda targets: unlimited_apply(targets, folder))
    if (program := go_program(folder)) is not None:
        yield Competitor(GO, lambda targets: [str(program), str(targets), "{url}", str(IN_FLIGHT)])
    yield Competitor(
        FLOOR, lambda targets: script_command("protocol_floor.py", targets, "{url}", IN_FLIGHT)
    )


def slow(folder: Path) -> Iterator[Competitor]:
    """Those of the other SDKs that are installed."""
    if (script := javascript(folder)) is not None:
        yield Competitor(
            "JavaScript",
            lambda targets: ["node", str(script), str(targets), "{url}", str(IN_FLIGHT)],
            most_targets=20_000,
        )
    for name, file in (
        ("aiobotocore", "aiobotocore_script.py"),
        ("boto3", "boto3_script.py"),
    ):
        yield Competitor(name, python_sdk(file), most_targets=5_000)
    if shutil.which("aws") is None:
        print("aws: not installed, skipped")
        return
    yield Competitor(
        "aws, xargs -P 2",
        lambda targets: ["sh", "-c", XARGS_AWS, "aws", str(targets), "{url}"],
        most_targets=4,
    )


def unlimited_apply(targets: Path, folder: Path) -> list[str]:
    """The command line of bulkeic without a quota. It replaces earlier results in the folder."""
    run_file, results = folder / "run.db", folder / "results.jsonl"
    for file in (*folder.glob(f"{run_file.name}*"), *folder.glob(results.name)):
        file.unlink()
    flags = f"--rate unlimited --concurrency {IN_FLIGHT} --results {results}"
    return apply_command(targets, run_file, *flags.split())


def python_sdk(script: str) -> Callable[[Path], list[str]]:
    return lambda targets: script_command(script, targets, "{url}", "standard", IN_FLIGHT)


def go_program(folder: Path) -> Path | None:
    """Builds the Go program in a folder; ``None`` if Go or its SDK is missing."""
    if shutil.which("go") is None or not GO_SDK.exists():
        print(f"Go: not installed, skipped (apt-get install {GO_PACKAGES})")
        return None
    program = folder / "update"
    build = {"GO111MODULE": "off", "GOPATH": str(GO_PATH)}
    subprocess.run(
        ["go", "build", "-o", str(program), str(PEERS / "go" / "update.go")],
        env=os.environ | build,
        check=True,
    )
    return program


def javascript(folder: Path) -> Path | None:
    """Installs the JavaScript program in a folder; ``None`` if Node or npm is missing."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("JavaScript: not installed, skipped (apt-get install nodejs npm)")
        return None
    installed = folder / "javascript"
    shutil.copytree(PEERS / "javascript", installed)
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=installed, check=True)
    return installed / "update.mjs"
