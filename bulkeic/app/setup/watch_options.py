"""The options of those who watch a run."""

from typing import Annotated

import msgspec

from bulkeic.core.option_declaration import Flag, OptionGroup, Repeat
from bulkeic.core.option_values import Integer

_WATCHED = frozenset({"apply", "plan", "verify", "rollback"})
_LAST_PORT = 65535


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches a run."""

    ui: Annotated[int | None, Flag(
        "--ui", "Serve a live page of the run on this computer while the command works, and print "
        "its URL. Without a PORT, or with 0, any free port.", OptionGroup.OUTPUT,
        Integer(0, _LAST_PORT, placeholder="PORT"), bare="0", repeat=Repeat.NEVER,
        commands=_WATCHED)] = None  # fmt: skip
