/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for addresses, asked and answered in batches.
 *
 * The interface is asynchronous: a request with the addresses of one module goes in, a reply with
 * their names comes out of symbolizer_run(), in any order. Whoever asks cannot tell whether the files
 * are parsed in this process or in another one. Each module is to be asked for once, with all its
 * addresses: a file is opened, read and forgotten per request.
 *
 * Requests are copied; the file descriptor is duplicated. A reply lives until the callback returns. No
 * name is ever invented: what is not found is NULL. Not thread-safe.
 */
#ifndef HEARTH_SYMBOLIZE_SYMBOLIZER_H
#define HEARTH_SYMBOLIZE_SYMBOLIZER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/code_look.h"
#include "symbolize/demangle.h"

enum symbol_space {
	SYMBOL_FILE,      /* addresses are file offsets in the ELF file `fd` */
	SYMBOL_KERNEL,    /* addresses are kernel addresses */
	SYMBOL_VDSO,      /* addresses are offsets from the start of the vdso */
	SYMBOL_MADE_CODE, /* addresses are of a process whose runtime tells of its code in files */
};

/* A file that grows while a runtime makes code. */
struct symbol_code_file {
	int fd;                        /* open for reading, -1: there is none */
	const struct code_look *looks; /* ascending; beyond the last one's size nothing is read */
	size_t look_count;
};

struct symbol_made_code {
	struct symbol_code_file dump; /* a jitdump */
	struct symbol_code_file map;  /* a perf map */
	uint64_t start_ns;            /* of the process, in the kernel's CLOCK_BOOTTIME */
	uint64_t deadline_ns;         /* CLOCK_MONOTONIC, 0: none */
};

/* Code came to the kernel, or went: which, does not matter (profiler/kernel_code.h). */
struct symbol_kernel_change {
	uint64_t start, size;
	uint64_t time_ns; /* the kernel's CLOCK_BOOTTIME */
	const char *name;
	const char *module; /* as /proc/kallsyms has it: "bpf" */
};

struct symbol_kernel_range {
	uint64_t start, size;
};

struct symbol_kernel_code {
	const struct symbol_kernel_change *changes; /* in any order */
	size_t count;
	uint64_t cut_ns; /* further ones may have come about from then on, UINT64_MAX: none */
	/* Of each asked address what the kernel says (kernel_word.h); NULL, or one of them NULL: it was not asked. */
	const char *const *words;
	const struct symbol_kernel_range
		*gone; /* where modules lay that are no more, or elsewhere */
	size_t gone_count;
};

/* One module's question. A caller is asked for by a byte of its call: the one behind may be another function's. */
struct symbol_request {
	uint64_t id; /* the asker's own, given back in the reply */
	enum symbol_space space;
	int fd;           /* SYMBOL_FILE: the file, open for reading; else -1 */
	const char *path; /* SYMBOL_FILE: where it was found, for a debug file beside it; or NULL */
	struct symbol_made_code made_code; /* SYMBOL_MADE_CODE */
	/* SYMBOL_KERNEL: what changed while the addresses were met, NULL: nothing. It is not copied. */
	const struct symbol_kernel_code *kernel_code;
	bool without_inlined; /* SYMBOL_FILE: inlined calls, files and lines are not asked for */
	bool without_lines;   /* SYMBOL_FILE: files and lines are not */
	bool are_virtual; /* SYMBOL_FILE: addresses are virtual ones, as the file numbers them; of a debug file whose program is gone */
	enum demangle_mode demangle;
	const uint64_t *addresses;
	size_t count;
};

struct symbol_name {
	const char *function; /* demangled as asked for, any bytes, not cleaned; NULL: unknown */
	const char *module;   /* SYMBOL_KERNEL: "kernel", the kernel module's name, NULL: in none */
	uint64_t offset;      /* of the address from the function's start */
	/* SYMBOL_FILE: where in the source it is executed, or calls what is inlined there; NULL: unknown. */
	const char *file;
	uint32_t line; /* 0: unknown */
	bool is_root;  /* a program or thread starts in it: nothing called it (roots.def) */
	/* SYMBOL_MADE_CODE, SYMBOL_KERNEL: what lay at the address after another time, and so on; the first name holds from 0 on. */
	uint64_t since_ns;               /* the kernel's CLOCK_BOOTTIME */
	const struct symbol_name *later; /* NULL: nothing else came */
	/* SYMBOL_FILE: the call that was inlined there into this function, and so on inwards; NULL: none. */
	const struct symbol_name *inlined;
};

/* Files that the worker reads names from stay open for the next question (elf_cache.h). */
struct symbol_file_use {
	uint64_t opened;     /* anew */
	uint64_t found;      /* open already */
	uint64_t closed;     /* to keep the ceiling */
	uint64_t kept_bytes; /* of memory, that what stayed open takes */
};

/*
 * Errors: -ENOEXEC: not an ELF file, or broken; -EOPNOTSUPP: of the other byte order; -EFBIG, -E2BIG: made
 * to be expensive; -EPERM: the kernel hides its addresses (kernel.kptr_restrict); for made code see
 * made_code.h. A file without symbols is no error.
 */
struct symbol_reply {
	uint64_t id;
	int error; /* why the whole module has no names: 0 or a negative errno, see below */
	int debug_file_error; /* why its debug file, which was found, gave none; 0: it did, or there was none */
	int debug_info_error; /* why there are no inlined calls, files and lines, though there is debugging information */
	const uint8_t *build_id; /* NULL: the file has none */
	size_t build_id_size;
	const struct symbol_name *names; /* `count` of them, in the order of the request */
	size_t count;
	uint64_t cpu_ns;              /* that another process took for it */
	struct symbol_file_use files; /* of that process */
};

typedef void (*symbol_reply_fn)(const struct symbol_reply *reply, void *context);

struct symbolizer_options {
	/* Folders with debug files, tried in order, as debug_file.h says; NULL at the end. */
	const char *const *debug_folders;
};

extern const char *const symbolizer_default_debug_folders[]; /* /usr/lib/debug */

struct symbolizer;

/* The folders of `options` live longer. NULL: out of memory. */
struct symbolizer *symbolizer_new(const struct symbolizer_options *options);
void symbolizer_free(struct symbolizer *symbolizer);

/* More addresses in one request are refused. */
#define SYMBOLIZER_MAX_ADDRESSES (1u << 20)

/* Queues a request: 0, -ENOMEM, -EMFILE, -E2BIG, or -EINVAL: there is no file where one is to be. */
int symbolizer_submit(struct symbolizer *symbolizer, const struct symbol_request *request);

/* Answers what is queued, calling `reply` once per request: 0, or -ENOMEM with the rest still queued. */
int symbolizer_run(struct symbolizer *symbolizer, symbol_reply_fn reply, void *context);

#endif
