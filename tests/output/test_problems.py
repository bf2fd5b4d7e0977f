"""Problems of a targets file are grouped by cause."""

from bulkeic.core.errors import InputError
from bulkeic.output.console import Problems


def printed(problems: list[InputError]) -> list[str]:
    lines: list[str] = []
    found = Problems(lines.append, "warning: ")
    for problem in problems:
        found.add([problem])
    found.print_all()
    assert found.count == len(problems)
    return lines


def out_of_range(line: int) -> InputError:
    return InputError(f"{line} is out of range; expected 0 to 2", field="F", source="t", line=line)


def test_a_few_rows_have_a_line_each() -> None:
    assert printed([out_of_range(7), out_of_range(9)]) == [
        "warning: t:7: F: 7 is out of range; expected 0 to 2",
        "warning: t:9: F: 9 is out of range; expected 0 to 2",
    ]


def test_many_rows_with_one_cause_have_one_line() -> None:
    other = InputError("missing", field="F", source="t", line=5)
    assert printed([*map(out_of_range, range(10, 4000)), other]) == [
        "warning: 3,990 rows: t:10: F: 10 is out of range; expected 0 to 2",
        "warning: t:5: F: missing",
    ]


def test_the_accounts_of_a_cause_are_counted() -> None:
    lines: list[str] = []
    problems = Problems(lines.append)
    for account in range(399):
        rule = f"account {account:012} is not 999999999999"
        problems.add([InputError(rule, source="t", line=2)], rows=10, account_id=f"{account:012}")
    problems.print_all()
    problems.print_all()
    assert lines == ["3,990 rows in 399 accounts: t:2: account 000000000000 is not 999999999999"]


def test_hostile_input_with_a_cause_for_each_row_stays_bounded() -> None:
    words = ("x" * number for number in range(1, 3000))
    lines = printed([InputError(f"no {word}", source="t", line=1) for word in words])
    assert len(lines) == 21
    assert lines[-1] == "warning: … 980 more kinds"
