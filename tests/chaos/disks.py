"""Disks that a test mounts and breaks. Needs root, and a kernel that allows it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SIZE = 8 * 1024 * 1024


def _run(*words: object) -> str:
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, check=True)
    return done.stdout.strip()


class Disk:
    """A mounted disk.

    Attributes:
        folder: its mount point.
    """

    def __init__(self, folder: Path, *source: object) -> None:
        self.folder = folder
        self._source = source
        folder.mkdir()
        self.mount()

    def mount(self) -> None:
        _run("mount", *self._source, self.folder)

    def unmount(self, *how: str) -> None:
        _run("umount", *how, self.folder)

    def remount_read_only(self) -> None:
        _run("mount", "-o", "remount,ro", self.folder)

    def fill(self) -> Path:
        """Fills the disk with one file: its path."""
        path = self.folder / "other"
        with suppress(OSError), path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        return path

    def fail(self) -> None:
        """Makes the kernel find an error, so that it remounts the disk read-only."""
        device = Path(str(self._source[-1])).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1")


@contextmanager
def _mounted(folder: Path, *source: object) -> Iterator[Disk]:
    try:
        disk = Disk(folder, *source)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"cannot mount a disk here: {error.stderr.strip()}")
    try:
        yield disk
    finally:
        if os.path.ismount(folder):
            disk.unmount("-l")


@contextmanager
def in_memory(folder: Path) -> Iterator[Disk]:
    """Mounts a small tmpfs."""
    _need_root("mount")
    with _mounted(folder, "-t", "tmpfs", "-o", f"size={SIZE // 4}", "none") as disk:
        yield disk


@contextmanager
def in_file(folder: Path) -> Iterator[Disk]:
    """Mounts a file system in a file, which keeps its content while it is not mounted."""
    _need_root("mount", "losetup", "mkfs.ext4")
    image = folder.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(SIZE)
    _run("mkfs.ext4", "-q", "-e", "remount-ro", image)
    try:
        device = _run("losetup", "--find", "--show", image)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no loop device is available here: {error.stderr.strip()}")
    try:
        with _mounted(folder, device) as disk:
            yield disk
    finally:
        _run("losetup", "--detach", device)


def _need_root(*programs: str) -> None:
    missing = [each for each in programs if shutil.which(each) is None]
    if os.geteuid() or missing:
        pytest.skip(f"mounting a disk needs root and {', '.join(programs)}")
