PRAGMA application_id = 1650813283;
PRAGMA user_version = 5;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:54:22.899Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:54:22.268Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}',-609886257141492294);
INSERT INTO "before_image" VALUES(1,1,'2026-11-26T13:54:23.123Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}},"LastModified":"2026-11-26T13:54:22.307Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}',-3395548762646149408);
INSERT INTO "before_image" VALUES(2,1,'2026-11-26T13:54:23.123Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}},"LastModified":"2026-11-26T13:54:22.308Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}',6640437943123954634);
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:54:23.123Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:54:22.307Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}',2975553166317836487);
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER, expected_id INTEGER,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
INSERT INTO "job" VALUES(0,5,7,'bad name!',NULL,NULL,NULL,NULL);
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1,NULL);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,2,NULL);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,3,NULL);
INSERT INTO "job" VALUES(1,4,6,NULL,'ghost',NULL,5,NULL);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,4,NULL);
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  partition TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
INSERT INTO "lane" VALUES(1,'123456789012','us-east-1','aws',4);
INSERT INTO "lane" VALUES(2,'123456789012','eu-west-1','aws',1);
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL, http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT, started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT, sent TEXT,
  row_digest INTEGER NOT NULL
);
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000010','2026-11-26T13:54:22.883Z',0.212339,0.006552,0.000697,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:54:23.095Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',-2780459101485056549);
INSERT INTO "outcome" VALUES(1,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000012','2026-11-26T13:54:22.884Z',0.241272,0.000943,0.012568,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}},"LastModified":"2026-11-26T13:54:23.125Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}','{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',7144892602606970104);
INSERT INTO "outcome" VALUES(2,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000013','2026-11-26T13:54:22.896Z',0.229251,0.001008,0.00085,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}},"LastModified":"2026-11-26T13:54:23.125Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',3128794271424299828);
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000011','2026-11-26T13:54:22.884Z',0.241461,0.001141,0.000509,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:54:23.125Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',5141283095463706520);
INSERT INTO "outcome" VALUES(4,1,'failed',1,0,0,404,'ResourceNotFoundException','there is no configuration','00000000-0000-4000-8000-00000000000f','2026-11-26T13:54:22.897Z',0.008145,0.007786,0.00036,NULL,NULL,-7291751235973008700);
INSERT INTO "outcome" VALUES(5,0,'invalid',0,0,0,NULL,'InvalidInput','FunctionName: ''bad name!'' is not a function name; expected name, name:alias, 123456789012:function:name, or a full ARN',NULL,NULL,NULL,NULL,NULL,NULL,NULL,-7687986885757633142);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('account_id','123456789012');
INSERT INTO "run" VALUES('before_image','yes');
INSERT INTO "run" VALUES('caller_arn','arn:aws:iam::123456789012:user/sandbox');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:54:22.597850+00:00');
INSERT INTO "run" VALUES('digest_of_account','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('digest_of_job','65f88c83a9548a3ff39de7c1b725285a');
INSERT INTO "run" VALUES('digest_of_lane','f087f0465486a1b85b8435f72da8e14e');
INSERT INTO "run" VALUES('digest_of_run','cc8ac985c2f56382c0199c2eb4cc1d37');
INSERT INTO "run" VALUES('digest_of_settings','c8863fe639a3b8b71e7e1d4f67f09787');
INSERT INTO "run" VALUES('digest_of_wave_lane','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('flags','{"--endpoint-url": ["--endpoint-url", "http://127.0.0.1:39013"], "--yes": ["--yes"], "--rate": ["--rate", "unlimited"]}');
INSERT INTO "run" VALUES('made_with','{"--skip-invalid": "--skip-invalid", "--before-image": "--before-image"}');
INSERT INTO "run" VALUES('place','http://127.0.0.1:39013');
INSERT INTO "run" VALUES('session','closed');
INSERT INTO "run" VALUES('source','targets.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, doing TEXT NOT NULL, started_at TEXT NOT NULL,
  elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT,
  row_digest INTEGER NOT NULL
);
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:54:22.872Z',2.65839908999623730778e-01,9,0,0,0,'done',630403802922899435);
CREATE TABLE settings (
  id INTEGER PRIMARY KEY, api TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "settings" VALUES(1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',1);
INSERT INTO "settings" VALUES(2,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',1);
INSERT INTO "settings" VALUES(3,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',1);
INSERT INTO "settings" VALUES(4,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',1);
INSERT INTO "settings" VALUES(5,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":600}',1);
CREATE TABLE wave (
  number INTEGER PRIMARY KEY, targets INTEGER NOT NULL, started_at TEXT, ended_at TEXT,
  verified INTEGER, drifted INTEGER, stopped TEXT, row_digest INTEGER NOT NULL
);
CREATE TABLE wave_lane (
  wave INTEGER NOT NULL, lane_id INTEGER NOT NULL, last_seq INTEGER NOT NULL,
  PRIMARY KEY (wave, lane_id)
) WITHOUT ROWID;
CREATE VIEW result AS
SELECT o.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source, coalesce(j.given, j.function) AS function_name, j.function, coalesce(j.qualifier, '$LATEST') AS qualifier, l.account_id, l.region, o.status, o.attempts, o.throttles, o.conflicts, o.http_status, o.error_code, o.error_message, o.request_id, o.started_at, o.duration_s, o.call_s, o.wait_s, coalesce(o.sent, replace(replace(replace(replace(s.api, '{account}', l.account_id), '{region}', l.region), '{partition}', l.partition), '{function}', j.function)) AS settings, o.config, CASE WHEN b.may_be_sent THEN coalesce(b.config, '{}') END AS before
FROM outcome o
JOIN job j ON j.lane_id = o.lane_id AND j.seq = o.seq
LEFT JOIN lane l ON l.id = o.lane_id
LEFT JOIN settings s ON s.id = j.settings_id
LEFT JOIN before_image b ON b.seq = o.seq;
CREATE VIEW pending AS
SELECT j.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source,
  coalesce(j.given, j.function) AS function_name, l.account_id, l.region
FROM job j JOIN lane l ON l.id = j.lane_id
WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq);
COMMIT;
