"""The examples that start workers have flags that exist."""

import shlex
from pathlib import Path

import yaml

from bulkeic.cluster.worker_options import WorkerOptions

from .test_commands import parsed

FOLDER = Path(__file__).parents[2] / "examples" / "workers"


def check(words: list[str]) -> None:
    options = parsed("worker", *words[2:])
    assert isinstance(options, WorkerOptions)
    assert options.address.startswith("tls://")
    assert options.name
    assert options.scheduler.tls_ca_file
    assert options.scheduler.tls_cert
    assert options.scheduler.tls_key


def test_the_unit_starts_a_worker() -> None:
    text = (FOLDER / "bulkeic-worker.service").read_text().replace("\\\n", " ")
    (start,) = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    check(shlex.split(start.removeprefix("ExecStart=")))


def test_the_manifest_starts_workers() -> None:
    documents = yaml.safe_load_all((FOLDER / "kubernetes.yaml").read_text())
    pods = [each["spec"]["template"]["spec"] for each in documents if each["kind"] == "Deployment"]
    containers = [container for pod in pods for container in pod["containers"]]
    commands = [each["command"] + each["args"] for each in containers]
    assert [words[:2] for words in commands] == [["dask", "scheduler"], ["bulkeic", "worker"]]
    check(commands[1])
