"""What command and worker have in common when they connect to a Dask scheduler.

Only ``bulkeic.cluster`` uses Dask, and imports it when it is needed: it is an extra.
"""

import importlib.util
import logging
import socket
import ssl
import time
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Literal

from bulkeic.app.options.scheduler_options import SchedulerOptions
from bulkeic.core.errors import UsageError
from bulkeic.core.options.scheduler_address import SchedulerAddress

if TYPE_CHECKING:
    from distributed import Security

CONNECT_S = 10.0
"""How long to try to connect to a scheduler."""

_TRY_AGAIN_S = 0.2
_CONFIG = {
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": False,
    "distributed.diagnostics.nvml": False,
    "distributed.comm.compression": False,
    "distributed.comm.timeouts.connect": f"{CONNECT_S:g}s",
    "distributed.comm.retry.count": 0,
    # A worker process reads this when it imports Dask.
    "distributed.nanny.pre-spawn-environ.DASK_LOGGING__DISTRIBUTED": "critical",
}


def configure_dask(log_level: str) -> None:
    """Imports Dask with the settings that lanes need, and with few logs.

    Args:
        log_level: of bulkeic; Dask's own warnings are shown at ``debug``.

    Raises:
        UsageError: Dask is not installed.
    """
    if importlib.util.find_spec("distributed") is None:
        raise UsageError(
            "workers on several machines need Dask; install it with: pip install 'bulkeic[dask]'"
        )
    import dask  # noqa: PLC0415 - see the module
    import distributed  # noqa: F401, PLC0415 - it configures its loggers

    dask.config.set(_CONFIG)
    shown = logging.WARNING if log_level == "debug" else logging.CRITICAL + 1
    for name in list(logging.Logger.manager.loggerDict):
        if name.partition(".")[0] in {"distributed", "tornado"}:
            logger = logging.getLogger(name)
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(shown)


def dask_security(
    address: SchedulerAddress, options: SchedulerOptions, role: Literal["client", "worker"]
) -> "Security":
    """Our certificate and whom we trust, as Dask takes it.

    Args:
        address: of the scheduler.
        options: with the files.
        role: whose certificate it is.

    Raises:
        UsageError: a file cannot be used.
    """
    from distributed import Security  # noqa: PLC0415

    if not address.is_encrypted:
        return Security(require_encryption=False)
    files = {f"tls_{role}_cert": options.tls_cert, f"tls_{role}_key": options.tls_key}
    try:
        security = Security(require_encryption=True, tls_ca_file=options.tls_ca_file, **files)
        security.get_connection_args(role)
    except (OSError, ssl.SSLError) as error:
        names = "--tls-ca-file, --tls-cert and --tls-key"
        raise UsageError(f"{names} cannot be used: {_problem(error)}") from None
    return security


def check_scheduler(
    address: SchedulerAddress, security: "Security", role: Literal["client", "worker"]
) -> str:
    """Connects once, because Dask does not say why it cannot, and would retry a refusal.

    Args:
        address: of the scheduler.
        security: as ``dask_security`` makes it.
        role: as there.

    Returns:
        The IP address of this machine from which the scheduler is reached.

    Raises:
        UsageError: no scheduler answers, or one of us refuses the other's certificate.
    """
    context = security.get_connection_args(role).get("ssl_context")
    give_up_at = time.monotonic() + CONNECT_S
    while True:
        try:
            return _greet(address, context)
        except ssl.SSLError as error:
            raise UsageError(
                f"{address}: the certificates do not match: {_problem(error)}; expected "
                "certificates that the authority in --tls-ca-file has signed"
            ) from None
        except OSError as error:
            if time.monotonic() >= give_up_at:
                raise UsageError(f"{address} cannot be reached: {_problem(error)}") from None
            time.sleep(_TRY_AGAIN_S)


def _greet(address: SchedulerAddress, context: ssl.SSLContext | None) -> str:
    with ExitStack() as stack:
        place = (address.host, address.port)
        plain = stack.enter_context(closing(socket.create_connection(place, CONNECT_S)))
        end = plain if context is None else stack.enter_context(context.wrap_socket(plain))
        # Each end of Dask greets first. A certificate that is refused shows only here.
        if not end.recv(1):
            raise ConnectionResetError("it closes the connection")
        return str(end.getsockname()[0])


def _problem(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    return error.strerror or str(error)
