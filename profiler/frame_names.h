/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What sampled addresses are called: groups them by module, asks once a module, and each process whose runtime
 * made code for its files, and makes a profile's frames of the names. An address of made code may have another
 * name at another time.
 */
#ifndef HEARTH_PROFILER_FRAME_NAMES_H
#define HEARTH_PROFILER_FRAME_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "profiler/code_sources.h"
#include "profiler/name_source.h"

struct aggregator;
struct kernel_words_source;
struct naming_costs;
struct profile;
struct unnamed_frames;
struct worker;

/* Of ticks whose time is not known: code that was replaced has no name then. */
#define FRAME_NAMES_NO_TIME UINT64_MAX

struct frame_names_sources {
	const struct aggregator *aggregator;
	struct code_sources code;
	/*
	 * The digits of the build-id of a file, NULL: not known. With it, addresses in files stay places (profile_add_unnamed()), and only what cannot be named later is
	 * named. NULL: all are named.
	 */
	const char *(*build_id_of)(void *context, uint64_t module);
	void *build_id_context;
	struct worker *worker; /* reads what belongs to others */
	struct kernel_words_source *kernel_words;
	struct name_source_debug_files debug_files;
	bool without_inlined, without_lines; /* symbol_request */
	enum demangle_mode demangle;
	struct naming_costs *costs; /* what naming took is added */
};

struct frame_names;

/* Names all addresses; aggregator, code sources and profile live longer. 0 or -ENOMEM. */
int frame_names_new(const struct frame_names_sources *sources, struct profile *profile,
		    struct frame_names **ret_names);
void frame_names_free(struct frame_names *names);

/*
 * The frame of an address (by its index in the aggregator) at a time; `ret_until_ns` is lowered to when it has another one. 0 or
 * -ENOMEM.
 */
int frame_names_at(struct frame_names *names, uint32_t address, uint64_t time_ns,
		   uint32_t *ret_frame, uint64_t *ret_until_ns);

/* The frames of the calls that were inlined there, the outermost first: they lie on top of its frame. */
const uint32_t *frame_names_inlined(const struct frame_names *names, uint32_t address,
				    size_t *ret_count);

/* Does a program or thread start there? */
bool frame_names_is_root(const struct frame_names *names, uint32_t address);

/* Is it a place, of which that is not known yet? */
bool frame_names_is_place(const struct frame_names *names, uint32_t address);

/* Counts frames without a name; `comm`: of their process, EVENT_COMM_SIZE bytes. */
void frame_names_tell_unnamed(const struct frame_names *names, uint32_t address, const char *comm,
			      uint64_t frames, struct unnamed_frames *unnamed);

#endif
