/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/targets.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <linux/magic.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/container_target.h"
#include "profiler/options.h"

/* What /proc/self/ns/pid shows for the initial namespace: PROC_PID_INIT_INO of linux/proc_ns.h. */
#define INITIAL_PID_NAMESPACE 0xeffffffcu

static int parse_list(const char *list, uint32_t *ids, size_t *count, const char **ret_why)
{
	_cleanup_free_ char *copy = strdup(list);
	char *rest = copy, *word;

	if (!copy) {
		*ret_why = "out of memory";
		return -EINVAL;
	}
	while ((word = strsep(&rest, ","))) {
		uint64_t id;

		if (parse_u64(word, 1, INT32_MAX, &id)) {
			*ret_why =
				"not a list of numbers, such as 1234 or 12,34 (--comm takes a name)";
			return -EINVAL;
		}
		if (*count == TARGETS_MAX) {
			*ret_why =
				"more than 1024 of them; -a with --comm, --user, --container or --cgroup takes any number";
			return -EINVAL;
		}
		ids[(*count)++] = (uint32_t)id;
	}
	return 0;
}

int targets_set_pids(struct targets *targets, const char *list, const char **ret_why)
{
	return parse_list(list, targets->pids, &targets->pid_count, ret_why);
}

int targets_set_tids(struct targets *targets, const char *list, const char **ret_why)
{
	return parse_list(list, targets->tids, &targets->tid_count, ret_why);
}

int targets_set_comm(struct targets *targets, const char *comm, const char **ret_why)
{
	if (!*comm || strlen(comm) >= EVENT_COMM_SIZE) {
		*ret_why = "a comm has 1 to 15 bytes (the kernel cuts longer ones)";
		return -EINVAL;
	}
	targets->comm = comm;
	return 0;
}

static int configure_user(const char *user, struct sample_config *config)
{
	uint64_t uid;

	if (parse_u64(user, 0, UINT32_MAX - 1, &uid)) {
		const struct passwd *entry = getpwnam(user);

		if (!entry) {
			log_error("--user %s: there is no such user; give a name or a UID", user);
			return -ENOENT;
		}
		uid = entry->pw_uid;
	}
	config->by_user = 1;
	config->uid = (uint32_t)uid;
	return 0;
}

static const char *const cgroup_controllers[] = {
#define CGROUP_CONTROLLER(constant, option, enumerator) [constant] = option,
#include "bpf/cgroup_controllers.def"
#undef CGROUP_CONTROLLER
};

/* Is `option` one of the comma-separated mount options? */
static bool has_option(const char *options, const char *option)
{
	size_t length = strlen(option);

	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, option, length) &&
		    (!at[length] || at[length] == ',' || at[length] == '\n'))
			return true;
	}
	return false;
}

/* The controller of a version 1 hierarchy whose mount has device `device`: mountinfo's super options. */
static int find_controller(dev_t device, uint32_t *ret_controller)
{
	_cleanup_fclose_ FILE *mounts = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return -errno;
	while (getline(&line, &size, mounts) > 0) {
		unsigned int major, minor;
		const char *options = strrchr(line, ' ');

		if (sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 || !options ||
		    makedev(major, minor) != device)
			continue;
		for (uint32_t i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
			if (has_option(options + 1, cgroup_controllers[i])) {
				*ret_controller = i;
				return 0;
			}
		}
	}
	return -ENOENT;
}

/* `option`: by which it was named. */
static int configure_cgroup(const char *option, const char *path, struct sample_config *config)
{
	struct statfs system;
	struct stat folder;

	if (stat(path, &folder) || statfs(path, &system)) {
		log_error("%s %s: %s", option, path, strerror(errno));
		return -errno;
	}
	config->by_cgroup = 1;
	config->cgroup = folder.st_ino;
	config->cgroup_controller = CGROUP_UNIFIED;
	if (system.f_type == CGROUP2_SUPER_MAGIC && S_ISDIR(folder.st_mode))
		return 0;
	if (system.f_type == CGROUP_SUPER_MAGIC && S_ISDIR(folder.st_mode) &&
	    !find_controller(folder.st_dev, &config->cgroup_controller))
		return 0;
	if (system.f_type == CGROUP_SUPER_MAGIC)
		log_error(
			"--cgroup %s: a version 1 hierarchy without a controller that hearth knows; name the folder below a controller or in version 2",
			path);
	else
		log_error("--cgroup %s: not a cgroup's folder; they lie below /sys/fs/cgroup",
			  path);
	return -EINVAL;
}

void targets_release(struct targets *targets)
{
	free(targets->container_folder);
	targets->container_folder = NULL;
}

int targets_find_container(struct targets *targets)
{
	_cleanup_free_ char *path = NULL;
	struct stat folder;
	int error = targets->container ? container_target_find(targets->container, &path) : 0;

	if (error || !targets->container)
		return error;
	if (stat(path, &folder)) {
		log_error("--container %s: it has ended", targets->container);
		return -ENOENT;
	}
	targets->container_inode = folder.st_ino;
	targets->container_folder = take_ptr(path);
	return 0;
}

static uint32_t own_pid_namespace(void)
{
	struct stat namespace;

	if (stat("/proc/self/ns/pid", &namespace) || namespace.st_ino == INITIAL_PID_NAMESPACE)
		return 0;
	return (uint32_t) namespace.st_ino;
}

int targets_configure(const struct targets *targets, struct sample_config *config)
{
	int error = 0;

	config->caller_pid_namespace = own_pid_namespace();
	config->by_process = targets->pid_count > 0 || targets->is_command;
	config->by_thread = targets->tid_count > 0;
	if (targets->comm) {
		config->by_comm = 1;
		snprintf(config->comm, sizeof(config->comm), "%s", targets->comm);
	}
	if (targets->user)
		error = configure_user(targets->user, config);
	if (!error && targets->cgroup)
		error = configure_cgroup("--cgroup", targets->cgroup, config);
	if (!error && targets->container_folder)
		error = configure_cgroup("--container", targets->container_folder, config);
	return error;
}

/* kill finds a thread by its own TID too. */
static bool is_alive(uint32_t id)
{
	return !kill((pid_t)id, 0) || errno != ESRCH;
}

/* pidfd_open takes leaders only: for another thread EINVAL, since 6.9 ENOENT. */
static bool is_mere_thread(uint32_t pid)
{
	_cleanup_close_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	return fd < 0 && (errno == EINVAL || errno == ENOENT);
}

/* One of several that is gone is worth a warning: lists of PIDs are seldom up to date. */
static int check_list(const uint32_t *ids, size_t count, const char *word)
{
	size_t alive = 0;

	for (size_t i = 0; i < count; i++)
		alive += is_alive(ids[i]);
	for (size_t i = 0; i < count; i++) {
		if (is_alive(ids[i]))
			continue;
		if (!alive) {
			log_error("there is no %s %u", word, ids[i]);
			return -ESRCH;
		}
		log_warning("there is no %s %u", word, ids[i]);
	}
	return 0;
}

int targets_check_alive(const struct targets *targets)
{
	int error = check_list(targets->pids, targets->pid_count, "process");

	for (size_t i = 0; !error && i < targets->pid_count; i++) {
		if (!is_mere_thread(targets->pids[i]))
			continue;
		log_error("%u is the TID of a thread, not a process; --tid %u profiles it",
			  targets->pids[i], targets->pids[i]);
		error = -ESRCH;
	}
	return error ? error : check_list(targets->tids, targets->tid_count, "thread");
}

bool targets_have_threads(const struct targets *targets)
{
	for (size_t i = 0; i < targets->tid_count; i++)
		if (is_alive(targets->tids[i]))
			return true;
	return false;
}

bool targets_have_container(const struct targets *targets)
{
	struct stat folder;

	return !stat(targets->container_folder, &folder) &&
	       folder.st_ino == targets->container_inode;
}

/* The children of a process's first thread, as text; needs CONFIG_PROC_CHILDREN. */
static bool has_children(uint32_t pid)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/children", pid, pid);
	return !buffer_read_file(&text, path, 1 << 20) && text.size;
}

void targets_warn_of_children(const struct targets *targets)
{
	for (size_t i = 0; i < targets->pid_count; i++)
		if (has_children(targets->pids[i]))
			log_warning(
				"process %u has children that ran before; -p takes only those that it starts meanwhile, --comm or --cgroup takes all",
				targets->pids[i]);
}

static void describe_ids(const char *word, const uint32_t *ids, size_t count, char *text,
			 size_t size)
{
	size_t shown = count < 4 ? count : 4, at = (size_t)snprintf(text, size, "%s", word);

	for (size_t i = 0; i < shown && at < size; i++)
		at += (size_t)snprintf(text + at, size - at, "%s %u", i ? "," : "", ids[i]);
	if (shown < count && at < size)
		snprintf(text + at, size - at, " and %zu more", count - shown);
}

void targets_describe(const struct targets *targets, char *text, size_t size)
{
	if (targets->pid_count)
		describe_ids("PID", targets->pids, targets->pid_count, text, size);
	else if (targets->tid_count)
		describe_ids("TID", targets->tids, targets->tid_count, text, size);
	else if (targets->comm)
		snprintf(text, size, "%s", targets->comm);
	else if (targets->container)
		snprintf(text, size, "container %s", targets->container);
	else if (targets->cgroup)
		snprintf(text, size, "cgroup %s", targets->cgroup);
	else if (targets->user)
		snprintf(text, size, "user %s", targets->user);
	else
		snprintf(text, size, "whole machine");
}
