/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "model/fates.h"
#include "model/profile_reader.h"
#include "model/profile.h"
#include "render/folded_writer.h"

/* A stack frame of a test. */
struct plain {
	const char *name;
	enum frame_kind kind;
};

static void add_stack(struct profile *profile, const struct plain *frames, size_t count,
		      uint64_t ticks)
{
	uint32_t node = PROFILE_ROOT;

	for (size_t i = 0; i < count; i++) {
		struct frame frame = frame_of_kind(frames[i].kind);
		uint32_t id;

		assert_int_equal(profile_intern(profile, frames[i].name, strlen(frames[i].name),
						&frame.name),
				 0);
		assert_int_equal(profile_add_frame(profile, frame, &id), 0);
		assert_int_equal(profile_add_child(profile, node, id, &node), 0);
	}
	assert_int_equal(profile_add_ticks(profile, node, ticks), 0);
}

static struct profile *read_text(const struct buffer *text)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_non_null(profile);
	assert_int_equal(profile_read(profile, text->data, text->size, &report), 0);
	assert_int_equal(report.faults, 0);
	return profile;
}

/* Writes, reads and writes again: the same bytes, ticks and fates. Leaves the text in `text`. */
static void assert_round_trip(const struct profile *profile, struct buffer *text)
{
	struct fates fates, fates_again;
	struct profile *read;
	struct buffer again;

	buffer_init(&again);
	buffer_clear(text);
	assert_int_equal(folded_write(profile, NULL, text), 0);
	read = read_text(text);
	assert_int_equal(folded_write(read, NULL, &again), 0);
	assert_int_equal(again.size, text->size);
	if (text->size)
		assert_memory_equal(again.data, text->data, text->size);
	assert_int_equal(profile_total(read), profile_total(profile));
	assert_int_equal(profile_fates(profile, &fates), 0);
	assert_int_equal(profile_fates(read, &fates_again), 0);
	assert_int_equal(fates_again.truncated, fates.truncated);
	assert_int_equal(fates_again.lost, fates.lost);
	profile_free(read);
	buffer_release(&again);
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void assert_written(const struct plain *frames, size_t count, const char *wanted)
{
	struct profile *profile = profile_new();
	struct buffer text;

	buffer_init(&text);
	add_stack(profile, frames, count, 7);
	assert_round_trip(profile, &text);
	assert_string_equal(buffer_string(&text), wanted);
	buffer_release(&text);
	profile_free(profile);
}

static void kinds_become_suffixes(void **state)
{
	static const struct plain stack[] = {
		{ "java", FRAME_PROCESS },      { "main", FRAME_NATIVE },
		{ "A.b", FRAME_JIT },           { "A.c", FRAME_INLINED },
		{ "libc.so.6", FRAME_UNKNOWN }, { "[unknown]", FRAME_UNKNOWN },
		{ "do_idle", FRAME_KERNEL },
	};

	(void)state;
	assert_written(stack, COUNT(stack),
		       "java;main;A.b_[j];A.c_[i];[libc.so.6];[unknown];do_idle_[k] 7\n");
}

static void names_are_cleaned(void **state)
{
	static const struct plain stack[] = {
		{ "  a;b\n", FRAME_PROCESS },     { "", FRAME_NATIVE },
		{ "[u8; 8]::len", FRAME_NATIVE }, { "f\tg 3", FRAME_NATIVE },
		{ "\xff\x01", FRAME_NATIVE },     { "line 12", FRAME_KERNEL },
		{ "v 1.5", FRAME_NATIVE },
	};

	(void)state;
	assert_written(
		stack, COUNT(stack),
		"a:b;[empty];[u8: 8]::len;f g_3;\xef\xbf\xbd\xef\xbf\xbd;line_12_[k];v_1.5 7\n");
}

static void no_name_passes_for_another_kind(void **state)
{
	static const struct plain kernel[] = { { "p", FRAME_PROCESS }, { "f_[k]", FRAME_NATIVE } };
	static const struct plain twice[] = { { "p", FRAME_PROCESS }, { "f_[k]", FRAME_KERNEL } };
	static const struct plain lost[] = { { "p", FRAME_PROCESS }, { "[lost:x]", FRAME_NATIVE } };
	static const struct plain module[] = { { "p", FRAME_PROCESS },
					       { "[lost:x]", FRAME_UNKNOWN } };
	static const struct plain tricky[] = { { "p", FRAME_PROCESS },
					       { "[truncated:x", FRAME_KERNEL } };
	static const struct plain process[] = { { "[lost:x]_[k]", FRAME_PROCESS } };

	(void)state;
	assert_written(kernel, COUNT(kernel), "p;f_(k) 7\n");
	assert_written(twice, COUNT(twice), "p;f_[k]_[k] 7\n");
	assert_written(lost, COUNT(lost), "p;(lost:x) 7\n");
	assert_written(module, COUNT(module), "p;[lost_x] 7\n");
	assert_written(tricky, COUNT(tricky), "p;[truncated_x_[k] 7\n");
	assert_written(process, COUNT(process), "[lost:x]_[k] 7\n");
}

static void markers_stay_markers(void **state)
{
	static const struct plain cut[] = { { "p", FRAME_PROCESS },
					    { "[truncated:no;unwind]", FRAME_MARKER },
					    { "f", FRAME_NATIVE } };
	static const struct plain lost[] = { { "p", FRAME_PROCESS },
					     { "[lost:ring_full]", FRAME_MARKER } };

	(void)state;
	assert_written(cut, COUNT(cut), "p;[truncated:no:unwind];f 7\n");
	assert_written(lost, COUNT(lost), "p;[lost:ring_full] 7\n");
}

static void equal_lines_become_one(void **state)
{
	static const struct plain a[] = { { "p", FRAME_PROCESS }, { "f;", FRAME_NATIVE } };
	static const struct plain b[] = { { "p", FRAME_PROCESS }, { "f:", FRAME_NATIVE } };
	static const struct plain c[] = { { "a", FRAME_PROCESS } };
	struct profile *profile = profile_new();
	struct buffer text;

	(void)state;
	buffer_init(&text);
	add_stack(profile, a, COUNT(a), 1);
	add_stack(profile, b, COUNT(b), 2);
	add_stack(profile, c, COUNT(c), 4);
	add_stack(profile, c, 0, 8); /* ticks without any frame */
	assert_round_trip(profile, &text);
	assert_string_equal(buffer_string(&text), "[empty] 8\na 4\np;f: 3\n");
	buffer_release(&text);
	profile_free(profile);
}

/* What lies on frames of one token is one, too, and stays in order with what lies on one of them alone. */
static void what_lies_on_equal_frames_is_one(void **state)
{
	static const struct plain a[] = { { "p", FRAME_PROCESS },
					  { "f;", FRAME_NATIVE },
					  { "y", FRAME_NATIVE },
					  { "z", FRAME_NATIVE } };
	static const struct plain b[] = { { "p", FRAME_PROCESS },
					  { "f:", FRAME_NATIVE },
					  { "y", FRAME_NATIVE } };
	static const struct plain c[] = { { "p", FRAME_PROCESS },
					  { "f:", FRAME_NATIVE },
					  { "x", FRAME_NATIVE } };
	static const struct plain d[] = { { "[empty]", FRAME_PROCESS }, { "y", FRAME_NATIVE } };
	struct profile *profile = profile_new();
	struct buffer text;

	(void)state;
	buffer_init(&text);
	add_stack(profile, a, COUNT(a), 1);
	add_stack(profile, b, COUNT(b), 2);
	add_stack(profile, c, COUNT(c), 4);
	add_stack(profile, d, COUNT(d), 8);
	add_stack(profile, d, 1, 16);
	add_stack(profile, d, 0, 32); /* ticks without any frame */
	assert_round_trip(profile, &text);
	assert_string_equal(buffer_string(&text),
			    "[empty] 48\n[empty];y 8\np;f:;x 4\np;f:;y 2\np;f:;y;z 1\n");
	buffer_release(&text);
	profile_free(profile);
}

static void nothing_is_written_for_nothing(void **state)
{
	struct profile *profile = profile_new();
	struct buffer text;

	(void)state;
	buffer_init(&text);
	assert_round_trip(profile, &text);
	assert_int_equal(text.size, 0);
	buffer_release(&text);
	profile_free(profile);
}

/* Names out of the pieces that mean something to one reader or another. */
static size_t random_name(uint64_t *seed, char *name, size_t room)
{
	static const char *const pieces[] = {
		"a",    " ",       ";",  "\n",          "\t",       "_[k]",
		"_[i]", "_[j]",    "[",  "]",           "[lost:",   "3",
		" 3",   ".",       "\r", "\xff",        "\xc3\xa9", "\xef\xbf\xbe",
		"_(k)", "[empty]", "-",  "[truncated:", "x]",       "foo::bar",
	};
	size_t size = 0, count;

	*seed = hash_u64(*seed + 1);
	count = *seed % 5;
	for (size_t i = 0; i < count; i++) {
		const char *piece;

		*seed = hash_u64(*seed + 1);
		piece = pieces[*seed % COUNT(pieces)];
		assert_true(size + strlen(piece) < room);
		memcpy(name + size, piece, strlen(piece));
		size += strlen(piece);
	}
	name[size] = '\0';
	return size;
}

static struct profile *random_profile(uint64_t seed)
{
	struct profile *profile = profile_new();

	for (unsigned int i = 0; i < 8; i++) {
		struct plain stack[6];
		char names[6][96];
		size_t depth;

		seed = hash_u64(seed + 1);
		depth = seed % COUNT(stack);
		for (size_t j = 0; j < depth; j++) {
			random_name(&seed, names[j], sizeof(names[j]));
			seed = hash_u64(seed + 1);
			stack[j] = (struct plain){ names[j], seed % FRAME_KIND_COUNT };
			/* Markers are made by the recorder: whole, and below the process. */
			if (stack[j].kind == FRAME_MARKER)
				stack[j] = j == 1 ? (struct plain){ "[lost:x]", FRAME_MARKER }
						  : (struct plain){ "m", FRAME_NATIVE };
		}
		add_stack(profile, stack, depth, seed >> 40);
	}
	return profile;
}

static void random_profiles_come_back(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	for (uint64_t seed = 1; seed <= 5000; seed++) {
		struct profile *profile = random_profile(seed * 1000);

		assert_round_trip(profile, &text);
		profile_free(profile);
	}
	buffer_release(&text);
}

/* What reads as one kind must have been of that kind, below the process. */
static void kinds_come_back(void **state)
{
	struct buffer text;

	(void)state;
	buffer_init(&text);
	for (uint64_t seed = 1; seed <= 20000; seed++) {
		static const enum frame_kind kinds[] = { FRAME_NATIVE, FRAME_KERNEL, FRAME_INLINED,
							 FRAME_JIT, FRAME_UNKNOWN };
		uint64_t random = hash_u64(seed);
		char name[96];
		struct plain stack[] = { { "p", FRAME_PROCESS },
					 { "q", FRAME_NATIVE },
					 { name, 0 } };
		size_t depth = 2 + random % 2;
		struct profile *profile = profile_new(), *read;
		const struct stack_node *node;

		random_name(&random, name, sizeof(name));
		stack[depth - 1] = (struct plain){ name, kinds[seed % COUNT(kinds)] };
		add_stack(profile, stack, depth, 1);
		assert_round_trip(profile, &text);
		read = read_text(&text);
		node = profile_node(read, profile_node_count(read) - 1);
		if (!strstr(buffer_string(&text), "[empty]"))
			assert_int_equal(profile_frame(read, node->frame)->kind,
					 stack[depth - 1].kind);
		profile_free(read);
		profile_free(profile);
	}
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_become_suffixes),
		cmocka_unit_test(names_are_cleaned),
		cmocka_unit_test(no_name_passes_for_another_kind),
		cmocka_unit_test(markers_stay_markers),
		cmocka_unit_test(equal_lines_become_one),
		cmocka_unit_test(what_lies_on_equal_frames_is_one),
		cmocka_unit_test(nothing_is_written_for_nothing),
		cmocka_unit_test(random_profiles_come_back),
		cmocka_unit_test(kinds_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
