# What tests/golden.test and tools/golden share: how golden recordings are made and judged. Read with . in the project's directory;
# `tick86` and `build` must be set.
# shellcheck shell=bash
manifest=traces/README.md

# Run a command in an empty directory, without environment; its output and errors go to the files $work/out and $work/err.
# Prints its exit status. A process that outlives the first one is waited for.
golden_run() { # WORD...
	{ # the shell's own word on a death by signal is not wanted
		{ (cd "$work/empty" && exec env -i PATH=/usr/bin:/bin LC_ALL=C "$build/tests/limit" 60 "$@" </dev/null 2>"$work/err"); echo $? >"$work/status"; } |
			cat >"$work/out"
	} 2>/dev/null
	cat "$work/status"
}

# What a recording's replay is known by: exit status, instructions, digest of what it prints.
golden_replay() { # TRACE
	local status
	status=$(golden_run "$tick86" replay "$1")
	printf '%s %s %s\n' "$status" "$("$tick86" stat "$1" | sed -n 's/^instructions *//p')" "$(cat "$work/out" "$work/err" | md5sum | cut -c1-16)"
}

# The executable that is kept for a program.
golden_executable() { # PROGRAM
	echo "traces/${1##*/}.elf"
}

# What a recording says that does not depend on the time.
golden_known() { # LEVEL TRACE
	tests/trace/calls.py "$tick86" "$1" "$2"
}

# Record PROGRAM, always under the same name and in the same directory, since guests see both. Prints its exit status.
golden_record() { # TRACE EXECUTABLE CLOCK ARG...
	local trace=$1 executable=$2 clock=$3
	shift 3
	cp "$executable" "$work/empty/program"
	golden_run "$tick86" record --log=error --cpu=x86-64-v2 -o "$trace" $clock -- ./program "$@"
	rm "$work/empty/program"
}
