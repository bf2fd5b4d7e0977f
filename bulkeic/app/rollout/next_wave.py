"""The next wave of a rollout: its size, its accounts and Regions, and how long it will take."""

from bulkeic.app.options.command_options import WorkOptions
from bulkeic.app.run.work_forecast import forecast_work
from bulkeic.core.change.policy import Policy, calls_per_job
from bulkeic.core.rollout.waves import Wave
from bulkeic.output.rollout_text import next_wave_text
from bulkeic.store.run_file import RunFile


def next_wave_line(run: RunFile, options: WorkOptions, policy: Policy, ended: Wave) -> str:
    """The next wave that has pending jobs, as one line of text.

    Args:
        run: the run file.
        options: how to work.
        policy: how the targets are treated.
        ended: the wave that has ended; not the last one.
    """
    waves = run.waves.all()
    for wave in waves:
        lanes = run.jobs.lanes(wave=wave.number) if wave.number > ended.number else {}
        if lanes:
            time = forecast_work(lanes, options, calls_per_job(policy, in_waves=True))
            return next_wave_text(wave, waves[-1].number, lanes, time)
    return "no target is left for the next waves"
