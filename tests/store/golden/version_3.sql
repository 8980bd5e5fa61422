-- A database as version 3 of the schema wrote it: three writes into "users" and "cleared", then a
-- Clear of "cleared"; the last two are in the change log. The
-- lock "0::l" was last held with the token 12.
PRAGMA journal_mode = WAL;
BEGIN;
PRAGMA application_id = 1953658484;
PRAGMA user_version = 3;
CREATE TABLE trivet_versions (  id INTEGER PRIMARY KEY CHECK (id = 1),  newest INTEGER NOT NULL) STRICT;
CREATE TABLE trivet_namespaces (  id INTEGER PRIMARY KEY AUTOINCREMENT,  name BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE trivet_cleared (  namespace INTEGER PRIMARY KEY) STRICT;
CREATE TABLE trivet_rows (  id INTEGER PRIMARY KEY,  namespace INTEGER NOT NULL,  key BLOB NOT NULL,  version INTEGER NOT NULL,  expires_at INTEGER,  tags BLOB,  value BLOB NOT NULL,  UNIQUE (namespace, key)) STRICT;
CREATE INDEX trivet_rows_expiry ON trivet_rows (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE trivet_tags (  namespace INTEGER NOT NULL,  tag BLOB NOT NULL,  row INTEGER NOT NULL,  PRIMARY KEY (namespace, tag, row)) STRICT, WITHOUT ROWID;
CREATE TABLE trivet_changes (  id INTEGER PRIMARY KEY,  ticket INTEGER NOT NULL,  namespace BLOB NOT NULL,  kind INTEGER NOT NULL,  name BLOB NOT NULL,  version INTEGER NOT NULL,  logged_at INTEGER NOT NULL) STRICT;
CREATE INDEX trivet_changes_ticket ON trivet_changes (ticket);
CREATE TABLE trivet_fence (  name BLOB PRIMARY KEY,  max_token INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO trivet_versions VALUES (1, 3);
INSERT INTO trivet_namespaces VALUES (1, X'7573657273');
INSERT INTO trivet_cleared VALUES (2);
UPDATE sqlite_sequence SET seq = 2 WHERE name = 'trivet_namespaces';
INSERT INTO trivet_rows VALUES (1, 1, X'61', 1, 1893456000000, X'0372656405726F756E64', X'31');
INSERT INTO trivet_rows VALUES (2, 1, X'62', 2, NULL, NULL, X'');
INSERT INTO trivet_rows VALUES (3, 2, X'61', 3, NULL, NULL, X'33');
INSERT INTO trivet_tags VALUES (1, X'726564', 1);
INSERT INTO trivet_tags VALUES (1, X'726F756E64', 1);
INSERT INTO trivet_changes VALUES (1, 3000000000, X'636C6561726564', 1, X'61', 3, 1577836800000);
INSERT INTO trivet_changes VALUES (2, 7, X'636C6561726564', 4, X'', 0, 1577836800000);
INSERT INTO trivet_fence VALUES (X'303A3A6C', 12);
COMMIT;
