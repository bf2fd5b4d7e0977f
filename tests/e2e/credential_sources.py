"""Sources of credentials that fail as told: a process, and loopback servers of AWS's services."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from pathlib import Path

from tests.loopback_server import QuietHandler, serve_loopback

from .conftest import ACCOUNT, REGION, SECRET, Bulkeic

START_URL = "https://example.awsapps.com/start"
CANARY = "canary-Zx81hTq4Lm90PwRs"
"""What a failing source prints, and what must appear nowhere."""
ROLE = f"arn:aws:iam::{ACCOUNT}:role/own"
LIFE_MIN = 5
"""So short that the SDK asks the source again each time that credentials are fetched."""

Keys = Callable[[datetime], bytes]

PROCESS = """\
#!/bin/sh
echo run >> {runs}
read -r mode after < {mode}
number=$(wc -l < {runs})
[ "$number" -gt "$after" ] || mode=ok
echo "{canary}" >&2
case "$mode" in
once) echo ok 0 > {mode}; exit 3 ;;
always) exit 3 ;;
garbage) echo "{canary} {{"; exit 0 ;;
slow) sleep 0.3 ;;
hangs) sleep 30 ;;
esac
if [ "$mode" = expired ]; then cat {expired}; else cat {keys}; fi
"""


def _stamp(expiry: datetime) -> str:
    return expiry.strftime("%Y-%m-%dT%H:%M:%SZ")


def _fields(expiry: datetime, token: str) -> dict[str, str]:
    return {
        "Code": "Success", "AccessKeyId": f"AKIA{ACCOUNT}", "SecretAccessKey": SECRET,
        token: "", "Expiration": _stamp(expiry),
    }  # fmt: skip


def metadata_keys(expiry: datetime) -> bytes:
    """The answer of IMDS and of a container's endpoint."""
    return json.dumps(_fields(expiry, "Token")).encode()


def sso_keys(expiry: datetime) -> bytes:
    """The answer of SSO's GetRoleCredentials."""
    keys = {
        "accessKeyId": f"AKIA{ACCOUNT}", "secretAccessKey": SECRET, "sessionToken": "",
        "expiration": int(expiry.timestamp() * 1000),
    }  # fmt: skip
    return json.dumps({"roleCredentials": keys}).encode()


def web_identity_keys(expiry: datetime) -> bytes:
    """The answer of STS's AssumeRoleWithWebIdentity."""
    return (
        '<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">'
        "<AssumeRoleWithWebIdentityResult><Credentials>"
        f"<AccessKeyId>AKIA{ACCOUNT}</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>"
        f"<SessionToken></SessionToken><Expiration>{_stamp(expiry)}</Expiration>"
        f"</Credentials><AssumedRoleUser><AssumedRoleId>A:b</AssumedRoleId><Arn>{ROLE}</Arn>"
        "</AssumedRoleUser></AssumeRoleWithWebIdentityResult>"
        "</AssumeRoleWithWebIdentityResponse>"
    ).encode()


class Source:
    """A source of credentials.

    Attributes:
        env: the environment that makes the command use it.
    """

    env: dict[str, str | None]

    def fail(self, mode: str, *, after: int = 0) -> None:
        """Fail as ``mode`` says, from the run after some on; ``ok``: never."""
        raise NotImplementedError

    def runs(self) -> int:
        """How often it was asked for credentials."""
        raise NotImplementedError


class ProcessSource(Source):
    """A credential_process that is a shell script."""

    def __init__(self, bulkeic: Bulkeic) -> None:
        folder = bulkeic.folder / "source"
        folder.mkdir()
        self._mode, self._runs = folder / "mode", folder / "runs"
        self._runs.write_text("")
        now = datetime.now(UTC)
        for name, minutes in (("keys", LIFE_MIN), ("expired", -60)):
            fields = _fields(now + timedelta(minutes=minutes), "SessionToken") | {"Version": 1}
            (folder / name).write_text(json.dumps(fields))
        script = folder / "process"
        script.write_text(
            PROCESS.format(
                canary=CANARY, runs=self._runs, mode=self._mode, keys=folder / "keys",
                expired=folder / "expired",
            )
        )  # fmt: skip
        script.chmod(0o700)
        config = folder / "config"
        config.write_text(f"[default]\ncredential_process = {script}\n")
        self.env = {"AWS_CONFIG_FILE": str(config)}
        self.fail("ok")

    def fail(self, mode: str, *, after: int = 0) -> None:
        self._mode.write_text(f"{mode} {after}\n")

    def runs(self) -> int:
        return len(self._runs.read_text().splitlines())


class ServerSource(Source):
    """A loopback server that hands out credentials.

    Args:
        keys: the answer with keys that expire at a time.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._mode = "ok"
        self._after = 0
        self._lock = threading.Lock()
        self._runs = 0
        self.env = {}

    def fail(self, mode: str, *, after: int = 0) -> None:
        self._mode, self._after = mode, after

    def runs(self) -> int:
        return self._runs

    def answer(self) -> tuple[int, bytes]:
        """The status and body of the next answer."""
        with self._lock:
            self._runs += 1
            mode = self._mode if self._runs > self._after else "ok"
            if mode == "once":
                self._mode = "ok"
        if mode in ("once", "always"):
            return 403, CANARY.encode()
        if mode == "garbage":
            return 200, f"{CANARY} {{<".encode()
        if mode == "slow":
            time.sleep(0.3)  # the slowness itself, not a wait for something
        minutes = -60 if mode == "expired" else LIFE_MIN
        return 200, self._keys(datetime.now(UTC) + timedelta(minutes=minutes))


@contextmanager
def serve(source: ServerSource) -> Iterator[str]:
    """Serves a source's answers; yields the URL."""

    class Handler(QuietHandler):
        protocol_version = "HTTP/1.0"

        def do_PUT(self) -> None:
            self.reply(200, b"token")

        def do_GET(self) -> None:
            if self.path.endswith("/security-credentials/"):
                self.reply(200, b"role")
            else:
                self.reply(*source.answer())

        def do_POST(self) -> None:
            self.body()
            self.reply(*source.answer())

    with serve_loopback(Handler) as url:
        yield url


def _imds(_: Path, url: str) -> dict[str, str | None]:
    return {"AWS_EC2_METADATA_DISABLED": None, "AWS_EC2_METADATA_SERVICE_ENDPOINT": url}


def _container(_: Path, url: str) -> dict[str, str | None]:
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{url}/keys"}


def _sso(folder: Path, url: str) -> dict[str, str | None]:
    cache = folder / ".aws" / "sso" / "cache"
    cache.mkdir(parents=True)
    token = {
        "startUrl": START_URL, "region": REGION, "accessToken": "token",
        "expiresAt": _stamp(datetime.now(UTC) + timedelta(hours=8)),
    }  # fmt: skip
    name = sha1(START_URL.encode(), usedforsecurity=False).hexdigest()
    (cache / f"{name}.json").write_text(json.dumps(token))
    config = folder / "config"
    config.write_text(
        f"[default]\nsso_start_url = {START_URL}\nsso_region = {REGION}\n"
        f"sso_account_id = {ACCOUNT}\nsso_role_name = role\n"
    )
    return {"HOME": str(folder), "AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL_SSO": url}


def _web_identity(folder: Path, url: str) -> dict[str, str | None]:
    (folder / "token").write_text("a web identity's token")
    return {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(folder / "token"),
        "AWS_ROLE_ARN": ROLE,
        "AWS_ENDPOINT_URL_STS": url,
    }


_SERVERS: dict[str, tuple[Keys, Callable[[Path, str], dict[str, str | None]]]] = {
    "imds": (metadata_keys, _imds),
    "container": (metadata_keys, _container),
    "sso": (sso_keys, _sso),
    "web-identity": (web_identity_keys, _web_identity),
}
KINDS = ("process", *_SERVERS)
RUNS_BEFORE = {"process": 2, "container": 2, "sso": 1, "web-identity": 1}
"""How often a source is asked before the run. The SDK keeps the keys of IMDS, however short."""


@contextmanager
def open_source(kind: str, bulkeic: Bulkeic) -> Iterator[Source]:
    """Opens a source of one of ``KINDS``, as the only one of the command."""
    no_keys: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    if kind == "process":
        source: Source = ProcessSource(bulkeic)
        source.env = no_keys | source.env
        yield source
        return
    keys, environment = _SERVERS[kind]
    server = ServerSource(keys)
    folder = bulkeic.folder / "source"
    folder.mkdir()
    with serve(server) as url:
        server.env = no_keys | environment(folder, url)
        yield server


def all_text(folder: Path) -> bytes:
    """Everything that a command has left in a folder, its source excluded."""
    found = b""
    for root, folders, names in os.walk(folder):
        if "source" in folders:
            folders.remove("source")
        found += b"".join((Path(root) / name).read_bytes() for name in names)
    return found
