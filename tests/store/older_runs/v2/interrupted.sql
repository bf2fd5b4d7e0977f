PRAGMA application_id = 1650813283;
PRAGMA user_version = 2;
BEGIN TRANSACTION;
CREATE TABLE account (account_id TEXT PRIMARY KEY, role_arn TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,2);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,3);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,4);
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  partition TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
INSERT INTO "lane" VALUES(1,'123456789012','us-east-1','aws',3);
INSERT INTO "lane" VALUES(2,'123456789012','eu-west-1','aws',1);
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT,
  started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT
);
INSERT INTO "outcome" VALUES(0,1,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001a','2026-11-26T13:53:48.095Z',0.144271,0.140321,0.003897,'{"LastModified":"2026-11-26T13:53:48.238Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}');
INSERT INTO "outcome" VALUES(3,2,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000001b','2026-11-26T13:53:48.095Z',0.144187,0.140449,0.003727,'{"LastModified":"2026-11-26T13:53:48.239Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}');
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('created_at','2026-11-26T13:53:47.893572+00:00');
INSERT INTO "run" VALUES('place','AWS');
INSERT INTO "run" VALUES('source','rows.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT
);
INSERT INTO "session" VALUES(1,'2026-11-26T13:53:48.084Z',2.43972961994586512446e-01,2,0,0,0,'interrupted');
CREATE TABLE settings (
  id INTEGER PRIMARY KEY, api TEXT NOT NULL, jobs INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "settings" VALUES(1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}',1);
INSERT INTO "settings" VALUES(2,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}',1);
INSERT INTO "settings" VALUES(3,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}',1);
INSERT INTO "settings" VALUES(4,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}',1);
CREATE VIEW result AS
SELECT o.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source,
  coalesce(j.given, j.function) AS function_name, j.function,
  coalesce(j.qualifier, '$LATEST') AS qualifier, l.account_id, l.region,
  o.status, o.attempts, o.throttles, o.conflicts, o.http_status, o.error_code, o.error_message,
  o.request_id, o.started_at, o.duration_s, o.call_s, o.wait_s,
  replace(replace(replace(replace(s.api, '{account}', l.account_id), '{region}', l.region),
    '{partition}', l.partition), '{function}', j.function) AS settings, o.config
FROM outcome o
JOIN job j ON j.lane_id = o.lane_id AND j.seq = o.seq
LEFT JOIN lane l ON l.id = o.lane_id
LEFT JOIN settings s ON s.id = j.settings_id;
CREATE VIEW pending AS
SELECT j.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source,
  coalesce(j.given, j.function) AS function_name, l.account_id, l.region
FROM job j JOIN lane l ON l.id = j.lane_id
WHERE NOT EXISTS (SELECT 1 FROM outcome o WHERE o.seq = j.seq);
COMMIT;
