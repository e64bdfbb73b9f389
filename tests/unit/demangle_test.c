/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "symbolize/demangle.h"

static void assert_mode(enum demangle_mode mode, const char *name, const char *expected)
{
	struct buffer shown = { 0 };

	buffer_append_string(&shown, "before:");
	demangle_append(&shown, name, mode);
	assert_int_equal(buffer_error(&shown), 0);
	assert_memory_equal(buffer_string(&shown), "before:", 7);
	assert_string_equal(buffer_string(&shown) + 7, expected);
	buffer_release(&shown);
}

static void assert_demangled(const char *name, const char *expected)
{
	assert_mode(DEMANGLE_FULL, name, expected);
}

static void cpp(void **state)
{
	(void)state;
	assert_demangled("_ZN3foo3barEi", "foo::bar(int)");
	assert_demangled("_ZNSt6vectorIiSaIiEE9push_backEOi",
			 "std::vector<int, std::allocator<int> >::push_back(int&&)");
	assert_demangled("_ZNK3foo3barEv.constprop.0", "foo::bar() const [clone .constprop.0]");
	assert_demangled("_ZN3foo3barEi.cold", "foo::bar(int) [clone .cold]");
}

static void rust_v0(void **state)
{
	(void)state;
	assert_demangled("_RNvCskwGfYPst2Cb_3foo16example_function", "foo::example_function");
	assert_demangled("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>");
}

static void rust_legacy_loses_its_hash(void **state)
{
	(void)state;
	assert_demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
			 "core::fmt::Write::write_fmt");
	assert_demangled("_ZN66_$LT$alloc..vec..Vec$LT$T$GT$$u20$as$u20$core..ops..drop..Drop$GT$"
			 "4drop17h0123456789abcdefE",
			 "<alloc::vec::Vec<T> as core::ops::drop::Drop>::drop");
}

static void rust_legacy_loses_what_the_linker_appends(void **state)
{
	(void)state;
	assert_demangled("_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE.llvm.123456",
			 "core::fmt::Write::write_fmt");
}

static void d(void **state)
{
	(void)state;
	assert_demangled("_D3std5stdio4File6__dtorMFNfZv", "std.stdio.File.__dtor");
	assert_mode(DEMANGLE_SHORT, "_D3std5stdio4File6__dtorMFNfZv", "std.stdio.File.__dtor");
	assert_mode(DEMANGLE_NONE, "_D3std5stdio4File6__dtorMFNfZv",
		    "_D3std5stdio4File6__dtorMFNfZv");
	assert_demangled("_DYNAMIC", "_DYNAMIC");
}

static void what_is_not_mangled_stays(void **state)
{
	static const char *const names[] = { "",
					     "main",
					     "_",
					     "_Z",
					     "_ZZZZZZ",
					     "_R",
					     "_Random",
					     "_ZN3foo",
					     "runtime.goexit.abi0",
					     "a@b",
					     "_ZN99999999999foo3barEi" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_demangled(names[i], names[i]);
}

static void a_name_that_is_too_long_stays(void **state)
{
	struct buffer name = { 0 };

	(void)state;
	buffer_append_string(&name, "_ZN");
	while (name.size <= DEMANGLE_MAX_MANGLED)
		buffer_append_string(&name, "1a");
	buffer_append_string(&name, "Ev");
	assert_demangled(buffer_string(&name), buffer_string(&name));
	buffer_release(&name);
}

static bool is_demangled(const char *name)
{
	struct buffer shown = { 0 };
	bool demangled;

	demangle_append(&shown, name, DEMANGLE_FULL);
	demangled = strcmp(buffer_string(&shown), name) != 0;
	buffer_release(&shown);
	return demangled;
}

/* A reference in base 36 (C++: S_, S0_, ...) or 62 (Rust: B_, B0_, ...): nothing for 0, else n - 1. */
static void append_reference(struct buffer *name, char kind, size_t base, size_t value)
{
	static const char cpp_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char rust_digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
					  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	const char *digits = base == 36 ? cpp_digits : rust_digits;

	buffer_append_char(name, kind);
	if (value) {
		if ((value - 1) / base)
			buffer_append_char(name, digits[(value - 1) / base]);
		buffer_append_char(name, digits[(value - 1) % base]);
	}
	buffer_append_char(name, '_');
}

/* f(A, A<A, A>, A<A<A, A>, A<A, A>>, ...): each parameter is twice as long as the one before. */
static bool cpp_doubling_is_demangled(int times)
{
	struct buffer name = { 0 };
	bool demangled;

	buffer_append_string(&name, "_Z1f1A");
	for (int i = 0; i < times; i++) {
		buffer_append_string(&name, "S_I");
		append_reference(&name, 'S', 36, i);
		append_reference(&name, 'S', 36, i);
		buffer_append_string(&name, "E");
	}
	demangled = is_demangled(buffer_string(&name));
	buffer_release(&name);
	return demangled;
}

static void a_name_that_blows_up_stays(void **state)
{
	(void)state;
	assert_true(cpp_doubling_is_demangled(5));
	assert_false(cpp_doubling_is_demangled(60));
}

/* a::b::<(i32, i32), ((i32, i32), (i32, i32)), ...>; positions count from behind "_R". */
static bool rust_doubling_is_demangled(int times)
{
	struct buffer name = { 0 };
	size_t before;
	bool demangled;

	buffer_append_string(&name, "_RINvC1a1b");
	before = name.size - 2;
	buffer_append_string(&name, "TllE");
	for (int i = 0; i < times; i++) {
		size_t here = name.size - 2;

		buffer_append_char(&name, 'T');
		append_reference(&name, 'B', 62, before);
		append_reference(&name, 'B', 62, before);
		buffer_append_char(&name, 'E');
		before = here;
	}
	buffer_append_char(&name, 'E');
	demangled = is_demangled(buffer_string(&name));
	buffer_release(&name);
	return demangled;
}

static void a_rust_name_that_blows_up_stays(void **state)
{
	(void)state;
	assert_true(rust_doubling_is_demangled(5));
	assert_false(rust_doubling_is_demangled(60));
}

static void deep_nesting_stays_within_the_stack(void **state)
{
	struct buffer name = { 0 };

	(void)state;
	buffer_append_string(&name, "_Z1f");
	while (name.size < DEMANGLE_MAX_MANGLED - 1)
		buffer_append_char(&name, 'P');
	buffer_append_char(&name, 'i');
	assert_demangled(buffer_string(&name), buffer_string(&name));
	buffer_clear(&name);
	buffer_append_string(&name, "_RINvC1a1b");
	while (name.size < DEMANGLE_MAX_MANGLED - 2)
		buffer_append_char(&name, 'R');
	buffer_append_string(&name, "lE");
	assert_demangled(buffer_string(&name), buffer_string(&name));
	buffer_release(&name);
}

static void short_names_have_no_parameters(void **state)
{
	(void)state;
	assert_mode(DEMANGLE_SHORT, "_ZN3foo3barEi", "foo::bar");
	assert_mode(DEMANGLE_SHORT, "_ZNK3foo3barEv.constprop.0", "foo::bar");
	assert_mode(DEMANGLE_SHORT, "_ZSt3maxIiERKT_S2_S2_", "std::max<int>");
	assert_mode(DEMANGLE_SHORT, "_ZNSt6vectorIiSaIiEE9push_backEOi",
		    "std::vector<int, std::allocator<int> >::push_back");
	assert_mode(DEMANGLE_SHORT, "_ZN1a1bEv@plt", "a::b@plt");
	assert_mode(DEMANGLE_SHORT, "_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>");
	assert_mode(DEMANGLE_SHORT, "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
		    "core::fmt::Write::write_fmt");
}

/* libiberty would stop behind "a::b". */
static void what_only_begins_like_a_name_stays_in_short(void **state)
{
	(void)state;
	assert_mode(DEMANGLE_SHORT, "_ZN1a1bEv!not_one", "_ZN1a1bEv!not_one");
	assert_mode(DEMANGLE_SHORT, "main", "main");
}

static void mode_none_changes_nothing(void **state)
{
	static const char *const names[] = {
		"_ZN3foo3barEi",
		"_RNvCskwGfYPst2Cb_3foo16example_function",
		"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE",
		"_ZN1a1bEv@plt",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_mode(DEMANGLE_NONE, names[i], names[i]);
}

static void modes_have_names(void **state)
{
	enum demangle_mode mode = DEMANGLE_FULL;

	(void)state;
	assert_int_equal(demangle_mode_by_name("short", &mode), 0);
	assert_int_equal(mode, DEMANGLE_SHORT);
	assert_int_equal(demangle_mode_by_name("none", &mode), 0);
	assert_int_equal(mode, DEMANGLE_NONE);
	assert_int_equal(demangle_mode_by_name("full", &mode), 0);
	assert_int_equal(mode, DEMANGLE_FULL);
	assert_int_equal(demangle_mode_by_name("Full", &mode), -EINVAL);
	assert_int_equal(mode, DEMANGLE_FULL);
}

/* Always the same ones. What comes out does not matter, only that something does, soon. */
static void random_names_do_no_harm(void **state)
{
	static const char parts[] = "_ZNKSTI0123456789EaiPRFvJLXBMDtpCslmTK$u.hQAHGV";
	struct buffer shown = { 0 };
	char name[64];

	(void)state;
	srandom(1);
	for (int i = 0; i < 20000; i++) {
		size_t size = 2 + random() % (sizeof(name) - 3);

		for (size_t at = 2; at < size; at++)
			name[at] = parts[random() % (sizeof(parts) - 1)];
		name[0] = '_';
		name[1] = "ZRD"[i % 3];
		name[size] = '\0';
		buffer_clear(&shown);
		demangle_append(&shown, name, DEMANGLE_FULL);
		assert_true(shown.size > 0 && shown.size <= DEMANGLE_MAX_BYTES);
	}
	buffer_release(&shown);
}

static void what_a_linker_appends_stays(void **state)
{
	(void)state;
	assert_demangled("_ZN1a1bEv@plt", "a::b()@plt");
	assert_demangled("malloc@plt", "malloc@plt");
	assert_demangled("_Z@plt", "_Z@plt");
	assert_demangled("@plt", "@plt");
	assert_demangled("_ZN1a1bEv@pltx", "_ZN1a1bEv@pltx");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cpp),
		cmocka_unit_test(rust_v0),
		cmocka_unit_test(rust_legacy_loses_its_hash),
		cmocka_unit_test(rust_legacy_loses_what_the_linker_appends),
		cmocka_unit_test(d),
		cmocka_unit_test(short_names_have_no_parameters),
		cmocka_unit_test(what_only_begins_like_a_name_stays_in_short),
		cmocka_unit_test(mode_none_changes_nothing),
		cmocka_unit_test(modes_have_names),
		cmocka_unit_test(what_is_not_mangled_stays),
		cmocka_unit_test(what_a_linker_appends_stays),
		cmocka_unit_test(a_name_that_is_too_long_stays),
		cmocka_unit_test(a_name_that_blows_up_stays),
		cmocka_unit_test(a_rust_name_that_blows_up_stays),
		cmocka_unit_test(deep_nesting_stays_within_the_stack),
		cmocka_unit_test(random_names_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
