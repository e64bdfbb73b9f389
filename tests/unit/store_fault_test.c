/* SPDX-License-Identifier: Apache-2.0 */
/* The store on a disk that fails: at the n-th time that it is opened, written, synced, cut or asked for memory, for each n, once or for good. What was said to be on disk is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "model/profile.h"
#include "model/samples.h"
#include "store/chunk_stream.h"
#include "store/roll_up.h"
#include "store/slice_rolling.h"
#include "store/store_folder.h"
#include "store/store_reader.h"
#include "store/store_writer.h"
#include "tests/unit/forwarding_disk.h"
#include "tests/unit/store_place.h"

#define WINDOWS          4
#define ALL_OF_THE_FIRST (1u | 1u << WINDOWS) /* as bits: it is there, and it is named */

/* --- a disk that fails --- */

enum operation { OPEN, WRITE, SYNC, TRUNCATE, ALLOCATE, OPERATIONS };

/* What fails, and with which of its calls. */
static struct {
	enum operation operation;
	int64_t left; /* calls that succeed before; below 0: none fails */
	bool for_good;
	int error;
	uint64_t failed;
} fault = { .left = -1 };

static bool fails(enum operation operation)
{
	if (operation != fault.operation || fault.left < 0)
		return false;
	if (fault.left) {
		fault.left--;
		return false;
	}
	fault.failed++;
	if (!fault.for_good)
		fault.left = -1;
	return true;
}

static sqlite3_vfs failing_disk;

/* Half of it may be there. */
static int on_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	if (!fails(WRITE))
		return forward_write(file, from, size, at);
	forward_write(file, from, size / 2, at);
	return fault.error;
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	return fails(TRUNCATE) ? SQLITE_IOERR_TRUNCATE : forward_truncate(file, size);
}

static int on_sync(sqlite3_file *file, int flags)
{
	return fails(SYNC) ? SQLITE_IOERR_FSYNC : forward_sync(file, flags);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		   int *ret_flags)
{
	struct forwarding_file *failing = (struct forwarding_file *)file;
	int result;

	(void)vfs;
	failing->base.pMethods = NULL;
	if (fails(OPEN))
		return SQLITE_CANTOPEN;
	result = forward_open(name, file, flags, ret_flags);
	failing->forwarding.xWrite = on_write;
	failing->forwarding.xTruncate = on_truncate;
	failing->forwarding.xSync = on_sync;
	return result;
}

/* --- memory that fails --- */

static sqlite3_mem_methods memory;

static void *on_allocate(int size)
{
	return fails(ALLOCATE) ? NULL : memory.xMalloc(size);
}

static void *on_reallocate(void *at, int size)
{
	return fails(ALLOCATE) ? NULL : memory.xRealloc(at, size);
}

/* Once, before anything else asks SQLite. */
static int set_up(void **state)
{
	sqlite3_mem_methods failing;

	(void)state;
	if (sqlite3_config(SQLITE_CONFIG_GETMALLOC, &memory) != SQLITE_OK)
		return -1;
	failing = memory;
	failing.xMalloc = on_allocate;
	failing.xRealloc = on_reallocate;
	if (sqlite3_config(SQLITE_CONFIG_MALLOC, &failing) != SQLITE_OK)
		return -1;
	return forwarding_disk_use(&failing_disk, "failing", on_open) == SQLITE_OK ? 0 : -1;
}

/* --- what is kept --- */

static struct profile *make_window(uint64_t window)
{
	struct profile *profile = profile_new();
	const uint64_t values[] = { 1 };
	struct sample sample = { .labels = LABELS_UNKNOWN, .time_ns = SAMPLE_NO_TIME };
	uint32_t frame;
	char name[32];

	assert_int_equal(profile_keep_samples(profile), 0);
	for (size_t i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "function %llu of window %zu",
			 (unsigned long long)window, i);
		if (i)
			assert_int_equal(
				profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame), 0);
		else
			assert_int_equal(profile_add_unnamed(profile, "app", NULL, window, &frame),
					 0);
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
		for (uint64_t n = 0; n <= window; n++)
			assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	return profile;
}

#define NAME "told later"

/* Of the window's frame that has no name. */
static bool add_name(struct store_writer *writer, uint64_t window)
{
	static const struct frame_name name = { NAME, NULL, 0 };
	const struct address_names told = { { "app", NULL, window }, false, &name, 1 };

	return !store_writer_add_names(writer, &told, 1);
}

static int fail_on_address(void *context, const struct frame_address *address)
{
	(void)context, (void)address;
	return -EEXIST;
}

static int add_name_with_window(void *context, struct store_writer *writer)
{
	const uint64_t *window = context;

	return add_name(writer, *window) ? 0 : -EIO;
}

/* As bits, what of a window is said to be on disk. */
static unsigned int add_window(struct store_writer *writer, uint64_t window)
{
	const struct window_times times = {
		.span = { START_NS + window * WINDOW_NS, START_NS + (window + 1) * WINDOW_NS },
		.unit_ns = 1000,
	};
	const unsigned int is_there = 1u << window, is_named = 1u << (WINDOWS + window);
	struct profile *profile = make_window(window);
	unsigned int added = 0;

	if (window % 2) {
		if (!store_writer_add_told(writer, &times, profile, add_name_with_window, &window))
			added = is_there | is_named;
	} else if (!store_writer_add(writer, &times, profile)) {
		added = is_there;
		/* Whether a name is told is known of it: where it was not, it is asked for. */
		if (add_name(writer, window))
			added |= is_named;
		else
			assert_int_not_equal(
				store_writer_each_unnamed(writer, fail_on_address, NULL), 0);
	}
	profile_free(profile);
	return added;
}

/* Which windows are said to be on disk, as bits, and their names as further ones. */
static unsigned int add_windows(const char *folder, bool *ret_is_closed)
{
	struct store_writer *writer;
	unsigned int added = 0;
	size_t set_aside;

	*ret_is_closed = false;
	if (store_writer_open(folder, &writer, &set_aside))
		return 0;
	for (uint64_t window = 0; window < WINDOWS; window++)
		added |= add_window(writer, window);
	*ret_is_closed = !store_writer_close(writer);
	return added;
}

static bool has_name(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile_frame_count(profile); i++)
		if (!strcmp(profile_string(profile, profile_frame(profile, i)->name, NULL), NAME))
			return true;
	return false;
}

/* A window is there as a whole or not at all; those that are, as bits, and those that are named. */
static unsigned int read_windows(const char *folder)
{
	unsigned int found = 0;

	for (uint64_t window = 0; window < WINDOWS; window++) {
		const struct window_span part = { START_NS + window * WINDOW_NS,
						  START_NS + (window + 1) * WINDOW_NS };
		struct profile *profile = profile_new();
		struct buffer stream = { 0 };
		struct stream_sum sum;
		size_t damaged = 0;

		assert_int_equal(store_collect(folder, part, note_damage, &damaged, &stream), 0);
		assert_int_equal(chunk_stream_read((struct bytes){ (const uint8_t *)stream.data,
								   stream.size },
						   part, profile, &sum),
				 0);
		assert_int_equal(damaged, 0);
		assert_int_equal(sum.undecoded + sum.lost_stacks, 0);
		assert_true(!sum.samples || sum.samples == 40 * (window + 1));
		found |= (unsigned int)(sum.samples != 0) << window;
		found |= (unsigned int)has_name(profile) << (WINDOWS + window);
		profile_free(profile);
		buffer_release(&stream);
	}
	return found;
}

/* One run, in which the n-th call fails: false: there was no such call. */
static bool fail_at(const char *folder, enum operation operation, int64_t n, bool for_good,
		    int error)
{
	unsigned int added, found;
	uint64_t failed;
	bool is_closed;

	fault.operation = operation;
	fault.left = n;
	fault.for_good = for_good;
	fault.error = error;
	fault.failed = 0;
	added = add_windows(folder, &is_closed);
	failed = fault.failed;
	fault.left = -1;
	/* Whoever writes next finds a store that can be written into; what was left is sealed. */
	if (failed) {
		struct store_writer *writer;
		size_t set_aside;

		assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
		assert_int_equal(store_writer_close(writer), 0);
	}
	found = read_windows(folder);
	/* What is told with a window is there where the window is. */
	for (uint64_t window = 1; window < WINDOWS; window += 2)
		assert_int_equal(found >> window & 1, found >> (WINDOWS + window) & 1);
	if ((found & added) != added)
		fail_msg("of operation %d call %lld: windows %x were said to be there, %x are",
			 operation, (long long)n, added, found);
	if (!failed)
		assert_true(is_closed && added == (1u << 2 * WINDOWS) - 1);
	empty(folder);
	return failed;
}

static void fail_everywhere(enum operation operation, bool for_good, int error)
{
	int64_t n = 0;
	char folder[64];

	assert_int_equal(make_folder(folder), 0);
	while (fail_at(folder, operation, n, for_good, error))
		n++;
	assert_true(n > 0);
	rmdir(folder);
}

/* --- rolling up --- */

static void roll_up_all(const char *folder, int *ret_error)
{
	struct roll_up_ages ages = { { [LEVEL_DAY] = 0 } };
	struct slice_rolling rolling = { 0 };
	struct store_writer *writer;
	size_t set_aside;

	ages.ages_ns[LEVEL_MINUTES] = ages.ages_ns[LEVEL_HOURS] = UINT64_MAX;
	*ret_error = store_writer_open(folder, &writer, &set_aside);
	if (*ret_error)
		return;
	*ret_error = store_writer_begin_rolling(writer, &ages, INT64_MAX, &rolling);
	if (!*ret_error && rolling.group.count) {
		slice_rolling_run(&rolling, roll_up_make);
		*ret_error = store_writer_end_rolling(writer, INT64_MAX, &rolling);
	}
	if (!*ret_error)
		*ret_error = store_writer_remove_replaced(writer);
	store_writer_close(writer);
}

static void fill(const char *folder)
{
	bool is_closed;

	empty(folder);
	assert_int_equal(add_windows(folder, &is_closed), (1u << 2 * WINDOWS) - 1);
}

/* Whatever fails, all windows are there, once. False: nothing failed. */
static bool fail_rolling_at(const char *folder, enum operation operation, int64_t n, bool for_good,
			    int error)
{
	unsigned int found;
	uint64_t failed;
	int rolled;

	fault.operation = operation;
	fault.left = n;
	fault.for_good = for_good;
	fault.error = error;
	fault.failed = 0;
	roll_up_all(folder, &rolled);
	failed = fault.failed;
	fault.left = -1;
	found = read_windows(folder);
	assert_int_equal(found, (1u << 2 * WINDOWS) - 1);
	if (!failed)
		assert_int_equal(rolled, 0);
	if (!rolled) /* there is nothing left to be rolled up */
		fill(folder);
	return failed;
}

static void fail_rolling_everywhere(enum operation operation, bool for_good, int error)
{
	int64_t n = 0;
	char folder[64];

	assert_int_equal(make_folder(folder), 0);
	fill(folder);
	while (fail_rolling_at(folder, operation, n, for_good, error))
		n++;
	assert_true(n > 0);
	empty(folder);
	rmdir(folder);
}

static void test_rolling_up_fails_at_each_call(void **state)
{
	(void)state;
	fail_rolling_everywhere(WRITE, false, SQLITE_IOERR_WRITE);
	fail_rolling_everywhere(WRITE, true, SQLITE_FULL);
	fail_rolling_everywhere(OPEN, false, 0);
	fail_rolling_everywhere(SYNC, false, 0);
	fail_rolling_everywhere(ALLOCATE, false, 0);
}

static void test_each_write_fails(void **state)
{
	(void)state;
	fail_everywhere(WRITE, false, SQLITE_IOERR_WRITE);
	fail_everywhere(WRITE, true, SQLITE_FULL);
}

static void test_each_open_fails(void **state)
{
	(void)state;
	fail_everywhere(OPEN, false, 0);
	fail_everywhere(OPEN, true, 0);
}

static void test_each_sync_fails(void **state)
{
	(void)state;
	fail_everywhere(SYNC, false, 0);
	fail_everywhere(SYNC, true, 0);
}

static void test_each_allocation_fails(void **state)
{
	(void)state;
	fail_everywhere(ALLOCATE, false, 0);
	fail_everywhere(ALLOCATE, true, 0);
}

static void crash_after_a_window(const char *folder)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct store_writer *writer;
		size_t set_aside;

		if (store_writer_open(folder, &writer, &set_aside))
			_exit(1);
		_exit(add_window(writer, 0) != ALL_OF_THE_FIRST);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* What a crash left waits for a disk that takes it; until then it is read as it is. */
static void test_who_writes_next_begins_on_a_disk_that_fails(void **state)
{
	static const int errors[] = { SQLITE_FULL, SQLITE_IOERR_WRITE };

	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		struct store_writer *writer;
		struct shrunk shrunk;
		char folder[64];
		size_t set_aside;

		assert_int_equal(make_folder(folder), 0);
		crash_after_a_window(folder);
		fault.operation = WRITE;
		fault.left = 0;
		fault.for_good = true;
		fault.error = errors[i];
		assert_int_equal(store_writer_open(folder, &writer, &set_aside), 0);
		assert_int_equal(set_aside, 0);
		fault.left = -1;
		assert_int_equal(read_windows(folder), ALL_OF_THE_FIRST);
		assert_int_equal(store_writer_shrink(writer, 0, UINT64_MAX, &shrunk), 0);
		assert_int_equal(count_slices(folder, SLICE_SEALED), 1);
		assert_int_equal(read_windows(folder), ALL_OF_THE_FIRST);
		assert_int_equal(store_writer_close(writer), 0);
		empty(folder);
		rmdir(folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_write_fails),
		cmocka_unit_test(test_each_open_fails),
		cmocka_unit_test(test_each_sync_fails),
		cmocka_unit_test(test_each_allocation_fails),
		cmocka_unit_test(test_rolling_up_fails_at_each_call),
		cmocka_unit_test(test_who_writes_next_begins_on_a_disk_that_fails),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
