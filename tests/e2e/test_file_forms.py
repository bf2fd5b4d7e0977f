"""Files as other tools write them, and outcomes, are targets files."""

import bz2
import codecs
import gzip
import io
import json
import lzma
import re
import shutil
import subprocess
import zipfile
from typing import Any

import pytest

from .conftest import ACCOUNT, REGION, Bulkeic, Server

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
NAMES = ("orders", "billing", "mail")
SETTINGS = {
    "MaximumRetryAttempts": 1,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": QUEUE}},
}


def arn(name: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def pages(*names: str) -> str:
    """What a shell loop over ``aws lambda list-function-event-invoke-configs`` prints."""
    text = ""
    for name in names or NAMES:
        config = {"LastModified": "2025-11-01T10:00:00+00:00", "FunctionArn": arn(name), **SETTINGS}
        text += json.dumps({"FunctionEventInvokeConfigs": [config]}, indent=4) + "\n"
    return text + json.dumps({"FunctionEventInvokeConfigs": []}, indent=4) + "\n"


def sheet(separator: str) -> str:
    """What a spreadsheet saves, with a column and rows that were once used."""
    rows = [["Function Name", "Maximum Retry Attempts", "On Success", "On Failure", ""]]
    rows += [[name, "1", "none", QUEUE, ""] for name in NAMES]
    rows += [[""] * 5] * 3
    return "".join(separator.join(row) + "\r\n" for row in rows)


def discovered(name: str) -> dict[str, Any]:
    """A row of ``discover --with-config``, with the wanted settings added."""
    return {
        "FunctionName": name,
        "AccountId": ACCOUNT,
        "Region": REGION,
        "CurrentMaximumRetryAttempts": 2,
        "current_maximum_event_age_in_seconds": 900,
        "CURRENT ON FAILURE": "not an ARN",
        "MaximumRetryAttempts": 1,
        "OnSuccess": "none",
        "OnFailure": QUEUE,
    }


DISCOVERED = [discovered(name) for name in NAMES]

FORMS = {
    "discovered.csv": "".join(
        ",".join(map(str, row)) + "\n"
        for row in (DISCOVERED[0], *(row.values() for row in DISCOVERED))
    ).encode(),
    "discovered.json": json.dumps(DISCOVERED).encode(),
    "discovered.jsonl": "".join(json.dumps(row) + "\n" for row in DISCOVERED).encode(),
    "configs.json": pages().encode(),
    "configs.jsonl": pages().encode(),
    "mixed.jsonl": (
        json.dumps({"FunctionArn": arn("orders"), **SETTINGS}) + "\n" + pages("billing", "mail")
    ).encode(),
    "powershell.json": codecs.BOM_UTF16_LE + pages().encode("utf-16-le"),
    "powershell.json.gz": gzip.compress(codecs.BOM_UTF16_LE + pages().encode("utf-16-le")),
    "european.csv": codecs.BOM_UTF8 + sheet(";").encode(),
    "american.csv": sheet(",").encode(),
    "unicode.tsv": codecs.BOM_UTF16_LE + sheet("\t").encode("utf-16-le"),
    "big-endian.csv": codecs.BOM_UTF16_BE + sheet(";").encode("utf-16-be"),
}


def applied(bulkeic: Bulkeic, name: str, *words: object) -> list[dict[str, Any]]:
    result = bulkeic("apply", name, "--sandbox", "--results", "r.jsonl", "--overwrite", *words)
    assert result.code == 0, result.err
    return sorted(bulkeic.outcomes("r.jsonl"), key=lambda outcome: outcome["seq"])


@pytest.mark.parametrize("name", FORMS)
def test_each_form_gives_the_same_jobs(bulkeic: Bulkeic, name: str) -> None:
    (bulkeic.folder / name).write_bytes(FORMS[name])

    outcomes = applied(bulkeic, name)

    found = {outcome["function_arn"]: outcome["settings"] for outcome in outcomes}
    assert found == {arn(name): SETTINGS for name in NAMES}


@pytest.mark.parametrize("command", ["plan", "verify"])
def test_every_command_ignores_what_a_target_has_today(bulkeic: Bulkeic, command: str) -> None:
    (bulkeic.folder / "discovered.csv").write_bytes(FORMS["discovered.csv"])

    result = bulkeic(command, "discovered.csv", "--sandbox", "--output", "json")

    assert result.code in {0, 4}, result.err
    assert json.loads(result.out)["targets"] == len(NAMES)


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
@pytest.mark.parametrize("by", ["export", "--results"])
def test_outcomes_are_a_targets_file(
    bulkeic: Bulkeic, server: Server, ending: str, by: str
) -> None:
    bulkeic.write(
        "t.csv",
        "FunctionName,AccountId,Region,MaximumRetryAttempts,MaximumEventAgeInSeconds,OnFailure\n"
        f"orders:live,,,1,,{{partition}}\n-f,,,0,60,none\n{arn('mail')},,,,3600,\n".replace(
            "{partition}", "arn:{partition}:sqs:{region}:{account}:dead"
        ),
    )
    words = ("--yes", "--endpoint-url", server.url)
    done = bulkeic("apply", "t.csv", *words, "--run", "a.run", "--results", f"first.{ending}")
    assert done.code == 0, done.err
    if by == "export":
        exported = bulkeic("export", "a.run", "--format", ending)
        bulkeic.write(f"first.{ending}", exported.out)
    calls = server.calls()

    verified = bulkeic("verify", f"first.{ending}", "--endpoint-url", server.url)
    again = bulkeic("apply", f"first.{ending}", *words, "--run", "b.run", "--output", "json")

    assert verified.code == 0, verified.err
    assert (again.code, again.summary["unchanged"]) == (0, 3)
    assert server.calls() == calls
    assert settings_of(bulkeic, "b.run") == settings_of(bulkeic, "a.run")


def settings_of(bulkeic: Bulkeic, run: str) -> dict[str, Any]:
    outcomes = map(json.loads, bulkeic("export", run).out.splitlines())
    return {f"{each['function_arn']}:{each['qualifier']}": each["settings"] for each in outcomes}


def zipped(text: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("targets.csv", text)
    return packed.getvalue()


CONVERTED = {
    "little-endian.csv": sheet(";").encode("utf-16-le"),
    "big-endian.json": pages().encode("utf-16-be"),
    "utf-32.jsonl": pages().encode("utf-32"),
    "latin.csv": sheet(";").replace("orders", "orders\xa0").encode("cp1252"),
    "packed.csv": bz2.compress(sheet(",").encode()),
    "xz.csv": lzma.compress(sheet(",").encode()),
    "archive.csv": zipped(sheet("\t")),
}


@pytest.mark.parametrize("name", CONVERTED)
def test_the_command_of_the_error_converts_the_file(bulkeic: Bulkeic, name: str) -> None:
    (bulkeic.folder / name).write_bytes(CONVERTED[name])

    refused = bulkeic("apply", name, "--sandbox")

    assert refused.code == 2
    first = refused.lines[0]
    command = re.findall(r"(?:convert|unpack) it: (\w.* > NEW)", first)[-1]
    if shutil.which(command.split()[0]) is None:
        pytest.skip(f"there is no {command.split()[0]}")
    shell = command.replace("FILE", name).replace("NEW", f"new-{name}")
    subprocess.run(shell, cwd=bulkeic.folder, shell=True, check=True, timeout=20)
    converted = bulkeic("apply", f"new-{name}", "--sandbox", "--results", "r.jsonl")
    if name == "latin.csv":  # it can be read now, and so the bad name is found
        assert "FunctionName: 'orders\\xa0' is not a function name" in converted.lines[0]
    else:
        assert (converted.code, len(bulkeic.outcomes("r.jsonl"))) == (0, 3), converted.err


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_a_loop_over_the_aws_cli_prints_a_targets_file(
    bulkeic: Bulkeic, server: Server, ending: str
) -> None:
    if shutil.which("aws") is None:
        pytest.skip("there is no AWS CLI")
    bulkeic.write("t.csv", sheet(","))
    words = ("--yes", "--endpoint-url", server.url)
    assert bulkeic("apply", "t.csv", *words, "--create-missing").code == 0
    loop = (
        f"for name in {' '.join(NAMES)}; do aws lambda list-function-event-invoke-configs "
        f'--function-name "$name" --output json --endpoint-url {server.url}; done > found.{ending}'
    )
    subprocess.run(
        loop, cwd=bulkeic.folder, shell=True, check=True, timeout=60,
        env=bulkeic.env | {"PYTHONWARNINGS": ""},
    )  # fmt: skip

    verified = bulkeic("verify", f"found.{ending}", "--endpoint-url", server.url, "--output=json")

    assert verified.code == 0, verified.err
    assert verified.summary["targets"] == len(NAMES)
