/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/machine_name.h"

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base/cleanup.h"

static bool is_same(int one, int other)
{
	struct stat a, b;

	return !fstat(one, &a) && !fstat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void machine_name_read(char ret_name[MACHINE_NAME_SIZE])
{
	_cleanup_close_ int own = open("/proc/thread-self/ns/uts", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int first = open("/proc/1/ns/uts", O_RDONLY | O_CLOEXEC);
	bool is_there =
		own >= 0 && first >= 0 && !is_same(own, first) && !setns(first, CLONE_NEWUTS);
	struct utsname machine = { 0 };

	uname(&machine);
	if (is_there)
		setns(own, CLONE_NEWUTS);
	snprintf(ret_name, MACHINE_NAME_SIZE, "%s", machine.nodename);
}
