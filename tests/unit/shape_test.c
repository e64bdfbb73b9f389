/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/fates.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "model/shape.h"
#include "model/shaping.h"
#include "render/folded_writer.h"

#define WORDS_MAX 4

/* Words with their values, up to the first without a name. */
typedef const char *const words_t[WORDS_MAX][2];

static struct profile *read_text(const char *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	assert_int_equal(report.faults, 0);
	return profile;
}

static struct shaped shape(const struct profile *profile, const char *const words[][2])
{
	struct shaping shaping = { 0 };
	struct shaped shaped;
	const char *why;

	for (size_t i = 0; i < WORDS_MAX && words[i][0]; i++)
		assert_int_equal(shaping_set(&shaping, words[i][0], words[i][1], &why), 0);
	assert_int_equal(shape_profile(profile, &shaping, &shaped), 0);
	shaping_release(&shaping);
	return shaped;
}

static void assert_folded(const struct profile *profile, const char *wanted)
{
	struct buffer got = { 0 };

	assert_int_equal(folded_write(profile, NULL, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
}

static void assert_shaped(const char *text, words_t words, const char *wanted)
{
	struct profile *profile = read_text(text);
	struct shaped shaped = shape(profile, words);

	assert_folded(shaped.profile, wanted);
	shaped_release(&shaped);
	profile_free(profile);
}

#define STACKS                       \
	"p;_start;main;f;main;g 3\n" \
	"p;clone;run 2\n"            \
	"p 1\n"                      \
	"q;[truncated:x];main 4\n"

static void focus_keeps_stacks_with_such_a_frame(void **state)
{
	(void)state;
	assert_shaped(STACKS, (words_t){ { "focus", "^(f|run)$" } },
		      "p;_start;main;f;main;g 3\np;clone;run 2\n");
	assert_shaped(STACKS, (words_t){ { "focus", "^r" }, { "focus", "lon" } },
		      "p;clone;run 2\n");
	assert_shaped(STACKS, (words_t){ { "focus", "^r" }, { "focus", "main" } }, "");
	/* A process counts by its name. */
	assert_shaped(STACKS, (words_t){ { "focus", "^q" } }, "q;[truncated:x];main 4\n");
}

static void ignore_takes_them_out(void **state)
{
	(void)state;
	assert_shaped(STACKS, (words_t){ { "ignore", "main" } }, "p 1\np;clone;run 2\n");
	assert_shaped(STACKS, (words_t){ { "ignore", "main" }, { "ignore", "run" } }, "p 1\n");
	assert_shaped(STACKS, (words_t){ { "ignore", "g" }, { "focus", "main" } },
		      "q;[truncated:x];main 4\n");
}

static void hide_gives_ticks_to_the_caller(void **state)
{
	(void)state;
	assert_shaped(STACKS, (words_t){ { "hide", "^(main|run)$" } },
		      "p 1\np;_start;f;g 3\np;clone 2\nq;[truncated:x] 4\n");
	/* But never a process. */
	assert_shaped(STACKS, (words_t){ { "hide", "." } }, "p 6\nq;[truncated:x] 4\n");
}

static void show_from_cuts_callers_off(void **state)
{
	(void)state;
	assert_shaped(STACKS, (words_t){ { "show-from", "^main$" } },
		      "p;main;f;main;g 3\nq;[truncated:x];main 4\n");
	assert_shaped(STACKS, (words_t){ { "show-from", "^[fr]" } }, "p;f;main;g 3\np;run 2\n");
	/* A process is no function, and so no start. */
	assert_shaped(STACKS, (words_t){ { "show-from", "^p$" } }, "");
}

static void base_is_a_name_and_keeps_the_others(void **state)
{
	(void)state;
	assert_shaped(STACKS, (words_t){ { "base", "main" } },
		      "[truncated:x];main 4\nmain;f;main;g 3\np 1\np;clone;run 2\n");
	assert_shaped(STACKS, (words_t){ { "base", "mai" } },
		      "p 1\np;_start;main;f;main;g 3\np;clone;run 2\nq;[truncated:x];main 4\n");
}

static void kernel_and_inlined_frames_are_parts_of_their_callers(void **state)
{
	static const char text[] = "p;f;in_[i];g;sys_[k];tcp_[k] 3\nkthread;loop_[k] 2\n";

	(void)state;
	assert_shaped(text, (words_t){ { "no-kernel" } }, "kthread 2\np;f;in_[i];g 3\n");
	assert_shaped(text, (words_t){ { "no-inlines" } },
		      "kthread;loop_[k] 2\np;f;g;sys_[k];tcp_[k] 3\n");
	assert_shaped(text, (words_t){ { "no-inlines" }, { "no-kernel" } }, "kthread 2\np;f;g 3\n");
}

static void recursion_collapses_as_far_as_it_is_direct(void **state)
{
	(void)state;
	assert_shaped("p;a;a;a;b 1\np;a;b;a;b 2\np;a;b 4\np;a;h;a 8\n",
		      (words_t){ { "collapse-recursion" } }, "p;a;b 5\np;a;b;a;b 2\np;a;h;a 8\n");
	/* What stands between is hidden first. */
	assert_shaped("p;a;h;a 8\np;p;p 1\n",
		      (words_t){ { "collapse-recursion" }, { "hide", "^h$" } }, "p;a 8\np;p 1\n");
}

static void reverse_merges_from_the_leaves(void **state)
{
	(void)state;
	assert_shaped("p;a;x 1\nq;b;x 2\nq;b 4\n", (words_t){ { "reverse" } },
		      "b;q 4\nx;a;p 1\nx;b;q 2\n");
	assert_shaped(STACKS, (words_t){ { "reverse" }, { "base", "clone" } },
		      "g;main;f;main;_start;p 3\nmain;[truncated:x];q 4\np 1\nrun;clone 2\n");
}

/* --- modules --- */

/* With its line, if it is not 0. */
static uint32_t add_placed(struct profile *profile, uint32_t parent, const char *name,
			   const char *module, enum frame_kind kind, uint32_t line)
{
	uint32_t frame, node;

	assert_int_equal(
		profile_add_placed(profile, name, module, kind, line ? "x.c" : NULL, line, &frame),
		0);
	assert_int_equal(profile_add_child(profile, parent, frame, &node), 0);
	return node;
}

static uint32_t add_named(struct profile *profile, uint32_t parent, const char *name,
			  const char *module, enum frame_kind kind)
{
	return add_placed(profile, parent, name, module, kind, 0);
}

static struct profile *profile_of_two_modules(void)
{
	struct profile *profile = profile_new();
	uint32_t process = add_named(profile, PROFILE_ROOT, "p", NULL, FRAME_PROCESS);
	uint32_t first = add_named(profile, process, "net/read", "libc.so.6", FRAME_NATIVE);
	uint32_t second = add_named(profile, process, "net/read", "app", FRAME_NATIVE);

	assert_int_equal(profile_add_ticks(profile, first, 1), 0);
	assert_int_equal(profile_add_ticks(profile, second, 2), 0);
	return profile;
}

static void a_pattern_with_a_slash_sees_the_module(void **state)
{
	static const struct {
		const char *pattern;
		uint64_t left;
	} cases[] = {
		{ "^libc.so.6/", 1 }, { "^app/net/", 2 }, { "^net/read$", 3 },
		{ "libc", 0 },        { "app", 0 },       { "o.6/n", 1 },
	};
	struct profile *profile = profile_of_two_modules();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shaped shaped = shape(profile, (words_t){ { "focus", cases[i].pattern } });

		assert_int_equal(profile_total(shaped.profile), cases[i].left);
		assert_int_equal(shaped.found, cases[i].left > 0);
		shaped_release(&shaped);
	}
	profile_free(profile);
}

static void stripped_modules_merge(void **state)
{
	struct profile *profile = profile_of_two_modules();
	struct shaped shaped = shape(profile, (words_t){ { "strip-modules" } });

	(void)state;
	assert_int_equal(profile_node_count(profile), 4);
	assert_int_equal(profile_node_count(shaped.profile), 3);
	assert_int_equal(profile_node(shaped.profile, 2)->self, 3);
	assert_int_equal(shaped.nodes[2], 2);
	assert_int_equal(shaped.nodes[3], 2);
	shaped_release(&shaped);
	profile_free(profile);
}

/* However long it is, the end of a name costs nothing. */
static void long_names_are_looked_at_as_far_as_that(void **state)
{
	char *name = malloc(2 * SHAPING_NAME_MAX);
	struct profile *profile = profile_new();
	struct shaped shaped;

	(void)state;
	memset(name, 'x', 2 * SHAPING_NAME_MAX);
	name[SHAPING_NAME_MAX - 1] = 'y';
	name[SHAPING_NAME_MAX] = 'z';
	name[2 * SHAPING_NAME_MAX - 1] = '\0';
	assert_int_equal(profile_add_ticks(profile,
					   add_named(profile, PROFILE_ROOT, name, NULL, FRAME_JIT),
					   1),
			 0);
	shaped = shape(profile, (words_t){ { "focus", "z" } });
	assert_int_equal(profile_total(shaped.profile), 0);
	shaped_release(&shaped);
	shaped = shape(profile, (words_t){ { "focus", "y$" } });
	assert_int_equal(profile_total(shaped.profile), 1);
	shaped_release(&shaped);
	profile_free(profile);
	free(name);
}

/* --- fates --- */

#define FATES                       \
	"p;main;f 90\n"             \
	"p;[truncated:bad];f;g 6\n" \
	"p;[truncated:deep];h 1\n"  \
	"q;[lost:full] 3\n"

static void assert_fates(const struct profile *profile, uint64_t complete, uint64_t truncated,
			 uint64_t lost)
{
	struct fates fates;

	assert_true(profile_origin_of(profile)->fates_are_known);
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(fates.complete, complete);
	assert_int_equal(fates.truncated, truncated);
	assert_int_equal(fates.lost, lost);
	assert_int_equal(fates.due, complete + truncated + lost);
}

static void fates_are_those_of_what_is_left(void **state)
{
	static const struct {
		words_t words;
		uint64_t complete, truncated, lost;
	} cases[] = {
		{ { { "focus", "^g$" } }, 0, 6, 0 },
		{ { { "focus", "^q" } }, 0, 0, 3 },
		{ { { "ignore", "^f$" } }, 0, 1, 3 },
		{ { { "ignore", "lost|truncated|bad|full" } }, 90, 7, 3 },
		{ { { "show-from", "^[fh]$" } }, 90, 7, 0 },
		{ { { "hide", "." } }, 90, 7, 3 },
		{ { { "base", "f" } }, 90, 7, 3 },
		{ { { "reverse" } }, 90, 7, 3 },
		{ { { "reverse" }, { "collapse-recursion" }, { "hide", "main" } }, 90, 7, 3 },
	};
	struct profile *profile = read_text(FATES);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct shaped shaped = shape(profile, cases[i].words);
		const struct profile_before *before = &profile_origin_of(shaped.profile)->before;
		bool is_whole = profile_total(shaped.profile) == 100;

		assert_fates(shaped.profile, cases[i].complete, cases[i].truncated, cases[i].lost);
		assert_int_equal(before->due, is_whole ? 0 : 100);
		assert_int_equal(before->truncated, is_whole ? 0 : 7);
		assert_int_equal(before->lost, is_whole ? 0 : 3);
		shaped_release(&shaped);
	}
	profile_free(profile);
}

static void what_was_before_stays_known(void **state)
{
	struct profile *profile = read_text(FATES);
	struct shaped once = shape(profile, (words_t){ { "focus", "^p" } });
	struct shaped twice = shape(once.profile, (words_t){ { "ignore", "^h$" } });

	(void)state;
	assert_int_equal(profile_total(twice.profile), 96);
	assert_int_equal(profile_origin_of(twice.profile)->before.due, 100);
	assert_int_equal(profile_origin_of(twice.profile)->before.lost, 3);
	shaped_release(&twice);
	shaped_release(&once);
	profile_free(profile);
}

static void a_base_leaves_its_process_but_not_its_marker(void **state)
{
	(void)state;
	assert_shaped("p;[truncated:bad];f;g 6\nq;[truncated:bad];f;g 1\n",
		      (words_t){ { "base", "f" } }, "[truncated:bad];f;g 7\n");
}

static void the_origin_comes_with_it(void **state)
{
	struct profile *profile = read_text("a;b 1\n");
	struct shaped shaped;

	(void)state;
	profile_origin(profile)->command = strdup("./app");
	profile_origin(profile)->rate_hz = 99;
	shaped = shape(profile, (words_t){ { "reverse" } });
	profile_free(profile);
	assert_string_equal(profile_origin_of(shaped.profile)->command, "./app");
	assert_null(profile_origin_of(shaped.profile)->event);
	assert_int_equal(profile_origin_of(shaped.profile)->rate_hz, 99);
	assert_false(profile_origin_of(shaped.profile)->fates_are_known);
	shaped_release(&shaped);
}

/* --- samples --- */

static uint32_t intern(struct profile *profile, const char *text)
{
	uint32_t string;

	assert_int_equal(profile_intern(profile, text, strlen(text), &string), 0);
	return string;
}

/* p;a with two values, the first of which is 0, and p;b;a. */
static struct profile *profile_with_samples(void)
{
	struct profile *profile = profile_new();
	struct value_type types[2] = { { intern(profile, "samples"), intern(profile, "count") },
				       { intern(profile, "space"), intern(profile, "bytes") } };
	uint32_t process = add_named(profile, PROFILE_ROOT, "p", NULL, FRAME_PROCESS);
	struct sample first = { .node = add_named(profile, process, "a", "m", FRAME_NATIVE),
				.time_ns = 17 };
	struct sample second = { .node = add_named(profile, process, "b", NULL, FRAME_NATIVE) };
	struct label_set set;

	second.node = add_named(profile, second.node, "a", NULL, FRAME_NATIVE);
	second.time_ns = SAMPLE_NO_TIME;
	assert_int_equal(profile_set_values(profile, types, 2), 0);
	assert_int_equal(profile_keep_samples(profile), 0);
	memset(&set, 0xff, sizeof(set));
	set.values[SAMPLE_LABEL_comm] = intern(profile, "worker");
	set.values[SAMPLE_LABEL_tid] = 4711;
	assert_int_equal(profile_add_labels(profile, &set, &first.labels), 0);
	assert_int_equal(profile_add_sample(profile, &first, (uint64_t[]){ 0, 8 }), 0);
	assert_int_equal(profile_add_sample(profile, &second, (uint64_t[]){ 2, 16 }), 0);
	return profile;
}

static void assert_worker(const struct profile *profile, const struct sample *sample)
{
	const struct label_set *set = samples_labels(profile_samples(profile), sample->labels);

	assert_string_equal(profile_string(profile, set->values[SAMPLE_LABEL_comm], NULL),
			    "worker");
	assert_int_equal(set->values[SAMPLE_LABEL_tid], 4711);
	assert_int_equal(set->values[SAMPLE_LABEL_cpu], PROFILE_NONE);
}

static void assert_both_samples(const struct shaped *shaped)
{
	const struct samples *samples = profile_samples(shaped->profile);
	struct sample first = samples_get(samples, 0), second = samples_get(samples, 1);
	uint32_t types;

	profile_values(shaped->profile, &types);
	assert_int_equal(types, 2);
	assert_int_equal(samples_count(samples), 2);
	assert_int_equal(first.node, shaped->nodes[2]);
	assert_int_equal(second.node, shaped->nodes[4]);
	assert_int_equal(first.time_ns, 17);
	assert_int_equal(second.time_ns, SAMPLE_NO_TIME);
	assert_int_equal(samples_value(samples, 0, 1), 8);
	assert_int_equal(samples_value(samples, 1, 1), 16);
	assert_worker(shaped->profile, &first);
	assert_int_equal(profile_total(shaped->profile), 2);
}

static void samples_come_with_their_stacks(void **state)
{
	static const words_t all[] = { { { "hide", "b" } },
				       { { "reverse" }, { "strip-modules" } } };
	struct profile *profile = profile_with_samples();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct shaped shaped = shape(profile, all[i]);

		assert_both_samples(&shaped);
		shaped_release(&shaped);
	}
	profile_free(profile);
}

static void samples_go_with_their_stacks(void **state)
{
	struct profile *profile = profile_with_samples();
	struct shaped shaped = shape(profile, (words_t){ { "focus", "b" } });
	struct shaped none = shape(profile, (words_t){ { "ignore", "a" } });

	(void)state;
	assert_int_equal(samples_count(profile_samples(shaped.profile)), 1);
	assert_int_equal(samples_value(profile_samples(shaped.profile), 0, 1), 16);
	assert_int_equal(shaped.nodes[2], PROFILE_NONE);
	assert_true(profile_keeps_samples(none.profile));
	assert_int_equal(profile_total(none.profile), 0);
	shaped_release(&none);
	shaped_release(&shaped);
	profile_free(profile);
}

/* Whatever the order of the words, what the stacks are headed by is what the others see. */
static void heads_come_first(void **state)
{
	struct profile *profile = profile_with_samples();
	struct shaped shaped = shape(profile, (words_t){ { "focus", "4711" }, { "by", "tid" } });
	const struct profile_origin *origin = profile_origin_of(shaped.profile);

	(void)state;
	assert_null(shaped.nodes);
	assert_int_equal(shaped.found, 1);
	assert_int_equal(samples_count(profile_samples(shaped.profile)), 1);
	assert_int_equal(profile_total(shaped.profile), 0);
	assert_int_equal(origin->before.due, 2);
	shaped_release(&shaped);
	shaped = shape(profile, (words_t){ { "base", "b" }, { "by", "none" } });
	assert_folded(shaped.profile, "b;a 2\n");
	shaped_release(&shaped);
	profile_free(profile);
}

static void one_value_may_be_chosen(void **state)
{
	struct profile *profile = profile_with_samples();
	struct shaped shaped = shape(profile, (words_t){ { "value", "space" }, { "by", "tid" } });
	uint32_t count;

	(void)state;
	assert_folded(shaped.profile, "[no tid];b;a 16\nworker-?/4711;a 8\n");
	profile_values(shaped.profile, &count);
	assert_int_equal(count, 1);
	shaped_release(&shaped);
	/* What is taken out is told in the value that was chosen. */
	shaped = shape(profile, (words_t){ { "focus", "b" }, { "value", "space" } });
	assert_folded(shaped.profile, "p;b;a 16\n");
	assert_int_equal(profile_origin_of(shaped.profile)->before.due, 24);
	shaped_release(&shaped);
	profile_free(profile);
}

static void assert_fails(const char *word, const char *value, int error)
{
	struct profile *profile = profile_with_samples();
	struct shaping shaping = { 0 };
	struct shaped shaped;
	const char *why;

	assert_int_equal(shaping_set(&shaping, word, value, &why), 0);
	assert_int_equal(shape_profile(profile, &shaping, &shaped), error);
	shaping_release(&shaping);
	profile_free(profile);
}

static void what_the_profile_does_not_tell_is_an_error(void **state)
{
	(void)state;
	assert_fails("by", "user", -ENODATA);
	assert_fails("value", "time", -ENOENT);
}

static void without_samples_values_keep_their_kinds(void **state)
{
	struct profile *profile = profile_new();
	struct value_type type = { intern(profile, "cpu"), intern(profile, "nanoseconds") };
	const struct value_type *types;
	struct shaped shaped;
	uint32_t count, node;

	(void)state;
	assert_int_equal(profile_set_values(profile, &type, 1), 0);
	node = add_named(profile, PROFILE_ROOT, "p", NULL, FRAME_PROCESS);
	assert_int_equal(profile_add_ticks(profile, node, 5), 0);
	shaped = shape(profile, (words_t){ { "reverse" } });
	types = profile_values(shaped.profile, &count);
	assert_int_equal(count, 1);
	assert_string_equal(profile_string(shaped.profile, types->unit, NULL), "nanoseconds");
	assert_false(profile_keeps_samples(shaped.profile));
	shaped_release(&shaped);
	profile_free(profile);
}

/* --- what holds for any profile --- */

/* The first one has a CPU; of the others some have. */
static void add_random_sample(struct profile *profile, uint32_t node, uint64_t seed)
{
	struct sample sample = { .node = node, .time_ns = SAMPLE_NO_TIME };
	uint64_t values[] = { 1 + (seed >> 50), seed >> 36 & 3 };
	struct label_set set;

	memset(&set, 0xff, sizeof(set));
	set.values[SAMPLE_LABEL_pid] = seed >> 32 & 3;
	if (!profile_samples(profile) || seed >> 34 & 1)
		set.values[SAMPLE_LABEL_cpu] = seed >> 35 & 1;
	assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
	assert_int_equal(profile_add_sample(profile, &sample, values), 0);
}

/* Names that are alike, so that much merges; 1 in 4 has a marker, 1 in 8 a module, code one of two lines or none. */
static struct profile *random_profile(uint64_t seed, bool keeps_samples)
{
	struct profile *profile = profile_new();

	if (keeps_samples) {
		struct value_type types[2] = { { intern(profile, "samples"), 0 },
					       { intern(profile, "space"), 0 } };

		assert_int_equal(profile_set_values(profile, types, 2), 0);
		assert_int_equal(profile_keep_samples(profile), 0);
	}
	for (unsigned int i = 0; i < 12; i++) {
		uint32_t node = PROFILE_ROOT;
		size_t depth;

		seed = hash_u64(seed + 1);
		depth = seed % 8;
		for (size_t j = 0; j < depth; j++) {
			char name[2] = { 0 };
			enum frame_kind kind;

			seed = hash_u64(seed + 1);
			name[0] = (char)('a' + seed % 4);
			kind = seed >> 8 & 3;
			if (j == 0)
				kind = FRAME_PROCESS;
			if (j == 1 && !(seed >> 16 & 3))
				kind = FRAME_MARKER;
			node = add_placed(profile, node,
					  kind == FRAME_MARKER
						  ? seed & 1 << 20 ? "[lost:x]" : "[truncated:y]"
						  : name,
					  seed >> 24 & 7 ? NULL : "m", kind,
					  j > 1 ? (uint32_t)(seed >> 28 & 3) % 3 : 0);
		}
		if (keeps_samples)
			add_random_sample(profile, node, seed);
		else
			assert_int_equal(profile_add_ticks(profile, node, seed >> 50), 0);
	}
	return profile;
}

/* Each word with a value that does something to the profiles above. */
static const char *const all_words[][2] = {
	{ "focus", "^[ab]" },      { "focus", "^m/" },
	{ "ignore", "c" },         { "hide", "b|m/" },
	{ "show-from", "[cd]" },   { "base", "c" },
	{ "no-kernel", NULL },     { "no-inlines", NULL },
	{ "strip-modules", NULL }, { "collapse-recursion", NULL },
	{ "reverse", NULL },       { "by", "cpu" },
	{ "by", "none" },          { "value", "space" },
	{ "value", "samples" },    { "lines", NULL },
};

#define WORD_COUNT (sizeof(all_words) / sizeof(*all_words))

static bool wants_samples(const char *word)
{
	return !strcmp(word, "by") || !strcmp(word, "value");
}

/* Or counts something else. */
static bool may_take_out(const char *word)
{
	return !strcmp(word, "value") || !strcmp(word, "focus") || !strcmp(word, "ignore") ||
	       !strcmp(word, "show-from");
}

/* The values of the source's nodes, moved by the map, are those of the new ones. */
static void assert_nodes_follow(const struct profile *from, const struct shaped *shaped)
{
	uint32_t count = profile_node_count(shaped->profile);
	uint64_t *selfs = calloc(count, sizeof(*selfs));
	uint64_t out = 0;

	for (uint32_t i = 0; i < profile_node_count(from); i++) {
		if (shaped->nodes[i] == PROFILE_NONE) {
			out += profile_node(from, i)->self;
			continue;
		}
		assert_true(shaped->nodes[i] < count);
		selfs[shaped->nodes[i]] += profile_node(from, i)->self;
	}
	assert_int_equal(out + profile_total(shaped->profile), profile_total(from));
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(selfs[i], profile_node(shaped->profile, i)->self);
	free(selfs);
}

/* Of each node the samples' first values. */
static void assert_samples_count(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);
	uint32_t count = profile_node_count(profile);
	uint64_t *selfs = calloc(count, sizeof(*selfs));

	for (size_t i = 0; i < samples_count(samples); i++)
		selfs[samples_get(samples, i).node] += samples_value(samples, i, 0);
	for (uint32_t i = 0; i < count; i++)
		assert_int_equal(selfs[i], profile_node(profile, i)->self);
	free(selfs);
}

/* Where there is a map, values follow it; and no tree is torn. */
static void assert_values_follow(const struct profile *from, const struct shaped *shaped)
{
	uint32_t count = profile_node_count(shaped->profile);
	uint64_t *totals = calloc(count, sizeof(*totals));

	if (shaped->nodes)
		assert_nodes_follow(from, shaped);
	assert_int_equal(profile_keeps_samples(shaped->profile), profile_keeps_samples(from));
	if (profile_samples(shaped->profile))
		assert_samples_count(shaped->profile);
	for (uint32_t i = count; i-- > 0;) {
		const struct stack_node *node = profile_node(shaped->profile, i);

		totals[i] += node->self;
		if (!i)
			continue;
		assert_true(node->parent < i);
		/* Nothing is in the new tree that no tick needs. */
		assert_true(totals[i] > 0);
		totals[node->parent] += totals[i];
		assert_true(totals[node->parent] >= totals[i]);
	}
	assert_int_equal(totals[0], profile_total(shaped->profile));
	free(totals);
}

static void assert_word_is_sound(const struct profile *profile, size_t word)
{
	words_t words = { { all_words[word][0], all_words[word][1] } };
	struct shaped once = shape(profile, words), twice = shape(once.profile, words);
	const struct profile *whole = profile;
	struct buffer wanted = { 0 };
	struct fates before, after;

	assert_values_follow(profile, &once);
	assert_values_follow(once.profile, &twice);
	if (!may_take_out(words[0][0])) {
		assert_int_equal(profile_total(once.profile), profile_total(profile));
		assert_int_equal(profile_fates(profile, &before), 0);
		assert_int_equal(profile_fates(once.profile, &after), 0);
		assert_int_equal(after.truncated, before.truncated);
		assert_int_equal(after.lost, before.lost);
	}
	/* Done twice it is as done once; or, turned round twice, as before. */
	if (strcmp(words[0][0], "reverse") != 0)
		whole = once.profile;
	assert_int_equal(folded_write(whole, NULL, &wanted), 0);
	assert_folded(twice.profile, buffer_string(&wanted));
	buffer_release(&wanted);
	shaped_release(&twice);
	shaped_release(&once);
}

static void words_are_sound_on_random_profiles(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct profile *profile = random_profile(seed * 1000, seed % 2);

		for (size_t word = 0; word < WORD_COUNT; word++)
			if (seed % 2 || !wants_samples(all_words[word][0]))
				assert_word_is_sound(profile, word);
		profile_free(profile);
	}
}

/* Any two words at once: nothing is lost but what each of them may take out. */
static void pairs_of_words_are_sound(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		bool keeps_samples = seed % 2;
		struct profile *profile = random_profile(seed * 7777, keeps_samples);

		for (size_t i = 0; i < WORD_COUNT * WORD_COUNT; i++) {
			const char *const *a = all_words[i / WORD_COUNT];
			const char *const *b = all_words[i % WORD_COUNT];
			struct shaped shaped;

			if (!keeps_samples && (wants_samples(a[0]) || wants_samples(b[0])))
				continue;
			shaped = shape(profile, (words_t){ { a[0], a[1] }, { b[0], b[1] } });
			assert_values_follow(profile, &shaped);
			if (!may_take_out(a[0]) && !may_take_out(b[0]))
				assert_int_equal(profile_total(shaped.profile),
						 profile_total(profile));
			shaped_release(&shaped);
		}
		profile_free(profile);
	}
}

static void without_a_word_it_is_a_copy(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 400; seed++) {
		struct profile *profile = random_profile(seed * 31, seed % 2), *again;
		struct shaped shaped = shape(profile, (words_t){ { NULL } });
		struct buffer text = { 0 };

		assert_values_follow(profile, &shaped);
		assert_int_equal(folded_write(profile, NULL, &text), 0);
		assert_folded(shaped.profile, buffer_string(&text));
		again = read_text(buffer_string(&text));
		assert_folded(again, buffer_string(&text));
		profile_free(again);
		buffer_release(&text);
		shaped_release(&shaped);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(focus_keeps_stacks_with_such_a_frame),
		cmocka_unit_test(ignore_takes_them_out),
		cmocka_unit_test(hide_gives_ticks_to_the_caller),
		cmocka_unit_test(show_from_cuts_callers_off),
		cmocka_unit_test(base_is_a_name_and_keeps_the_others),
		cmocka_unit_test(kernel_and_inlined_frames_are_parts_of_their_callers),
		cmocka_unit_test(recursion_collapses_as_far_as_it_is_direct),
		cmocka_unit_test(reverse_merges_from_the_leaves),
		cmocka_unit_test(a_pattern_with_a_slash_sees_the_module),
		cmocka_unit_test(stripped_modules_merge),
		cmocka_unit_test(long_names_are_looked_at_as_far_as_that),
		cmocka_unit_test(fates_are_those_of_what_is_left),
		cmocka_unit_test(what_was_before_stays_known),
		cmocka_unit_test(a_base_leaves_its_process_but_not_its_marker),
		cmocka_unit_test(the_origin_comes_with_it),
		cmocka_unit_test(samples_come_with_their_stacks),
		cmocka_unit_test(samples_go_with_their_stacks),
		cmocka_unit_test(heads_come_first),
		cmocka_unit_test(one_value_may_be_chosen),
		cmocka_unit_test(what_the_profile_does_not_tell_is_an_error),
		cmocka_unit_test(without_samples_values_keep_their_kinds),
		cmocka_unit_test(words_are_sound_on_random_profiles),
		cmocka_unit_test(pairs_of_words_are_sound),
		cmocka_unit_test(without_a_word_it_is_a_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
