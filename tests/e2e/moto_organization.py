"""An organization in moto: its accounts, their functions, and what other clients answer about them.

Five accounts are active, and one is suspended. A unit has one account and a child unit with
another. Functions have tags, runtimes, versions, aliases and configurations.
"""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from .conftest import ACCOUNT, REGION
from .fleet import REGIONS
from .moto_process import KEYS, MotoClients, function_settings

AWS = Path(__file__).parents[2] / ".cli-venv/bin/aws"
CREATED = 5
_ENVIRONMENT = {"Variables": {"PASSWORD": "hunter2"}}


class MotoOrganization:
    """The organization, made in an empty moto_server.

    Attributes:
        accounts: the active ones; the first is the caller's.
        unit: an organizational unit with the accounts 1 and 2, the latter in a child unit.
    """

    def __init__(self, clients: MotoClients) -> None:
        self.clients = clients
        self._organizations = clients.client("organizations")
        self._organizations.create_organization(FeatureSet="ALL")
        created = [self._create_account(number) for number in range(CREATED)]
        self._organizations.close_account(AccountId=created[-1])
        self.accounts = (ACCOUNT, *created[:-1])
        (root,) = self._organizations.list_roots()["Roots"]
        self.unit = self._unit(root["Id"], root["Id"], self.accounts[1])
        self._unit(root["Id"], self.unit, self.accounts[2])
        self.keys: dict[str, dict[str, str]] = {
            account: clients.keys(account) for account in self.accounts[1:]
        } | {ACCOUNT: KEYS}
        for number, account in enumerate(self.accounts):
            self._fill(number, account)

    @property
    def lanes(self) -> list[tuple[str, str]]:
        return [(account, region) for account in self.accounts for region in REGIONS]

    def _create_account(self, number: int) -> str:
        status = self._organizations.create_account(
            Email=f"{number}@example.com", AccountName=f"account-{number}"
        )
        return str(status["CreateAccountStatus"]["AccountId"])

    def _unit(self, root: str, parent: str, account: str) -> str:
        """Makes a unit below a parent, and moves an account from the root to it."""
        unit = self._organizations.create_organizational_unit(ParentId=parent, Name=account)
        unit_id = str(unit["OrganizationalUnit"]["Id"])
        self._organizations.move_account(
            AccountId=account, SourceParentId=root, DestinationParentId=unit_id
        )
        return unit_id

    def _fill(self, number: int, account: str) -> None:
        """Makes the functions of an account; those with an odd number leave a Region empty."""
        role = self.clients.execution_role(**self.keys[account])
        for region in REGIONS[: 2 - number % 2]:
            functions = self.clients.client("lambda", region, **self.keys[account])
            settings: dict[str, dict[str, Any]] = {
                "orders": {"Tags": {"team": "payments"}, "Environment": _ENVIRONMENT},
                "billing": {"Tags": {"team": "mail", "stage": "test"}},
                f"mail-{number}": {"Runtime": "nodejs22.x"},
            }
            for name, more in settings.items():
                functions.create_function(**function_settings(name, role, **more))
            functions.publish_version(FunctionName="orders")
            functions.create_alias(FunctionName="orders", Name="live", FunctionVersion="1")
            functions.create_alias(FunctionName="billing", Name="beta", FunctionVersion="$LATEST")
            functions.put_function_event_invoke_config(
                FunctionName="orders", MaximumRetryAttempts=number % 3
            )


class OtherClient(Protocol):
    """A client that answers questions about the organization."""

    def ask(
        self, account: str, region: str, service: str, operation: str, **fields: str
    ) -> dict[str, Any]:
        """Calls an operation with the keys of an account; fields have the names of the CLI."""


class Boto:
    """boto3."""

    def __init__(self, organization: MotoOrganization) -> None:
        self._organization = organization
        self._clients: dict[tuple[str, str, str], Any] = {}

    def ask(
        self, account: str, region: str, service: str, operation: str, **fields: str
    ) -> dict[str, Any]:
        key = (account, region, service)
        if key not in self._clients:
            keys = self._organization.keys[account]
            self._clients[key] = self._organization.clients.client(service, region, **keys)
        call = getattr(self._clients[key], operation.replace("-", "_"))
        answer: dict[str, Any] = call(**{_pascal(name): value for name, value in fields.items()})
        return answer


class AwsCli:
    """The AWS CLI, which ``make aws-cli`` installs."""

    def __init__(self, organization: MotoOrganization) -> None:
        self._organization = organization

    def ask(
        self, account: str, region: str, service: str, operation: str, **fields: str
    ) -> dict[str, Any]:
        given = [
            word
            for name, value in fields.items()
            for word in (f"--{name.replace('_', '-')}", value)
        ]
        url = self._organization.clients.url
        words = [service, operation, *given, "--endpoint-url", url, "--region", region]
        done = subprocess.run(
            [AWS, *words, "--output", "json"],
            env=_environment(self._organization.keys[account]),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer


def _environment(keys: Mapping[str, str]) -> dict[str, str]:
    """The environment of the CLI: the keys, and no settings of this machine."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_PAGER": "",
        **{name.upper(): value for name, value in keys.items()},
    }


def _pascal(name: str) -> str:
    return "".join(word.title() for word in name.split("_"))


Found = tuple[str, str, str, str]
"""Account, Region, function, qualifier."""


class Answers:
    """What another client answers to the questions that discover answers.

    Args:
        organization: the organization.
        client: that is asked.
    """

    def __init__(self, organization: MotoOrganization, client: OtherClient) -> None:
        self._organization = organization
        self._client = client
        self._functions: list[tuple[str, str, dict[str, Any]]] = []

    def active_accounts(self) -> set[str]:
        listed = self._client.ask(ACCOUNT, REGION, "organizations", "list-accounts")
        return {each["Id"] for each in listed["Accounts"] if each["Status"] == "ACTIVE"}

    def accounts_of(self, unit: str) -> set[str]:
        """The accounts of a unit and of the units below it."""
        ask = self._client.ask
        words = (ACCOUNT, REGION, "organizations")
        listed = ask(*words, "list-accounts-for-parent", parent_id=unit)
        below = ask(*words, "list-organizational-units-for-parent", parent_id=unit)
        found = {each["Id"] for each in listed["Accounts"]}
        return found.union(*(self.accounts_of(one["Id"]) for one in below["OrganizationalUnits"]))

    def functions(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Every function with its account and Region, asked for once."""
        if not self._functions:
            self._functions = [
                (*lane, function)
                for lane in self._organization.lanes
                for function in self._client.ask(*lane, "lambda", "list-functions")["Functions"]
            ]
        return self._functions

    def latest(self) -> set[Found]:
        return {(*lane, each["FunctionName"], "") for *lane, each in self.functions()}

    def with_runtime(self, runtime: str) -> set[Found]:
        return {
            (*lane, each["FunctionName"], "")
            for *lane, each in self.functions()
            if each["Runtime"] == runtime
        }

    def versions(self) -> set[Found]:
        return self._of_each("list-versions-by-function", "Versions", "Version") - {
            (*found[:3], "$LATEST") for found in self.latest()
        }

    def aliases(self) -> set[Found]:
        return self._of_each("list-aliases", "Aliases", "Name")

    def configured(self) -> dict[Found, dict[str, Any]]:
        """The configurations; moto has them for $LATEST only."""
        found = {}
        for account, region, function in self.functions():
            name = function["FunctionName"]
            answer = self._client.ask(
                account, region, "lambda", "list-function-event-invoke-configs", function_name=name
            )
            for config in answer["FunctionEventInvokeConfigs"]:
                found[account, region, name, ""] = config
        return found

    def tagged(self, key: str, value: str) -> set[Found]:
        found = set()
        for lane in self._organization.lanes:
            answer = self._client.ask(*lane, "resourcegroupstaggingapi", "get-resources")
            for each in answer["ResourceTagMappingList"]:
                if {"Key": key, "Value": value} in each["Tags"]:
                    found.add((*lane, each["ResourceARN"].rpartition(":")[2], ""))
        return found

    def _of_each(self, operation: str, items: str, field: str) -> set[Found]:
        return {
            (account, region, function["FunctionName"], item[field])
            for account, region, function in self.functions()
            for item in self._client.ask(
                account, region, "lambda", operation, function_name=function["FunctionName"]
            )[items]
        }
