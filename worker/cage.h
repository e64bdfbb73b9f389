/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cage: what a process gives up before it parses bytes that somebody else controls.
 *
 * Whoever takes such a process over through a broken parser finds
 *
 *  - a user and a group that nobody else has: CAGE_FIRST_ID + its PID. The range is free by the conventions of systemd
 *    (UIDS-GIDS), of subordinate IDs and of SSSD, and no two processes of a machine have the same one at a time;
 *  - no capability, none in the bounding set, and no way to get any (no_new_privs);
 *  - an empty directory as root, read-only and searchable by nobody, in a mount namespace of its own; a network and
 *    IPC of its own, too, with nothing in them;
 *  - no descriptor but standard input, which is its socket, /dev/null as standard output and error, and perhaps some to read from;
 *  - the system calls of cage_calls.def, any other one fails: no open, socket, fork, exec, kill, ptrace;
 *  - limits of memory (data and anonymous pages; mapped files do not count, but nothing can be mapped shared), of CPU
 *    time, of processes and threads (none; a renderer may have one thread more), of files written (no byte) and of descriptors; no core file.
 *
 * The opener (opener.h) has another one, for it opens the files of others: it keeps the root and the mounts that hearth has,
 * the capabilities without which /proc/PID/map_files and others' files are closed (CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE,
 * CAP_DAC_READ_SEARCH), and the system calls of opener_calls.def beside those above. All else it has given up as well: as a user that owns
 * nothing it can read every file, and write none but those that everybody may write.
 *
 * The front (profiler/front.h) serves clients: of the files it keeps one folder, the store, which is its root and read-only, it has some threads, and the system calls of front_calls.def: it can take
 * connections of a socket that was handed in, and make none. Where not everybody may read the folder it is in the folder's group, and in no other.
 *
 * Each is not dumpable, so that no process of another user can look into it, and it ends with the thread that started it.
 */
#ifndef HEARTH_WORKER_CAGE_H
#define HEARTH_WORKER_CAGE_H

#include <stddef.h>
#include <stdint.h>

#define CAGE_FIRST_ID        2100000000u /* up to 2104194304: PIDs have 22 bits */
#define CAGE_MAX_DESCRIPTORS 64
#define CAGE_SOCKET          0 /* where the one descriptor of use is found inside */
#define CAGE_INPUT           3 /* and the first of the files that are read from; the others follow it */
#define CAGE_MAX_INPUTS      256

enum cage_kind {
	CAGE_OF_READER, /* as above */
	CAGE_OF_OPENER,
	CAGE_OF_RENDERER, /* a reader's, for a process that may have one thread more, of thread_calls.def */
	CAGE_OF_FRONT,
};

struct cage_limits {
	uint64_t data_bytes; /* data, heap and anonymous pages */
	uint64_t
		cpu_seconds; /* at which the kernel kills: a backstop, for whoever started it counts, too */
	enum cage_kind kind;
	uint64_t file_bytes; /* of a file in memory that the opener makes; others have none */
	const int *inputs;   /* open for reading */
	size_t input_count;  /* CAGE_MAX_INPUTS at most */
	/* Of the front alone. */
	const char *root;     /* the folder that it keeps */
	unsigned int threads; /* with the first one */
	unsigned int descriptors;
};

/*
 * Puts this process, of one thread and with the privileges for all that, into the cage. 0, or -errno and what failed,
 * in words for the user: the process is then half inside and must end.
 */
int cage_enter(int socket, const struct cage_limits *limits, const char **ret_failed);

#endif
