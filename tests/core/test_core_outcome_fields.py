"""The fields of an outcome as users see them."""

import re
from pathlib import Path

import pytest

from bulkeic.core.model import Lane, Outcome, SourceLine, Status, Target
from bulkeic.core.outcome_fields import OUTCOME_FIELDS, outcome_values

DOCS = Path(__file__).parents[2] / "docs"
ARN = "arn:aws-cn:lambda:cn-north-1:111111111111:function:fn"


def documented_fields() -> list[str]:
    """The first column of the table of fields, in order."""
    (path,) = DOCS.rglob("outcomes.md")
    table = path.read_text().partition("| field | meaning |")[2].partition("\n\n")[0]
    first_cells = re.findall(r"^\| (`[^|]*`) \|", table, re.MULTILINE)
    return re.findall(r"`(\w+)`", " ".join(first_cells))


def test_the_docs_list_exactly_the_fields_in_their_order() -> None:
    assert documented_fields() == list(OUTCOME_FIELDS)


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (
            Target(Lane("111111111111", "cn-north-1"), "fn", "live", "aws-cn"),
            [ARN, "live", "111111111111", "cn-north-1"],
        ),
        (None, [None] * 4),
    ],
)
def test_the_values_have_the_source_as_text_and_the_target_in_four_fields(
    target: Target | None, values: list[str | None]
) -> None:
    outcome = Outcome(7, SourceLine("t.csv", 9), "fn", target, Status.FAILED, attempts=3)
    fields = dict(zip(OUTCOME_FIELDS, outcome_values(outcome), strict=True))
    names = ("function_arn", "qualifier", "account_id", "region")
    assert [fields[name] for name in names] == values
    assert (fields["seq"], fields["source"], fields["attempts"]) == (7, "t.csv:9", 3)


def test_a_source_without_a_line_is_its_name() -> None:
    assert (str(SourceLine("t.csv", 2)), str(SourceLine("request 5"))) == ("t.csv:2", "request 5")
