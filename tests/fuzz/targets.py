"""The fuzz targets: functions that take any bytes and may raise only bulkeic's own errors.

Hypothesis calls them in the tests, atheris in ``make fuzz``. Each target has seeds: valid inputs
that both of them damage.
"""

import contextlib
import io
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from bulkeic.app.access.account_resolver import AccountResolver
from bulkeic.app.intake.code_files import CodeRows
from bulkeic.app.options.access_options import AccessOptions
from bulkeic.app.run_files.new_waves import read_wave_rules
from bulkeic.app.where.where_expression import parse_target_where, parse_where
from bulkeic.core.accounts import parse_external_id, parse_role, parse_session_name
from bulkeic.core.errors import BulkeicError, InputError
from bulkeic.core.model import Lane, Settings
from bulkeic.core.options.moments import parse_moment, utc_text
from bulkeic.core.options.session_tags import parse_session_tag, parse_source_identity
from bulkeic.core.rollout.alarms import parse_alarm
from bulkeic.core.rollout.change_calendar import parse_calendar
from bulkeic.core.rollout.wave_rules import WaveRule, spread_by_rules
from bulkeic.core.rollout.waves import parse_waves
from bulkeic.core.targets.destinations import parse_destination
from bulkeic.core.targets.names import check_account, check_qualifier, check_region, parse_function
from bulkeic.core.targets.rows import Defaults, RowParser
from bulkeic.discovery.model.criteria import parse_qualifiers
from bulkeic.discovery.model.modified_since import parse_modified_since
from bulkeic.discovery.model.organization_units import parse_unit
from bulkeic.discovery.model.regions import choose_regions, parse_regions
from bulkeic.discovery.model.runtimes import matches_runtime, parse_runtime
from bulkeic.discovery.model.tag_filters import allowed_values, has_tags, parse_tag
from bulkeic.iac.cloudformation.deployment import Deployment
from bulkeic.iac.cloudformation.template import read_template
from bulkeic.iac.terraform.show_json import read_show_json
from bulkeic.sandbox import SandboxOptions, options_from_json
from bulkeic.sources.rows_file import RowsFile
from bulkeic.store.loader import Loader
from bulkeic.store.run_metadata import RunMetadata

from .answer_bodies import receive_answer
from .configuration_bodies import CONFIGURATIONS, read_configuration
from .page_bodies import PAGES, read_page
from .runs import read_run, work_on_run
from .seeds import (
    ACCOUNTS,
    ANSWERS,
    CSV,
    JSON,
    JSONL,
    PROGRAMS,
    SCENARIOS,
    TEMPLATES,
    TERRAFORM,
    TEXTS,
    WAVES,
    WHERES,
    gzipped,
    in_utf16,
)
from .shown_states import STATES, read_state

_FOLDER = Path(tempfile.mkdtemp(prefix="bulkeic-fuzz-"))
_DEFAULTS = Defaults("123456789012", "us-east-1", Settings(maximum_retry_attempts=1))
_LONGEST = 1000
_OF_WHOLE_FILE = ("empty", "cannot be read", "damaged gzip", "damaged UTF-16", "holds no row")


class FindingError(AssertionError):
    """A bug found; not a ``BulkeicError``, so no target catches it."""


def _check(problem: BulkeicError) -> None:
    """Checks that an error is one printable line."""
    text = str(problem)
    if not text or not text.isprintable() or len(text) > _LONGEST:
        raise FindingError(f"cannot be printed as one line: {text!r}")


def _check_place(problem: InputError, name: str, lines: int) -> None:
    """Checks that a problem of a file names the file, the line and the rule."""
    _check(problem)
    whole = problem.line == 0
    if problem.source != name or not problem.rule or not 0 <= problem.line <= lines:
        raise FindingError(f"wrong file or line: {problem.source!r} {problem.line} {problem}")
    if whole and not problem.rule.startswith(_OF_WHOLE_FILE):
        raise FindingError(f"line is missing: {problem}")


def _read(data: bytes, ending: str, lines: int) -> None:
    """Reads a targets file as ``apply --skip-invalid`` does, into a run file."""
    path, run = _FOLDER / f"t.{ending}", _FOLDER / "run.db"
    path.write_bytes(data)
    parser = RowParser(str(path), _DEFAULTS)
    file = RowsFile(str(path))
    run.unlink(missing_ok=True)
    loader = Loader(run, RunMetadata(source=file.name))
    try:
        for seq, row in enumerate(file.rows()):
            if isinstance(row, InputError):
                _check_place(row, file.name, lines)
                loader.add_invalid(seq, row.line, "", str(row))
                continue
            try:
                job = parser.job(seq, row)
            except InputError as problem:
                problems = parser.problems(row)
                if not problems:
                    raise FindingError(f"problems() is empty: {problem}") from problem
                for each in problems:
                    _check_place(each, file.name, lines)
                loader.add_invalid(seq, row.line, "", str(problem))
            else:
                loader.add(job)
    except InputError as problem:
        _check_place(problem, file.name, lines)
    finally:
        loader.discard()


def _reader(ending: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        _read(data, ending, data.count(b"\n") + 1)

    return read


def _packed(ending: str) -> Callable[[bytes], None]:
    """A target that damages the gzip or UTF-16 around the text; lines cannot be counted."""

    def read(data: bytes) -> None:
        _read(data, ending, sys.maxsize)

    return read


def read_stdin(data: bytes) -> None:
    """Reads stdin, whose format its first bytes determine."""
    path = _FOLDER / "stdin"
    path.write_bytes(data)
    with io.TextIOWrapper(path.open("rb")) as file:
        kept, sys.stdin = sys.stdin, file
        try:
            for row in RowsFile("-").rows():
                if isinstance(row, InputError):
                    _check_place(row, "<stdin>", sys.maxsize)
        except InputError as problem:
            _check_place(problem, "<stdin>", sys.maxsize)
        finally:
            sys.stdin = kept


def read_accounts(data: bytes) -> None:
    """Reads an accounts file, in the format that its first bytes suggest."""
    path = _FOLDER / f"a.{'json' if data.lstrip()[:1] in (b'[', b'{') else 'csv'}"
    path.write_bytes(data)
    try:
        reach = AccountResolver(AccessOptions(accounts=str(path)), 1, sandbox=True)
        for lane in (Lane("123456789012", "us-east-1"), Lane("000000000001", "cn-north-1")):
            reach.accounts.access(lane)
            problem = reach.accounts.problem(lane)
            if problem is not None:
                _check(problem)
    except InputError as problem:
        _check_place(problem, str(path), data.count(b"\n") + 1)


def read_terraform(data: bytes) -> None:
    """Reads a state or a plan of Terraform, and validates what it declares."""
    path = _FOLDER / "s.json"
    path.write_bytes(data)
    try:
        code = read_show_json(str(path)).code
    except InputError as problem:
        _check(problem)
        return
    rows = CodeRows([code], with_lacking=True)
    parser = RowParser(rows.name, _DEFAULTS, exact=True)
    for row in rows.rows():
        for each in [row] if isinstance(row, InputError) else parser.problems(row):
            _check(each)


def read_waves(data: bytes) -> None:
    """Reads a waves file, in the format that its first bytes suggest, and divides lanes by it."""
    path = _FOLDER / f"w.{'json' if data.lstrip()[:1] in (b'[', b'{') else 'csv'}"
    path.write_bytes(data)
    try:
        text = read_wave_rules(str(path))
    except InputError as problem:
        _check_place(problem, str(path), data.count(b"\n") + 1)
        return
    except BulkeicError as problem:
        _check(problem)
        return
    rules = msgspec.json.decode(text or "", type=list[WaveRule])
    jobs = {Lane("123456789012", "us-east-1"): 2, Lane("000000000001", "cn-north-1"): 1}
    numbers, ends = spread_by_rules(jobs, rules)
    if numbers != sorted(set(numbers)) or ends[-1] != jobs:
        raise FindingError(f"wrong waves: {numbers} {ends}")


def read_code_template(data: bytes) -> None:
    """Reads a template of CloudFormation, and the rows of its configurations."""
    path = _FOLDER / "template"
    path.write_bytes(data)
    try:
        code = read_template(str(path), Deployment("us-east-1", lambda: "123456789012"))
    except InputError as problem:
        _check(problem)
        return
    rows = RowParser(code.file, _DEFAULTS)
    for config in code.configs:
        found = [config.problem] if config.problem else rows.problems(config.row)
        for each in found:
            _check_place(each, str(path), data.count(b"\n") + 1)


_VALUES: tuple[Callable[[str], Any], ...] = (
    parse_session_tag,
    parse_source_identity,
    parse_function,
    check_qualifier,
    check_region,
    check_account,
    lambda text: parse_destination(text, "OnFailure"),
    lambda text: parse_destination(text, "OnSuccess"),
    parse_role,
    parse_external_id,
    parse_session_name,
    parse_waves,
    parse_alarm,
    parse_calendar,
    lambda text: utc_text(parse_moment(text).at(0.0)),
    lambda text: choose_regions(parse_regions(text), ("us-east-1", "eu-west-1")),
    lambda text: matches_runtime("python3.12", (parse_runtime(text),)),
    lambda text: has_tags({"team": "a"}, allowed_values([parse_tag(text)])),
    lambda text: parse_modified_since(text).at(0.0),
    parse_qualifiers,
    parse_unit,
)


def parse_values(data: bytes) -> None:
    """Parses names, ARNs, destinations with templates, and roles, from cells or flags."""
    text = data.decode(errors="surrogateescape")
    for parse in _VALUES:
        try:
            parse(text)
        except BulkeicError as problem:
            _check(problem)


_CONFIG = {
    "MaximumRetryAttempts": 1,
    "DestinationConfig": {"OnSuccess": {}, "OnFailure": {"Destination": "arn:aws:sqs:x:1:q"}},
}


_TARGET = {
    "FunctionName": "orders",
    "Layers": [{"Arn": "arn:aws:lambda:x:1:layer:l:1", "CodeSize": 1}],
    "Qualifier": "live",
    "Tags": {"team": "a"},
    "EventInvokeConfig": _CONFIG,
}


def select(data: bytes) -> None:
    """Parses ``--where`` and evaluates it, on configurations and on a target that was found."""
    text = data.decode(errors="surrogateescape")
    # jmespath warns about some texts.
    with warnings.catch_warnings(action="ignore", category=PendingDeprecationWarning):
        _select_configs(text)
        _select_targets(text)


def _select_configs(text: str) -> None:
    try:
        where = parse_where(text)
    except BulkeicError as problem:
        _check(problem)
        return
    for config in ({}, _CONFIG):
        reason = where(config)
        if reason is not None and not reason.isprintable():
            raise FindingError(reason)


def _select_targets(text: str) -> None:
    try:
        where = parse_target_where(text)
    except BulkeicError as problem:
        _check(problem)
        return
    read = {name: value for name, value in _TARGET.items() if name in where.names}
    if where.matches(read) != where.matches(_TARGET):
        raise FindingError(f"reads other fields than {sorted(where.names)}")


def read_scenario(data: bytes) -> None:
    """Reads a scenario of the sandbox; its errors are ``ValueError``, which the command prints."""
    with contextlib.suppress(ValueError, RecursionError):
        options_from_json(json.loads(data.decode()), SandboxOptions())


class Fuzz(msgspec.Struct, frozen=True):
    """A fuzz target with its seeds."""

    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


FUZZ = {
    "csv": Fuzz(_reader("csv"), CSV),
    "json": Fuzz(_reader("json"), JSON),
    "jsonl": Fuzz(_reader("jsonl"), JSONL),
    "csv.gz": Fuzz(_packed("csv.gz"), gzipped(CSV)),
    "json.gz": Fuzz(_packed("json.gz"), gzipped(JSON)),
    "jsonl.gz": Fuzz(_packed("jsonl.gz"), gzipped(JSONL)),
    "csv in UTF-16": Fuzz(_packed("csv"), in_utf16(CSV)),
    "json in UTF-16": Fuzz(_packed("json"), in_utf16(JSON)),
    "jsonl in UTF-16": Fuzz(_packed("jsonl"), in_utf16(JSONL)),
    "stdin": Fuzz(read_stdin, (*CSV, *JSON, *JSONL, *gzipped(CSV), *in_utf16((*CSV, *JSONL)))),
    "accounts": Fuzz(read_accounts, ACCOUNTS),
    "terraform": Fuzz(read_terraform, TERRAFORM),
    "waves": Fuzz(read_waves, WAVES),
    "template": Fuzz(read_code_template, TEMPLATES),
    "values": Fuzz(parse_values, TEXTS),
    "where": Fuzz(select, WHERES),
    "scenario": Fuzz(read_scenario, SCENARIOS),
    "answer": Fuzz(receive_answer, ANSWERS),
    "configuration": Fuzz(read_configuration, CONFIGURATIONS),
    "page": Fuzz(read_page, PAGES),
    "state": Fuzz(read_state, STATES),
    "run": Fuzz(read_run, PROGRAMS),
    "work": Fuzz(work_on_run, PROGRAMS),
}
