-- SQLite's job: fill, index, join, group, text functions; all in memory.
CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT, size INTEGER, kind INTEGER);
CREATE TABLE kind(id INTEGER PRIMARY KEY, title TEXT);
BEGIN;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)
INSERT INTO item SELECT i, printf('item-%05d', i * 7919 % 60000), i * i % 1009, i % 37 FROM n;
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 36)
INSERT INTO kind SELECT i, 'kind ' || char(65 + i % 26) || i FROM n;
COMMIT;
CREATE INDEX item_by_size ON item(size, kind);
SELECT title, count(*), sum(size), min(name), max(name) FROM item JOIN kind ON kind.id = item.kind
 GROUP BY title ORDER BY sum(size) DESC LIMIT 5;
SELECT size, count(*) AS n FROM item WHERE size BETWEEN 100 AND 400 GROUP BY size HAVING n > 60 ORDER BY n DESC, size LIMIT 5;
UPDATE item SET name = upper(substr(name, 1, 4)) || substr(name, 5) WHERE id % 3 = 0;
DELETE FROM item WHERE name LIKE '%9_3';
SELECT count(*), sum(length(name)), avg(size) FROM item WHERE name GLOB 'ITEM*';
SELECT a.id, b.id FROM item a JOIN item b ON a.size = b.size AND a.kind = b.kind AND a.id < b.id ORDER BY a.id DESC, b.id LIMIT 3;
PRAGMA integrity_check;
