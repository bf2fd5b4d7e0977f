"""Reads the file that the output of ``terraform show -json`` was written to."""

import gzip
import io
import os
import re
import sys
import zlib
from pathlib import Path
from typing import IO, cast

from bulkeic.core.errors import InputError

STDIN = "-"
WAY_OUT = "run 'terraform show -json > state.json', or the same with tofu, and give that file"
MOST_BYTES = 256 << 20
"""Limit of the document. A state has a few kilobytes for each function."""

_UTF8_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")  # what PowerShell's > writes
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
_HEAD_BYTES = 4096
_HCL = re.compile(
    rb"\s*(?:#|//|/\*|(?:resource|terraform|provider|module|variable|data|locals|output|import)\b)"
).match


def read_document(path: str) -> bytes:
    """The document in a file, as UTF-8.

    Args:
        path: a file, also gzipped or in UTF-16; ``-`` is stdin.

    Raises:
        InputError: it cannot be read, is too large, or is no JSON object.
    """
    data = _unpacked(_read(path))
    if data.startswith(_UTF16_MARKS):
        try:
            data = data.decode("utf-16").encode()
        except UnicodeError:
            raise InputError(f"damaged UTF-16; {WAY_OUT}") from None
    data = data.removeprefix(_UTF8_MARK)
    _check_kind(data[:_HEAD_BYTES])
    return data


def _read(path: str) -> bytes:
    try:
        if path == STDIN:
            return _bounded(sys.stdin.buffer)
        with Path(path).open("rb") as file:
            _check_size(os.fstat(file.fileno()).st_size)
            return _bounded(file)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InputError(f"cannot be read: {reason}") from None


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as unzipped:
            return _bounded(cast("IO[bytes]", unzipped))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"damaged gzip: {error}") from None


def _bounded(file: IO[bytes]) -> bytes:
    data = file.read(MOST_BYTES + 1)
    _check_size(len(data))
    return data


def _check_size(number: int) -> None:
    if number > MOST_BYTES:
        raise InputError(
            f"larger than {MOST_BYTES >> 20} MiB; keep only the resources of Lambda with jq"
        )


def _check_kind(head: bytes) -> None:
    """Checks that a document begins as a JSON object does."""
    start = head.lstrip()
    if start.startswith(b"{") and b'"@level"' not in start.partition(b"\n")[0]:
        return
    if start.startswith(_ZIP):
        raise InputError("a binary plan file; run 'terraform show -json FILE > plan.json'")
    if start.startswith(b"{"):
        raise InputError(f"the messages of a command with -json; {WAY_OUT}")
    if not start:
        raise InputError(f"an empty file; {WAY_OUT}")
    kind = "Terraform's code, or text for people" if _HCL(start) else "not a JSON object"
    raise InputError(f"{kind}; {WAY_OUT}")
