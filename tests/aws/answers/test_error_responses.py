"""Lambda's usual errors are read as the SDK's parser reads them; all others are left to it."""

import json
import subprocess
import sys

import pytest
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.aws.answers.error_responses import error_response, parse_error
from bulkeic.aws.answers.sdk_responses import parse_response
from bulkeic.aws.http.http_exchange import RawResponse
from bulkeic.core.model import Operation

SHAPES = [
    get_session().get_service_model("lambda").operation_model(operation).output_shape
    for operation in Operation
]
NAMES = ("message", "Message", "code", "Code", "__type", "Type", "Reason", "New", "")
LITERALS = (
    '"x"', '""', '"a:b#c:d"', '"a#b:c"', '"\\u0041"', '"\\ud800"', '"\\ud83d\\ude00"', '"\\/"',
    '"\\x"', '"\\u12"', '"\t"', '"\x00"', '"\x7f"', '"ü"', "null", "1", "-0", "01", "1.5", "1e999",
    "NaN", "-Infinity", "true", "[]", '["a"]', '{"message":"x"}', "{", "x", "",
)  # fmt: skip
BLANKS = ("", " ", "\n", "\r\n\t", "\v", "\u00a0", "\ufeff", "\x00", "x")
texts = st.sampled_from(LITERALS) | st.text(max_size=8).map(json.dumps)
names = st.sampled_from(NAMES) | st.text(max_size=3)
blanks = st.sampled_from(BLANKS[:1] * 20 + BLANKS)
fields = st.builds(
    "{}{}{}:{}{}{}".format, blanks, names.map(json.dumps), blanks, blanks, texts, blanks
)
objects = st.builds(
    "{}{{{}}}{}".format, blanks, st.lists(fields, max_size=4).map(",".join), blanks
).map(str.encode)
bodies = objects | st.binary(max_size=6) | st.builds(bytes.__add__, objects, st.binary(max_size=2))
codes = st.sampled_from(("OddException", "", "a:b", "a#b", "a#b:c#d", ":", "#", "x:http://a/#b"))
headers = st.fixed_dictionaries(
    {},
    optional={
        "x-amzn-errortype": codes,
        "x-amzn-query-error": st.sampled_from(("", "a", "Code;Sender", ";Sender", "a;b;c")),
        "x-amzn-requestid": st.text("abc", max_size=3),
        "x-amz-request-id": st.just("other"),
        "retry-after": st.sampled_from(("1", "x")),
    },
)
responses = st.builds(RawResponse, st.integers(400, 600), headers, bodies)


@settings(max_examples=700, deadline=None)
@given(responses, st.sampled_from(SHAPES))
def test_what_is_read_here_equals_what_the_sdk_reads(response: RawResponse, shape: object) -> None:
    by_us = parse_error(response)
    if by_us is not None:
        assert by_us == error_response(parse_response(response, shape))


@pytest.mark.parametrize("status", [400, 403, 404, 409, 429, 500, 503])
@pytest.mark.parametrize(
    "body",
    [
        {"Type": "User", "Message": "m"},
        {"Type": "User", "message": "m"},
        {"Type": None, "Message": "m"},
        {"Reason": "CallerRateLimitExceeded", "Type": "User", "message": "m"},
        {"__type": "com.amazonaws#OddException:http://a/", "message": "m"},
        {"code": "OddException", "Message": "m"},
        {"Code": "OddException"},
        {},
    ],
)
def test_the_usual_errors_need_no_sdk(status: int, body: dict[str, str | None]) -> None:
    error_type = {"x-amzn-errortype": "OddException:http://internal.amazon.com/"}
    for headers in (error_type, {}):
        response = RawResponse(status, headers, json.dumps(body).encode())
        by_us = parse_error(response)
        assert by_us is not None
        assert by_us == error_response(parse_response(response, SHAPES[0]))
        assert by_us.code in {"OddException", str(status)}


def test_usual_answers_are_read_without_the_sdk() -> None:
    code = (
        "import sys, bulkeic.aws.answers.operation_readers, bulkeic.aws.answers.error_responses\n"
        "import bulkeic.aws.requests.clock_skew\n"
        "sys.exit(bool({'aiobotocore', 'aiohttp', 'botocore'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
