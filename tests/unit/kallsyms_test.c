/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbolize/kallsyms.h"
#include "tests/unit/elf_builder.h"

static int text_fd(const char *text)
{
	return text ? elf_builder_fd_of(text, strlen(text)) : -1;
}

static int find(const char *symbols, const char *modules, const uint64_t *addresses, size_t count,
		struct kallsyms **ret_kallsyms)
{
	int symbols_fd = text_fd(symbols), modules_fd = text_fd(modules);
	int err = kallsyms_find(symbols_fd, modules_fd, addresses, count, ret_kallsyms);

	close(symbols_fd);
	if (modules_fd >= 0)
		close(modules_fd);
	return err;
}

/* What an address is shown as: "function+offset [module]", "[module]" or "". */
static void assert_shown(struct kallsyms *kallsyms, const uint64_t *addresses, size_t index,
			 const char *expected)
{
	struct kallsyms_symbol symbol = kallsyms_get(kallsyms, index);
	char shown[256] = "";

	if (symbol.function)
		snprintf(shown, sizeof(shown), "%s+%llu [%s]", symbol.function,
			 (unsigned long long)(addresses[index] - symbol.start), symbol.module);
	else if (symbol.module)
		snprintf(shown, sizeof(shown), "[%s]", symbol.module);
	assert_string_equal(shown, expected);
}

struct expected {
	uint64_t address;
	const char *shown;
};

static void assert_all(const char *symbols, const char *modules, const struct expected *expected,
		       size_t count)
{
	struct kallsyms *kallsyms;
	uint64_t addresses[32] = { 0 };

	for (size_t i = 0; i < count; i++)
		addresses[i] = expected[i].address;
	assert_int_equal(find(symbols, modules, addresses, count, &kallsyms), 0);
	for (size_t i = 0; i < count; i++)
		assert_shown(kallsyms, addresses, i, expected[i].shown);
	kallsyms_free(kallsyms);
	/* Each alone gives the same. */
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(find(symbols, modules, &addresses[i], 1, &kallsyms), 0);
		assert_shown(kallsyms, &addresses[i], 0, expected[i].shown);
		kallsyms_free(kallsyms);
	}
}

#define ASSERT_ALL(symbols, modules, ...)                                      \
	assert_all(symbols, modules, (const struct expected[]){ __VA_ARGS__ }, \
		   sizeof((const struct expected[]){ __VA_ARGS__ }) / sizeof(struct expected))

static void functions_reach_to_the_next_symbol(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 T _text\n"
		   "ffffffff81000000 T first\n"
		   "ffffffff81000100 t second\n"
		   "ffffffff81000200 T _etext\n"
		   "ffffffff82000000 D some_data\n",
		   NULL, { 0xffffffff80ffffff, "" }, { 0xffffffff81000000, "first+0 [kernel]" },
		   { 0xffffffff810000ff, "first+255 [kernel]" },
		   { 0xffffffff81000100, "second+0 [kernel]" },
		   { 0xffffffff810001ff, "second+255 [kernel]" },
		   { 0xffffffff81000200, "[kernel]" }, { 0xffffffff82000000, "" },
		   { 0xffffffffffffffff, "" });
}

static void the_last_symbol_names_nothing_behind_it(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 T first\nffffffff81000100 T last\n", NULL,
		   { 0xffffffff810000ff, "first+255 [kernel]" }, { 0xffffffff81000100, "" },
		   { 0xffffffff81000101, "" });
}

static void the_order_of_the_lines_does_not_matter(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000300 T end\n"
		   "ffffffff81000100 T b\n"
		   "ffffffff81000200 T c\n"
		   "ffffffff81000000 T a\n",
		   NULL, { 0xffffffff81000001, "a+1 [kernel]" },
		   { 0xffffffff81000101, "b+1 [kernel]" }, { 0xffffffff81000102, "b+2 [kernel]" },
		   { 0xffffffff81000201, "c+1 [kernel]" });
}

static void data_ends_a_function_and_is_none(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 T code\n"
		   "ffffffff81000100 d data\n"
		   "ffffffff81000200 w weak_code\n"
		   "ffffffff81000300 W other_code\n"
		   "ffffffff81000400 B _end\n"
		   "0000000000000010 A fixed_percpu_data\n",
		   NULL, { 0x18, "" }, { 0xffffffff81000001, "code+1 [kernel]" },
		   { 0xffffffff81000101, "[kernel]" },
		   { 0xffffffff81000201, "weak_code+1 [kernel]" },
		   { 0xffffffff81000301, "other_code+1 [kernel]" }, { 0xffffffff81000401, "" });
}

static void aliases_are_chosen_stably(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 t a_local\n"
		   "ffffffff81000000 W a_weak\n"
		   "ffffffff81000000 T __x64_sys_read\n"
		   "ffffffff81000000 T _b\n"
		   "ffffffff81000000 T _a\n"
		   "ffffffff81000100 T zzz\n"
		   "ffffffff81000100 T __sched_text_start\n"
		   "ffffffff81000200 T __sched_text_end\n"
		   "ffffffff81000300 T end\n",
		   NULL, { 0xffffffff81000004, "_a+4 [kernel]" },
		   { 0xffffffff81000104, "zzz+4 [kernel]" }, { 0xffffffff81000204, "[kernel]" });
}

static void modules_end_where_they_end(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 T a\n"
		   "ffffffff81000100 T end\n"
		   "ffffffffc0001100 t two\t[mod_b]\n"
		   "ffffffffc0000000 t one\t[mod_a]\n"
		   "ffffffffc0000800 t one_more\t[mod_a]\n"
		   "ffffffffc0009000 t unlisted\t[mod_c]\n",
		   "mod_b 4096 0 - Live 0xffffffffc0001000 (OE)\n"
		   "mod_a 4096 2 mod_b,mod_c, Live 0xffffffffc0000000\n"
		   "garbage\n",
		   { 0xffffffffbfffffff, "" }, { 0xffffffffc0000001, "one+1 [mod_a]" },
		   { 0xffffffffc0000fff, "one_more+2047 [mod_a]" },
		   { 0xffffffffc0001000, "[mod_b]" }, { 0xffffffffc0001101, "two+1 [mod_b]" },
		   { 0xffffffffc0001fff, "two+3839 [mod_b]" }, { 0xffffffffc0002000, "" },
		   { 0xffffffffc0009001, "" });
}

static void code_made_at_run_time_has_no_range_but_a_bound(void **state)
{
	(void)state;
	ASSERT_ALL("ffffffff81000000 T a\n"
		   "ffffffff81000100 T end\n"
		   "ffffffffc0201000 t ftrace_trampoline\t[__builtin__ftrace]\n"
		   "ffffffffc0100000 t bpf_prog_6deef7357e7b4530_sd_fw\t[bpf]\n"
		   "ffffffffc0100100 t bpf_prog_aaaaaaaaaaaaaaaa\t[bpf]\n",
		   "wide 9999999 0 - Live 0xffffffffc0000000\n"
		   "next 4096 0 - Live 0xffffffffc0101000\n",
		   { 0xffffffffc0100001, "bpf_prog_6deef7357e7b4530_sd_fw+1 [bpf]" },
		   { 0xffffffffc0100101, "bpf_prog_aaaaaaaaaaaaaaaa+1 [bpf]" },
		   { 0xffffffffc0101001, "[next]" },
		   { 0xffffffffc0201001, "ftrace_trampoline+1 [__builtin__ftrace]" },
		   { 0xffffffffc0300000, "" });
}

static void hidden_addresses_are_an_error_of_their_own(void **state)
{
	const uint64_t address = 0xffffffff81000000;
	struct kallsyms *kallsyms = NULL;

	(void)state;
	assert_int_equal(
		find("0000000000000000 T a\n0000000000000000 t b\n", NULL, &address, 1, &kallsyms),
		-EPERM);
	assert_int_equal(find("", NULL, &address, 1, &kallsyms), -ENODATA);
	assert_int_equal(kallsyms_find(-1, -1, &address, 1, &kallsyms), -EBADF);
	assert_null(kallsyms);
}

static void odd_lines_are_passed_over(void **state)
{
	(void)state;
	ASSERT_ALL("\n \nzz T a\nffffffff81000000\nffffffff81000000 T\nffffffff81000000 T \n"
		   "ffffffff81000000 TT b\n"
		   "ffffffff81000000 T odd\t[unclosed\n"
		   "ffffffff81000010 T\tc\n"
		   "ffffffff81000020 T d\t[]\n"
		   "ffffffff81000030 T end\n"
		   "ffffffff81000040 T no_newline",
		   NULL, { 0xffffffff81000001, "odd+1 [kernel]" },
		   { 0xffffffff81000021, "d+1 [kernel]" }, { 0xffffffff81000031, "" });
}

static void lines_longer_than_any_buffer_are_passed_over(void **state)
{
	struct buffer text = { 0 };
	uint64_t address = 0xffffffff81000001;
	struct kallsyms *kallsyms;

	(void)state;
	for (size_t size = 4000; size < 300000; size = size * 3 / 2) {
		buffer_append_string(&text, "ffffffff81000000 T ");
		for (size_t i = 0; i < size; i++)
			buffer_append_char(&text, 'x');
		buffer_append_char(&text, '\n');
	}
	buffer_append_string(&text, "ffffffff81000000 T a\nffffffff81000100 T end\n");
	assert_int_equal(find(buffer_string(&text), NULL, &address, 1, &kallsyms), 0);
	assert_shown(kallsyms, &address, 0, "a+1 [kernel]");
	kallsyms_free(kallsyms);
	buffer_release(&text);
}

static void only_ascending_questions_are_answered(void **state)
{
	static const uint64_t addresses[] = { 2, 1 };
	struct kallsyms *kallsyms = NULL;

	(void)state;
	assert_int_equal(find("1 T a\n", NULL, addresses, 2, &kallsyms), -EINVAL);
	assert_int_equal(find("1 T a\n", NULL, addresses, KALLSYMS_MAX_ADDRESSES + 1, &kallsyms),
			 -E2BIG);
	assert_int_equal(find("1 T a\n", NULL, NULL, 0, &kallsyms), 0);
	kallsyms_free(kallsyms);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_reach_to_the_next_symbol),
		cmocka_unit_test(the_last_symbol_names_nothing_behind_it),
		cmocka_unit_test(the_order_of_the_lines_does_not_matter),
		cmocka_unit_test(data_ends_a_function_and_is_none),
		cmocka_unit_test(aliases_are_chosen_stably),
		cmocka_unit_test(modules_end_where_they_end),
		cmocka_unit_test(code_made_at_run_time_has_no_range_but_a_bound),
		cmocka_unit_test(hidden_addresses_are_an_error_of_their_own),
		cmocka_unit_test(odd_lines_are_passed_over),
		cmocka_unit_test(lines_longer_than_any_buffer_are_passed_over),
		cmocka_unit_test(only_ascending_questions_are_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
