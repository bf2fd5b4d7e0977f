"""Discoveries through Resource Explorer and AWS Config, which cost no calls of ListFunctions."""

import json
import signal
import threading
from typing import Any

from .conftest import ACCOUNT, REGION, Bulkeic, Result
from .discover_helpers import found_keys, found_rows
from .listing_server import ListingServer, listing_server
from .rollout_helpers import until

OTHER = "210987654321"
EU = "eu-west-1"
VIEW = f"arn:aws:resource-explorer-2:{REGION}:{ACCOUNT}:view/all/0123abcd"


def arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:lambda:{region}:{account}:function:{name}"


def recorded(account: str, region: str, name: str, runtime: str, **tags: str) -> str:
    """A function as AWS Config records it."""
    return json.dumps({
        "accountId": account, "awsRegion": region, "resourceName": name,
        "arn": arn(account, region, name),
        "configuration": {"functionName": name, "runtime": runtime},
        "tags": [{"key": key, "value": value} for key, value in tags.items()],
    })  # fmt: skip


CONFIG = {
    "SelectAggregateResourceConfig": {
        "Results": [
            recorded(ACCOUNT, REGION, "a", "python3.13", team="x"),
            recorded(ACCOUNT, EU, "b", "nodejs22.x", team="x"),
            recorded(ACCOUNT, EU, "c", "python3.13"),
            recorded(OTHER, EU, "d", "python3.13", team="x"),
        ]
    }
}
EXPLORER = {
    "ListResources": {
        "Resources": [
            {"Arn": arn(account, region, name), "ResourceType": "lambda:function"}
            for account, region, name in
            ((ACCOUNT, REGION, "a"), (ACCOUNT, EU, "b"), (OTHER, EU, "d"))
        ]
    }
}  # fmt: skip


def no_call(path: str, _marker: str) -> tuple[int, dict[str, Any]]:
    raise AssertionError(path)


def run(bulkeic: Bulkeic, server: ListingServer, *words: object) -> Result:
    return bulkeic("discover", "--endpoint-url", server.url, "--rate", "unlimited", *words)


def test_config_knows_functions_with_their_facts_and_tags(bulkeic: Bulkeic) -> None:
    with listing_server(no_call, CONFIG) as server:
        result = run(
            bulkeic, server, "--source", "config", "--aggregator", "ours", "--runtime",
            "python3.*", "--tag", "team",
        )  # fmt: skip

    assert result.code == 0, result.err
    assert found_keys(result.out) == [(ACCOUNT, REGION, "a", "$LATEST")]
    assert server.asked == [("SelectAggregateResourceConfig", "")]


def test_resource_explorer_knows_names(bulkeic: Bulkeic) -> None:
    with listing_server(no_call, EXPLORER) as server:
        result = run(
            bulkeic, server, "--source", "resource-explorer", "--view", VIEW, "--regions", "eu-*",
        )  # fmt: skip

    assert result.code == 0, result.err
    assert found_keys(result.out) == [(ACCOUNT, EU, "b", "$LATEST")]
    assert server.asked == [("ListResources", "")]


def test_other_accounts_of_an_inventory_are_chosen_by_an_accounts_file(bulkeic: Bulkeic) -> None:
    role = f"arn:aws:iam::{OTHER}:role/reader"
    bulkeic.write("accounts.csv", f"AccountId,RoleArn\n{OTHER},{role}\n")

    with listing_server(no_call, EXPLORER) as server:
        result = run(
            bulkeic, server, "--source", "resource-explorer", "--view", VIEW, "--accounts",
            "accounts.csv",
        )  # fmt: skip

    assert result.code == 0, result.err
    (row,) = found_rows(result.out)
    assert (row["AccountId"], row["FunctionName"], row["RoleArn"]) == (OTHER, "d", role)


def test_an_inventory_that_cannot_be_read_is_one_line_and_leaves_nothing(bulkeic: Bulkeic) -> None:
    words = ("--source", "resource-explorer", "--region", REGION, "--run", "found.discovery")
    with listing_server(no_call, {"GetDefaultView": {}}) as server:
        result = run(bulkeic, server, *words)

    assert result.code == 2, result.err
    assert len(result.lines) == 1, result.err
    assert "--view" in result.err
    assert list(bulkeic.folder.iterdir()) == []


def test_lambda_is_asked_only_for_what_an_inventory_does_not_know(bulkeic: Bulkeic) -> None:
    def answer(path: str, _marker: str) -> tuple[int, dict[str, Any]]:
        name = path.partition("/")[0]
        alias = {"Name": "live", "AliasArn": f"{arn(ACCOUNT, REGION, name)}:live"}
        return 200, {"Aliases": [alias | {"FunctionVersion": "1"}]}

    with listing_server(answer, EXPLORER) as server:
        result = run(
            bulkeic, server, "--source", "resource-explorer", "--view", VIEW, "--regions", REGION,
            "--qualifiers", "aliases", "--run", "found.db",
        )  # fmt: skip
        again = run(bulkeic, server, "--run", "found.db")

    assert result.code == again.code == 0, result.err + again.err
    assert found_keys(result.out) == [(ACCOUNT, REGION, "a", "live")]
    assert again.out == result.out
    assert server.asked == [("ListResources", ""), ("a/aliases", "")]


class _Held(dict[str, Any]):
    """Services of which one answers only after its event."""

    def __init__(self, services: dict[str, Any], operation: str) -> None:
        super().__init__(services)
        self.event = threading.Event()
        self._operation = operation

    def __getitem__(self, operation: str) -> Any:
        if operation == self._operation:
            self.event.wait(20)
        return super().__getitem__(operation)


def test_functions_whose_tags_were_not_read_are_not_missing_after_a_stop(bulkeic: Bulkeic) -> None:
    tagged = {"ResourceARN": arn(ACCOUNT, REGION, "a"), "Tags": [{"Key": "team", "Value": "x"}]}
    services = _Held(
        EXPLORER | {"GetResources": {"ResourceTagMappingList": [tagged]}}, "GetResources"
    )
    flags = ("--source", "resource-explorer", "--view", VIEW, "--regions", REGION, "--tag", "team")
    with listing_server(no_call, services) as server:
        process = bulkeic.start(
            "discover", "--endpoint-url", server.url, "--run", "found.db", *flags
        )
        until(lambda: ("GetResources", "") in server.asked, "tags are asked for")
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)
        services.event.set()
        assert process.returncode == 3, err
        again = run(bulkeic, server, "--run", "found.db")

    assert again.code == 0, again.err
    assert found_keys(again.out) == [(ACCOUNT, REGION, "a", "$LATEST")]
