"""The commands that may follow on a run, to paste, with the flags that it was started with."""

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Self

import msgspec

from bulkeic.app.options.command_options import ApplyOptions, TargetsOptions, WorkOptions
from bulkeic.core.model import Status
from bulkeic.core.options.option_declaration import (
    DeclaredOption,
    Repeat,
    command_options,
    declared_options,
)
from bulkeic.core.rollout.gates import awaits_gate
from bulkeic.core.summary import Summary
from bulkeic.core.targets.selection import EVERY_TARGET, Selection
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_WAVES = frozenset({"--waves", "--wave-by", "--waves-file"})
_RETRIED = [status for status in Status if status.value in {"failed", "unknown"}]
_TEXTS = {
    "verify": "verify with",
    "report": "report with",
    "retry": "retry with",
    "roll_back": "roll back with",
    "apply": "apply with",
    "resume": "resume with",
}
"""Each step with its words, the most likely next step last."""


def flags_of(options: msgspec.Struct) -> dict[str, list[str]]:
    """The given flags that later commands repeat, each with its words on the command line."""
    kept = options.kept_defaults if isinstance(options, WorkOptions) else frozenset()
    return {
        option.flag.name: words
        for option in declared_options(type(options))
        if option.flag.repeat in {Repeat.ALWAYS, Repeat.RESUME}
        and (words := option.words(options, kept))
    }


def selection_flags(selection: Selection) -> dict[str, list[str]]:
    """The flags of a selection, each with its words on the command line."""
    options = WorkOptions(source="", selection=selection)
    return {
        option.flag.name: option.words(options)
        for option in declared_options(WorkOptions)
        if option.flag.repeat is Repeat.SELECTION and option.words(options)
    }


def stored_flags(options: WorkOptions) -> str:
    """The flags as a run file keeps them."""
    # Not by msgspec, which refuses file names that are not UTF-8.
    return json.dumps(flags_of(options))


class NextCommands:
    """Commands for one run.

    Args:
        run: the run file.
        flags: what to repeat, by name.
        selection: of the jobs of this run.
    """

    def __init__(
        self, run: RunFile, flags: Mapping[str, list[str]], selection: Selection = EVERY_TARGET
    ) -> None:
        self._selection = selection
        self._run = run
        self._path = str(run.path)
        self._flags = flags

    @classmethod
    def stored(cls, run: RunFile) -> Self:
        """With the flags that the run was started with."""
        try:
            flags = json.loads(run.metadata.flags or "{}")
            return cls(run, msgspec.convert(flags, dict[str, list[str]]))
        except (ValueError, RecursionError):  # a changed run file
            return cls(run, {})

    def after(self, summary: Summary) -> dict[str, str]:
        """The steps that make sense after a command, each with its command.

        =========  ===============================================================
        step       if
        =========  ===============================================================
        verify     something was changed
        report     the run was applied, or some targets failed
        retry      some failed, and nothing is pending
        roll_back  something can be restored
        apply      every target of a plan was read, and some must change
        resume     targets are pending, waves are not verified, or a gate of the
                   flags must still be asked; without the selection if only targets
                   that it leaves out are pending
        =========  ===============================================================
        """
        run, counts, planned = self._run, summary.statuses, self._run.metadata.planned
        has_unread = planned and bool(run.jobs.lanes(JobFilter.UNREAD))
        was_applied = not planned or any(session.doing == "apply" for session in run.sessions())
        has_waves_left = was_applied and (run.waves.have_unverified() or self._awaits_gate())
        found = {}
        if counts[Status.UPDATED] or counts[Status.CREATED]:
            found["verify"] = self._command("verify")
        if was_applied and any(counts[status] for status in _RETRIED) and not summary.pending:
            found["retry"] = self._command("apply", "--retry-failed")
        if was_applied or counts[Status.FAILED] or counts[Status.INVALID]:
            found["report"] = shlex.join(["bulkeic", "report", self._path])
        if run.jobs.has_changed():
            found["roll_back"] = self._command("rollback")
        if summary.pending and not was_applied and not has_unread:
            found["apply"] = self._command("apply")
        if has_unread:
            found["resume"] = self._command("plan")
        elif (summary.pending and was_applied) or has_waves_left:
            found["resume"] = self._resume_command(self._selection.to_resume(summary.pending))
        elif was_applied and run.jobs.pending_left_out():
            found["resume"] = self._resume_command(EVERY_TARGET)
        if run.metadata.rolled_back_by is not None:
            return {step: found[step] for step in ("report", "roll_back") if step in found}
        return found

    def _awaits_gate(self) -> bool:
        has_gate = "--gate" in self._flags
        return has_gate and awaits_gate(self._run.waves.all(), self._run.gates.all())

    def _resume_command(self, selection: Selection) -> str:
        flags = {**self._flags, **selection_flags(selection)}
        has_waves = self._run.metadata.wave_rules is not None or bool(self._run.waves.all())
        return resume_command(self._path, flags, has_waves=has_waves)

    def _command(self, name: str, *more: str) -> str:
        flags = {**self._flags, **selection_flags(self._selection.to_follow())}
        return next_command(name, self._path, flags, *more)


def next_command(name: str, run: str, flags: Mapping[str, list[str]], *more: str) -> str:
    """Another command for a run, with the same flags where it has them.

    Args:
        name: of the command.
        run: the run file.
        flags: the words of each flag that may be repeated.
        more: words of this command alone.
    """
    repeats = {Repeat.ALWAYS, Repeat.SELECTION}
    words = _words(command_options(WorkOptions, name), repeats, flags)
    return shlex.join(["bulkeic", name, run, *more, *words])


def resume_command(run: str, flags: Mapping[str, list[str]], *, has_waves: bool) -> str:
    """The command that resumes a run.

    Args:
        run: the run file.
        flags: the words of each flag that may be repeated.
        has_waves: whether the run stores its waves, so that the command must not repeat them.
    """
    repeated = {name: words for name, words in flags.items() if name not in _WAVES or not has_waves}
    options = command_options(ApplyOptions, "apply")
    words = _words(options, {Repeat.ALWAYS, Repeat.RESUME, Repeat.SELECTION}, repeated)
    return shlex.join(["bulkeic", "apply", run, *words])


def _words(
    options: Iterable[DeclaredOption], repeats: set[Repeat], flags: Mapping[str, list[str]]
) -> list[str]:
    return [
        word
        for option in options
        if option.flag.repeat in repeats
        for word in flags.get(option.flag.name, ())
    ]


def targets_command(name: str, options: WorkOptions) -> str:
    """Another command for the same targets file, with all flags that it has."""
    words = [
        word
        for option in declared_options(type(options))
        if option.flag.repeat in {Repeat.ALWAYS, Repeat.STORED, Repeat.SELECTION}
        and (not option.flag.commands or name in option.flag.commands)
        for word in option.words(options)
    ]
    is_code = isinstance(options, TargetsOptions) and options.is_source_code
    source = [] if is_code else [options.source]
    return shlex.join(["bulkeic", name, *source, *words])


def next_lines(commands: Mapping[str, str]) -> list[str]:
    """The next steps as lines of text."""
    return [f"{text}: {commands[step]}" for step, text in _TEXTS.items() if step in commands]
