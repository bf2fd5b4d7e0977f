"""``--expect``: apply carries out the plan that was reviewed, and no other."""

import shlex

from msgspec.structs import replace

from bulkeic.core.errors import UsageError, quoted
from bulkeic.store.integrity.plan_digest import PlanParts
from bulkeic.store.run_file import RunFile

NEEDS_PLAN = "--expect requires a plan: the run file that plan or rollback --plan made"


def seal_plan(run: RunFile) -> str | None:
    """Keeps what a complete plan's digest covers: the digest; ``None``: it is not complete.

    Args:
        run: the run file of a plan.
    """
    if run.metadata.plan_parts is None:
        if not run.plan_digest.is_complete():
            return None
        parts = run.plan_digest.parts(run.metadata)
        run.save_metadata(replace(run.metadata, plan_parts=f"{parts.flags} {parts.read}"))
    return known_digest(run)


def known_digest(run: RunFile) -> str | None:
    """The digest of a plan when it was completed; ``None``: the run is no complete plan."""
    parts = run.metadata.plan_parts
    return None if parts is None else run.plan_digest.of(PlanParts(*parts.split()))


def digest_lines(digest: str | None) -> list[str]:
    """The digest of a plan, for people."""
    return [] if digest is None else [f"digest: {digest}; apply exactly this plan with --expect"]


def check_expected(run: RunFile, expected: str) -> None:
    """Checks that a run is the plan that is expected, and as it was when it was completed.

    A plan that an apply has begun to carry out is recognized by its jobs and by what was kept.

    Args:
        run: the run file.
        expected: the digest.

    Raises:
        UsageError: it is another plan, or was changed.
    """
    if not run.metadata.planned:
        raise UsageError(NEEDS_PLAN)
    found = known_digest(run)
    if found is None:
        raise UsageError(
            f"run file {quoted(str(run.path))} has no digest yet; complete it with: "
            f"bulkeic plan {shlex.quote(str(run.path))}"
        )
    if not run.was_applied():
        found = run.plan_digest.of(run.plan_digest.parts(run.metadata))
    if found != expected:
        raise UsageError(
            f"run file {quoted(str(run.path))} is not the plan that --expect names: its digest is "
            f"{found}; it was planned again or changed, so review it before you apply it"
        )
