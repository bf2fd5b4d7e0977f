"""The targets that ``bulkeic bench`` calls: of a file, of a run, or with generated names."""

import json
from contextlib import chdir

import click
import pytest

from bulkeic.cli.commands import cli
from bulkeic.core.errors import BulkeicError

from .bench_helpers import AT_ONCE, measured
from .conftest import Bulkeic, Server
from .rollout_helpers import GET, asked

WORDS = ("--rate", 100, "--requests", 6, *AT_ONCE)
NAMES = ["fn-1", "fn-2", "fn-3"]
PLACES = {("us-west-2", name) for name in NAMES}


def called(server: Server) -> set[tuple[str, str]]:
    """The targets that were called since the last query."""
    places = {place for operation, place in asked(server) if operation == GET}
    server.window("reset-stats", {}, "POST")
    return places


def test_targets_of_a_file_are_called_in_turn(bulkeic: Bulkeic, server: Server) -> None:
    rows = [{"FunctionName": name, "Region": "us-west-2"} for name in NAMES]
    bulkeic.write("targets.json", json.dumps(rows))

    (measures,) = measured(bulkeic, server, "targets.json", *WORDS)

    assert (measures["done"], server.calls(GET)) == (6, 6)
    assert called(server) == PLACES


def test_targets_of_stdin_are_called(bulkeic: Bulkeic, server: Server) -> None:
    text = "\n".join(["FunctionName", *NAMES])

    done = bulkeic(
        "bench", "-", *WORDS, "--endpoint-url", server.url, "--region", "us-west-2", stdin=text
    )

    assert done.code == 0, done.err
    assert done.out == ""
    assert called(server) == PLACES


def test_targets_of_a_run_are_called_and_the_run_does_not_change(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write(
        "targets.csv", "\n".join(["FunctionName,Region", *(f"{n},us-west-2" for n in NAMES)])
    )
    bulkeic(
        "apply", "targets.csv", "--yes", "--endpoint-url", server.url, "--rate", "unlimited",
        "--maximum-retry-attempts", 1, "--run", "run.db",
    )  # fmt: skip
    before = (bulkeic.folder / "run.db").read_bytes()
    called(server)

    (measures,) = measured(bulkeic, server, "run.db", *WORDS)

    assert measures["done"] == 6
    assert called(server) == PLACES
    assert (bulkeic.folder / "run.db").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("targets.csv", "--functions", "5"), "SOURCE and --functions both choose the targets"),
        ((), "there is nothing to call; give a targets file, --functions N for functions that"),
        (("empty.csv",), "empty.csv: "),
        (("gone.csv",), "gone.csv: cannot be read: No such file or directory"),
        (("--sandbox", "--forecast", "gone.csv"), "gone.csv: cannot be read: No such file"),
        (("targets.csv", "--html", "targets.csv"), "--html 'targets.csv' is also an input file"),
        (
            ("--sandbox", "--forecast", "targets.csv", "--results", "targets.csv"),
            "--results 'targets.csv' is also an input file",
        ),
        (
            ("--sandbox", "--html", "b", "--results", "./b"),
            "--html and --results name the same",
        ),
        (("--sandbox", "--results", "-"), "--results -: name a file; --output json prints"),
        (
            ("--sandbox", "--functions", "1", "--forecast", "empty.csv"),
            "'empty.csv': there is no target to forecast",
        ),
        (("--sandbox", "--rates", "5,x"), "'x' is not a rate; expected more than 0"),
        (("--sandbox", "--rate", "0"), "'0' is out of range; expected more than 0"),
        (("--sandbox", "--concurrency", "1,0"), "'0' is out of range; expected 1 to"),
        (("--sandbox", "--step", "5"), "--step is the duration of each rate in --rates"),
        (("--sandbox", "--results", "no/bench.json"), "--results 'no/bench.json': there is no"),
        (("--sandbox", "--results", "."), "--results '.': Is a directory"),
        (("--sandbox", "--html", "no/bench.html"), "--html 'no/bench.html': there is no such"),
    ],
)
def test_invalid_arguments_are_one_line(
    bulkeic: Bulkeic, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], expected: str
) -> None:
    bulkeic.write("targets.csv", "FunctionName\nfn-1\n")
    bulkeic.write("empty.csv", "FunctionName\n")
    for name, value in bulkeic.env.items():
        monkeypatch.setenv(name, value)

    with chdir(bulkeic.folder), pytest.raises((BulkeicError, click.UsageError)) as caught:
        cli(["bench", *words], standalone_mode=False)

    error = caught.value
    text = error.message if isinstance(error, click.UsageError) else str(error)
    assert text.startswith(expected) or f": {expected}" in text
    assert "\n" not in text


def test_invalid_rows_are_skipped_on_request(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("targets.csv", "FunctionName,Region\nfn-1,us-west-2\nno name,us-west-2\n")

    refused = bulkeic("bench", "targets.csv", *WORDS, "--endpoint-url", server.url)
    assert refused.code == 2
    assert refused.lines[-1].endswith("skip the invalid rows with --skip-invalid")
    (measures,) = measured(bulkeic, server, "targets.csv", *WORDS, "--skip-invalid")
    assert measures["done"] == 6
    assert called(server) == {("us-west-2", "fn-1")}
