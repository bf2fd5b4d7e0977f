"""The APIs of GitHub and GitLab: comments, approvals and artifacts of a pull or merge request.

Needs nothing but Python, and takes the variables that the pipeline sets.
"""

import http.client
import json
import shutil
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, Protocol

RUN_FILES = ("run.db", "run.db-wal")
"""What is taken out of an artifact."""
PAGE_SIZE = 100
TIMEOUT_S = 60
_LOOPBACK = "http://127.0.0.1:"
_UNREADABLE = (OSError, ValueError, http.client.HTTPException)


class PipelineError(Exception):
    """Why a step cannot go on, as one line."""


@dataclass(frozen=True)
class ChangeRequest:
    """A pull request of GitHub or a merge request of GitLab, with its newest commit."""

    number: int
    head: str


@dataclass(frozen=True)
class Comment:
    """A comment on a change request."""

    id: int
    author: str
    body: str
    updated_at: datetime


class Forge(Protocol):
    """What the steps need of GitHub or GitLab.

    Attributes:
        run: identifies the artifact of this pipeline.
        page: URL of this pipeline, for people.
    """

    run: str
    page: str

    def author(self) -> str:
        """Who writes the comments."""

    def current(self) -> ChangeRequest:
        """The change request that this pipeline is for."""

    def merged(self) -> ChangeRequest:
        """The change request that brought the commit of this pipeline."""

    def comments(self, request: ChangeRequest) -> Iterator[Comment]:
        """Every comment."""

    def write(self, request: ChangeRequest, body: str, comment: Comment | None) -> None:
        """Writes a new comment, or replaces one."""

    def approvals(self, request: ChangeRequest) -> list[datetime]:
        """When the newest commit was approved, by each who did."""

    def require_head(self, run: str, request: ChangeRequest) -> None:
        """Refuses a run that is not of the newest commit of a change request."""

    def require_branch(self, run: str) -> None:
        """Refuses a run that is not of the branch of this pipeline."""

    def earlier_run(self) -> str | None:
        """The run of an earlier attempt of this job, if it has an artifact."""

    def download(self, run: str, artifact: str, folder: Path) -> None:
        """Saves the run file of an artifact in a folder."""


class Api:
    """Calls that take and give JSON.

    Args:
        url: the API's address: HTTPS, or loopback.
        headers: of each request; they are not sent to a server that it redirects to.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        if not url.startswith(("https://", _LOOPBACK)):
            raise PipelineError(
                f"the token would be sent to {url!r} without encryption; use https://"
            )
        self._url = url.rstrip("/")
        self._headers = headers

    def get(self, path: str, **query: object) -> Any:
        """The answer to a GET."""
        words = f"?{urllib.parse.urlencode(query)}" if query else ""
        with self._open("GET", path + words) as response:
            try:
                return json.loads(response.read())
            except _UNREADABLE as error:
                raise PipelineError(
                    f"GET {self._url}{path}: the answer is invalid: {error}"
                ) from None

    def pages(self, path: str, key: str | None = None, **query: object) -> Iterator[Any]:
        """The items of every page; ``key`` names the list in an answer that is an object."""
        page = 1
        while True:
            answer = self.get(path, per_page=PAGE_SIZE, page=page, **query)
            items = answer if key is None else answer[key]
            yield from items
            if len(items) < PAGE_SIZE:
                return
            page += 1

    def send(self, method: str, path: str, body: object) -> None:
        """Sends JSON."""
        with self._open(method, path, json.dumps(body).encode()):
            pass

    def extract(self, path: str, folder: Path) -> None:
        """Downloads a zip file, and saves the run file that is in it."""
        with TemporaryFile() as file:
            try:
                with self._open("GET", path) as response:
                    shutil.copyfileobj(response, file)
                _extract(zipfile.ZipFile(file), folder)
            except (http.client.HTTPException, zipfile.BadZipFile) as error:
                raise PipelineError(f"{path}: the artifact is not a zip file: {error}") from None

    def _open(self, method: str, path: str, body: bytes | None = None) -> Any:
        request = urllib.request.Request(self._url + path, body, method=method)  # noqa: S310 - checked
        request.add_header("Content-Type", "application/json")
        for name, value in self._headers.items():
            request.add_unredirected_header(name, value)
        try:
            return urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310 - checked
        except urllib.error.HTTPError as error:
            error.close()
            raise PipelineError(
                f"{method} {self._url}{path}: {error.code} {error.reason}; does the token have the "
                "permissions that the docs name?"
            ) from None
        except _UNREADABLE as error:
            raise PipelineError(f"{method} {self._url}{path}: {error}") from None


def _extract(archive: zipfile.ZipFile, folder: Path) -> None:
    by_name = {Path(each.filename).name: each for each in archive.infolist()}
    if RUN_FILES[0] not in by_name:
        raise PipelineError(f"the artifact has no {RUN_FILES[0]}; plan again")
    folder.mkdir(parents=True)
    for name in RUN_FILES:
        if name in by_name:
            with archive.open(by_name[name]) as source, (folder / name).open("xb") as file:
                shutil.copyfileobj(source, file)


def moment(text: str) -> datetime:
    """A time of the APIs: RFC 3339."""
    return datetime.fromisoformat(text)
