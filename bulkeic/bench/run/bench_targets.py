"""The targets that a benchmark calls."""

import tempfile
from collections.abc import Iterable
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.runtime import open_access
from bulkeic.app.setup.account_resolver import AccountResolver
from bulkeic.app.setup.run_setup import opened
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.bench.run.load_run import Targets
from bulkeic.core.errors import UsageError
from bulkeic.core.model import Lane, Target
from bulkeic.output.console import Console
from bulkeic.store.jobs import JobFilter

_MOST_TARGETS = 100_000
_LEAST_OF_A_LANE = 100
_USUAL_FUNCTIONS = 1000
_SANDBOX_REGION = "us-east-1"


def targets_of(options: BenchOptions, reach: AccountResolver, screen: Console) -> Targets:
    """The targets of each lane: of a file, or functions with made-up names.

    Of more than 100,000 targets, the first of each lane stand for all.

    Raises:
        BulkeicError: there are none, or the file cannot be read or has problems.
    """
    if options.source:
        return _of_file(options, reach, screen)
    functions = options.functions or (_USUAL_FUNCTIONS if options.sandbox else None)
    if functions is None:
        raise UsageError(
            "there is nothing to call; give a targets file, --functions N for functions that are "
            "named fn-0 and so on, or --sandbox"
        )
    with tempfile.TemporaryDirectory(prefix="bulkeic-") as folder:
        path = Path(folder) / "functions.csv"
        names = (f"fn-{number}" for number in range(functions))
        path.write_text("\n".join(["FunctionName", *names, ""]))
        access = options.access
        if options.sandbox and access.region is None:
            access = replace(access, region=_SANDBOX_REGION)
        elif open_access(access).region is None:
            raise UsageError(
                "--functions: in which Region is not known; give --region, or a profile with one"
            )
        return _of_file(replace(options, source=str(path), access=access), reach, screen)


def jobs_of_lanes(
    options: BenchOptions, source: str, reach: AccountResolver, screen: Console
) -> dict[Lane, int]:
    """How many targets of a file lie in each lane.

    Raises:
        BulkeicError: the file cannot be read or has problems.
    """
    with opened(replace(options, source=source), reach, screen) as run:
        return run.jobs.lanes(JobFilter.EVERY)


def _of_file(options: BenchOptions, reach: AccountResolver, screen: Console) -> Targets:
    with opened(options, reach, screen) as run:
        number = len(run.jobs.lanes(JobFilter.EVERY))
        most = max(_LEAST_OF_A_LANE, _MOST_TARGETS // max(1, number))
        targets = _first(run.jobs.all_targets(), most)
    if not targets:
        raise UsageError(f"{options.source}: there is no target in it to call")
    return targets


def _first(targets: Iterable[Target], most: int) -> dict[Lane, list[Target]]:
    found: dict[Lane, list[Target]] = {}
    for target in targets:
        lane = found.setdefault(target.lane, [])
        if len(lane) < most:
            lane.append(target)
    return found
