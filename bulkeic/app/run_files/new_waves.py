"""The waves of a run: of the flags, of a waves file, or of the rows of its targets file.

Only one of them can give the waves:

===================  ==========================================================
the waves are given  another one of them is
===================  ==========================================================
by ``--waves`` or    refused
``--wave-by``
by ``--waves-file``  refused, but for a waves file with the same rows
by ``Wave`` columns  refused
===================  ==========================================================
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec

from bulkeic.app.options.command_options import ApplyOptions, TargetsOptions
from bulkeic.core.errors import InputError, UsageError, quoted
from bulkeic.core.model import Lane
from bulkeic.core.rollout.waves import (
    NewWaves,
    Wave,
    cumulative_counts,
    new_waves_of,
    spread_over_lanes,
    spread_over_regions,
)
from bulkeic.output.formatting import counted
from bulkeic.output.rollout_text import wave_preview_lines
from bulkeic.sources.rows_file import RowsFile
from bulkeic.store.run_file import RunFile

if TYPE_CHECKING:
    from bulkeic.core.rollout.wave_rules import WaveRule

_SHOWN_RULES = 20
_NEEDS_WAVES = "{} requires --waves, --wave-by region, --waves-file or a Wave column"


def new_waves(run: RunFile, options: TargetsOptions | None) -> NewWaves:
    """The waves of a run's pending jobs that the run does not store yet; none: it has no waves.

    Args:
        run: the run file.
        options: that may ask for waves; ``None``: only the run says which it has.
    """
    jobs = run.jobs.lanes()
    if not jobs or run.waves.all():
        return NewWaves()
    if run.jobs.have_waves:
        by_rows = run.waves.by_rows()
        waves = [Wave(number, sum(lanes.values())) for number, lanes in by_rows.items()]
        return NewWaves(waves, list(by_rows.values()))
    rules = run.metadata.wave_rules
    if rules is None and options is not None:
        rules = read_wave_rules(options.waves_file)
    if rules is not None:
        from bulkeic.core.rollout.wave_rules import (  # noqa: PLC0415 - few runs have one
            decode_wave_rules,
            spread_by_rules,
        )

        numbers, ends = spread_by_rules(jobs, decode_wave_rules(rules))
        return new_waves_of(ends, numbers, rules)
    return _by_flags(jobs, options) if isinstance(options, ApplyOptions) else NewWaves()


def _by_flags(jobs: Mapping[Lane, int], options: ApplyOptions) -> NewWaves:
    if options.wave_by == "region":
        return new_waves_of(spread_over_regions(jobs, options.waves))
    if options.waves is None:
        return NewWaves()
    ends = cumulative_counts(options.waves, sum(jobs.values()))
    return new_waves_of(spread_over_lanes(jobs, ends))


def read_wave_rules(path: str | None) -> str | None:
    """The rows of a waves file, as a run stores them; ``None``: there is no file.

    Raises:
        InputError: a row is invalid.
        UsageError: the file cannot be read, or has no rows or too many.
    """
    if path is None:
        return None
    from bulkeic.core.rollout.wave_rules import (  # noqa: PLC0415 - few runs have one
        MOST_RULES,
        WAVE_FIELDS,
        parse_wave_rule,
    )

    file = RowsFile(path, fields=WAVE_FIELDS)
    rules: list[WaveRule] = []
    for row in file.rows():
        if isinstance(row, InputError):
            raise row
        try:
            rules.append(parse_wave_rule(row.values, row.line))
        except InputError as problem:
            raise row.located(problem, file.name) from None
        if len(rules) > MOST_RULES:
            raise UsageError(f"{file.name} has more than {MOST_RULES:,} rows; use globs")
    if not rules:
        raise UsageError(f"{file.name} has no rows; expected a wave, and its accounts and Regions")
    return msgspec.json.encode(rules).decode()


def check_wave_flags(options: TargetsOptions) -> None:
    """Checks that only one flag says how waves are made.

    Raises:
        UsageError: two do.
    """
    if options.waves_file is None or not isinstance(options, ApplyOptions):
        return
    if options.waves is not None or options.wave_by is not None:
        other = "--wave-by" if options.waves is None else "--waves"
        raise UsageError(f"--waves-file already says which targets each wave has; omit {other}")


def check_row_waves(options: TargetsOptions, source: str, *, have_waves: bool) -> None:
    """Checks that the flags go with the rows of a targets file.

    Args:
        options: of the command.
        source: the file's name.
        have_waves: whether rows give their waves.

    Raises:
        UsageError: the flags say it, too, or need waves that there are not.
    """
    if not have_waves:
        has_no_waves = _conflict(options) in {None, "--no-before-image"}
        if has_no_waves and isinstance(options, ApplyOptions):
            check_no_wave_flags(options)
        return
    conflict = _conflict(options)
    if conflict == "--no-before-image":
        raise UsageError(f"{source} has a Wave column, and waves need before-images; omit the flag")
    if conflict is not None:
        raise UsageError(f"{source} has a Wave column; omit {conflict}, or the column")


def check_no_wave_flags(options: ApplyOptions) -> None:
    """Checks that a run without waves has no options of what happens between waves.

    Raises:
        UsageError: it has.
    """
    needs_waves = {
        "--wave-pause": options.wave_pause_s,
        "--bake": options.bake_s,
        "--gate": options.gate.command,
    }
    for flag, value in needs_waves.items():
        if value is not None:
            raise UsageError(_NEEDS_WAVES.format(flag))
    budget = options.max_failures
    has_alarms = bool(options.monitoring.alarms)
    if options.on_halt == "rollback" and not has_alarms and (budget is None or budget.size.is_all):
        raise UsageError(
            "--on-halt rollback requires waves, --alarm, or --max-failures below 100%; nothing "
            "else halts a run"
        )


def has_own_waves(run: RunFile) -> bool:
    """Whether a targets file or a waves file gives the waves of a run."""
    return run.jobs.have_waves or run.metadata.wave_rules is not None


def _conflict(options: TargetsOptions) -> str | None:
    """The given flag that does not go with a ``Wave`` column; ``None``: there is none."""
    if options.waves_file is not None:
        return "--waves-file"
    if not isinstance(options, ApplyOptions):
        return None
    if options.in_waves:
        return "--wave-by" if options.waves is None else "--waves"
    return "--no-before-image" if options.before_image is False else None


def check_wave_source(run: RunFile, options: TargetsOptions) -> None:
    """Checks that the flags do not ask for other waves than those that an existing run has.

    Raises:
        UsageError: they do.
    """
    name, conflict = quoted(str(run.path)), _conflict(options)
    if run.jobs.have_waves and conflict is not None:
        raise UsageError(
            f"the targets of run file {name} have a wave each, from the Wave column of "
            f"{run.metadata.source}; omit {conflict}"
        )
    rules = run.metadata.wave_rules
    if options.waves_file is not None and rules is not None:
        if not _are_equal(rules, read_wave_rules(options.waves_file)):
            raise UsageError(
                f"run file {name} has waves already, and the rows of "
                f"{quoted(options.waves_file)} are not those that it was made with; omit the flag"
            )
    elif options.waves_file is not None and not isinstance(options, ApplyOptions):
        raise UsageError(f"run file {name} was planned without --waves-file; give it to apply")
    elif rules is not None and conflict is not None:
        raise UsageError(f"run file {name} was made with --waves-file; omit {conflict}")


def planned_wave_lines(run: RunFile) -> list[str]:
    """The waves of a plan that was not applied, for people; none if no file gives them."""
    new = new_waves(run, None)
    return wave_preview_lines(new.waves, new.lanes) + unused_rule_lines(run, new.rules)


def unused_rule_lines(run: RunFile, rules: str | None) -> list[str]:
    """The rows of a waves file that no target matches, for people.

    Args:
        run: the run file.
        rules: as the run stores them.
    """
    if rules is None:
        return []
    from bulkeic.core.rollout.wave_rules import (  # noqa: PLC0415 - few runs have one
        decode_wave_rules,
        unused_rules,
    )

    unused = unused_rules(run.lanes(), decode_wave_rules(rules))
    lines = [
        f"note: line {rule.line} of the waves file matches no target: {rule}"
        for rule in unused[:_SHOWN_RULES]
    ]
    more = len(unused) - len(lines)
    if more:
        lines.append(f"note: no target matches {counted(more, 'other line')} of the waves file")
    return lines


def _are_equal(rules: str, other: str | None) -> bool:
    """Whether two waves files have the same rows, maybe on other lines."""
    from bulkeic.core.rollout.wave_rules import decode_wave_rules  # noqa: PLC0415 - few runs have one

    here, there = (
        [(rule.wave, rule.account, rule.region) for rule in decode_wave_rules(text)]
        for text in (rules, other or "[]")
    )
    return here == there
