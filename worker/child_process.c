/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/child_process.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"

#define ROOM_BYTES (16 << 20)

/* The loader's path, without which hearth might not run at all, and nothing else. */
static void make_environment(char *to, size_t size, char **environment)
{
	const char *path = getenv("LD_LIBRARY_PATH");

	snprintf(to, size, "LD_LIBRARY_PATH=%s", path ? path : "");
	environment[0] = path ? to : NULL;
	environment[1] = NULL;
}

static int spawn(char *const *arguments, int socket, pid_t *ret_pid)
{
	char path[4096], *environment[2];
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int error;

	sigemptyset(&none);
	sigfillset(&all);
	make_environment(path, sizeof(path), environment);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
						      POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	error = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
	if (!error)
		error = posix_spawn(ret_pid, "/proc/self/exe", &actions, &attributes, arguments,
				    environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return -error;
}

/*
 * Room for most of what it says, so that on a busy machine the two need not take turns; without the privilege, as much as
 * there is.
 */
static void widen(int socket)
{
	const int bytes = ROOM_BYTES;

	if (setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

int child_process_start(char *const *arguments, int socket_type, int *ret_socket, pid_t *ret_pid)
{
	_cleanup_close_ int inside = -1;
	_cleanup_close_ int outside = -1;
	int sockets[2], error;

	if (socketpair(AF_UNIX, socket_type | SOCK_CLOEXEC, 0, sockets))
		return -errno;
	outside = sockets[0];
	inside = sockets[1];
	widen(inside);
	error = spawn(arguments, inside, ret_pid);
	if (!error)
		*ret_socket = take_fd(&outside);
	return error;
}

uint64_t child_process_cpu_ns(pid_t pid)
{
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(pid, &clock) || clock_gettime(clock, &used))
		return 0;
	return (uint64_t)used.tv_sec * 1000000000u + (uint64_t)used.tv_nsec;
}

uint64_t child_process_rss_peak_bytes(pid_t pid)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	if (buffer_read_file(&text, path, 64 * 1024) || !buffer_string(&text))
		return 0;
	line = strstr(text.data, "VmHWM:");
	return line ? strtoull(line + strlen("VmHWM:"), NULL, 10) * 1024 : 0;
}

void child_usage_add(struct child_usage *usage, pid_t pid)
{
	uint64_t peak = child_process_rss_peak_bytes(pid);

	usage->cpu_ns += child_process_cpu_ns(pid);
	if (peak > usage->rss_peak_bytes)
		usage->rss_peak_bytes = peak;
}
