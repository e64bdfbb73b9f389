/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/cage.h"

static int leave_network(void)
{
	return unshare(CLONE_NEWNET | CLONE_NEWIPC) ? -errno : 0;
}

/* What the running kernel does not know ends the list. */
static int empty_bounding_set(void)
{
	for (unsigned long capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0;
	     capability++)
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0))
			return -errno;
	return 0;
}

static int become_nobody(void)
{
	uid_t id = CAGE_FIRST_ID + (uid_t)getpid();

	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(id, id, id) ||
			       setresuid(id, id, id)
		       ? -errno
		       : 0;
}

static int keep_reading(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const uint32_t reading = 1u << CAP_DAC_READ_SEARCH;
	const struct __user_cap_data_struct kept[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = reading, .permitted = reading },
	};

	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
			       syscall(SYS_capset, &header, kept) ||
			       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		       ? -errno
		       : 0;
}

/* In this order: each needs what the later ones give up. One that fails keeps none of them from being taken. */
static const struct {
	int (*take)(void);
	const char *name;
} steps[] = {
	{ leave_network, "a network of its own" },
	{ empty_bounding_set, "an empty bounding set of capabilities" },
	{ become_nobody, "a user of its own" },
	{ keep_reading, "no capability but to read" },
};

int privileges_keep_reading(const char **ret_failed)
{
	int first = 0;

	if (geteuid())
		return 0;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		int error = steps[i].take();

		if (error && !first) {
			*ret_failed = steps[i].name;
			first = error;
		}
	}
	return first;
}
