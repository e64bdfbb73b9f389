/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store when power fails. What it does to its files is noted call by call while it runs; then, for thousands of moments, the disk is made as it may be found after power was lost there:
 *
 *   - what was written to a file before it was synced last is there; of what was written since, any sectors are, and any are torn
 *   - of what happened to names (created, renamed, removed) since they were synced last, the first so many are there
 *
 * Whoever reads or writes next finds all that was said to be on disk, no damage, and a store that goes on. HEARTH_POWER_CASES=N for other than the usual number of moments,
 * HEARTH_POWER_SEED=N for others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>

#include "base/hash.h"
#include "tests/unit/forwarding_disk.h"
#include "tests/unit/store_place.h"

#define SECTOR      512u
#define MAX_FILES   256u
#define MAX_NAMES   256u
#define USUAL_CASES 400u
#define USUAL_SEED  20251128u

/* --- what was done --- */

enum operation_kind {
	CREATED,      /* a name, of a file */
	RENAMED,      /* a name: `bytes` is the new one */
	REMOVED,      /* a name */
	NAMES_SYNCED, /* their folder */
	WRITTEN,
	CUT,
	SYNCED,
	TOLD, /* a window, or its names, is said to be on disk: a bit of `at` */
};

struct operation {
	enum operation_kind kind;
	uint32_t file;
	uint64_t at;
	size_t first, size; /* of the log's bytes: what was written, or a name */
	size_t more_size;   /* RENAMED: of the new name, behind it */
};

static struct {
	bool is_on;
	struct buffer operations, bytes;
	uint32_t files;
	struct {
		char name[NAME_MAX + 1];
		uint32_t file;
	} names[MAX_NAMES]; /* as they are now */
	size_t name_count;
} noted;

static struct operation *operation_at(size_t index)
{
	return &((struct operation *)noted.operations.data)[index];
}

static size_t operation_count(void)
{
	return noted.operations.size / sizeof(struct operation);
}

static struct operation *note(enum operation_kind kind, uint32_t file, uint64_t at,
			      const void *bytes, size_t size)
{
	const struct operation operation = {
		.kind = kind, .file = file, .at = at, .first = noted.bytes.size, .size = size
	};

	buffer_append(&noted.bytes, bytes, size);
	buffer_append(&noted.operations, &operation, sizeof(operation));
	assert_int_equal(buffer_error(&noted.bytes), 0);
	assert_int_equal(buffer_error(&noted.operations), 0);
	return operation_at(operation_count() - 1);
}

static const char *base_name(const char *path)
{
	return strrchr(path, '/') + 1;
}

static size_t find_name(const char *name)
{
	size_t i = 0;

	while (i < noted.name_count && strcmp(noted.names[i].name, name) != 0)
		i++;
	return i;
}

static uint32_t note_file(const char *name)
{
	size_t at = find_name(name);

	if (at < noted.name_count)
		return noted.names[at].file;
	assert_true(noted.name_count < MAX_NAMES && noted.files < MAX_FILES);
	snprintf(noted.names[at].name, sizeof(noted.names[at].name), "%s", name);
	noted.names[at].file = noted.files++;
	noted.name_count++;
	note(CREATED, noted.names[at].file, 0, name, strlen(name));
	return noted.names[at].file;
}

static void note_removed(const char *name)
{
	size_t at = find_name(name);

	if (!noted.is_on || at == noted.name_count)
		return;
	note(REMOVED, noted.names[at].file, 0, name, strlen(name));
	noted.names[at] = noted.names[--noted.name_count];
}

static void note_renamed(const char *old, const char *new)
{
	size_t at = find_name(old);

	if (!noted.is_on || at == noted.name_count)
		return;
	note(RENAMED, noted.names[at].file, 0, old, strlen(old))->more_size = strlen(new);
	buffer_append(&noted.bytes, new, strlen(new));
	snprintf(noted.names[at].name, sizeof(noted.names[at].name), "%s", new);
}

/* --- the disk that it is noted of --- */

static sqlite3_vfs noting_disk;

static uint32_t number_of(sqlite3_file *file)
{
	return ((struct forwarding_file *)file)->number;
}

static int on_write(sqlite3_file *file, const void *from, int size, sqlite3_int64 at)
{
	if (noted.is_on)
		note(WRITTEN, number_of(file), (uint64_t)at, from, (size_t)size);
	return forward_write(file, from, size, at);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	if (noted.is_on)
		note(CUT, number_of(file), (uint64_t)size, NULL, 0);
	return forward_truncate(file, size);
}

/* The real one stays as it is: that takes time, and nothing depends on it. */
static int on_sync(sqlite3_file *file, int flags)
{
	(void)flags;
	if (noted.is_on)
		note(SYNCED, number_of(file), 0, NULL, 0);
	return SQLITE_OK;
}

/* SQLite syncs the folder with a journal that is new; its own disk for Linux does so within xSync. */
static int on_first_sync(sqlite3_file *file, int flags)
{
	((struct forwarding_file *)file)->forwarding.xSync = on_sync;
	if (noted.is_on)
		note(NAMES_SYNCED, 0, 0, NULL, 0);
	return on_sync(file, flags);
}

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
		   int *ret_flags)
{
	const int journal = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL;
	struct forwarding_file *forwarding = (struct forwarding_file *)file;
	int result = forward_open(name, file, flags, ret_flags);

	(void)vfs;
	if (result != SQLITE_OK)
		return result;
	forwarding->forwarding.xWrite = on_write;
	forwarding->forwarding.xTruncate = on_truncate;
	forwarding->forwarding.xSync =
		flags & journal && flags & SQLITE_OPEN_CREATE ? on_first_sync : on_sync;
	if (noted.is_on)
		forwarding->number = note_file(base_name(name));
	return SQLITE_OK;
}

static int on_delete(sqlite3_vfs *vfs, const char *name, int syncs_folder)
{
	(void)vfs;
	note_removed(base_name(name));
	if (noted.is_on && syncs_folder)
		note(NAMES_SYNCED, 0, 0, NULL, 0);
	return disk->xDelete(disk, name, 0);
}

int __real_rename(const char *old, const char *new);
int __wrap_rename(const char *old, const char *new);
int __real_unlink(const char *path);
int __wrap_unlink(const char *path);

int __wrap_rename(const char *old, const char *new)
{
	note_renamed(base_name(old), base_name(new));
	return __real_rename(old, new);
}

int __wrap_unlink(const char *path)
{
	note_removed(base_name(path));
	return __real_unlink(path);
}

/* --- what is kept --- */

/* So many of each kind that bits tell which. */
#define MAX_WINDOWS 64u

static uint32_t frames_of(uint64_t window, bool is_large)
{
	return is_large ? 900 : 5 + (uint32_t)(window % 7);
}

/* Frame 0 has no name yet; the names of the others say of which window they are, and in a large one do not compress. */
static struct profile *make_window(uint64_t window, bool is_large)
{
	struct profile *profile = profile_new();
	const uint64_t values[] = { 1 };

	assert_int_equal(profile_keep_samples(profile), 0);
	for (uint32_t i = 0; i < frames_of(window, is_large); i++) {
		struct sample sample = { .labels = LABELS_UNKNOWN, .time_ns = SAMPLE_NO_TIME };
		uint64_t random = hash_u64(window << 32 | i);
		uint32_t frame;
		char name[64];

		snprintf(name, sizeof(name), "w%" PRIu64 " %" PRIx64 "%" PRIx64, window, random,
			 hash_u64(random));
		assert_int_equal(i ? profile_add_named(profile, name, NULL, FRAME_NATIVE, &frame)
				   : profile_add_unnamed(profile, "app", NULL, window, &frame),
				 0);
		assert_int_equal(profile_add_child(profile, PROFILE_ROOT, frame, &sample.node), 0);
		assert_int_equal(profile_add_sample(profile, &sample, values), 0);
	}
	return profile;
}

static void tell(bool is_of_names, uint64_t window)
{
	if (noted.is_on)
		note(TOLD, is_of_names, 1ull << window, NULL, 0);
}

static void add_name(struct store_writer *writer, uint64_t window)
{
	char text[32];
	const struct frame_name name = { text, NULL, 0 };
	const struct address_names told = { { "app", NULL, window }, false, &name, 1 };

	snprintf(text, sizeof(text), "told %" PRIu64, window);
	assert_int_equal(store_writer_add_names(writer, &told, 1), 0);
	tell(true, window);
}

/* Windows from `first` on; every seventh begins another slice, as it would an hour later, and every third has names told. */
static void add_windows(struct store_writer *writer, uint64_t first, uint64_t end, bool is_large)
{
	for (uint64_t window = first; window < end; window++) {
		struct window_times times = times_of(window);
		struct profile *profile = make_window(window, is_large);

		if (!is_large) {
			times.span.start_ns += window / 7 * STORE_SLICE_NS;
			times.span.end_ns += window / 7 * STORE_SLICE_NS;
		}
		assert_int_equal(store_writer_add(writer, &times, profile), 0);
		tell(false, window);
		if (window % 3 == 0)
			add_name(writer, window);
		profile_free(profile);
	}
}

/* What was found, as bits. */
struct found {
	uint64_t windows, names;
};

static void read_all(const char *folder, bool is_large, struct found *ret_found)
{
	struct stream_sum sum;
	size_t damaged;
	struct profile *profile = read_part(folder, always, &damaged, &sum);
	const struct samples *samples = profile_samples(profile);
	uint32_t counts[MAX_WINDOWS] = { 0 }, unnamed = 0, told = 0;

	*ret_found = (struct found){ 0 };
	assert_int_equal(damaged, 0);
	assert_int_equal(sum.undecoded + sum.lost_stacks, 0);
	for (size_t i = 0; samples && i < samples_count(samples); i++) {
		struct sample sample = samples_get(samples, i);
		const struct frame *frame =
			profile_frame(profile, profile_node(profile, sample.node)->frame);
		const char *name = profile_string(profile, frame->name, NULL);
		uint64_t window;

		if (sscanf(name, "w%" SCNu64 " ", &window) == 1) {
			counts[window]++;
		} else if (sscanf(name, "told %" SCNu64, &window) == 1) {
			ret_found->names |= 1ull << window;
			told++;
		} else {
			unnamed++;
		}
	}
	for (uint64_t window = 0; window < MAX_WINDOWS; window++) {
		if (counts[window])
			assert_int_equal(counts[window], frames_of(window, is_large) - 1);
		ret_found->windows |= (uint64_t)(counts[window] != 0) << window;
	}
	assert_int_equal(told + unnamed, __builtin_popcountll(ret_found->windows));
	profile_free(profile);
}

/* --- the disk after power was lost --- */

struct chance {
	uint64_t state;
};

static uint64_t draw(struct chance *chance, uint64_t below)
{
	chance->state += 0x9e3779b97f4a7c15u;
	return hash_u64(chance->state) % below;
}

/* How much of what was not synced is there: in some cases all, in some nothing. */
enum keeping { KEEPS_ALL, KEEPS_NONE, KEEPS_MOST, KEEPS_HALF, KEEPS_FEW, KEEPINGS };

static bool keeps(struct chance *chance, enum keeping keeping)
{
	static const unsigned int of_100[KEEPINGS] = { 100, 0, 90, 50, 10 };

	return draw(chance, 100) < of_100[keeping];
}

static void put(struct buffer *content, uint64_t at, const void *bytes, size_t size)
{
	while (content->size < at + size)
		buffer_append_char(content, '\0');
	assert_int_equal(buffer_error(content), 0);
	memcpy(content->data + at, bytes, size);
}

static void cut(struct buffer *content, uint64_t size)
{
	if (content->size > size)
		content->size = size;
}

/* Of what lies in one sector all, nothing, or the first part. */
static void put_sectors(struct buffer *content, const struct operation *operation,
			struct chance *chance, enum keeping keeping)
{
	for (size_t done = 0, size; done < operation->size; done += size) {
		uint64_t at = operation->at + done;

		size = SECTOR - at % SECTOR;
		if (size > operation->size - done)
			size = operation->size - done;
		if (keeps(chance, keeping))
			put(content, at, noted.bytes.data + operation->first + done, size);
		else if (keeping != KEEPS_NONE && !draw(chance, 20))
			put(content, at, noted.bytes.data + operation->first + done,
			    draw(chance, size));
	}
}

static void apply(struct buffer *content, const struct operation *operation, bool is_synced,
		  struct chance *chance, enum keeping keeping)
{
	if (operation->kind == WRITTEN && is_synced)
		put(content, operation->at, noted.bytes.data + operation->first, operation->size);
	else if (operation->kind == WRITTEN)
		put_sectors(content, operation, chance, keeping);
	else if (operation->kind == CUT && (is_synced || keeps(chance, keeping)))
		cut(content, operation->at);
}

/* Of a file as of the first so many operations. */
static void make_content(uint32_t file, size_t moment, struct chance *chance,
			 struct buffer *content)
{
	enum keeping keeping = (enum keeping)draw(chance, KEEPINGS);
	size_t synced = 0;

	buffer_clear(content);
	for (size_t i = 0; i < moment; i++)
		if (operation_at(i)->kind == SYNCED && operation_at(i)->file == file)
			synced = i;
	for (size_t i = 0; i < moment; i++)
		if (operation_at(i)->file == file)
			apply(content, operation_at(i), i < synced, chance, keeping);
}

static bool is_of_names(const struct operation *operation)
{
	return operation->kind <= REMOVED;
}

/* Up to which operation names are as they were. */
static size_t last_of_names(size_t moment, struct chance *chance)
{
	size_t synced = 0, later = 0, kept;

	for (size_t i = 0; i < moment; i++)
		if (operation_at(i)->kind == NAMES_SYNCED)
			synced = i;
	for (size_t i = synced; i < moment; i++)
		later += is_of_names(operation_at(i));
	kept = draw(chance, later + 1);
	for (size_t i = synced; i < moment; i++)
		if (is_of_names(operation_at(i)) && !kept--)
			return i;
	return moment;
}

static void write_file(const char *folder, const char *name, const char *ending,
		       const struct buffer *content)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, ending);
	file = fopen(path, "w");
	assert_non_null(file);
	if (content->size)
		assert_int_equal(fwrite(content->data, 1, content->size, file), content->size);
	fclose(file);
}

static void copy_name(const struct operation *operation, bool is_new, char name[NAME_MAX + 1])
{
	size_t size = is_new ? operation->more_size : operation->size;

	snprintf(name, NAME_MAX + 1, "%.*s", (int)size,
		 noted.bytes.data + operation->first + (is_new ? operation->size : 0));
}

/* The name of each file, "" where there is none. */
static void find_names(size_t moment, struct chance *chance, char names[MAX_FILES][NAME_MAX + 1])
{
	size_t end = last_of_names(moment, chance);

	memset(names, 0, MAX_FILES * (NAME_MAX + 1));
	for (size_t i = 0; i < end; i++) {
		const struct operation *operation = operation_at(i);

		if (!is_of_names(operation))
			continue;
		copy_name(operation, operation->kind == RENAMED, names[operation->file]);
		if (operation->kind == REMOVED)
			*names[operation->file] = '\0';
	}
}

/* A shared-memory file is never synced; what stands in it is anything. */
static void make_disk(const char *folder, size_t moment, struct chance *chance)
{
	static char names[MAX_FILES][NAME_MAX + 1];
	struct buffer content = { 0 };

	find_names(moment, chance, names);
	for (uint32_t file = 0; file < noted.files; file++) {
		const char *name = names[file], *wal;

		if (!*name)
			continue;
		make_content(file, moment, chance, &content);
		write_file(folder, name, "", &content);
		wal = strstr(name, "-wal");
		if (wal && draw(chance, 2)) {
			char main_name[NAME_MAX + 1];

			snprintf(main_name, sizeof(main_name), "%.*s", (int)(wal - name), name);
			write_file(folder, main_name, "-shm", &content);
		}
	}
	buffer_release(&content);
}

/* --- cases --- */

static struct found told_before(size_t moment)
{
	struct found told = { 0 };

	for (size_t i = 0; i < moment; i++) {
		const struct operation *operation = operation_at(i);

		if (operation->kind == TOLD && operation->file)
			told.names |= operation->at;
		else if (operation->kind == TOLD)
			told.windows |= operation->at;
	}
	return told;
}

static void expect(const char *when, uint64_t number, size_t moment, struct found found,
		   struct found told)
{
	if ((found.windows & told.windows) != told.windows ||
	    (found.names & told.names) != told.names)
		fail_msg("case %" PRIu64
			 ", power lost after %zu of %zu operations, %s: windows %" PRIx64
			 " and names %" PRIx64 " were said to be on disk, %" PRIx64 " and %" PRIx64
			 " are",
			 number, moment, operation_count(), when, told.windows, told.names,
			 found.windows, found.names);
}

static void run_case(const char *folder, uint64_t number, size_t moment, bool is_large,
		     struct chance *chance)
{
	struct found told = told_before(moment), found;
	struct store_writer *writer;

	make_disk(folder, moment, chance);
	read_all(folder, is_large, &found);
	expect("as it was left", number, moment, found, told);
	writer = open_writer(folder);
	read_all(folder, is_large, &found);
	expect("opened again", number, moment, found, told);
	add_windows(writer, MAX_WINDOWS - 1, MAX_WINDOWS, is_large);
	assert_int_equal(store_writer_close(writer), 0);
	told.windows |= 1ull << (MAX_WINDOWS - 1);
	read_all(folder, is_large, &found);
	expect("after one more window", number, moment, found, told);
	assert_int_equal(count_slices(folder, SLICE_IS_OPEN), 0);
	empty(folder);
}

static void note_a_run(const char *folder, uint64_t windows, bool is_large)
{
	struct store_writer *writer;

	noted.is_on = true;
	writer = open_writer(folder);
	add_windows(writer, 0, windows, is_large);
	assert_int_equal(store_writer_close(writer), 0);
	noted.is_on = false;
	empty(folder);
}

static uint64_t number_from(const char *variable, uint64_t usual)
{
	const char *text = getenv(variable);

	return text ? strtoull(text, NULL, 10) : usual;
}

static void lose_power(const char *folder, uint64_t windows, bool is_large, uint64_t part)
{
	uint64_t cases = number_from("HEARTH_POWER_CASES", USUAL_CASES) / part;
	struct chance chance = { number_from("HEARTH_POWER_SEED", USUAL_SEED) };

	noted.files = 0;
	noted.name_count = 0;
	buffer_clear(&noted.operations);
	buffer_clear(&noted.bytes);
	note_a_run(folder, windows, is_large);
	for (uint64_t i = 0; i < cases; i++)
		run_case(folder, i, draw(&chance, operation_count() + 1), is_large, &chance);
	buffer_release(&noted.operations);
	buffer_release(&noted.bytes);
}

static void test_what_was_on_disk_is_there(void **state)
{
	lose_power(((const struct place *)*state)->folder, 20, false, 1);
}

/* So large that what is in the journal is moved to the slice now and then. */
static void test_what_was_moved_to_the_slice_is_there(void **state)
{
	lose_power(((const struct place *)*state)->folder, 40, true, 10);
}

static int set_up(void **state)
{
	(void)state;
	if (forwarding_disk_use(&noting_disk, "noting", on_open) != SQLITE_OK)
		return -1;
	noting_disk.xDelete = on_delete;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_was_on_disk_is_there, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(test_what_was_moved_to_the_slice_is_there,
						make_place, remove_place),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
