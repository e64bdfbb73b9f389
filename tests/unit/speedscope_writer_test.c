/* SPDX-License-Identifier: Apache-2.0 */
/* render/speedscope_writer.c and thread_order.c; tests/e2e/test_render_speedscope.py reads what is written as JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buffer.h"
#include "base/u64_sort.h"
#include "model/profile.h"
#include "model/profile_reader.h"
#include "render/speedscope_writer.h"
#include "render/thread_order.h"

#define FRAMES "\t 401 main (/bin/app)\n\n"
#define SCRIPT                                               \
	"app 12/14 [000]  3.5:    10 cpu-clock:u: \n" FRAMES \
	"other 7/7 [003]  1.7:    30 cpu-clock:u: \n" FRAMES \
	"nothing 12/14 [001] 2.8: 40 cpu-clock:u: \n" FRAMES

static struct profile *read_text(const char *text, bool keeps)
{
	struct profile *profile = profile_new();
	struct read_report report;

	if (keeps)
		assert_int_equal(profile_keep_samples(profile), 0);
	assert_int_equal(profile_read(profile, text, strlen(text), &report), 0);
	return profile;
}

static void assert_writes(const char *text, bool keeps, uint64_t rate_hz, const char *part)
{
	struct profile *profile = read_text(text, keeps);
	struct buffer to = { 0 };

	profile_origin(profile)->rate_hz = rate_hz;
	assert_int_equal(speedscope_write(profile, NULL, &to), 0);
	if (!strstr(buffer_string(&to), part))
		fail_msg("no %s in %s", part, to.data);
	buffer_release(&to);
	profile_free(profile);
}

/* A thread is its IDs, whatever it calls itself. */
static void samples_are_ordered_by_thread_and_time(void **state)
{
	struct profile *profile = read_text(SCRIPT, true);
	struct thread_order order;

	(void)state;
	assert_int_equal(thread_order_init(&order, profile), 0);
	assert_int_equal(order.thread_count, 2);
	assert_int_equal(order.threads[0].tid, 7);
	assert_int_equal(order.threads[0].count, 1);
	assert_int_equal(order.items[order.threads[0].first].value, 1);
	assert_int_equal(order.threads[1].pid, 12);
	assert_int_equal(order.threads[1].count, 2);
	assert_int_equal(order.items[order.threads[1].first].value, 2);
	assert_int_equal(order.items[order.threads[1].first + 1].value, 0);
	thread_order_release(&order);
	profile_free(profile);
}

static void without_samples_there_is_no_thread(void **state)
{
	struct profile *profile = read_text(SCRIPT, false);
	struct thread_order order;

	(void)state;
	assert_int_equal(thread_order_init(&order, profile), 0);
	assert_int_equal(order.thread_count, 0);
	thread_order_release(&order);
	profile_free(profile);
}

static void weights_are_time_where_it_is_known(void **state)
{
	(void)state;
	assert_writes(SCRIPT, true, 0, "\"weights\":[40,10]");
	assert_writes(SCRIPT, true, 0, "\"unit\":\"nanoseconds\",\"startValue\":0,\"endValue\":50");
	assert_writes(SCRIPT, false, 0, "\"unit\":\"none\",\"startValue\":0,\"endValue\":3");
	assert_writes("a;b 5\n", false, 0, "\"unit\":\"none\",\"startValue\":0,\"endValue\":5");
	assert_writes("a;b 5\n", true, 100, "\"endValue\":50000000");
	assert_writes("a;b 9223372036854775807\n", false, 1, "\"endValue\":9223372036854775807");
}

/* Where the order of samples is not that of time, it is not to be read as such. */
static void what_has_no_times_says_so(void **state)
{
	(void)state;
	assert_writes(SCRIPT, false, 0, "\"all\",\"timesFollowWeights\":1,\"unit\"");
	assert_writes("a;b 5\n", true, 100, "\"timesFollowWeights\":1");
	assert_writes(SCRIPT, true, 0, " (tid 14)\",\"unit\"");
}

static void names_are_json(void **state)
{
	(void)state;
	assert_writes("a;\"b\\c;d_[k] 5\n", true, 0, "{\"name\":\"\\\"b\\\\c\"}");
	assert_writes("a;d_[k] 5\n", true, 0, "{\"name\":\"d_[k]\"}");
	assert_writes("", false, 0, "\"samples\":[],\n\"weights\":[]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(samples_are_ordered_by_thread_and_time),
		cmocka_unit_test(without_samples_there_is_no_thread),
		cmocka_unit_test(weights_are_time_where_it_is_known),
		cmocka_unit_test(what_has_no_times_says_so),
		cmocka_unit_test(names_are_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
