/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/profile_sum.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "model/profile.h"
#include "model/profile_merge.h"
#include "model/profile_reader.h"
#include "model/samples.h"
#include "profiler/output.h"
#include "profiler/value_names.h"

DEFINE_CLEANUP(cleanup_profile, struct profile *, profile_free)

void profile_sum_release(struct profile_sum *sum)
{
	profile_free(sum->profile);
	*sum = (struct profile_sum){ 0 };
}

/* --- times --- */

static bool has_times(const struct profile *profile)
{
	const struct samples *samples = profile_samples(profile);

	return samples && samples_have_times(samples);
}

static void leave_times_out(struct profile_sum *sum, struct profile *profile)
{
	if (sum->profile)
		profile_forget_times(sum->profile);
	profile_forget_times(profile);
}

/* Side by side stand only times of one clock. */
static void settle_times(struct profile_sum *sum, struct profile *profile, const char *name,
			 const struct profile_format *format)
{
	if (!output_wants_times(sum->output) || !has_times(profile))
		return;
	if (sum->timed && !sum->has_no_clock) {
		sum->has_no_clock = !sum->timed->has_machine_clock || !format->has_machine_clock;
		if (sum->has_no_clock)
			log_warning(
				"%s: its times and those before it are not of one clock: the sum has none",
				name);
		else
			log_info(
				"%s: its times and those before it are taken to be of one clock, as of one machine that was not started in between",
				name);
	}
	if (sum->has_no_clock)
		leave_times_out(sum, profile);
	sum->timed = format;
}

/* --- values --- */

static void log_lack(const char *name, const struct profile *profile, uint32_t bits,
		     const char *what)
{
	_cleanup_(buffer_release) struct buffer names = { 0 };

	value_names_append_some(&names, profile, bits);
	if (names.size)
		log_warning("%s: %s has no %s: its samples are 0 of that", name, what,
			    buffer_string(&names) ? names.data : "such value");
}

static void tell(const struct profile_sum *sum, const char *name, struct merged merged)
{
	if (output_wants_values(sum->output)) {
		log_lack(name, sum->profile, merged.lacking, "it");
		log_lack(name, sum->profile, merged.extending, "what stands before it");
	}
	if (merged.differs)
		log_warning(
			"%s: its samples are of another event or rate than those before it; each counts as it is",
			name);
}

static void log_other_value(const struct profile_sum *sum, const struct profile *profile,
			    const char *name)
{
	_cleanup_(buffer_release) struct buffer own = { 0 }, before = { 0 };

	value_names_append(&own, profile, 0);
	value_names_append(&before, sum->profile, 0);
	log_error(
		"%s: it counts %s, and what stands before it %s, which do not add up; --value NAME takes one that both have",
		name, buffer_string(&own), buffer_string(&before));
}

static int fail(const struct profile_sum *sum, const struct profile *profile, const char *name,
		int error)
{
	if (error == -EINVAL)
		log_other_value(sum, profile, name);
	else if (error == -E2BIG)
		log_error("%s: with those before it there are more than %d kinds of values", name,
			  PROFILE_VALUES_MAX);
	else if (error == -EOVERFLOW)
		log_error("%s: with those before it there are more than 2^63 - 1 samples", name);
	else
		log_error("%s: cannot be added: %s", name, strerror(-error));
	return error;
}

int profile_sum_add(struct profile_sum *sum, struct profile *profile, const char *name,
		    const struct profile_format *format)
{
	_cleanup_(cleanup_profile) struct profile *added = profile;
	struct merged merged;
	int error;

	settle_times(sum, profile, name, format);
	if (!sum->profile) {
		sum->profile = take_ptr(added);
		return 0;
	}
	error = profile_merge(sum->profile, profile, &merged);
	if (error)
		return fail(sum, profile, name, error);
	tell(sum, name, merged);
	return 0;
}
