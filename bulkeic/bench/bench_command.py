"""``bulkeic bench``: measures an endpoint under chosen loads."""

import os
from pathlib import Path

from msgspec.structs import replace

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.run.invocation import Invocation
from bulkeic.app.run.session import INTERRUPTED_TWICE
from bulkeic.app.run_files.run_binding import place
from bulkeic.app.setup.output_files import check_not_read, check_writable
from bulkeic.app.setup.run_setup import check_yes
from bulkeic.bench.bench_options import BenchOptions
from bulkeic.bench.model.apply_forecast import forecast_apply
from bulkeic.bench.model.measurements import ApplyForecast, BenchOperation, BenchResult, encode
from bulkeic.bench.model.workload import Load, LoadModel, choose_loads
from bulkeic.bench.report.html_page import check_charts, page
from bulkeic.bench.report.result_text import bench_lines
from bulkeic.bench.run.bench_run import BenchRun, printable_word
from bulkeic.bench.run.bench_targets import load_targets, targets_per_lane
from bulkeic.bench.run.engine_run import Targets
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.exit_codes import ExitCode
from bulkeic.core.model import Lane
from bulkeic.output.console import Console
from bulkeic.output.files.results import STDOUT
from bulkeic.output.formatting import counted
from bulkeic.output.summary_json import print_json


def bench(options: BenchOptions) -> int:
    """Measures an endpoint under the chosen loads and reports the results.

    Returns:
        The exit code: 3 if the benchmark was stopped early or could not write a file, 1 if no
        request of a load succeeded, else 0.

    Raises:
        BulkeicError: nothing was sent; the error says why.
    """
    if options.forecast is not None:
        options = _for_forecast(options)
    console = Invocation(options).console
    loads = choose_loads(options.load)
    _check_outputs(options)
    if options.operation is BenchOperation.UPDATE:
        check_yes(options, console)
    resolver = AccountResolver(options.access, options.pace.timeout_s, sandbox=options.sandbox)
    targets = load_targets(options, resolver, console)
    jobs = _forecast_jobs(options, resolver, console)
    if not _confirm(options, loads, targets, console):
        return ExitCode.STOPPED
    run = BenchRun(options, loads, targets, resolver.accounts, console)
    run.run()
    result = replace(run.result(), forecast=_forecast(options, jobs, run))
    return _report(result, run.stopped, options, console)


def _for_forecast(options: BenchOptions) -> BenchOptions:
    """The options with which a forecast measures the limits of its file's lanes."""
    source = options.source
    if not source and options.functions is None:
        source = options.forecast or ""
    return replace(options, source=source, load=replace(options.load, find_limit=True))


def _check_outputs(options: BenchOptions) -> None:
    if options.html is not None:
        check_charts()
    if options.source and options.functions is not None:
        raise UsageError("SOURCE and --functions both choose the targets; give one of them")
    paths = [os.path.realpath(path) for path in (options.html, options.results) if path is not None]
    if len(paths) > len(set(paths)):
        raise UsageError("--html and --results name the same file; give different names")
    for flag, path in (("--results", options.results), ("--html", options.html)):
        if path == STDOUT:
            raise UsageError(f"{flag} -: name a file; --output json prints the results on stdout")
        if path is not None:
            check_writable(Path(path), f"{flag} {quoted(path)}")
            read = (options.source, options.access.accounts, options.forecast)
            check_not_read(flag, path, *read)


def _forecast_jobs(
    options: BenchOptions, resolver: AccountResolver, console: Console
) -> dict[Lane, int]:
    """The number of targets to forecast in each lane; empty: no forecast was requested."""
    if options.forecast is None:
        return {}
    jobs = targets_per_lane(options, options.forecast, resolver, console)
    if not jobs:
        raise UsageError(f"{quoted(options.forecast)}: there is no target to forecast")
    return jobs


def _forecast(options: BenchOptions, jobs: dict[Lane, int], run: BenchRun) -> ApplyForecast | None:
    if options.forecast is None:
        return None
    return forecast_apply(
        printable_word(options.forecast),
        jobs,
        run.limits,
        headroom=options.pace.headroom,
        concurrency=options.pace.concurrency,
    )


def _confirm(options: BenchOptions, loads: list[Load], targets: Targets, console: Console) -> bool:
    """Prints what will be measured, and asks before it writes to AWS."""
    number = sum(map(len, targets.values()))
    repeats = "" if options.repeat == 1 else f"; {options.repeat} times"
    console.print(
        f"{counted(number, 'target')} in {counted(len(targets), 'lane')}; "
        f"{'; '.join(map(str, loads))}{repeats}; on {place(options)}"
    )
    functions = {(lane, each.function) for lane, every in targets.items() for each in every}
    for load in loads:
        if load.model is LoadModel.CLOSED and load.concurrency > len(functions):
            console.print(
                f"warning: {load.concurrency:,} requests in flight need as many functions, but "
                f"there are {len(functions):,}: a function has one call in flight at a time"
            )
    if options.operation is BenchOperation.GET or options.yes or options.sandbox:
        return True
    return console.confirm("write back the current settings of each target?")


def _report(
    result: BenchResult, stopped: str | None, options: BenchOptions, console: Console
) -> int:
    """Prints the result and writes the requested files; returns the exit code."""
    for line in bench_lines(result, console.width):
        console.print(line)
    encoded = encode(result)
    is_written = True
    if options.results is not None:
        is_written = _write(options.results, encoded, console)
    if options.html is not None:
        is_written = _write(options.html, page(result).encode(), console) and is_written
    if stopped is not None:
        console.print(f"stopped: {stopped}")
    code = _exit_code(result, stopped, is_written=is_written)
    return print_json(encoded, code, console) if options.output == "json" else code


def _exit_code(result: BenchResult, stopped: str | None, *, is_written: bool) -> ExitCode:
    if stopped == INTERRUPTED_TWICE:
        return ExitCode.INTERRUPTED
    if stopped is not None or not is_written:
        return ExitCode.STOPPED
    failed = any(each.has_no_success for each in result.measures)
    return ExitCode.FAILED if failed else ExitCode.OK


def _write(path: str, text: bytes, console: Console) -> bool:
    """Writes a file; on failure prints the error and returns ``False``."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(text)
    except OSError as error:
        console.print(f"bulkeic: {quoted(path)}: {error.strerror}")
        return False
    return True
