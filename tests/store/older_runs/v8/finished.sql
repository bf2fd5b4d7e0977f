PRAGMA application_id = 1650813283;
PRAGMA user_version = 8;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:55:12.127Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:55:11.697Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}',3980853184161086255);
INSERT INTO "before_image" VALUES(1,1,'2026-11-26T13:55:12.310Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}},"LastModified":"2026-11-26T13:55:11.732Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}',6522722926308115527);
INSERT INTO "before_image" VALUES(2,1,'2026-11-26T13:55:12.310Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}},"LastModified":"2026-11-26T13:55:11.732Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}',5628225070785114583);
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:55:12.310Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:11.731Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}',7325333944017713023);
CREATE TABLE earlier_outcome (
  seq INTEGER NOT NULL, retry INTEGER NOT NULL, retried_at TEXT NOT NULL,
  lane_id INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL, http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT, started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT, sent TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (seq, retry)
) WITHOUT ROWID;
CREATE TABLE gate (
  id INTEGER PRIMARY KEY, wave INTEGER NOT NULL, asked_at TEXT NOT NULL,
  answered_at TEXT NOT NULL, asks INTEGER NOT NULL, decision TEXT NOT NULL, reason TEXT NOT NULL,
  output TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, row_digest INTEGER NOT NULL
);
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER, expected_id INTEGER,
  wave INTEGER, PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
INSERT INTO "job" VALUES(0,5,7,'bad name!',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1,NULL,NULL);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,2,NULL,NULL);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,3,NULL,NULL);
INSERT INTO "job" VALUES(1,4,6,NULL,'ghost',NULL,5,NULL,NULL);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,4,NULL,NULL);
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
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000010','2026-11-26T13:55:12.116Z',0.164593,0.001156,0.0009,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:55:12.279Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',-4225830531668340303);
INSERT INTO "outcome" VALUES(1,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000012','2026-11-26T13:55:12.117Z',0.201,0.001327,0.008961,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}},"LastModified":"2026-11-26T13:55:12.316Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}','{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',-6012855957210384284);
INSERT INTO "outcome" VALUES(2,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000013','2026-11-26T13:55:12.124Z',0.19325,0.000774,0.002051,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}},"LastModified":"2026-11-26T13:55:12.317Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',8927987806166141974);
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000011','2026-11-26T13:55:12.116Z',0.201415,0.002087,0.000862,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:12.316Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',4243172023185412611);
INSERT INTO "outcome" VALUES(4,1,'failed',1,0,0,404,'ResourceNotFoundException','there is no configuration','00000000-0000-4000-8000-00000000000f','2026-11-26T13:55:12.125Z',0.007298,0.007049,0.00025,NULL,NULL,7962805586117847028);
INSERT INTO "outcome" VALUES(5,0,'invalid',0,0,0,NULL,'InvalidInput','FunctionName: ''bad name!'' is not a function name; expected name, name:alias, 123456789012:function:name, or a full ARN',NULL,NULL,NULL,NULL,NULL,NULL,NULL,-7687986885757633142);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('account_id','123456789012');
INSERT INTO "run" VALUES('before_image','yes');
INSERT INTO "run" VALUES('caller_arn','arn:aws:iam::123456789012:user/sandbox');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:55:11.986729+00:00');
INSERT INTO "run" VALUES('digest_of_account','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('digest_of_job','c4371709143e5a44803f045251c0b338');
INSERT INTO "run" VALUES('digest_of_lane','f087f0465486a1b85b8435f72da8e14e');
INSERT INTO "run" VALUES('digest_of_run','d4375fe0df1a7d07d1252ac324af9f4d');
INSERT INTO "run" VALUES('digest_of_settings','c8863fe639a3b8b71e7e1d4f67f09787');
INSERT INTO "run" VALUES('digest_of_wave_lane','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('flags','{"--endpoint-url": ["--endpoint-url", "http://127.0.0.1:36593"], "--yes": ["--yes"], "--rate": ["--rate", "unlimited"]}');
INSERT INTO "run" VALUES('made_with','{"--skip-invalid": "--skip-invalid"}');
INSERT INTO "run" VALUES('place','http://127.0.0.1:36593');
INSERT INTO "run" VALUES('session','closed');
INSERT INTO "run" VALUES('source','targets.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, doing TEXT NOT NULL, started_at TEXT NOT NULL,
  elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT,
  version TEXT, caller_arn TEXT, flags TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:55:12.105Z',2.20507380996423307806e-01,9,0,0,0,'done','0.1.0','arn:aws:iam::123456789012:user/sandbox','["--endpoint-url", "http://127.0.0.1:36593", "--yes", "--rate", "unlimited", "--run", "finished.db", "--skip-invalid"]',6003532350605364440);
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
CREATE INDEX job_by_wave ON job (lane_id, wave, seq) WHERE wave IS NOT NULL;
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
