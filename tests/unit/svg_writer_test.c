/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

/*
 * Golden files: each *.folded of tests/golden/ with the options of its row here gives NAME.svg and
 * NAME.out.folded. The files of web/ are cut out of the SVG before, so that an edit there changes no
 * golden file. After a change that is meant:
 *
 *	HEARTH_GOLDEN=write .output/unit/svg_writer_test && git diff tests/golden
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "model/profile_reader.h"
#include "model/profile.h"
#include "model/shape.h"
#include "model/shaping.h"
#include "render/render.h"
#include "render/render_options.h"
#include "render/web_files.h"

#define FOLDER "tests/golden/"

struct golden {
	const char *input, *name;
	const char *options[12]; /* name, value, ... */
	bool has_origin;
};

static const struct golden goldens[] = {
	{ .input = "kinds", .name = "kinds" },
	{ .input = "kinds",
	  .name = "kinds_all_options",
	  .options = { "width", "600", "colors", "java", "inverted", NULL, "factor", "2", "notes",
		       "a <note>", "minwidth", "20" },
	  .has_origin = true },
	{ .input = "kinds",
	  .name = "kinds_reversed",
	  .options = { "reverse", NULL, "base", "main" } },
	{ .input = "hostile", .name = "hostile", .has_origin = true },
	{ .input = "empty", .name = "empty" },
};

static void set_origin(struct profile_origin *origin)
{
	origin->command = strdup("serve --name '<script>alert(1)</script>' ]]> & more");
	origin->machine = strdup("build-07");
	origin->event = strdup("cpu-clock");
	origin->time_unix_ns = UINT64_C(1763879018000000000);
	origin->duration_ns = UINT64_C(10012345678);
	origin->rate_hz = 99;
	origin->fates_are_known = true;
}

static void read_file(const char *name, const char *ending, struct buffer *to)
{
	char path[256];

	snprintf(path, sizeof(path), FOLDER "%s%s", name, ending);
	assert_int_equal(buffer_read_file(to, path, 1 << 24), 0);
}

static void write_file(const char *name, const char *ending, const struct buffer *from)
{
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), FOLDER "%s%s", name, ending);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(from->data, 1, from->size, file), from->size);
	assert_int_equal(fclose(file), 0);
}

static void cut_out(struct buffer *text, struct bytes part)
{
	char *at = memmem(text->data, text->size, part.data, part.size);

	assert_non_null(at);
	memmove(at, at + part.size, text->size - (size_t)(at - text->data) - part.size);
	text->size -= part.size;
}

static void render(const struct golden *golden, const char *format, struct buffer *to)
{
	struct profile *profile = profile_new();
	struct shaping shaping = { 0 };
	struct render_options options;
	struct read_report report;
	struct shaped shaped;
	struct buffer input;
	const char *why;

	buffer_init(&input);
	read_file(golden->input, ".folded", &input);
	assert_int_equal(profile_read(profile, input.data, input.size, &report), 0);
	if (golden->has_origin)
		set_origin(profile_origin(profile));
	assert_int_equal(render_options_init(&options), 0);
	for (size_t i = 0; i < 12 && golden->options[i]; i += 2)
		if (shaping_set(&shaping, golden->options[i], golden->options[i + 1], &why))
			assert_int_equal(render_option_set(&options, golden->options[i],
							   golden->options[i + 1], &why),
					 0);
	assert_int_equal(shape_profile(profile, &shaping, &shaped), 0);
	assert_int_equal(render_format_by_name(format)->write(shaped.profile, &options, to), 0);
	shaped_release(&shaped);
	shaping_release(&shaping);
	render_options_release(&options);
	buffer_release(&input);
	profile_free(profile);
}

static void check_golden(const char *name, const char *ending, const struct buffer *got)
{
	struct buffer wanted;

	if (getenv("HEARTH_GOLDEN")) {
		write_file(name, ending, got);
		return;
	}
	buffer_init(&wanted);
	read_file(name, ending, &wanted);
	assert_int_equal(got->size, wanted.size);
	if (wanted.size)
		assert_memory_equal(got->data, wanted.data, wanted.size);
	buffer_release(&wanted);
}

static void drawings_are_as_they_were(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(goldens) / sizeof(*goldens); i++) {
		struct buffer text;

		buffer_init(&text);
		render(&goldens[i], "svg", &text);
		cut_out(&text, web_file_flamegraph_joined_js());
		cut_out(&text, web_file_flamegraph_css());
		cut_out(&text, web_file_flamegraph_dark_css());
		check_golden(goldens[i].name, ".svg", &text);
		buffer_clear(&text);
		render(&goldens[i], "folded", &text);
		check_golden(goldens[i].name, ".out.folded", &text);
		buffer_release(&text);
	}
}

static void the_same_profile_gives_the_same_bytes(void **state)
{
	struct buffer once, again;

	(void)state;
	buffer_init(&once);
	buffer_init(&again);
	render(&goldens[3], "svg", &once);
	render(&goldens[3], "svg", &again);
	assert_int_equal(once.size, again.size);
	assert_memory_equal(once.data, again.data, once.size);
	buffer_release(&once);
	buffer_release(&again);
}

/* What goes into the document as it is must not end the section that it is in. */
static void embedded_files_hold_no_section_end(void **state)
{
	const struct bytes files[] = { web_file_flamegraph_joined_js(), web_file_flamegraph_css(),
				       web_file_flamegraph_dark_css() };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		assert_true(files[i].size > 100);
		assert_null(memmem(files[i].data, files[i].size, "]]>", 3));
		assert_null(memmem(files[i].data, files[i].size, "</s", 3));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drawings_are_as_they_were),
		cmocka_unit_test(the_same_profile_gives_the_same_bytes),
		cmocka_unit_test(embedded_files_hold_no_section_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
