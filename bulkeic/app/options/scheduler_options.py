"""The options of connections to a Dask scheduler, which joins workers on several machines."""

from typing import Annotated

import msgspec

from bulkeic.app.options.access_options import FILE
from bulkeic.app.options.pace_options import RUNS
from bulkeic.core.errors import UsageError
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup
from bulkeic.core.options.scheduler_address import SchedulerAddress

_JOINED = RUNS | {"discover", "worker"}
_WORKERS = ("--workers",)


class SchedulerOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How to connect to a scheduler. Only names of files are stored and suggested again."""

    tls_ca_file: Annotated[str | None, Flag(
        "--tls-ca-file", "Certificate of the authority that has signed the certificates of "
        "scheduler, workers and commands, PEM.", OptionGroup.SCHEDULER, FILE, commands=_JOINED,
        configurable=Configurable.BY_USER, requires=_WORKERS)] = None  # fmt: skip
    tls_cert: Annotated[str | None, Flag(
        "--tls-cert", "Own certificate for the scheduler and its workers, PEM.",
        OptionGroup.SCHEDULER, FILE, commands=_JOINED,
        configurable=Configurable.BY_USER, requires=_WORKERS)] = None  # fmt: skip
    tls_key: Annotated[str | None, Flag(
        "--tls-key", "Private key of --tls-cert, PEM, without a passphrase.",
        OptionGroup.SCHEDULER, FILE, commands=_JOINED,
        configurable=Configurable.BY_USER, requires=_WORKERS)] = None  # fmt: skip
    insecure: Annotated[bool, Flag(
        "--insecure", "Allow tcp://, without encryption and certificates, on loopback.",
        OptionGroup.SCHEDULER, commands=_JOINED, configurable=Configurable.BY_USER,
        requires=_WORKERS)] = False  # fmt: skip

    def check(self, address: SchedulerAddress | int | None) -> None:
        """Checks that the options go with an address.

        Args:
            address: of the scheduler; else there is none.

        Raises:
            UsageError: they do not.
        """
        given = [name for name, file in self._files().items() if file is not None]
        if not isinstance(address, SchedulerAddress):
            if given or self.insecure:
                flag = given[0] if given else "--insecure"
                raise UsageError(f"{flag} needs the address of a scheduler in --workers")
        elif address.is_encrypted:
            missing = [name for name, file in self._files().items() if file is None]
            if missing:
                raise UsageError(f"{address} needs {', '.join(missing)}")
        elif given:
            raise UsageError(f"{given[0]} needs a scheduler at tls://, not at {address}")
        elif not (address.is_loopback and self.insecure):
            raise UsageError(
                f"{address} is not encrypted, and anyone who reaches it can run programs on its "
                "workers; use tls://, or on loopback --insecure"
            )

    def _files(self) -> dict[str, str | None]:
        return {
            "--tls-ca-file": self.tls_ca_file,
            "--tls-cert": self.tls_cert,
            "--tls-key": self.tls_key,
        }
