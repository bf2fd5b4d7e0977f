"""``bulkeic sandbox``: the embedded control plane by itself, until a signal ends it."""

import functools
import math
import signal
import sys

import anyio

from bulkeic.app.options import SandboxFlags
from bulkeic.app.work import run_async
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import Settings
from bulkeic.core.rows import Defaults, RowParser
from bulkeic.output import Screen, check_stdout
from bulkeic.sandbox import DEFAULT_ACCOUNT_ID, Faults, Sandbox, SandboxOptions
from bulkeic.sources import TargetsFile


def serve(flags: SandboxFlags) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        InputError: the targets file has a bad row.
        UsageError: the port cannot be had.
    """
    options = SandboxOptions(
        port=flags.port,
        rate=None if math.isinf(flags.rate) else flags.rate,
        burst=flags.burst,
        latency_s=flags.latency_s,
        any_function=flags.targets is None,
        seed=flags.seed,
        faults=Faults(**flags.faults),
    )
    check_stdout()
    sandbox = Sandbox(options)
    if flags.targets is not None:
        _hold(sandbox, flags.targets, flags.region)
    run_async(functools.partial(_serve, sandbox))


def _hold(sandbox: Sandbox, path: str, region: str) -> None:
    # Whether a row sets anything does not matter here: a list of functions will do.
    defaults = Defaults(DEFAULT_ACCOUNT_ID, region, Settings(maximum_retry_attempts=0))
    targets = TargetsFile(path)
    parser = RowParser(targets.name, defaults)
    for seq, row in enumerate(targets.rows()):
        if isinstance(row, InputError):
            raise row
        try:
            target = parser.job(seq, row).target
        except InputError as problem:
            raise row.placed(problem, targets.name) from None
        sandbox.hold(target.lane.account_id, target.lane.region, target.function, target.qualifier)


async def _serve(sandbox: Sandbox) -> None:
    try:
        await sandbox.__aenter__()
    except OSError as error:
        raise UsageError(f"the sandbox cannot listen: {error.strerror}") from None
    try:
        key, secret = sandbox.credentials(DEFAULT_ACCOUNT_ID)
        sys.stdout.write(f"{sandbox.url}\n")
        sys.stdout.flush()
        Screen().say(
            f"use it with --endpoint-url {sandbox.url}, AWS_ACCESS_KEY_ID={key} and "
            f"AWS_SECRET_ACCESS_KEY={secret}; Ctrl-C ends it"
        )
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                return
    finally:
        await sandbox.__aexit__(None, None, None)
