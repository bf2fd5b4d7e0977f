"""The commands that can follow a discovery, ready to paste."""

import shlex

from bulkeic.core.options.option_declaration import OptionGroup, Repeat, command_options
from bulkeic.discovery.discover_options import DiscoverOptions

_IN_ROWS = frozenset({"--region", "--role-arn"})
"""Flags that later commands must not repeat: the rows name Region and role."""
_PLAN = ("--run", "plan.db", "--maximum-retry-attempts", "1")


def resume_discovery(run: str, options: DiscoverOptions) -> str:
    """The command that resumes a discovery.

    Args:
        run: the discovery file, which stores what to look for, and where.
        options: that the discovery was started with.
    """
    words = [
        word
        for option in command_options(type(options), "discover")
        if option.flag.repeat in {Repeat.ALWAYS, Repeat.RESUME}
        for word in option.words(options)
    ]
    return shlex.join(["bulkeic", "discover", "--run", run, *words])


def plan_found(out: str, options: DiscoverOptions) -> str:
    """A command that previews a change of the targets that were found.

    Args:
        out: the targets file.
        options: of the discovery.
    """
    words = [
        word
        for option in command_options(type(options), "discover")
        if option.flag.group is OptionGroup.ACCESS and option.flag.name not in _IN_ROWS
        for word in option.words(options)
    ]
    return shlex.join(["bulkeic", "plan", out, *_PLAN, *words])
