"""A rollback that cannot restore every target is not a success."""

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .rollout_helpers import load, states

DEAD = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
HAD = {"MaximumRetryAttempts": 2}
NO_IMAGE = "the run changed it without a before-image, so what it had before is not known"


def run_without_an_image(bulkeic: Bulkeic, server: Server) -> None:
    """A run that changed one target without a before-image, and one that it had to read."""
    load(server, {"plain": dict(HAD), "half": dict(HAD)})
    bulkeic.write(
        "targets.csv", f"FunctionName,MaximumRetryAttempts,OnFailure\nplain,1,\nhalf,,{DEAD}\n"
    )
    applied = bulkeic(
        "apply", "targets.csv", "--yes", "--run", "run.db", "--no-before-image",
        "--endpoint-url", server.url, "--output", "json",
    )  # fmt: skip
    assert applied.code == 0, applied.err
    assert applied.summary["can_be_rolled_back"] is False
    assert "this run cannot be rolled back: it stores no before-images" in applied.lines


def test_a_target_that_cannot_be_restored_is_a_failed_outcome(
    bulkeic: Bulkeic, server: Server
) -> None:
    run_without_an_image(bulkeic, server)

    result = bulkeic(
        "rollback", "run.db", "--yes", "--run", "back.db", "--results", "r.jsonl", "--output",
        "json", "--endpoint-url", server.url,
    )  # fmt: skip

    assert result.code == result.summary["exit_code"] == 1, result.err
    assert (result.summary["updated"], result.summary["failed"]) == (1, 1)
    assert result.summary["targets"] == 2
    assert result.summary["errors"] == {"NoBeforeImage": 1}
    (failed,) = [one for one in bulkeic.outcomes("r.jsonl") if one["status"] == "failed"]
    assert failed["function_name"] == "plain"
    assert failed["function_arn"] == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:plain"
    assert (failed["error_code"], failed["error_message"]) == ("NoBeforeImage", NO_IMAGE)
    assert failed["attempts"] == 0
    held = states(server)
    assert (held[REGION, "plain"] or {})["MaximumRetryAttempts"] == 1
    assert (held[REGION, "half"] or {})["MaximumRetryAttempts"] == 2


def test_a_resumed_partial_rollback_and_its_verification_are_no_success_either(
    bulkeic: Bulkeic, server: Server
) -> None:
    run_without_an_image(bulkeic, server)
    ends = ("--endpoint-url", server.url)

    planned = bulkeic("rollback", "run.db", "--plan", "--run", "back.db", *ends)
    applied = bulkeic("apply", "back.db", "--yes", *ends)
    finished = bulkeic("apply", "back.db", *ends)
    verified = bulkeic("verify", "back.db", "--output", "json", *ends)

    assert [planned.code, applied.code, finished.code, verified.code] == [1, 1, 1, 1]
    assert verified.summary["errors"] == {"NoBeforeImage": 1}
    assert (verified.summary["unchanged"], verified.summary["targets"]) == (1, 2)
    assert (states(server)[REGION, "plain"] or {})["MaximumRetryAttempts"] == 1
