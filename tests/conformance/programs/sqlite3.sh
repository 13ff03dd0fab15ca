# sqlite3: a database, transactions, the write-ahead log, two at once.
is '5050' sqlite3 base 'create table t(n integer primary key, text); with recursive c(x) as (values(1) union all select x + 1 from c where x < 100) insert into t select x, hex(x) from c; select sum(n) from t'
is $'delete\n100' sqlite3 base 'pragma journal_mode = delete; select count(*) from t'
is 100 sqlite3 base 'begin; delete from t where n > 50; rollback; select count(*) from t'
is ok sqlite3 base 'pragma integrity_check'
is wal sqlite3 base 'pragma journal_mode = wal'
for i in 1 2 3 4; do sqlite3 -cmd '.timeout 20000' base "insert into t(text) values('$i'); insert into t(text) values('$i')" & done
wait
is 108 sqlite3 base 'select count(*) from t'
is 'ok' sqlite3 base 'pragma integrity_check'
is '' bash -c 'sqlite3 base .dump | sqlite3 other'
is 108 sqlite3 other 'select count(*) from t; '
is '' sqlite3 other 'vacuum'
