"""``bulkeic sandbox``: serves the embedded control plane until a signal ends it."""

import dataclasses
import functools
import ipaddress
import json
import math
import sys
from pathlib import Path

import anyio

from bulkeic.app.access.runtime import run_async
from bulkeic.app.intake.ingest import jobs_of
from bulkeic.app.options.sandbox_flags import FleetFlags, SandboxFlags
from bulkeic.app.run.signals import ending_signals
from bulkeic.app.setup.output_files import check_writable
from bulkeic.core.errors import InputError, UsageError
from bulkeic.core.model import Settings
from bulkeic.core.targets.names import check_region
from bulkeic.core.targets.rows import Defaults
from bulkeic.output.console import Console
from bulkeic.output.files.results import check_stdout
from bulkeic.sandbox.behavior.faults import Faults
from bulkeic.sandbox.behavior.sandbox_options import SandboxOptions
from bulkeic.sandbox.behavior.scenario import options_from_json
from bulkeic.sandbox.server.embedded_sandbox import Sandbox
from bulkeic.sandbox.state.function_arns import DEFAULT_ACCOUNT_ID
from bulkeic.sources.rows_file import RowsFile


def serve(flags: SandboxFlags) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        InputError: a row of the targets file is invalid.
        UsageError: a flag or a file is invalid, or the port cannot be used.
    """
    check_stdout()
    options = _options(flags)
    fleet = flags.fleet
    _check_fleet(fleet)
    sandbox = Sandbox(options)
    if fleet.state is not None:
        _load_state(sandbox, fleet.state)
    if fleet.targets is not None:
        _add_functions(sandbox, fleet.targets, fleet.region)
    if isinstance(fleet.functions, int):
        sandbox.populate(
            fleet.functions,
            accounts=fleet.accounts or 1,
            regions=fleet.regions or 1,
            configured=1.0 if fleet.configured is None else fleet.configured,
            varied=bool(fleet.varied),
            organization=bool(fleet.organization),
        )
    if not _is_loopback(options.host):
        Console().print(
            f"warning: {options.host} is not loopback: other machines can reach this sandbox"
        )
    run_async(functools.partial(_serve, sandbox, options))
    if fleet.save_state is not None:
        _save_state(sandbox, Path(fleet.save_state))


def _options(flags: SandboxFlags) -> SandboxOptions:
    """The options: a flag beats the scenario, which beats the default."""
    options = SandboxOptions(any_function=flags.fleet.is_any)
    if flags.scenario is not None:
        try:
            options = options_from_json(json.loads(_read(flags.scenario)), options)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{flags.scenario}: {error}") from None
    known = {field.name for field in dataclasses.fields(Faults)}
    given = flags.given()
    faults = {name: value for name, value in given.items() if name in known}
    own = {name: value for name, value in given.items() if name not in known}
    if own.get("rate") == math.inf:
        own["rate"] = None
    for name, scenario in (("alarms", options.alarms), ("calendars", options.calendars)):
        if name in own:
            own[name] = {**scenario, **dict(own[name])}
    try:
        return dataclasses.replace(
            options, **own, faults=dataclasses.replace(options.faults, **faults)
        )
    except ValueError as error:
        raise UsageError(str(error)) from None


def _check_fleet(fleet: FleetFlags) -> None:
    generated = {
        "--accounts": fleet.accounts,
        "--regions": fleet.regions,
        "--configured": fleet.configured,
        "--varied": fleet.varied,
        "--organization": fleet.organization,
    }
    given = [flag for flag, value in generated.items() if value is not None]
    if given and not isinstance(fleet.functions, int):
        raise UsageError(f"{given[0]} requires --functions N")
    try:
        check_region(fleet.region)
    except InputError as error:
        raise UsageError(f"--region: {error.rule}") from None
    if fleet.save_state is not None:
        check_writable(Path(fleet.save_state), fleet.save_state)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _load_state(sandbox: Sandbox, path: str) -> None:
    try:
        sandbox.load_state(_read(path))
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except ValueError as error:
        raise UsageError(f"{path}: {error}") from None


def _save_state(sandbox: Sandbox, path: Path) -> None:
    # Written to another file first, so that no reader sees a part of it.
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            sandbox.save_state(file)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    finally:
        part.unlink(missing_ok=True)


def _add_functions(sandbox: Sandbox, path: str, region: str) -> None:
    # A default setting, because the rows need not set anything here.
    defaults = Defaults(DEFAULT_ACCOUNT_ID, region, Settings(maximum_retry_attempts=0))
    for job in jobs_of(RowsFile(path), defaults):
        target = job.target
        sandbox.add_function(
            target.lane.account_id, target.lane.region, target.function, target.qualifier
        )


async def _serve(sandbox: Sandbox, options: SandboxOptions) -> None:
    try:
        await sandbox.__aenter__()
    except OSError as error:
        reason = error.strerror or str(error)
        raise UsageError(f"the sandbox cannot listen: {reason}") from None
    except UnicodeError:
        raise UsageError(f"--host: {options.host!r} is not a host name") from None
    try:
        # Installed before the URL is printed: from then on a signal ends it cleanly.
        with anyio.open_signal_receiver(*ending_signals()) as signals:
            _print_address(sandbox, options)
            async for _ in signals:
                return
    finally:
        await sandbox.__aexit__(None, None, None)


def _print_address(sandbox: Sandbox, options: SandboxOptions) -> None:
    key, secret = sandbox.credentials(DEFAULT_ACCOUNT_ID)
    shown = secret if secret == SandboxOptions().secret else "the value of --secret"
    trust = f"AWS_CA_BUNDLE={options.tls_cert}, " if options.tls_cert else ""
    sys.stdout.write(f"{sandbox.url}\n")
    sys.stdout.flush()
    Console().print(
        f"use it with --endpoint-url {sandbox.url}, {trust}AWS_ACCESS_KEY_ID={key} and "
        f"AWS_SECRET_ACCESS_KEY={shown}; Ctrl-C ends it"
    )
