"""The options of ``bench`` and of ``bench compare``; a field's annotation declares its flag."""

from typing import Annotated, ClassVar, Literal

import msgspec

from bulkeic.app.options.access_options import FILE, AccessOptions, LogLevel, LogOptions
from bulkeic.app.options.command_options import TargetsOptions
from bulkeic.app.options.pace_options import POSITIVE_DURATION
from bulkeic.app.options.rollout_options import DAY
from bulkeic.bench.model.fail_if import FailCondition, parse_condition
from bulkeic.bench.model.measurements import BenchOperation
from bulkeic.bench.model.workload import (
    DEFAULT_DURATION_S,
    DEFAULT_RATE,
    DEFAULT_STEP_S,
    DEFAULT_WARMUP_S,
    LoadFlags,
)
from bulkeic.core.accounts import RoleSession
from bulkeic.core.model import Settings
from bulkeic.core.options.option_declaration import (
    Argument,
    CommandWords,
    Configurable,
    FieldFlags,
    Flag,
    OptionGroup,
)
from bulkeic.core.options.option_values import Integer, ListOf, Number, ParsedText

# Nothing of it is ever sent, so the functions need no settings.
_ANY_SETTINGS = Settings(maximum_retry_attempts=0)
_RATE = Number(0, 100_000, is_above=True, placeholder="CALLS/S", noun="a rate")
_CONCURRENCY = Integer(1, 10_000, placeholder="CALLS", noun="a number of calls")
DEFAULT_REPEAT = 5
"""Number of times that ``bench compare`` runs each command."""

_LOAD_FLAGS = FieldFlags(
    {
        "rates": Flag(
            "--rate", "Open load: send this many requests per second in each lane. Several rates "
            "run one after the other.", OptionGroup.LOAD, ListOf(_RATE, "10 or 5,10,15"),
            f"{DEFAULT_RATE:g}", aliases=("--rates",)),
        "step_s": Flag(
            "--step", "How long each of several rates lasts.", OptionGroup.LOAD,
            POSITIVE_DURATION, f"{DEFAULT_STEP_S:g}s"),
        "concurrency": Flag(
            "--concurrency", "Closed load: keep this many requests in flight. With --rate: the "
            "maximum in flight.", OptionGroup.LOAD, ListOf(_CONCURRENCY, "64 or 1,8,64")),
        "find_limit": Flag(
            "--find-limit", "Find the rate and the burst that each lane allows. This uses all of "
            "a lane's quota for some seconds.", OptionGroup.LOAD),
        "length_s": Flag(
            "--duration", "How long each load is measured.", OptionGroup.LOAD, POSITIVE_DURATION,
            f"{DEFAULT_DURATION_S:g}s"),
        "requests": Flag(
            "--requests", "Measure this many requests instead of a time.", OptionGroup.LOAD,
            Integer(1)),
        "warmup_s": Flag(
            "--warmup", "Time before the measurement.", OptionGroup.LOAD, DAY,
            f"{DEFAULT_WARMUP_S:g}s"),
    }
)  # fmt: skip


class BenchAccessOptions(AccessOptions, frozen=True, kw_only=True):
    """As ``AccessOptions``; ``--duration`` is the duration of a load."""

    duration_s: Annotated[int, Flag(
        "--role-duration", "How long the credentials of a role last.", OptionGroup.ACCESS,
        Integer(900, 43200, placeholder="SECONDS"))] = RoleSession().duration_s  # fmt: skip


class BenchLogOptions(LogOptions, frozen=True, kw_only=True):
    """As ``LogOptions``; throttles and failures are counted instead of logged."""

    log_level: LogLevel = "error"


class BenchOptions(TargetsOptions, frozen=True, kw_only=True):
    """The options of ``bench``.

    Attributes:
        words: the command line behind ``bulkeic``.
    """

    needs_source: ClassVar[bool] = False

    settings: Settings = _ANY_SETTINGS
    access: BenchAccessOptions = BenchAccessOptions()
    log: BenchLogOptions = BenchLogOptions()
    load: Annotated[LoadFlags, _LOAD_FLAGS] = LoadFlags()
    operation: Annotated[BenchOperation, Flag(
        "--operation", "get reads each target. update also writes back what it has.",
        OptionGroup.LOAD)] = BenchOperation.GET  # fmt: skip
    repeat: Annotated[int, Flag(
        "--repeat", "Run every load N times.", OptionGroup.LOAD, Integer(1, 1000))] = 1  # fmt: skip
    seed: Annotated[int, Flag(
        "--seed", "Seed of the order of targets and of the retry jitter.", OptionGroup.LOAD,
        Integer())] = 0  # fmt: skip
    functions: Annotated[int | None, Flag(
        "--functions", "Call N functions named fn-0, fn-1 and so on, as in bulkeic sandbox "
        "--functions.", OptionGroup.TARGETS, Integer(1, 100_000))] = None  # fmt: skip
    forecast: Annotated[str | None, Flag(
        "--forecast", "Find the limits, then estimate how long apply takes for this targets "
        "file.", OptionGroup.OUTPUT, FILE)] = None  # fmt: skip
    results: Annotated[str | None, Flag(
        "--results", "Write all measurements to this file as JSON, with histograms, versions "
        "and the machine.", OptionGroup.OUTPUT, FILE, configurable=Configurable.BY_USER
    )] = None  # fmt: skip
    overwrite: bool = True
    allow_empty: bool = True
    sandbox: Annotated[bool, Flag(
        "--sandbox", "Measure a sandbox in a process of its own. No AWS account is touched.",
        OptionGroup.SAFETY, excludes=("--endpoint-url",))] = False  # fmt: skip
    html: Annotated[str | None, Flag(
        "--html", "Write a page with charts to this file. Requires pip install "
        "'bulkeic[charts]'.", OptionGroup.OUTPUT, FILE, configurable=Configurable.BY_USER
    )] = None  # fmt: skip
    words: Annotated[list[str], CommandWords()] = msgspec.field(default_factory=list)


class CompareOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``bench compare``."""

    old: Annotated[
        str,
        Argument("OLD", "A file written by --results, or a bench command in quotes.", values=FILE),
    ]
    new: Annotated[str, Argument("NEW", "What to compare with OLD.", values=FILE)]
    fail_if: Annotated[tuple[FailCondition, ...], Flag(
        "--fail-if", "Exit with 1 if this holds beyond the noise, for example 'p99 > 1.2x'. Can "
        "be repeated.", OptionGroup.SAFETY, ParsedText("CONDITION", parse_condition),
        is_multiple=True)] = ()  # fmt: skip
    repeat: Annotated[int | None, Flag(
        "--repeat", "Run each command N times, in turn.", OptionGroup.LOAD, Integer(1, 1000),
        f"{DEFAULT_REPEAT}")] = None  # fmt: skip
    output: Annotated[Literal["text", "json"], Flag(
        "--output", "With json, print the comparison on stdout.", OptionGroup.OUTPUT
    )] = "text"  # fmt: skip
