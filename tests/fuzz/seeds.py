"""Valid inputs of the fuzz targets, which are damaged."""

import gzip

ARN = b"arn:aws:lambda:us-east-1:123456789012:function:mail:live"
CSV = (
    b"FunctionName,Qualifier,Region,AccountId,MaximumRetryAttempts,OnSuccess,OnFailure,RoleArn,Wave\n"
    b"orders,live,us-east-1,123456789012,1,none,arn:aws:sqs:{region}:{account}:q,,2\n"
    b'"mail",,eu-west-1,,,,,"arn:aws:iam::123456789012:role/x"\r\n\n' + ARN + b",,,,2,,,\n",
    b"\xef\xbb\xbffunction name\n\na\nb\n",
    b'"Function Name";Maximum Retry Attempts;;\r\norders;1;;\r\n;;;\r\n;;;\r\n',
    b"sep=\t\nFunctionName\tRegion\nf\tus-east-1\n\t\n",
    (
        b"seq,source,function_name,function_arn,qualifier,status,attempts,settings\n"
        b'0,"t.csv:2","\'-f","","live","failed",8,"{""MaximumRetryAttempts"":1,'
        b'""DestinationConfig"":{""OnFailure"":{}}}"\n'
    ),
)
ROWS = (
    b'{"FunctionName":"orders","Qualifier":"live","MaximumEventAgeInSeconds":3600}',
    b'{"FunctionArn":"' + ARN + b'","DestinationConfig":{"OnSuccess":{},"OnFailure":'
    b'{"Destination":"arn:aws:sqs:us-east-1:123456789012:q"}},"Layers":[{"a":[1.5,null]}]}',
    b'{"function_name":"f\\u00fc\\ud83d\\ude00","Region":"us-east-1","AccountId":1,"RoleArn":null}',
)
PAGE = b'{\n  "Functions": [\n    {\n      "FunctionName": "a"\n    }\n  ],\n  "NextToken": 1\n}\n'
OUTCOME = (
    b'{"seq":0,"source":"t.csv:2","function_name":"f","function_arn":null,"status":"failed",'
    b'"settings":{"MaximumRetryAttempts":1},"config":null,"before":{}}\n'
)
JSONL = (
    b"\n".join(ROWS) + b"\n",
    b'\xef\xbb\xbf{"FunctionName":"a"}\r\n\n{"FunctionName":"b"}',
    b'{"Functions":[' + b",".join(ROWS) + b"]}\n[" + b",".join(ROWS) + b"]\n" + OUTCOME,
    ROWS[0] + b"\n" + PAGE + ROWS[1] + b"\n" + PAGE,
)
JSON = (
    b"[" + b",\n".join(ROWS) + b"]",
    b'{"NextMarker":null,"Meta":{"a":[1]},"Functions":[' + b",".join(ROWS) + b"]}",
    PAGE + PAGE + ROWS[0] + b"[" + ROWS[1] + b"]\n" + OUTCOME,
)
ACCOUNTS = (
    b"""AccountId,RoleArn,ExternalId,Profile,Regions
123456789012,arn:aws:iam::{account}:role/d,x-1,prod,"us-east-1 eu-west-1"
000000000001,,,,
""",
    b"""[{"AccountId":1,"RoleArn":"arn:aws:iam::000000000001:role/d","Regions":["us-east-1"]},
{"AccountId":"123456789012","Profile":"p"}]""",
)
_RESOURCES = (
    b'{"resources":[{"address":"aws_lambda_function.f","mode":"managed",'
    b'"type":"aws_lambda_function","values":{"function_name":"f","arn":"' + ARN + b'"}},'
    b'{"address":"aws_lambda_alias.a","mode":"managed","type":"aws_lambda_alias",'
    b'"values":{"name":"live","function_name":"f"}},'
    b'{"address":"aws_lambda_function_event_invoke_config.c[0]","mode":"managed",'
    b'"type":"aws_lambda_function_event_invoke_config","depends_on":["aws_lambda_function.f"],'
    b'"values":{"function_name":"f","maximum_retry_attempts":1,"destination_config":'
    b'[{"on_failure":[{"destination":"arn:aws:sns:us-east-1:123456789012:t"}]}]}}]}'
)
TERRAFORM = (
    b'{"format_version":"1.0","values":{"root_module":' + _RESOURCES + b"}}",
    b'{"format_version":"1.2","planned_values":{"root_module":{"child_modules":['
    + _RESOURCES
    + b']}},"resource_changes":[{"address":"aws_lambda_function_event_invoke_config.c[0]",'
    b'"change":{"after_unknown":{"function_name":true}}}]}',
)
WAVES = (
    b"Wave,AccountId,Region\n1,123456789012,\n2,,cn-*\n3,0000*,us-east-1\n",
    b'[{"Wave":1,"AccountId":1},\n{"Wave":"2","Region":"[!u]*"}]',
)
TEMPLATES = (
    b"""Conditions: {C: !Equals [!Ref P, &p a]}
Parameters: {P: {Type: String, Default: a}}
Resources:
  F: {Type: 'AWS::Lambda::Function', Properties: {FunctionName: !Sub 'f-${P}'}}
  E:
    Type: AWS::Lambda::EventInvokeConfig
    Properties:
      FunctionName: !Ref F
      Qualifier: !If [C, $LATEST, b]
      MaximumRetryAttempts: 1
      DestinationConfig: {OnFailure: {Destination: !GetAtt F.Arn}}
""",
    b"""Transform: AWS::Serverless-2016-10-31
Globals: {Function: {AutoPublishAlias: live}}
Resources:
  S:
    Type: AWS::Serverless::Function
    Properties:
      FunctionName: s
      EventInvokeConfig:
        MaximumEventAgeInSeconds: 60
        DestinationConfig: {OnSuccess: {Type: SNS, Destination: !Join [':', [a, b]]}}
""",
    b"""{"Resources":{"E":{"Type":"AWS::Lambda::EventInvokeConfig","Properties":{"FunctionName":
    {"Fn::Select":[0,{"Fn::Split":["-","f-g"]}]},"Qualifier":"1","MaximumRetryAttempts":2}}}}""",
)
TEXTS = (
    b"ticket=OPS-7",
    b"orders:live",
    b"123456789012:function:orders:$LATEST",
    ARN,
    b"arn:aws-cn:lambda:cn-north-1:123456789012:function:a.b",
    b"arn:aws:sqs:{region}:{account}:{function}-{partition}",
    b"arn:aws:s3:::bucket",
    b"arn:aws:events:us-east-1:123456789012:event-bus/default",
    b"arn:aws:iam::{account}:role/path/Deploy",
    b"1,10%,50%,100%",
    b"us-east-1,eu-*,!eu-west-[12]",
    b"!python3.*",
    b"2026-01-31T12:00:00+01:00",
    b"latest,aliases",
    b"ou-ab12-11111111",
)
WHERES = (
    b"MaximumRetryAttempts > `0` && !(DestinationConfig.OnFailure)",
    b"contains(keys(DestinationConfig), 'OnSuccess') || length(@) == `0`",
    b"sort_by(values(@)[?a].{b: c, d: [*]}, &b)[0:2:-1] | [0]",
    b"Tags.team == 'a' && EventInvokeConfig.MaximumRetryAttempts || Layers[?CodeSize > `0`]",
    b"@.EventInvokeConfig | [@, {a: @}] | [0].DestinationConfig.*.Destination",
    b'"x".y[].z | max_by(@, &"a") == \'raw\'',
    b"`\0" + b"\x91" * 190 + b"``",
)
SCENARIOS = (
    b'{"seed":7,"rate":5,"throttle":0.1,"latency_s":0.05,"latency_p99_s":0.4,"external_ids":{}}',
    b'{"rate":"unlimited","burst":3,"lanes":{"123456789012/us-east-1":{"rate":2}},"conflict":0.2}',
)

HEAD = b"HTTP/1.1 200 OK\r\n"
ANSWERS = tuple(
    b"\x15\x30" + answer
    for answer in (
        HEAD + b"Content-Type: application/json\r\nContent-Length: 2\r\n\r\nok",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2;a=b\r\nok\r\n0\r\nX: y\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        b"HTTP/1.0 404 Odd\r\nConnection: keep-alive\r\nContent-Encoding: gzip\r\n\r\n",
        HEAD + b"Content-Length: 2\r\n\r\nok" + HEAD + b"\r\n",
    )
)

# See ``runs``: the run file, and how it is damaged.
PROGRAMS = tuple(
    bytes([run, what, place, 0, 5, 90])
    for run in range(4)
    for what in (0, 5, 6)
    for place in (4, 9)
)


def in_utf16(seeds: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The seeds in UTF-16 with a byte-order mark."""
    return tuple(seed.decode("utf-8-sig").encode("utf-16") for seed in seeds)


def gzipped(seeds: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The seeds as gzip, and the first as two members that are not compressed."""
    one, *_ = seeds
    return (*(gzip.compress(seed, mtime=0) for seed in seeds), gzip.compress(one, 0, mtime=0) * 2)
