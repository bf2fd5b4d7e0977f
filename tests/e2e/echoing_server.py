"""A server that repeats the secrets it is sent, and records them for tests to search."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, quote
from xml.sax.saxutils import escape

from tests.loopback_server import QuietHandler, serve_loopback

Answer = tuple[int, dict[str, str], bytes]

TOKEN_TAIL = "/abc+DEF/0123456789=="  # characters that are quoted in URLs, and by some in JSON
_SIGNED = re.compile(r"Credential=([^/]+)/.*/(\w+)/aws4_request.*Signature=(\w+)")


class Echo:
    """Answers STS and Lambda.

    The name of a function selects how its calls are answered, and the account id how its role is.

    Attributes:
        secrets: every secret that it was sent or issued; none of them may appear anywhere.
        calls: number of Lambda calls.
        text: the answer for functions whose name begins with ``escapes``.
        look: called before each Lambda call is answered.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.url = ""
        self.secrets = set(secrets)
        self.calls = 0
        self.text = ""
        self.look: Callable[[], None] = lambda: None
        self._issued = 0
        self._accounts: dict[str, str] = {}

    def answer(self, path: str, headers: dict[str, str], body: str) -> Answer:
        authorization = headers.get("Authorization", "")
        signed = _SIGNED.search(authorization)
        if signed is None:
            return 403, {}, str(headers).encode()
        key, service, signature = signed.groups()
        self.secrets |= {key, signature, headers.get("X-Amz-Security-Token", key)}
        if "Proxy-Authorization" in headers:
            self.secrets.add(headers["Proxy-Authorization"].partition(" ")[2])
        if service == "sts":
            return self._sts(parse_qs(body), headers)
        self.calls += 1
        self.look()
        name = path.rpartition("/functions/")[2].partition("/")[0]
        region = authorization.split("/")[2]
        account = self._accounts.get(key, "123456789012")
        arn = f"arn:aws:lambda:{region}:{account}:function:{name}:$LATEST"
        return self._lambda(name, arn, body, headers)

    def _sts(self, asked: dict[str, list[str]], headers: dict[str, str]) -> Answer:
        if asked["Action"] == ["GetCallerIdentity"]:
            account = "123456789012"
            arn = f"arn:aws:iam::{account}:user/me"
            content = f"<Account>{account}</Account><Arn>{arn}</Arn>"
            return 200, {}, _told("GetCallerIdentity", content)
        account = asked["RoleArn"][0].split(":")[4]
        if account == "333333333333":
            return _refused("SignatureDoesNotMatch", canonical(headers))
        if account == "444444444444":
            return _refused("ExpiredToken", str(headers))
        if account == "555555555555":
            return _refused("AccessDenied", f"{headers['Authorization']}, {quote(str(headers))}")
        self._issued += 1
        keys = (
            f"ASIAISSUED{self._issued:010}",
            f"issued+{self._issued:032}/",
            f"IQoJ{self._issued:060}{TOKEN_TAIL}",
        )
        self.secrets |= set(keys)
        self._accounts[keys[0]] = account
        answer = _told(
            "AssumeRole",
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>"
            "<SessionToken>{}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
            "</Credentials>{}".format(*keys, assumed_role_user(asked["RoleArn"][0])),
        )
        return 200, {}, answer[:-40] if account == "222222222222" else answer

    def _lambda(self, name: str, arn: str, body: str, headers: dict[str, str]) -> Answer:
        all_of_it = f"{canonical(headers)}\n{headers['Authorization']}"
        token = headers.get("X-Amz-Security-Token", "")
        if name.startswith("good"):
            config = {"FunctionArn": arn, "LastModified": 1, "MaximumRetryAttempts": 1}
            config |= {"DestinationConfig": {"OnFailure": {"Destination": f"arn:{token}"}}}
            config |= json.loads(body) if body else {}
            return 200, {"x-amzn-RequestId": token}, json.dumps(config).encode()
        if name.startswith("escapes"):
            said = {"Type": "User", "message": self.text, "code": f"Code{self.text}"}
            return 400, {}, json.dumps(said).encode()
        if name.startswith("html"):
            return 403, {}, f"<html>{escape(all_of_it)}</html>".encode()
        forms = {
            "plain": all_of_it, "url": quote(all_of_it, safe=""), "dict": str(headers),
            "json": json.dumps(headers), "deep": quote(quote(quote(all_of_it))),
            "upper": all_of_it.upper(), "split": " ".join(all_of_it), "cut": token[:40],
            "entities": "".join(f"&#{ord(each)};" for each in all_of_it),
            "base64": base64.b64encode(all_of_it.encode()).decode(),
        }  # fmt: skip
        way = name.partition("-")[0]
        text = json.dumps({"Type": "User", "message": forms[way]})
        if name.startswith("json"):
            text = text.replace("/", "\\/")
        code = f"InvalidSignatureException{token}:http://x/"
        request_id = forms[way] if way in {"cut", "base64"} else token
        request_id = request_id.upper() if way == "upper" else request_id[:4000]
        return 403, {"x-amzn-ErrorType": code, "x-amzn-RequestId": request_id}, text.encode()


def assumed_role_user(role_arn: str) -> str:
    """What STS's answer says about the session of a role."""
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    arn = f"arn:aws:sts::{account}:assumed-role/{role}/bulkeic"
    return f"<AssumedRoleUser><Arn>{arn}</Arn></AssumedRoleUser>"


def canonical(headers: dict[str, str]) -> str:
    """The message of AWS for a wrong signature."""
    lines = "\n".join(f"{name.lower()}:{value}" for name, value in headers.items())
    return (
        "The request signature we calculated does not match the signature you provided.\n\nThe "
        f"Canonical String for this request should have been\n'POST\n/\n\n{lines}\n\nhost;x'"
    )


def _told(action: str, what: str) -> bytes:
    return f"<{action}Response><{action}Result>{what}</{action}Result></{action}Response>".encode()


def _refused(code: str, message: str) -> Answer:
    text = f"<Code>{code}</Code><Message>{escape(message)}</Message>"
    return 403, {}, f"<ErrorResponse><Error>{text}</Error></ErrorResponse>".encode()


@contextmanager
def echo(*secrets: str) -> Iterator[Echo]:
    """Runs such a server on loopback, as an endpoint or as a proxy."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:
            body = self.body().decode()
            status, headers, content = found.answer(self.path, dict(self.headers), body)
            self.reply(status, content, headers)

        do_GET = do_PUT = do_DELETE = do_POST

    found = Echo(secrets)
    with serve_loopback(Handler) as found.url:
        yield found


def leaks(secrets: Iterable[str], texts: Iterable[tuple[str, bytes]]) -> list[str]:
    """The places that hold a secret, in any readable form."""
    forms = {
        form.encode(): secret
        for secret in secrets
        for form in (secret, quote(secret, safe=""), secret.replace("/", "\\/"))
    }
    forms |= {base64.b64encode(secret.encode()): secret for secret in secrets}
    forms |= {secret.upper().encode(): secret for secret in secrets}
    forms |= {secret[:40].encode(): secret for secret in secrets if len(secret) > 40}
    forms |= {" ".join(secret).encode(): secret for secret in secrets}
    return [
        f"{name}: {secret}"
        for name, text in texts
        for form, secret in forms.items()
        if form in text
    ]


def contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    """The content of every file in a folder."""
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            yield path.name, path.read_bytes()
