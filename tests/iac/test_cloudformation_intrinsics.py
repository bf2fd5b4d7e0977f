"""The values of expressions: intrinsic functions, conditions, parameters and references."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from bulkeic.core.errors import InputError, UsageError

from .example_templates import ACCOUNT, PLACE, REGION, one_config, problem_of, read, stack_of

PRELUDE = """
Parameters:
  Stage: {Type: String, Default: prod, AllowedValues: [prod, dev]}
  Sizes: {Type: List<Number>, Default: "1, 2"}
  Count: {Type: Number, Default: 2}
  Open: {Type: String}
  Wrong: {Type: Number, Default: two}
  Stored: {Type: 'AWS::SSM::Parameter::Value<String>', Default: /path}
Mappings:
  Ages: {prod: {Seconds: 3600}, dev: {Seconds: 60}}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
  IsDev: !Not [!Condition IsProd]
  Both: !And [!Condition IsProd, !Equals [!Ref Count, '2']]
  Either: !Or [!Condition IsDev, !Condition Both]
  Circle: !Not [!Condition Circle]
Resources:
  Named: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: !Sub 'pay-${Stage}'}}
  Bare: {Type: 'AWS::Lambda::Function'}
  Live: {Type: 'AWS::Lambda::Alias', Properties: {FunctionName: !Ref Named, Name: live}}
  Queue: {Type: 'AWS::SQS::Queue', Properties: {QueueName: dead}}
  Topic: {Type: 'AWS::SNS::Topic', Properties: {TopicName: news}}
  Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: bus}}
  Bucket: {Type: 'AWS::S3::Bucket', Properties: {BucketName: dump}}
  OnlyDev: {Type: 'AWS::SQS::Queue', Condition: IsDev, Properties: {QueueName: q}}
  Itself: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !GetAtt Itself.QueueName}}
  Looped: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Looped, Name: a}}
  Maybe: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !If [IsProd, !Ref AWS::NoValue, q]}}
  Nested: {Type: 'AWS::CloudFormation::Stack'}
  Config:
    Type: AWS::Lambda::EventInvokeConfig
    Properties: {FunctionName: f, Qualifier: $LATEST, DestinationConfig: """
ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
VALUES: list[tuple[str, Any]] = [
    ("!Ref Stage", "prod"),
    ("!Ref Sizes", ["1", "2"]),
    ("!Ref AWS::Region", REGION),
    ("!Ref AWS::AccountId", ACCOUNT),
    ("!Ref AWS::Partition", "aws"),
    ("!Ref AWS::URLSuffix", "amazonaws.com"),
    ("!Ref Named", "pay-prod"),
    ("!GetAtt Named.Arn", ARN.format("lambda", "function:pay-prod")),
    ("!GetAtt [Named, Arn]", ARN.format("lambda", "function:pay-prod")),
    ("!Ref Live", ARN.format("lambda", "function:pay-prod:live")),
    ("!GetAtt Queue.Arn", ARN.format("sqs", "dead")),
    ("!GetAtt Queue.QueueName", "dead"),
    ("!Ref Topic", ARN.format("sns", "news")),
    ("!GetAtt Topic.TopicName", "news"),
    ("!GetAtt Bus.Arn", ARN.format("events", "event-bus/bus")),
    ("!Ref Bus", "bus"),
    ("!GetAtt Bucket.Arn", "arn:aws:s3:::dump"),
    ("!Join ['-', [a, !Ref Count, !Ref AWS::NoValue, true]]", "a-2-true"),
    ("!Select [1, !Split [':', 'a:b:c']]", "b"),
    ("!FindInMap [Ages, !Ref Stage, Seconds]", 3600),
    ("'Fn::FindInMap': [Ages, test, Seconds, {DefaultValue: 1}]", 1),
    ("!If [Either, !Sub '${Stage}!', no]", "prod!"),
    ("!If [IsDev, a, [!Ref AWS::NoValue, b]]", ["b"]),
    ("{a: !If [IsDev, 1, !Ref AWS::NoValue], b: 2}", {"b": 2}),
    ("!Sub ['${!Stage} ${Stage} ${x} ${Queue.Arn}', {x: !Ref Count}]",
     "${Stage} prod 2 " + ARN.format("sqs", "dead")),
    ("!Length [a, b]", 2),
]  # fmt: skip
STACK = stack_of(
    {"Bare": "shop-Bare-1X", "Maybe": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/shop-Maybe-2"},
    {"Stage": "dev", "Open": "is open", "Stored": "****"},
    shared="arn:aws:sns:eu-west-1:123456789012:shared",
)
OF_STACK: list[tuple[str, Any]] = [
    ("!Ref Stage", "dev"),
    ("!Ref Open", "is open"),
    ("!Ref Bare", "shop-Bare-1X"),
    ("!GetAtt Bare.Arn", ARN.format("lambda", "function:shop-Bare-1X")),
    ("!GetAtt Maybe.Arn", ARN.format("sqs", "q")),
    ("!ImportValue shared", "arn:aws:sns:eu-west-1:123456789012:shared"),
    ("!Ref AWS::StackName", "shop"),
]
PROBLEMS = [
    ("!Ref Open", "the parameter 'Open' has no default; use --parameter Open=VALUE, or --stack"),
    ("!Ref Wrong", "the parameter 'Wrong' has the value 'two'; expected a number"),
    ("!Ref Stored", "the parameter 'Stored' is in Parameter Store; use --parameter Stored=VALUE"),
    ("!Ref Namedd", "no parameter and no resource 'Namedd'; did you mean Named?"),
    ("!Ref Bare", "Bare (AWS::Lambda::Function) has no FunctionName; use --stack NAME"),
    ("!GetAtt Maybe.Arn", "Maybe (AWS::SQS::Queue) has no QueueName; use --stack NAME"),
    ("!Ref Queue", "Ref of Queue is not its ARN; use Fn::GetAtt Queue.Arn"),
    ("!GetAtt OnlyDev.Arn", "OnlyDev is not created: its condition 'IsDev' is false"),
    ("!GetAtt Itself.Arn", "the QueueName of Itself refers to itself"),
    ("!Ref Looped", "the FunctionName of Looped refers to itself"),
    ("!GetAtt Nested.Outputs.Q", "a nested stack is not read"),
    ("!GetAtt Queue", "Fn::GetAtt expects a list of 2"),
    ("!If [Circle, 1, 2]", "the condition 'Circle' refers to itself"),
    ("!If [IsProf, 1, 2]", "no condition 'IsProf'; did you mean IsProd?"),
    ("!ImportValue shared", "a value of another stack; use --stack NAME"),
    ("!Ref AWS::StackName", "AWS::StackName is not known; use --stack NAME"),
    ("!Select [9, [a]]", "Fn::Select has no item '9'"),
    ("!FindInMap [Ages, test, Seconds]", "the mappings have no 'Ages.test.Seconds'"),
    ("!GetAZs ''", "Fn::GetAZs is not evaluated here; give the template that CloudFormation has"),
    ("!Transform {Name: m}", "Fn::Transform is not evaluated here; give the template"),
    ("!Join ['', !Ref Stage]", "Fn::Join expects a list instead of 'prod'"),
    ("!Sub [a]", "Fn::Sub expects a list of 2"),
]


def template(expression: str) -> str:
    is_long = expression.startswith("'Fn::")
    return PRELUDE + (f"{{{expression}}}" if is_long else expression) + "}\n"


@pytest.mark.parametrize(("expression", "value"), VALUES)
def test_an_expression_has_its_value(tmp_path: Path, expression: str, value: Any) -> None:
    config = one_config(read(tmp_path, template(expression)))

    assert (config.problem, config.row.values["DestinationConfig"]) == (None, value)


@pytest.mark.parametrize(("expression", "value"), OF_STACK)
def test_the_deployed_stack_says_what_the_template_leaves_open(
    tmp_path: Path, expression: str, value: Any
) -> None:
    place = msgspec.structs.replace(PLACE, read_stack=lambda _: STACK)

    config = one_config(read(tmp_path, template(expression), place))

    assert (config.problem, config.row.values["DestinationConfig"]) == (None, value)


@pytest.mark.parametrize(("expression", "says"), PROBLEMS)
def test_what_is_not_known_is_one_line_with_the_way_out(
    tmp_path: Path, expression: str, says: str
) -> None:
    problem = problem_of(read(tmp_path, template(expression)))

    assert says in problem.rule
    assert (problem.field, problem.line) == ("DestinationConfig", PRELUDE.count("\n") + 1)


def test_a_given_parameter_beats_the_stack_and_the_default(tmp_path: Path) -> None:
    place = msgspec.structs.replace(PLACE, parameters={"Stage": "prod"}, read_stack=lambda _: STACK)

    config = one_config(read(tmp_path, template("!Ref Stage"), place))

    assert config.row.values["DestinationConfig"] == "prod"


def test_a_given_parameter_must_exist_and_be_allowed(tmp_path: Path) -> None:
    unknown = msgspec.structs.replace(PLACE, parameters={"Stagee": "dev"})
    with pytest.raises(UsageError, match="no such parameter; did you mean Stage"):
        read(tmp_path, template("!Ref Stage"), unknown)

    other = msgspec.structs.replace(PLACE, parameters={"Stage": "test"})
    problem = problem_of(read(tmp_path, template("!Ref Stage"), other))

    assert "has the value 'test'; expected one of prod, dev" in problem.rule


def test_without_a_region_an_arn_is_a_problem(tmp_path: Path) -> None:
    place = msgspec.structs.replace(PLACE, region=None)

    problem = problem_of(read(tmp_path, template("!GetAtt Queue.Arn"), place))

    assert problem.rule == "the Region of the template is not known; use --region"
    assert isinstance(problem, InputError)
