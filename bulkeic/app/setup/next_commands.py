"""The commands that may follow on a run, to paste, with the flags that it was started with."""

import shlex
from collections.abc import Iterable, Mapping
from typing import Self

import msgspec

from bulkeic.app.setup.options import ApplyOptions, WorkOptions
from bulkeic.core.model import Status
from bulkeic.core.option_declaration import Repeat, command_options, declared_options
from bulkeic.core.summary import Summary
from bulkeic.store.jobs import JobFilter
from bulkeic.store.run_file import RunFile

_RETRY = ("--retry-failed",)
_WAVES = frozenset({"--waves", "--wave-by"})
_RETRIED = (Status.FAILED,)
_TEXTS = {
    "verify": "verify with",
    "report": "report with",
    "retry": "retry with",
    "roll_back": "roll back with",
    "apply": "apply with",
    "resume": "resume with",
}
"""Each step with its words, the most likely next step last."""

_FLAGS = msgspec.json.Decoder(dict[str, list[str]])


def flags_of(options: WorkOptions) -> dict[str, list[str]]:
    """The given flags that later commands repeat, each with its words on the command line."""
    return {
        option.flag.name: option.words(options)
        for option in declared_options(type(options))
        if option.flag.repeat in {Repeat.ALWAYS, Repeat.RESUME} and option.words(options)
    }


def stored_flags(options: WorkOptions) -> str:
    """The flags as a run file keeps them."""
    return msgspec.json.encode(flags_of(options)).decode()


class NextCommands:
    """Commands for one run.

    Args:
        run: the run file.
        flags: what to repeat, by name.
    """

    def __init__(self, run: RunFile, flags: Mapping[str, list[str]]) -> None:
        self._run = run
        self._flags = flags

    @classmethod
    def stored(cls, run: RunFile) -> Self:
        """With the flags that the run was started with."""
        try:
            return cls(run, _FLAGS.decode(run.metadata.flags or "{}"))
        except msgspec.MsgspecError:
            return cls(run, {})

    def after(self, summary: Summary) -> dict[str, str]:
        """The steps that make sense after a command, each with its command.

        =========  =====================================================
        step       if
        =========  =====================================================
        verify     something was changed
        report     the run was applied, or some targets failed
        retry      some failed, and nothing is pending
        roll_back  something can be restored
        apply      every target of a plan was read, and some must change
        resume     targets are pending, or waves are not verified
        =========  =====================================================
        """
        run, counts = self._run, summary.statuses
        planned = run.metadata.planned
        has_unread = planned and bool(run.jobs.lanes(JobFilter.UNREAD))
        was_applied = not planned or any(session.doing == "apply" for session in run.sessions())
        has_waves_left = was_applied and run.waves.have_unverified()
        found = {}
        if counts[Status.UPDATED] or counts[Status.CREATED]:
            found["verify"] = self.command("verify")
        if was_applied and any(counts[status] for status in _RETRIED) and not summary.pending:
            found["retry"] = self._line("apply", self._words("apply", {Repeat.ALWAYS}), _RETRY)
        if was_applied or counts[Status.FAILED] or counts[Status.INVALID]:
            found["report"] = self._line("report", ())
        if run.can_be_rolled_back():
            found["roll_back"] = self.command("rollback")
        if summary.pending and not was_applied and not has_unread:
            found["apply"] = self.command("apply")
        if has_unread:
            found["resume"] = self.command("plan")
        elif (summary.pending and was_applied) or has_waves_left:
            found["resume"] = self.resume()
        return found

    def command(self, name: str) -> str:
        """Another command for the run, with the same flags where it has them."""
        return self._line(name, self._words(name, {Repeat.ALWAYS}))

    def resume(self) -> str:
        """The command that resumes the run; it does not repeat the waves that the run stores."""
        left_out = _WAVES if self._run.waves.all() else frozenset()
        words = self._words("apply", {Repeat.ALWAYS, Repeat.RESUME}, left_out)
        return self._line("apply", words)

    def _words(
        self, name: str, repeats: set[Repeat], left_out: frozenset[str] = frozenset()
    ) -> list[str]:
        kind = ApplyOptions if Repeat.RESUME in repeats else WorkOptions
        flags = (option.flag for option in command_options(kind, name))
        return [
            word
            for flag in flags
            if flag.repeat in repeats and flag.name not in left_out
            for word in self._flags.get(flag.name, ())
        ]

    def _line(self, name: str, words: Iterable[str], more: tuple[str, ...] = ()) -> str:
        return shlex.join(["bulkeic", name, str(self._run.path), *more, *words])


def targets_command(name: str, options: WorkOptions) -> str:
    """Another command for the same targets file, with all flags that it has."""
    words = [
        word
        for option in declared_options(type(options))
        if option.flag.repeat in {Repeat.ALWAYS, Repeat.STORED}
        and (not option.flag.commands or name in option.flag.commands)
        for word in option.words(options)
    ]
    return shlex.join(["bulkeic", name, options.source, *words])


def next_lines(commands: Mapping[str, str]) -> list[str]:
    """The next steps as lines of text."""
    return [f"{text}: {commands[step]}" for step, text in _TEXTS.items() if step in commands]
