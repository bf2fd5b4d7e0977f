"""An embedded sandbox that holds the targets of a run, and every alarm and change calendar."""

import itertools
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import msgspec

from bulkeic.core.change.snapshot import ABSENT
from bulkeic.core.model import Settings, Target
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.aws.identity.access import Access

_STATE_BATCH = 1000


@asynccontextmanager
async def open_run_sandbox(run: RunFile) -> AsyncIterator["Access"]:
    """Serves a sandbox with a run's targets, as earlier sessions left them.

    Each alarm that the run asks for is OK, and each change calendar is open.

    Args:
        run: the run file.

    Returns:
        Access to the sandbox.
    """
    from bulkeic.aws.identity.access import Access  # noqa: PLC0415 - not before there is a run
    from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions  # noqa: PLC0415 - hardly any run needs it
    from bulkeic.sandbox.server.embedded_sandbox import Sandbox  # noqa: PLC0415 - hardly any run needs it

    options = SandboxOptions(any_alarm=True, any_calendar=True)
    async with Sandbox(options) as sandbox:
        for target in run.jobs.all_targets():
            lane = target.lane
            sandbox.add_function(lane.account_id, lane.region, target.function, target.qualifier)
        known = run.jobs.known_snapshots()
        while batch := list(itertools.islice(known, _STATE_BATCH)):
            sandbox.load_state(_state(batch))
        yield Access(endpoint_url=sandbox.url, credentials=sandbox.credentials, isolated=True)


def _state(known: Iterable[tuple[Target, Settings]]) -> str:
    """Configurations in the format of the sandbox's state files, JSON."""
    state: dict[str, dict[str, dict[str, object]]] = {}
    for target, snapshot in known:
        functions = state.setdefault(str(target.lane), {})
        config = None if snapshot == ABSENT else snapshot.to_api()
        functions.setdefault(target.function, {})[target.qualifier] = config
    return msgspec.json.encode(state).decode()
