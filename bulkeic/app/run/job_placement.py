"""Places the jobs of a program: each in its lane, with the role of its account."""

import msgspec

from bulkeic.aws.identity.access import Access
from bulkeic.core.accounts import Accounts, foreign_credentials
from bulkeic.core.errors import InputError
from bulkeic.core.model import Job, Lane
from bulkeic.core.targets.templates import fill_settings


class JobPlacement:
    """Gives jobs their account, fills in their templates, and checks that they can be reached.

    Args:
        access: the caller's own credentials.
        accounts: how each account is reached; gets the roles of the jobs.
        timeout_s: for one call of STS, seconds.
    """

    def __init__(self, access: Access, accounts: Accounts, *, timeout_s: float) -> None:
        self._access = access
        self._accounts = accounts
        self._timeout_s = timeout_s
        self._own_account_id: str | None = None
        self._lanes_checked: set[Lane] = set()

    async def place(self, job: Job) -> Job:
        """The job in its lane, which is in the caller's own account if the job names none.

        Raises:
            AccessError: STS cannot be called.
            InputError: the job has another role than its account, or cannot be reached.
        """
        target, lane = job.target, job.target.lane
        if not lane.account_id:
            lane = Lane(await self._own_account(lane), lane.region)
            target = msgspec.structs.replace(target, lane=lane)
        problem = self._accounts.assign_role_of_job(lane, job.role_arn)
        if problem is not None:
            raise problem
        if lane not in self._lanes_checked:
            await self._check_lane(lane, job)
            self._lanes_checked.add(lane)
        settings = fill_settings(job.settings, target)
        return msgspec.structs.replace(job, target=target, settings=settings)

    async def _own_account(self, lane: Lane) -> str:
        if self._own_account_id is None:
            self._own_account_id = await self._access.caller_account_id(
                lane.region, self._timeout_s
            )
        return self._own_account_id

    async def _check_lane(self, lane: Lane, job: Job) -> None:
        problem = self._accounts.problem(lane)
        if problem is None and self._accounts.access(lane).role_arn is None:
            problem = foreign_credentials(lane, await self._own_account(lane))
        if problem is not None:
            raise InputError(f"job {job.seq}: {problem.rule}", field=problem.field)
