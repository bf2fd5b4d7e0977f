"""What ``terraform show -json`` prints becomes targets; every other file is refused in one line."""

import gzip
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.code.code_targets import code_targets
from bulkeic.core.code.declared_code import DeclaredCode
from bulkeic.core.errors import InputError
from bulkeic.core.model import CLEARED, LATEST, Settings
from bulkeic.core.targets.rows import Defaults, Row, RowParser
from bulkeic.iac.terraform import show_file
from bulkeic.iac.terraform.show_json import read_show_json

from .terraform_shows import (
    ACCOUNT,
    REGION,
    VERSIONS,
    Shown,
    alias,
    arn_of,
    config,
    function,
    module,
    plan,
    resource,
    state,
)

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:dead"
WHOLE = Settings(1, 3600, CLEARED, QUEUE)
WAY_OUT = "run 'terraform show -json > state.json', or the same with tofu, and give that file"
IN_PLAN = "known only after apply; run 'terraform apply', then 'terraform show -json > state.json'"
FIRST = "aws_lambda_function_event_invoke_config.c"

Show = Callable[..., Shown]

destinations = st.sampled_from([CLEARED, QUEUE, f"arn:aws:sns:{REGION}:{ACCOUNT}:t"])
wholes = st.builds(
    Settings, st.integers(0, 2), st.none() | st.integers(60, 21600), destinations, destinations
)


def read(shown: Shown | bytes) -> DeclaredCode:
    data = shown if isinstance(shown, bytes) else json.dumps(shown).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.json"
        path.write_bytes(data)
        try:
            return read_show_json(str(path)).code
        except InputError as problem:
            problem.source = path.name
            raise


def jobs(*shown: Shown, with_lacking: bool = False) -> dict[str, tuple[str, Settings] | str]:
    """The target and settings of each address, or the problem."""
    parser = RowParser("s.json", Defaults(region="eu-west-1"), exact=True)
    found: dict[str, tuple[str, Settings] | str] = {}
    for each in code_targets(list(map(read, shown)), with_lacking=with_lacking):
        if isinstance(each.row, Row):
            job = parser.job(0, each.row)
            found[each.address] = (f"{job.target.arn}:{job.target.qualifier}", job.settings)
        else:
            found[each.address] = str(InputError(each.row.rule, field=each.row.field))
    return found


@settings(deadline=None, max_examples=60)
@given(
    wholes,
    st.sampled_from(VERSIONS),
    st.sampled_from(["f", f"{ACCOUNT}:function:f", arn_of("f")]),
    st.sampled_from(["", "live", LATEST]),
    st.sampled_from([state, plan]),
)
def test_settings_are_read_back_from_any_version(
    whole: Settings, version: int, name: str, qualifier: str, show: Show
) -> None:
    shown = config("c", name, whole, version=version, qualifier=qualifier)
    others = (function("f", version=version), resource("aws_s3_bucket", "b", {"bucket": "b"}))

    found = jobs(show(shown, *others))

    assert found == {FIRST: (f"{arn_of('f')}:{qualifier or LATEST}", whole)}


def test_modules_indexes_and_what_is_not_managed() -> None:
    inner = 'module.b["x.y[0]\\"]"]'
    deep = module(
        "module.a",
        modules=[module(f"module.a.{inner}", config("c", "g", WHOLE, module=f"module.a.{inner}"))],
    )
    code = read(
        state(
            config("c", "f", WHOLE, index=0),
            config("c", "f", WHOLE, index="live", qualifier="live"),
            config("c", "data", WHOLE, mode="data"),
            config("c", "old", WHOLE, deposed_key="deadbeef"),
            modules=[deep],
        )
    )

    assert [(each.address, each.row.values["FunctionName"]) for each in code.configs] == [
        (f"{FIRST}[0]", "f"),
        (f'{FIRST}["live"]', "f"),
        (f"module.a.{inner}.{FIRST}", "g"),
    ]


def test_account_and_region_come_from_the_function_that_a_configuration_depends_on() -> None:
    both = (
        function("f", version=5, label="here"),
        function("f", version=5, label="there", region="eu-west-1", index=0),
    )
    there = config("c", "f", WHOLE, version=5, depends_on=["aws_lambda_function.there"])
    neither = config("c", "f", WHOLE, version=5)
    by_region = config("c", "f", WHOLE, version=6, region="eu-west-1")

    assert jobs(state(*both, there))[FIRST] == (f"{arn_of('f', 'eu-west-1')}:{LATEST}", WHOLE)
    assert jobs(state(*both, by_region))[FIRST] == (f"{arn_of('f', 'eu-west-1')}:{LATEST}", WHOLE)
    assert jobs(state(*both), state(neither))[FIRST] == (
        f"FunctionName: functions of this name are declared in {ACCOUNT}/eu-west-1, "
        f"{ACCOUNT}/{REGION}; expected a full ARN"
    )
    regions = [f"eu-west-{number}" for number in range(1, 10)]
    everywhere = [function("f", version=5, region=each) for each in regions]
    assert jobs(state(*everywhere), state(neither))[FIRST] == (
        "FunctionName: functions of this name are declared in 9 places; expected a full ARN"
    )
    assert jobs(state(neither))[FIRST] == ("arn:aws:lambda:eu-west-1::function:f:$LATEST", WHOLE)


def test_a_function_in_another_file_says_where_a_configuration_is() -> None:
    bare = config("c", "f", WHOLE, version=5)

    assert jobs(state(bare), state(function("f"))) == {FIRST: (f"{arn_of('f')}:{LATEST}", WHOLE)}


def test_functions_and_aliases_without_a_configuration_want_none() -> None:
    nothing = Settings()
    shown = state(
        config("c", "f", WHOLE), function("f"), alias("live", "f"), alias("live", "elsewhere")
    )

    found = jobs(shown, state(function("f"), function("g")), with_lacking=True)

    assert found == {
        FIRST: (f"{arn_of('f')}:{LATEST}", WHOLE),
        "aws_lambda_alias.f-live": (f"{arn_of('f')}:live", nothing),
        "aws_lambda_alias.elsewhere-live": (f"{arn_of('elsewhere')}:live", nothing),
        "aws_lambda_function.g": (f"{arn_of('g')}:{LATEST}", nothing),
    }


@pytest.mark.parametrize(
    ("unknown", "problem"),
    [
        ({"id": True}, None),
        ({"function_name": True}, f"function_name: {IN_PLAN}"),
        (
            {"destination_config": [{"on_failure": [{"destination": True}]}]},
            f"destination_config: {IN_PLAN}",
        ),
        (True, IN_PLAN),
    ],
)
def test_what_a_plan_does_not_know_is_a_problem(unknown: Any, problem: str | None) -> None:
    shown = plan(config("c", "f", WHOLE), unknown={FIRST: unknown})

    found = jobs(shown)[FIRST]

    assert found == (problem or (f"arn:aws:lambda:{REGION}::function:f:{LATEST}", WHOLE))


def test_a_configuration_that_a_plan_does_not_know_does_not_make_its_function_lack_one() -> None:
    unknown = {FIRST: {"maximum_retry_attempts": True}}
    shown = plan(config("c", "f", WHOLE), function("f"), unknown=unknown)

    assert list(jobs(shown, with_lacking=True)) == [FIRST]


def test_a_function_that_is_planned_again_is_where_it_was() -> None:
    again = function("f", version=5)
    again["values"]["arn"] = None

    found = jobs(plan(config("c", "f", WHOLE, version=5), again, prior=[function("f")]))

    assert found[FIRST] == (f"{arn_of('f')}:{LATEST}", WHOLE)


def _kinds() -> Iterator[tuple[str, bytes, str]]:
    shown = state(config("c", "f", WHOLE))
    raw = {"version": 4, "terraform_version": "1.9.8", "lineage": "x", "resources": []}
    messages = b'{"@level":"info","@message":"Terraform 1.9.8"}\n{"@level":"info"}\n'
    wrong = state(resource("aws_lambda_function_event_invoke_config", "c", {"region": 1}))
    yield "raw state", json.dumps(raw).encode(), f"a raw state file; {WAY_OUT}"
    yield "empty state", b'{"format_version":"1.0"}', "an empty state: nothing was deployed there"
    yield "newer", json.dumps(shown | {"format_version": "2.0"}).encode(), "format_version '2.0' is"
    yield "binary plan", b"PK\x03\x04tfplan", "a binary plan file; run 'terraform show -json FILE"
    yield "HCL", b'\nresource "aws_lambda_function" "f" {}', "Terraform's code, or text for people"
    yield "text", b"# aws_lambda_function.f:\n", f"Terraform's code, or text for people; {WAY_OUT}"
    yield "messages", messages, f"the messages of a command with -json; {WAY_OUT}"
    yield "list", b"[]", f"not a JSON object; {WAY_OUT}"
    yield "nothing", b" \n", f"an empty file; {WAY_OUT}"
    yield "other JSON", b'{"a":1}', f"not what 'terraform show -json' prints; {WAY_OUT}"
    yield "cut", json.dumps(shown).encode()[:-9], "not valid JSON (Input data was truncated); run"
    yield "types", b'{"format_version":1}', "not what 'terraform show -json' prints (Expected"
    yield "attribute", json.dumps(wrong).encode(), f"{FIRST}: Expected `str | null`, got `int`"
    deep = b"[" * 100_000
    yield "deep", b'{"format_version":"1.0","x":' + deep, "nested too deeply, not what 'terraform"
    yield "bad gzip", b"\x1f\x8b\x08nothing", "damaged gzip: "
    yield "bad UTF-16", b"\xff\xfe{\x00\x00", f"damaged UTF-16; {WAY_OUT}"


@pytest.mark.parametrize(
    ("data", "problem"), [pytest.param(*case, id=kind) for kind, *case in _kinds()]
)
def test_another_file_is_refused_in_one_line(data: bytes, problem: str) -> None:
    with pytest.raises(InputError) as refused:
        read(data)

    assert str(refused.value).startswith(f"s.json: {problem}")
    assert str(refused.value).isprintable()


def test_a_file_that_cannot_be_read_or_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.json: cannot be read: No such file"):
        read_show_json(str(tmp_path / "gone.json"))
    large = tmp_path / "large.json"
    large.touch()
    os.truncate(large, show_file.MOST_BYTES + 1)
    with pytest.raises(InputError, match=r"large\.json: larger than 256 MiB; keep"):
        read_show_json(str(large))


@pytest.mark.parametrize("encode", [gzip.compress, lambda data: data.decode().encode("utf-16")])
def test_gzip_and_what_powershell_writes_are_read(encode: Any) -> None:
    shown = json.dumps(state(config("c", "f", WHOLE))).encode()

    assert read(encode(shown)).configs == read(shown).configs
    assert read(b"\xef\xbb\xbf" + shown).configs == read(shown).configs
