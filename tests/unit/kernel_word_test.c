/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "symbolize/kernel_word.h"

#define ADDRESS 0xffffffff81001050

/* "function+offset [module]", and "made" for code of run time; "" where nothing is known. */
static void assert_word(const char *text, const char *expected)
{
	char shown[1024] = "";
	struct kernel_word word;

	if (kernel_word_parse(text, ADDRESS, &word))
		snprintf(shown, sizeof(shown), "%s+%d [%s]%s", word.function,
			 (int)(ADDRESS - word.start), word.module, word.is_made ? " made" : "");
	assert_string_equal(shown, expected);
}

static void functions_of_the_kernel_and_of_modules(void **state)
{
	(void)state;
	assert_word("do_one_initcall+0x4a/0x2e0", "do_one_initcall+74 [kernel]");
	assert_word("nft_do_chain+0x10/0x5d0 [nf_tables]", "nft_do_chain+16 [nf_tables]");
	assert_word("core::fmt+0x1::x+0x0/0x5d0 [rust]", "core::fmt+0x1::x+0 [rust]");
}

static void code_of_bpf_is_made(void **state)
{
	(void)state;
	assert_word("bpf_prog_6deef7357e7b4530_tick+0x11/0x25",
		    "bpf_prog_6deef7357e7b4530_tick+17 [bpf] made");
	assert_word("bpf_trampoline_6442465331+0x1/0x40", "bpf_trampoline_6442465331+1 [bpf] made");
	assert_word("bpf__tcp_congestion_ops_cong_avoid+0x1/0x40",
		    "bpf__tcp_congestion_ops_cong_avoid+1 [bpf] made");
	assert_word("bpf_dispatcher_xdp+0x1/0x1000", "bpf_dispatcher_xdp+1 [bpf] made");
	assert_word("bpf_dispatcher_xdp_func+0x1/0x10", "bpf_dispatcher_xdp_func+1 [kernel]");
	assert_word("bpf_prog_load+0x11/0x825", "bpf_prog_load+17 [kernel]");
	assert_word("bpf_trampoline_enter+0x11/0x25", "bpf_trampoline_enter+17 [kernel]");
}

static void what_names_no_function_is_unknown(void **state)
{
	char longest[700];

	(void)state;
	assert_word("", "");
	assert_word("0xffffffff81001050", "");
	assert_word("__sched_text_start+0x0/0x8", ""); /* a mark of the linker */
	assert_word("+0x10/0x20", "");
	assert_word("cut+0x10", "");
	assert_word("cut+0x10/0x20 [modu", "");
	assert_word("more+0x10/0x20 [module] [build]", "");
	assert_word("far+0xffffffffffffffff/0x20", "");
	memset(longest, 'a', sizeof(longest));
	snprintf(longest + KERNEL_WORD_NAME_BYTES, 20, "+0x1/0x2");
	assert_word(longest, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_the_kernel_and_of_modules),
		cmocka_unit_test(code_of_bpf_is_made),
		cmocka_unit_test(what_names_no_function_is_unknown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
