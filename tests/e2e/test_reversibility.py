"""Every run can be rolled back unless it was told otherwise, and every text says so."""

from collections import Counter

import pytest

from .conftest import Bulkeic, Server
from .rollout_helpers import GET, UPDATE, load, resume, states, words

TARGETS = "FunctionName\nfn-0\nfn-1\n"
CAN, CANNOT = "this run can be rolled back", "this run cannot be rolled back"


def prepare(bulkeic: Bulkeic, server: Server) -> dict[tuple[str, str], object]:
    load(server, {"fn-0": {"MaximumRetryAttempts": 2}, "fn-1": {"MaximumRetryAttempts": 1}})
    bulkeic.write("targets.csv", TARGETS)
    return dict(states(server))


def test_a_run_stores_before_images_without_a_flag(bulkeic: Bulkeic, server: Server) -> None:
    before = prepare(bulkeic, server)

    applied = bulkeic(*words(server, "--yes", "--output", "json"))
    back = bulkeic("rollback", "run.db", "--yes", "--endpoint-url", server.url)

    assert (applied.code, back.code) == (0, 0), applied.err + back.err
    assert applied.summary["can_be_rolled_back"] is True
    assert applied.summary["calls"] == 3
    assert states(server) == before


def test_no_before_image_costs_one_call_a_target_and_has_no_rollback(
    bulkeic: Bulkeic, server: Server
) -> None:
    prepare(bulkeic, server)

    applied = bulkeic(*words(server, "--yes", "--no-before-image", "--output", "json"))
    back = bulkeic("rollback", "run.db", "--yes", "--endpoint-url", server.url)

    assert applied.summary["can_be_rolled_back"] is False
    operations = Counter(server.stats()["by_operation"])
    assert (operations[GET], operations[UPDATE]) == (0, 2)
    assert back.code == 2
    assert "has no before-images, so it cannot be rolled back" in back.err


@pytest.mark.parametrize("flags", [(), ("--no-before-image",)])
def test_the_question_the_summary_and_the_report_say_it(
    bulkeic: Bulkeic, server: Server, flags: tuple[str, ...]
) -> None:
    prepare(bulkeic, server)
    text = CANNOT if flags else CAN

    _, screen = bulkeic.asked("y\n", *words(server, *flags))

    question, _, summary = screen.decode().partition("update them? [y/N]")
    assert text in question.splitlines()[-1]
    assert text in summary
    assert text in bulkeic("report", "run.db").out
    assert bulkeic(*resume(server, "--yes", "--output", "json")).summary["can_be_rolled_back"] == (
        not flags
    )


def test_waves_and_no_before_image_do_not_go_together(bulkeic: Bulkeic, server: Server) -> None:
    prepare(bulkeic, server)

    refused = bulkeic(*words(server, "--yes", "--waves", "100%", "--no-before-image"))

    assert refused.code == 2
    assert refused.lines == ["bulkeic: waves need before-images; omit --no-before-image"]
    assert server.stats()["calls"] == 0
