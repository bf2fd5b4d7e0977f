"""Random calls on a few functions, compared with a small model of AWS."""

from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from .sandbox_client import ACCOUNT, REGION, SandboxThread

EXISTING = {("a", "$LATEST"), ("a", "1"), ("b", "$LATEST"), ("b", "live")}
QUEUES = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("one", "two")]

functions = st.tuples(st.sampled_from("abc"), st.sampled_from(["$LATEST", "1", "live"]))
halves: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"Destination": st.sampled_from(["", *QUEUES])})
)
settings_sent = st.fixed_dictionaries(
    {},
    optional={
        "MaximumRetryAttempts": st.integers(-1, 3),
        "MaximumEventAgeInSeconds": st.sampled_from([59, 60, 21600, 21601]),
        "DestinationConfig": st.fixed_dictionaries(
            {}, optional={"OnFailure": halves, "OnSuccess": halves}
        ),
    },
)


class Model:
    """AWS's behavior as a model."""

    def __init__(self) -> None:
        self.configs: dict[tuple[str, str], dict[str, Any]] = {
            function: {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600}
            | self.destinations({})
            for function in EXISTING
        }

    def destinations(self, config: dict[str, Any]) -> dict[str, Any]:
        halves = {
            half: {key: arn for key, arn in config.get(half, {}).items() if arn}
            for half in ("OnFailure", "OnSuccess")
        }
        return {"DestinationConfig": halves}

    def change(self, function: tuple[str, str], sent: dict[str, Any], *, put: bool) -> Any:
        if not 0 <= sent.get("MaximumRetryAttempts", 0) <= 2:
            return 400
        if not 60 <= sent.get("MaximumEventAgeInSeconds", 60) <= 21600 or not sent:
            return 400
        if function not in EXISTING or (not put and function not in self.configs):
            return 404
        old = self.destinations({}) if put else self.configs[function]
        given = sent.get("DestinationConfig")
        self.configs[function] = old | sent | ({} if given is None else self.destinations(given))
        return self.configs[function]

    def get(self, function: tuple[str, str]) -> Any:
        return self.configs.get(function, 404)

    def delete(self, function: tuple[str, str]) -> Any:
        return {} if self.configs.pop(function, None) else 404

    def list(self, name: str) -> Any:
        if (name, "$LATEST") not in EXISTING:
            return 404
        return [self.configs[function] for function in sorted(self.configs) if function[0] == name]


class RandomCalls(RuleBasedStateMachine):
    """Each rule makes a call and compares its result with the model."""

    def __init__(self, sandbox: SandboxThread, aws: Any) -> None:
        super().__init__()
        sandbox.admin("PUT", "state", {})
        for name, qualifier in sorted(EXISTING):
            sandbox.add_function(name, qualifier)
        self.aws, self.model = aws, Model()

    def call(self, operation: str, function: tuple[str, str], **sent: Any) -> Any:
        call = getattr(self.aws, f"{operation}_function_event_invoke_config")
        return result_of(call, FunctionName=function[0], Qualifier=function[1], **sent)

    @rule(function=functions, sent=settings_sent)
    def update(self, function: tuple[str, str], sent: dict[str, Any]) -> None:
        assert self.call("update", function, **sent) == self.model.change(function, sent, put=False)

    @rule(function=functions, sent=settings_sent)
    def put(self, function: tuple[str, str], sent: dict[str, Any]) -> None:
        assert self.call("put", function, **sent) == self.model.change(function, sent, put=True)

    @rule(function=functions)
    def get(self, function: tuple[str, str]) -> None:
        assert self.call("get", function) == self.model.get(function)

    @rule(function=functions)
    def delete(self, function: tuple[str, str]) -> None:
        assert self.call("delete", function) == self.model.delete(function)

    @rule(name=st.sampled_from("abc"))
    def list(self, name: str) -> None:
        got = result_of(self.aws.list_function_event_invoke_configs, FunctionName=name)
        assert got == self.model.list(name)


def result_of(call: Any, **arguments: Any) -> Any:
    """Return a call's settings without ARN and time, or the HTTP status of its error."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    if "FunctionEventInvokeConfigs" in answer:
        return [settings_of(config) for config in answer["FunctionEventInvokeConfigs"]]
    return settings_of(answer)


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    apart = ("ResponseMetadata", "FunctionArn", "LastModified")
    return {key: value for key, value in config.items() if key not in apart}


def test_random_calls_match_the_model(sandbox: SandboxThread, aws: Any) -> None:
    run_state_machine_as_test(
        lambda: RandomCalls(sandbox, aws),  # type: ignore[arg-type] # any callable will do
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
