/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The opener, seen from hearth: a process that opens the files which an open may wait for without end, those on FUSE and network file systems, and
 * those of which nobody knows before whether they lie on one.
 *
 * There no call is safe: to open, to map, to stat, to read and even to close a file asks somebody who need not answer, and a process that waits for FUSE
 * does not die of SIGKILL before that answer or the server's end. So hearth never has a descriptor of such a file. The
 * opener finds it (file_ways.h), maps it, asks the kernel side whether it is the module that is meant, and hands over a copy in memory that
 * nobody can change any more (memfd_create(2), all seals). What is no module is found by a path or a descriptor, and
 * handed over itself, open for reading, where its file system always answers. An opener that is silent for too long is sent SIGKILL and left to itself, another one takes its place, and of
 * that device nothing is opened any more: one stuck process a device, and no more than OPENER_MAX_SILENT for one user, so that what one mounts costs others nothing.
 *
 * The opener is hearth itself under another name, in a cage of its own (cage.h), started with the first question. Questions are answered one after the other and later on; no
 * call here waits, but for the start of a process (a millisecond or two), and opener_open(). One thread at a time, see
 * opener_take_over(); opener_read_usage() is for any.
 */
#ifndef HEARTH_WORKER_OPENER_H
#define HEARTH_WORKER_OPENER_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/child_process.h"
#include "worker/file_ways.h"

#define OPENER_MAX_COPY_BYTES (64u << 20)  /* of a file */
#define OPENER_MAX_FILE_BYTES (512u << 20) /* of one that is no module */
#define OPENER_MAX_WAITING    256          /* questions */
#define OPENER_MAX_SILENT     8  /* devices of one user; then nothing of his is opened any more */
#define OPENER_MAX_SILENT_ALL 64 /* of all; then nothing is */
#define OPENER_COPY_SEALS     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* Of one question. A copy that goes on slowly has until the second. */
#define OPENER_SILENCE_MS 1000
#define OPENER_TOTAL_MS   10000

struct opener_options {
	char *const *arguments; /* of this program, as opener; they live longer */
	int program; /* of bpf/sample.bpf.c: identify; it lives longer. -1: none; modules are not asked for */
	uint32_t silence_ms, total_ms;
	/* How opener_open() waits until the descriptor is readable: 0, or an error, and from then on it waits for nothing. NULL: by poll(2). */
	int (*wait)(int fd);
};

/* Whose devices may be silent besides a UID's: debug folders are nobody's, and what lies beside programs is anybody's. */
#define OPENER_USER_FOLDERS (1ull << 32)
#define OPENER_USER_BESIDE  (OPENER_USER_FOLDERS + 1)

/* No link leads out of the folder, nor is its last part one. */
enum opener_what {
	OPENER_MODULE,
	OPENER_FILE,          /* place.path, as it is */
	OPENER_FILE_NO_LINKS, /* place.path, in which no part is a link */
	OPENER_FILE_BELOW,    /* place.path, in the folder `from` */
	OPENER_FILE_ITSELF,   /* `from` */
};

struct opener_request {
	uint64_t id; /* the caller's, comes back */
	enum opener_what what;
	int from;        /* only found (O_PATH); open until the answer */
	uint64_t module; /* that the kernel side must see in the file; of a module */
	uint64_t size;   /* of it; of a module */
	uint64_t device; /* what fails together: the super block's */
	uint64_t
		user; /* who makes it fail, if it does: the UID of whoever uses the file, or one of the above */
	struct file_place place;
	bool is_named;     /* by a file: what may not be is -EACCES (file_owner_may_name()) */
	uint32_t named_by; /* whose file that is */
};

struct opener_answer {
	uint64_t id;
	int error;
	int fd;       /* the caller's to close; -1 with an error */
	bool is_copy; /* always of a module */
	/* Of a file that is no module. */
	uint32_t owner;
	uint64_t written_ns;
};

struct opener;

/* 0 or -errno; no process is started yet. */
int opener_new(const struct opener_options *options, struct opener **ret_opener);

/* The process ends with it. NULL is fine. */
void opener_free(struct opener *opener);

/* Becomes readable when opener_take() is to be called. */
int opener_fd(const struct opener *opener);

/*
 * Asks for a file: 0: an answer will come; -EFBIG: it is too large; -EWOULDBLOCK: its device did not answer before, nothing is opened any more,
 * or too many wait; -ENOMEM. Then opener_take() is to be called.
 */
int opener_ask(struct opener *opener, const struct opener_request *request);

/*
 * The next answer, if there is one. Errors are the file's own, that of the last way that led somewhere (-ESTALE: it is not the module); -ETIMEDOUT: nobody answered; -EPIPE, -EBADMSG: the opener
 * died or answered garbage; -EWOULDBLOCK as above, or it cannot be shut in.
 */
bool opener_take(struct opener *opener, struct opener_answer *ret_answer);

/* Asks an opener that is idle, and waits: 0 and an answer, or an error of either call above; -ECANCELED: opener_interrupt(), or so says options.wait. */
int opener_open(struct opener *opener, const struct opener_request *request,
		struct opener_answer *ret_answer);

/* From any thread: what is waited for, or will be, by opener_open() comes to nothing, until opener_take_over(). */
void opener_interrupt(struct opener *opener);

/*
 * This thread asks from now on an opener that is idle: a process that another one started would end with that one, and is
 * replaced.
 */
void opener_take_over(struct opener *opener);

/* Is everything answered? */
bool opener_is_idle(const struct opener *opener);

/* What failed when it could not be shut in, for the user, and -errno; empty and 0: nothing. Lives as long as the opener. */
const char *opener_failed(const struct opener *opener, int *ret_error);

void opener_read_usage(struct opener *opener, struct child_usage *ret_usage);

#endif
