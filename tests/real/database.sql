-- A database in a file: transactions, indexes, triggers, views, window functions, text search by pattern, JSON.
PRAGMA journal_mode = WAL;
CREATE TABLE person(id INTEGER PRIMARY KEY, name TEXT NOT NULL, born INTEGER, pay REAL);
CREATE TABLE log(what TEXT, id INTEGER);
CREATE TRIGGER added AFTER INSERT ON person WHEN new.id % 500 = 0 BEGIN INSERT INTO log VALUES('added', new.id); END;
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
INSERT INTO person SELECT i, printf('%s %04x', substr('AnnaBertCarlDora', i % 4 * 4 + 1, 4), i * 7919 % 65536), 1950 + i % 60, i * 1.25 FROM n;
COMMIT;
CREATE INDEX person_by_name ON person(name);
CREATE VIEW old AS SELECT * FROM person WHERE born < 1960;
SELECT count(*), min(name), max(pay), total(pay) FROM old;
SELECT name, pay, rank() OVER (PARTITION BY born ORDER BY pay DESC) AS r FROM person WHERE born = 1977 ORDER BY r LIMIT 3;
SELECT what, group_concat(id) FROM log GROUP BY what;
BEGIN; DELETE FROM person; SELECT count(*) FROM person; ROLLBACK; SELECT count(*) FROM person;
UPDATE person SET pay = pay * 1.1 WHERE name LIKE 'Bert%';
SELECT substr(name, 1, 4) AS first, count(*), round(avg(pay), 4) FROM person GROUP BY first;
SELECT json_group_array(json_object('id', id, 'born', born)) FROM (SELECT * FROM person WHERE name GLOB 'Dora f*' ORDER BY id LIMIT 3);
SELECT hex(zeroblob(4)), quote('it''s'), strftime('%Y-%m-%d', 1700000000, 'unixepoch'), 1 / 3.0, 9223372036854775807 + 1;
EXPLAIN QUERY PLAN SELECT * FROM person WHERE name = 'x';
DELETE FROM person WHERE id % 2; VACUUM; PRAGMA integrity_check; SELECT count(*) FROM person;
INSERT INTO person VALUES(2, 'again', 1, 1);
