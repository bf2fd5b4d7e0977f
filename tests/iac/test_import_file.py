"""Terraform code of configurations, as ``python-hcl2`` and Terraform read it."""

from collections.abc import Iterable
from typing import Any

import hcl2
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bulkeic.core.code.known_config import KnownConfig
from bulkeic.core.model import CLEARED, LATEST, Lane, Settings, Target
from bulkeic.iac.terraform import import_file as imports
from bulkeic.iac.terraform.hcl_text import Attribute, hcl_text
from bulkeic.iac.terraform.known_addresses import NOTHING_KNOWN, KnownAddresses

from .example_known_configs import LANES, TIMES, check_format, lane_configs, needs_terraform
from .parsed_terraform import ParsedTerraform

QUEUE = "arn:aws:sqs:eu-west-1:111111111111:failed"
LANE = LANES[0]


def written(
    lanes: Iterable[tuple[Lane, list[KnownConfig]]], known: KnownAddresses = NOTHING_KNOWN
) -> bytes:
    return b"".join(imports.import_file(((lane, iter(each)) for lane, each in lanes), known))


def many(lane: Lane, count: int) -> list[KnownConfig]:
    """Configurations of each kind: with a qualifier, without numbers, with either destination."""
    kinds = [
        Settings(1, 3600, CLEARED, QUEUE),
        Settings(None, None, QUEUE, CLEARED),
        Settings(0, None, QUEUE, QUEUE),
        Settings(None, 60, CLEARED, CLEARED),
    ]
    return [
        KnownConfig(
            Target(lane, f"fn-{number}", "live" if number % 3 else LATEST), kinds[number % 4]
        )
        for number in range(count)
    ]


@settings(deadline=None, max_examples=6 * TIMES)
@given(lane_configs(LANE))
def test_resources_have_the_settings_and_names_of_their_own(configs: list[KnownConfig]) -> None:
    parsed = ParsedTerraform(written([(LANE, configs)]))

    assert parsed.single_resources() == {
        (each.target.function, each.target.qualifier): each.settings for each in configs
    }
    assert parsed.import_ids() == {
        each.target.function
        if each.target.qualifier == LATEST
        else f"{each.target.function}:{each.target.qualifier}"
        for each in configs
    }


@settings(deadline=None, max_examples=2 * TIMES)
@given(st.data())
def test_maps_of_lanes_have_the_settings(data: st.DataObject) -> None:
    lanes = [(lane, data.draw(lane_configs(lane, 3))) for lane in LANES]

    parsed = ParsedTerraform(written(lanes))

    for lane, configs in lanes:
        assert parsed.map_entries(lane) == {
            (each.target.function, each.target.qualifier): each.settings for each in configs
        }
    assert parsed.providers() == {
        f"account_{lane.account_id}_{lane.region.replace('-', '_')}": (lane.region, lane.account_id)
        for lane in LANES
    }


@needs_terraform
@settings(deadline=None, max_examples=2 * TIMES)
@given(lane_configs(LANE))
def test_single_resources_are_laid_out_as_terraform_does(configs: list[KnownConfig]) -> None:
    check_format(written([(LANE, configs)]))


@needs_terraform
def test_maps_are_laid_out_as_terraform_does() -> None:
    check_format(written((lane, many(lane, 4)) for lane in LANES))
    check_format(written([(LANE, many(LANE, imports.MOST_SINGLE_RESOURCES + 1))]))


def test_many_configurations_of_one_lane_are_a_map_and_need_no_provider() -> None:
    few, more = (many(LANE, imports.MOST_SINGLE_RESOURCES + extra) for extra in (0, 1))
    assert len(ParsedTerraform(written([(LANE, few)])).single_resources()) == len(few)

    parsed = ParsedTerraform(written([(LANE, more)]))
    assert len(parsed.map_entries(LANE)) == len(more)
    assert parsed.providers() == {}


def test_nothing_is_written_for_no_lanes() -> None:
    assert written([]) == b""


def test_code_refers_to_what_the_state_has_and_takes_no_name_of_it() -> None:
    config = replace(many(LANE, 1)[0], settings=Settings(1, None, CLEARED, QUEUE))
    known = KnownAddresses(
        functions={config.target.arn: 'aws_lambda_function.all["fn-0"]'},
        destinations={QUEUE: "aws_sqs_queue.failed"},
        names=frozenset({"fn_0"}),
    )
    expected = f"""
import {{
  to = aws_lambda_function_event_invoke_config.fn_0_2
  id = "fn-0"
}}

resource "aws_lambda_function_event_invoke_config" "fn_0_2" {{
  function_name          = {known.functions[config.target.arn]}.function_name
  maximum_retry_attempts = 1

  destination_config {{
    on_failure {{
      destination = aws_sqs_queue.failed.arn
    }}
  }}
}}
"""
    assert written([(LANE, [config])], known).decode().endswith(expected)


def test_a_second_file_takes_no_name_of_the_first() -> None:
    name = "account_111111111111_eu_west_1"
    lanes = [(LANE, many(LANE, 1)), (LANES[1], many(LANES[1], 1))]
    known = KnownAddresses(names=frozenset({name}))

    code = written(lanes, known).decode()

    again = f"{name}_2"
    assert f'resource "aws_lambda_function_event_invoke_config" "{again}" {{' in code
    assert f"to       = aws_lambda_function_event_invoke_config.{again}[each.key]" in code
    assert f"local.event_invoke_configs_of_{again}\n" in code
    assert f"aws.{again}\n" in code
    assert again in ParsedTerraform(code.encode()).providers()
    assert name not in ParsedTerraform(code.encode()).providers()


@settings(deadline=None, max_examples=60 * TIMES)
@given(st.text(max_size=20))
def test_a_string_is_read_as_it_was(text: str) -> None:
    found: Any = hcl2.loads(hcl_text([Attribute("value", text)]))
    assert ParsedTerraform.text(found["value"]) == text
