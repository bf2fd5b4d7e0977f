"""The run file: one SQLite database with a run's jobs, and what came of them."""

from bulkeic.store.database import is_run_file
from bulkeic.store.jobs import Which
from bulkeic.store.loader import Duplicate, Loader
from bulkeic.store.runfile import RunFile

__all__ = ["Duplicate", "Loader", "RunFile", "Which", "is_run_file"]
