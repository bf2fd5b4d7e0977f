"""Which resource of code manages a target."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkeic.core.code.code_owners import owners_of
from bulkeic.core.code.declared_code import DeclaredCode, DeclaredConfig, DeclaredFunction
from bulkeic.core.code.ownership import Manager, NextDeployment, Owner
from bulkeic.core.model import CLEARED, Lane, Settings, Target
from bulkeic.core.targets.rows import Row

ACCOUNT, OTHER, REGION = "111111111111", "222222222222", "us-east-1"
TARGET = Target(Lane(ACCOUNT, REGION), "orders")
ONCE = Settings(maximum_retry_attempts=1)
STACK = Owner(Manager.SAM, "payments")


def config(name: str = "orders", address: str = "config", **values: object) -> DeclaredConfig:
    return DeclaredConfig(
        Row(1, {"FunctionName": name, "MaximumRetryAttempts": 1} | values), address
    )


def function(account: str | None = None, address: str = "function") -> DeclaredFunction:
    return DeclaredFunction("orders", account, None, address)


def code(
    *configs: DeclaredConfig,
    functions: tuple[DeclaredFunction, ...] = (),
    manager: Manager = Manager.TERRAFORM,
    stack: str = "",
) -> DeclaredCode:
    return DeclaredCode("state.json", manager, configs, functions, stack)


ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:orders"
KEEPS, REVERTS = NextDeployment.KEEPS, NextDeployment.REVERTS
FOUND = {
    "the same settings": (code(config()), ONCE, "config", KEEPS),
    "other settings": (code(config()), Settings(maximum_retry_attempts=2), "config", REVERTS),
    "a setting that is not declared": (
        code(config()),
        Settings(maximum_retry_attempts=1, maximum_event_age_in_seconds=60),
        "config",
        REVERTS,
    ),
    "a cleared destination": (code(config()), Settings(on_failure=CLEARED), "config", KEEPS),
    "a destination of another partition, anywhere": (
        code(config(OnFailure=f"arn:aws-cn:sqs:cn-north-1:{ACCOUNT}:q")), ONCE, "config", KEEPS,
    ),
    "the function alone": (code(functions=(function(),)), ONCE, "function", KEEPS),
    "the configuration before the function": (
        code(config(), functions=(function(),)), ONCE, "config", KEEPS,
    ),
    "the one that says where it is": (
        code(config(address="anywhere"), config(ARN, "here")), ONCE, "here", KEEPS,
    ),
    "the one of the account, among others of the same name": (
        code(*(config(address=each, AccountId=each) for each in (OTHER, ACCOUNT))),
        ONCE, ACCOUNT, KEEPS,
    ),
    "the function without a place": (
        code(config(AccountId=OTHER), functions=(function(OTHER), function())),
        ONCE, "function", KEEPS,
    ),
    "the first of two": (code(config(), config(address="second")), ONCE, "config", KEEPS),
    "the stack of a template": (
        code(config(), manager=Manager.CLOUDFORMATION, stack="shop"), ONCE, "shop", KEEPS,
    ),
    "a template of an unknown stack": (
        code(config(), manager=Manager.CLOUDFORMATION), ONCE, "", KEEPS,
    ),
    "not the configuration of an alias": (
        code(config(Qualifier="live"), functions=(function(),)), ONCE, "function", KEEPS,
    ),
    "a configuration with invalid settings": (
        code(config(MaximumRetryAttempts=7), functions=(function(),)),
        ONCE, "config", NextDeployment.UNKNOWN,
    ),
    "not a configuration without a function": (
        code(config("no function"), functions=(function(),)), ONCE, "function", KEEPS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_code_names_the_owner_and_what_it_does(case: str) -> None:
    declared, wanted, name, next_deployment = FOUND[case]
    owner = Owner(declared.manager, name, next_deployment)
    assert owners_of([declared]).owner(TARGET, wanted) == owner


@pytest.mark.parametrize(
    "declared",
    [
        code(),
        code(config("other")),
        code(config(Region="eu-west-1")),
        code(config(AccountId=OTHER)),
        code(functions=(function(OTHER),)),
        code(config(), functions=(function(OTHER),)),
    ],
)
def test_code_for_another_place_or_function_says_nothing(declared: DeclaredCode) -> None:
    owners = owners_of([declared])
    assert owners.owner(TARGET, ONCE) is None
    assert owners.combined(STACK, TARGET, ONCE) == STACK


def test_code_beats_tags_but_tags_know_the_stack() -> None:
    state = owners_of([code(config())])
    template = owners_of([code(config(), manager=Manager.CLOUDFORMATION)])
    assert state.combined(STACK, TARGET, ONCE) == Owner(Manager.TERRAFORM, "config", KEEPS)
    assert template.combined(STACK, TARGET, ONCE) == Owner(Manager.SAM, "payments", KEEPS)
    assert template.combined(None, TARGET, ONCE) == Owner(Manager.CLOUDFORMATION, "", KEEPS)


settings = st.builds(
    Settings,
    st.none() | st.integers(0, 2),
    st.none() | st.integers(60, 62),
    st.sampled_from([None, CLEARED, "arn:aws:sqs:us-east-1:111111111111:a"]),
    st.just(None),
)


@given(settings, settings)
def test_a_deployment_keeps_exactly_what_it_would_write(
    declared: Settings, wanted: Settings
) -> None:
    if declared.is_empty():
        return
    api = declared.to_api()
    row = Row(1, {"FunctionName": "orders", **api})
    owner = owners_of([code(DeclaredConfig(row, "a"))]).owner(TARGET, wanted)
    assert owner is not None
    written, given_again = wanted.to_api(), api
    for half, destination in written.pop("DestinationConfig", {}).items():
        written[half] = destination
    has = dict(given_again) | given_again.get("DestinationConfig", {})
    same = all(has.get(name, {}) == value for name, value in written.items())
    assert owner.next_deployment is (KEEPS if same else REVERTS)
