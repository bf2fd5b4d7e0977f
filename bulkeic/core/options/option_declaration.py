"""Options declared once, as annotations of a struct's fields.

A field ``timeout_s: Annotated[float, Flag("--timeout", "Time limit for one call.", ...)] = 10`` is
the whole declaration of an option. Its value type and its default come from the field. The command
line, its help, the commands that bulkeic suggests and the reference page are derived from it.
"""

import shlex
import types
import typing
from collections.abc import Collection, Iterator, Mapping
from enum import Enum, auto
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from bulkeic.core.options.option_values import Integer, Number, OneOf, ValueType

S = TypeVar("S", bound=msgspec.Struct)


class OptionGroup(Enum):
    """The groups of options, with their headings, in the order in which help shows them."""

    CHANGE = "What to change"
    LOAD = "Load"
    SERVER = "Server"
    FUNCTIONS = "Functions"
    CALLERS = "Callers"
    DELAYS = "Delays"
    FAULTS = "Faults"
    SAFETY = "Safety"
    ROLLOUT = "Rollout"
    PLACES = "Where to look"
    TARGETS = "Which targets"
    PACE = "Pace"
    SCHEDULER = "Dask scheduler"
    ACCESS = "AWS access"
    MONITORING = "Monitoring"
    OUTPUT = "Output"
    CONFIGURATION = "Configuration"


class Repeat(Enum):
    """Whether a command that bulkeic suggests repeats an option that was given."""

    ALWAYS = auto()
    """Every suggested command that has the option repeats it."""
    RESUME = auto()
    """Only the command that resumes the same run repeats it."""
    NEVER = auto()
    """No command repeats it."""
    SELECTION = auto()
    """Commands for the same source repeat it."""
    STORED = auto()
    """The run file stores it: no command repeats it, and it is invalid with a run file."""


class Configurable(Enum):
    """Where else than on the command line an option can be given."""

    ANYWHERE = auto()
    """In every configuration file, and in a variable."""
    BY_USER = auto()
    """In the user's own file, a file named by ``--config``, and a variable. A project file could
    run programs, send credentials elsewhere or replace files with it."""
    NOWHERE = auto()
    """It confirms or forces something in one case, or says which configuration holds."""


class Flag(msgspec.Struct, frozen=True):
    """How users give an option.

    Attributes:
        name: as it is typed. A name of a ``bool`` that is on by default begins with ``--no-``.
        help: one or two short sentences.
        group: where help shows it.
        values: reads and writes a value; ``None``: as the type of the field says.
        default: what holds where the option is not given, in words; ``None``: the field's default.
        aliases: other names.
        opposite: the name that sets a ``bool`` to ``False``; the field is ``None`` by default, so
            that a value that was given is known.
        bare: the text of the value that holds where the flag is given alone; ``None``: it needs a
            value. The next word is its value only if it is a valid one.
        is_multiple: whether it can be repeated, each time with one value; the field is a tuple.
        repeat: whether suggested commands repeat it.
        commands: the commands that have it; empty: every command with the field.
        configurable: where else it can be given.
        requires: the flags of which one must hold for this one to have an effect. Without it, the
            configuration does not give this one. A command that has none of them ignores this.
        excludes: the flags that the configuration does not give where this one is given.
        is_secret: whether its value must not be shown.
    """

    name: str
    help: str
    group: OptionGroup
    values: ValueType | None = None
    default: str | None = None
    aliases: tuple[str, ...] = ()
    opposite: str | None = None
    bare: str | None = None
    is_multiple: bool = False
    repeat: Repeat = Repeat.ALWAYS
    commands: frozenset[str] = frozenset()
    configurable: Configurable = Configurable.ANYWHERE
    requires: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    is_secret: bool = False


class Argument(msgspec.Struct, frozen=True):
    """How users give a value without a flag.

    Attributes:
        placeholder: stands for it in the usage line.
        help: one sentence.
        required: whether it must be given.
        values: reads the value; ``None``: any text.
    """

    placeholder: str
    help: str
    required: bool = True
    values: ValueType | None = None


class CommandWords(msgspec.Struct, frozen=True):
    """Marks a field that holds the words of the command line."""


class FieldFlags(msgspec.Struct, frozen=True):
    """The flags of a nested struct that knows nothing of options, by field name."""

    flags: Mapping[str, Flag]


class DeclaredOption(msgspec.Struct, frozen=True):
    """An option as declared.

    Attributes:
        path: names of the fields that lead to it, the outermost first.
        flag: its annotation.
        type: of its values, without ``None``.
        default: the value that holds where it is not given.
    """

    path: tuple[str, ...]
    flag: Flag
    type: Any
    default: Any

    @property
    def key(self) -> str:
        """Its name as an identifier."""
        return self.flag.name.removeprefix("--").replace("-", "_")

    @property
    def is_switch(self) -> bool:
        """Whether it takes no value."""
        return self.type is bool and self.flag.values is None

    @property
    def placeholder(self) -> str:
        """What stands for its value in help, in brackets if the flag needs none."""
        placeholder = self.value_type.placeholder
        return placeholder if self.flag.bare is None else f"[{placeholder}]"

    @property
    def value_type(self) -> ValueType:
        """Reads and writes one value."""
        return self.flag.values or _value_type(self.type)

    def value(self, options: msgspec.Struct) -> Any:
        """Its value in a struct."""
        value: Any = options
        for name in self.path:
            value = getattr(value, name)
        return value

    def words(self, options: msgspec.Struct, kept: Collection[str] = ()) -> list[str]:
        """The words that give its value on the command line; none for the default.

        Args:
            options: the struct that has the value.
            kept: names of flags whose default has words, too.
        """
        value = self.value(options)
        is_kept = self.flag.name in kept and not (self.is_switch or value is None)
        if value == self.default and not is_kept:
            return []
        if self.is_switch:
            return [self.flag.opposite if self.flag.opposite and not value else self.flag.name]
        values = value if self.flag.is_multiple else [value]
        return [word for each in values for word in (self.flag.name, self.value_type.format(each))]

    @property
    def limits(self) -> str:
        """The range of valid values, in words; empty: none, or said by the help text."""
        return "" if self.is_switch else self.value_type.limits

    def default_text(self) -> str:
        """The default as help shows it; empty: help shows none."""
        if self.flag.default is not None:
            return self.flag.default
        if self.is_switch or self.default in (None, ()):
            return ""
        return self.value_type.describe(self.default)


def declared_options(kind: type[msgspec.Struct]) -> Iterator[DeclaredOption]:
    """Every option that the fields of a struct declare, those of nested structs included."""
    return _declared(kind, (), None, None)


def stored_options(options: msgspec.Struct) -> dict[str, str]:
    """The given options that a run file stores, by name, each as it is typed."""
    return {
        option.flag.name: shlex.join(option.words(options))
        for option in declared_options(type(options))
        if option.flag.repeat is Repeat.STORED and option.value(options) != option.default
    }


def command_options(kind: type[msgspec.Struct], command: str) -> list[DeclaredOption]:
    """The options of a command whose options are a struct."""
    return [
        option
        for option in declared_options(kind)
        if not option.flag.commands or command in option.flag.commands
    ]


def declared_arguments(kind: type[msgspec.Struct]) -> list[tuple[str, Argument]]:
    """The arguments that the fields of a struct declare, by field name."""
    return [
        (field.name, note)
        for field in msgspec.structs.fields(kind)
        for note in _notes(field.type)
        if isinstance(note, Argument)
    ]


def command_words_field(kind: type[msgspec.Struct]) -> str | None:
    """The name of the field that is marked with ``CommandWords``."""
    for field in msgspec.structs.fields(kind):
        if any(isinstance(note, CommandWords) for note in _notes(field.type)):
            return field.name
    return None


def build_options(kind: type[S], given: Mapping[tuple[str, ...], Any]) -> S:
    """Makes a struct of given values.

    Args:
        kind: the struct.
        given: values by the path of their field; the others have their defaults.
    """
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        inner = {path[1:]: value for path, value in given.items() if path[0] == field.name}
        if () in inner:
            values[field.name] = inner[()]
        elif inner:
            values[field.name] = build_options(_plain(field.type), inner)
    return kind(**values)


def _declared(
    kind: type[msgspec.Struct],
    path: tuple[str, ...],
    flags: Mapping[str, Flag] | None,
    defaults: msgspec.Struct | None,
) -> Iterator[DeclaredOption]:
    for field in msgspec.structs.fields(kind):
        notes = _notes(field.type)
        plain = _plain(field.type)
        here = (*path, field.name)
        default = field.default if defaults is None else getattr(defaults, field.name)
        flag = next((note for note in notes if isinstance(note, Flag)), None)
        if flags is not None:
            flag = flags.get(field.name)
        if flag is not None:
            yield DeclaredOption(here, flag, plain, default)
        elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
            inner = next((note.flags for note in notes if isinstance(note, FieldFlags)), None)
            yield from _declared(plain, here, inner, default)


def _notes(annotation: Any) -> tuple[Any, ...]:
    return annotation.__metadata__ if typing.get_origin(annotation) is Annotated else ()


def _plain(annotation: Any) -> Any:
    """A type without its notes, and without ``None``."""
    if typing.get_origin(annotation) is Annotated:
        annotation = annotation.__origin__
    if typing.get_origin(annotation) in {types.UnionType, typing.Union}:
        args = [arg for arg in typing.get_args(annotation) if arg is not types.NoneType]
        return args[0] if len(args) == 1 else typing.Union[tuple(args)]  # noqa: UP007 - made here
    return annotation


def _value_type(kind: Any) -> ValueType:
    """The usual value type of a Python type."""
    if typing.get_origin(kind) is tuple:
        return _value_type(typing.get_args(kind)[0])
    if typing.get_origin(kind) is Literal:
        return OneOf(typing.get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return OneOf([str(each.value) for each in kind], kind)
    return {int: Integer(), float: Number(0)}.get(kind) or ValueType("TEXT")
