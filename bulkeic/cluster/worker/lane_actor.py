"""The Dask actor that makes calls for a command. A worker imports it by name: no code travels."""

import threading
import weakref

from bulkeic.app.setup.open_files import allow_open_files
from bulkeic.aws.answers.sanitizer import sanitize
from bulkeic.cluster.messages import Welcome, decode_ask, decode_begin, encode
from bulkeic.cluster.worker.engine_thread import EngineEndedError, EngineThread
from bulkeic.cluster.worker.worker_access import worker_access
from bulkeic.core.errors import BulkeicError
from bulkeic.output.logs import configure_logs
from bulkeic.version import __version__


class CurrentEngine:
    """The engine of this process: there is at most one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._engine: EngineThread | None = None

    def end(self, reason: str) -> None:
        """Ends it, and waits until it makes no calls any more."""
        with self._lock:
            if self._engine is not None:
                self._engine.end(reason)
                self._engine = None

    def cancel(self, reason: str) -> None:
        """Starts to end it, and does not wait for it."""
        engine = self._engine
        if engine is not None:
            engine.cancel(reason)

    def replace(self, engine: EngineThread) -> None:
        """Sets a new one, after the older one has ended."""
        self.end("another command has begun")
        with self._lock:
            self._engine = engine


_current = CurrentEngine()
_LATER_SESSION = "a later session of the command has begun"


def dask_teardown(_worker: object) -> None:
    """Ends the engine when the worker has lost its scheduler; Dask calls this by its name.

    Nothing that the engine did from now on could be reported.
    """
    _current.cancel("the worker has lost the scheduler")


class LaneActor:
    """Makes calls for one command at a time. Dask calls each method in a thread, one at a time.

    Dask may repeat a call, and deliver the repetition late. So each call names its session, and one
    of an older session does nothing.

    Attributes:
        version: of bulkeic on this worker.
    """

    version = __version__

    def __init__(self) -> None:
        self._session = 0
        self._welcome = b""
        self._engine: EngineThread | None = None

    def begin(self, session: int, message: bytes) -> bytes:
        """Starts an engine for a command, after an older one of this process has ended.

        Args:
            session: number of the command's session, from 1.
            message: ``Begin``.

        Raises:
            EngineEndedError: a later session has begun.
        """
        if session > self._session:
            self._engine = None
            self._welcome = self._begin(message)
            self._session = session
        elif session < self._session:
            raise EngineEndedError(_LATER_SESSION)
        return self._welcome

    def exchange(self, session: int, message: bytes) -> bytes:
        """Takes what the command has sent, and returns what was done.

        Raises:
            EngineEndedError: the engine has ended.
        """
        if session < self._session:
            raise EngineEndedError(_LATER_SESSION)
        if self._engine is None or session > self._session:
            raise EngineEndedError("it has not begun")
        return encode(self._engine.exchange(decode_ask(message)))

    def end(self, session: int) -> None:
        """Ends the engine of a session, and waits until it makes no calls any more."""
        if self._engine is not None and session == self._session:
            self._engine.end("the command has ended its work")

    def _begin(self, message: bytes) -> bytes:
        _current.end("another command has begun")
        begin = decode_begin(message)
        configure_logs(begin.log_format, begin.log_level, sanitize)
        allow_open_files(begin.limits.concurrency)
        try:
            access = worker_access(begin)
        except BulkeicError as error:
            return encode(Welcome(version=__version__, problem=str(error)))
        if begin.version == __version__:
            self._engine = EngineThread(begin, access)
            _current.replace(self._engine)
            # Dask drops the actor when it misses the command.
            weakref.finalize(self, self._engine.cancel, "the command has left")
        return encode(Welcome(version=__version__))
