# The real jobs of tests/real.test and tests/replay.test, which read this file in its directory. `build` must be set.
# shellcheck shell=bash disable=SC2034
jobs="busybox lua python processes sqlite bash perl compress compile times python-times"
# Left out of the short form of tests/replay.test, as they take some seconds each.
slow_jobs="compress compile processes python-times perl sqlite"

# Sets `command`, and `input` for its standard input. Jobs whose output tells the time cannot be compared with a native run.
job() { # NAME
	input=/dev/null
	told_time=no
	case $1 in
	busybox) command=(/bin/busybox sh "$PWD/busybox.sh") ;;
	lua) command=(/usr/bin/lua5.4 "$PWD/lua.lua") ;;
	python) command=(/usr/bin/python3 "$PWD/library.py") ;;
	processes) command=(/usr/bin/python3 "$PWD/processes.py") ;;
	sqlite) command=(/usr/bin/sqlite3 data.db) input=$PWD/database.sql ;;
	bash) command=(/bin/bash "$PWD/shell.sh") ;;
	perl) command=(/usr/bin/perl "$PWD/words.pl") ;;
	compress) command=(/bin/bash "$PWD/compress.sh") ;;
	compile) command=(/bin/bash "$PWD/compile.sh") ;;
	times) command=("$build/guest/times") told_time=yes ;;
	python-times) command=(/usr/bin/python3 "$PWD/times.py") told_time=yes ;;
	*) return 1 ;;
	esac
}
