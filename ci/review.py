"""Comments on a pull or merge request, and finds the plan that was reviewed there.

``review.py show COMMAND`` writes ``comment.md`` and the comment, and prints the digest of the plan.
``review.py fetch-plan`` saves the reviewed plan, and prints its digest.
``review.py fetch-run RUN`` saves the run file of an earlier pipeline.
The steps call it, and set the variables that it needs.
"""

import json
import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from forges import ChangeRequest, Comment, Forge, PipelineError
from github_forge import GitHub
from gitlab_forge import GitLab

_MARK = re.compile(r"<!-- bulkeic (\{[^\n]*\}) -->\n")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_LONGEST_PART = 20_000
"""Characters of the report, and of the changes or an error, in a comment: GitHub allows 65,536."""
_ENDINGS = {
    "0": "Done.",
    "1": "Some targets failed, or their outcome is unknown.",
    "2": "Refused: nothing was sent.",
    "3": "Stopped early, with targets pending.",
    "4": "There is something to change.",
    "130": "Interrupted twice, with targets pending.",
}
"""What each exit code of bulkeic means."""
_COMPLETE = ("0", "4")
_CUT = "\n… The artifact of the pipeline has the rest.\n"


def mark_of(body: str) -> dict[str, Any]:
    """What the first line of a comment says about its plan; empty: not one of ours."""
    found = _MARK.match(body)
    try:
        mark = json.loads(found[1]) if found else {}
    except ValueError:
        mark = {}
    return mark if isinstance(mark, dict) else {}


def fenced(text: str, language: str = "") -> str:
    """A code block that no text can end."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}\n"


def beginning(path: Path) -> str:
    """The first lines of a file, which may be large; empty: there is no file."""
    if not path.exists():
        return ""
    with path.open(encoding="utf-8", errors="replace") as file:
        text = file.read(_LONGEST_PART + 1)
    return text if len(text) <= _LONGEST_PART else text.rpartition("\n")[0] + _CUT


def comment_text(folder: Path, kind: str, status: str) -> str:
    """What a comment says: the report and the changes, or an error; and how the command ended."""
    parts = []
    if report := beginning(folder / "report.md"):
        parts.append(report)
    elif log := beginning(folder / "log.txt"):
        parts.append(f"### `bulkeic {kind}`: failed\n\n{fenced(log)}")
    if changes := beginning(folder / "changes.diff"):
        shown = fenced(changes, "diff")
        parts.append(f"<details><summary>Changes</summary>\n\n{shown}\n</details>\n")
    parts.append(f"Exit code {status}: {_ENDINGS.get(status, 'ended by a signal.')}\n")
    return "\n".join(parts)


def digest_of(folder: Path, status: str) -> str | None:
    """The digest of a complete plan; ``None``: no plan, or targets that were not read."""
    path = folder / "report.json"
    if status not in _COMPLETE or not path.exists():
        return None
    digest: str | None = json.loads(path.read_text(encoding="utf-8"))["digest"]
    return digest


def find_comment(forge: Forge, request: ChangeRequest, kind: str, name: str) -> Comment | None:
    """The comment of a kind that the pipeline itself wrote."""
    author = forge.author()
    for comment in forge.comments(request):
        mark = mark_of(comment.body)
        if comment.author == author and (mark.get("kind"), mark.get("name")) == (kind, name):
            return comment
    return None


def write_comment(forge: Forge, kind: str, name: str, digest: str | None, text: str) -> None:
    """Writes the comment, or replaces the one that an earlier pipeline wrote."""
    request = forge.current() if kind == "plan" else forge.merged()
    mark = {
        "kind": kind,
        "name": name,
        "head": request.head,
        "digest": digest,
        "run": forge.run,
    }
    body = f"<!-- bulkeic {json.dumps(mark)} -->\n{text}[Pipeline]({forge.page})\n"
    forge.write(request, body, find_comment(forge, request, kind, name))


def fetch_plan(forge: Forge, name: str, folder: Path, *, must_be_approved: bool) -> str:
    """Saves the plan that was reviewed, or the run file of an earlier attempt: the digest.

    Raises:
        PipelineError: there is no such plan, or it is not the one that was approved.
    """
    request = forge.merged()
    comment = find_comment(forge, request, "plan", name)
    if comment is None:
        raise PipelineError(f"request {request.number} has no comment with a plan of {name!r}")
    mark = mark_of(comment.body)
    digest, run = str(mark.get("digest")), str(mark.get("run"))
    if not _DIGEST.fullmatch(digest) or not _NUMBER.fullmatch(run):
        raise PipelineError(f"request {request.number} was merged without a plan that succeeded")
    if mark.get("head") != request.head:
        raise PipelineError(
            f"the plan of request {request.number} is of another commit than {request.head}"
        )
    if must_be_approved and not any(at > comment.updated_at for at in forge.approvals(request)):
        raise PipelineError(
            f"no one approved request {request.number} after its plan was made; "
            "make a new request, and approve it when it has its plan"
        )
    earlier = forge.earlier_run()
    if earlier is None:
        forge.require_head(run, request)
        forge.download(run, f"{name}-plan", folder)
    else:
        forge.download(earlier, f"{name}-run", folder)
    return digest


def fetch_run(forge: Forge, name: str, folder: Path, run: str) -> None:
    """Saves the run file of an earlier pipeline of the branch."""
    if not _NUMBER.fullmatch(run):
        raise PipelineError(f"{run!r} does not identify a pipeline; expected a number")
    forge.require_branch(run)
    forge.download(run, f"{name}-run", folder)


def forge_of(variables: Mapping[str, str]) -> Forge:
    """GitHub or GitLab, by the variables that each sets."""
    if not variables.get("ROLLOUT_TOKEN"):
        raise PipelineError("the step needs a token for comments and artifacts")
    try:
        return GitHub(variables) if variables.get("GITHUB_ACTIONS") else GitLab(variables)
    except KeyError as error:
        raise PipelineError(f"the variable {error} is missing; is this a pipeline?") from None


def run(words: list[str], variables: Mapping[str, str]) -> None:
    """Does what the words say."""
    name, folder = variables["ROLLOUT_NAME"], Path(variables["ROLLOUT_FOLDER"])
    match words:
        case ["show", kind]:
            status = variables["ROLLOUT_STATUS"]
            text, digest = comment_text(folder, kind, status), digest_of(folder, status)
            (folder / "comment.md").write_text(text, encoding="utf-8")
            sys.stdout.write(digest or "")
            if variables.get("ROLLOUT_COMMENT") != "false":
                write_comment(forge_of(variables), kind, name, digest, text)
        case ["fetch-plan"]:
            must_be_approved = variables.get("ROLLOUT_REQUIRE_APPROVAL") != "false"
            forge = forge_of(variables)
            sys.stdout.write(fetch_plan(forge, name, folder, must_be_approved=must_be_approved))
        case ["fetch-run", number]:
            fetch_run(forge_of(variables), name, folder, number)
        case _:
            raise PipelineError(f"review.py cannot {' '.join(words)!r}")


def main() -> int:
    """The exit code: 2 if the step cannot go on."""
    try:
        run(sys.argv[1:], os.environ)
    except (OSError, PipelineError) as error:
        sys.stderr.write(f"bulkeic pipeline: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
