"""The targets that a benchmark calls."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.access.runtime import open_access
from bulkeic.app.setup.run_setup import readable_run
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.bench.run.engine_run import Targets
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Lane, Target
from bulkeic.output.console import Console
from bulkeic.store.jobs import JobFilter

_MAX_TARGETS = 100_000
_MIN_TARGETS_PER_LANE = 100
_DEFAULT_FUNCTIONS = 1000
_SANDBOX_REGION = "us-east-1"


def load_targets(options: BenchOptions, resolver: AccountResolver, console: Console) -> Targets:
    """The targets of each lane: those of a file, or functions with generated names.

    Beyond 100,000 targets, the first ones of each lane stand for all.

    Raises:
        BulkeicError: there are no targets, or the file cannot be read or is invalid.
    """
    if options.source:
        return _read_targets(options, resolver, console)
    functions = options.functions or (_DEFAULT_FUNCTIONS if options.sandbox else None)
    if functions is None:
        raise UsageError(
            "there is nothing to call; give a targets file, --functions N for functions that are "
            "named fn-0 to fn-(N-1), or --sandbox"
        )
    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        path = Path(folder) / "functions.csv"
        names = (f"fn-{number}" for number in range(functions))
        path.write_text("\n".join(["FunctionName", *names, ""]))
        access = options.access
        if options.sandbox and access.region is None:
            access = replace(access, region=_SANDBOX_REGION)
        elif open_access(access).region is None:
            raise UsageError("--functions needs a Region; give --region, or a profile with one")
        options = replace(options, source=str(path), access=access)
        return _read_targets(options, resolver, console)


def targets_per_lane(
    options: BenchOptions, source: str, resolver: AccountResolver, console: Console
) -> dict[Lane, int]:
    """The number of a file's targets in each lane.

    Raises:
        BulkeicError: the file cannot be read or is invalid.
    """
    with readable_run(replace(options, source=source), resolver, console) as run:
        return run.jobs.lanes(JobFilter.EVERY)


def _read_targets(options: BenchOptions, resolver: AccountResolver, console: Console) -> Targets:
    with readable_run(options, resolver, console) as run:
        lanes = len(run.jobs.lanes(JobFilter.EVERY))
        per_lane = max(_MIN_TARGETS_PER_LANE, _MAX_TARGETS // max(1, lanes))
        targets = _first_per_lane(run.jobs.all_targets(), per_lane)
    if not targets:
        raise UsageError(f"{options.source}: there is no target to call")
    return targets


def _first_per_lane(targets: Iterable[Target], count: int) -> dict[Lane, list[Target]]:
    lanes: dict[Lane, list[Target]] = {}
    for target in targets:
        lane = lanes.setdefault(target.lane, [])
        if len(lane) < count:
            lane.append(target)
    return lanes
