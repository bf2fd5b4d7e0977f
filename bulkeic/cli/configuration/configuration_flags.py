"""The flags of every command that choose the configuration."""

from typing import Annotated

import msgspec

from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import FileName, ValueType


class ConfigurationFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The choice of the configuration."""

    config: Annotated[str | None, Flag(
        "--config", "Read this configuration file instead of the project's and your own.",
        OptionGroup.CONFIGURATION, FileName("FILE"), repeat=Repeat.NEVER,
        configurable=Configurable.NOWHERE)] = None  # fmt: skip
    config_profile: Annotated[str | None, Flag(
        "--config-profile", "Also use the tables [profile.NAME] of the configuration files.",
        OptionGroup.CONFIGURATION, ValueType("NAME"), "config_profile of the files, or none",
        repeat=Repeat.NEVER, configurable=Configurable.NOWHERE)] = None  # fmt: skip
    reads_files: Annotated[bool, Flag(
        "--no-config", "Read no configuration file.", OptionGroup.CONFIGURATION,
        repeat=Repeat.NEVER, configurable=Configurable.NOWHERE)] = True  # fmt: skip
