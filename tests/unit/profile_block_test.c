/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/* The block is decoded here by what profile_block.h says, and compared with the profile that it was made of. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/profile_block.h"
#include "render/render_options.h"
#include "tests/unit/block_decoder.h"

/* --- strings, frames, tree ------------------------------------------------------------------------- */

/* All strings; ascending. */
static char **read_strings(const struct buffer *block, uint64_t *ret_count)
{
	struct part part = section(block, "strs");
	uint64_t count = number(&part);
	struct part shares = column(&part), sizes = column(&part), rests = column(&part);
	char **strings = calloc(count + 1, sizeof(*strings));

	for (uint64_t i = 0; i < count; i++) {
		size_t shared = number(&shares), size = number(&sizes);

		strings[i] = calloc(1, shared + size + 1);
		assert_true(!shared || shared <= strlen(strings[i - 1]));
		if (shared)
			memcpy(strings[i], strings[i - 1], shared);
		memcpy(strings[i] + shared, run(&rests, size).at, size);
		assert_true(!i || strcmp(strings[i - 1], strings[i]) < 0);
	}
	assert_ptr_equal(rests.at, rests.end);
	*ret_count = count;
	return strings;
}

static void free_strings(char **strings, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

/* "name|kind|module" per frame. */
static char **read_frames(const struct buffer *block, uint64_t *ret_count)
{
	struct part part = section(block, "fram");
	uint64_t count = number(&part), string_count;
	struct part names = column(&part), modules = column(&part), kinds = column(&part);
	char **strings = read_strings(block, &string_count), **frames = calloc(count + 1, 8);
	int64_t name = 0;

	for (uint64_t i = 0; i < count; i++) {
		uint64_t step = number(&names), module = number(&modules);
		enum frame_kind kind = (enum frame_kind)number(&kinds);

		name += (int64_t)(step >> 1) ^ -(int64_t)(step & 1);
		assert_in_range(name, 0, string_count - 1);
		assert_in_range(module, 0, string_count);
		assert_true(asprintf(&frames[i], "%s|%s|%s", strings[name], frame_kind_name(kind),
				     module ? strings[module - 1] : "") > 0);
	}
	free_strings(strings, string_count);
	*ret_count = count;
	return frames;
}

/* "depth frame self" a line. */
static void print_tree(const struct buffer *block, struct buffer *to)
{
	struct part part = section(block, "tree");
	uint64_t root = number(&part), count = number(&part), frame_count, depth = 0;
	struct part ups = column(&part), ids = column(&part), selfs = column(&part);
	char **frames = read_frames(block, &frame_count);

	buffer_printf(to, "0 - %llu\n", (unsigned long long)root);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t up = number(&ups), frame = number(&ids);

		assert_in_range(up, 0, depth);
		assert_in_range(frame, 0, frame_count - 1);
		depth = depth + 1 - up;
		buffer_printf(to, "%llu %s %llu\n", (unsigned long long)depth, frames[frame],
			      (unsigned long long)number(&selfs));
	}
	assert_ptr_equal(ups.at, ups.end);
	assert_ptr_equal(ids.at, ids.end);
	assert_ptr_equal(selfs.at, selfs.end);
	free_strings(frames, frame_count);
}

/* --- tests ---------------------------------------------------------------------------------------- */

static struct profile *read_text(const char *folded, size_t size)
{
	struct profile *profile = profile_new();
	struct read_report report;

	assert_non_null(profile);
	assert_int_equal(profile_read(profile, folded, size, &report), 0);
	return profile;
}

static void write_block(const struct profile *profile, const char *option, struct buffer *to)
{
	struct render_options options;
	const char *why;

	assert_int_equal(render_options_init(&options), 0);
	if (option)
		assert_int_equal(render_option_set(&options, option, NULL, &why), 0);
	buffer_init(to);
	assert_int_equal(profile_block_write(profile, &options, to), 0);
	render_options_release(&options);
}

static void assert_tree(const char *folded, const char *wanted)
{
	struct profile *profile = read_text(folded, strlen(folded));
	struct buffer block, printed;

	write_block(profile, NULL, &block);
	buffer_init(&printed);
	print_tree(&block, &printed);
	assert_string_equal(buffer_string(&printed), wanted);
	buffer_release(&printed);
	buffer_release(&block);
	profile_free(profile);
}

static void the_tree_is_a_walk_over_what_came_in_its_order(void **state)
{
	(void)state;
	assert_tree("p;b;x 5\np;a_[k] 3\np 2\nc;a 4\np;gone 0\n",
		    "0 - 0\n1 p|process| 2\n2 b|native| 0\n3 x|native| 5\n2 a|kernel| 3\n"
		    "1 c|process| 0\n2 a|native| 4\n");
	assert_tree("", "0 - 0\n");
}

static void large_counts_keep_every_bit(void **state)
{
	(void)state;
	assert_tree("p;a 4611686018427387904\np;b 127\np;c 128\n",
		    "0 - 0\n1 p|process| 0\n2 a|native| 4611686018427387904\n"
		    "2 b|native| 127\n2 c|native| 128\n");
}

/* Control characters, broken UTF-8 and direction overrides are cleaned before they are sorted; what becomes equal is one string. */
static void hostile_names_come_out_clean(void **state)
{
	static const char folded[] =
		"p;a\x01z 1\np;a\x02z 2\np;</script>\xff 4\np;\xe2\x80\xaex 8\n";
	struct profile *profile = read_text(folded, sizeof(folded) - 1);
	struct buffer block, printed;
	uint64_t count;
	char **strings;

	(void)state;
	write_block(profile, NULL, &block);
	strings = read_strings(&block, &count);
	assert_int_equal(count, 4);
	assert_string_equal(strings[0], "</script>\xef\xbf\xbd");
	assert_string_equal(strings[1], "a\xef\xbf\xbdz");
	assert_string_equal(strings[3], "\xef\xbf\xbdx");
	free_strings(strings, count);
	buffer_init(&printed);
	print_tree(&block, &printed);
	assert_non_null(strstr(buffer_string(&printed), "2 a\xef\xbf\xbdz|native| 1\n2 a"));
	buffer_release(&printed);
	buffer_release(&block);
	profile_free(profile);
}

static void a_long_name_is_cut(void **state)
{
	_cleanup_free_ char *folded = malloc(200010);
	struct profile *profile;
	struct buffer block;
	uint64_t count;
	char **strings;

	(void)state;
	memset(folded, 'x', 200000);
	memcpy(folded, "p;", 2);
	memcpy(folded + 200000, " 1\n", 4);
	profile = read_text(folded, 200003);
	write_block(profile, NULL, &block);
	strings = read_strings(&block, &count);
	assert_int_equal(count, 2);
	assert_in_range(strlen(strings[1]), PROFILE_BLOCK_NAME_MAX, PROFILE_BLOCK_NAME_MAX + 3);
	assert_true(block.size < 3 * PROFILE_BLOCK_NAME_MAX);
	free_strings(strings, count);
	buffer_release(&block);
	profile_free(profile);
}

static void modules_and_lines_are_there_where_they_are_known(void **state)
{
	struct profile *profile = read_text("p;plain 1\n", 10);
	struct buffer block;
	struct part part, files, lines;
	struct frame frame = { .kind = FRAME_JIT };
	uint32_t id, node;
	uint64_t count;
	char **frames;

	(void)state;
	write_block(profile, NULL, &block);
	assert_false(find_section(&block, "line", &part));
	buffer_release(&block);
	assert_int_equal(profile_intern(profile, "f", 1, &frame.name), 0);
	assert_int_equal(profile_intern(profile, "lib.so", 6, &frame.module), 0);
	assert_int_equal(profile_intern(profile, "f.c", 3, &frame.file), 0);
	frame.line = 300;
	assert_int_equal(profile_add_frame(profile, frame, &id), 0);
	assert_int_equal(profile_add_child(profile, PROFILE_ROOT, id, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 7), 0);
	write_block(profile, NULL, &block);
	frames = read_frames(&block, &count);
	assert_int_equal(count, 3);
	assert_string_equal(frames[0], "f|jit|lib.so");
	part = section(&block, "line");
	files = column(&part);
	lines = column(&part);
	assert_int_equal(number(&files), 2); /* "f", "f.c", "lib.so", ... */
	assert_int_equal(number(&lines), 300);
	assert_int_equal(number(&files), 0);
	assert_int_equal(number(&lines), 0);
	free_strings(frames, count);
	buffer_release(&block);
	profile_free(profile);
}

static void fates_and_facts_are_there(void **state)
{
	struct profile *profile =
		read_text("p;f 90\np;[truncated:no_root];g 8\np;[lost:late] 2\n", 49);
	struct buffer block;
	struct part part;
	bool has_rate = false, has_order = false;

	(void)state;
	profile_origin(profile)->rate_hz = 99;
	write_block(profile, "no-sort", &block);
	part = section(&block, "fate");
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(number(&part), ((uint64_t[]){ 1, 100, 90, 8, 2, 2 })[i]);
	for (size_t i = 0; i < 2; i++) {
		_cleanup_free_ char *reason = NULL;

		assert_int_equal(number(&part), i ? 2 : 1);
		reason = text(&part);
		assert_string_equal(reason, i ? "late" : "no_root");
		assert_int_equal(number(&part), i ? 2 : 8);
	}
	part = section(&block, "info");
	for (uint64_t left = number(&part); left; left--) {
		_cleanup_free_ char *key = text(&part);
		_cleanup_free_ char *value = text(&part);

		has_rate |= !strcmp(key, "rate_hz") && !strcmp(value, "99");
		has_order |= !strcmp(key, "sort") && !strcmp(value, "time");
	}
	assert_true(has_rate && has_order);
	buffer_release(&block);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_tree_is_a_walk_over_what_came_in_its_order),
		cmocka_unit_test(large_counts_keep_every_bit),
		cmocka_unit_test(hostile_names_come_out_clean),
		cmocka_unit_test(a_long_name_is_cut),
		cmocka_unit_test(modules_and_lines_are_there_where_they_are_known),
		cmocka_unit_test(fates_and_facts_are_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
