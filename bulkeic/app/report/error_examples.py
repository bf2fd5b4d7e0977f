"""The error codes of a run, with as many examples as are shown."""

from bulkeic.core.report.run_report import ErrorGroup, error_groups
from bulkeic.core.summary import Summary
from bulkeic.store.run_file import RunFile

MORE_EXAMPLES = 4
"""Number of examples of an error code after the first one, with ``--verbose``."""
_USUAL_CODES, _EVERY_CODE = 10, 10_000


def read_errors(
    run: RunFile, summary: Summary, *, in_full: bool, codes: int = _USUAL_CODES
) -> tuple[ErrorGroup, ...]:
    """The error codes of a run.

    Args:
        run: the run file.
        summary: its numbers.
        in_full: whether every code has several examples.
        codes: how many codes have an example otherwise.

    Raises:
        RunFileError: it cannot be read.
    """
    examples = run.examples(_EVERY_CODE if in_full else codes)
    return error_groups(
        summary,
        examples,
        creates_missing=run.metadata.create_missing,
        more_examples=run.more_examples(examples, MORE_EXAMPLES) if in_full else None,
    )
