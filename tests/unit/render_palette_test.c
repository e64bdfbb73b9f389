/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/buffer.h"
#include "render/palette.h"

/* WCAG 2, relative luminance: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
static double channel(uint8_t value)
{
	double part = value / 255.0;

	return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

static double luminance(struct colour c)
{
	return 0.2126 * channel(c.red) + 0.7152 * channel(c.green) + 0.0722 * channel(c.blue);
}

static double contrast(struct colour a, struct colour b)
{
	double x = luminance(a) + 0.05, y = luminance(b) + 0.05;

	return x > y ? x / y : y / x;
}

static void every_shade_can_be_read(void **state)
{
	(void)state;
	for (uint8_t ramp = 0; ramp < PALETTE_RAMP_COUNT; ramp++) {
		for (uint8_t shade = 0; shade < PALETTE_SHADES; shade++) {
			struct palette_class class = { ramp, shade };

			assert_true(contrast(palette_fill(class, false),
					     palette_ink(class, false)) >= 4.5);
			assert_true(contrast(palette_fill(class, true), palette_ink(class, true)) >=
				    4.5);
		}
	}
}

static void any_fill_gets_an_ink_that_can_be_read(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1 << 15; i++) {
		struct colour fill = { i >> 10 << 3, (i >> 5 & 31) << 3, (i & 31) << 3 };

		assert_true(contrast(fill, colour_ink(fill)) >= 4.5);
	}
}

static void names_lead_to_palettes(void **state)
{
	enum palette found;

	(void)state;
	for (enum palette i = 0; i < PALETTE_COUNT; i++) {
		assert_int_equal(palette_by_name(palette_name(i), &found), 0);
		assert_int_equal(found, i);
	}
	assert_true(palette_by_name("", &found) < 0);
	assert_true(palette_by_name("Hot", &found) < 0);
}

static void kinds_and_names_choose_the_ramp(void **state)
{
	static const struct {
		enum palette palette;
		enum frame_kind kind;
		const char *name;
		enum palette_ramp ramp;
	} cases[] = {
		{ PALETTE_hearth, FRAME_NATIVE, "main", PALETTE_RAMP_native },
		{ PALETTE_hearth, FRAME_KERNEL, "do_idle", PALETTE_RAMP_kernel },
		{ PALETTE_hearth, FRAME_JIT, "a.b", PALETTE_RAMP_jit },
		{ PALETTE_hearth, FRAME_INLINED, "a", PALETTE_RAMP_inlined },
		{ PALETTE_hearth, FRAME_UNKNOWN, "[libc.so.6]", PALETTE_RAMP_unknown },
		{ PALETTE_hot, FRAME_KERNEL, "x", PALETTE_RAMP_hot },
		{ PALETTE_java, FRAME_JIT, "java/lang/String", PALETTE_RAMP_green },
		{ PALETTE_java, FRAME_NATIVE, "Foo:::bar", PALETTE_RAMP_green },
		{ PALETTE_java, FRAME_NATIVE, "JavaCalls::call", PALETTE_RAMP_yellow },
		{ PALETTE_java, FRAME_KERNEL, "java/x", PALETTE_RAMP_orange },
		{ PALETTE_java, FRAME_NATIVE, "malloc", PALETTE_RAMP_red },
		{ PALETTE_js, FRAME_JIT, "/srv/app.js:3", PALETTE_RAMP_green },
		{ PALETTE_js, FRAME_JIT, "Builtin:x", PALETTE_RAMP_aqua },
		{ PALETTE_rust, FRAME_NATIVE, "core::fmt::write", PALETTE_RAMP_orange },
		{ PALETTE_rust, FRAME_NATIVE, "<T as core::fmt::Debug>::fmt", PALETTE_RAMP_orange },
		{ PALETTE_rust, FRAME_NATIVE, "app::main", PALETTE_RAMP_yellow },
		{ PALETTE_perl, FRAME_NATIVE, "Perl_pp_add", PALETTE_RAMP_green },
		{ PALETTE_python, FRAME_NATIVE, "f (/x/app.py)", PALETTE_RAMP_green },
		{ PALETTE_python, FRAME_NATIVE, "f (/x/site-packages/y.py)", PALETTE_RAMP_aqua },
		{ PALETTE_chain, FRAME_NATIVE, "vfs_read_[w]", PALETTE_RAMP_aqua },
		{ PALETTE_chain, FRAME_NATIVE, "vfs_read_w]", PALETTE_RAMP_blue },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(palette_ramp_of(cases[i].palette, cases[i].kind, cases[i].name),
				 cases[i].ramp);
}

static void every_palette_colours_everything(void **state)
{
	(void)state;
	for (enum palette i = 1; i < PALETTE_COUNT; i++)
		for (enum frame_kind kind = 0; kind < FRAME_KIND_COUNT; kind++)
			assert_int_not_equal(palette_ramp_of(i, kind, ""), PALETTE_RAMP_unknown);
}

static void shades_are_spread_and_stay(void **state)
{
	unsigned int seen[PALETTE_SHADES] = { 0 };

	(void)state;
	for (int i = 0; i < 1600; i++) {
		char name[] = { 'f', (char)('a' + i % 26), (char)('a' + i / 26 % 26),
				(char)('a' + i / 676) };

		seen[palette_shade(palette_hash(name, sizeof(name)))]++;
	}
	for (int i = 0; i < PALETTE_SHADES; i++)
		assert_in_range(seen[i], 50, 150);
	assert_int_equal(palette_hash("a", 1), 0xe40c292c); /* FNV-1a's own test vector */
}

static void classes_are_two_letters(void **state)
{
	char name[3];

	(void)state;
	palette_class_name((struct palette_class){ 0, 15 }, name);
	assert_string_equal(name, "af");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_shade_can_be_read),
		cmocka_unit_test(any_fill_gets_an_ink_that_can_be_read),
		cmocka_unit_test(names_lead_to_palettes),
		cmocka_unit_test(kinds_and_names_choose_the_ramp),
		cmocka_unit_test(every_palette_colours_everything),
		cmocka_unit_test(shades_are_spread_and_stay),
		cmocka_unit_test(classes_are_two_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
