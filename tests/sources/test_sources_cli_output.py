"""The output of the AWS CLI is a targets file."""

import json
from pathlib import Path
from typing import Any

import pytest

from bulkeic.core.model import CLEARED, Job, Lane, Settings
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.sources.rows_file import RowsFile

ACCOUNT = "123456789012"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:dead"

LIST_FUNCTIONS: dict[str, Any] = {
    "Functions": [
        {
            "FunctionName": "orders-worker",
            "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-worker",
            "Runtime": "python3.13",
            "Role": f"arn:aws:iam::{ACCOUNT}:role/service-role/orders-worker",
            "Handler": "app.handler",
            "CodeSize": 1048576,
            "Description": 'Moves "orders", [and] {more}',
            "Timeout": 30,
            "MemorySize": 512,
            "LastModified": "2025-11-03T09:15:22.000+0000",
            "CodeSha256": "bWVhbmluZ2xlc3M=",
            "Version": "$LATEST",
            "VpcConfig": {
                "SubnetIds": ["subnet-1", "subnet-2"],
                "SecurityGroupIds": [],
                "VpcId": "vpc-1",
                "Ipv6AllowedForDualStack": False,
            },
            "DeadLetterConfig": {"TargetArn": QUEUE},
            "Environment": {"Variables": {"FunctionName": "nested", "OnFailure": "no"}},
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": "0b7e6a5c-0000-4000-8000-000000000000",
            "Layers": [{"Arn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:layer:l:1", "CodeSize": 7}],
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/orders-worker"},
        },
        {
            "FunctionName": "image-resizer",
            "FunctionArn": f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:image-resizer:7",
            "Version": "7",
            "PackageType": "Image",
            "ImageConfigResponse": {"ImageConfig": {"Command": ["app.handler"]}},
            "Architectures": ["x86_64"],
        },
    ],
    "NextToken": "eyJNYXJrZXIiOiBudWxsfQ==",
}

LIST_CONFIGS: dict[str, Any] = {
    "FunctionEventInvokeConfigs": [
        {
            "LastModified": "2025-11-03T10:20:31.123000+01:00",
            "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-worker:$LATEST",
            "MaximumRetryAttempts": 1,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}},
        },
        {
            "LastModified": 1762161631.123,
            "FunctionArn": f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-worker:live",
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
        },
    ],
    "NextMarker": None,
}


def read_jobs(path: Path, defaults: Defaults) -> list[Job]:
    targets = RowsFile(str(path))
    parser = RowParser(targets.name, defaults)
    jobs = []
    for seq, row in enumerate(targets.rows()):
        assert isinstance(row, Row)
        jobs.append(parser.job(seq, row))
    return jobs


@pytest.mark.parametrize("indent", [4, None])
def test_the_output_of_list_functions_is_a_targets_file(tmp_path: Path, indent: int | None) -> None:
    path = tmp_path / "functions.json"
    path.write_text(json.dumps(LIST_FUNCTIONS, indent=indent))
    flags = Defaults(settings=Settings(maximum_retry_attempts=0))
    first, second = read_jobs(path, flags)
    assert first.target.lane == Lane(ACCOUNT, "eu-west-1")
    assert (first.target.function, first.target.qualifier) == ("orders-worker", "$LATEST")
    assert second.target.lane == Lane(ACCOUNT, "us-east-1")
    assert (second.target.function, second.target.qualifier) == ("image-resizer", "7")
    assert first.settings == second.settings == Settings(0)
    assert str(first.source) == f"{path}:{3 if indent else 1}"


@pytest.mark.parametrize("indent", [4, None])
def test_the_output_of_list_function_event_invoke_configs_is_a_targets_file(
    tmp_path: Path, indent: int | None
) -> None:
    path = tmp_path / "configs.json"
    path.write_text(json.dumps(LIST_CONFIGS, indent=indent))
    first, second = read_jobs(path, Defaults())
    assert first.target.arn == f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:orders-worker"
    assert (first.target.qualifier, second.target.qualifier) == ("$LATEST", "live")
    assert first.settings == Settings(1, 3600, CLEARED, QUEUE)
    assert second.settings == Settings(on_success=CLEARED, on_failure=CLEARED)


def test_one_function_a_line_is_a_targets_file(tmp_path: Path) -> None:
    path = tmp_path / "functions.jsonl"
    path.write_text("".join(json.dumps(item) + "\n" for item in LIST_FUNCTIONS["Functions"]))
    flags = Defaults(settings=Settings(maximum_retry_attempts=0))
    names = [job.target.function for job in read_jobs(path, flags)]
    assert names == ["orders-worker", "image-resizer"]


def test_a_list_of_functions_is_a_targets_file(tmp_path: Path) -> None:
    path = tmp_path / "functions.json"
    path.write_text(json.dumps(LIST_FUNCTIONS["Functions"]))
    flags = Defaults(settings=Settings(maximum_retry_attempts=0))
    names = [job.target.function for job in read_jobs(path, flags)]
    assert names == ["orders-worker", "image-resizer"]
