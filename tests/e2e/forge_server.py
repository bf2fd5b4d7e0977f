"""A loopback server that answers as the APIs of GitHub and GitLab."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.loopback_server import QuietHandler, serve_loopback

TOKEN = "token-of-the-pipeline"
HEAD = "a" * 40
MERGED = "b" * 40
PLANNED_AT = "2026-11-26T12:00:00Z"
BOT = "github-actions[bot]"


class ForgeServer:
    """One pull request, number 7, and one merge request of the same number.

    Attributes:
        comments: by id; a comment on GitHub is a note on GitLab.
        approvals: of GitHub's reviews.
        approved_at: of GitLab's approvals.
        runs: facts about runs and jobs, by number.
        artifacts: zip files by run and name.
        merged: whether the request was merged.
        raw: what the API answers instead, if anything.
    """

    def __init__(self) -> None:
        self.url = ""
        self.comments: dict[int, dict[str, Any]] = {}
        self.approvals: list[dict[str, Any]] = []
        self.approved_at: list[str] = []
        self.runs: dict[str, dict[str, Any]] = {}
        self.artifacts: dict[tuple[str, str], bytes] = {}
        self.merged = True
        self.raw: bytes | None = None
        self.asked: list[str] = []

    def keep(self, run: str, name: str, folder: Path, event: str = "pull_request") -> None:
        """Keeps a folder as the artifact of a run, as the runner does after a job."""
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for path in folder.iterdir():
                archive.write(path, f"{folder.name}/{path.name}")
        self.artifacts[run, name] = file.getvalue()
        planned = event == "pull_request"
        self.runs[run] = {
            "event": event,
            "head_branch": "change" if planned else "main",
            "head_sha": HEAD if planned else MERGED,
            "head_repository": {"full_name": "team/fleet"},
        }

    def approve(self, at: str = "2026-11-26T12:30:00Z", **facts: Any) -> None:
        """Approves the newest commit."""
        self.approved_at.append(at)
        self.approvals.append(
            {
                "user": {"login": "reviewer"},
                "state": "APPROVED",
                "commit_id": HEAD,
                "author_association": "MEMBER",
                "submitted_at": at,
            }
            | facts
        )

    def answer(self, method: str, path: str, body: Any) -> Any:
        """What the API answers; ``None``: nothing there."""
        path = path.removeprefix("/repos/team/fleet").removeprefix("/api/v4")
        path, _, query = path.partition("?")
        if "page=" in query and "page=1" not in query.split("&"):
            return {"artifacts": []} if path.endswith("/artifacts") else []
        if method == "GET":
            return self._read(re.sub(r"^/projects/12", "", path))
        return self._write(method, path, body)

    def _read(self, path: str) -> Any:
        number = next(iter(re.findall(r"/(?:runs|jobs|artifacts)/(\d+)", path)), "")
        commit = {"id": HEAD, "parent_ids": []}
        found: dict[str, Any] = {
            f"/commits/{MERGED}/pulls": [self._pull()],
            f"/repository/commits/{MERGED}/merge_requests": [self._merge_request()],
            "/issues/7/comments": list(self.comments.values()),
            "/merge_requests/7/notes": list(self.comments.values()),
            "/pulls/7/reviews": self.approvals,
            "/merge_requests/7/approvals": {
                "approved_by": [{"approved_at": at} for at in self.approved_at]
            },
            "/user": {"username": BOT},
            f"/actions/runs/{number}": self.runs.get(number),
            f"/jobs/{number}": {"commit": commit, "ref": self._ref(number)},
            f"/actions/runs/{number}/artifacts": {"artifacts": self._artifacts(number)},
            "/pipelines/3/jobs": [
                {"id": int(run), "name": name.replace("-run", ":apply"), "artifacts_file": {}}
                | {"artifacts_file": {"size": 1}}
                for run, name in self.artifacts
            ],
        }
        return found.get(path)

    def _pull(self) -> dict[str, Any]:
        return {
            "number": 7,
            "merged_at": PLANNED_AT if self.merged else None,
            "merge_commit_sha": MERGED,
            "base": {"ref": "main"},
            "head": {"sha": HEAD},
        }

    def _merge_request(self) -> dict[str, Any]:
        return {
            "iid": 7,
            "state": "merged" if self.merged else "opened",
            "merge_commit_sha": MERGED,
            "target_branch": "main",
            "sha": HEAD,
        }

    def _ref(self, run: str) -> str | None:
        return self.runs[run]["head_branch"] if run in self.runs else None

    def _artifacts(self, run: str) -> list[dict[str, Any]]:
        return [
            {"id": int(each), "name": name, "expired": False, "created_at": PLANNED_AT}
            for each, name in self.artifacts
            if each == run
        ]

    def _write(self, method: str, path: str, body: Any) -> Any:
        if method == "POST":
            number = len(self.comments) + 1
            user = {"login": BOT, "username": BOT}
            self.comments[number] = {"id": number, "user": user, "author": user}
        else:
            number = int(path.rpartition("/")[2])
        self.comments[number] |= {"body": body["body"], "updated_at": PLANNED_AT}
        return self.comments[number]

    def file(self, path: str) -> bytes | None:
        """The artifact that a path is of."""
        run = next(iter(re.findall(r"/(?:artifacts|jobs|files)/(\d+)", path)), None)
        return next((file for (each, _), file in self.artifacts.items() if each == run), None)


@contextmanager
def forge_server() -> Iterator[ForgeServer]:
    """Serves in threads. Artifacts of GitHub are elsewhere, where the token must not be sent."""
    forge = ForgeServer()

    class Handler(QuietHandler):
        def respond(self) -> None:
            token = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
            forge.asked.append(f"{self.command} {self.path}")
            body = self.body()
            if self.path.startswith("/files/"):
                self.reply(403 if token else 200, forge.file(self.path) or b"")
            elif not token.endswith(TOKEN):
                self.reply(401)
            elif forge.raw is not None:
                self.reply(200, forge.raw)
            elif self.path.endswith("/zip"):
                number = self.path.split("/")[-2]
                self.reply(302, headers={"Location": f"{forge.url}/files/{number}"})
            elif re.search(r"/jobs/\d+/artifacts$", self.path):
                self.reply(200, forge.file(self.path) or b"")
            else:
                answer = forge.answer(self.command, self.path, json.loads(body or "null"))
                self.reply(404 if answer is None else 200, json.dumps(answer).encode())

        do_GET = do_POST = do_PATCH = do_PUT = respond

    with serve_loopback(Handler) as forge.url:
        yield forge
