"""Organizations, tags and aggregators of moto, which others have written after AWS."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from bulkeic.aws.identity.access import Access
from bulkeic.aws.inventory.inventory_services import InventoryServices
from bulkeic.core.errors import ServiceError

from .scripted_services import OWN, known_credentials

KEYS = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
ACCOUNTS = 45
SUSPENDED, IN_UNIT, IN_CHILD = 3, 7, 11


@pytest.fixture(scope="module")
def moto() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def clients(moto: str) -> Iterator[Any]:
    """Returns clients of services."""
    with ExitStack() as stack:

        def client(service: str) -> Any:
            made = boto3.client(service, endpoint_url=moto, region_name=OWN.region, **KEYS)
            stack.callback(made.close)
            return made

        yield client


@pytest.fixture
async def services(moto: str, clients: Any) -> Any:
    del clients
    access = Access(endpoint_url=moto, region=OWN.region)
    async with InventoryServices(access, known_credentials, timeout_s=20) as opened:
        yield opened


async def test_accounts_and_units_are_those_of_moto(
    services: InventoryServices, clients: Any
) -> None:
    with pytest.raises(ServiceError, match="there is no account"):
        [each async for each in services.organization_accounts(OWN)]
    organizations = clients("organizations")
    organizations.create_organization(FeatureSet="ALL")
    root = organizations.list_roots()["Roots"][0]["Id"]
    created = [
        organizations.create_account(Email=f"{number}@example.com", AccountName=f"a{number}")[
            "CreateAccountStatus"
        ]["AccountId"]
        for number in range(ACCOUNTS)
    ]
    unit, child = root, root
    for name, number in (("unit", IN_UNIT), ("child", IN_CHILD)):
        unit, child = (
            child,
            organizations.create_organizational_unit(ParentId=child, Name=name)[
                "OrganizationalUnit"
            ]["Id"],
        )
        organizations.move_account(
            AccountId=created[number], SourceParentId=root, DestinationParentId=child
        )
    organizations.close_account(AccountId=created[SUSPENDED])

    found = [each async for each in services.organization_accounts(OWN)]
    below = [each async for each in services.organization_accounts(OWN, units=[unit])]
    everywhere = [each async for each in services.organization_accounts(OWN, units=[root])]

    assert {each.account_id for each in found} == {OWN.account_id, *created}
    assert [each.account_id for each in found if not each.is_active] == [created[SUSPENDED]]
    assert {each.account_id for each in below} == {created[IN_UNIT], created[IN_CHILD]}
    assert {each.account_id for each in everywhere} == {each.account_id for each in found}
    assert len(everywhere) == len(found)
    with pytest.raises(ServiceError, match=r"ParentNotFoundException.*check the id that --ou"):
        [each async for each in services.organization_accounts(OWN, units=["ou-ab12-34cd56ef"])]


async def test_aggregators_are_those_of_moto(services: InventoryServices, clients: Any) -> None:
    with pytest.raises(ServiceError, match="has no aggregator"):
        [each async for each in services.config_functions(OWN, aggregator=None)]
    for name in ("one", "two"):
        clients("config").put_configuration_aggregator(
            ConfigurationAggregatorName=name,
            AccountAggregationSources=[{"AccountIds": [OWN.account_id], "AllAwsRegions": True}],
        )
    with pytest.raises(ServiceError, match=r"has 2 aggregators .* one of one, two"):
        [each async for each in services.config_functions(OWN, aggregator=None)]


async def test_tags_are_those_of_moto(services: InventoryServices, clients: Any) -> None:
    role = clients("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    tags = {
        f"f{number}": {"team": f"t{number % 2}"} | ({"stage": "prod"} if number < 60 else {})
        for number in range(120)
    }
    for name, of_name in tags.items():
        clients("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": code.getvalue()},
            Tags=of_name,
        )

    async def found(wanted: dict[str, list[str]]) -> dict[str, dict[str, str]]:
        return {name: tags async for name, tags in services.tagged_functions(OWN, wanted)}

    assert await found({}) == tags
    assert await found({"team": ["t1", "t2"], "stage": []}) == {
        name: of_name
        for name, of_name in tags.items()
        if of_name["team"] == "t1" and "stage" in of_name
    }
