/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/frame_lines.h"
#include "model/profile.h"
#include "model/shape.h"
#include "model/shaping.h"
#include "render/folded_writer.h"

struct placed {
	const char *name, *file;
	uint32_t line;
	enum frame_kind kind;
};

static uint32_t add_stack(struct profile *profile, const struct placed *frames, size_t count,
			  uint64_t ticks)
{
	uint32_t node = PROFILE_ROOT, frame;

	for (size_t i = 0; i < count; i++) {
		assert_int_equal(profile_add_placed(profile, frames[i].name, "lib.so",
						    frames[i].kind, frames[i].file, frames[i].line,
						    &frame),
				 0);
		assert_int_equal(profile_add_child(profile, node, frame, &node), 0);
	}
	assert_int_equal(profile_add_ticks(profile, node, ticks), 0);
	return node;
}

#define STACK(profile, ticks, ...)                                                            \
	add_stack(profile, (struct placed[]){ { "p", .kind = FRAME_PROCESS }, __VA_ARGS__ },  \
		  sizeof((struct placed[]){ { NULL }, __VA_ARGS__ }) / sizeof(struct placed), \
		  ticks)

/* Two lines of main(), in which f() is called, and two of f(), inlined or not. */
static struct profile *example(void)
{
	struct profile *profile = profile_new();

	STACK(profile, 1, { "main", "/src/main.c", 3 }, { "f", "/src/f.h", 7, FRAME_INLINED });
	STACK(profile, 2, { "main", "/src/main.c", 4 }, { "f", "/src/f.h", 8, FRAME_INLINED });
	STACK(profile, 4, { "main", "/src/main.c", 4 }, { "f", "/src/f.h", 7 });
	STACK(profile, 8, { "main", "/src/main.c", 3 });
	return profile;
}

static struct shaped shape(const struct profile *profile, const struct shaping *shaping)
{
	struct shaped shaped;

	assert_int_equal(shape_profile(profile, shaping, &shaped), 0);
	return shaped;
}

static void assert_shaped(const struct profile *profile, const struct shaping *shaping,
			  const char *wanted)
{
	struct shaped shaped = shape(profile, shaping);
	struct buffer got = { 0 };

	assert_int_equal(folded_write(shaped.profile, NULL, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
	shaped_release(&shaped);
}

static void assert_folded(const struct profile *profile, bool by_line, const char *wanted)
{
	assert_shaped(profile, &(struct shaping){ .lines = by_line }, wanted);
}

static void without_lines_nothing_is_needed(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	STACK(profile, 1, { "main" }, { "f" });
	assert_false(frame_lines_are_known(profile));
	assert_false(shape_is_needed(profile, &(struct shaping){ 0 }));
	STACK(profile, 1, { "main", "main.c", 3 });
	assert_true(frame_lines_are_known(profile));
	assert_true(shape_is_needed(profile, &(struct shaping){ 0 }));
	assert_false(shape_is_needed(profile, &(struct shaping){ .keeps_lines = true }));
	profile_free(profile);
}

static void an_output_with_a_place_for_them_gets_them(void **state)
{
	struct profile *profile = example();
	struct shaped shaped = shape(profile, &(struct shaping){ .keeps_lines = true });
	const struct frame *f = profile_frame(shaped.profile, 2);

	(void)state;
	assert_int_equal(profile_node_count(shaped.profile), profile_node_count(profile));
	assert_int_equal(f->line, 7);
	assert_string_equal(profile_string(shaped.profile, f->file, NULL), "/src/f.h");
	shaped_release(&shaped);
	profile_free(profile);
}

static void a_function_is_one_frame_a_kind(void **state)
{
	struct profile *profile = example();

	(void)state;
	assert_folded(profile, false, "p;main 8\np;main;f 4\np;main;f_[i] 3\n");
	profile_free(profile);
}

static void by_line_names_say_them(void **state)
{
	struct profile *profile = example();

	(void)state;
	assert_folded(profile, true,
		      "p;main (main.c:3) 8\np;main (main.c:3);f (f.h:7)_[i] 1\n"
		      "p;main (main.c:4);f (f.h:7) 4\np;main (main.c:4);f (f.h:8)_[i] 2\n");
	profile_free(profile);
}

static void what_is_not_known_is_left_out(void **state)
{
	struct profile *profile = profile_new();

	(void)state;
	STACK(profile, 1, { "main", "main.c", 0 }, { "f" });
	STACK(profile, 2, { "main", "/", 5 });
	assert_folded(profile, true, "p;main (/:5) 2\np;main (main.c);f 1\n");
	profile_free(profile);
}

static const struct frame *frame_named(const struct profile *profile, const char *name)
{
	for (uint32_t i = 0; i < profile_frame_count(profile); i++)
		if (!strcmp(profile_string(profile, profile_frame(profile, i)->name, NULL), name))
			return profile_frame(profile, i);
	fail_msg("no frame %s", name);
	return NULL;
}

/* `g` is of two files, of `h` one frame says none. */
static void a_file_is_kept_if_all_agree(void **state)
{
	struct profile *profile = profile_new(), *settled;
	const struct frame *g, *h;
	struct shaped shaped;

	(void)state;
	STACK(profile, 1, { "g", "a.c", 1 }, { "h", "/src/h.c", 2 });
	STACK(profile, 2, { "g", "b.c", 1 }, { "h" });
	STACK(profile, 4, { "g", "a.c", 2 }, { "h", "/src/h.c", 3 });
	shaped = shape(profile, &(struct shaping){ 0 });
	settled = shaped.profile;
	g = frame_named(settled, "g");
	h = frame_named(settled, "h");
	assert_int_equal(g->file, PROFILE_NONE);
	assert_int_equal(g->line, 0);
	assert_string_equal(profile_string(settled, h->file, NULL), "/src/h.c");
	assert_int_equal(h->line, 0);
	assert_string_equal(profile_string(settled, h->module, NULL), "lib.so");
	assert_int_equal(profile_total(settled), 7);
	assert_int_equal(profile_node_count(settled), 4); /* the root, p, g and h */
	shaped_release(&shaped);
	profile_free(profile);
}

static void other_words_ask_for_functions(void **state)
{
	struct profile *profile = example();
	struct shaping shaping = { .lines = true, .reverse = true };
	const char *why;

	(void)state;
	assert_int_equal(shaping_set(&shaping, "base", "f", &why), 0);
	assert_shaped(profile, &shaping,
		      "f (f.h:7) 4\nf (f.h:7)_[i] 1\nf (f.h:8)_[i] 2\nmain (main.c:3);p 8\n");
	shaping_release(&shaping);
	profile_free(profile);
}

/* Whatever the lines, and whether it was inlined: the outermost frame stays. The same name in another file is the same function, in another module not. */
static void a_function_that_calls_itself_collapses_at_any_line(void **state)
{
	struct profile *profile = profile_new();
	struct shaping shaping = { .lines = true, .collapse_recursion = true };

	(void)state;
	STACK(profile, 1, { "f", "a.c", 7 }, { "f", "a.c", 8 }, { "f", "b.h", 1 }, { "g" });
	STACK(profile, 2, { "f", "a.c", 7 }, { "f", "a.c", 7 }, { "f" });
	STACK(profile, 4, { "f", "a.c", 9 }, { "f", "a.c", 7, FRAME_INLINED });
	STACK(profile, 8, { "f", "a.c", 9 }, { "g", "a.c", 3 }, { "f", "a.c", 7 });
	assert_shaped(profile, &shaping,
		      "p;f (a.c:7) 2\np;f (a.c:7);g 1\np;f (a.c:9) 4\n"
		      "p;f (a.c:9);g (a.c:3);f (a.c:7) 8\n");
	/* An output that has a place for lines has the line of the outermost one there. */
	shaping.lines = false;
	shaping.keeps_lines = true;
	assert_shaped(profile, &shaping, "p;f 6\np;f;g 1\np;f;g;f 8\n");
	profile_free(profile);
}

static void a_function_of_another_module_is_another_one(void **state)
{
	struct profile *profile = profile_new();
	struct shaping shaping = { .lines = true, .collapse_recursion = true };
	uint32_t frame, node;

	(void)state;
	STACK(profile, 1, { "g", "a.c", 1 });
	assert_int_equal(
		profile_add_placed(profile, "g", "other.so", FRAME_NATIVE, "a.c", 2, &frame), 0);
	assert_int_equal(profile_add_child(profile, 2, frame, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 2), 0);
	assert_shaped(profile, &shaping, "p;g (a.c:1) 1\np;g (a.c:1);g (a.c:2) 2\n");
	shaping.strip_modules = true;
	assert_shaped(profile, &shaping, "p;g (a.c:1) 3\n");
	profile_free(profile);
}

/* Whatever modules the frames were in, they are one. */
static void stripped_modules_leave_one_file(void **state)
{
	struct profile *profile = profile_new();
	struct shaped shaped;
	uint32_t frame, node;

	(void)state;
	STACK(profile, 1, { "g", "a.c", 1 });
	assert_int_equal(
		profile_add_placed(profile, "g", "other.so", FRAME_NATIVE, "b.c", 1, &frame), 0);
	assert_int_equal(profile_add_child(profile, 1, frame, &node), 0);
	assert_int_equal(profile_add_ticks(profile, node, 2), 0);
	shaped = shape(profile, &(struct shaping){ .strip_modules = true });
	assert_int_equal(profile_node_count(shaped.profile), 3);
	assert_int_equal(frame_named(shaped.profile, "g")->file, PROFILE_NONE);
	shaped_release(&shaped);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_lines_nothing_is_needed),
		cmocka_unit_test(an_output_with_a_place_for_them_gets_them),
		cmocka_unit_test(a_function_is_one_frame_a_kind),
		cmocka_unit_test(by_line_names_say_them),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(a_file_is_kept_if_all_agree),
		cmocka_unit_test(other_words_ask_for_functions),
		cmocka_unit_test(a_function_that_calls_itself_collapses_at_any_line),
		cmocka_unit_test(a_function_of_another_module_is_another_one),
		cmocka_unit_test(stripped_modules_leave_one_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
