"""Code and AWS are compared in both directions, and code is a source of targets."""

import json
from collections.abc import Callable
from xml.etree import ElementTree as ET

import pytest

from bulkeic.core.model import CLEARED, Settings
from tests.iac.terraform_shows import Shown, alias, arn_of, config, function, module, plan, state

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .test_plan import DEAD, DONE, GET, LANE, PUT, counted, held, meddle

Start = Callable[..., Server]
FUNCTIONS = 30
WHOLE = Settings(1, 3600, CLEARED, DEAD)
HAS = {"MaximumRetryAttempts": 1, "MaximumEventAgeInSeconds": 3600,
       "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": DEAD}}}  # fmt: skip
IN_PLAN = "known only after apply; run 'terraform apply', then 'terraform show -json > state.json'"
CONFIG = "aws_lambda_function_event_invoke_config"


def write(bulkeic: Bulkeic, shown: Shown, name: str = "state.json") -> None:
    bulkeic.write(name, json.dumps(shown))


def start_fleet(bulkeic: Bulkeic, sandbox: Start, fleet: Shown) -> Server:
    bulkeic.write("fleet.json", json.dumps({LANE: fleet}))
    return sandbox("--rate", "unlimited", "--state", "fleet.json")


def third_in_code() -> tuple[Shown, Shown]:
    """A state with a third of the fleet, and the fleet as code declares it."""
    names = [f"fn-{number:02}" for number in range(FUNCTIONS)]
    coded = names[::3]
    configs = [
        config("each", name, WHOLE, version=5, index=name, module="module.lambdas")
        for name in coded
    ]
    functions = [function(name, index=name, label="all") for name in coded]
    fleet = {name: {"$LATEST": HAS if name in coded else None} for name in names}
    return state(*functions, modules=[module("module.lambdas", *configs)]), fleet


def test_drift_is_found_in_each_direction(bulkeic: Bulkeic, sandbox: Start) -> None:
    shown, fleet = third_in_code()
    bare, lone = function("bare"), alias("live", "lone")
    shown["values"]["root_module"]["resources"] += [bare, function("lone"), lone]
    write(bulkeic, shown)
    server = start_fleet(bulkeic, sandbox, fleet | {"bare": {"$LATEST": None}, "lone": {}})
    ends = ("--endpoint-url", server.url, "--rate", "unlimited")
    words = ("verify", "--terraform", "state.json", *ends)

    same = bulkeic(*words)

    assert (same.code, same.out) == (0, ""), same.err
    assert "13 targets: 0 updated, 13 unchanged" in same.lines
    assert counted(server) == {GET: 13}

    meddle(server, "fn-00", None)
    meddle(server, "fn-03", HAS | {"MaximumRetryAttempts": 0})
    meddle(server, "bare", {"MaximumRetryAttempts": 2})
    files = ("--junit", "j.xml", "--markdown", "drift.md", "--results", "r.jsonl")
    drifted = bulkeic(*words, *files)

    assert drifted.code == 4, drifted.err
    found = f"state.json: module.lambdas.{CONFIG}.each"
    assert sorted(drifted.out.splitlines()) == sorted([
        f'+ {arn_of("fn-00")}:$LATEST  ({found}["fn-00"])',
        "    + MaximumRetryAttempts:        1",
        "    + MaximumEventAgeInSeconds:    3600",
        f"    + DestinationConfig.OnFailure: {DEAD}",
        f'~ {arn_of("fn-03")}:$LATEST  ({found}["fn-03"])',
        "    ~ MaximumRetryAttempts: 0 -> 1",
        f"- {arn_of('bare')}:$LATEST  (state.json: aws_lambda_function.bare)",
        "    - MaximumRetryAttempts: 2",
    ])  # fmt: skip
    messages = {each["source"]: each["error_message"] for each in bulkeic.outcomes("r.jsonl")}
    assert messages["state.json: aws_lambda_function.bare"] == (
        "there is a configuration, wanted none"
    )
    assert messages[f'{found}["fn-00"]'] == "there is no configuration"
    failures = [
        str(each.text).partition("\n")[0]
        for each in ET.fromstring((bulkeic.folder / "j.xml").read_bytes()).iter("failure")
    ]
    assert f'row: {found}["fn-03"]' in failures
    assert drifted.lines[-1] == (
        f"apply with: bulkeic apply --endpoint-url {server.url} --rate unlimited "
        "--terraform state.json"
    )
    text = (bulkeic.folder / "drift.md").read_text()
    assert text.startswith(
        "### `bulkeic verify`: drift\n\n**13 targets**: 10 as wanted, 3 drifted\n\n"
        "| Target | Declared in | Field | Wanted | Live |\n"
    )
    assert (
        f'| `{arn_of("fn-03")}:$LATEST` | `{found}["fn-03"]` | `MaximumRetryAttempts` | `1` | `0` |'
    ) in text
    assert "`state.json: aws_lambda_function.bare` | configuration | `no configuration` |" in text
    again = bulkeic(*words, "--markdown", "drift.md")
    assert (again.code, again.lines) == (
        2, ["bulkeic: --markdown 'drift.md' exists already; use another file"]
    )  # fmt: skip


def test_code_is_planned_and_applied_as_terraform_would(bulkeic: Bulkeic, sandbox: Start) -> None:
    unset_age = config("a", "a", Settings(2, None, CLEARED, CLEARED), version=4)
    write(bulkeic, state(unset_age, function("a"), function("kept")))
    write(bulkeic, plan(config("b", "b", WHOLE, qualifier="live")), "plan.json")
    live = HAS | {"DestinationConfig": {"OnSuccess": {"Destination": DONE}, "OnFailure": {}}}
    server = start_fleet(
        bulkeic,
        sandbox,
        {"a": {"$LATEST": live}, "b": {"live": None}, "kept": {"$LATEST": HAS}},
    )
    code = ("--terraform", "state.json", "--terraform", "plan.json")
    ends = ("--endpoint-url", server.url)

    planned = bulkeic("plan", *code, "--create-missing", "--run", "run.db", "--diff", *ends)
    applied = bulkeic("apply", "run.db", "--yes", *ends)

    assert planned.code == 0, planned.err
    assert "    - MaximumEventAgeInSeconds:    3600\n" in planned.out
    assert "plan: 1 to change, 1 to create" in planned.lines
    assert applied.code == 0, applied.err
    assert counted(server)[PUT] == 2
    after = held(server)
    assert after["a"]["$LATEST"]["MaximumEventAgeInSeconds"] is None
    assert after["b"]["live"] == HAS
    assert after["kept"]["$LATEST"] == HAS  # code wants none there; only verify says so
    assert bulkeic("verify", "run.db", *ends).code == 0
    left = bulkeic("verify", *code, *ends)
    assert left.code == 4
    assert f"- {arn_of('kept')}:$LATEST  (state.json: aws_lambda_function.kept)\n" in left.out
    assert not any(line.startswith("apply with: ") for line in left.lines)
    assert bulkeic("rollback", "run.db", "--yes", *ends).code == 0
    assert held(server)["a"]["$LATEST"] == live


def test_a_target_that_is_declared_twice_is_named_by_both_addresses(bulkeic: Bulkeic) -> None:
    write(bulkeic, state(config("a", "f", WHOLE), config("b", arn_of("f"), WHOLE), function("f")))
    write(bulkeic, state(config("c", "f", Settings(0))), "other.json")
    words = ("verify", "--sandbox", "--terraform", "state.json")

    merged = bulkeic(*words)
    refused = bulkeic(*words, "--terraform", "other.json")

    first = f"state.json: {CONFIG}.a"
    assert (
        f"warning: state.json: {CONFIG}.b: the same target and settings as {first}; merged"
    ) in merged.lines
    assert refused.code == 2
    assert (
        f"other.json: {CONFIG}.c: the same target as {first}, with other settings; keep one of them"
    ) in refused.lines


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("verify", "--terraform", "main.tf"), "main.tf: Terraform's code, or text for people; "),
        (("apply", "--terraform", "run.db", "--yes"), "run.db: not a JSON object; run 'terraform"),
        (("plan",), "Missing argument 'SOURCE'; expected a targets file, - for stdin, or a run"),
        (
            ("apply", "--terraform", "state.json", "--maximum-retry-attempts", "1", "--yes"),
            "--terraform and --template declare the settings of their targets; omit the flags ",
        ),
        (
            ("verify", "--terraform", "state.json", "--markdown", "state.json"),
            "--markdown 'state.json' is also an input file; use another file",
        ),
        (
            ("verify", "--terraform", "state.json", "--results", "r.csv", "--markdown", "r.csv"),
            "--results and --markdown name the same file; use two files",
        ),
        (("plan", "--terraform", "none.json"), "none.json has no targets; use --allow-empty"),
        (
            ("plan", "--terraform", "bad.json"),
            "bad.json: 2 problems, nothing was sent; fix them, or skip",
        ),
    ],
)
def test_wrong_input_is_refused_in_one_line(
    bulkeic: Bulkeic, words: tuple[str, ...], problem: str
) -> None:
    bulkeic.write("main.tf", 'resource "aws_lambda_function" "f" {}\n')
    write(bulkeic, state(config("c", "f", WHOLE)))
    write(bulkeic, state(function("f")), "none.json")
    bulkeic.write("run.db", "SQLite format 3\x00\n")
    unknown = {f"{CONFIG}.d": {"function_name": True}}
    bad = plan(config("c", "f", Settings(7)), config("d", None, WHOLE), unknown=unknown)
    write(bulkeic, bad, "bad.json")

    result = bulkeic(*words)

    assert result.code == 2
    assert result.lines[-1].startswith(f"bulkeic: {problem}")
    if "bad.json" in words:
        assert result.lines[:-1] == [
            f"bad.json: {CONFIG}.c: MaximumRetryAttempts: 7 is out of range; expected 0 to 2",
            f"bad.json: {CONFIG}.d: function_name: {IN_PLAN}",
        ]


def test_a_run_file_is_not_compared_with_code_and_stdin_is(
    bulkeic: Bulkeic, server: Server
) -> None:
    write(bulkeic, state(config("c", "f", WHOLE)))
    bulkeic.write("targets.csv", "FunctionName,MaximumRetryAttempts\nf,1\n")
    ends = ("--endpoint-url", server.url)
    assert bulkeic("apply", "targets.csv", "--yes", "--run", "run.db", *ends).code == 0

    refused = bulkeic("verify", "run.db", "--terraform", "state.json", *ends)
    text = json.dumps(state(config("c", "f", WHOLE, region=REGION)))
    piped = bulkeic("verify", "--terraform", "-", *ends, stdin=text)

    assert refused.code == 2
    assert refused.err == (
        "bulkeic: run file 'run.db' has targets and settings of its own; omit it to compare with "
        "code, or omit --terraform and --template\n"
    )
    assert piped.code == 4, piped.err
    assert f"{ACCOUNT}:function:f:$LATEST  (<stdin>: {CONFIG}.c)" in piped.out


TEMPLATE = """\
Resources:
  Orders: {Type: AWS::Lambda::Function, Properties: {FunctionName: orders}}
  Bare: {Type: AWS::Lambda::Function, Properties: {FunctionName: bare}}
  OrdersConfig:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: !Ref Orders, Qualifier: $LATEST, MaximumRetryAttempts: 1}
"""


def test_a_template_is_compared_in_the_same_way(bulkeic: Bulkeic, sandbox: Start) -> None:
    bulkeic.write("shop.yaml", TEMPLATE)
    server = start_fleet(bulkeic, sandbox, {"orders": {"$LATEST": HAS}, "bare": {"$LATEST": HAS}})
    ends = ("--template", "shop.yaml", "--endpoint-url", server.url)

    drifted = bulkeic("verify", *ends)
    applied = bulkeic("apply", *ends, "--yes")
    left = bulkeic("verify", *ends)

    assert drifted.code == 4, drifted.err
    assert drifted.out.count("\n    - MaximumEventAgeInSeconds: ") == 2
    assert f"~ {arn_of('orders')}:$LATEST  (shop.yaml:4: OrdersConfig)\n" in drifted.out
    assert applied.code == 0, applied.err
    assert left.code == 4
    assert [line for line in left.out.splitlines() if line[0] != " "] == [
        f"- {arn_of('bare')}:$LATEST  (shop.yaml: Bare)"
    ]
