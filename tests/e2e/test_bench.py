"""``bulkeic bench``: what it measures is what was sent."""

import json

from .conftest import Bulkeic


def test_an_open_load_is_measured_and_kept(bulkeic: Bulkeic) -> None:
    result = bulkeic(
        "bench", "--sandbox", "--rate", 10, "--requests", 10, "--warmup", 0,
        "--results", "bench.json", "--html", "bench.html",
    )  # fmt: skip

    assert result.code == 0, result.err
    (measures,) = json.loads((bulkeic.folder / "bench.json").read_text())["measures"]
    assert (measures["done"], measures["calls"], measures["failed"]) == (10, 10, 0)
    assert measures["latency"]["count"] == 10
    assert "10/s a lane        10" in result.err
    assert "<h1" in (bulkeic.folder / "bench.html").read_text()


def test_flags_that_cannot_be_beside_one_another_are_one_line(bulkeic: Bulkeic) -> None:
    result = bulkeic("bench", "--sandbox", "--find-limit", "--rate", 10)

    assert result.code == 2
    assert "--find-limit finds the rate and the time itself" in result.err


def test_a_stdout_that_takes_nothing_is_one_line(bulkeic: Bulkeic) -> None:
    process = bulkeic.start(
        "bench", "--sandbox", "--requests", 1, "--warmup", 0, "--output", "json"
    )
    assert process.stdout is not None
    process.stdout.close()
    _, told = process.communicate(timeout=30)

    assert process.returncode == 3
    assert "bulkeic: stdout: Broken pipe" in told.splitlines()
