"""Rows, and what the parser makes of them."""

from typing import Any

import pytest

from bulkeic.core.errors import InputError
from bulkeic.core.model import Job, Settings
from bulkeic.core.targets.rows import Defaults, Row, RowParser

ACCOUNT = "123456789012"
OTHER_ACCOUNT = "210987654321"
OWN = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:f"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:q"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:t"
HERE = Defaults(ACCOUNT, "us-east-1")
RETRIES = {"MaximumRetryAttempts": 1}
FLAT = ("MaximumRetryAttempts", "MaximumEventAgeInSeconds", "OnSuccess", "OnFailure")


def job_of(values: dict[str, Any], defaults: Defaults = HERE) -> Job:
    return RowParser("targets.csv", defaults).job(0, Row(2, values))


def problems_of(values: dict[str, Any], defaults: Defaults = HERE) -> list[InputError]:
    return RowParser("targets.csv", defaults).problems(Row(2, values))


def settings_of(values: dict[str, Any], defaults: Defaults = HERE) -> Settings:
    return job_of({"FunctionName": "f", **values}, defaults).settings


def refused_field(values: dict[str, Any], defaults: Defaults = HERE) -> str:
    with pytest.raises(InputError) as refused:
        job_of({"FunctionName": "f", **values}, defaults)
    return refused.value.field
