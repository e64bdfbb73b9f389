#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# `sudo make demo`: keeps this machine busy with programs of several kinds for some ten seconds, profiles
# all of it, and leaves demo.svg in the project's folder.
#
#   samples/demo.sh OUTPUT     the folder of the build, .output
set -eu
cd "$(dirname "$0")/.."

output=${1:-.output}
hearth=$output/hearth
picture=demo.svg
seconds=8

if [ "$(id -u)" != 0 ]; then
	echo 'demo: profiling the whole machine needs root: sudo make demo' >&2
	exit 3
fi

work=$(mktemp -d)
programs='' loops='' # only what this script started, by PID

# A loop's own child is not ours to end: the loop is told to stop, and waited for.
clean_up()
{
	rm -f "$work/go_on"
	for child in $programs; do
		kill "$child" 2>/dev/null || :
	done
	for child in $programs $loops; do
		wait "$child" 2>/dev/null || :
	done
	rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# A sample counts its own CPU time, and ends by itself.
start_sample()
{
	[ -x "$output/samples/$1" ] || return 0
	"$output/samples/$1" "$2" >/dev/null &
	programs="$programs $!"
}

# The same command again and again, until told to stop or enough.
start_loop()
{
	(
		round=0
		while [ -e "$work/go_on" ] && [ "$round" -lt 100 ]; do
			"$@" >/dev/null 2>&1 || break
			round=$((round + 1))
		done
	) &
	loops="$loops $!"
}

echo "demo: profiling everything on this machine for $seconds s, under a load of samples and a compiler ..."
: >"$work/go_on"
start_loop cc -O2 -c -D_GNU_SOURCE -o "$work/compiled.o" samples/threads.c
start_loop /usr/bin/python3 -c 'import json
for _ in range(20):
    json.dumps({str(i): [i] * 20 for i in range(2000)}, indent=1)'
start_sample shares_70_30 2
start_sample recursion 1
start_sample threads 2
start_sample fork_storm 2
start_sample syscalls 2
start_sample dlopen 1
start_sample templates 1
start_sample generics 1
start_sample goroutines 1

status=0
"$hearth" record -a -F 99 -d "$seconds" -o "$picture" || status=$?
[ "$status" = 0 ] || exit "$status"

# sudo's user gets what they asked for.
if [ -n "${SUDO_UID:-}" ]; then
	chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$picture"
fi

cat <<WORDS

demo: this machine's last $seconds seconds are in $PWD/$picture
      Open it in a browser: click a frame to zoom, / to search, ? for the rest.
Next: sudo $hearth record -a -o out.svg              until Ctrl-C
      sudo $hearth record -p PID -d 10 -o out.svg    one process
      sudo $hearth record -o out.svg -- COMMAND      a program from its first instruction
      $hearth --help                                 the rest
WORDS
