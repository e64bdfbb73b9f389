/* SPDX-License-Identifier: Apache-2.0 */
/* bpftrace_reader.c: keys with stacks in any order; which one is the kernel's; what is no count, or no key, is left out by its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "render/folded_writer.h"

static struct profile *read_text(const char *text, bool keeps, struct read_report *report)
{
	struct profile *profile = profile_new();

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), report), 0);
	assert_string_equal(report->format->name, "bpftrace");
	return profile;
}

static void assert_reads(const char *text, const char *folded, uint64_t others)
{
	struct buffer written = { 0 };
	struct read_report report;
	struct profile *profile = read_text(text, false, &report);

	assert_int_equal(folded_write(profile, NULL, &written), 0);
	assert_string_equal(written.size ? buffer_string(&written) : "", folded);
	assert_int_equal(report.faults, 0);
	assert_int_equal(report.others, others);
	profile_free(profile);
	buffer_release(&written);
}

#define KERNEL      "\n    vfs_read+1\n    entry_SYSCALL_64_after_hwframe+118\n"
#define USER        "\n    std::map<int, x>::at(int)+12\n    0x7f12\n    main+0\n"
#define USER_FOLDED "main;[unknown];std::map<int, x>::at(int)"
#define BOTH_FOLDED USER_FOLDED ";entry_SYSCALL_64_after_hwframe_[k];vfs_read_[k] 5\n"

static void kernel_and_user_stacks_are_one(void **state)
{
	(void)state;
	assert_reads("Attaching 2 probes...\n\n\n@[" KERNEL ", " USER ", bash]: 5\n",
		     "bash;" BOTH_FOLDED, 0);
	assert_reads("@stacks[bash, 12, " USER "," KERNEL "]: 5\r\n", "bash;" BOTH_FOLDED, 0);
	assert_reads("@[" KERNEL ", " USER "]: 5", BOTH_FOLDED, 0);
}

static void one_stack_is_told_by_its_root(void **state)
{
	(void)state;
	assert_reads("@[" KERNEL "]: 7\n@[" USER "]: 3\n",
		     "entry_SYSCALL_64_after_hwframe_[k];vfs_read_[k] 7\n" USER_FOLDED " 3\n", 0);
	/* Cut to a few frames they tell nothing: the first of two is the kernel's. */
	assert_reads("@[\n    a+1\n, \n    b+2\n, x]: 3\n", "x;b;a_[k] 3\n", 0);
	assert_reads("@[\n    a+1\n, x]: 3\n", "x;a 3\n", 0);
}

static void empty_stacks_are_none(void **state)
{
	(void)state;
	assert_reads("@[" KERNEL ", , bash]: 1\n@[, \n    a+1\n, bash]: 2\n@[, , bash]: 4\n",
		     "bash 4\nbash;a 2\nbash;entry_SYSCALL_64_after_hwframe_[k];vfs_read_[k] 1\n",
		     0);
	assert_reads("@[bash, 9, , ]: 4\n@[bash, 9, , \n    a+1\n]: 1\n", "bash 4\nbash;a 1\n", 0);
	assert_reads("@[]: 4\n@[\n    a+1\n]: 1\n", "[empty] 4\na 1\n", 0);
}

/* stack(perf): addresses and objects. */
static void perf_mode_tells_addresses(void **state)
{
	struct read_report report;
	struct profile *profile = read_text(
		"@[zero, 5386, \n\tffffffff81d3361c read_zero+156\n, \n"
		"\t401320 read_zeros+16 (/work/zero (1))\n\t55a934a1ffa3 0x55a934a1ffa3 ([unknown])\n"
		"\t7f0000001000 0x7f0000001000 (/lib/libc.so.6)\n]: 1\n",
		true, &report);
	static const char *const modules[] = { "libc.so.6", NULL, "zero (1)", NULL };
	static const char *const names[] = { "[libc.so.6]", "[unknown]", "read_zeros",
					     "read_zero" };
	static const enum frame_kind kinds[] = { FRAME_UNKNOWN, FRAME_UNKNOWN, FRAME_NATIVE,
						 FRAME_KERNEL };
	const struct label_set *set;
	struct sample sample = samples_get(profile_samples(profile), 0);
	uint32_t node = sample.node;

	(void)state;
	for (size_t i = 4; i--; node = profile_node(profile, node)->parent) {
		const struct frame *frame =
			profile_frame(profile, profile_node(profile, node)->frame);

		assert_string_equal(profile_string(profile, frame->name, NULL), names[i]);
		assert_int_equal(frame->kind, kinds[i]);
		if (modules[i])
			assert_string_equal(profile_string(profile, frame->module, NULL),
					    modules[i]);
		else
			assert_int_equal(frame->module, PROFILE_NONE);
	}
	set = samples_labels(profile_samples(profile), sample.labels);
	assert_string_equal(profile_string(profile, set->values[SAMPLE_LABEL_comm], NULL), "zero");
	assert_int_equal(set->values[SAMPLE_LABEL_pid], 5386);
	profile_free(profile);
}

static void the_first_map_with_stacks_counts(void **state)
{
	(void)state;
	assert_reads(
		"@total[bash]: 9\nsome words: [x]\n@a[\n    f+1\n]: 2\n\n@b[\n    g+1\n]: 5\n@n: 3\n"
		"@b[\n    h+1\n]: \n[4K, 8K)    1 |@@@@|\n@a[\n    f+1\n]: 1\n",
		"f 3\n", 2);
}

static void what_is_none_is_left_out_by_its_line(void **state)
{
	static const uint64_t lines[] = { 6, 10, 13, 15 };
	struct read_report report;
	struct profile *profile =
		read_text("@[\n    f+1\n]: 2\n@[\n    g+1\n]: \n[4K, 8K)    1 |@@|\n"
			  "@[\n    g+1\nwords\n@[\n    g+1\n@[\n    f+1\n]: -4\n@[\n    h",
			  false, &report);

	(void)state;
	assert_int_equal(profile_total(profile), 2);
	assert_int_equal(report.stacks, 1);
	assert_int_equal(report.faults, 5);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(report.first[i].line, lines[i]);
	assert_string_equal(report.first[4].why, "a key without an end");
	profile_free(profile);
}

/* None of its frames is taken for its root. */
static void a_key_of_too_many_frames_is_left_out(void **state)
{
	struct buffer text = { 0 };
	struct read_report report;
	struct profile *profile;

	(void)state;
	buffer_append_string(&text, "@[");
	for (int i = 0; i <= 65536; i++)
		buffer_append_string(&text, "\n    f+1");
	buffer_append_string(&text, "\n]: 2\n@[\n    g+1\n]: 3\n");
	profile = read_text(buffer_string(&text), false, &report);
	assert_int_equal(profile_total(profile), 3);
	assert_int_equal(report.faults, 1);
	assert_int_equal(report.first[0].line, 65539);
	profile_free(profile);
	buffer_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kernel_and_user_stacks_are_one),
		cmocka_unit_test(one_stack_is_told_by_its_root),
		cmocka_unit_test(empty_stacks_are_none),
		cmocka_unit_test(perf_mode_tells_addresses),
		cmocka_unit_test(the_first_map_with_stacks_counts),
		cmocka_unit_test(what_is_none_is_left_out_by_its_line),
		cmocka_unit_test(a_key_of_too_many_frames_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
