"""Fleets with unusual combinations of rows."""

import pytest

from .conftest import Bulkeic, Server

SETTINGS = ("--maximum-retry-attempts", 1)
BOTH = "FunctionName,AccountId,Region,RoleArn\n"
TEMPLATE = "arn:aws:iam::{account}:role/A"
OTHER_ROLE = "arn:aws:iam::123456789012:role/B"


@pytest.mark.parametrize(
    "rows",
    [
        f"f,,us-east-1,{TEMPLATE}\ng,123456789012,us-east-1,{OTHER_ROLE}\n",
        f"g,123456789012,us-east-1,{OTHER_ROLE}\nf,,us-east-1,{TEMPLATE}\n",
    ],
)
def test_two_roles_of_one_account_are_found_if_a_row_does_not_name_it(
    bulkeic: Bulkeic, server: Server, rows: str
) -> None:
    bulkeic.write("t.csv", BOTH + rows)
    result = bulkeic("apply", "t.csv", "--yes", "--endpoint-url", server.url, *SETTINGS)
    assert result.code == 2
    assert "all rows of the account 123456789012 must use one role" in result.err
    assert server.calls() == 0


def test_a_lane_without_valid_rows_is_not_counted(bulkeic: Bulkeic) -> None:
    bulkeic.write(
        "t.csv",
        "FunctionName,AccountId,Region,MaximumRetryAttempts\n"
        "g,111111111111,us-east-1,1\nf,222222222222,us-east-1,1\nf,222222222222,us-east-1,2\n",
    )
    result = bulkeic(
        "apply", "t.csv", "--sandbox", "--skip-invalid", "--output", "json",
        "--role-arn", "arn:aws:iam::111111111111:role/x",
    )  # fmt: skip
    assert result.code == 1, result.err
    assert (result.summary["lanes"], result.summary["invalid"]) == (1, 2)


def test_results_never_overwrite_the_accounts_file(bulkeic: Bulkeic) -> None:
    bulkeic.write("t.csv", "FunctionName,Region\nf,us-east-1\n")
    accounts = bulkeic.write("a.csv", "AccountId\n123456789012\n")
    result = bulkeic(
        "apply", "t.csv", "--sandbox", "--accounts", "a.csv", "--results", "./a.csv", *SETTINGS
    )
    assert result.code == 2
    assert "is also an input file" in result.err
    assert accounts.read_text() == "AccountId\n123456789012\n"


def test_the_resume_command_keeps_the_headroom(bulkeic: Bulkeic, server: Server) -> None:
    bulkeic.write("t.csv", "FunctionName,AccountId,Region\nf,123456789012,us-east-1\n")
    result = bulkeic(
        "apply", "t.csv", "--yes", "--rate", "auto", "--headroom", "12.5%", "--give-up-after", 1,
        *SETTINGS, AWS_ENDPOINT_URL_STS=server.url, AWS_ENDPOINT_URL_LAMBDA="http://127.0.0.1:9",
    )  # fmt: skip
    assert result.code == 3, result.err
    assert "--rate auto --headroom 12.5%" in result.err.splitlines()[-1]
