"""Damages run files, and runs every command and reader on them.

Any bytes are a program for the damage: each five bytes damage the file once. So hypothesis and
atheris can both make programs and shrink those that fail.
"""

import contextlib
import functools
import io
import math
import os
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bulkeic.app.commands.apply import apply
from bulkeic.app.commands.export import export
from bulkeic.app.commands.plan import plan
from bulkeic.app.commands.report import report
from bulkeic.app.commands.rollback import rollback
from bulkeic.app.commands.verify import verify
from bulkeic.app.options.command_options import (
    ApplyOptions,
    ExportOptions,
    PlanOptions,
    ReportOptions,
    RollbackOptions,
    VerifyOptions,
)
from bulkeic.app.options.pace_options import PaceOptions
from bulkeic.core.errors import BulkeicError, RunFileError
from bulkeic.core.rollout.waves import Size, parse_waves
from bulkeic.core.targets.selection import Selection
from bulkeic.output.logs import reset_logs
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile
from tests.store.damaged_files import reseal

FOLDER = Path(tempfile.mkdtemp(prefix="bulkeic-fuzz-"))
_PATH = FOLDER / "run.db"
_BACK = FOLDER / "back.db"
_PAGE = 4096
_CODES = {0, 1, 2, 3, 4}
_TABLES = (
    "run", "lane", "account", "settings", "job", "outcome", "earlier_outcome", "before_image",
    "wave", "wave_lane", "gate", "session", "worker",
)  # fmt: skip
_JUNK = (
    None, b"\xff\x00", b"text", "", "x", "\x1b[2J", "\ud7ff" * 300, 0, -1, 7, 2**62, 1.5, math.inf,
    "null", "[]", "{", "{}", '{"MaximumRetryAttempts":"x"}', '{"MaximumRetryAttempts":99}',
    '{"MaximumRetryAttempts":-1e400}', '{"DestinationConfig":7}',
    '{"DestinationConfig":{"OnSuccess":[]}}',
    '{"DestinationConfig":{"OnFailure":{"Destination":"\\u0000{"}}}', "[" * 5000, "us-east-1",
    "../x", "a/b", "123456789012", "updated", "change", "2026-01-01T00:00:00.000Z", "yes", "@.x",
)  # fmt: skip


class DamageError(AssertionError):
    """Something that must not happen with a damaged run file."""


_PACE = PaceOptions(rate=math.inf)
RUNS = ("planned", "applied", "rolled back", "loaded")


@functools.cache
def seeds() -> tuple[bytes, ...]:
    """The run files; some jobs of the applied and the rolled back run are pending."""
    lines = [
        f"fn-{n},{('us-east-1', 'eu-west-1')[n % 2]},{'' if n % 3 else 'live'},{n % 3},"
        f"{'arn:aws:sqs:{region}:{account}:q' if n % 4 else 'none'}"
        for n in range(12)
    ]
    header = "FunctionName,Region,Qualifier,MaximumRetryAttempts,OnFailure"
    targets = FOLDER / "targets.csv"
    targets.write_text("\n".join([header, *lines, "no name,us-east-1,,1,"]) + "\n")
    planned, applied, back = (FOLDER / f"{name}.db" for name in ("planned", "applied", "back"))
    common: dict[str, Any] = {"sandbox": True, "pace": _PACE, "progress": False}
    with _quiet():
        plan(PlanOptions(source=str(targets), run=str(planned), skip_invalid=True, **common))
        apply(
            ApplyOptions(
                source=str(targets),
                run=str(applied),
                skip_invalid=True,
                waves=parse_waves("2,100%"),
                **common,
            )
        )
        rollback(RollbackOptions(source=str(applied), run=str(back), **common))
    reset_logs()  # the commands configured logging for the whole process
    whole = applied.read_bytes()
    for path in (applied, back):
        _change(path, "UPDATE outcome SET status = 'failed' WHERE seq IN (4, 5, 8)")
        with closing(RunFile(path)) as run:
            run.reopening.retry_failed([], 1e9)
    times = "'2026-11-26T08:00:00.000Z', '2026-11-26T08:00:09.000Z'"
    for worker in (1, 2):
        _change(
            applied, f"INSERT INTO worker VALUES (1, {worker}, 'w', 1, 6, 18, 0, {times}, NULL, 0)"
        )
    _change(applied, "UPDATE wave SET ended_at = NULL, verified = NULL WHERE number = 2")
    found = [path.read_bytes() for path in (planned, applied, back)]
    loaded = FOLDER / "loaded.db"
    loaded.write_bytes(whole)
    for table in ("outcome WHERE lane_id > 0", "before_image", "wave", "wave_lane", "session"):
        _change(loaded, f"DELETE FROM {table}")
    return (*found, loaded.read_bytes())


def _change(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        reseal(database)


@contextmanager
def _quiet() -> Iterator[io.StringIO]:
    out = io.TextIOWrapper(io.BytesIO(), write_through=True)
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()) as err:
        yield err


def _make(program: bytes) -> None:
    """Damages a run file: the first byte selects it, and each further five bytes damage it."""
    start = program[0] if program else 0
    every = seeds()
    _PATH.write_bytes(every[start % len(every)])
    for at in range(1, len(program) - 4, 5):
        _damage(*struct.unpack_from("<BHBB", program, at))


def _damage(what: int, place: int, one: int, other: int) -> None:
    data = bytearray(_PATH.read_bytes())
    kind = what % 8
    if kind >= 4:
        _spoil(place, one, other, reseals=kind >= 6)
        return
    if not data:
        return
    page, pages = place % (len(data) // _PAGE + 1) * _PAGE, len(data) // _PAGE + 1
    if kind == 0:
        at = page + (one << 4 | other >> 4) % _PAGE
        if at < len(data):
            data[at] ^= 1 << (other % 8)
    elif kind == 1:
        data[page : page + _PAGE] = bytes(len(data[page : page + _PAGE]))
    elif kind == 2:
        to = one % pages * _PAGE
        kept = bytes(data[page : page + _PAGE])
        data[page : page + _PAGE], data[to : to + _PAGE] = data[to : to + _PAGE], kept
    else:
        del data[page + (one << 4 | other >> 4) % _PAGE :]
    _PATH.write_bytes(data)


def _spoil(place: int, one: int, other: int, *, reseals: bool) -> None:
    """Writes an impossible value into one row, maybe with the digests that make it pass."""
    table = _TABLES[place % len(_TABLES)]
    with (
        contextlib.suppress(sqlite3.Error, UnicodeError, RecursionError),
        closing(sqlite3.connect(_PATH)) as database,
    ):
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        if not columns:
            return  # earlier damage removed the table
        column = columns[one % len(columns)]
        database.execute(
            f"UPDATE OR IGNORE {table} SET {column} = ? WHERE {columns[0]} ="
            f" (SELECT {columns[0]} FROM {table} LIMIT 1 OFFSET ?)",
            (_JUNK[other % len(_JUNK)], place // len(_TABLES) % 14),
        )
        database.commit()
        if reseals:
            reseal(database)


def _check(error: BulkeicError) -> None:
    text = str(error)
    if not text.isprintable() or len(text) > 1000:
        raise DamageError(f"cannot be printed as one line: {text!r}")


def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.glob("run.db*")}


def read_run(program: bytes) -> None:
    """Reads a damaged run file in every way; one that is refused must not change."""
    _make(program)
    before = _files()
    for read_only in (True, False):
        try:
            run = RunFile(_PATH, read_only=read_only)
        except RunFileError as error:
            _check(error)
            if str(_PATH) not in str(error):
                raise DamageError(f"the error does not name the file: {error}") from error
            if _files() != before:
                raise DamageError(f"refused, but changed: {error}") from error
            continue
        with closing(run):
            for read in _READS:
                try:
                    read(run)
                except RunFileError as error:
                    _check(error)


def _take(run: RunFile, which: JobFilter) -> None:
    for wave in (None, *(each.number for each in run.waves.all())):
        ranges = run.jobs.seq_ranges(which, wave)
        for lane in run.jobs.lanes(which, wave):
            after, until = ranges[lane]
            while jobs := run.jobs.next_jobs(which, lane, after, until, 3):
                if jobs[-1].seq <= after:
                    raise DamageError("the same jobs are read again")
                after = jobs[-1].seq


_READS: tuple[Callable[[RunFile], object], ...] = (
    lambda run: run.summary().to_json(),
    lambda run: run.examples(),
    lambda run: run.counts.needs(),
    lambda run: run.roles(),
    lambda run: run.counts.common_settings(10),
    lambda run: run.sessions(),
    lambda run: [run.reopening.failed_codes(), *run.reopening.earlier_failures()],
    lambda run: [
        run.has_changes_to_roll_back(),
        run.is_reversible(),
        run.changed_without_before_image(),
        run.waves.have_unverified(),
    ],
    lambda run: list(run.outcomes()),
    lambda run: list(run.jobs.all_targets()),
    lambda run: list(run.jobs.known_snapshots()),
    lambda run: list(run.jobs.changed_jobs()),
    lambda run: list(run.jobs.planned_jobs()),
    *(functools.partial(_take, which=which) for which in JobFilter),
    lambda run: run.choose(Selection(names=("*-[1-5]",), sample=Size(3), limit=2)),
    lambda run: [run.summary(), run.jobs.pending_left_out(), run.jobs.changed_left_out()],
    lambda run: list(run.jobs.in_file_order()),
    *(functools.partial(_take, which=which) for which in JobFilter),
)


def work_on_run(program: bytes) -> None:
    """Runs every command on a damaged run file, in an embedded sandbox."""
    _codes(program)


def codes(start: int) -> dict[str, int]:
    """The exit code of each command with an undamaged run file."""
    return _codes(bytes([start]))


def _codes(program: bytes) -> dict[str, int]:
    path = str(_PATH)
    common: dict[str, Any] = {"sandbox": True, "pace": _PACE, "progress": False}
    commands: dict[str, Callable[[], int | None]] = {
        "report": lambda: report(ReportOptions(run=path)),
        "report --json": lambda: report(ReportOptions(run=path, json=True, junit=os.devnull)),
        "report --html": lambda: report(ReportOptions(run=path, html=os.devnull)),
        "export": lambda: export(ExportOptions(run=path)),
        "verify": lambda: verify(VerifyOptions(source=path, **common)),
        "rollback": lambda: rollback(RollbackOptions(source=path, run=str(_BACK), **common)),
        "plan": lambda: plan(PlanOptions(source=path, **common)),
        "apply": lambda: apply(ApplyOptions(source=path, **common)),
    }
    found: dict[str, int] = {}
    for name, command in commands.items():
        _make(program)
        _BACK.unlink(missing_ok=True)
        with _quiet() as err:
            try:
                code = command() or 0
            except BulkeicError as error:
                _check(error)
                code = 2
        text = err.getvalue()
        if code not in _CODES or "internal error" in text or "Traceback" in text:
            raise DamageError(f"{name}: {code}: {text}")
        found[name] = code
    return found
