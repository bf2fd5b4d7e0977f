"""How each shell asks for candidates and reads them, on top of click's own completion."""

import re
from importlib import resources

import click
from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
)

VARIABLE = "_BULKEIC_COMPLETE"
"""The environment variable with which a script asks for candidates: ``<shell>_complete``."""

PATH = "path"
"""The type of a candidate that is a file, or a folder if it ends in ``/``."""

# Not after an initial: US East (N. Virginia).
_between_sentences = re.compile(r"(?<![ (][A-Z])\. ").split


class _BulkeicComplete(ShellComplete):
    """What all shells have in common: the scripts, and candidates besides those of click."""

    def source(self) -> str:
        """The script to load in the shell."""
        scripts = resources.files("bulkeic.cli.completion") / "scripts"
        return (scripts / f"bulkeic.{self.name}").read_text(encoding="utf-8")

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """The candidates, with the commands of a group that is a command itself.

        A candidate that could control the terminal is left out, for example the name of a file.
        """
        items = super().get_completions(args, incomplete)
        group = self.cli.commands.get(args[0]) if isinstance(self.cli, click.Group) and args else 0
        if len(args) == 1 and isinstance(group, click.Group):
            known = {item.value for item in items}
            items += [
                CompletionItem(name, help=command.get_short_help_str(100))
                for name, command in group.commands.items()
                if name.startswith(incomplete) and not command.hidden and name not in known
            ]
        return [_with_one_sentence(item) for item in items if item.value.isprintable()]


class BashCompletion(_BulkeicComplete, BashComplete):
    """Bash, which splits words at ``=``."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one to complete, and what there is of that one."""
        args, incomplete = super().get_completion_args()
        words: list[str] = []
        for word in [*args, incomplete]:
            if words and (word == "=" or words[-1].endswith("=")) and words[-1].startswith("--"):
                words[-1] += word
            else:
                words.append(word)
        return words[:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """A candidate as the script reads it; readline marks folders itself."""
        value = item.value.removesuffix("/") if item.type == PATH else item.value
        return f"{item.type},{value}"


class ZshCompletion(_BulkeicComplete, ZshComplete):
    """Zsh. The script cuts off ``--flag=`` itself."""


class FishCompletion(_BulkeicComplete, FishComplete):
    """Fish, where a candidate is the whole word."""

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """The candidates, behind ``--flag=`` if the word begins with it."""
        items = super().get_completions(args, incomplete)
        flag, equals, _ = incomplete.partition("=")
        if equals and flag.startswith("--"):
            for item in items:
                item.value = f"{flag}={item.value}"
        return items


SHELLS: dict[str, type[ShellComplete]] = {
    "bash": BashCompletion,
    "zsh": ZshCompletion,
    "fish": FishCompletion,
}
"""The shells that have a script, by name."""


def _with_one_sentence(item: CompletionItem) -> CompletionItem:
    """A candidate whose description is the first sentence of its help."""
    if item.help:
        item.help = _between_sentences(" ".join(item.help.split()), 1)[0].removesuffix(".")
    return item
