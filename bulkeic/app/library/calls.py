"""The commands as calls: each gives work that starts when it is awaited or entered."""

from functools import partial
from typing import Unpack

from bulkeic.app.commands.apply import apply_targets
from bulkeic.app.commands.plan import plan_targets
from bulkeic.app.commands.rollback import roll_back
from bulkeic.app.commands.verify import verify_targets
from bulkeic.app.library.given_options import given_options
from bulkeic.app.library.keywords import (
    ApplyKeywords,
    FileName,
    PlanKeywords,
    RollbackKeywords,
    VerifyKeywords,
)
from bulkeic.app.library.silent_host import SilentHost
from bulkeic.app.library.work import Work
from bulkeic.app.options.command_options import (
    ApplyOptions,
    PlanOptions,
    RollbackOptions,
    VerifyOptions,
)
from bulkeic.app.run.invocation import Invocation
from bulkeic.core.summary import Summary


def plan(source: FileName, **keywords: Unpack[PlanKeywords]) -> Work[Summary]:
    """Reads every target and stores the changes in a run file; writes nothing to AWS.

    Args:
        source: a targets file, or the run file of a plan that is not complete.
        keywords: the flags of ``bulkeic plan``.

    Returns:
        Work whose result is the plan in numbers: ``run``, ``needs``, ``digest``.

    Raises:
        UsageError: a keyword is invalid.
    """
    options = given_options(PlanOptions, "plan", keywords, source)
    return Work(partial(_plan, options))


def apply(source: FileName, **keywords: Unpack[ApplyKeywords]) -> Work[Summary]:
    """Updates every target of a targets file, or the pending ones of a run file.

    The call is the confirmation: nothing is asked, also not between waves.

    Args:
        source: a targets file; or a run file, which it resumes; or that of a plan.
        keywords: the flags of ``bulkeic apply``.

    Returns:
        Work whose result is the run in numbers.

    Raises:
        UsageError: a keyword is invalid.
    """
    options = given_options(ApplyOptions, "apply", keywords, source)
    return Work(partial(_apply, options))


def verify(source: FileName, **keywords: Unpack[VerifyKeywords]) -> Work[Summary]:
    """Compares every target with the wanted settings; writes nothing to AWS.

    Args:
        source: a targets file or a run file.
        keywords: the flags of ``bulkeic verify``.

    Returns:
        Work whose result is the verification in numbers. A target that drifted has a failed outcome
        with the error code ``Drifted``.

    Raises:
        UsageError: a keyword is invalid.
    """
    options = given_options(VerifyOptions, "verify", keywords, source)
    return Work(partial(_verify, options))


def rollback(run: FileName, /, **keywords: Unpack[RollbackKeywords]) -> Work[Summary]:
    """Restores what the targets of a run had before, as a new run.

    The call is the confirmation.

    Args:
        run: the run file of the run to roll back.
        keywords: the flags of ``bulkeic rollback``; the keyword ``run`` is the new run file.

    Returns:
        Work whose result is the new run in numbers.

    Raises:
        UsageError: a keyword is invalid.
    """
    options = given_options(RollbackOptions, "rollback", keywords, run)
    return Work(partial(_roll_back, options))


def _plan(options: PlanOptions, host: SilentHost) -> Summary:
    return plan_targets(options, Invocation(options, surroundings=host))


def _apply(options: ApplyOptions, host: SilentHost) -> Summary:
    return apply_targets(options, Invocation(options, surroundings=host))


def _verify(options: VerifyOptions, host: SilentHost) -> Summary:
    return verify_targets(options, Invocation(options, surroundings=host), prints_drift=False)


def _roll_back(options: RollbackOptions, host: SilentHost) -> Summary:
    return roll_back(options, Invocation(options, surroundings=host))
