"""The flags that a run stores: they can be repeated when it is resumed, and not changed.

============================================  ========
a flag that is given with a run file          is
============================================  ========
has the value that the run was made with      allowed
``--run`` names the run file itself           allowed
``--before-image``, and the run stores them   allowed
``--create-missing`` of an apply of a plan    allowed
``--waves`` or ``--wave-by``, as the run has  allowed
``--waves-file`` with the rows the run has    allowed
else                                          refused
============================================  ========
"""

import json
import shlex
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec.structs import replace

from bulkeic.app.options.command_options import ApplyOptions, WorkOptions
from bulkeic.core.errors import UsageError, quoted
from bulkeic.core.options.option_declaration import declared_options
from bulkeic.store.run_file import RunFile
from bulkeic.store.run_metadata import RunMetadata

_WAVE_FLAGS = ("--waves", "--wave-by", "--waves-file")
_RUN, _BEFORE_IMAGE, CREATE_MISSING = "--run", "--before-image", "--create-missing"


def encode_flags(flags: Mapping[str, str]) -> str:
    """The stored form of the flags that a run is made with, but for its own name."""
    return json.dumps({name: typed for name, typed in flags.items() if name != _RUN})


def decode_flags(flags: str | None) -> dict[str, str]:
    """The inverse of ``encode_flags``; what a changed run file has instead is left out."""
    try:
        return msgspec.convert(json.loads(flags or "{}"), dict[str, str])
    except (ValueError, RecursionError):
        return {}


def with_create_missing(flags: str | None) -> str:
    """The stored form of flags, with ``--create-missing``."""
    return encode_flags({**decode_flags(flags), CREATE_MISSING: CREATE_MISSING})


def check_flags(run: RunFile, options: WorkOptions) -> None:
    """Checks that the flags of a command agree with those that a run was made with.

    Raises:
        UsageError: one has another value.
    """
    if Path(options.source) != run.path:
        return  # a new run, which has these flags
    made_with = decode_flags(run.metadata.made_with)
    for name, typed in options.stored_by_run().items():
        if typed == made_with.get(name) or _is_allowed(name, typed, run, options):
            continue
        before = f"with {made_with[name]}" if name in made_with else _default(name)
        raise UsageError(
            f"run file {quoted(str(run.path))} was made {before}, and {typed} would change that; "
            "omit the flag, or start a new run from the targets file"
        )


def with_waves(metadata: RunMetadata, options: ApplyOptions, rules: str | None) -> RunMetadata:
    """The metadata with the flags of waves, and the rows of a waves file."""
    flags = encode_flags({**decode_flags(metadata.made_with), **_wave_flags(options)})
    return replace(metadata, made_with=flags, wave_rules=rules)


def check_waves(run: RunFile, options: ApplyOptions) -> None:
    """Checks that the waves that are asked for are those that a run has.

    The rows of a waves file are compared in ``new_waves``.

    Raises:
        UsageError: it has others.
    """
    if options.waves_file is not None and run.metadata.wave_rules is not None:
        return
    made_with = decode_flags(run.metadata.made_with)
    has = " ".join(made_with[name] for name in _WAVE_FLAGS if name in made_with)
    given = " ".join(_wave_flags(options).values())
    if has != given:
        raise UsageError(
            f"run file {quoted(str(run.path))} has waves already{has and f', made with {has}'}, "
            f"and {given} would change that; omit the flag"
        )


def _wave_flags(options: ApplyOptions) -> dict[str, str]:
    """The given flags of waves, each as it is typed, without those that change nothing."""
    given = {
        option.flag.name: shlex.join(option.words(options))
        for option in declared_options(ApplyOptions)
        if option.flag.name in _WAVE_FLAGS and option.value(options) not in {None, "lane"}
    }
    return {name: given[name] for name in _WAVE_FLAGS if name in given}


def _is_allowed(name: str, typed: str, run: RunFile, options: WorkOptions) -> bool:
    if name == _RUN:
        return _is_same_file(options.run, run.path)
    if name == _BEFORE_IMAGE:
        return run.metadata.keeps_before_images == (typed == _BEFORE_IMAGE)
    is_plan = run.metadata.planned and run.metadata.restores is None
    return name == CREATE_MISSING and isinstance(options, ApplyOptions) and is_plan


def _default(name: str) -> str:
    if name == _RUN:
        return "under its own name"
    return f"with {name}" if name == _BEFORE_IMAGE else f"without {name}"


def _is_same_file(given: str | None, path: Path) -> bool:
    try:
        return given is not None and path.samefile(given)
    except OSError:
        return False
