"""Recognizes files that cannot be read, and names the command that converts them.

In a command, ``FILE`` stands for the file and ``NEW`` for the one to write.
"""

import re

import msgspec

from bulkeic.core.errors import InputError

SIGNATURE_BYTES = 1 << 12
"""Bytes of a file's start that show what it is."""

NOT_UTF8 = (
    "not UTF-8; if it is Latin-1 or Windows-1252, convert it: "
    "iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW"
)
"""The problem of a row with bytes that are not UTF-8."""
LONE_SURROGATE = "holds half of a UTF-16 character, which is not valid text"
"""The problem of a row with a lone surrogate, in UTF-8 or UTF-16."""

_CSV_FILTER = "'csv:Text - txt - csv (StarCalc):44,34,76'"
_BY_LIBREOFFICE = f"soffice --headless --convert-to {_CSV_FILTER} FILE"


class Conversion(msgspec.Struct, frozen=True):
    """A kind of file that cannot be read.

    Attributes:
        kind: what the file is.
        way_out: how to convert it, with the command.
    """

    kind: str
    way_out: str

    @property
    def rule(self) -> str:
        """The problem of such a file."""
        return f"cannot be read: {self.kind}; {self.way_out}"


def _by(command: str) -> str:
    return f"convert it: {command}"


_EXCEL = Conversion(
    "an Excel workbook", f'save it in Excel as "CSV UTF-8", or convert it: {_BY_LIBREOFFICE}'
)
_CALC = Conversion("an OpenDocument spreadsheet", _by(_BY_LIBREOFFICE))
_NUMBERS = Conversion(
    "a Numbers spreadsheet",
    f"export it in Numbers as CSV with UTF-8, or convert it: {_BY_LIBREOFFICE}",
)
_ZIP = Conversion("a zip archive", "unpack it: unzip -p FILE > NEW")
_YAML = Conversion(
    "YAML",
    _by("yq -o=json FILE > NEW.json, or with the yq based on jq: yq . FILE > NEW.json; ")
    + "a CloudFormation template is given with --template",
)
_PARQUET = Conversion(
    "Parquet", _by("""duckdb -c "COPY (FROM read_parquet('FILE')) TO 'NEW.csv'\"""")
)
_UTF16 = "UTF-16 without a byte-order mark"
_UTF16_LE = Conversion(_UTF16, _by("iconv -f UTF-16LE -t UTF-8 FILE > NEW"))
_UTF16_BE = Conversion(_UTF16, _by("iconv -f UTF-16BE -t UTF-8 FILE > NEW"))
_UTF32 = Conversion("UTF-32", _by("iconv -f UTF-32 -t UTF-8 FILE > NEW"))

BY_ENDING = {
    ".xlsx": _EXCEL,
    ".xlsm": _EXCEL,
    ".xlsb": _EXCEL,
    ".xls": _EXCEL,
    ".ods": _CALC,
    ".numbers": _NUMBERS,
    ".yaml": _YAML,
    ".yml": _YAML,
    ".parquet": _PARQUET,
    ".zip": _ZIP,
}
"""Kinds of files by the ending of their names."""

# In this order: the mark of UTF-32 begins with that of UTF-16. The second part of a pattern is
# what a zip archive of this kind holds near its start.
_SIGNATURES = tuple(
    (re.compile(pattern, re.DOTALL), conversion)
    for pattern, conversion in (
        (rb"PK\x03\x04.*(?:\[Content_Types\]\.xml|xl/|_rels/)", _EXCEL),
        (rb"PK\x03\x04.*opendocument", _CALC),
        (rb"PK\x03\x04.*(?:\.iwa|Index/|preview\.jpg)", _NUMBERS),
        (rb"PK\x03\x04", _ZIP),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _EXCEL),
        (rb"PAR1", _PARQUET),
        (rb"\x28\xb5\x2f\xfd", Conversion("zstd", "unpack it: zstd -dc FILE > NEW")),
        (rb"BZh[1-9]", Conversion("bzip2", "unpack it: bunzip2 -c FILE > NEW")),
        (rb"\xfd7zXZ\x00", Conversion("xz", "unpack it: xz -dc FILE > NEW")),
        (rb"\xff\xfe\x00\x00|\x00\x00\xfe\xff", _UTF32),
        (rb"(?:[^\x00]\x00){2}", _UTF16_LE),
        (rb"(?:\x00[^\x00]){2}", _UTF16_BE),
    )
)
_YAML_START = re.compile(r"---\s*$|- |[A-Za-z_]\w*:(?:\s|$)").match


def check_signature(head: bytes) -> None:
    """Checks that a file is none of those that cannot be read.

    Args:
        head: up to ``SIGNATURE_BYTES`` of the file's start.

    Raises:
        InputError: it is; the text has the command that converts it.
    """
    for pattern, conversion in _SIGNATURES:
        if pattern.match(head):
            raise InputError(conversion.rule)


def check_header(name: str) -> None:
    """Checks that the only column of a CSV is not YAML or JSON.

    Raises:
        InputError: it is; the text has the way out.
    """
    if _YAML_START(name):
        raise InputError(_YAML.rule)
    if name.startswith(("{", "[")):
        raise InputError("JSON, not CSV; give --format json or --format jsonl")


def undecodable(line: bytes | bytearray) -> InputError:
    """The problem of a line that is not UTF-8."""
    try:
        line.decode(errors="surrogatepass")
    except UnicodeDecodeError:
        return InputError(NOT_UTF8)
    return InputError(LONE_SURROGATE)
