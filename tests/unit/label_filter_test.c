/* SPDX-License-Identifier: Apache-2.0 */
/* label_filter: which samples are wanted, by what is known of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "model/label_filter.h"
#include "model/profile.h"

/* Of each: comm, or NULL: not known; PID, or PROFILE_NONE; how often. */
static const struct {
	const char *comm;
	uint32_t pid;
	uint64_t count;
} samples[] = {
	{ "nginx", 10, 1 },        { "nginx-worker", 11, 2 }, { "postgres", 10, 4 },
	{ NULL, PROFILE_NONE, 8 }, { "nginx", 10, 16 },
};

static struct profile *make_profile(void)
{
	struct profile *profile = profile_new();

	assert_int_equal(profile_keep_samples(profile), 0);
	for (size_t i = 0; i < sizeof(samples) / sizeof(*samples); i++) {
		struct sample sample = { .time_ns = i };
		struct label_set set;
		uint32_t frame;

		memset(&set, 0xff, sizeof(set));
		set.values[SAMPLE_LABEL_pid] = samples[i].pid;
		if (samples[i].comm)
			assert_int_equal(profile_intern(profile, samples[i].comm,
							strlen(samples[i].comm),
							&set.values[SAMPLE_LABEL_comm]),
					 0);
		assert_int_equal(profile_add_named(profile, i % 2 ? "odd" : "even", NULL,
						   FRAME_NATIVE, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
		assert_int_equal(profile_add_labels(profile, &set, &sample.labels), 0);
		assert_int_equal(profile_add_sample(profile, &sample, &samples[i].count), 0);
	}
	profile_origin(profile)->rate_hz = 99;
	return profile;
}

/* `expected`: the sum of those that are to be left; `nodes`: of the tree. */
static void assert_leaves(const char *terms, uint64_t expected, uint32_t nodes)
{
	struct profile *profile = make_profile(), *left;
	struct label_filter filter = { 0 };
	const char *why = NULL;

	assert_int_equal(label_filter_add(&filter, terms, &why), 0);
	assert_int_equal(label_filter_apply(&filter, profile, &left), 0);
	assert_int_equal(profile_total(left), expected);
	assert_int_equal(profile_node_count(left), nodes);
	assert_int_equal(profile_origin_of(left)->rate_hz, 99);
	profile_free(left);
	profile_free(profile);
	label_filter_release(&filter);
}

static void test_terms(void **state)
{
	(void)state;
	assert_leaves("comm=nginx", 17, 2);
	assert_leaves("comm!=nginx", 14, 3);
	assert_leaves("comm~nginx", 19, 3);
	assert_leaves("comm~^nginx$", 17, 2);
	assert_leaves("comm!~nginx", 12, 3);
	assert_leaves("pid=10", 21, 2);
	assert_leaves("pid~^1", 23, 3);
	assert_leaves("pid=10,comm~nginx", 17, 2);
	assert_leaves("comm=nobody", 0, 1);
	assert_leaves("comm=a=b", 0, 1);
}

static void assert_refused(const char *terms, const char *reason)
{
	struct label_filter filter = { 0 };
	const char *why = NULL;

	assert_int_equal(label_filter_add(&filter, terms, &why), -EINVAL);
	assert_non_null(strstr(why, reason));
	label_filter_release(&filter);
}

static void test_what_is_no_term(void **state)
{
	(void)state;
	assert_refused("", "comm pid tid");
	assert_refused("comm", "comm pid tid");
	assert_refused("comm=", "LABEL=VALUE");
	assert_refused("=x", "LABEL=VALUE");
	assert_refused("!=x", "LABEL=VALUE");
	assert_refused("color=red", "\"color=red\"");
	assert_refused("comm=a,", "LABEL=VALUE");
	assert_refused("comm~(", "");
	assert_refused(
		"pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,"
		"pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1,pid=1",
		"more than 32 terms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_terms),
		cmocka_unit_test(test_what_is_no_term),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
