"""GitHub's API."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from forges import Api, ChangeRequest, Comment, PipelineError, moment

_DECISIONS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
_MAY_APPROVE = ("OWNER", "MEMBER", "COLLABORATOR")


class GitHub:
    """Reads and writes with the token of the workflow.

    Args:
        variables: those that GitHub sets, and ``ROLLOUT_…``.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._api = Api(
            variables["GITHUB_API_URL"],
            {
                "Authorization": f"Bearer {variables['ROLLOUT_TOKEN']}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        self._path = f"/repos/{variables['GITHUB_REPOSITORY']}"
        self.run = variables["GITHUB_RUN_ID"]
        repository = f"{variables['GITHUB_SERVER_URL']}/{variables['GITHUB_REPOSITORY']}"
        self.page = f"{repository}/actions/runs/{self.run}"

    def author(self) -> str:
        """The login of the workflow's token, unless the input names another."""
        return self._variables.get("ROLLOUT_AUTHOR") or "github-actions[bot]"

    def current(self) -> ChangeRequest:
        """The pull request in the event."""
        event = json.loads(Path(self._variables["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        pull = event.get("pull_request")
        if pull is None:
            raise PipelineError("this workflow does not run for a pull request; set comment: false")
        return ChangeRequest(pull["number"], pull["head"]["sha"])

    def merged(self) -> ChangeRequest:
        """The pull request whose merge made the commit of this run."""
        commit, branch = self._variables["GITHUB_SHA"], self._variables["GITHUB_REF_NAME"]
        for pull in self._api.pages(f"{self._path}/commits/{commit}/pulls"):
            if pull["merged_at"] and (pull["merge_commit_sha"], pull["base"]["ref"]) == (
                commit,
                branch,
            ):
                return ChangeRequest(pull["number"], pull["head"]["sha"])
        raise PipelineError(f"no pull request was merged into {branch} as {commit}")

    def comments(self, request: ChangeRequest) -> Iterator[Comment]:
        """Every comment of the conversation."""
        for each in self._api.pages(f"{self._path}/issues/{request.number}/comments"):
            author = (each["user"] or {}).get("login", "")
            yield Comment(each["id"], author, each["body"] or "", moment(each["updated_at"]))

    def write(self, request: ChangeRequest, body: str, comment: Comment | None) -> None:
        """Writes a new comment, or replaces one."""
        if comment is None:
            path = f"{self._path}/issues/{request.number}/comments"
            self._api.send("POST", path, {"body": body})
        else:
            self._api.send("PATCH", f"{self._path}/issues/comments/{comment.id}", {"body": body})

    def approvals(self, request: ChangeRequest) -> list[datetime]:
        """Approving reviews of the newest commit, by people of the repository.

        Who requested changes after it approves no longer.
        """
        newest = {
            (each["user"] or {}).get("login"): each
            for each in self._api.pages(f"{self._path}/pulls/{request.number}/reviews")
            if each["state"] in _DECISIONS
        }
        return [
            moment(each["submitted_at"])
            for each in newest.values()
            if each["state"] == "APPROVED"
            and each["commit_id"] == request.head
            and each["author_association"] in _MAY_APPROVE
        ]

    def require_head(self, run: str, request: ChangeRequest) -> None:
        """Refuses a run that is not of this pull request's newest commit."""
        found = self._api.get(f"{self._path}/actions/runs/{run}")
        if (found["event"], found["head_sha"]) != ("pull_request", request.head):
            raise PipelineError(f"run {run} did not plan the commit {request.head}")

    def require_branch(self, run: str) -> None:
        """Refuses a run of a pull request, of another branch or of a fork."""
        found = self._api.get(f"{self._path}/actions/runs/{run}")
        branch, repository = (
            self._variables["GITHUB_REF_NAME"],
            self._variables["GITHUB_REPOSITORY"],
        )
        if (
            found["event"].startswith("pull_request")
            or found["head_branch"] != branch
            or (found["head_repository"] or {}).get("full_name") != repository
        ):
            raise PipelineError(f"run {run} is not one of the branch {branch}")

    def earlier_run(self) -> str | None:
        """This run, if an earlier attempt has left its run file."""
        return self.run if self._artifact(self.run, self._run_artifact) else None

    def download(self, run: str, artifact: str, folder: Path) -> None:
        """Saves the run file of the newest artifact of this name."""
        found = self._artifact(run, artifact)
        if found is None:
            raise PipelineError(f"run {run} has no artifact {artifact!r}, or it has expired")
        self._api.extract(f"{self._path}/actions/artifacts/{found['id']}/zip", folder)

    @property
    def _run_artifact(self) -> str:
        return f"{self._variables['ROLLOUT_NAME']}-run"

    def _artifact(self, run: str, name: str) -> Any:
        path = f"{self._path}/actions/runs/{run}/artifacts"
        found = [
            each
            for each in self._api.pages(path, "artifacts", name=name)
            if each["name"] == name and not each["expired"]
        ]
        return max(found, key=lambda each: moment(each["created_at"]), default=None)
