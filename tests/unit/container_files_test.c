/* SPDX-License-Identifier: Apache-2.0 */
/* container_files.c: an engine's folder is found by a container's own root file system, and what does not belong there is not read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

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

#include "base/buffer.h"
#include "profiler/container_files.h"
#include "profiler/container_path.h"

#define ID     "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define NOBODY 65534

/* A container whose root is an overlay that lies in an engine's folder, and the reader. */
struct place {
	char folder[64];
	pid_t container;
	struct container_files *files;
};

static void make_folders(const struct place *place, const char *below)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", place->folder, below);
	for (char *slash = path + strlen(place->folder) + 1; (slash = strchr(slash, '/'));
	     slash++) {
		*slash = '\0';
		mkdir(path, 0755);
		*slash = '/';
	}
	mkdir(path, 0755);
}

static const char *path_of(const struct place *place, const char *below)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", place->folder, below);
	return path;
}

static void write_file(const struct place *place, const char *below, const char *text)
{
	FILE *file = fopen(path_of(place, below), "we");

	assert_non_null(file);
	assert_int_equal(fputs(text, file) < 0, 0);
	assert_int_equal(fclose(file), 0);
}

/* The container's first process: says when its root is there. */
static void be_container(const struct place *place, const char *driver, int ready)
{
	char options[4 * PATH_MAX], root[PATH_MAX];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(root, sizeof(root), "%s/root", place->folder);
	snprintf(options, sizeof(options),
		 "lowerdir=%s/lower,upperdir=%s/%s/layer/diff,workdir=%s/%s/layer/work",
		 place->folder, place->folder, driver, place->folder, driver);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("overlay", root, "overlay", 0, options) || chroot(root) || chdir("/"))
		_exit(1);
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static void open_place(struct place *place, const char *driver)
{
	int ready[2];
	char byte;
	char layer[64];

	snprintf(place->folder, sizeof(place->folder), "/tmp/hearth-test-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(layer, sizeof(layer), "%s/layer/diff", driver);
	make_folders(place, layer);
	snprintf(layer, sizeof(layer), "%s/layer/work", driver);
	make_folders(place, layer);
	make_folders(place, "lower");
	make_folders(place, "root");
	make_folders(place, "containers/" ID);
	make_folders(place, "overlay-containers/" ID "/userdata");
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	place->container = fork();
	if (!place->container)
		be_container(place, driver, ready[1]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	place->files = container_files_new();
	assert_non_null(place->files);
}

static void close_place(struct place *place)
{
	char command[128];

	kill(place->container, SIGKILL);
	waitpid(place->container, NULL, 0);
	container_files_free(place->files);
	snprintf(command, sizeof(command), "rm -rf %s", place->folder);
	assert_int_equal(system(command), 0);
}

static size_t read_as(const struct place *place, uint32_t uid, uint32_t pid,
		      struct container_text **texts)
{
	const struct container_path path = { .id = ID };
	const struct container_witness witness = { pid, uid };

	return container_files_read(place->files, &path, &witness, texts);
}

static void drop(struct container_text **texts, size_t count)
{
	while (count)
		container_text_drop(texts[--count]);
}

static size_t count_of(const struct place *place)
{
	struct container_text *texts[CONTAINER_TEXTS];
	size_t count = read_as(place, 0, (uint32_t)place->container, texts);

	drop(texts, count);
	return count;
}

static void assert_text(const struct container_text *text, const char *wanted)
{
	assert_int_equal(text->size, strlen(wanted));
	assert_memory_equal(text->bytes, wanted, text->size);
}

static int only_as_root(void **state)
{
	(void)state;
	if (geteuid())
		skip();
	return 0;
}

/* Once it was found, it needs no process that lives. */
static void an_engine_is_found_by_a_root_file_system(void **state)
{
	struct container_text *texts[CONTAINER_TEXTS];
	struct place place;

	(void)state;
	open_place(&place, "overlay2");
	assert_int_equal(count_of(&place), 0);
	write_file(&place, "containers/" ID "/config.v2.json", "{1}");
	assert_int_equal(read_as(&place, 0, 0, texts), 0);
	assert_int_equal(read_as(&place, 0, (uint32_t)place.container, texts), 1);
	assert_text(texts[0], "{1}");
	assert_false(texts[0]->is_of_many);
	assert_false(texts[0]->is_users);
	drop(texts, 1);
	assert_int_equal(read_as(&place, 0, 0, texts), 1);
	drop(texts, 1);
	close_place(&place);
}

static void a_file_of_many_is_shared_while_it_is_the_same(void **state)
{
	struct container_text *first[CONTAINER_TEXTS], *again[CONTAINER_TEXTS];
	struct place place;

	(void)state;
	open_place(&place, "overlay");
	/* Alone it says nothing of whose folder it is. */
	write_file(&place, "overlay-containers/containers.json", "[2]");
	assert_int_equal(count_of(&place), 0);
	write_file(&place, "overlay-containers/" ID "/userdata/config.json", "{1}");
	assert_int_equal(read_as(&place, 0, (uint32_t)place.container, first), 2);
	assert_text(first[0], "{1}");
	assert_text(first[1], "[2]");
	assert_true(first[1]->is_of_many);
	assert_int_equal(read_as(&place, 0, (uint32_t)place.container, again), 2);
	assert_ptr_equal(again[1], first[1]);
	drop(again, 2);
	write_file(&place, "overlay-containers/containers.json", "[22]");
	assert_int_equal(read_as(&place, 0, (uint32_t)place.container, again), 2);
	assert_text(again[1], "[22]");
	assert_text(first[1], "[2]");
	drop(again, 2);
	drop(first, 2);
	close_place(&place);
}

static void what_a_user_wrote_tells_of_him(void **state)
{
	struct container_text *texts[CONTAINER_TEXTS];
	struct place place;
	size_t count;

	(void)state;
	open_place(&place, "overlay2");
	write_file(&place, "containers/" ID "/config.v2.json", "{1}");
	assert_int_equal(chown(path_of(&place, "containers/" ID "/config.v2.json"), NOBODY, NOBODY),
			 0);
	assert_int_equal(count_of(&place), 0);
	count = read_as(&place, NOBODY, (uint32_t)place.container, texts);
	assert_int_equal(count, 1);
	assert_true(texts[0]->is_users);
	drop(texts, count);
	close_place(&place);
}

static void what_others_may_write_is_a_users(void **state)
{
	struct container_text *texts[CONTAINER_TEXTS];
	struct place place;

	(void)state;
	open_place(&place, "overlay2");
	write_file(&place, "containers/" ID "/config.v2.json", "{1}");
	assert_int_equal(chmod(path_of(&place, "containers/" ID "/config.v2.json"), 0666), 0);
	assert_int_equal(read_as(&place, 0, (uint32_t)place.container, texts), 1);
	assert_true(texts[0]->is_users);
	drop(texts, 1);
	close_place(&place);
}

/* Links, of the file and of a folder; and what is no file, of which a FIFO would make the reader wait. */
static void nothing_else_is_read(void **state)
{
	char file[PATH_MAX], elsewhere[PATH_MAX];
	struct place place;

	(void)state;
	open_place(&place, "overlay2");
	snprintf(file, sizeof(file), "%s", path_of(&place, "containers/" ID "/config.v2.json"));
	write_file(&place, "secret", "{1}");
	assert_int_equal(symlink(path_of(&place, "secret"), file), 0);
	assert_int_equal(count_of(&place), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(count_of(&place), 0);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(count_of(&place), 0);
	assert_int_equal(rmdir(file), 0);
	write_file(&place, "containers/" ID "/config.v2.json", "{1}");
	assert_int_equal(truncate(file, CONTAINER_FILE_MAX_BYTES + 1), 0);
	assert_int_equal(count_of(&place), 0);
	assert_int_equal(truncate(file, CONTAINER_FILE_MAX_BYTES), 0);
	assert_int_equal(count_of(&place), 1);
	snprintf(elsewhere, sizeof(elsewhere), "%s", path_of(&place, "elsewhere"));
	assert_int_equal(rename(path_of(&place, "containers"), elsewhere), 0);
	assert_int_equal(symlink(elsewhere, path_of(&place, "containers")), 0);
	assert_int_equal(count_of(&place), 0);
	close_place(&place);
}

/* Texts that are held have a ceiling, and what is dropped makes room again. */
static void no_more_is_held_than_may_be(void **state)
{
	const size_t fit = CONTAINER_FILES_MAX_HELD / CONTAINER_FILE_MAX_BYTES;
	struct container_text *texts[32][CONTAINER_TEXTS];
	struct place place;

	(void)state;
	open_place(&place, "overlay2");
	write_file(&place, "containers/" ID "/config.v2.json", "{1}");
	assert_int_equal(truncate(path_of(&place, "containers/" ID "/config.v2.json"),
				  CONTAINER_FILE_MAX_BYTES),
			 0);
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < fit; i++)
			assert_int_equal(read_as(&place, 0, (uint32_t)place.container, texts[i]),
					 1);
		assert_int_equal(count_of(&place), 0);
		for (size_t i = 0; i < fit; i++)
			drop(texts[i], 1);
	}
	close_place(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_engine_is_found_by_a_root_file_system, only_as_root),
		cmocka_unit_test_setup(a_file_of_many_is_shared_while_it_is_the_same, only_as_root),
		cmocka_unit_test_setup(what_a_user_wrote_tells_of_him, only_as_root),
		cmocka_unit_test_setup(what_others_may_write_is_a_users, only_as_root),
		cmocka_unit_test_setup(nothing_else_is_read, only_as_root),
		cmocka_unit_test_setup(no_more_is_held_than_may_be, only_as_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
