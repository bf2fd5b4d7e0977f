"""Every Region of AWS with its name for people, from the SDK's data, without loading the SDK."""

from importlib.util import find_spec
from pathlib import Path

import msgspec


class _Region(msgspec.Struct):
    description: str = ""


class _Partition(msgspec.Struct):
    regions: dict[str, _Region]


class _Partitions(msgspec.Struct):
    partitions: list[_Partition]


def described_regions() -> list[tuple[str, str]]:
    """The Regions of all partitions with their descriptions, for example ``Europe (Ireland)``.

    Raises:
        OSError: the SDK's data cannot be read.
        msgspec.ValidationError: they have another form.
    """
    spec = find_spec("botocore")
    (folder,) = (spec and spec.submodule_search_locations) or [""]
    content = Path(folder, "data", "partitions.json").read_bytes()
    return [
        (name, region.description)
        for partition in msgspec.json.decode(content, type=_Partitions).partitions
        for name, region in partition.regions.items()
        if not name.endswith("-global")
    ]
