"""The messages between a command and its workers: MessagePack, in numbered questions and answers.

===========  =====================================================================
``Begin``    the first message: who the worker works for, and how
``Welcome``  its answer
``Ask``      gives the worker jobs, and asks what it has done
``Tell``     its answer
===========  =====================================================================

An ``Ask`` that arrives twice is answered twice, with the same ``Tell``, and done once. One that
arrives after a later one does nothing. No message holds a credential: each worker has its own, and
assumes the roles itself.
"""

from typing import Any, Literal, Self

import msgspec

from bulkeic.cluster.policy_form import PolicyForm
from bulkeic.core.accounts import Account, RoleSession
from bulkeic.core.change.reconcile import Action, BeforeImage
from bulkeic.core.leases.worker_lease import LeaseTerms
from bulkeic.core.listing import ListingJob
from bulkeic.core.model import Job, Lane, Outcome, Page
from bulkeic.core.summary import Traffic
from bulkeic.engine.limits import EngineLimits


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """Starts a worker's service for a command.

    Attributes:
        version: of the command; the worker must have the same.
        profile: whose credentials the worker uses; ``None``: those of its environment.
        region: of STS.
        endpoint_url: to call instead of AWS.
        sandbox: whether that is a sandbox, which has credentials of its own.
        role_session: how roles are assumed.
        timeout_s: for one call, seconds.
        limits: of calls, for all passes.
        terms: of the worker's lease.
        log_format: how the worker logs.
        log_level: what it logs.
    """

    version: str
    profile: str | None
    region: str | None
    endpoint_url: str | None
    sandbox: bool
    role_session: RoleSession
    timeout_s: float
    limits: EngineLimits
    terms: LeaseTerms
    log_format: Literal["console", "json"] | None
    log_level: str


class Welcome(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's first answer.

    Attributes:
        version: of the worker.
        problem: why it does not work for the command; ``None``: it does.
    """

    version: str
    problem: str | None = None


class PassStart(msgspec.Struct, frozen=True):
    """The start of a pass over jobs; the worker's last one has ended.

    Attributes:
        policy: how targets are treated.
        limits: of calls; a worker stops by itself after as many failures as the run may still have.
    """

    policy: PolicyForm
    limits: EngineLimits


class Grant(msgspec.Struct, frozen=True, array_like=True):
    """A lane that a worker may call from now on, or more jobs of it.

    Attributes:
        lane: account and Region.
        total: how many jobs the worker gets of it in this pass, beyond those of earlier grants.
        is_moved: whether another worker may have called it until now.
        jobs: the next ones.
        listings: the same in a pass that reads pages.
    """

    lane: Lane
    total: int
    is_moved: bool
    jobs: list[Job]
    listings: list[ListingJob] = []


class Ask(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A question to a worker.

    Attributes:
        number: of the question, from 1.
        acknowledged: number of the last answer that was received; 0: ``Welcome``.
        wait_s: how long the worker may wait for something to report, seconds.
        start: a pass that starts.
        accounts: how accounts are reached, before their first lane is granted.
        grants: lanes and jobs.
        stored: jobs whose before-images are stored (``seq``).
        stop: why no more calls may start; ``None``: they may.
        ends: whether no more jobs come in this pass.
    """

    number: int
    acknowledged: int
    wait_s: float
    start: PassStart | None = None
    accounts: list[Account] = []
    grants: list[Grant] = []
    stored: list[int] = []
    stop: str | None = None
    ends: bool = False


class SeenImage(msgspec.Struct, frozen=True, omit_defaults=True):
    """A before-image as a message; see ``BeforeImage``."""

    lane: Lane
    seq: int
    action: Action
    may_be_sent: bool = False
    config: dict[str, Any] | msgspec.UnsetType | None = msgspec.UNSET

    @property
    def image(self) -> BeforeImage:
        """What was read."""
        return BeforeImage(self.config, self.action, self.may_be_sent)


class ListedPage(msgspec.Struct, frozen=True, array_like=True):
    """A page that was read.

    Attributes:
        lane: account and Region.
        seq: of its job.
        content: the page as JSON, which has numbers of any size.
    """

    lane: Lane
    seq: int
    content: bytes

    @property
    def page(self) -> Page:
        """The page as answered."""
        return _decode_page(self.content)

    @classmethod
    def of(cls, lane: Lane, seq: int, page: Page) -> Self:
        """A page as a message."""
        return cls(lane, seq, _encode_page(page))


class Tell(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A worker's answer.

    Attributes:
        number: of the question.
        outcomes: of jobs that have finished since the last answer, without those that read a page.
        pages: that were read since then.
        images: what was read of targets since then.
        traffic: of this pass.
        held_failures: denied jobs whose outcomes are held back.
        stopped_lanes: lanes that stopped by themselves since the last answer, each with the reason.
        has_denied_lane: whether one of them stopped because its jobs were denied.
        stopped: why the engine stopped by itself; ``None``: it did not.
        is_done: whether the pass has ended.
    """

    number: int
    outcomes: list[Outcome] = []
    pages: list[ListedPage] = []
    images: list[SeenImage] = []
    traffic: Traffic = msgspec.field(default_factory=Traffic)
    held_failures: int = 0
    stopped_lanes: list[tuple[Lane, str]] = []
    has_denied_lane: bool = False
    stopped: str | None = None
    is_done: bool = False


_encode_page = msgspec.json.Encoder().encode
_decode_page = msgspec.json.Decoder(Page).decode
_encoder = msgspec.msgpack.Encoder()
encode = _encoder.encode
decode_begin = msgspec.msgpack.Decoder(Begin).decode
decode_welcome = msgspec.msgpack.Decoder(Welcome).decode
decode_ask = msgspec.msgpack.Decoder(Ask).decode
decode_tell = msgspec.msgpack.Decoder(Tell).decode
