/* SPDX-License-Identifier: Apache-2.0 */
/* A picture of a few samples, for tests of what `hearth top` shows. */
#ifndef HEARTH_TESTS_PICTURE_BUILDER_H
#define HEARTH_TESTS_PICTURE_BUILDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "model/profile.h"
#include "model/samples.h"
#include "terminal/picture.h"

struct built_sample {
	const char *
		stack; /* frames with ";" between them, the process first; "NAME_[k]" and so on as in folded stacks */
	const char *comm, *user, *container; /* NULL: not known */
	uint32_t pid, tid;                   /* PROFILE_NONE: not known */
	uint64_t ticks;
};

static inline uint32_t built_string(struct profile *profile, const char *text)
{
	uint32_t string = PROFILE_NONE;

	if (text)
		assert_int_equal(profile_intern(profile, text, strlen(text), &string), 0);
	return string;
}

static inline enum frame_kind built_kind(const char *name, size_t *size, bool is_first)
{
	if (is_first)
		return FRAME_PROCESS;
	if (*name == '[' && memchr(name, ':', *size))
		return FRAME_MARKER;
	for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++) {
		const char *suffix = frame_kind_suffix(kind);
		size_t length = strlen(suffix);

		if (length && *size > length && !memcmp(name + *size - length, suffix, length)) {
			*size -= length;
			return kind;
		}
	}
	return FRAME_NATIVE;
}

/* The node of a stack; frames have the module "m", lines differ from stack to stack. */
static inline uint32_t built_node(struct profile *profile, const char *stack, uint32_t line)
{
	uint32_t node = PROFILE_ROOT;
	bool is_first = true;

	while (*stack) {
		size_t size = strcspn(stack, ";"), length = size;
		enum frame_kind kind = built_kind(stack, &size, is_first);
		char name[128];
		uint32_t frame;

		snprintf(name, sizeof(name), "%.*s", (int)size, stack);
		assert_int_equal(profile_add_placed(profile, name,
						    kind == FRAME_NATIVE ? "m" : NULL, kind,
						    kind == FRAME_NATIVE ? "m.c" : NULL,
						    kind == FRAME_NATIVE ? line : 0, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
		stack += length + (stack[length] == ';');
		is_first = false;
	}
	return node;
}

static inline void built_add(struct profile *profile, const struct built_sample *built,
			     uint32_t line)
{
	struct sample sample = { .node = built_node(profile, built->stack, line),
				 .time_ns = SAMPLE_NO_TIME };
	struct label_set set;

	memset(&set, 0xff, sizeof(set));
	set.values[SAMPLE_LABEL_pid] = built->pid;
	set.values[SAMPLE_LABEL_tid] = built->tid;
	set.values[SAMPLE_LABEL_comm] = built_string(profile, built->comm);
	set.values[SAMPLE_LABEL_user] = built_string(profile, built->user);
	set.values[SAMPLE_LABEL_container] = built_string(profile, built->container);
	assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
	assert_int_equal(profile_add_sample(profile, &sample, &built->ticks), 0);
}

/* Of one second at 100 Hz on two CPUs, so that a tick is a percent of one. */
static inline struct picture *build_picture(const struct built_sample *samples, size_t count)
{
	struct picture *picture = picture_new();

	assert_non_null(picture);
	picture->profile = profile_new();
	assert_int_equal(profile_keep_samples(picture->profile), 0);
	for (size_t i = 0; i < count; i++) {
		built_add(picture->profile, &samples[i], (uint32_t)i + 1);
		picture->since_ticks += samples[i].ticks;
		if (samples[i].pid != PROFILE_NONE)
			assert_int_equal(u64_map_set(&picture->since, samples[i].pid, 50), 0);
	}
	picture->rate_hz = 100;
	picture->span_ns = picture->since_ns = 1000000000u;
	picture->cpus = 2;
	return picture;
}

#endif
