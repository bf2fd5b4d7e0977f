"""A loopback server that answers as CloudFormation by what a test sets."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from tests.loopback_server import QuietHandler, serve_loopback


class StackServer:
    """CloudFormation with one stack.

    Attributes:
        name: of the stack.
        parameters: of the stack.
        resources: logical id → physical id; each page of the listing has one.
        exports: of all stacks.
        refusal: an error code of every operation; ``None``: they answer.
        asked: the operations, each with the Region that it was signed for.
    """

    def __init__(self) -> None:
        self.url = ""
        self.name = "shop"
        self.parameters: Mapping[str, str] = {}
        self.resources: Mapping[str, str] = {}
        self.exports: Mapping[str, str] = {}
        self.refusal: str | None = None
        self.asked: list[tuple[str, str]] = []

    @contextmanager
    def serve(self) -> Iterator["StackServer"]:
        """Serves as long as a ``with`` block lives."""
        owner = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                owner.respond(self)

        with serve_loopback(Handler) as self.url:
            yield self

    def respond(self, request: QuietHandler) -> None:
        """Answers one request."""
        body = parse_qs(request.body().decode())
        given = {key: values[0] for key, values in body.items()}
        action = given["Action"]
        region = request.headers["Authorization"].partition("Credential=")[2].split("/")[2]
        self.asked.append((action, region))
        refusal = self.refusal
        if refusal is None and given.get("StackName", self.name) != self.name:
            refusal = "ValidationError"
        if refusal is None:
            result = self._result(action, int(given.get("NextToken", "0")))
            text = f"<{action}Response><{action}Result>{result}</{action}Result></{action}Response>"
        else:
            message = "<Message>Stack with id gone does not exist</Message>"
            error = f"<Error><Code>{refusal}</Code>{message}</Error>"
            text = f"<ErrorResponse>{error}</ErrorResponse>"
        status = 200 if refusal is None else 400
        request.reply(status, text.encode(), {"Content-Type": "text/xml"})

    def _result(self, action: str, page: int) -> str:
        if action == "DescribeStacks":
            parameters = _members("ParameterKey", "ParameterValue", self.parameters)
            fields = {"StackName": self.name, "StackId": f"arn:stack/{self.name}"}
            more = "<CreationTime>2026-01-01T00:00:00Z</CreationTime>"
            more += "<StackStatus>CREATE_COMPLETE</StackStatus>"
            stack = _fields(fields) + more + f"<Parameters>{parameters}</Parameters>"
            return f"<Stacks><member>{stack}</member></Stacks>"
        if action == "ListExports":
            return f"<Exports>{_members('Name', 'Value', self.exports)}</Exports>"
        [item] = list(self.resources.items())[page : page + 1]
        text = _members("LogicalResourceId", "PhysicalResourceId", dict([item]))
        status = "<ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>"
        listed = text.replace("</member>", status)
        token = f"<NextToken>{page + 1}</NextToken>" * (page + 1 < len(self.resources))
        return f"<StackResourceSummaries>{listed}</StackResourceSummaries>{token}"


def _members(key: str, value: str, found: Mapping[str, str]) -> str:
    return "".join(
        f"<member>{_fields({key: name, value: text})}</member>" for name, text in found.items()
    )


def _fields(found: Mapping[str, str]) -> str:
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in found.items())
