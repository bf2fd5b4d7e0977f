PRAGMA application_id = 1650813283;
PRAGMA user_version = 3;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:53:53.324Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:53:51.980Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}');
INSERT INTO "before_image" VALUES(1,1,'2026-11-26T13:53:53.324Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}},"LastModified":"2026-11-26T13:53:52.018Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}');
INSERT INTO "before_image" VALUES(2,1,'2026-11-26T13:53:53.324Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}},"LastModified":"2026-11-26T13:53:52.018Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}');
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:53:53.324Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:53:52.017Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}');
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
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL, http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT, started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT, sent TEXT
);
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000011','2026-11-26T13:53:53.023Z',0.306572,0.001689,0.001889,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:53:53.329Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}');
INSERT INTO "outcome" VALUES(1,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000012','2026-11-26T13:53:53.024Z',0.306033,0.001526,0.191315,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}},"LastModified":"2026-11-26T13:53:53.329Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}','{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}');
INSERT INTO "outcome" VALUES(2,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000013','2026-11-26T13:53:53.214Z',0.11724,0.002444,0.002072,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}},"LastModified":"2026-11-26T13:53:53.330Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}');
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000010','2026-11-26T13:53:53.023Z',0.306093,0.002586,0.000568,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:53:53.328Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}');
INSERT INTO "outcome" VALUES(4,1,'failed',1,0,0,404,'ResourceNotFoundException','there is no configuration','00000000-0000-4000-8000-00000000000e','2026-11-26T13:53:53.214Z',0.001974,0.001365,0.0004,NULL,NULL);
INSERT INTO "outcome" VALUES(5,0,'invalid',0,0,0,NULL,'InvalidInput','FunctionName: ''bad name!'' is not a function name; expected name, name:alias, 123456789012:function:name, or a full ARN',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('before_image','yes');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:53:52.797168+00:00');
INSERT INTO "run" VALUES('flags','{"--endpoint-url":["--endpoint-url","http://127.0.0.1:43077"],"--yes":["--yes"],"--rate":["--rate","unlimited"]}');
INSERT INTO "run" VALUES('place','AWS');
INSERT INTO "run" VALUES('source','targets.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, doing TEXT NOT NULL, started_at TEXT NOT NULL,
  elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT
);
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:53:52.990Z',3.43966833999729715287e-01,9,0,0,0,'done');
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
  verified INTEGER, drifted INTEGER, stopped TEXT
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
