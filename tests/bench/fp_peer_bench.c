/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the frame-pointer profiler of fp_peer.bpf.c on every CPU, and prints the ticks that it took in the target by
 * the frames of their user stacks: `fp_peer_bench OBJECT PROGRAM PID HZ`, until SIGINT. A line a depth: frames, a tab, ticks; 0 frames:
 * no stack.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/bench/fp_peer.h"

struct peer {
	struct bpf_object *object;
	struct bpf_program *program;
	uint64_t depths[FP_PEER_MAX_FRAMES + 1];
};

static int set_target(struct peer *peer, uint32_t tgid)
{
	struct bpf_map *constants = bpf_object__find_map_by_name(peer->object, ".rodata");

	return constants ? bpf_map__set_initial_value(constants, &tgid, sizeof(tgid)) : -ENOENT;
}

static int load(struct peer *peer, const char *path, const char *name, uint32_t tgid)
{
	struct bpf_program *program;
	int err;

	peer->object = bpf_object__open_file(path, NULL);
	if (!peer->object)
		return -errno;
	peer->program = bpf_object__find_program_by_name(peer->object, name);
	if (!peer->program)
		return -ENOENT;
	bpf_object__for_each_program(program, peer->object)
		bpf_program__set_autoload(program, program == peer->program);
	err = set_target(peer, tgid);
	return err ? err : bpf_object__load(peer->object);
}

/* A CPU that is offline has no timer: left out, as hearth does. */
static int attach(struct peer *peer, unsigned long hz)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = 1000000000u / hz,
	};
	int cpu, fd, cpus = libbpf_num_possible_cpus();

	for (cpu = 0; cpu < cpus; cpu++) {
		fd = (int)syscall(SYS_perf_event_open, &attributes, -1, cpu, -1,
				  PERF_FLAG_FD_CLOEXEC);
		if (fd < 0 && errno == ENODEV)
			continue;
		if (fd < 0)
			return -errno;
		if (!bpf_program__attach_perf_event(peer->program, fd)) /* lives as long as we */
			return -errno;
	}
	return 0;
}

static unsigned int depth_of(int stacks, int32_t id)
{
	uint64_t frames[FP_PEER_MAX_FRAMES] = { 0 };
	unsigned int depth = 0;

	if (id < 0 || bpf_map_lookup_elem(stacks, &id, frames))
		return 0;
	while (depth < FP_PEER_MAX_FRAMES && frames[depth])
		depth++;
	return depth;
}

static void read_counts(struct peer *peer)
{
	int counts = bpf_object__find_map_fd_by_name(peer->object, "counts");
	int stacks = bpf_object__find_map_fd_by_name(peer->object, "stacks");
	struct fp_peer_key key, *last = NULL;
	uint64_t ticks;

	while (!bpf_map_get_next_key(counts, last, &key)) {
		if (!bpf_map_lookup_elem(counts, &key, &ticks))
			peer->depths[depth_of(stacks, key.user_stack)] += ticks;
		last = &key;
	}
}

static int read_depths(struct peer *peer)
{
	uint32_t zero = 0;

	return bpf_map_lookup_elem(bpf_object__find_map_fd_by_name(peer->object, ".bss"), &zero,
				   peer->depths);
}

static int run(struct peer *peer, char **arguments, const sigset_t *ending)
{
	uint32_t tgid = (uint32_t)strtoul(arguments[2], NULL, 10);
	unsigned int depth;
	int number, err = load(peer, arguments[0], arguments[1], tgid);

	if (!err)
		err = attach(peer, strtoul(arguments[3], NULL, 10));
	if (err)
		return err;
	sigwait(ending, &number);
	if (!strcmp(arguments[1], "walk_only"))
		err = read_depths(peer);
	else
		read_counts(peer);
	for (depth = 0; depth <= FP_PEER_MAX_FRAMES; depth++)
		if (peer->depths[depth])
			printf("%u\t%llu\n", depth, (unsigned long long)peer->depths[depth]);
	return err;
}

int main(int argc, char **argv)
{
	struct peer peer = { 0 };
	sigset_t ending;
	int err;

	if (argc != 5) {
		fprintf(stderr, "usage: fp_peer_bench OBJECT PROGRAM PID HZ\n");
		return 2;
	}
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigprocmask(SIG_BLOCK, &ending, NULL);
	err = run(&peer, argv + 1, &ending);
	if (err)
		fprintf(stderr, "fp_peer_bench: %s\n", strerror(-err));
	bpf_object__close(peer.object);
	return err ? 1 : 0;
}
