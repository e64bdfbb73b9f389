/* SPDX-License-Identifier: Apache-2.0 */
/* cgroup_mounts.c: which mount is a hierarchy's, and that a part of one is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "profiler/cgroup_mounts.h"

#define V1   "30 23 0:26 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
#define CPUS "31 23 0:27 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
#define V2   "35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"

static void a_hierarchy_is_known_by_its_controllers(void **state)
{
	static const struct {
		const char *line, *controllers, *folder; /* NULL: it is not */
	} cases[] = {
		{ V1, "memory", "/sys/fs/cgroup/memory" },
		{ CPUS, "cpu,cpuacct", "/sys/fs/cgroup/cpu,cpuacct" },
		{ CPUS, "cpuacct", "/sys/fs/cgroup/cpu,cpuacct" },
		{ V2, "", "/sys/fs/cgroup" },
		{ V1, "", NULL },
		{ V2, "memory", NULL },
		{ V1, "cpu", NULL },
		{ CPUS, "cpuset", NULL },
		/* One that the kernel side does not filter by. */
		{ "32 23 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
		  "name=systemd", NULL },
		/* A part of a hierarchy: a container's own view. */
		{ "33 23 0:26 /docker/x /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
		  "memory", NULL },
		{ "36 24 0:30 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "", NULL },
		/* Not of this kind, or no line at all. */
		{ "37 24 0:31 / /sys/fs/cgroup rw - tmpfs cgroup2 rw,memory", "memory", NULL },
		{ "38 24 0:31 / /memory - ", "memory", NULL },
		{ "- cgroup2 cgroup2 rw", "", NULL },
		{ " - cgroup2 cgroup2 rw", "", NULL },
		{ "", "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char line[256], folder[CGROUP_MOUNT_MAX] = "as it was";

		memcpy(line, cases[i].line, strlen(cases[i].line) + 1);
		if (cgroup_mount_in_line(line, cases[i].controllers, folder) !=
		    (cases[i].folder != NULL))
			fail_msg("%s by \"%s\"", cases[i].line, cases[i].controllers);
		assert_string_equal(folder, cases[i].folder ? cases[i].folder : "as it was");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hierarchy_is_known_by_its_controllers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
