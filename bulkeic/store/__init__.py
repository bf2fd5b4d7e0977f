"""The run file: one SQLite database with a run's jobs, and what came of them."""

from bulkeic.store.loader import Duplicate, Loader
from bulkeic.store.runfile import RunFile, is_run_file

__all__ = ["Duplicate", "Loader", "RunFile", "is_run_file"]
