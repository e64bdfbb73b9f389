/* SPDX-License-Identifier: Apache-2.0 */
/* file_mount.c and blocking_file_system.c: what is known to answer, and all else is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/file_mount.h"
#include "worker/blocking_file_system.h"
#include "worker/mount_info.h"

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
		    type_may_block("fuseblk") && type_may_block("nfs4") && type_may_block("9p") &&
		    type_may_block("autofs"));
	assert_false(type_may_block("fusectl") || type_may_block("ext4") ||
		     type_may_block("overlay") || type_may_block("fus") || type_may_block(""));
	assert_true(file_system_may_block(0x65735546) && file_system_may_block(NFS_SUPER_MAGIC));
	assert_true(file_system_has_layers(OVERLAYFS_SUPER_MAGIC) &&
		    !file_system_has_layers(TMPFS_MAGIC));
	assert_false(file_system_may_block(EXT4_SUPER_MAGIC) || file_system_may_block(TMPFS_MAGIC));
}

/* --- lines of /proc/PID/mountinfo --- */

static const char first[] =
	"22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
	"23 22 0:30 / /srv/remote rw - fuse.sshfs far rw,user_id=1000\n"
	"24 22 0:31 / /srv/remote/over rw - tmpfs tmpfs rw\n"
	"25 22 0:32 / /srv/gone rw - fuse far rw\n"
	"26 22 0:33 / /srv/gone rw - ext4 /dev/vdb rw\n"
	"27 22 0:34 / /srv/merged rw - overlay overlay rw,lowerdir=/a,upperdir=/b\n";

static struct bytes bytes_of(const char *text)
{
	return (struct bytes){ (const uint8_t *)text, strlen(text) };
}

/* An overlay with these options, as root made it: in the mounts of a process, behind a line of 100,000 bytes. */
static bool overlay_answers(const char *options, const char *layers)
{
	static char text[200000];

	memset(text, 0, sizeof(text));
	memset(text, 'x', 100000);
	text[100000] = '\n';
	snprintf(text + 100001, 99999,
		 "40 22 0:40 / / rw,relatime master:7 shared:9 - overlay over\\040lay rw,%s\n",
		 options);
	return mount_info_answers(bytes_of(text), 40, bytes_of(layers));
}

static void an_overlay_answers_as_its_layers(void **state)
{
	static const struct {
		const char *options;
		bool answers;
	} known[] = {
		{ "lowerdir=/var/a:/var/b,upperdir=/var/c,workdir=/var/d,index=off", true },
		{ "lowerdir+=/var/a,lowerdir+=/var/b,datadir+=/var/e", true },
		{ "lowerdir=/var/a::/var/e,upperdir=/var/c", true },
		{ "lowerdir=/srv/remote/over/a", true },
		{ "lowerdir=/srv/remoter", true },
		{ "lowerdir=/srv/gone", true },
		{ "lowerdir=/srv/remote:/var/b", false },
		{ "lowerdir=/var/b:/srv/remote/a/b,upperdir=/var/c", false },
		{ "lowerdir=/var/a,upperdir=/srv/remote/c,workdir=/srv/remote/d", false },
		{ "lowerdir+=/var/a,lowerdir+=/srv/remote", false },
		{ "lowerdir+=/var/a,datadir+=/srv/remote", false },
		{ "lowerdir=/srv/merged/a", false },
		{ "lowerdir=l/A:l/B,upperdir=/var/c", false },
		{ "lowerdir=/var/\\040a", false },
		{ "lowerdir=/var/../srv/remote", false },
		{ "", false },
		{ "index=off", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (overlay_answers(known[i].options, first) != known[i].answers)
			fail_msg("%s", known[i].options);
		assert_false(overlay_answers(known[i].options, ""));
	}
}

/* What is no line is none, and no id is found in it. */
static void mounts_are_found_by_their_ids(void **state)
{
	const struct bytes none = bytes_of("");

	(void)state;
	assert_true(mount_info_answers(bytes_of(first), 22, none));
	assert_true(mount_info_answers(bytes_of(first), 24, none));
	assert_false(mount_info_answers(bytes_of(first), 23, none));
	assert_false(mount_info_answers(bytes_of(first), 2, none));
	assert_false(mount_info_answers(bytes_of("22 1 254:0 / / rw shared:1 -"), 22, none));
	assert_false(mount_info_answers(bytes_of("22 1 254:0 / / rw - ext4"), 22, none));
	assert_false(mount_info_answers(bytes_of("22\n"), 22, none));
	assert_false(mount_info_answers(none, 0, none));
}

/* Put there on what was mounted before, it is the lowest one's that is left. */
static void a_mount_has_automounts(void **state)
{
	static const char mounts[] =
		"22 1 254:0 / / rw - ext4 /dev/vda rw\n"
		"23 22 0:30 / /proc rw - proc proc rw\n"
		"24 23 0:31 / /proc/sys/fs/binfmt_misc rw - autofs systemd-1 rw,direct\n"
		"25 22 0:32 / /srv rw - ext4 /dev/vdb rw\n"
		"26 25 0:33 / /srv/debug rw - tmpfs none rw\n"
		"27 26 0:34 / /srv/debug rw - autofs systemd-1 rw,direct\n"
		"28 27 0:35 / /srv/debug rw - nfs far rw\n";

	(void)state;
	assert_false(mount_info_has_automounts(bytes_of(mounts), 22));
	assert_true(mount_info_has_automounts(bytes_of(mounts), 23));
	assert_true(mount_info_has_automounts(bytes_of(mounts), 25));
	assert_false(mount_info_has_automounts(bytes_of(mounts), 26));
	assert_false(mount_info_has_automounts(bytes_of(""), 22));
	/* Each on the other one: of no kernel. */
	mount_info_has_automounts(bytes_of("1 2 0:1 / / rw - autofs a rw\n"
					   "2 1 0:1 / / rw - autofs a rw\n"),
				  1);
}

/* In a process with mounts of its own, as root or as somebody's own root: 1: it is one that answers; 0: not; 77: none can be mounted. */
static int mount_overlay(const char *folder, int namespaces)
{
	char options[200], upper[64], work[64];

	snprintf(upper, sizeof(upper), "%s/upper", folder);
	snprintf(work, sizeof(work), "%s/work", folder);
	snprintf(options, sizeof(options), "lowerdir=/usr:/etc,upperdir=%s,workdir=%s,userxattr",
		 upper, work);
	if (unshare(namespaces) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", folder, "tmpfs", 0, NULL) || mkdir(upper, 0755) || mkdir(work, 0755) ||
	    mount("overlay", "/mnt", "overlay", 0, options))
		return 77;
	return answers("/mnt", getpid());
}

static int in_child(const char *folder, int namespaces)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(mount_overlay(folder, namespaces));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void an_overlay_is_believed_if_root_made_it(void **state)
{
	char folder[] = "/tmp/hearth-file-mount.XXXXXX";
	int of_root, of_user;

	(void)state;
	if (geteuid())
		skip();
	assert_non_null(mkdtemp(folder));
	of_root = in_child(folder, CLONE_NEWNS);
	of_user = in_child(folder, CLONE_NEWNS | CLONE_NEWUSER);
	assert_int_equal(rmdir(folder), 0);
	if (of_root == 77)
		skip();
	assert_int_equal(of_root, 1);
	assert_true(of_user == 0 || of_user == 77);
}

static void a_long_line_hides_nothing(void **state)
{
	char options[4 * 4096] = "lowerdir=/a";

	(void)state;
	while (strlen(options) < sizeof(options) / 2)
		snprintf(options + strlen(options), 16, ":/var/lib/a");
	assert_true(overlay_answers(options, first));
	snprintf(options + strlen(options), 16, ":/srv/remote");
	assert_false(overlay_answers(options, first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mount_of_the_process_is_known),
		cmocka_unit_test(what_is_mounted_nowhere_is_not_known),
		cmocka_unit_test(file_systems_that_may_block),
		cmocka_unit_test(an_overlay_answers_as_its_layers),
		cmocka_unit_test(mounts_are_found_by_their_ids),
		cmocka_unit_test(a_mount_has_automounts),
		cmocka_unit_test(a_long_line_hides_nothing),
		cmocka_unit_test(an_overlay_is_believed_if_root_made_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
