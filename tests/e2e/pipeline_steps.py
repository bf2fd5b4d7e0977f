"""The steps of pipelines as a runner starts them."""

import json
import shutil
import subprocess
from pathlib import Path

from .conftest import COMMAND, Bulkeic, Result
from .forge_server import HEAD, MERGED, TOKEN, ForgeServer

ROOT = Path(__file__).parents[2]
STEPS = ROOT / "ci/steps"


class Pipeline:
    """Runs steps in the folder of a command, each in a clean checkout.

    Args:
        bulkeic: its folder and its environment.
        forge: GitHub or GitLab.
        kind: which of them.
    """

    def __init__(self, bulkeic: Bulkeic, forge: ForgeServer, kind: str) -> None:
        self._bulkeic = bulkeic
        self._forge = forge
        self._kind = kind
        self.folder = bulkeic.folder / "bulkeic-run"
        self.summary = bulkeic.folder / "summary.md"
        self._outputs = bulkeic.folder / "outputs"

    def variables(self, run: str) -> dict[str, str]:
        """Those that GitHub or GitLab sets."""
        if self._kind == "gitlab":
            return {
                "CI_API_V4_URL": f"{self._forge.url}/api/v4",
                "CI_PROJECT_ID": "12",
                "CI_JOB_ID": run,
                "CI_JOB_URL": f"https://gitlab.example/jobs/{run}",
                "CI_JOB_NAME": "bulkeic:apply",
                "CI_PIPELINE_ID": "3",
                "CI_MERGE_REQUEST_IID": "7",
                "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA": HEAD,
                "CI_COMMIT_SHA": MERGED,
                "CI_COMMIT_BRANCH": "main",
            }
        event = self._bulkeic.folder / "event.json"
        event.write_text(json.dumps({"pull_request": {"number": 7, "head": {"sha": HEAD}}}))
        return {
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self._forge.url,
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_REPOSITORY": "team/fleet",
            "GITHUB_RUN_ID": run,
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_SHA": MERGED,
            "GITHUB_REF_NAME": "main",
            "GITHUB_OUTPUT": str(self._outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def start(
        self, step: str, run: str, *arguments: object, **more: str
    ) -> "subprocess.Popen[str]":
        """Starts a step; the words are arguments of its command."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._outputs.unlink(missing_ok=True)
        assert COMMAND is not None
        variables = {
            "PATH": f"{Path(COMMAND).parent}:{self._bulkeic.env['PATH']}",
            "ROLLOUT_HOME": str(self._bulkeic.folder / "home"),
            "ROLLOUT_TOKEN": TOKEN,
            "ROLLOUT_ARGUMENTS": "\n".join(map(str, arguments)),
        }
        inherited = {
            name: value
            for name, value in self._bulkeic.env.items()
            if not name.startswith(("GITHUB_", "CI_", "ROLLOUT_"))
        }
        process = subprocess.Popen(
            [STEPS / f"{step}.sh"],
            cwd=self._bulkeic.folder,
            env=inherited | self.variables(run) | variables | more,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._bulkeic.started.append(process)
        return process

    def __call__(self, step: str, run: str, *arguments: object, **more: str) -> Result:
        """Runs a step to its end."""
        process = self.start(step, run, *arguments, **more)
        out, err = process.communicate(timeout=60)
        assert "Traceback" not in err, err
        return Result(subprocess.CompletedProcess([], process.returncode, out, err))

    def outputs(self) -> dict[str, str]:
        """The outputs of the last step."""
        lines = self._outputs.read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)
