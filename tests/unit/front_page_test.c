/* SPDX-License-Identifier: Apache-2.0 */
/* front_page: memory that one process writes and another reads, torn never. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "profiler/front_page.h"

#define WRITES 20000

static void test_what_is_written_is_read(void **state)
{
	struct api_status written = { .changes = 7, .start_ns = 8 }, read = { .changes = 1 };
	const struct front_page *seen;
	struct front_page *page;
	uint64_t written_ns = 0;
	int fd;

	(void)state;
	memset(written.store.error, 'e', sizeof(written.store.error));
	assert_int_equal(front_page_new(&page, &fd), 0);
	assert_int_equal(front_page_open(fd, &seen), 0);
	assert_false(front_page_read(seen, &read, &written_ns));
	assert_int_equal(read.changes, 1);
	front_page_write(page, &written);
	assert_true(front_page_read(seen, &read, &written_ns));
	assert_memory_equal(&read, &written, sizeof(read));
	assert_true(written_ns <= clock_monotonic_ns() &&
		    written_ns > clock_monotonic_ns() - 60000000000u);
	front_page_free(page);
	front_page_free((struct front_page *)seen);
	close(fd);
}

/* Whoever has the descriptor can neither write nor cut it. */
static void test_a_reader_cannot_write(void **state)
{
	struct front_page *page;
	int fd;

	(void)state;
	assert_int_equal(front_page_new(&page, &fd), 0);
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(write(fd, "x", 1), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	front_page_free(page);
	close(fd);
}

static void test_what_is_no_page(void **state)
{
	const struct front_page *seen;
	int fd = memfd_create("x", MFD_CLOEXEC);

	(void)state;
	assert_int_equal(front_page_open(fd, &seen), -EBADMSG);
	assert_int_equal(ftruncate(fd, 1 << 20), 0);
	assert_int_equal(front_page_open(fd, &seen), -EBADMSG);
	close(fd);
}

static _Atomic int has_written;

/* All words of a status that is read have to be of one write. */
static void *write_many(void *page)
{
	struct api_status status;

	for (unsigned int i = 1; i <= WRITES; i++) {
		memset(&status, (int)(i & 0x7f), sizeof(status));
		front_page_write(page, &status);
	}
	has_written = 1;
	return NULL;
}

static void test_nothing_is_torn(void **state)
{
	const struct front_page *seen;
	struct front_page *page;
	struct api_status status;
	pthread_t writer;
	unsigned int reads = 0;
	uint64_t written_ns;
	int fd;

	(void)state;
	assert_int_equal(front_page_new(&page, &fd), 0);
	assert_int_equal(front_page_open(fd, &seen), 0);
	assert_int_equal(pthread_create(&writer, NULL, write_many, page), 0);
	while (!has_written || !reads) {
		const unsigned char *bytes = (const unsigned char *)&status;

		if (!front_page_read(seen, &status, &written_ns))
			continue;
		reads++;
		for (size_t i = 0; i < sizeof(status); i++)
			assert_int_equal(bytes[i], bytes[0]);
	}
	pthread_join(writer, NULL);
	assert_true(reads > 0);
	front_page_free(page);
	front_page_free((struct front_page *)seen);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_a_reader_cannot_write),
		cmocka_unit_test(test_what_is_no_page),
		cmocka_unit_test(test_nothing_is_torn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
