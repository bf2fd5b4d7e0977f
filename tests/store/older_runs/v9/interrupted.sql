PRAGMA application_id = 1650813283;
PRAGMA user_version = 9;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE before_image (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, read_at TEXT NOT NULL,
  action TEXT NOT NULL, may_be_sent INTEGER NOT NULL, config TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "before_image" VALUES(0,1,'2026-11-26T13:55:32.065Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1001,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:seed-1"}},"LastModified":"2026-11-26T13:55:31.401Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}',5173824870061512627);
INSERT INTO "before_image" VALUES(3,2,'2026-11-26T13:55:32.097Z','change',1,'{"MaximumRetryAttempts":2,"MaximumEventAgeInSeconds":1004,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:31.402Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}',8635431307724135204);
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
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1,NULL,NULL);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,2,NULL,NULL);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,3,NULL,NULL);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,4,NULL,NULL);
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
INSERT INTO "outcome" VALUES(0,1,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000025','2026-11-26T13:55:32.061Z',1.004813,0.001597,0.998814,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}},"LastModified":"2026-11-26T13:55:33.065Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',-988861331489618468);
INSERT INTO "outcome" VALUES(3,2,'updated',2,0,0,200,NULL,NULL,'00000000-0000-4000-8000-000000000026','2026-11-26T13:55:32.061Z',1.005581,0.002144,0.96767,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}},"LastModified":"2026-11-26T13:55:33.066Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST"}','{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',2622063650117018387);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('account_id','123456789012');
INSERT INTO "run" VALUES('before_image','yes');
INSERT INTO "run" VALUES('caller_arn','arn:aws:iam::123456789012:user/sandbox');
INSERT INTO "run" VALUES('created_at','2026-11-26T13:55:31.936960+00:00');
INSERT INTO "run" VALUES('digest_of_account','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('digest_of_job','4f2b7fdc95ec833eb0cfd1a141860d83');
INSERT INTO "run" VALUES('digest_of_lane','5e026b83ff5336ba2b29bfb2b89827f6');
INSERT INTO "run" VALUES('digest_of_run','9d48f383b19d609b46f4006586ad55a5');
INSERT INTO "run" VALUES('digest_of_settings','404982e73e2e1c035b0aaa92a985797b');
INSERT INTO "run" VALUES('digest_of_wave_lane','cae66941d9efbd404e4d88758ea67670');
INSERT INTO "run" VALUES('flags','{"--endpoint-url": ["--endpoint-url", "http://127.0.0.1:34557"], "--yes": ["--yes"], "--rate": ["--rate", "1"], "--burst": ["--burst", "1"]}');
INSERT INTO "run" VALUES('made_with','{}');
INSERT INTO "run" VALUES('place','http://127.0.0.1:34557');
INSERT INTO "run" VALUES('session','closed');
INSERT INTO "run" VALUES('source','rows.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, doing TEXT NOT NULL, started_at TEXT NOT NULL,
  elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT,
  version TEXT, caller_arn TEXT, flags TEXT, row_digest INTEGER NOT NULL
);
INSERT INTO "session" VALUES(1,'apply','2026-11-26T13:55:32.056Z',1.04570375000184867531e+00,4,0,0,0,'interrupted','0.1.0','arn:aws:iam::123456789012:user/sandbox','["--endpoint-url", "http://127.0.0.1:34557", "--yes", "--rate", "1", "--burst", "1", "--run", "interrupted.db"]',-2628359064299577144);
CREATE TABLE settings (
  id INTEGER PRIMARY KEY, api TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "settings" VALUES(1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',1);
INSERT INTO "settings" VALUES(2,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',1);
INSERT INTO "settings" VALUES(3,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',1);
INSERT INTO "settings" VALUES(4,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',1);
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
