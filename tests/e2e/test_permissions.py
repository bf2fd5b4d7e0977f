"""The policies in the docs allow exactly what the sandbox saw the commands do."""

from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from typing import Any

from tests.documented_policies import PAGE, POLICIES, allowed

from .conftest import ACCOUNT, REGION, Bulkeic, Server
from .fleet import OTHERS, role_in
from .rollout_helpers import asked, load

Start = Callable[..., Server]

QUEUE = f"arn:aws:sqs:{REGION}:{ACCOUNT}:failed"
HAD = {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}
FLEET: dict[str, dict[str, Any] | None] = {
    "orders-a": HAD, "orders-b": HAD, "orders-is": {"MaximumRetryAttempts": 1}, "orders-bare": None,
}  # fmt: skip
ROWS = "FunctionName\norders-a\norders-b\norders-is\norders-bare\norders-gone\n"
WANTED = ("targets.csv", "--maximum-retry-attempts", 1)
HALF = ("targets.csv", "--on-failure", QUEUE)
CREATE = "--create-missing"
COUNTED = "--no-before-image"
KEPT = ("apply", *WANTED, "--run", "kept.db", CREATE)
SHORT = ("--concurrency", 1, "--requests", 10, "--warmup", 0)
Commands = tuple[tuple[object, ...], ...]
# Each section: the commands before it, which do not count; and those that make its calls.
SECTIONS: dict[str, tuple[Commands, Commands]] = {
    "apply --no-before-image": ((), (("apply", *HALF, "--replace-destinations", COUNTED),)),
    "apply": ((("plan", *WANTED, "--run", "plan.db"),), (
        ("apply", *WANTED),
        ("apply", *WANTED, "--waves", "50%,100%", "--max-failures", 9),
        ("apply", *HALF, COUNTED),
        ("apply", "plan.db"),
    )),
    "apply --create-missing --no-before-image": ((), (("apply", *WANTED, CREATE, COUNTED),)),
    "apply --create-missing": ((), (("apply", *WANTED, CREATE),)),
    "plan": ((), (("plan", *HALF, CREATE),)),
    "verify": ((KEPT,), (("verify", *HALF), ("rollback", "kept.db", "--plan"))),
    "rollback": ((), (("rollback", "kept.db"),)),
    "bench": ((), (("bench", "targets.csv", *SHORT),)),
    "bench --operation update": ((), (
        ("bench", "targets.csv", *SHORT, "--operation", "update"),
    )),
}  # fmt: skip


def is_of_lambda(section: str) -> bool:
    """Whether a section has the policy of a command that changes or reads targets."""
    others = (
        "Roles", "Tags", "discover", "apply --alarm", "apply --change-calendar", "--stack",
    )  # fmt: skip
    return not section.startswith(others)


def run(bulkeic: Bulkeic, server: Server, commands: Iterable[tuple[object, ...]]) -> None:
    for words in commands:
        yes = () if words[0] in {"plan", "verify"} or "--plan" in words else ("--yes",)
        rate = () if words[0] == "bench" else ("--rate", "unlimited")
        result = bulkeic(*words, *yes, *rate, "--endpoint-url", server.url, "--output", "json")
        assert result.code in {0, 1, 4}, (words, result.err)


def test_the_policies_allow_what_the_commands_do_and_nothing_else(
    bulkeic: Bulkeic, sandbox: Start
) -> None:
    bulkeic.write("targets.csv", ROWS)
    bulkeic.write("none.csv", "FunctionName\nother\n")
    server = sandbox("--rate", "unlimited", "--targets", "none.csv")
    seen: dict[str, set[str]] = {}
    for section, (before, commands) in SECTIONS.items():
        if section != "rollback":  # of what was done for the one before
            load(server, FLEET)
        run(bulkeic, server, before)
        server.window("reset-stats", {}, "POST")

        run(bulkeic, server, commands)

        operations = set(server.stats()["by_operation"]) - {"GetCallerIdentity"}
        seen[section] = {f"lambda:{operation}" for operation in operations}
        ((statement,),) = POLICIES[section]
        for _, (region, name) in asked(server):
            arn = f"arn:aws:lambda:{region}:{ACCOUNT}:function:{name}"
            assert fnmatchcase(arn, statement["Resource"])
            assert fnmatchcase(f"{arn}:live", statement["Resource"])
    assert seen == {section: allowed(section) for section in POLICIES if is_of_lambda(section)}


def test_with_roles_the_caller_needs_only_assume_role(bulkeic: Bulkeic, sandbox: Start) -> None:
    trust, caller = (statement for (statement,) in POLICIES["Roles"])
    external_id = trust["Condition"]["StringEquals"]["sts:ExternalId"]
    server = sandbox("--rate", "unlimited", "--external-id", external_id)
    rows = "\n".join(f"orders-a,{account}" for account in OTHERS)
    bulkeic.write("targets.csv", f"FunctionName,AccountId\n{rows}\n")

    result = bulkeic(
        "apply", *WANTED, "--yes", "--endpoint-url", server.url, "--role-arn",
        "arn:aws:iam::{account}:role/Deploy", "--external-id", external_id, "--output", "json",
        COUNTED,
    )  # fmt: skip

    assert result.code == 0, result.err
    assert result.summary["updated"] == len(OTHERS)
    sent = server.stats()["by_operation"]
    assert sent == {
        "GetCallerIdentity": 1, "AssumeRole": 2, "UpdateFunctionEventInvokeConfig": 2,
    }  # fmt: skip
    assert trust["Action"] == caller["Action"] == "sts:AssumeRole"
    assert set(caller["Resource"]) == {role_in(account, "Deploy") for account in OTHERS}


def test_the_docs_table_equals_the_policies() -> None:
    names = [f"{each}FunctionEventInvokeConfig" for each in ("Get", "Update", "Put", "Delete")]
    table = {
        cells[1].strip(): {
            f"lambda:{name}"
            for name, cell in zip([*names, "GetFunction"], cells[2:], strict=False)
            if cell.strip() == "yes"
        }
        for cells in (line.split("|") for line in PAGE.splitlines() if line.startswith("| [`"))
    }
    documented = {name.split("]")[0].strip("[").replace("`", ""): table[name] for name in table}
    assert documented == {section: allowed(section) for section in SECTIONS}
