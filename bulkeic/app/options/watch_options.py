"""The options of those who watch a run."""

from typing import Annotated

import msgspec

from bulkeic.app.options.access_options import FILE
from bulkeic.app.options.pace_options import RUNS
from bulkeic.app.options.rollout_options import SHELL_COMMAND
from bulkeic.core.options.option_declaration import Configurable, Flag, OptionGroup, Repeat
from bulkeic.core.options.option_values import Integer

_LAST_PORT = 65535


class WatchOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches a run."""

    ui: Annotated[int | None, Flag(
        "--ui", "Serve a live page of the run on this computer while the command works, and print "
        "its URL. Without a PORT, or with 0, any free port.", OptionGroup.MONITORING,
        Integer(0, _LAST_PORT, placeholder="PORT"), bare="0", repeat=Repeat.NEVER,
        commands=RUNS)] = None  # fmt: skip
    notify: Annotated[str | None, Flag(
        "--notify", "Run this shell command beside the run, with one JSON event per line on stdin: "
        "'started', 'wave_started', 'wave_done', 'gate', 'halted' and 'ended'. It cannot "
        "delay a call or make the run fail.", OptionGroup.MONITORING, SHELL_COMMAND,
        repeat=Repeat.RESUME, commands=RUNS, configurable=Configurable.BY_USER
    )] = None  # fmt: skip
    metrics: Annotated[str | None, Flag(
        "--metrics", "Write metrics to this file in the text format of Prometheus, after each "
        "event, at least every 10 s and at the end. The file is replaced.", OptionGroup.MONITORING,
        FILE, repeat=Repeat.RESUME, commands=RUNS, configurable=Configurable.BY_USER
    )] = None  # fmt: skip
    otel: Annotated[bool, Flag(
        "--otel", "Send a trace of the run and its metrics with OpenTelemetry to where the "
        "OTEL_EXPORTER_OTLP_ENDPOINT variable says. Requires the extra bulkeic[otel].",
        OptionGroup.MONITORING, repeat=Repeat.RESUME, commands=RUNS)] = False  # fmt: skip
