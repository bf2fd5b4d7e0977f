"""Random calls on a few functions come out as a model of a few lines says."""

from typing import Any

from botocore.exceptions import ClientError
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from .sandbox_client import ACCOUNT, REGION, Running

HELD = {("a", "$LATEST"), ("a", "1"), ("b", "$LATEST"), ("b", "live")}
QUEUES = [f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}" for name in ("one", "two")]

places = st.tuples(st.sampled_from("abc"), st.sampled_from(["$LATEST", "1", "live"]))
halves: st.SearchStrategy[dict[str, str]] = st.one_of(
    st.just({}), st.fixed_dictionaries({"Destination": st.sampled_from(["", *QUEUES])})
)
sendings = st.fixed_dictionaries(
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
    """What AWS does, in twenty lines."""

    def __init__(self) -> None:
        self.configs: dict[tuple[str, str], dict[str, Any]] = {
            place: {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 21600} | self.sent({})
            for place in HELD
        }

    def sent(self, config: dict[str, Any]) -> dict[str, Any]:
        halves = {
            half: {key: arn for key, arn in config.get(half, {}).items() if arn}
            for half in ("OnFailure", "OnSuccess")
        }
        return {"DestinationConfig": halves}

    def change(self, place: tuple[str, str], sent: dict[str, Any], *, put: bool) -> Any:
        if not 0 <= sent.get("MaximumRetryAttempts", 0) <= 2:
            return 400
        if not 60 <= sent.get("MaximumEventAgeInSeconds", 60) <= 21600 or not sent:
            return 400
        if place not in HELD or (not put and place not in self.configs):
            return 404
        old = self.sent({}) if put else self.configs[place]
        given = sent.get("DestinationConfig")
        self.configs[place] = old | sent | ({} if given is None else self.sent(given))
        return self.configs[place]

    def get(self, place: tuple[str, str]) -> Any:
        return self.configs.get(place, 404)

    def delete(self, place: tuple[str, str]) -> Any:
        return {} if self.configs.pop(place, None) else 404

    def list(self, name: str) -> Any:
        if (name, "$LATEST") not in HELD:
            return 404
        return [self.configs[place] for place in sorted(self.configs) if place[0] == name]


class Calls(RuleBasedStateMachine):
    """Each rule makes a call and asks the model."""

    def __init__(self, running: Running, aws: Any) -> None:
        super().__init__()
        running.window("PUT", "state", {})
        for name, qualifier in sorted(HELD):
            running.hold(name, qualifier)
        self.aws, self.model = aws, Model()

    def call(self, operation: str, place: tuple[str, str], **sent: Any) -> Any:
        call = getattr(self.aws, f"{operation}_function_event_invoke_config")
        return outcome(call, FunctionName=place[0], Qualifier=place[1], **sent)

    @rule(place=places, sent=sendings)
    def update(self, place: tuple[str, str], sent: dict[str, Any]) -> None:
        assert self.call("update", place, **sent) == self.model.change(place, sent, put=False)

    @rule(place=places, sent=sendings)
    def put(self, place: tuple[str, str], sent: dict[str, Any]) -> None:
        assert self.call("put", place, **sent) == self.model.change(place, sent, put=True)

    @rule(place=places)
    def get(self, place: tuple[str, str]) -> None:
        assert self.call("get", place) == self.model.get(place)

    @rule(place=places)
    def delete(self, place: tuple[str, str]) -> None:
        assert self.call("delete", place) == self.model.delete(place)

    @rule(name=st.sampled_from("abc"))
    def list(self, name: str) -> None:
        got = outcome(self.aws.list_function_event_invoke_configs, FunctionName=name)
        assert got == self.model.list(name)


def outcome(call: Any, **arguments: Any) -> Any:
    """What a call says apart from ARN and time, or the status of its refusal."""
    try:
        answer = call(**arguments)
    except ClientError as error:
        return error.response["ResponseMetadata"]["HTTPStatusCode"]
    if "FunctionEventInvokeConfigs" in answer:
        return [told(one) for one in answer["FunctionEventInvokeConfigs"]]
    return told(answer)


def told(config: dict[str, Any]) -> dict[str, Any]:
    apart = ("ResponseMetadata", "FunctionArn", "LastModified")
    return {key: value for key, value in config.items() if key not in apart}


def test_calls_come_out_as_the_model_says(sandbox: Running, aws: Any) -> None:
    run_state_machine_as_test(
        lambda: Calls(sandbox, aws),  # type: ignore[arg-type] # any callable will do
        settings=settings(
            max_examples=25,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
