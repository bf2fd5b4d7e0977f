"""The drift of a verification as Markdown, for a pull request."""

from bulkeic.core.change.reconcile import DRIFTED
from bulkeic.core.model import CLEARED, Lane, Settings, Status, Target
from bulkeic.core.report.drifted_target import DriftedTarget
from bulkeic.core.summary import Tally, Traffic, summarize
from bulkeic.output.report.drift_markdown import drift_markdown

LANE = Lane("123456789012", "us-east-1")
QUEUE = f"arn:aws:sqs:us-east-1:123456789012:{'q' * 80}"
MOST_OF_A_COMMENT = 65_536  # of GitHub


def test_a_table_fits_into_a_comment() -> None:
    drifted = [
        DriftedTarget(
            Target(LANE, f"{number:03}{'f' * 61}"),
            f"state.json: {'module.' * 20}aws_lambda_function_event_invoke_config.each",
            Settings(1, 60, QUEUE, CLEARED),
            Settings(2, 3600, CLEARED, QUEUE),
        )
        for number in range(100)
    ]
    tally = Tally(LANE, Status.FAILED, DRIFTED, 300)
    summary = summarize(
        [tally], run="state.json", targets=300, lanes={LANE: 300}, traffic=Traffic()
    )

    text = drift_markdown(summary, drifted, ()).decode()

    assert len(text) < MOST_OF_A_COMMENT
    shown = text.count("`MaximumRetryAttempts`")
    assert 0 < shown < len(drifted)
    assert f"… and {300 - shown} more targets" in text
    assert text.count("`DestinationConfig.OnFailure`") == shown
