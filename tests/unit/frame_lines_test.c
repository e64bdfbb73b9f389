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
#include "render/folded_writer.h"
#include "render/render_options.h"

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

static void assert_folded(const struct profile *profile, bool by_line, const char *wanted)
{
	struct render_options options;
	struct buffer got = { 0 };

	assert_int_equal(render_options_init(&options), 0);
	options.lines = by_line;
	assert_int_equal(folded_write(profile, &options, &got), 0);
	assert_string_equal(buffer_string(&got), wanted);
	buffer_release(&got);
	render_options_release(&options);
}

static void without_lines_nothing_is_made(void **state)
{
	struct profile *profile = profile_new(), *settled = profile;

	(void)state;
	STACK(profile, 1, { "main" }, { "f" });
	assert_int_equal(frame_lines_settle(profile, false, &settled), 0);
	assert_null(settled);
	settled = profile;
	assert_int_equal(frame_lines_settle(profile, true, &settled), 0);
	assert_null(settled);
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

	(void)state;
	STACK(profile, 1, { "g", "a.c", 1 }, { "h", "/src/h.c", 2 });
	STACK(profile, 2, { "g", "b.c", 1 }, { "h" });
	STACK(profile, 4, { "g", "a.c", 2 }, { "h", "/src/h.c", 3 });
	assert_int_equal(frame_lines_settle(profile, false, &settled), 0);
	assert_non_null(settled);
	g = frame_named(settled, "g");
	h = frame_named(settled, "h");
	assert_int_equal(g->file, PROFILE_NONE);
	assert_int_equal(g->line, 0);
	assert_string_equal(profile_string(settled, h->file, NULL), "/src/h.c");
	assert_int_equal(h->line, 0);
	assert_string_equal(profile_string(settled, h->module, NULL), "lib.so");
	assert_int_equal(profile_total(settled), 7);
	assert_int_equal(profile_node_count(settled), 4); /* the root, p, g and h */
	profile_free(settled);
	profile_free(profile);
}

static void other_options_ask_for_functions(void **state)
{
	struct profile *profile = example();
	struct render_options options;
	struct buffer got = { 0 };
	const char *why;

	(void)state;
	assert_int_equal(render_options_init(&options), 0);
	options.lines = options.reverse = true;
	assert_int_equal(render_option_set(&options, "base", "f", &why), 0);
	assert_int_equal(folded_write(profile, &options, &got), 0);
	assert_string_equal(buffer_string(&got), "f (f.h:7) 4\nf (f.h:7)_[i] 1\n"
						 "f (f.h:8)_[i] 2\nmain (main.c:3);p 8\n");
	buffer_release(&got);
	render_options_release(&options);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_lines_nothing_is_made),
		cmocka_unit_test(a_function_is_one_frame_a_kind),
		cmocka_unit_test(by_line_names_say_them),
		cmocka_unit_test(what_is_not_known_is_left_out),
		cmocka_unit_test(a_file_is_kept_if_all_agree),
		cmocka_unit_test(other_options_ask_for_functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
