"""Calls go to the endpoint that boto3's own client would use, through the same proxy."""

import asyncio
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bulkeic.aws.identity.access import Access
from bulkeic.aws.lambda_caller import LambdaCaller
from bulkeic.core.model import Failure, Job, Lane, Settings, SourceLine, Target
from bulkeic.core.targets.names import partition_of

from .both_clients import make_update
from .recording_server import CannedResponse, RecordedRequest, RecordingServer

CREDENTIALS = "aws_access_key_id = AKIA123456789012\naws_secret_access_key = secret\n"
REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1", "us-iso-east-1")
PATH = "/2019-09-25/functions/f/event-invoke-config"
DEFAULT = {
    "us-east-1": "lambda.us-east-1.amazonaws.com:443",
    "cn-north-1": "lambda.cn-north-1.amazonaws.com.cn:443",
    "us-gov-west-1": "lambda.us-gov-west-1.amazonaws.com:443",
    "us-iso-east-1": "lambda.us-iso-east-1.c2s.ic.gov:443",
}
FIPS = {
    "us-east-1": "lambda-fips.us-east-1.amazonaws.com:443",
    "us-gov-west-1": "lambda-fips.us-gov-west-1.amazonaws.com:443",
}
DUAL_STACK = {
    "us-east-1": "lambda.us-east-1.api.aws:443",
    "cn-north-1": "lambda.cn-north-1.api.amazonwebservices.com.cn:443",
}


def endpoints_at(url: str) -> dict[str, str]:
    return {region: f"{url}{PATH} {region}" for region in REGIONS}


# Settings of a profile or of the environment, and the endpoints that they select.
PROFILES = {
    "plain": ("", DEFAULT),
    "fips": ("use_fips_endpoint = true\n", FIPS),
    "dual-stack": ("use_dualstack_endpoint = true\n", DUAL_STACK),
    "one-url": (
        "endpoint_url = http://gateway.example:8080/aws\n",
        endpoints_at("http://gateway.example:8080/aws"),
    ),
    "lambda-url": (
        "services = x\n[services x]\nlambda =\n  endpoint_url = http://lambda.example/x\n",
        endpoints_at("http://lambda.example/x"),
    ),
    "ignored-url": (
        "endpoint_url = http://gateway.example\nignore_configured_endpoint_urls = true\n",
        DEFAULT,
    ),
}
ENVIRONMENTS = {
    "FIPS": ({"AWS_USE_FIPS_ENDPOINT": "true"}, FIPS),
    "dual-stack": ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, DUAL_STACK),
    "both": (
        {"AWS_USE_FIPS_ENDPOINT": "true", "AWS_USE_DUALSTACK_ENDPOINT": "true"},
        {"us-east-1": "lambda-fips.us-east-1.api.aws:443"},
    ),
    "Lambda's URL": (
        {"AWS_ENDPOINT_URL_LAMBDA": "http://lambda.example:8080/v1"},
        endpoints_at("http://lambda.example:8080/v1"),
    ),
    "every service's URL": (
        {"AWS_ENDPOINT_URL": "http://aws.example/"},
        endpoints_at("http://aws.example"),
    ),
    "an ignored URL": (
        {
            "AWS_ENDPOINT_URL": "http://aws.example",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
        },
        DEFAULT,
    ),
}


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "config"
    path.write_text(
        "".join(f"[profile {name}]\n{CREDENTIALS}{text}" for name, (text, _) in PROFILES.items())
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))


async def call_by_proxy(profile: str) -> dict[str, list[str]]:
    """Returns the endpoints that boto3 and bulkeic ask a proxy for, by Region."""
    endpoints = {}
    async with RecordingServer() as proxy:
        proxy.response = CannedResponse(502)
        with pytest.MonkeyPatch.context() as patch:
            for name in ("http_proxy", "https_proxy"):
                patch.setenv(name, proxy.url)
            session = boto3.Session(profile_name=profile)
            async with LambdaCaller(Access(profile=profile), timeout_s=5, concurrency=1) as caller:
                for region in REGIONS:
                    await asyncio.to_thread(call_boto3, session, region)
                    job = make_job(region)
                    assert isinstance(await caller.call(job, make_update(job)), Failure)
                    endpoints[region] = [_endpoint(request) for request in proxy.requests]
                    proxy.requests.clear()
    return endpoints


def call_boto3(session: boto3.Session, region: str) -> None:
    config = Config(retries={"total_max_attempts": 1})
    client = session.client("lambda", region_name=region, config=config)
    try:
        client.update_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=1)
    except (BotoCoreError, ClientError):
        pass
    finally:
        client.close()


def make_job(region: str) -> Job:
    target = Target(Lane("123456789012", region), "f", partition=partition_of(region))
    return Job(0, SourceLine(""), "f", target, Settings(maximum_retry_attempts=1))


def _endpoint(request: RecordedRequest) -> str:
    """Returns a request's endpoint and, unless it is encrypted, the Region it is signed for."""
    if request.method == "CONNECT":
        return request.target
    return f"{request.target} {request.scope.split('/')[2]}"


def check(endpoints: dict[str, list[str]], expected: dict[str, str]) -> None:
    for region, found in endpoints.items():
        assert len(found) in {0, 2}
        assert len(set(found)) <= 1
        if region in expected:
            assert found == [expected[region]] * 2


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("profile", PROFILES)
async def test_a_profile_selects_the_endpoint(profile: str) -> None:
    check(await call_by_proxy(profile), PROFILES[profile][1])


@pytest.mark.usefixtures("profiles")
@pytest.mark.parametrize("name", ENVIRONMENTS)
async def test_the_environment_selects_the_endpoint(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    variables, expected = ENVIRONMENTS[name]
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    check(await call_by_proxy("plain"), expected)
