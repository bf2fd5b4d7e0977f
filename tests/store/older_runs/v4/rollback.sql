PRAGMA application_id = 1650813283;
PRAGMA user_version = 4;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:54:11.401Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:54:10.709Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}',6560342421896631671);
INSERT INTO "before_image" VALUES(1,1,'2026-11-26T13:54:11.401Z','change',1,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}},"LastModified":"2026-11-26T13:54:10.709Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}',3721713179759255716);
INSERT INTO "before_image" VALUES(2,1,'2026-11-26T13:54:11.401Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}},"LastModified":"2026-11-26T13:54:10.710Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}',2413173964812535370);
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:54:11.401Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:54:10.709Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}',8545276821055126864);
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER, expected_id INTEGER,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1,2);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,3,4);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,5,6);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,7,8);
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  partition TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
INSERT INTO "lane" VALUES(1,'123456789012','us-east-1','aws',3);
INSERT INTO "lane" VALUES(2,'123456789012','eu-west-1','aws',1);
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL, http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT, started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT, sent TEXT,
  row_digest INTEGER NOT NULL
);
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001a','2026-11-26T13:54:11.299Z',0.1173,0.013495,0.001303,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:54:11.416Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}}}',7106234146186819008);
INSERT INTO "outcome" VALUES(1,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001b','2026-11-26T13:54:11.300Z',0.116692,0.013445,0.003029,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}},"LastModified":"2026-11-26T13:54:11.416Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}}}',737978906002750842);
INSERT INTO "outcome" VALUES(2,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001c','2026-11-26T13:54:11.302Z',0.114448,0.013462,0.001013,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}},"LastModified":"2026-11-26T13:54:11.416Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}}}',8214088899730964702);
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000019','2026-11-26T13:54:11.300Z',0.116694,0.013659,0.00057,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:54:11.416Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}',-1620749470209403624);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('account_id','123456789012');
INSERT INTO "run" VALUES('caller_arn','arn:aws:iam::123456789012:user/sandbox');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:54:11.172197+00:00');
INSERT INTO "run" VALUES('digest_of_account','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('digest_of_job','6c053343f2cb156f502bf23cadc10960');
INSERT INTO "run" VALUES('digest_of_lane','5e026b83ff5336ba2b29bfb2b89827f6');
INSERT INTO "run" VALUES('digest_of_run','7f4ede8d084fe48f427f5ba73d12ac9b');
INSERT INTO "run" VALUES('digest_of_settings','452d02aa34bd354e05fbea78be1501ea');
INSERT INTO "run" VALUES('digest_of_wave_lane','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('flags','{"--endpoint-url": ["--endpoint-url", "http://127.0.0.1:33969"], "--yes": ["--yes"], "--rate": ["--rate", "unlimited"]}');
INSERT INTO "run" VALUES('place','http://127.0.0.1:33969');
INSERT INTO "run" VALUES('restores','/runs/finished.db');
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
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:54:11.291Z',1.33307438001793343573e-01,8,0,0,0,'done',7854501905933959870);
CREATE TABLE settings (
  id INTEGER PRIMARY KEY, api TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "settings" VALUES(1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}}}',1);
INSERT INTO "settings" VALUES(2,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',0);
INSERT INTO "settings" VALUES(3,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}}}',1);
INSERT INTO "settings" VALUES(4,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',0);
INSERT INTO "settings" VALUES(5,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}}}',1);
INSERT INTO "settings" VALUES(6,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',0);
INSERT INTO "settings" VALUES(7,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}',1);
INSERT INTO "settings" VALUES(8,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}',0);
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
