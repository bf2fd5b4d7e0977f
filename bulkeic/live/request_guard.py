"""Decides which requests a live page answers. Everything else on this computer may send some."""

import secrets
from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

TOKEN_BYTES = 24
_HOSTS = ("127.0.0.1", "localhost")


class Route(StrEnum):
    """What can be asked for, as the last part of the path."""

    PAGE = ""
    EVENTS = "events"
    TARGETS = "targets"
    STOP = "stop"


class RequestGuard:
    """Knows the token and the port of one server.

    Args:
        token: the first part of every valid path.
        port: on which the server listens.
    """

    def __init__(self, token: str, port: int) -> None:
        self._token = token.encode()
        self._hosts = frozenset(f"{host}:{port}" for host in _HOSTS)

    def check(
        self, method: str, path: str, headers: Mapping[str, str], *, has_body: bool
    ) -> Route | HTTPStatus:
        """What a request asks for, or the status that refuses it.

        =============================================  ==================
        the request                                    result
        =============================================  ==================
        has another token, or an unknown path          404
        has a Host that is not this server             403
        has a method that its path does not take       405
        has a body                                     413
        stops, and its Origin is not its Host          403
        stops, and a browser says it is cross-site     403
        else                                           its route
        =============================================  ==================

        Args:
            method: of the request.
            path: as sent, without the query.
            headers: of the request, whatever the case of their names.
            has_body: whether a body follows.
        """
        root, _, rest = path.removeprefix("/").partition("/")
        is_ours = secrets.compare_digest(root.encode(errors="replace"), self._token)
        if not is_ours or not path.startswith(f"/{root}/") or rest not in set(Route):
            return HTTPStatus.NOT_FOUND
        route, host = Route(rest), headers.get("Host", "")
        if host not in self._hosts:
            return HTTPStatus.FORBIDDEN
        if method != ("POST" if route is Route.STOP else "GET"):
            return HTTPStatus.METHOD_NOT_ALLOWED
        if has_body:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        if route is Route.STOP and not _is_own_page(host, headers):
            return HTTPStatus.FORBIDDEN
        return route


def _is_own_page(host: str, headers: Mapping[str, str]) -> bool:
    """Whether a request was sent by a page of the same server."""
    site = headers.get("Sec-Fetch-Site", "same-origin")
    return headers.get("Origin") == f"http://{host}" and site == "same-origin"
