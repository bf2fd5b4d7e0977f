"""The flags that select targets, declared once for every command that takes a source."""

from functools import partial

from bulkeic.core.options.known_values import KnownValues
from bulkeic.core.options.option_declaration import FieldFlags, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import Integer, ParsedText, ValueType
from bulkeic.core.targets.selection import parse_pattern, parse_sample

ERROR_CODES = Flag(
    "--error-code",
    "Only failed targets with this error code. Can be repeated.",
    OptionGroup.TARGETS,
    ValueType("CODE"),
    "all",
    is_multiple=True,
    repeat=Repeat.NEVER,
)
_SELECTS = frozenset({"plan", "apply", "verify", "rollback", "report", "export"})


def _flag(
    name: str,
    text: str,
    values: ParsedText | Integer | None,
    default: str | None,
    requires: tuple[str, ...] = (),
) -> Flag:
    return Flag(
        name,
        text,
        OptionGroup.TARGETS,
        values,
        default,
        is_multiple=default == "all",
        repeat=Repeat.SELECTION,
        commands=_SELECTS,
        requires=requires,
    )


def _managed_flag(name: str, text: str) -> Flag:
    return Flag(name, text, OptionGroup.TARGETS, repeat=Repeat.SELECTION, commands=_SELECTS)


SELECTION_FLAGS = FieldFlags(
    {
        "names": _flag(
            "--name",
            "Only functions whose name matches, for example 'orders-*'; '!orders-*' excludes. "
            "Can be repeated.",
            ParsedText("GLOB", partial(parse_pattern, kind="name")),
            "all",
        ),
        "accounts": _flag(
            "--account",
            "Only this account; '!123456789012' excludes it. Can be repeated.",
            ParsedText("ID", partial(parse_pattern, kind="account")),
            "all",
        ),
        "regions": _flag(
            "--select-region",
            "Only Regions that match, for example 'eu-*'; '!eu-*' excludes. Can be repeated.",
            ParsedText("GLOB", partial(parse_pattern, kind="region"), known=KnownValues.REGIONS),
            "all",
        ),
        "statuses": _flag(
            "--status", "Only targets of a run file with this status. Can be repeated.", None, "all"
        ),
        "sample": _flag(
            "--sample",
            "Only N of these targets, or this percentage, spread over lanes. The same seed "
            "selects the same targets.",
            ParsedText("N|P%", parse_sample),
            "no sample",
        ),
        "seed": _flag("--seed", "Seed of --sample.", Integer(0), None, ("--sample",)),
        "skip_managed": _managed_flag(
            "--skip-managed",
            "Leave out targets that a tool such as CloudFormation or Terraform manages, as tags or "
            "code show.",
        ),
        "only_managed": _managed_flag("--only-managed", "Leave out targets that no tool manages."),
        "limit": _flag("--limit", "At most the first N of these targets.", Integer(1), "no limit"),
    }
)
