"""The files of GitHub Actions and GitLab: pinned, few rights, nothing pasted into scripts."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
ACTION = ROOT / "action.yml"
COMPONENT = ROOT / "templates/bulkeic.yml"
WORKFLOWS = sorted((ROOT / "ci/github").glob("*.yml"))
STEPS = sorted((ROOT / "ci/steps").glob("*.sh"))
GUIDE = (ROOT / "docs/how-to/pipelines.md").read_text()


def documents(path: Path) -> list[Any]:
    return list(yaml.safe_load_all(path.read_text()))


def values(node: Any, key: str) -> Iterator[Any]:
    """Every value of a key, at any depth."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            yield from values(value, key)
    elif isinstance(node, list):
        for each in node:
            yield from values(each, key)


@pytest.mark.parametrize("path", [ACTION, *WORKFLOWS], ids=lambda path: path.name)
def test_nothing_is_pasted_into_a_script_and_every_action_is_pinned(path: Path) -> None:
    [document] = documents(path)
    assert not [script for script in values(document, "run") if "${{" in script]
    for used in re.findall(r"uses: (.*)", path.read_text()):
        assert re.fullmatch(
            r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+"
            r"|bulkeic/bulkeic@v\d+\.\d+\.\d+ # replace the tag by its commit",
            used,
        )


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_the_rights_that_it_needs_and_no_more(path: Path) -> None:
    [document] = documents(path)
    assert document["permissions"] == {}
    assert "pull_request_target" not in path.read_text()
    [job] = document["jobs"].values()
    assert job["permissions"].items() <= {
        "actions": "read", "contents": "read", "id-token": "write", "pull-requests": "write",
    }.items()  # fmt: skip
    assert job["steps"][0]["with"] == {"persist-credentials": False}
    inputs = documents(ACTION)[0]["inputs"]
    given = job["steps"][-1]["with"]
    assert given.keys() <= inputs.keys()
    if "bulkeic-apply" in path.read_text():
        assert job["environment"] == "production"
        assert document["concurrency"] == {"group": "bulkeic-apply", "cancel-in-progress": False}


def test_every_input_and_output_is_used_and_in_the_docs() -> None:
    [action] = documents(ACTION)
    text = ACTION.read_text()
    for name in action["inputs"]:
        assert f"inputs.{name}" in text
        assert f"| `{name}` |" in GUIDE
    for name in action["outputs"]:
        assert f"`{name}`" in GUIDE
    spec, jobs = documents(COMPONENT)
    for name in spec["spec"]["inputs"]:
        assert f"$[[ inputs.{name} ]]" in COMPONENT.read_text()
        assert f"| `{name}` |" in GUIDE
    assert not [word for script in values(jobs, "script") for word in script if "$[[" in word]


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.name)
def test_a_step_is_a_valid_script_in_strict_mode(path: Path) -> None:
    subprocess.run(["bash", "-n", path], check=True)
    if path.name == "step.sh":
        assert "\nset -euo pipefail\n" in path.read_text()
    else:
        assert os.access(path, os.X_OK)
        assert 'source "$(dirname "${BASH_SOURCE[0]}")/step.sh"' in path.read_text()


def test_every_variable_of_the_steps_is_set_by_action_and_component() -> None:
    wanted = {
        name for path in STEPS for name in re.findall(r"\$\{(ROLLOUT_\w+):-", path.read_text())
    } - {"ROLLOUT_FOLDER", "ROLLOUT_HOME"}
    [action] = documents(ACTION)
    given = {name for each in values(action, "env") for name in each}
    assert wanted <= given
    # Variables of the project and of one pipeline, and those that a user of the component sets.
    own = {"ROLLOUT_COMMENT", "ROLLOUT_RUN_ID", "ROLLOUT_ARGUMENTS", "ROLLOUT_FAIL_ON_DRIFT"}
    _, jobs = documents(COMPONENT)
    assert wanted - own <= {name for each in values(jobs, "variables") for name in each}
