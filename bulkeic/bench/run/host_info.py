"""Describes this machine and the installed versions."""

import os
import platform
from importlib import metadata
from pathlib import Path

_PACKAGES = ("bulkeic", "aiobotocore", "botocore", "aiohttp", "uvloop", "hdrhistogram")


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that calls go through, by name."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue  # uvloop is not available on every platform
    return found


def machine() -> dict[str, str]:
    """A description of this machine, without its name."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "cpus": str(os.cpu_count()),
        "processor": _processor(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())
