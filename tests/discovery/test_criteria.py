"""Which targets a discovery makes of a function."""

import fnmatch
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkeic.core.code.ownership import Manager
from bulkeic.core.errors import InputError
from bulkeic.core.listing import FoundFunction
from bulkeic.core.model import LATEST
from bulkeic.discovery.model.criteria import Criteria, Qualifiers, parse_qualifiers

from .example_functions import LANE, RUNTIMES, SETTINGS, functions

MIDNIGHT = 1767225600.0  # 2026-01-01 00:00 UTC

kinds = st.lists(st.sampled_from(Qualifiers), min_size=1, unique=True).map(tuple)
criteria = st.builds(
    Criteria,
    qualifiers=kinds,
    names=st.sampled_from([(), ("*a*",), ("!*a*",), ("[a-m]*", "!*z")]),
    tags=st.sampled_from([{}, {"team": ()}, {"team": ("a",)}, {"team": ("a", "b"), "stage": ()}]),
    runtimes=st.sampled_from([(), ("python*",), ("!python*",), ("*", "!nodejs*")]),
    modified_since=st.sampled_from([None, 0.0, MIDNIGHT, 1e11]),
    managed_by=st.sampled_from([(), (Manager.NONE,), (Manager.TERRAFORM, Manager.SERVERLESS)]),
    with_config=st.booleans(),
)


def everything(_document: dict[str, Any]) -> bool:
    return True


def qualifiers_of(wanted: Criteria, function: FoundFunction) -> list[str]:
    return [target.qualifier for target in wanted.targets(function, everything)]


@given(functions(), kinds)
def test_each_kind_gives_its_qualifiers_once_and_in_order(
    function: FoundFunction, chosen: tuple[Qualifiers, ...]
) -> None:
    of_kind = {
        Qualifiers.LATEST: {LATEST},
        Qualifiers.ALIASES: set(function.aliases),
        Qualifiers.VERSIONS: set(function.versions),
        Qualifiers.CONFIGURED: set(function.configs or ()),
    }
    found = qualifiers_of(Criteria(qualifiers=chosen), function)

    assert set(found) == set().union(*(of_kind[kind] for kind in chosen))
    assert len(found) == len(set(found))
    aliases = [each for each in found if each in function.aliases]
    versions = [each for each in found if each in function.versions]
    assert found == [LATEST] * (LATEST in found) + versions + aliases
    assert versions == sorted(versions, key=int)
    assert aliases == sorted(aliases)


@settings(max_examples=150)
@given(functions(), criteria)
def test_a_target_matches_every_criterion(function: FoundFunction, wanted: Criteria) -> None:
    found = list(wanted.targets(function, everything))
    all_of_them = Criteria(qualifiers=wanted.qualifiers, with_config=wanted.with_config)
    expected = [
        target
        for target in all_of_them.targets(function, everything)
        if is_wanted(wanted, function, target.qualifier)
    ]
    assert found == expected


def is_wanted(wanted: Criteria, function: FoundFunction, qualifier: str) -> bool:
    """The criteria once more, one by one."""
    facts = function.versions.get(qualifier, function.facts)
    modified = facts["LastModified"].replace(".000+0000", "Z")
    since = {None: "", 0.0: "", MIDNIGHT: "2026", 1e11: "9"}[wanted.modified_since]
    tags = function.tags or {}
    return (
        is_selected(function.name, wanted.names)
        and is_selected(facts.get("Runtime"), wanted.runtimes)
        and modified >= since
        and all(
            key in tags and (not values or tags[key] in values)
            for key, values in wanted.tags.items()
        )
        and (not wanted.managed_by or manager(tags) in wanted.managed_by)
    )


def is_selected(text: str | None, patterns: tuple[str, ...]) -> bool:
    excluded = [each[1:] for each in patterns if each.startswith("!")]
    chosen = [each for each in patterns if not each.startswith("!")]
    if text is None:
        return not chosen
    return (not chosen or any(fnmatch.fnmatchcase(text, each) for each in chosen)) and not any(
        fnmatch.fnmatchcase(text, each) for each in excluded
    )


def manager(tags: dict[str, str]) -> str:
    if "aws:cloudformation:stack-name" in tags:
        return "serverless" if "STAGE" in tags else "cloudformation"
    return "terraform" if tags.get("ManagedBy") == "terraform" else "none"


@settings(max_examples=150)
@given(functions(), criteria)
def test_no_call_is_saved_for_a_function_that_has_targets(
    function: FoundFunction, wanted: Criteria
) -> None:
    listed = msgspec.structs.replace(function, aliases={}, configs=None)
    unread = msgspec.structs.replace(listed, tags=None)
    if qualifiers_of(wanted, function):
        assert wanted.may_match(listed)
        assert wanted.may_match(unread)
    if not wanted.may_match(unread):
        assert not wanted.may_match(listed)


@given(functions(), criteria)
def test_where_sees_each_target_that_matches_and_chooses(
    function: FoundFunction, wanted: Criteria
) -> None:
    with_where = msgspec.structs.replace(wanted, where="…", where_names=())
    seen: list[str] = []

    def where(document: dict[str, Any]) -> bool:
        seen.append(document["Qualifier"])
        return document["EventInvokeConfig"] is not None

    found = [target.qualifier for target in with_where.targets(function, where)]
    assert seen == qualifiers_of(wanted, function)
    assert found == [each for each in seen if each in (function.configs or {})]


@given(functions(), criteria)
def test_a_target_has_its_configuration_if_it_was_asked_for(
    function: FoundFunction, wanted: Criteria
) -> None:
    for target in wanted.targets(function, everything):
        has_config = wanted.with_config and target.qualifier in (function.configs or {})
        assert target.config == (SETTINGS if has_config else None)


@pytest.mark.parametrize(
    ("wanted", "needs"),
    [
        (Criteria(), ""),
        (Criteria(tags={"team": ()}), "tags"),
        (Criteria(managed_by=(Manager.NONE,)), "tags"),
        (Criteria(where="Tags.a", where_names=("Tags",)), "tags"),
        (Criteria(where="Runtime", where_names=("Runtime",)), ""),
        (Criteria(where="…", where_names=("EventInvokeConfig",)), "configs"),
        (Criteria(with_config=True), "configs"),
        (Criteria(qualifiers=(Qualifiers.CONFIGURED,)), "configs"),
        (Criteria(qualifiers=(Qualifiers.ALIASES, Qualifiers.VERSIONS)), "aliases versions"),
    ],
)
def test_only_what_is_needed_is_read(wanted: Criteria, needs: str) -> None:
    found = {
        "aliases": wanted.needs_aliases,
        "configs": wanted.needs_configs,
        "tags": wanted.needs_tags,
        "versions": wanted.needs_versions,
    }
    assert [name for name, is_needed in found.items() if is_needed] == needs.split()


def test_a_function_that_is_known_by_name_only_matches_by_name() -> None:
    by_name = FoundFunction(lane=LANE, name="orders")
    wanted = Criteria(names=("orders*",), runtimes=("python*",), modified_since=MIDNIGHT)
    assert qualifiers_of(wanted, by_name) == [LATEST]
    assert qualifiers_of(Criteria(names=("!orders",)), by_name) == []


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_container_image_has_no_runtime_that_a_glob_matches(runtime: str | None) -> None:
    own = {} if runtime is None else {"Runtime": runtime}
    function = FoundFunction(lane=LANE, name="f", facts={"PackageType": "Image", **own})
    assert bool(qualifiers_of(Criteria(runtimes=("*",)), function)) == (runtime is not None)
    assert qualifiers_of(Criteria(runtimes=("!java*",)), function)


@given(criteria)
def test_a_discovery_file_stores_criteria(wanted: Criteria) -> None:
    assert msgspec.json.decode(msgspec.json.encode(wanted), type=Criteria) == wanted


def test_qualifiers_are_a_list_of_known_kinds() -> None:
    assert parse_qualifiers("latest, aliases,latest") == (Qualifiers.LATEST, Qualifiers.ALIASES)
    for text in ("", "latest,", "alias", "$LATEST"):
        with pytest.raises(InputError, match="expected one or several of latest, aliases"):
            parse_qualifiers(text)
