/* SPDX-License-Identifier: Apache-2.0 */
/* local_files.c: what lies on a file system that answers is opened, what leads elsewhere is left to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/file_mount.h"
#include "worker/local_files.h"

struct fixture {
	struct local_files *files;
	char folder[32];
	char path[PATH_MAX];
};

static const char *in_folder(struct fixture *fixture, const char *name)
{
	snprintf(fixture->path, sizeof(fixture->path), "%s/%s", fixture->folder, name);
	return fixture->path;
}

/* Where something is mounted as it is needed, as systemd's binfmt_misc below /proc, it does not. */
static bool answers_below(const char *path)
{
	int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	bool does = folder >= 0 && file_mount_answers_below(folder);

	close(folder);
	return does;
}

static int set_up(void **state)
{
	struct fixture *fixture;
	FILE *file;

	if (!answers_below("/tmp"))
		skip();
	fixture = calloc(1, sizeof(*fixture));
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/local-files-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	file = fopen(in_folder(fixture, "file"), "w");
	assert_non_null(file);
	fputs("text", file);
	fclose(file);
	assert_int_equal(mkdir(in_folder(fixture, "below"), 0700), 0);
	assert_int_equal(symlink("file", in_folder(fixture, "link")), 0);
	assert_int_equal(symlink("..", in_folder(fixture, "below/up")), 0);
	assert_int_equal(symlink("/proc/version", in_folder(fixture, "away")), 0);
	assert_int_equal(mkfifo(in_folder(fixture, "fifo"), 0600), 0);
	fixture->files = local_files_new();
	assert_non_null(fixture->files);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	static const char *const made[] = { "file", "link", "below/up", "below", "away", "fifo" };
	struct fixture *fixture = *state;

	local_files_free(fixture->files);
	for (size_t i = 0; i < sizeof(made) / sizeof(*made); i++)
		remove(in_folder(fixture, made[i]));
	rmdir(fixture->folder);
	free(fixture);
	return 0;
}

static int open_at(struct fixture *fixture, const char *path, bool follow)
{
	char text[5] = "";
	int fd = -1, error = local_files_open(fixture->files, path, follow, &fd);

	if (error) {
		assert_int_equal(fd, -1);
		return error;
	}
	assert_int_equal(read(fd, text, 4), 4);
	assert_string_equal(text, "text");
	close(fd);
	return 0;
}

static int open_in(struct fixture *fixture, const char *name, bool follow)
{
	return open_at(fixture, in_folder(fixture, name), follow);
}

static void a_file_is_opened(void **state)
{
	assert_int_equal(open_in(*state, "file", false), 0);
	assert_int_equal(open_in(*state, "file", true), 0);
	assert_int_equal(open_in(*state, "./below/../file", false), 0);
}

static void what_is_not_there_is_no_file(void **state)
{
	assert_int_equal(open_in(*state, "other", true), -ENOENT);
	assert_int_equal(open_in(*state, "nowhere/below/other", true), -ENOENT);
	assert_int_equal(open_in(*state, "file/below", true), -ENOTDIR);
	assert_int_equal(open_in(*state, "below", true), -EINVAL);
	assert_int_equal(open_in(*state, "fifo", true), -EINVAL);
}

static void links_are_followed_where_they_may_be(void **state)
{
	assert_int_equal(open_in(*state, "link", true), 0);
	assert_int_equal(open_in(*state, "link", false), -ELOOP);
	assert_int_equal(open_in(*state, "below/up/file", true), 0);
	assert_int_equal(open_in(*state, "below/up/file", false), -ELOOP);
}

static void what_leads_to_another_mount_is_left_to_others(void **state)
{
	assert_int_equal(open_in(*state, "away", true), -EWOULDBLOCK);
	assert_int_equal(open_in(*state, "away", false), -ELOOP);
	assert_int_equal(open_at(*state, "/proc/self/exe", true), -ELOOP);
}

static void a_path_that_begins_nowhere_is_refused(void **state)
{
	assert_int_equal(open_at(*state, "file", true), -EINVAL);
	assert_int_equal(open_at(*state, "", true), -EINVAL);
}

/* What was heard of one mount is not said of another. */
static void mounts_are_told_apart(void **state)
{
	static const char *const mounts[] = { "/proc", "/sys" };
	static const char *const paths[] = { "/proc/version", "/sys/kernel/uevent_seqnum" };
	struct fixture *fixture = *state;

	for (int i = 0; i < 20; i++) {
		int fd = -1, error = answers_below(mounts[i % 2]) ? 0 : -EWOULDBLOCK;

		assert_int_equal(local_files_open(fixture->files, paths[i % 2], true, &fd), error);
		close(fd);
		assert_int_equal(open_in(*state, "file", true), 0);
	}
}

/* What another file names is opened for its owner only if he could read it himself. */
static void a_file_that_is_named_is_its_owners_or_everybodys(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		uint32_t owner; /* of the file */
		mode_t mode;
		uint32_t named_by;
		int error;
	} cases[] = {
		{ 0, 0644, 1234, 0 },       { 0, 0640, 1234, -EACCES },    { 0, 0644, 0, 0 },
		{ 0, 0600, 0, -EACCES },    { 0, 0644, UINT32_MAX, 0 },    { 1234, 0600, 1234, 0 },
		{ 1234, 0644, 0, -EACCES }, { 1234, 0644, 1235, -EACCES },
	};

	if (geteuid())
		skip();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *path = in_folder(fixture, "file");
		int fd = -1;

		assert_int_equal(chown(path, cases[i].owner, cases[i].owner), 0);
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(
			local_files_open_named(fixture->files, path, true, cases[i].named_by, &fd),
			cases[i].error);
		if (!cases[i].error)
			close(fd);
	}
	assert_int_equal(
		local_files_open_named(fixture->files, "/proc/version", true, 0, &(int){ -1 }),
		-EACCES);
}

/* Whoever looks for something in the folder waits for a program that does nothing, until SIGALRM. False: there is no autofs here. */
static bool mount_what_never_answers(const char *folder)
{
	char options[128];
	int requests[2];
	pid_t parent = getpid(), program = fork();

	if (!program) {
		prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
		setpgid(0, 0);
		if (getppid() == parent)
			pause();
		_exit(0);
	}
	setpgid(program, program);
	if (program < 0 || pipe(requests) || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return false;
	snprintf(options, sizeof(options), "fd=%d,pgrp=%d,minproto=5,maxproto=5", requests[1],
		 program);
	return !mount("test", folder, "autofs", 0, options);
}

#define NOT_HERE 77

static int open_where_something_is_mounted(struct fixture *fixture)
{
	char path[PATH_MAX];
	bool is_left;
	int fd;

	if (!mount_what_never_answers(in_folder(fixture, "below")))
		return NOT_HERE;
	alarm(5);
	snprintf(path, sizeof(path), "%s/below/key/file", fixture->folder);
	is_left = local_files_open(fixture->files, path, true, &fd) == -EWOULDBLOCK;
	snprintf(path, sizeof(path), "%s/file", fixture->folder);
	return is_left && local_files_open(fixture->files, path, true, &fd) == -EWOULDBLOCK ? 0 : 1;
}

/* Neither is it waited for, nor anything looked for beside it. */
static void what_would_be_mounted_is_left_to_others(void **state)
{
	int status;
	pid_t pid;

	if (geteuid())
		skip();
	pid = fork();
	if (!pid)
		_exit(open_where_something_is_mounted(*state));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_HERE)
		skip();
	assert_int_equal(status, 0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_file_is_opened),
		TEST(what_is_not_there_is_no_file),
		TEST(links_are_followed_where_they_may_be),
		TEST(what_leads_to_another_mount_is_left_to_others),
		TEST(a_path_that_begins_nowhere_is_refused),
		TEST(mounts_are_told_apart),
		TEST(a_file_that_is_named_is_its_owners_or_everybodys),
		TEST(what_would_be_mounted_is_left_to_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
