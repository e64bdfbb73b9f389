/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the runtimes of sampled processes tell what the code is that they made: /tmp/perf-PID.map (symbolize/perf_map.h),
 * in the process's own file system and under its PID in its own namespace, and a jitdump (jit_dump_file.h).
 *
 * A process's root, or the folder in it, is held from its first tick in such code on, so that the map can be opened when the process has
 * ended; the jitdump is opened as soon as it is mapped. Both are looked at while they grow, which tells when what is in them was
 * written; they are read late, when they hold most. All of it with care, for /tmp is everybody's: no
 * link of it leads out of that root, the last part is no link, only a regular file is opened, it belongs to the
 * process's user or root, and what was written before the process began is another one's.
 *
 * Nothing is touched that may never answer. Of /tmp a descriptor is held, once its mount is known to be of a file system that does (file_mount.h), and
 * maps are looked for in that folder alone. Any other is left to the opener at the end, and so is a jitdump, of which a descriptor
 * that is only found (O_PATH) is held. These are not looked at while they grow.
 */
#ifndef HEARTH_PROFILER_JIT_MAPS_H
#define HEARTH_PROFILER_JIT_MAPS_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/events.h"

struct opener;
struct symbol_made_code;

/* Each holds two descriptors; the code of further processes has no names. */
#define JIT_MAPS_MAX 128

/* How far the kernel's clocks are ahead of ours, in a time namespace. */
struct jit_maps_clocks {
	uint64_t boottime_ahead_ns, monotonic_ahead_ns;
};

struct jit_maps;

struct jit_maps *jit_maps_new(struct jit_maps_clocks clocks); /* NULL: out of memory */
void jit_maps_free(struct jit_maps *maps);

/* To be told while the process lives; again is no harm. */
void jit_maps_note(struct jit_maps *maps, const struct process_event *process);

/* Looks how the files have grown. To be called a few times a second. */
void jit_maps_look(struct jit_maps *maps);

/* Gives back what is held of processes that had ended when it was called before: of their code nothing is asked any more. Without memory it stays. */
void jit_maps_forget_ended(struct jit_maps *maps);

/* Is the process's root held? */
bool jit_maps_has(const struct jit_maps *maps, const struct process_event *process);

/*
 * Looks once more, and opens what there is, by the opener (NULL: not at all) where that may not answer: 0, or -ENOENT: nothing that may be believed. The map's descriptor is the caller's to
 * close; all else stays with `maps`, until the next look.
 */
int jit_maps_open(struct jit_maps *maps, const struct process_event *process, struct opener *opener,
		  struct symbol_made_code *ret_code);

#endif
