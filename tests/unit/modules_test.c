/* SPDX-License-Identifier: Apache-2.0 */
/* modules.c: which keys of a file are one module, and what it costs when there are many. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "worker/opener.h"

#define FILE_BYTES 8192
#define FIRST_ID   100

struct fixture {
	struct modules *modules;
	char folder[32], path[64];
	uint64_t now; /* the id of what is in the file, as the kernel side tells it */
	struct module_key key_now;
	struct {
		struct module_event event;
		char names[64];
	} record;
	struct modules_totals totals;
};

static int identify(void *context, const void *address, struct identify_argument *ret_answer)
{
	const struct fixture *fixture = context;

	(void)address;
	*ret_answer = (struct identify_argument){ .module = fixture->now, .key = fixture->key_now };
	return 0;
}

static void fill(const struct fixture *fixture, char content, off_t at)
{
	int fd = open(fixture->path, O_WRONLY | O_CREAT, 0600);
	char bytes[FILE_BYTES];

	assert_true(fd >= 0);
	memset(bytes, content, sizeof(bytes));
	assert_int_equal(pwrite(fd, bytes, (size_t)(FILE_BYTES - at), at), FILE_BYTES - at);
	close(fd);
}

static void set_time(const struct fixture *fixture, time_t seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(AT_FDCWD, fixture->path, times, 0), 0);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char *names = fixture->record.names;

	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/modulesXXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->folder);
	fill(fixture, 'a', 0);
	set_time(fixture, 1000);
	memcpy(names, "file", 5);
	memcpy(names + 5, fixture->folder + 5, 14);
	memcpy(names + 19, "tmp", 4);
	fixture->record.event = (struct module_event){
		.type = EVENT_MAPPED_MODULE,
		.key = { .inode = 7, .size = FILE_BYTES, .change_time_s = 5000 },
		.path_size = 23,
	};
	fixture->modules = modules_new(identify, fixture, NULL);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	modules_free(fixture->modules);
	unlink(fixture->path);
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

/* A key that changed since the last one, and is the file's now. */
static void tell(struct fixture *fixture, uint64_t id)
{
	fixture->record.event.id = id;
	fixture->record.event.key.change_time_ns++;
	fixture->now = id;
	modules_handle(fixture->modules, &fixture->record, sizeof(fixture->record));
	modules_read_totals(fixture->modules, &fixture->totals);
}

/* The same, but the file's key has changed once more meanwhile. */
static void tell_late(struct fixture *fixture, uint64_t id)
{
	fixture->record.event.id = id;
	fixture->record.event.key.change_time_ns++;
	fixture->now = 1;
	modules_handle(fixture->modules, &fixture->record, sizeof(fixture->record));
	modules_read_totals(fixture->modules, &fixture->totals);
}

static uint64_t canonical(const struct fixture *fixture, uint64_t id)
{
	return modules_canonical(fixture->modules, id);
}

static int descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

static void another_change_time_is_an_alias(void **state)
{
	struct fixture *fixture = *state;
	int before;

	tell(fixture, FIRST_ID);
	assert_true(modules_find(fixture->modules, FIRST_ID)->fd >= 0);
	before = descriptors();
	for (uint64_t i = 1; i <= 1000; i++)
		tell(fixture, FIRST_ID + i);
	assert_int_equal(descriptors(), before);
	assert_int_equal(fixture->totals.modules, 1);
	assert_int_equal(fixture->totals.aliases, 1000);
	assert_int_equal(fixture->totals.refused, 0);
	for (uint64_t i = 0; i <= 1000; i++)
		assert_int_equal(canonical(fixture, FIRST_ID + i), FIRST_ID);
	assert_ptr_equal(modules_find(fixture->modules, FIRST_ID + 5),
			 modules_find(fixture->modules, FIRST_ID));
	assert_int_equal(canonical(fixture, 77), 77);
}

static void removed_file_is_an_alias(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	unlink(fixture->path);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID);
}

static void outdated_key_is_an_alias(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	tell_late(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID);
}

/* There another file may have the number. */
static void on_btrfs_outdated_key_is_none(void **state)
{
	struct fixture *fixture = *state;

	fixture->record.event.super_magic = BTRFS_SUPER_MAGIC;
	tell(fixture, FIRST_ID);
	tell_late(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(canonical(fixture, FIRST_ID + 2), FIRST_ID);
}

static void key_from_before_is_none(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fixture->record.event.key.change_time_s--;
	tell_late(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
	/* And takes nothing from those that come. */
	fixture->record.event.key.change_time_s++;
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(canonical(fixture, FIRST_ID + 2), FIRST_ID);
}

/* The key that the file has got since: it is told of when it is another one already. */
static void move_on(struct fixture *fixture, time_t seconds)
{
	fixture->key_now = fixture->record.event.key;
	fixture->key_now.change_time_s += (uint64_t)seconds;
}

/* Its change time moves faster than it can be opened. */
static void outdated_key_is_opened_if_nothing_was_written_since(void **state)
{
	struct fixture *fixture = *state;

	set_time(fixture, 4999);
	for (uint64_t i = 0; i < MODULES_MAX_CONTENTS + 10; i++) {
		move_on(fixture, 1);
		tell_late(fixture, FIRST_ID + i);
	}
	assert_int_equal(fixture->totals.modules, 1);
	assert_int_equal(fixture->totals.by_absence[MODULE_OPENED], 1);
	assert_int_equal(fixture->totals.refused, 0);
	assert_int_equal(canonical(fixture, FIRST_ID + 9), FIRST_ID);
}

static void outdated_key_is_not_opened_where_anything_else_changed(void **state)
{
	static const uint64_t magics[] = { 0, BTRFS_SUPER_MAGIC, 0, 0, 0, 0 };
	static const time_t seconds[] = { 1, 1, -1, 1, 1, 1 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(magics) / sizeof(*magics); i++) {
		/* Written at that very moment, which may be after it; else before. */
		set_time(fixture, i ? 4999 : 5000);
		fixture->record.event.super_magic = magics[i];
		fixture->record.event.key.inode += 10;
		fixture->record.event.key.change_time_ns = (uint32_t)-1; /* tell_late() adds one */
		move_on(fixture, seconds[i]);
		fixture->key_now.inode += i == 3;
		fixture->key_now.generation += i == 4;
		fixture->key_now.size += i == 5;
		tell_late(fixture, FIRST_ID + i);
		assert_int_equal(fixture->totals.by_absence[MODULE_GONE], i + 1);
	}
}

static void another_file_is_none(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fixture->record.event.key.generation++;
	tell(fixture, FIRST_ID + 1);
	fixture->record.event.key.device++;
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(fixture->totals.modules, 3);
	assert_int_equal(fixture->totals.aliases, 0);
}

/* Each content is a module of its own, and one descriptor serves them. */
static void overwritten_file_is_another_module(void **state)
{
	struct fixture *fixture = *state;
	const struct module *older;
	int before;

	tell(fixture, FIRST_ID);
	before = descriptors();
	fill(fixture, 'b', 0);
	tell(fixture, FIRST_ID + 1);
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 2), FIRST_ID + 1);
	older = modules_find(fixture->modules, FIRST_ID);
	assert_false(module_is_unchanged(older));
	assert_true(module_is_unchanged(modules_find(fixture->modules, FIRST_ID + 1)));
	assert_int_equal(descriptors(), before);
}

static void what_was_not_used_is_forgotten(void **state)
{
	struct fixture *fixture = *state;
	int before = descriptors();
	uint64_t then;

	tell(fixture, FIRST_ID);
	tell(fixture, FIRST_ID + 1); /* an alias */
	fixture->record.event.key.inode++;
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(descriptors(), before + 2);
	then = clock_boottime_ns();
	modules_note_use(fixture->modules, FIRST_ID + 1);
	assert_int_equal(modules_forget(fixture->modules, then), 0);
	modules_read_totals(fixture->modules, &fixture->totals);
	assert_int_equal(fixture->totals.modules, 1);
	assert_int_equal(fixture->totals.files, 1);
	assert_int_equal(fixture->totals.aliases, 1);
	assert_int_equal(descriptors(), before + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID);
	assert_string_equal(modules_find(fixture->modules, FIRST_ID)->name, "file");
	assert_null(modules_find(fixture->modules, FIRST_ID + 2));
	/* It is met again. */
	tell(fixture, FIRST_ID + 2);
	assert_non_null(modules_find(fixture->modules, FIRST_ID + 2));
	assert_int_equal(modules_forget(fixture->modules, UINT64_MAX), 0);
	modules_read_totals(fixture->modules, &fixture->totals);
	assert_int_equal(fixture->totals.modules, 0);
	assert_int_equal(descriptors(), before);
}

/* Where the kernel side could tell no path. */
static void one_without_a_path_has_no_name(void **state)
{
	struct fixture *fixture = *state;
	uint32_t path_size = fixture->record.event.path_size;
	uint64_t then;

	tell(fixture, FIRST_ID);
	then = clock_boottime_ns();
	fixture->record.event.path_size = 0;
	fixture->record.event.key.inode++;
	tell(fixture, FIRST_ID + 1);
	fixture->record.event.path_size = path_size;
	fixture->record.event.key.inode++;
	tell(fixture, FIRST_ID + 2);
	assert_string_equal(modules_find(fixture->modules, FIRST_ID + 1)->name, "");
	assert_int_equal(modules_forget(fixture->modules, then), 0);
	assert_null(modules_find(fixture->modules, FIRST_ID));
	assert_string_equal(modules_find(fixture->modules, FIRST_ID + 1)->name, "");
	assert_string_equal(modules_find(fixture->modules, FIRST_ID + 2)->name, "file");
}

/* The older content owns the descriptor that both have. */
static void a_descriptor_that_is_borrowed_is_handed_on(void **state)
{
	struct fixture *fixture = *state;
	int before = descriptors();
	uint64_t then;

	tell(fixture, FIRST_ID);
	fill(fixture, 'b', 0);
	tell(fixture, FIRST_ID + 1);
	then = clock_boottime_ns();
	modules_note_use(fixture->modules, FIRST_ID + 1);
	assert_int_equal(modules_forget(fixture->modules, then), 0);
	assert_null(modules_find(fixture->modules, FIRST_ID));
	assert_true(module_is_unchanged(modules_find(fixture->modules, FIRST_ID + 1)));
	assert_int_equal(descriptors(), before + 1);
	assert_int_equal(modules_forget(fixture->modules, UINT64_MAX), 0);
	assert_int_equal(descriptors(), before);
}

static void times_set_back_hide_no_other_program(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fill(fixture, 'b', 0);
	set_time(fixture, 1000);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
}

/* Without a build-id nothing in the first page need differ. */
static void times_set_back_hide_no_other_code(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fill(fixture, 'b', 4096);
	set_time(fixture, 1000);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
}

static void overwritten_behind_its_head_is_another_module(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fill(fixture, 'b', 4096);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
}

static void another_size_is_another_module(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	fixture->record.event.key.size--;
	tell_late(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
}

/* Walks by an old key and by a new one give one stack's frames; what the kernel side lacks has its own id. */
static void frames_of_an_alias_are_the_modules(void **state)
{
	struct fixture *fixture = *state;
	struct aggregator *aggregator = aggregator_new();
	struct {
		struct stack_event event;
		struct stack_frame frames[2];
	} record = { .event = { .type = EVENT_STACK, .depth = 2 },
		     .frames = { { MODULE_KERNEL, 5 }, { 0, 0x1000 } } };

	aggregator_use_modules(aggregator, fixture->modules);
	for (uint64_t i = 0; i < 3; i++) {
		struct stored_stack stack;

		tell(fixture, FIRST_ID + i);
		record.event.id = 1 + i;
		record.frames[1].module = FIRST_ID + i;
		aggregator_handle(aggregator, &record, sizeof(record));
		assert_true(aggregator_find_stack(aggregator, 1 + i, 0, &stack));
		assert_int_equal(stack.last_module, FIRST_ID + i);
		assert_int_equal(aggregator_address(aggregator, stack.addresses[1]).module,
				 FIRST_ID);
	}
	assert_int_equal(aggregator_address_count(aggregator), 2);
	aggregator_free(aggregator);
}

static void aliases_have_a_ceiling(void **state)
{
	struct fixture *fixture = *state;

	tell(fixture, FIRST_ID);
	for (uint64_t i = 1; i <= MODULES_MAX_ALIASES_EACH + 10; i++)
		tell(fixture, FIRST_ID + i);
	assert_int_equal(fixture->totals.modules, 1);
	assert_int_equal(fixture->totals.aliases, MODULES_MAX_ALIASES_EACH);
	assert_int_equal(fixture->totals.refused, 10);
	/* Another file's are no worse off. */
	fixture->record.event.key.inode++;
	tell(fixture, 1000000);
	tell(fixture, 1000001);
	assert_int_equal(canonical(fixture, 1000001), 1000000);
	assert_int_equal(fixture->totals.refused, 10);
}

static void contents_have_a_ceiling(void **state)
{
	struct fixture *fixture = *state;
	int before = descriptors();

	for (uint64_t i = 0; i < MODULES_MAX_CONTENTS + 10; i++) {
		set_time(fixture, 2000 + (time_t)i);
		tell(fixture, FIRST_ID + i);
	}
	assert_int_equal(fixture->totals.modules, MODULES_MAX_CONTENTS);
	assert_int_equal(fixture->totals.refused, 10);
	assert_int_equal(descriptors(), before + 1);
}

/* No more files are remembered than may be modules; those have aliases nevertheless. */
static void files_have_a_ceiling(void **state)
{
	struct fixture *fixture = *state;
	uint64_t inode = fixture->record.event.key.inode;

	tell(fixture, FIRST_ID);
	fixture->record.event.path_size = 0;
	for (uint64_t i = 1; i < MODULES_MAX + 10; i++) {
		fixture->record.event.key.inode = inode + i;
		tell(fixture, FIRST_ID + i);
	}
	assert_int_equal(fixture->totals.modules, MODULES_MAX);
	assert_int_equal(fixture->totals.files, MODULES_MAX);
	assert_int_equal(fixture->totals.refused, 10);
	fixture->record.event.key.inode = inode;
	tell(fixture, 1000000);
	assert_int_equal(canonical(fixture, 1000000), FIRST_ID);
}

static uint64_t absent(const struct fixture *fixture, enum module_absence absence)
{
	return fixture->totals.by_absence[absence];
}

static void what_is_not_opened_is_counted_by_what_was_in_the_way(void **state)
{
	struct fixture *fixture = *state;

	fixture->record.event.super_magic = NFS_SUPER_MAGIC;
	tell(fixture, FIRST_ID);
	fixture->record.event.super_magic = 0;
	fixture->record.event.key.inode++;
	tell_late(fixture, FIRST_ID + 1);
	fixture->record.event.key.inode++;
	unlink(fixture->path);
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(absent(fixture, MODULE_OPENED), 0);
	assert_int_equal(absent(fixture, MODULE_MAY_BLOCK), 1);
	assert_int_equal(absent(fixture, MODULE_GONE), 2);
	assert_int_equal(absent(fixture, MODULE_BEYOND_LIMIT), 0);
	/* One that can be opened later on is no longer among them. */
	fill(fixture, 'a', 0);
	tell(fixture, FIRST_ID + 2);
	assert_int_equal(absent(fixture, MODULE_OPENED), 1);
	assert_int_equal(absent(fixture, MODULE_GONE), 1);
}

/* --- files that may block: an opener that answers when it is told to --- */

static struct {
	struct opener_request asked[4];
	size_t count, answered;
	int refusal;
	struct opener_answer answer;
	bool has_answer;
} opener;

int __wrap_opener_ask(struct opener *ignored, const struct opener_request *request);
bool __wrap_opener_take(struct opener *ignored, struct opener_answer *ret_answer);

int __wrap_opener_ask(struct opener *ignored, const struct opener_request *request)
{
	(void)ignored;
	if (!opener.refusal)
		opener.asked[opener.count++] = *request;
	return opener.refusal;
}

bool __wrap_opener_take(struct opener *ignored, struct opener_answer *ret_answer)
{
	bool has_answer = opener.has_answer;

	(void)ignored;
	*ret_answer = opener.answer;
	opener.has_answer = false;
	return has_answer;
}

static void begin_blocking(struct fixture *fixture)
{
	memset(&opener, 0, sizeof(opener));
	modules_use_opener(fixture->modules, (struct opener *)fixture);
	fixture->record.event.super_magic = NFS_SUPER_MAGIC;
	fixture->record.event.caller_tgid = 9;
	fixture->record.event.mapping_start = 4096;
	fixture->record.event.mapping_end = 8192;
}

static void answer(struct fixture *fixture, uint64_t id, int error)
{
	opener.answer = (struct opener_answer){ .id = id, .error = error, .fd = -1 };
	if (!error)
		opener.answer.fd = memfd_create("copy", MFD_CLOEXEC);
	opener.has_answer = true;
	modules_take_copies(fixture->modules);
	modules_read_totals(fixture->modules, &fixture->totals);
}

static void a_file_that_may_block_is_copied(void **state)
{
	struct fixture *fixture = *state;
	const struct module *module;

	begin_blocking(fixture);
	tell(fixture, FIRST_ID);
	tell_late(fixture, FIRST_ID); /* once is enough */
	assert_int_equal(opener.count, 1);
	assert_int_equal(opener.asked[0].module, FIRST_ID);
	assert_int_equal(opener.asked[0].size, FILE_BYTES);
	assert_int_equal(opener.asked[0].place.pid, 9);
	assert_int_equal(opener.asked[0].place.mapping_end, 8192);
	assert_string_equal(opener.asked[0].place.path, fixture->path);
	assert_int_equal(absent(fixture, MODULE_MAY_BLOCK), 1);
	assert_int_equal(fixture->totals.copy_bytes, FILE_BYTES);
	assert_true(modules_rows_are_coming(fixture->modules, FIRST_ID));
	answer(fixture, FIRST_ID, 0);
	module = modules_find(fixture->modules, FIRST_ID);
	assert_true(module->fd == opener.answer.fd && module->is_copy);
	assert_true(module_is_unchanged(module));
	assert_int_equal(absent(fixture, MODULE_OPENED), 1);
	assert_int_equal(fixture->totals.copy_bytes, FILE_BYTES);
}

/* Nobody can say whether it is still what was copied. */
static void each_key_of_a_copied_file_is_a_module(void **state)
{
	struct fixture *fixture = *state;

	begin_blocking(fixture);
	tell(fixture, FIRST_ID);
	answer(fixture, FIRST_ID, 0);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(canonical(fixture, FIRST_ID + 1), FIRST_ID + 1);
	assert_int_equal(opener.count, 2);
	assert_int_equal(modules_find(fixture->modules, FIRST_ID + 1)->fd, -1);
	answer(fixture, FIRST_ID + 1, 0);
	assert_false(modules_find(fixture->modules, FIRST_ID + 1)->borrows_fd);
	assert_int_equal(absent(fixture, MODULE_OPENED), 2);
}

static void what_is_not_copied_is_counted(void **state)
{
	static const struct {
		int error;
		enum module_absence absence;
	} cases[] = {
		{ -ETIMEDOUT, MODULE_MAY_BLOCK }, { -EPIPE, MODULE_MAY_BLOCK },
		{ -EBADMSG, MODULE_MAY_BLOCK },   { -EWOULDBLOCK, MODULE_MAY_BLOCK },
		{ -ESTALE, MODULE_GONE },         { -ENOENT, MODULE_GONE },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin_blocking(fixture);
		fixture->record.event.key.inode++;
		tell(fixture, FIRST_ID + i);
		answer(fixture, FIRST_ID + i, cases[i].error);
		assert_int_equal(modules_find(fixture->modules, FIRST_ID + i)->absence,
				 cases[i].absence);
		assert_int_equal(fixture->totals.copy_bytes, 0);
		/* Another process may lead to it. */
		tell(fixture, FIRST_ID + i);
		assert_int_equal(opener.count, 2);
		answer(fixture, FIRST_ID + i, -ENOENT);
	}
	begin_blocking(fixture);
	opener.refusal = -EFBIG;
	fixture->record.event.key.inode++;
	tell(fixture, 1000);
	assert_int_equal(modules_find(fixture->modules, 1000)->absence, MODULE_MAY_BLOCK);
	assert_int_equal(fixture->totals.copy_bytes, 0);
}

static void copies_have_a_ceiling(void **state)
{
	struct fixture *fixture = *state;

	begin_blocking(fixture);
	fixture->record.event.key.size = MODULES_MAX_COPY_BYTES;
	tell(fixture, FIRST_ID);
	fixture->record.event.key.inode++;
	fixture->record.event.key.size = 1;
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(opener.count, 1);
	assert_int_equal(absent(fixture, MODULE_MAY_BLOCK), 2);
	answer(fixture, FIRST_ID, -ETIMEDOUT);
	tell(fixture, FIRST_ID + 1);
	assert_int_equal(opener.count, 2);
}

/* With CAP_SYS_RESOURCE hard limits are raised: whether this test may do so. */
static void set_resource_capability(uint32_t effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	assert_int_equal(syscall(SYS_capget, &header, data), 0);
	data[0].effective &= ~(1u << CAP_SYS_RESOURCE);
	data[0].effective |= data[0].permitted & effective << CAP_SYS_RESOURCE;
	assert_int_equal(syscall(SYS_capset, &header, data), 0);
}

/* The last test: without the capability the limit stays. */
static void beyond_the_limit_of_open_files_they_are_counted(void **state)
{
	const struct rlimit few = { 512 + 3, 512 + 3 };
	struct fixture *fixture = *state;
	struct rlimit before;

	set_resource_capability(0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	modules_free(fixture->modules);
	fixture->modules = modules_new(identify, fixture, NULL);
	for (uint64_t i = 0; i < 5; i++) {
		fixture->record.event.key.inode++;
		tell(fixture, FIRST_ID + i);
	}
	assert_int_equal(absent(fixture, MODULE_OPENED), 3);
	assert_int_equal(absent(fixture, MODULE_BEYOND_LIMIT), 2);
	assert_int_equal(fixture->totals.file_limit, 512 + 3);
	/* A further key of one that is open needs none; of the others nobody can say what it is. */
	tell(fixture, FIRST_ID + 10);
	assert_int_equal(absent(fixture, MODULE_BEYOND_LIMIT), 3);
	fixture->record.event.key.inode -= 4;
	tell(fixture, FIRST_ID + 11);
	assert_int_equal(canonical(fixture, FIRST_ID + 11), FIRST_ID);
	assert_int_equal(absent(fixture, MODULE_BEYOND_LIMIT), 3);
	set_resource_capability(1);
	setrlimit(RLIMIT_NOFILE, &before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(another_change_time_is_an_alias),
		TEST(removed_file_is_an_alias),
		TEST(outdated_key_is_an_alias),
		TEST(on_btrfs_outdated_key_is_none),
		TEST(key_from_before_is_none),
		TEST(outdated_key_is_opened_if_nothing_was_written_since),
		TEST(outdated_key_is_not_opened_where_anything_else_changed),
		TEST(another_file_is_none),
		TEST(overwritten_file_is_another_module),
		TEST(what_was_not_used_is_forgotten),
		TEST(one_without_a_path_has_no_name),
		TEST(a_descriptor_that_is_borrowed_is_handed_on),
		TEST(times_set_back_hide_no_other_program),
		TEST(times_set_back_hide_no_other_code),
		TEST(overwritten_behind_its_head_is_another_module),
		TEST(another_size_is_another_module),
		TEST(frames_of_an_alias_are_the_modules),
		TEST(aliases_have_a_ceiling),
		TEST(contents_have_a_ceiling),
		TEST(files_have_a_ceiling),
		TEST(what_is_not_opened_is_counted_by_what_was_in_the_way),
		TEST(a_file_that_may_block_is_copied),
		TEST(each_key_of_a_copied_file_is_a_module),
		TEST(what_is_not_copied_is_counted),
		TEST(copies_have_a_ceiling),
		TEST(beyond_the_limit_of_open_files_they_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
