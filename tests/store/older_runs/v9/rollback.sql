PRAGMA application_id = 1650813283;
PRAGMA user_version = 9;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:55:31.399Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:55:31.028Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}',-2299539970383522782);
INSERT INTO "before_image" VALUES(1,1,'2026-11-26T13:55:31.432Z','change',1,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}},"LastModified":"2026-11-26T13:55:31.062Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}',3674981611289306037);
INSERT INTO "before_image" VALUES(2,1,'2026-11-26T13:55:31.432Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}},"LastModified":"2026-11-26T13:55:31.063Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}',-381337305660628202);
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:55:31.399Z','change',1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:31.029Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}',2785803517792326269);
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
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1,2,NULL);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,3,4,NULL);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,5,6,NULL);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,7,8,NULL);
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
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000019','2026-11-26T13:55:31.390Z',0.012205,0.001166,0.000624,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:55:31.401Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}}}',-2222718872193325599);
INSERT INTO "outcome" VALUES(1,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001b','2026-11-26T13:55:31.391Z',0.044566,0.001284,0.005973,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}},"LastModified":"2026-11-26T13:55:31.434Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1002,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-2"}}}',-2198925998793835247);
INSERT INTO "outcome" VALUES(2,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001c','2026-11-26T13:55:31.396Z',0.038772,0.000754,0.001154,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}},"LastModified":"2026-11-26T13:55:31.434Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1003,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-3"}}}',-9198261248425188969);
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001a','2026-11-26T13:55:31.390Z',0.012039,0.000663,0.001095,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:31.402Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}',4600057377462541263);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('account_id','123456789012');
INSERT INTO "run" VALUES('caller_arn','arn:aws:iam::123456789012:user/sandbox');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:55:31.325110+00:00');
INSERT INTO "run" VALUES('digest_of_account','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('digest_of_job','d5eb9b79b46061eb4f20ba410146b707');
INSERT INTO "run" VALUES('digest_of_lane','5e026b83ff5336ba2b29bfb2b89827f6');
INSERT INTO "run" VALUES('digest_of_run','b738fd010aadd92892ead849a369815e');
INSERT INTO "run" VALUES('digest_of_settings','452d02aa34bd354e05fbea78be1501ea');
INSERT INTO "run" VALUES('digest_of_wave_lane','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('flags','{"--endpoint-url": ["--endpoint-url", "http://127.0.0.1:34557"], "--yes": ["--yes"], "--rate": ["--rate", "unlimited"]}');
INSERT INTO "run" VALUES('place','http://127.0.0.1:34557');
INSERT INTO "run" VALUES('restores','/runs/finished.db');
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
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:55:31.388Z',5.06588509961147792637e-02,8,0,0,0,'done','0.1.0','arn:aws:iam::123456789012:user/sandbox','["--endpoint-url", "http://127.0.0.1:34557", "--yes", "--rate", "unlimited", "--run", "rollback.db"]',-1138589247731473949);
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
CREATE TABLE worker (
  session INTEGER NOT NULL, worker INTEGER NOT NULL, name TEXT NOT NULL, lanes INTEGER NOT NULL,
  targets INTEGER NOT NULL, calls INTEGER NOT NULL, throttles INTEGER NOT NULL,
  first_heard_at TEXT NOT NULL, last_heard_at TEXT NOT NULL, lost TEXT,
  row_digest INTEGER NOT NULL, PRIMARY KEY (session, worker)
);
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
