/* SPDX-License-Identifier: Apache-2.0 */
/* file_mount.c and blocking_file_system.c: what is known to answer, and all else is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "worker/file_mount.h"
#include "worker/blocking_file_system.h"

static bool answers(const char *path, pid_t pid)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	bool does;

	assert_true(fd >= 0);
	does = file_mount_answers((uint32_t)pid, fd);
	close(fd);
	return does;
}

static void a_mount_of_the_process_is_known(void **state)
{
	(void)state;
	assert_true(answers("/tmp", getpid()));
	assert_true(answers("/proc", getpid()));
	assert_true(answers("/proc/self/exe", getpid()));
}

static void what_is_mounted_nowhere_is_not_known(void **state)
{
	int fd = memfd_create("test", MFD_CLOEXEC);

	(void)state;
	assert_true(fd >= 0);
	assert_false(file_mount_answers((uint32_t)getpid(), fd));
	close(fd);
	assert_false(file_mount_answers((uint32_t)getpid(), fd));
	assert_false(answers("/tmp", 0)); /* no process has it */
}

static bool type_may_block(const char *type)
{
	return file_system_type_may_block(type, strlen(type));
}

static void file_systems_that_may_block(void **state)
{
	(void)state;
	assert_true(type_may_block("fuse") && type_may_block("fuse.sshfs") &&
		    type_may_block("fuseblk") && type_may_block("nfs4") && type_may_block("9p"));
	assert_false(type_may_block("fusectl") || type_may_block("ext4") ||
		     type_may_block("overlay") || type_may_block("fus") || type_may_block(""));
	assert_true(file_system_may_block(0x65735546) && file_system_may_block(NFS_SUPER_MAGIC));
	assert_false(file_system_may_block(EXT4_SUPER_MAGIC) || file_system_may_block(TMPFS_MAGIC));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_of_the_process_is_known),
		cmocka_unit_test(what_is_mounted_nowhere_is_not_known),
		cmocka_unit_test(file_systems_that_may_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
