/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/buffer.h"

static void test_append_grows_and_keeps_order(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer);
	for (int i = 0; i < 1000; i++)
		buffer_append_char(&buffer, (char)('a' + i % 26));
	buffer_append_u64(&buffer, 0);
	buffer_append_u64(&buffer, UINT64_MAX);
	buffer_printf(&buffer, "%s%d", "x", -5);
	assert_int_equal(buffer_error(&buffer), 0);
	assert_int_equal(buffer.size, 1000 + 1 + 20 + 3);
	assert_memory_equal(buffer.data, "abcdefghijklmnopqrstuvwxyzab", 28);
	assert_string_equal(buffer_string(&buffer) + 1000, "018446744073709551615x-5");
	assert_int_equal(buffer.size, 1024); /* the terminator does not count */
	buffer_release(&buffer);
}

static void test_append_of_nothing_allocates_nothing(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer);
	buffer_append(&buffer, NULL, 0);
	assert_null(buffer.data);
	buffer_release(&buffer);
}

static void test_impossible_size_fails_once_and_for_all(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer);
	assert_null(buffer_extend(&buffer, SIZE_MAX));
	assert_int_equal(buffer_error(&buffer), -ENOMEM);
	buffer_append_char(&buffer, 'a');
	assert_int_equal(buffer.size, 0);
	assert_null(buffer_string(&buffer));
	buffer_clear(&buffer);
	buffer_append_char(&buffer, 'a');
	assert_int_equal(buffer_error(&buffer), 0);
	assert_int_equal(buffer.size, 1);
	buffer_release(&buffer);
}

static void test_read_fd_reads_all_and_keeps_a_limit(void **state)
{
	int fd = memfd_create("buffer_test", MFD_CLOEXEC);
	struct buffer buffer;
	char block[4096];

	(void)state;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 100; i++)
		assert_int_equal(write(fd, block, sizeof(block)), sizeof(block));
	buffer_init(&buffer);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(buffer_read_fd(&buffer, fd, SIZE_MAX), 0);
	assert_int_equal(buffer.size, 409600);
	buffer_clear(&buffer);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(buffer_read_fd(&buffer, fd, 409600), 0);
	buffer_clear(&buffer);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(buffer_read_fd(&buffer, fd, 409599), -EFBIG);
	buffer_release(&buffer);
	close(fd);
}

static void test_read_file_tells_the_error(void **state)
{
	struct buffer buffer;

	(void)state;
	buffer_init(&buffer);
	assert_int_equal(buffer_read_file(&buffer, "/nonexistent/file", 10), -ENOENT);
	assert_int_equal(buffer_read_file(&buffer, "/", 10), -EISDIR);
	buffer_release(&buffer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_append_grows_and_keeps_order),
		cmocka_unit_test(test_append_of_nothing_allocates_nothing),
		cmocka_unit_test(test_impossible_size_fails_once_and_for_all),
		cmocka_unit_test(test_read_fd_reads_all_and_keeps_a_limit),
		cmocka_unit_test(test_read_file_tells_the_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
