"""What the benchmarks of CPU share: targets of one lane, and a server that is never the limit."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IN_FLIGHT = 64
CLIENT_CORE, SERVER_CORE = {0}, {1}
SEED = 7


@dataclass(frozen=True)
class Endpoint:
    """Where a server is, and the file of the authority that vouches for it, if it has TLS."""

    url: str
    ca: Path | None


def write_targets(path: Path, targets: int) -> Path:
    """Writes a CSV of one lane; settings vary as in a fleet."""
    rng = random.Random(SEED)
    with path.open("w") as file:
        file.write("FunctionName,AccountId,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds\n")
        for number in range(targets):
            age = rng.choice((60, 3600, 21600))
            file.write(f"fn-{number},123456789012,us-east-1,{number % 3},{age}\n")
    return path


@contextmanager
def instant_server(calls: int, certificate: Path | None) -> Iterator[Endpoint]:
    """Starts a server on one core; processes that start later run on the other one.

    Args:
        calls: the number of calls that it must have got at the end.
        certificate: from `write_certificate` for TLS; ``None`` for plain HTTP.

    Raises:
        SystemExit: it got another number of calls.
    """
    cores = os.sched_getaffinity(0)
    apart = len(cores) > 1
    files = () if certificate is None else (str(certificate), str(key_of(certificate)))
    command = [sys.executable, str(Path(__file__).with_name("instant_server.py")), *files]
    os.sched_setaffinity(0, SERVER_CORE if apart else cores)
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            os.sched_setaffinity(0, CLIENT_CORE if apart else cores)
            assert process.stdout is not None
            yield Endpoint(process.stdout.readline().strip(), certificate)
        finally:
            os.sched_setaffinity(0, cores)
            counted, _ = process.communicate()
    if int(counted) != calls:
        sys.exit(f"the server got {int(counted):,} calls; expected {calls:,}")


def write_certificate(folder: Path) -> Path:
    """Writes a certificate for 127.0.0.1 that vouches for itself, and its key; returns its path."""
    certificate = folder / "certificate.pem"
    request = "req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    subject = ("-subj", "/CN=benchmark", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-out", str(certificate), "-keyout", str(key_of(certificate)))
    subprocess.run(["openssl", *request.split(), *subject, *files], check=True, capture_output=True)
    return certificate


def key_of(certificate: Path) -> Path:
    return certificate.with_name("key.pem")
