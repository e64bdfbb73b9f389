/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdbool.h>
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

/* Words of capability sets. */
struct capability_words {
	uint32_t words[_LINUX_CAPABILITY_U32S_3];
};

static const struct capability_words reading = { { 1u << CAP_DAC_READ_SEARCH } };
/* CAP_SYSLOG is in the second word. */
static const struct capability_words reading_program = { { 1u << CAP_DAC_READ_SEARCH,
							   1u << (CAP_SYSLOG - 32) } };

/* What this process has of these: a root in a container has not all of them. */
static struct capability_words permitted_of(const struct capability_words *wanted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	struct capability_words permitted = { { 0 } };

	if (!syscall(SYS_capget, &header, sets))
		for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
			permitted.words[i] = wanted->words[i] & sets[i].permitted;
	return permitted;
}

/* A root who may not read the files of others still reads its own, which any other user might not. */
static int become_nobody(void)
{
	uid_t id = CAGE_FIRST_ID + (uid_t)getpid();

	if (!permitted_of(&reading).words[0])
		return -EPERM;
	return prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setgroups(0, NULL) || setresgid(id, id, id) ||
			       setresuid(id, id, id)
		       ? -errno
		       : 0;
}

/* What the program is to have: only as long as the bounding set has it, it can be made inheritable. */
static int let_inherit(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const struct capability_words kept = permitted_of(&reading_program);

	if (syscall(SYS_capget, &header, sets))
		return -errno;
	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i].inheritable = kept.words[i];
	return syscall(SYS_capset, &header, sets) ? -errno : 0;
}

/* All capabilities but these, of which those that it has not are none to give up; and no way to get more. */
static int keep(const struct capability_words *wanted, bool inherits)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	const struct capability_words kept = permitted_of(wanted);
	int error;

	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i] = (struct __user_cap_data_struct){
			.effective = kept.words[i],
			.permitted = kept.words[i],
			.inheritable = inherits ? kept.words[i] : 0,
		};
	error = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) ||
				syscall(SYS_capset, &header, sets)
			? -errno
			: 0;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && !error)
		error = -errno;
	return error;
}

static int raise_ambient(unsigned long capability)
{
	return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) ? -errno : 0;
}

static int keep_reading_program(void)
{
	const struct capability_words kept = permitted_of(&reading_program);
	int error = keep(&reading_program, true);

	if (!error && kept.words[0])
		error = raise_ambient(CAP_DAC_READ_SEARCH);
	if (!error && kept.words[1])
		error = raise_ambient(CAP_SYSLOG);
	return error;
}

static int keep_reading(void)
{
	return keep(&reading, false);
}

struct step {
	int (*take)(void);
	const char *name;
};

/* In this order: each needs what the later ones give up. One that fails keeps none of them from being taken. */
#define FIRST_STEPS                                                              \
	{ leave_network, "a network of its own" },                               \
		{ empty_bounding_set, "an empty bounding set of capabilities" }, \
	{                                                                        \
		become_nobody, "a user of its own"                               \
	}
static const struct step steps[] = {
	FIRST_STEPS,
	{ keep_reading, "no capability but to read" },
};
static const struct step program_steps[] = {
	{ let_inherit, "capabilities that a program inherits" },
	FIRST_STEPS,
	{ keep_reading_program, "no capability but to read" },
};

static int take_steps(const struct step *taken, size_t count, const char **ret_failed)
{
	int first = 0;

	if (geteuid())
		return 0;
	for (size_t i = 0; i < count; i++) {
		int error = taken[i].take();

		if (error && !first) {
			*ret_failed = taken[i].name;
			first = error;
		}
	}
	return first;
}

int privileges_keep_reading(const char **ret_failed)
{
	return take_steps(steps, sizeof(steps) / sizeof(*steps), ret_failed);
}

int privileges_keep_reading_program(const char **ret_failed)
{
	return take_steps(program_steps, sizeof(program_steps) / sizeof(*program_steps),
			  ret_failed);
}
