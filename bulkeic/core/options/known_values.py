"""Where shell completion finds the values of an option or an argument."""

from enum import Enum, auto


class KnownValues(Enum):
    """Values that can be listed on this computer, without a call."""

    FILES = auto()
    """Any file; the shell itself lists them."""
    PROFILES = auto()
    """Profiles of the AWS configuration."""
    REGIONS = auto()
    """Regions of AWS; the word may be a list with commas, and may exclude with ``!``."""
    RUN_FILES = auto()
    """Run files, and the folders on the way to one."""
    SOURCES = auto()
    """Files, run files of the usual folder among them."""
    DISCOVERY_FILES = auto()
    """Discovery files, and the folders on the way to one."""
    DOC_PAGES = auto()
    """Pages of the documentation."""
