"""The installed command and its servers, as the tests of e2e have them."""

from tests.e2e.conftest import bulkeic, forks, lasting_server, sandbox, server

__all__ = ["bulkeic", "forks", "lasting_server", "sandbox", "server"]
