"""What the JUnit schemas of Ant and of Jenkins' xunit plugin both allow, as a check."""

import re
from xml.etree import ElementTree as ET

_INTEGER, _DECIMAL = r"\d+", r"\d+(\.\d+)?"
_TOKEN = r".*\S.*"
_TIME = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}"
_ATTRIBUTES = {
    "testsuites": {},
    "testsuite": {
        "id": _INTEGER, "name": _TOKEN, "package": _TOKEN, "timestamp": _TIME, "hostname": _TOKEN,
        "tests": _INTEGER, "failures": _INTEGER, "errors": _INTEGER, "skipped": _INTEGER,
        "time": _DECIMAL,
    },
    "testcase": {"classname": _TOKEN, "name": _TOKEN, "time": _DECIMAL},
    **{name: {"type": r".+", "message": r".*"} for name in ("failure", "error")},
    "skipped": {"message": r".*"},
    **{name: {} for name in ("properties", "system-out", "system-err")},
}  # fmt: skip
_CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "testcase": r"((failure|error|skipped) )?",
}


def check_junit(text: bytes) -> ET.Element:
    """The document, after a check of its elements, their attributes and their counts."""
    root = ET.fromstring(text)
    assert root.tag == "testsuites"
    for element in root.iter():
        _check_element(element)
    for number, suite in enumerate(root):
        assert suite.get("id") == str(number)
        for result, count in (("failure", "failures"), ("error", "errors"), ("skipped",) * 2):
            assert suite.get(count) == str(len(suite.findall(f"testcase/{result}")))
        assert suite.get("tests") == str(len(suite.findall("testcase")))
    return root


def _check_element(element: ET.Element) -> None:
    attributes = _ATTRIBUTES[element.tag]
    assert element.attrib.keys() == attributes.keys()
    for name, pattern in attributes.items():
        assert re.fullmatch(pattern, element.attrib[name]), (element.tag, name, element.attrib)
    children = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(_CHILDREN.get(element.tag, ""), children), (element.tag, children)
