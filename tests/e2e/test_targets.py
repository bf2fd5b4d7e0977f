"""Every kind of targets file, and every kind of error in one."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server

ROWS: list[dict[str, Any]] = [
    {"FunctionName": "orders", "MaximumRetryAttempts": 1},
    {"FunctionName": "billing:live", "MaximumRetryAttempts": 0, "OnFailure": "none"},
    {"FunctionArn": "arn:aws:lambda:eu-west-1:123456789012:function:mail", "OnSuccess": "none"},
]
LIST_FUNCTIONS = {
    "Functions": [
        {
            "FunctionName": "orders",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
            "Runtime": "python3.13",
            "Role": "arn:aws:iam::123456789012:role/orders",
            "Handler": "app.handler",
            "CodeSize": 1024,
            "Description": "",
            "Timeout": 3,
            "MemorySize": 128,
            "LastModified": "2025-11-01T10:00:00.000+0000",
            "CodeSha256": "abc=",
            "Version": "$LATEST",
            "TracingConfig": {"Mode": "PassThrough"},
            "RevisionId": "4b1f6a0e-0000-4000-8000-000000000000",
            "PackageType": "Zip",
            "Architectures": ["arm64"],
            "EphemeralStorage": {"Size": 512},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/aws/lambda/orders"},
        }
    ]
}
LIST_CONFIGS = {
    "FunctionEventInvokeConfigs": [
        {
            "LastModified": "2025-11-01T10:00:00.123000+00:00",
            "FunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:orders:live",
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": 3600,
            "DestinationConfig": {
                "OnSuccess": {},
                "OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:dead"},
            },
        }
    ]
}


def as_csv() -> str:
    fields = ["FunctionName", "FunctionArn", "MaximumRetryAttempts", "OnSuccess", "OnFailure"]
    lines = [",".join(str(row.get(field, "")) for field in fields) for row in ROWS]
    return "\n".join([",".join(fields), *lines])


FORMS = {
    "targets.csv": as_csv(),
    "targets.json": json.dumps(ROWS, indent=2),
    "object.json": json.dumps({"generated": True, "targets": ROWS, "more": {"a": [1]}}),
    "targets.jsonl": "\n".join(map(json.dumps, ROWS)),
    "targets.ndjson": "\n\n".join(map(json.dumps, ROWS)),
}


def applied(bulkeic: Bulkeic, *words: object, stdin: str | None = None) -> list[dict[str, Any]]:
    result = bulkeic(
        "apply", *words, "--sandbox", "--results", "r.jsonl", "--overwrite", stdin=stdin
    )
    assert result.code == 0, result.err
    outcomes = sorted(bulkeic.outcomes("r.jsonl"), key=lambda outcome: outcome["seq"])
    return [
        {name: outcome[name] for name in ("function_arn", "qualifier", "settings")}
        for outcome in outcomes
    ]


EXPECTED = [
    {
        "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:orders",
        "qualifier": "$LATEST",
        "settings": {"MaximumRetryAttempts": 1},
    },
    {
        "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:billing",
        "qualifier": "live",
        "settings": {
            "MaximumRetryAttempts": 0,
            "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}},
        },
    },
    {
        "function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:mail",
        "qualifier": "$LATEST",
        "settings": {"DestinationConfig": {"OnSuccess": {}}},  # it is so already
    },
]


@pytest.mark.parametrize("name", FORMS)
def test_every_format_gives_the_same_jobs(bulkeic: Bulkeic, name: str) -> None:
    (bulkeic.folder / f"{name}.gz").write_bytes(gzip.compress(FORMS[name].encode()))

    assert applied(bulkeic, f"{name}.gz") == EXPECTED


@pytest.mark.parametrize("name", FORMS)
def test_the_format_of_stdin_is_detected_from_its_first_bytes(bulkeic: Bulkeic, name: str) -> None:
    assert applied(bulkeic, "-", stdin=FORMS[name]) == EXPECTED


def test_a_pipe_is_read_like_stdin(bulkeic: Bulkeic) -> None:
    pipe = bulkeic.folder / "pipe"
    os.mkfifo(pipe)
    process = bulkeic.start("apply", "pipe", "--sandbox", "--results", "r.jsonl")
    pipe.write_text(FORMS["targets.csv"])
    _, err = process.communicate(timeout=20)

    assert process.returncode == 0, err
    assert len(bulkeic.outcomes("r.jsonl")) == len(EXPECTED)


def test_the_format_can_be_given(bulkeic: Bulkeic) -> None:
    bulkeic.write("targets.txt", FORMS["targets.jsonl"])

    assert applied(bulkeic, "targets.txt", "--format", "jsonl") == EXPECTED
    refused = bulkeic("apply", "targets.txt", "--sandbox")
    assert refused.code == 2
    assert "--format" in refused.err


def test_aws_cli_output_is_a_targets_file(bulkeic: Bulkeic) -> None:
    bulkeic.write("functions.json", json.dumps(LIST_FUNCTIONS, indent=4))
    bulkeic.write("configs.json", json.dumps(LIST_CONFIGS, indent=4))

    functions = applied(bulkeic, "functions.json", "--maximum-retry-attempts", "1")
    configs = applied(bulkeic, "configs.json")

    assert functions[0]["settings"] == {"MaximumRetryAttempts": 1}
    assert configs[0]["qualifier"] == "live"
    config = LIST_CONFIGS["FunctionEventInvokeConfigs"][0]
    assert configs[0]["settings"]["DestinationConfig"] == config["DestinationConfig"]


def test_field_names_match_in_any_case_and_with_any_separators(bulkeic: Bulkeic) -> None:
    bulkeic.write(
        "t.csv", "function_name,maximum retry attempts,ACCOUNT-ID\norders,1,123456789012\n"
    )

    assert applied(bulkeic, "t.csv") == EXPECTED[:1]


BAD_ROWS = {
    "orders,9,,,": "t.csv:2: MaximumRetryAttempts: 9 is out of range; expected 0 to 2",
    "orders,true,,,": "t.csv:2: MaximumRetryAttempts: 'true' is not an integer; expected 0 to 2",
    "orders,1.0,,,": "t.csv:2: MaximumRetryAttempts: '1.0' is not an integer; expected 0 to 2",
    "orders,,59,,": "t.csv:2: MaximumEventAgeInSeconds: 59 is out of range; expected 60 to 21600",
    "orders,,,,": "t.csv:2: nothing to set",
    "..,1,,,": "t.csv:2: FunctionName: '..' would leave the request's path",
    "no spaces,1,,,": "t.csv:2: FunctionName: 'no spaces' is not a function name",
    f"{'x' * 65},1,,,": "t.csv:2: FunctionName: the name",
    ",1,,,": "t.csv:2: FunctionName: missing",
    "orders:a,1,,b,": "t.csv:2: Qualifier: 'b' contradicts the 'a' in the function's name",
    "orders,1,,,mars-1": "t.csv:2: Region: 'mars-1' is not a Region",
    "arn:aws:lambda:eu-west-1:123456789012:function:f,1,,,us-east-1": (
        "t.csv:2: Region: 'us-east-1' contradicts the 'eu-west-1' in the function's ARN"
    ),
    "arn:aws:lambda:cn-north-1:123456789012:function:f,1,,,": "t.csv:2: FunctionName: partition",
    "\x1b[31mred,1,,,": r"t.csv:2: FunctionName: '\x1b[31mred' is not a function name",
    "orders,1,,": "t.csv:2: 4 cells; the header has 5",
}


def test_invalid_rows_are_listed_and_nothing_is_sent(bulkeic: Bulkeic, server: Server) -> None:
    header = "FunctionName,MaximumRetryAttempts,MaximumEventAgeInSeconds,Qualifier,Region"
    bulkeic.write("t.csv", "\n".join([header, *BAD_ROWS, "good,1,,,"]))

    result = bulkeic("apply", "t.csv", "--yes", "--endpoint-url", server.url)

    assert result.code == 2
    *problems, last = result.lines
    assert len(problems) == len(BAD_ROWS)
    for line, (problem, says) in enumerate(zip(problems, BAD_ROWS.values(), strict=True), 2):
        assert problem.startswith(says.replace("t.csv:2:", f"t.csv:{line}:"))
    assert last.startswith(f"bulkeic: t.csv: {len(BAD_ROWS)} problems, nothing was sent")
    assert server.stats()["calls"] == 0
    assert list((bulkeic.folder / "bulkeic-runs").iterdir()) == []


BAD_DESTINATIONS = {
    ("OnFailure", "queue"): "is not a destination",
    ("OnFailure", "arn:aws:sqs:us-east-1:123456789012:dead.fifo"): "is a FIFO queue or topic",
    ("OnFailure", "arn:aws:sns:us-east-1:123456789012:topic.fifo"): "is a FIFO queue or topic",
    ("OnSuccess", "arn:aws:s3:::bucket"): "an S3 bucket can be a destination for OnFailure only",
    ("OnFailure", "arn:aws:kinesis:us-east-1:123456789012:stream/s"): "cannot be a destination",
    ("OnFailure", f"arn:aws:sqs:us-east-1:123456789012:{'q' * 350}"): "expected at most 350",
}


def test_destinations_that_lambda_would_refuse_are_reported(
    bulkeic: Bulkeic, server: Server
) -> None:
    rows = [
        f"orders-{number}" + (f",{arn}," if field == "OnSuccess" else f",,{arn}")
        for number, (field, arn) in enumerate(BAD_DESTINATIONS)
    ]
    bulkeic.write("t.csv", "\n".join(["FunctionName,OnSuccess,OnFailure", *rows]))

    result = bulkeic("apply", "t.csv", "--yes", "--endpoint-url", server.url)

    assert result.code == 2
    for line, ((field, _), says) in enumerate(BAD_DESTINATIONS.items(), 2):
        assert result.lines[line - 2].startswith(f"t.csv:{line}: {field}: ")
        assert says in result.lines[line - 2]
    # The account of a bare name is known only when STS has been asked.
    itself = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
    bulkeic.write("t.csv", f"FunctionName,OnFailure\norders,{itself}\n")
    result = bulkeic("apply", "t.csv", "--yes", "--endpoint-url", server.url)
    assert result.code == 2
    assert result.lines[0].startswith("t.csv:2: OnFailure: ")
    assert "its own destination" in result.lines[0]
    assert server.calls() == 0


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("t.csv", b"", "t.csv: empty"),
        ("t.csv", b"FunctionName;Qualifier,Region\n", "by commas and by semicolons; use one"),
        ("t.csv", "FunctionName\n".encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8 FILE > NEW"),
        (
            "t.csv",
            b"PK\x03\x04\x14\0[Content_Types].xml",
            "t.csv: cannot be read: an Excel workbook",
        ),
        ("t.yaml", b"- FunctionName: a\n", "cannot be read: YAML; convert it: yq -o=json FILE"),
        ("t.csv", b"FunctionName,MaxRetryAttempts\n", "did you mean MaximumRetryAttempts?"),
        ("t.csv", b"FunctionName,function-name\n", "t.csv:1: FunctionName: given twice"),
        ("t.csv", b"FunctionName\ncaf\xe9\n", "t.csv:2: not UTF-8"),
        ("t.csv.gz", gzip.compress(b"FunctionName\n" * 99, mtime=0)[:-9], "t.csv.gz"),
        ("t.json", b"", "t.json: empty"),
        ("t.json", b'{"a": 1}', "t.json:1: contains no list of rows"),
        ("t.json", b'[{"FunctionName": "a",}]', "t.json:1: not JSON"),
        ("t.json", b'{"a": [], "b": []}', "two lists, 'a' and 'b'"),
        ("t.json", b"[" * 100_000, "t.json:1: nested more than 16 deep"),
        ("t.jsonl", b'{"FunctionName": "a"', "t.jsonl:1: not JSON"),
        ("t.jsonl", b"5\n", "t.jsonl:1: a row must be an object"),
        ("t.jsonl", b'{"FunctionNam": "a"}', "did you mean FunctionName?"),
    ],
)
def test_an_unreadable_targets_file_is_one_line(
    bulkeic: Bulkeic, name: str, content: bytes, says: str
) -> None:
    (bulkeic.folder / name).write_bytes(content)

    result = bulkeic("apply", name, "--sandbox", "--maximum-retry-attempts", 1)

    assert result.code == 2
    assert says in result.lines[0]
    assert len(result.lines) <= 2


def test_many_problems_are_grouped_by_cause_and_all_are_counted(bulkeic: Bulkeic) -> None:
    bulkeic.write("t.csv", "FunctionName\n" + "a b\n" * 30)

    result = bulkeic("apply", "t.csv", "--sandbox", "--maximum-retry-attempts", 1)

    cause, last = result.lines
    assert cause.startswith("30 rows: t.csv:2: FunctionName: 'a b'")
    assert "30 problems" in last


def test_skip_invalid_applies_the_valid_rows(bulkeic: Bulkeic) -> None:
    bulkeic.write("t.csv", "FunctionName,MaximumRetryAttempts\ngood,1\na b,7\nshort\nfine,0\n")

    result = bulkeic(
        "apply", "t.csv", "--sandbox", "--skip-invalid", "--results", "r.jsonl", "--output", "json"
    )

    assert result.code == 1
    assert (result.summary["updated"], result.summary["invalid"]) == (2, 2)
    assert result.lines[0].startswith("warning: t.csv:3: FunctionName")
    invalid = [o for o in bulkeic.outcomes("r.jsonl") if o["status"] == "invalid"]
    assert [outcome["source"] for outcome in invalid] == ["t.csv:3", "t.csv:4"]
    assert invalid[0]["function_name"] == "a b"
    assert invalid[0]["error_code"] == "InvalidInput"
    assert "MaximumRetryAttempts: 7 is out of range" in invalid[0]["error_message"]


def test_the_same_target_twice(bulkeic: Bulkeic, server: Server) -> None:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:orders"
    same = f"FunctionName,MaximumRetryAttempts\norders,1\n{arn}:$LATEST,1\n"
    other = f"FunctionName,MaximumRetryAttempts\norders,1\nfree,1\n{arn},2\n"
    bulkeic.write("same.csv", same)
    bulkeic.write("other.csv", other)

    merged = bulkeic("apply", "same.csv", "--yes", "--endpoint-url", server.url)
    assert merged.code == 0
    assert merged.lines[0] == (
        "warning: same.csv:3: the same target and settings as line 2; merged"
    )
    assert server.calls() == 1

    refused = bulkeic("apply", "other.csv", "--yes", "--endpoint-url", server.url)
    assert refused.code == 2
    assert "other.csv:4: the same target as line 2, with other settings" in refused.lines[0]
    assert server.calls() == 1

    words = ("--yes", "--endpoint-url", server.url, "--skip-invalid", "--output", "json")
    skipped = bulkeic("apply", "other.csv", *words)
    assert (skipped.summary["updated"], skipped.summary["invalid"]) == (1, 2)


@pytest.mark.parametrize(
    ("destination", "says"),
    [
        ("kafka://topic", "destination of event source mappings only"),
        ("arn:aws:events:us-east-1:123456789012:rule/r", "must name event-bus/NAME"),
        ("arn:aws:lambda:us-east-1:123456789012:layer:l:1", "must name function:NAME"),
        ("arn:aws:sqs::123456789012:q", "has no region"),
        ("arn:aws:sns:us-east-1::t", "has no account"),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:q", "in partition aws-cn, the target in aws"),
        ("arn:aws-cn:s3:::bucket", "in partition aws-cn, the target in aws"),
        ("arn:{partition}:sqs:cn-north-1:{account}:q", "does not contain the Region cn-north-1"),
    ],
)
def test_a_destination_that_lambda_would_refuse_is_refused_before_any_call(
    bulkeic: Bulkeic, server: Server, destination: str, says: str
) -> None:
    bulkeic.write("t.csv", f"FunctionName,OnFailure\norders,{destination}\n")

    result = bulkeic("apply", "t.csv", "--yes", "--endpoint-url", server.url)

    assert result.code == 2
    assert result.lines[0].startswith("t.csv:2: OnFailure: ")
    assert says in result.lines[0]
    assert server.calls() == 0


def test_a_partner_event_bus_is_warned_of_once(bulkeic: Bulkeic, server: Server) -> None:
    bus = "arn:aws:events:{region}:{account}:event-bus/aws.partner/example.com/1"
    bulkeic.write("t.csv", "FunctionName\norders\nbilling\n")
    words = ("--yes", "--endpoint-url", server.url, "--on-failure", bus)

    result = bulkeic("apply", "t.csv", *words, "--replace-destinations")

    warnings = [line for line in result.lines if "partner event bus" in line]
    assert [line.split(": ")[:3] for line in warnings] == [["warning", "t.csv:2", "OnFailure"]]
    assert server.calls() > 0


def test_a_row_of_another_account_is_refused_before_any_call(
    bulkeic: Bulkeic, server: Server
) -> None:
    bulkeic.write("t.csv", "FunctionName\norders\n999999999999:function:theirs\n")
    words = ("--yes", "--endpoint-url", server.url, "--maximum-retry-attempts", 1)

    result = bulkeic("apply", "t.csv", *words)

    assert result.code == 2
    assert result.lines[0].startswith(
        "t.csv:3: AccountId: account 999999999999 is not 123456789012"
    )
    assert server.calls() == 0
    skipped = bulkeic("apply", "t.csv", *words, "--skip-invalid", "--output", "json")
    assert (skipped.summary["updated"], skipped.summary["invalid"]) == (1, 1)


def test_a_bare_name_needs_a_region(bulkeic: Bulkeic, tmp_path: Path) -> None:
    bulkeic.write("t.csv", "FunctionName,MaximumRetryAttempts\norders,1\n")
    profile = tmp_path / "config"
    profile.write_text("[profile west]\nregion = us-west-2\n")

    refused = bulkeic("apply", "t.csv", "--sandbox", AWS_DEFAULT_REGION=None)
    assert refused.code == 2
    assert refused.lines[0].startswith("t.csv:2: Region: not known")

    for words, region in (
        (("--region", "eu-north-1"), "eu-north-1"),
        (("--profile", "west"), "us-west-2"),
    ):
        env = {"AWS_DEFAULT_REGION": None, "AWS_CONFIG_FILE": str(profile)}
        done = bulkeic(
            "apply", "t.csv", "--sandbox", *words, "--results", "r.jsonl", "--overwrite", **env
        )
        assert done.code == 0, done.err
        assert bulkeic.outcomes("r.jsonl")[0]["region"] == region
