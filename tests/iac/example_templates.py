"""Templates of CloudFormation, and what they are deployed with."""

from pathlib import Path
from typing import Any

from bulkeic.core.code.declared_code import DeclaredCode, DeclaredConfig
from bulkeic.core.code.deployed_stack import DeployedStack
from bulkeic.core.errors import InputError
from bulkeic.iac.cloudformation.deployment import Deployment
from bulkeic.iac.cloudformation.template import read_template

ACCOUNT = "123456789012"
REGION = "eu-west-1"
PLACE = Deployment(REGION, lambda: ACCOUNT)


def stack_of(
    resources: dict[str, str], parameters: dict[str, str] | None = None, **exports: str
) -> DeployedStack:
    """A deployed stack."""
    return DeployedStack("shop", "arn:stack", ACCOUNT, parameters or {}, resources, exports)


def read(folder: Path, text: str, deployment: Deployment = PLACE) -> DeclaredCode:
    """What a template declares."""
    path = folder / "template"
    path.write_text(text)
    return read_template(str(path), deployment)


def one_config(code: DeclaredCode) -> DeclaredConfig:
    """The only configuration of a template."""
    [config] = code.configs
    return config


def values_of(code: DeclaredCode) -> dict[str, dict[str, Any]]:
    """The fields of each configuration; none of them has a problem."""
    assert [config.problem for config in code.configs if config.problem] == []
    return {config.address: config.row.values for config in code.configs}


def problem_of(code: DeclaredCode) -> InputError:
    """The problem of the only configuration."""
    problem = one_config(code).problem
    assert problem is not None
    return problem
