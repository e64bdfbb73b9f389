#!/bin/busybox sh
# SPDX-License-Identifier: Apache-2.0
#
# The first and only program of the guest that boot.py builds: runs each case and keeps what it said, sends all of it to
# the host through the second serial port, and powers off. It judges nothing: facts.py does, on the host.
#
# A case is a folder in /results: its standard output and error, its exit status, and the files that it wrote.

PATH=/bin
export PATH
/bin/busybox --install -s /bin

mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t debugfs debugfs /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t tmpfs tmpfs /tmp
ip link set lo up
dmesg -n 1 # what the kernel has to say stands in dmesg's own case

run() # CASE COMMAND...
{
	name=$1
	shift
	mkdir -p "/results/$name"
	cd "/results/$name" || return
	"$@" >stdout 2>stderr </dev/null
	echo $? >status
	cd /
	echo "case $name: exit status $(cat "/results/$name/status")"
}

record() # CASE ARGUMENTS...
{
	name=$1
	shift
	run "$name" hearth record -F 199 --stats stats.json -o out.folded "$@"
}

# Which programs and maps are in the kernel now.
bpf_objects()
{
	bpftool -j prog show >programs.json
	bpftool -j map show >maps.json
}

# Killed in the middle of a recording; what is there before that is kept, so that the test knows it looked.
kill_recorder()
{
	hearth record -a -d 100 -o killed.folded &
	recorder=$!
	tries=0
	until bpftool prog show | grep -q 'name tick'; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] && kill -0 "$recorder" || return 1
		usleep 100000
	done
	bpf_objects
	kill -9 "$recorder"
	wait "$recorder"
	return 0
}

# The kernel frees programs and, some time after those, their maps. Nobody else in this guest has any.
look_for_what_is_left()
{
	tries=0
	while bpf_objects && [ "$tries" -lt 100 ]; do
		grep -q '"id"' programs.json maps.json || return 0
		tries=$((tries + 1))
		usleep 100000
	done
}

in_cgroup() # COMMAND...
{
	mkdir -p /sys/fs/cgroup/outer/inner
	sh -c 'echo 0 >/sys/fs/cgroup/outer/inner/cgroup.procs; exec "$@"' sh "$@" &
	hearth record -F 199 -d 2 --cgroup /sys/fs/cgroup/outer --stats stats.json -o out.folded
	status=$?
	kill $!
	return "$status"
}

# Processes that are gone, each in its group from its first tick on, before anybody can look at them.
short_in_cgroup() # TIMES COMMAND...
{
	mkdir -p /sys/fs/cgroup/outer/inner
	hearth record --comm recursion -F 199 --by cgroup --stats stats.json -o out.folded -- sh -c '
		for i in $(seq "$0"); do
			sh -c "echo 0 >/sys/fs/cgroup/outer/inner/cgroup.procs; exec \"\$@\"" sh "$@"
		done' "$@"
}

# The whole machine, in which one program works.
beside() # COMMAND...
{
	"$@" &
	hearth record -a -F 199 -d 2 --stats stats.json -o out.folded
	status=$?
	kill $!
	return "$status"
}

# One program before and after its file's change time changed: two keys of one module.
changed='/programs/static chain 0.3; chmod 700 /programs/static; /programs/static chain 0.3'
unchanged='/programs/static chain 0.3; chmod --help 2>/dev/null; /programs/static chain 0.3'

# More files than hearth may have open, as long as it is not root that may.
few_files()
{
	ulimit -n 257
	hearth record -F 199 --stats stats.json -o out.folded -- sh -c "ulimit -Hn; $unchanged"
}

# /proc/kallsyms shows zeros, as with kernel.kptr_restrict=2; it does not know of whom it hides them here.
hidden() # COMMAND...
{
	sed 's/^[0-9a-f]*/0000000000000000/' /proc/kallsyms >/tmp/kallsyms
	mount --bind /tmp/kallsyms /proc/kallsyms
	"$@"
	status=$?
	umount /proc/kallsyms
	return "$status"
}

# The program that asks the kernel for names is not taken by it.
unloaded() # COMMAND...
{
	LD_PRELOAD=/programs/kernel_asked.so UNLOADED=22 "$@"
}

syscalls='hearth record -F 199 --stats stats.json -o out.folded -- /samples/syscalls 1'

# How this kernel has the sequence of an mm's mappings, by its own words.
show_sequence()
{
	bpftool btf dump file /sys/kernel/btf/vmlinux format c | grep 'mm_lock_seq;' || echo none
}

run kernel uname -r
run sequence show_sequence
run doctor hearth doctor
run doctor_json hearth doctor --json
run load hearth record -v -a -d 0.1 -o out.folded
record shares_70_30 -- /samples/shares_70_30 2
record recursion -- /samples/recursion 2
record syscalls -- /samples/syscalls 2
record threads -- /samples/threads 2
record fork_storm -- /samples/fork_storm 3
record static -- /programs/static chain 2
record signal -- /programs/plain signal 2
record alternating -- /programs/first 150 /programs/first /programs/second /programs/third
record verify --verify -- /samples/shares_70_30 2
record growing_stack --verify -- /programs/growing_stack 2
record change_time -- sh -c "$changed"
record no_change -- sh -c "$unchanged"
run few_files few_files
run cgroup in_cgroup /samples/shares_70_30 1000
run short_cgroup short_in_cgroup 30 /samples/recursion 0.1
run machine beside /samples/shares_70_30 1000
run hidden_doctor hidden hearth doctor --json
run hidden_names hidden $syscalls
run unloaded_names unloaded $syscalls
run unloaded_hidden_names hidden unloaded $syscalls
run killed kill_recorder
run left look_for_what_is_left
run dmesg dmesg

echo "cases: done"
stty -F /dev/ttyS1 raw
tar -c -C /results . | gzip >/dev/ttyS1
poweroff -f
