/* SPDX-License-Identifier: Apache-2.0 */
/* kernel_code.c, and names by what it tells: kernel_names.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/perf_event.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"
#include "profiler/kernel_code.h"
#include "symbolize/symbolizer.h"

#define PLACE 0xffffffffc7654000 /* where nothing is */

static int setup(void **state)
{
	*state = kernel_code_new(0);
	return *state ? 0 : -1;
}

static int teardown(void **state)
{
	kernel_code_free(*state);
	return 0;
}

struct record {
	struct perf_event_header header;
	uint64_t address;
	uint32_t size;
	uint16_t type, flags;
	char name[40]; /* padded to words, and the time behind it */
};

static void tell(struct kernel_code *code, const struct record *record)
{
	kernel_code_take(code, (struct bytes){ (const uint8_t *)record, record->header.size });
}

static struct record symbol(uint64_t address, uint32_t size, const char *name, uint64_t time_ns)
{
	size_t name_bytes = (strlen(name) / 8 + 1) * 8;
	struct record record = {
		.header = { .type = PERF_RECORD_KSYMBOL,
			    .size = offsetof(struct record, name) + name_bytes + sizeof(time_ns) },
		.address = address,
		.size = size,
		.type = PERF_RECORD_KSYMBOL_TYPE_BPF,
	};

	memcpy(record.name, name, strlen(name));
	memcpy(record.name + name_bytes, &time_ns, sizeof(time_ns));
	return record;
}

static void came(struct kernel_code *code, uint64_t address, const char *name, uint64_t time_ns)
{
	const struct record record = symbol(address, 0x100, name, time_ns);

	tell(code, &record);
}

static void went(struct kernel_code *code, uint64_t address, const char *name, uint64_t time_ns)
{
	struct record record = symbol(address, 0x100, name, time_ns);

	record.flags = PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER;
	tell(code, &record);
}

static void records_are_taken_as_they_lie(void **state)
{
	struct symbol_kernel_code told;
	struct record record = symbol(PLACE, 0x200, "ftrace_trampoline", 9);

	came(*state, PLACE + 0x1000, "bpf_prog_1_a", 5);
	record.type = PERF_RECORD_KSYMBOL_TYPE_OOL;
	tell(*state, &record);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.changes[0].start, PLACE + 0x1000);
	assert_int_equal(told.changes[0].size, 0x100);
	assert_int_equal(told.changes[0].time_ns, 5);
	assert_string_equal(told.changes[0].name, "bpf_prog_1_a");
	assert_string_equal(told.changes[0].module, "bpf");
	assert_string_equal(told.changes[1].name, "ftrace_trampoline");
	assert_string_equal(told.changes[1].module, "__builtin__ftrace");
}

static void what_came_and_went_before_is_forgotten(void **state)
{
	struct symbol_kernel_code told;

	came(*state, PLACE, "lived_shortly", 10);
	went(*state, PLACE, "lived_shortly", 20);
	came(*state, PLACE + 0x1000, "lives", 30);
	came(*state, PLACE + 0x2000, "went_later", 40);
	came(*state, PLACE + 0x3000, "was_replaced", 50);
	went(*state, PLACE + 0x3000, "was_replaced", 60);
	came(*state, PLACE + 0x3000, "lives_there_now", 70);
	went(*state, PLACE + 0x2000, "went_later", 200);
	came(*state, PLACE, "came_later", 210);
	assert_int_equal(kernel_code_forget(*state, 100), 0);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, 5);
	assert_string_equal(told.changes[0].name, "lives");
	assert_string_equal(told.changes[1].name, "went_later");
	assert_string_equal(told.changes[2].name, "lives_there_now");
	assert_string_equal(told.changes[3].name, "went_later");
	assert_string_equal(told.changes[4].name, "came_later");
	assert_int_equal(kernel_code_forget(*state, UINT64_MAX), 0);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, 3);
}

/* The kernel makes them longer for each further one who listens; what is behind the time is anything. */
static void records_of_several_listeners_have_their_time(void **state)
{
	struct symbol_kernel_code told;
	struct record record = symbol(PLACE, 0x200, "program", 9);

	record.header.size += 8;
	tell(*state, &record);
	memset((char *)&record + record.header.size, 0xee, 8);
	record.header.size += 8;
	tell(*state, &record);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, 2);
	assert_int_equal(told.changes[0].time_ns, 9);
	assert_int_equal(told.changes[1].time_ns, 9);
	assert_string_equal(told.changes[1].name, "program");
}

static void records_that_cannot_be_are_passed_over(void **state)
{
	struct record record = symbol(PLACE, 0x100, "x", 1);
	struct symbol_kernel_code told;

	record.header.size = 40;
	memset(record.name, 'x', sizeof(record.name)); /* no end */
	tell(*state, &record);
	record = symbol(PLACE, 0, "empty", 1);
	tell(*state, &record);
	record = symbol(PLACE, 0x100, "", 1);
	tell(*state, &record);
	record = symbol(UINT64_MAX, 0x100, "beyond", 1);
	tell(*state, &record);
	record = symbol(PLACE, 0x100, "short", 1);
	for (record.header.size = 0; record.header.size < 40; record.header.size++)
		tell(*state, &record);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, 0);
}

static void stacks_may_change_where_something_did(void **state)
{
	const struct stack_frame near[] = { { MODULE_KERNEL, 1 }, { MODULE_KERNEL, PLACE + 0x80 } };
	const struct stack_frame far[] = { { MODULE_KERNEL, PLACE - 1 },
					   { MODULE_KERNEL, PLACE + 0x3000 },
					   { 77, PLACE + 0x80 } };

	assert_false(kernel_code_may_change(*state, near, 2));
	came(*state, PLACE, "a", 5);
	came(*state, PLACE + 0x1f80, "b", 5);
	assert_true(kernel_code_may_change(*state, near, 2));
	assert_false(kernel_code_may_change(*state, near, 1));
	assert_false(kernel_code_may_change(*state, far, 3));
	assert_true(kernel_code_may_change(
		*state, (const struct stack_frame[]){ { MODULE_KERNEL, PLACE + 0x2001 } }, 1));
}

static void lost_records_leave_later_code_unknown(void **state)
{
	const struct record lost = { .header = { .type = PERF_RECORD_LOST, .size = 24 } };
	struct symbol_kernel_code told;

	if (geteuid())
		skip();
	kernel_code_read(*state, &told);
	assert_int_equal(told.cut_ns, UINT64_MAX);
	tell(*state, &lost);
	kernel_code_read(*state, &told);
	assert_true(told.cut_ns > 0 && told.cut_ns < UINT64_MAX);
}

/* What watched a CPU that went while nobody looked tells nothing any more: it is watched anew, and until then something may have been missed. */
static void a_cpu_that_was_gone_meanwhile_leaves_later_code_unknown(void **state)
{
	struct symbol_kernel_code told;

	if (geteuid())
		skip();
	kernel_code_read(*state, &told);
	assert_int_equal(told.cut_ns, UINT64_MAX);
	kernel_code_watch_anew(*state, 100000);
	kernel_code_read(*state, &told);
	assert_int_equal(told.cut_ns, UINT64_MAX);
	kernel_code_watch_anew(*state, 0);
	kernel_code_read(*state, &told);
	assert_true(told.cut_ns > 0 && told.cut_ns < UINT64_MAX);
}

static void changes_beyond_the_limit_are_a_cut(void **state)
{
	struct symbol_kernel_code told;

	if (geteuid())
		skip();
	for (uint64_t i = 1; i <= KERNEL_CODE_MAX_CHANGES + 3; i++)
		came(*state, PLACE, "a", i);
	kernel_code_read(*state, &told);
	assert_int_equal(told.count, KERNEL_CODE_MAX_CHANGES);
	assert_true(told.cut_ns <= KERNEL_CODE_MAX_CHANGES + 1);
}

/* --- names --- */

static void hear(const struct symbol_reply *reply, void *context)
{
	assert_int_equal(reply->error, 0);
	for (size_t i = 0; i < reply->count; i++) {
		for (const struct symbol_name *name = &reply->names[i]; name; name = name->later)
			buffer_printf(context, "%d:%s[%s]+%d ", (int)name->since_ns,
				      name->function ? name->function : "?",
				      name->module ? name->module : "", (int)name->offset);
		buffer_append_char(context, '\n');
	}
}

static void assert_names(struct kernel_code *code, uint64_t cut_ns, const char *expected)
{
	static const struct symbolizer_options options = { 0 };
	static const uint64_t addresses[] = { PLACE + 0x10, PLACE + 0x180 };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct symbol_kernel_code told;
	struct symbol_request request = {
		.space = SYMBOL_KERNEL,
		.fd = -1,
		.kernel_code = &told,
		.addresses = addresses,
		.count = 2,
	};
	struct buffer heard = { 0 };

	kernel_code_read(code, &told);
	told.cut_ns = cut_ns;
	assert_int_equal(symbolizer_submit(symbolizer, &request), 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_string_equal(buffer_string(&heard), expected);
	buffer_release(&heard);
	symbolizer_free(symbolizer);
}

static void an_address_has_the_name_of_its_time(void **state)
{
	if (geteuid())
		skip(); /* the kernel hides its addresses */
	went(*state, PLACE, "bpf_prog_1_before", 5);
	came(*state, PLACE, "bpf_prog_2_a", 7);
	went(*state, PLACE, "bpf_prog_2_a", 8);
	came(*state, PLACE, "bpf_prog_3_b", 9);
	came(*state, PLACE + 0x180, "bpf_prog_4_c", 9);
	assert_names(*state, UINT64_MAX,
		     "0:bpf_prog_1_before[bpf]+16 7:bpf_prog_2_a[bpf]+16 9:bpf_prog_3_b[bpf]+16 \n"
		     "0:bpf_prog_4_c[bpf]+0 \n");
}

static void behind_a_cut_nothing_is_known(void **state)
{
	if (geteuid())
		skip();
	came(*state, PLACE, "bpf_prog_2_a", 7);
	came(*state, PLACE, "bpf_prog_3_b", 9);
	came(*state, PLACE + 0x180, "bpf_prog_4_c", 9);
	assert_names(*state, 8, "0:bpf_prog_2_a[bpf]+16 8:?[]+0 \n0:?[]+0 \n");
}

/* --- modules --- */

static void take_modules(struct kernel_code *code, const char *text)
{
	int fd = memfd_create("modules", MFD_CLOEXEC);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	kernel_code_take_modules(code, fd);
	close(fd);
}

static void where_a_module_went_nothing_has_a_name(void **state)
{
	struct symbol_kernel_code told;

	take_modules(*state, "a 4096 1 b, Live 0xffffffffc0001000\n"
			     "b 8192 0 - Live 0xffffffffc0003000\n"
			     "c 4096 0 - Live 0xffffffffc0009000\n");
	/* One has another user, one moved, one is gone, and one is new in its place. */
	take_modules(*state, "a 4096 0 - Live 0xffffffffc0001000\n"
			     "b 8192 0 - Live 0xffffffffc0013000\n"
			     "d 4096 0 - Live 0xffffffffc0009000\n");
	kernel_code_read(*state, &told);
	assert_in_range(told.gone_count, 2, 5); /* this machine's own are others, if it has any */
	assert_int_equal(told.gone[0].start, 0xffffffffc0003000);
	assert_int_equal(told.gone[0].size, 8192);
	assert_int_equal(told.gone[1].start, 0xffffffffc0009000);
}

/* Whoever has that place now. */
static void a_place_of_a_gone_module_is_unnamed(void **state)
{
	static const struct symbolizer_options options = { 0 };
	const struct symbol_kernel_range gone = { PLACE, 0x80 };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	const uint64_t addresses[] = { PLACE + 0x7f, PLACE + 0x80 };
	struct symbol_kernel_change change = { PLACE, 0x100, 5, "bpf_prog_1_a", "bpf" };
	struct symbol_kernel_code code = {
		.changes = &change, .count = 1, .cut_ns = UINT64_MAX, .gone = &gone, .gone_count = 1
	};
	const struct symbol_request request = {
		.space = SYMBOL_KERNEL,
		.fd = -1,
		.kernel_code = &code,
		.addresses = addresses,
		.count = 2,
	};
	struct buffer heard = { 0 };

	(void)state;
	if (geteuid())
		skip();
	assert_int_equal(symbolizer_submit(symbolizer, &request), 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_string_equal(buffer_string(&heard), "0:?[]+0 \n0:bpf_prog_1_a[bpf]+128 \n");
	buffer_release(&heard);
	symbolizer_free(symbolizer);
}

/* What came and went is known better; what the kernel does not know is in /proc/kallsyms, or nowhere. */
static void the_kernels_own_words_name_what_stays(void **state)
{
	static const struct symbolizer_options options = { 0 };
	static const char *const words[] = { "bpf_prog_6deef7357e7b4530_new+0x10/0x80",
					     "nft_do_chain+0x20/0x5d0 [nf_tables]",
					     "0xffffffffc7660000" };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	const uint64_t addresses[] = { PLACE + 0x10, PLACE + 0x220, PLACE + 0xc000 };
	struct symbol_kernel_change change = { PLACE, 0x80, 5, "bpf_prog_1_a", "bpf" };
	struct symbol_kernel_code code = {
		.changes = &change, .count = 1, .cut_ns = UINT64_MAX, .words = words
	};
	const struct symbol_request request = {
		.space = SYMBOL_KERNEL,
		.fd = -1,
		.kernel_code = &code,
		.addresses = addresses,
		.count = 3,
	};
	struct buffer heard = { 0 };

	(void)state;
	assert_int_equal(symbolizer_submit(symbolizer, &request), 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_string_equal(buffer_string(&heard),
			    "0:bpf_prog_1_a[bpf]+16 \n0:nft_do_chain[nf_tables]+32 \n0:?[]+0 \n");
	buffer_release(&heard);
	symbolizer_free(symbolizer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(records_are_taken_as_they_lie),
		TEST(what_came_and_went_before_is_forgotten),
		TEST(records_of_several_listeners_have_their_time),
		TEST(records_that_cannot_be_are_passed_over),
		TEST(stacks_may_change_where_something_did),
		TEST(lost_records_leave_later_code_unknown),
		TEST(a_cpu_that_was_gone_meanwhile_leaves_later_code_unknown),
		TEST(changes_beyond_the_limit_are_a_cut),
		TEST(an_address_has_the_name_of_its_time),
		TEST(behind_a_cut_nothing_is_known),
		TEST(where_a_module_went_nothing_has_a_name),
		cmocka_unit_test(a_place_of_a_gone_module_is_unnamed),
		cmocka_unit_test(the_kernels_own_words_name_what_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
