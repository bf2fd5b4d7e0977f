"""GitLab's API."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

from forges import Api, ChangeRequest, Comment, PipelineError, moment


class GitLab:
    """Reads and writes with a project access token: a job's own token cannot comment.

    Args:
        variables: those that GitLab sets, and ``ROLLOUT_…``.
    """

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        token = {"PRIVATE-TOKEN": variables["ROLLOUT_TOKEN"]}
        self._api = Api(variables["CI_API_V4_URL"], token)
        self._path = f"/projects/{variables['CI_PROJECT_ID']}"
        self.run = variables["CI_JOB_ID"]
        self.page = variables["CI_JOB_URL"]

    def author(self) -> str:
        """The user of the token."""
        return str(self._api.get("/user")["username"])

    def current(self) -> ChangeRequest:
        """The merge request of this pipeline."""
        number = self._variables.get("CI_MERGE_REQUEST_IID")
        if not number:
            raise PipelineError("this pipeline is not for a merge request; set comment: false")
        source = self._variables.get("CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")
        return ChangeRequest(int(number), source or self._variables["CI_COMMIT_SHA"])

    def merged(self) -> ChangeRequest:
        """The merge request whose merge made the commit of this pipeline."""
        commit, branch = self._variables["CI_COMMIT_SHA"], self._variables["CI_COMMIT_BRANCH"]
        for each in self._api.pages(f"{self._path}/repository/commits/{commit}/merge_requests"):
            made = (each.get("merge_commit_sha"), each.get("squash_commit_sha"), each["sha"])
            if each["state"] == "merged" and each["target_branch"] == branch and commit in made:
                return ChangeRequest(each["iid"], each["sha"])
        raise PipelineError(f"no merge request was merged into {branch} as {commit}")

    def comments(self, request: ChangeRequest) -> Iterator[Comment]:
        """Every note."""
        for each in self._api.pages(f"{self._path}/merge_requests/{request.number}/notes"):
            author = each["author"]["username"]
            yield Comment(each["id"], author, each["body"], moment(each["updated_at"]))

    def write(self, request: ChangeRequest, body: str, comment: Comment | None) -> None:
        """Writes a new note, or replaces one."""
        path = f"{self._path}/merge_requests/{request.number}/notes"
        if comment is None:
            self._api.send("POST", path, {"body": body})
        else:
            self._api.send("PUT", f"{path}/{comment.id}", {"body": body})

    def approvals(self, request: ChangeRequest) -> list[datetime]:
        """Approvals of the merge request."""
        found = self._api.get(f"{self._path}/merge_requests/{request.number}/approvals")
        if any("approved_at" not in each for each in found["approved_by"]):
            raise PipelineError("this GitLab does not say when a merge request was approved")
        return [moment(each["approved_at"]) for each in found["approved_by"]]

    def require_head(self, run: str, request: ChangeRequest) -> None:
        """Refuses a job of another commit; a merged result has the newest commit as a parent."""
        commit = self._api.get(f"{self._path}/jobs/{run}")["commit"]
        if request.head not in (commit["id"], *commit.get("parent_ids", ())):
            raise PipelineError(f"job {run} did not plan the commit {request.head}")

    def require_branch(self, run: str) -> None:
        """Refuses a job that is not of the branch."""
        branch = self._variables["CI_COMMIT_BRANCH"]
        if self._api.get(f"{self._path}/jobs/{run}")["ref"] != branch:
            raise PipelineError(f"job {run} is not one of the branch {branch}")

    def earlier_run(self) -> str | None:
        """The newest earlier attempt of this job that has left its run file."""
        path = f"{self._path}/pipelines/{self._variables['CI_PIPELINE_ID']}/jobs"
        name = self._variables["CI_JOB_NAME"]
        attempts = [
            each["id"]
            for each in self._api.pages(path, include_retried="true")
            if each["name"] == name and str(each["id"]) != self.run and each.get("artifacts_file")
        ]
        return str(max(attempts)) if attempts else None

    def download(self, run: str, artifact: str, folder: Path) -> None:
        """Saves the run file of a job's artifact; its name is for people."""
        del artifact
        self._api.extract(f"{self._path}/jobs/{run}/artifacts", folder)
