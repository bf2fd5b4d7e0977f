"""Adds to the wheel what is made of files outside of the package: manual pages, and the docs.

The manual pages are generated from the declared options, for which pyproject.toml names what the
build needs. Nothing is generated for an editable installation.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_MAN_FOLDER = "share/man/man1"


class PageHook(BuildHookInterface[Any]):
    """Generates the manual pages into a temporary folder while the wheel is built."""

    _folder: "tempfile.TemporaryDirectory[str] | None" = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the files.

        Args:
            version: of the wheel: ``standard`` or ``editable``.
            build_data: what goes into the wheel.
        """
        if version == "editable":
            return
        root = Path(self.root)
        for page in root.glob("docs/**/*.md"):
            build_data["force_include"][str(page)] = f"bulkeic/{page.relative_to(root).as_posix()}"
        self._folder = tempfile.TemporaryDirectory()
        command = [sys.executable, "-m", "bulkeic.cli.man_pages", self._folder.name]
        subprocess.run(command, cwd=root, check=True)  # noqa: S603 - the arguments are known
        for page in Path(self._folder.name).iterdir():
            build_data["shared_data"][str(page)] = f"{_MAN_FOLDER}/{page.name}"

    def finalize(self, *_: Any) -> None:
        """Deletes the temporary folder."""
        if self._folder is not None:
            self._folder.cleanup()
