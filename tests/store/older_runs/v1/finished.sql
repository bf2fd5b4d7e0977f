PRAGMA application_id = 1650813283;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE job (
  lane_id INTEGER NOT NULL, seq INTEGER NOT NULL, line INTEGER NOT NULL,
  given TEXT, function TEXT, qualifier TEXT, settings_id INTEGER,
  PRIMARY KEY (lane_id, seq)
) WITHOUT ROWID;
INSERT INTO "job" VALUES(0,5,7,'bad name!',NULL,NULL,NULL);
INSERT INTO "job" VALUES(1,0,2,NULL,'fn-1',NULL,1);
INSERT INTO "job" VALUES(1,1,3,NULL,'fn-2',NULL,2);
INSERT INTO "job" VALUES(1,2,4,NULL,'fn-3',NULL,3);
INSERT INTO "job" VALUES(1,4,6,NULL,'ghost',NULL,5);
INSERT INTO "job" VALUES(2,3,5,NULL,'fn-4',NULL,4);
CREATE TABLE lane (
  id INTEGER PRIMARY KEY, account_id TEXT NOT NULL, region TEXT NOT NULL,
  jobs INTEGER NOT NULL DEFAULT 0, UNIQUE (account_id, region)
);
INSERT INTO "lane" VALUES(1,'123456789012','us-east-1',4);
INSERT INTO "lane" VALUES(2,'123456789012','eu-west-1',1);
CREATE TABLE outcome (
  seq INTEGER PRIMARY KEY, lane_id INTEGER NOT NULL, status TEXT NOT NULL,
  attempts INTEGER NOT NULL, throttles INTEGER NOT NULL, conflicts INTEGER NOT NULL,
  http_status INTEGER, error_code TEXT, error_message TEXT, request_id TEXT,
  started_at TEXT, duration_s REAL, call_s REAL, wait_s REAL, config TEXT
);
INSERT INTO "outcome" VALUES(0,1,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000000b','2026-11-26T13:53:39.382Z',0.165087,0.164472,0.0006,'{"LastModified":"2026-11-26T13:53:39.544Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-1:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}');
INSERT INTO "outcome" VALUES(1,1,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000000d','2026-11-26T13:53:39.382Z',0.172282,0.007674,0.164575,'{"LastModified":"2026-11-26T13:53:39.553Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-2:$LATEST","MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}');
INSERT INTO "outcome" VALUES(2,1,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000000f','2026-11-26T13:53:39.547Z',0.014039,0.01289,0.001125,'{"LastModified":"2026-11-26T13:53:39.560Z","FunctionArn":"arn:aws:lambda:us-east-1:123456789012:function:fn-3:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnSuccess":{},"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}');
INSERT INTO "outcome" VALUES(3,2,'updated',1,0,0,200,NULL,NULL,'00000000-0000-4000-8000-00000000000c','2026-11-26T13:53:39.382Z',0.169532,0.169152,0.000373,'{"LastModified":"2026-11-26T13:53:39.546Z","FunctionArn":"arn:aws:lambda:eu-west-1:123456789012:function:fn-4:$LATEST","MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604,"DestinationConfig":{"OnSuccess":{},"OnFailure":{}}}');
INSERT INTO "outcome" VALUES(4,1,'failed',1,0,0,404,'ResourceNotFoundException','The function doesn''t exist.','00000000-0000-4000-8000-00000000000e','2026-11-26T13:53:39.548Z',0.009644,0.005991,0.003627,NULL);
INSERT INTO "outcome" VALUES(5,0,'invalid',0,0,0,NULL,'InvalidInput','FunctionName: ''bad name!'' is no function name; allowed: name, name:alias, 123456789012:function:name, or a full ARN',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE run (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "run" VALUES('created_at','2026-11-26T13:53:39.068870+00:00');
INSERT INTO "run" VALUES('place','AWS');
INSERT INTO "run" VALUES('source','targets.csv');
INSERT INTO "run" VALUES('state','ready');
CREATE TABLE session (
  id INTEGER PRIMARY KEY, started_at TEXT NOT NULL, elapsed_s REAL NOT NULL DEFAULT 0,
  calls INTEGER NOT NULL DEFAULT 0, throttles INTEGER NOT NULL DEFAULT 0,
  conflicts INTEGER NOT NULL DEFAULT 0, retries INTEGER NOT NULL DEFAULT 0, ended TEXT
);
INSERT INTO "session" VALUES(1,'2026-11-26T13:53:39.370Z',1.79366232005122583359e-01,5,0,0,0,'done');
CREATE TABLE settings (id INTEGER PRIMARY KEY, api TEXT NOT NULL);
INSERT INTO "settings" VALUES(1,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":601,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-1"}}}');
INSERT INTO "settings" VALUES(2,'{"MaximumRetryAttempts":0,"MaximumEventAgeInSeconds":602,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-2"}}}');
INSERT INTO "settings" VALUES(3,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":603,"DestinationConfig":{"OnFailure":{"Destination":"arn:aws:sqs:us-east-1:123456789012:new-3"}}}');
INSERT INTO "settings" VALUES(4,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":604}');
INSERT INTO "settings" VALUES(5,'{"MaximumRetryAttempts":1,"MaximumEventAgeInSeconds":600}');
CREATE VIEW result AS
SELECT o.seq, (SELECT value FROM run WHERE key = 'source') || ':' || j.line AS source,
  coalesce(j.given, j.function) AS function_name, j.function,
  coalesce(j.qualifier, '$LATEST') AS qualifier, l.account_id, l.region,
  o.status, o.attempts, o.throttles, o.conflicts, o.http_status, o.error_code, o.error_message,
  o.request_id, o.started_at, o.duration_s, o.call_s, o.wait_s, s.api AS settings, o.config
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
