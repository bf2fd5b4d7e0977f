"""``bulkeic discover`` as a call of the library."""

import os
from functools import partial
from typing import Unpack

from bulkeic.app.library.given_options import given_options
from bulkeic.app.library.keywords import DiscoverKeywords, FileName
from bulkeic.app.library.work import Work
from bulkeic.discovery.discover_command import find_functions
from bulkeic.discovery.discover_options import DiscoverOptions
from bulkeic.discovery.model.discovery_summary import DiscoverySummary


def discover(out: FileName, /, **keywords: Unpack[DiscoverKeywords]) -> Work[DiscoverySummary]:
    """Finds functions, and writes them as a targets file.

    Args:
        out: the targets file, which must not exist: CSV, JSON or JSON Lines by its ending.
        keywords: the flags of ``bulkeic discover``.

    Returns:
        Work whose result is the discovery in numbers. It has no progress.

    Raises:
        UsageError: a keyword is invalid.
    """
    if "out" in keywords:
        raise TypeError("out: give it without its name, before the keywords")
    options = given_options(DiscoverOptions, "discover", {"out": os.fspath(out), **keywords})
    return Work(partial(find_functions, options))
