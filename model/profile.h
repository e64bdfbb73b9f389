/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile in memory: what readers and the recorder build and renderers draw.
 *
 * Stacks are a tree of shared prefixes. Node 0 is the root ("all"), its children are usually
 * processes, and each node's own value counts the ticks whose stack ends there. Nodes, frames and
 * strings are interned and known by dense ids, so that nothing is allocated per tick. A node knows its parent alone: whoever walks down
 * sorts out first which nodes it wants (stack_children.h).
 *
 * Values are ticks. A profile owns everything that it is given (bytes are copied). Ids stay valid until the
 * profile is freed; pointers from the getters only until the next call that adds. Not thread-safe:
 * one thread at a time.
 *
 * What became of the ticks is in the tree itself: a marker frame "[truncated:REASON]" or
 * "[lost:REASON]" below the process heads the ticks that ended so. profile_fates() adds them up, so a
 * profile that was written and read again still tells. See fates.h.
 *
 * Whoever wants the single samples (by thread, by time, or values besides ticks) asks for them before anything is added: then each one
 * is kept (samples.h) besides being counted in its node, and of each node the first values of its samples add up to its own.
 */
#ifndef HEARTH_MODEL_PROFILE_H
#define HEARTH_MODEL_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
#define FRAME_KIND(constant, name, suffix, meaning) constant,
#include "model/frame_kind.def"
#undef FRAME_KIND
	FRAME_KIND_COUNT,
	/* On the way into a store alone, whose reader resolves them: no renderer meets one. */
	FRAME_UNNAMED =
		FRAME_KIND_COUNT, /* it has a place, and may be named later: profile_place() */
	FRAME_UNLESS_ROOT, /* a marker that holds unless the function below it proves to be a root */
};

const char *frame_kind_name(enum frame_kind kind);
const char *frame_kind_suffix(enum frame_kind kind); /* what folded stacks append, "" for none */

#define PROFILE_ROOT 0u /* the node that every stack hangs from */
#define PROFILE_NONE UINT32_MAX

/* A frame: interned, so equal frames have equal ids. */
struct frame {
	uint32_t name;   /* string id */
	uint32_t module; /* string id of the file's base name, or PROFILE_NONE */
	enum frame_kind kind;
	uint32_t file; /* string id of the source file's path, or PROFILE_NONE */
	union {
		uint32_t line;  /* in it; 0: unknown */
		uint32_t place; /* of FRAME_UNNAMED: the profile's number of it */
	};
};

/* Where the code of a frame lies that has no name yet. */
struct frame_place {
	uint64_t offset;   /* in the file */
	uint32_t module;   /* string id of the file's base name, or PROFILE_NONE */
	uint32_t build_id; /* string id of the digits of the file's build-id, or PROFILE_NONE */
};

/* One of which nothing else is known; its name follows. */
static inline struct frame frame_of_kind(enum frame_kind kind)
{
	return (struct frame){ .module = PROFILE_NONE, .kind = kind, .file = PROFILE_NONE };
}

/* A node of the stack tree. Its id is greater than its parent's; of two children, the one that came first has the smaller one. */
struct stack_node {
	uint32_t parent; /* PROFILE_NONE for the root */
	uint32_t frame;  /* PROFILE_NONE for the root */
	uint64_t self;   /* ticks that ended exactly here */
};

/* All ticks and their fates, where some were taken out (shape.h); due 0: none were. */
struct profile_before {
	uint64_t due, truncated, lost;
};

/* Where a profile comes from; NULL and 0 where it is not known. Strings are the profile's own. */
struct profile_origin {
	char *command;         /* what was profiled, as the user would say it */
	char *machine;         /* host name */
	uint64_t time_unix_ns; /* start, wall clock */
	uint64_t duration_ns;
	uint64_t rate_hz;
	char *event;          /* "cpu-clock", "cycles" */
	bool fates_are_known; /* the recorder accounts for every tick, or markers were read */
	struct profile_before before;
};

/* A kind of value: what is counted and in which unit, "samples" in "count"; string ids. */
struct value_type {
	uint32_t name, unit;
};

#define PROFILE_VALUES_MAX 32

struct profile;
struct label_set;
struct sample;
struct samples;
struct stack_tree;

struct profile *profile_new(void); /* NULL: out of memory */
void profile_free(struct profile *profile);
void profile_swap(struct profile *a, struct profile *b); /* what they hold */

/* Interns a string: 0 or -ENOMEM. */
int profile_intern(struct profile *profile, const char *bytes, size_t size, uint32_t *ret_string);
const char *profile_string(const struct profile *profile, uint32_t string, size_t *ret_size);
uint32_t profile_string_count(const struct profile *profile);
/* Of a string of `from` the one of `profile`; PROFILE_NONE stays: 0 or -ENOMEM. */
int profile_copy_string(struct profile *profile, const struct profile *from, uint32_t *string);

/* Interns a frame: 0 or -ENOMEM. */
int profile_add_frame(struct profile *profile, struct frame frame, uint32_t *ret_frame);
/* The same from terminated strings; `module` NULL: none. */
int profile_add_named(struct profile *profile, const char *name, const char *module,
		      enum frame_kind kind, uint32_t *ret_frame);
/* With its place in the source; `file` NULL: unknown. */
int profile_add_placed(struct profile *profile, const char *name, const char *module,
		       enum frame_kind kind, const char *file, uint32_t line, uint32_t *ret_frame);
/* A frame of kind FRAME_UNNAMED; module and build-id NULL: unknown. */
int profile_add_unnamed(struct profile *profile, const char *module, const char *build_id,
			uint64_t offset, uint32_t *ret_frame);
/* The same from its place. */
int profile_add_place(struct profile *profile, struct frame_place place, uint32_t *ret_frame);
/* If it is there already. */
bool profile_find_unnamed(const struct profile *profile, const char *module, const char *build_id,
			  uint64_t offset, uint32_t *ret_frame);
const struct frame_place *profile_place(const struct profile *profile, uint32_t frame);
const struct frame *profile_frame(const struct profile *profile, uint32_t frame);
uint32_t profile_frame_count(const struct profile *profile);

/* Room for so many branches of the tree, so that adding them moves nothing: 0 or -ENOMEM. A hint; more may come. */
int profile_reserve_branches(struct profile *profile, uint32_t branches);

/* Its stacks are complete: memory that only adding needs is given back, and taken again should one be added nevertheless. */
void profile_settle(struct profile *profile);

/* For stack_batch.h. */
struct stack_tree *profile_tree(struct profile *profile);

/* The child of `parent` for `frame`, made if it is not there: 0 or -ENOMEM. */
int profile_add_child(struct profile *profile, uint32_t parent, uint32_t frame, uint32_t *ret_node);
/* The same of one that is known not to be there, which is not looked for. */
int profile_append_child(struct profile *profile, uint32_t parent, uint32_t frame,
			 uint32_t *ret_node);
const struct stack_node *profile_node(const struct profile *profile, uint32_t node);
const struct stack_node *profile_nodes(const struct profile *profile); /* all, by ID */
uint32_t profile_node_count(const struct profile *profile); /* parents come before children */
/* Are the nodes in the order of a walk from the root, as those of a profile are that was written in it? */
bool profile_has_walk_order(const struct profile *profile);

/* Adds ticks that ended at `node`: 0, or -EOVERFLOW if the profile's total would pass 2^63 - 1. */
int profile_add_ticks(struct profile *profile, uint32_t node, uint64_t ticks);
uint64_t profile_total(const struct profile *profile); /* sum of all self values */

/*
 * The kinds of its values, the first of which the nodes count; 0 of them: samples in count. To be said before anything is counted: 0, or -EINVAL
 * (too late, none, or more than PROFILE_VALUES_MAX).
 */
int profile_set_values(struct profile *profile, const struct value_type *types, uint32_t count);
const struct value_type *profile_values(const struct profile *profile, uint32_t *ret_count);
/* How many values a sample has: one where no kind is named. */
uint32_t profile_value_count(const struct profile *profile);

/* The same at any time with more of them, of which the first ones are those that it has: what was counted is 0 of the others. 0, -EINVAL or -ENOMEM. */
int profile_extend_values(struct profile *profile, const struct value_type *types, uint32_t count);

/* From now on samples are kept: 0, or -EINVAL if anything was counted before. */
int profile_keep_samples(struct profile *profile);
bool profile_keeps_samples(const struct profile *profile);
/* NULL: they are not kept, or there is none. */
const struct samples *profile_samples(const struct profile *profile);

/* Interns a label set of a profile that keeps samples: 0 or -ENOMEM. */
int profile_add_labels(struct profile *profile, const struct label_set *set, uint32_t *ret_labels);
/*
 * Counts a sample by its first value, and keeps it if samples are kept. `values`: of each kind that there is. 0, -ENOMEM, or -EOVERFLOW as
 * profile_add_ticks(), which adds a sample of which nothing is known.
 */
int profile_add_sample(struct profile *profile, const struct sample *sample,
		       const uint64_t *values);

/*
 * Gives each sample other values, and where they are not kept each node that counts something (a sample of which nothing is known): `change` is a sample_change_fn (samples.h). Nodes
 * stay, whatever they count then. 0, -ENOMEM, or -EOVERFLOW: the total would pass 2^63 - 1; it is to be freed then.
 */
int profile_change_values(struct profile *profile,
			  void (*change)(void *context, const struct sample *sample,
					 uint64_t *values),
			  void *context);

/* Its samples have no times any more. */
void profile_forget_times(struct profile *profile);

struct profile_origin *profile_origin(struct profile *profile);
const struct profile_origin *profile_origin_of(const struct profile *profile);

#endif
