/* SPDX-License-Identifier: Apache-2.0 */
/* opener.c, opener_child.c and file_ways.c: this program is its own opener, a real one or one that misbehaves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "tests/unit/worker_in_test.h"
#include "worker/opener.h"
#include "worker/opener_child.h"
#include "worker/opener_protocol.h"

#define OPENER_IN_TEST_NAME "opener-in-test"
#define MODULE              77 /* what every file is to the program below */
#define DEVICE              5

/* --- the opener: its argument says what it does --- */

static void say(const void *message, size_t size)
{
	if (write(STDIN_FILENO, message, size) < 0)
		__builtin_trap();
}

static int misbehave(const char *how)
{
	struct opener_hello hello = { .magic = OPENER_MAGIC - (*how == 'h') };
	struct opener_reply reply = { .magic = OPENER_MAGIC, .word = OPENER_IS_DONE };
	char bytes[OPENER_MAX_QUESTION_BYTES];

	say(&hello, sizeof(hello));
	if (read(STDIN_FILENO, bytes, sizeof(bytes)) < (ssize_t)sizeof(struct opener_question))
		return 1;
	reply.id = ((struct opener_question *)bytes)->id + (*how == 'i');
	reply.magic -= *how == 'm';
	reply.error = *how == '+' ? 5 : *how == '<' ? -4096 : 0;
	reply.word = *how == 'w' ? 9 : *how == 'g' ? OPENER_GOES_ON : OPENER_IS_DONE;
	if (*how == 'd') /* dies */
		return 1;
	while (*how == 'g') /* goes on for ever */
		say(&reply, sizeof(reply));
	if (*how != 's') /* silent; else a lie, or an answer without a copy */
		say(&reply, *how == 'l' ? sizeof(reply) - 1 : sizeof(reply));
	for (;;)
		pause();
}

static int run_opener(char **argv)
{
	const struct cage_limits limits = { worker_in_test_data_bytes() + WORKER_IN_TEST_BYTES, 600,
					    CAGE_OF_OPENER, OPENER_MAX_COPY_BYTES };
	int status;

	if (argv[1] && *argv[1] != 'u')
		return misbehave(argv[1]);
	if (argv[1] && setresuid(65534, 65534, 65534))
		return 1;
	status = opener_child_run(&limits);
	syscall(SYS_exit_group, status); /* no looking for leaks, as in worker_in_test.h */
	return status;
}

/* --- asking --- */

/* A program that sees the same module everywhere. */
static int load_program(void)
{
	const struct bpf_insn steps[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW,
		  .dst_reg = BPF_REG_1,
		  .off = 8,
		  .imm = MODULE },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_SYSCALL,
		.insns = (uintptr_t)steps,
		.insn_cnt = sizeof(steps) / sizeof(steps[0]),
		.license = (uintptr_t) "GPL",
		.prog_flags = BPF_F_SLEEPABLE,
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	assert_true(fd >= 0);
	return fd;
}

struct fixture {
	struct opener *opener;
	int program;
	char folder[40], path[64], outside[64];
};

static struct opener *begin(int program, const char *how)
{
	static char name[] = OPENER_IN_TEST_NAME, argument[2];
	static char *arguments[] = { name, argument, NULL };
	/* One that does its work has all the time that a busy machine may take. */
	const struct opener_options options = { arguments, program, how ? 200 : 60000,
						how ? 500 : 60000 };
	struct opener *opener;

	argument[0] = how ? *how : '\0';
	arguments[1] = how ? argument : NULL;
	assert_int_equal(opener_new(&options, &opener), 0);
	return opener;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (geteuid()) {
		free(fixture);
		skip();
	}
	fixture->program = load_program();
	fixture->opener = begin(fixture->program, NULL);
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/hearth-opener.XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	assert_int_equal(chmod(fixture->folder, 0755), 0);
	snprintf(fixture->path, sizeof(fixture->path), "%s/file", fixture->folder);
	snprintf(fixture->outside, sizeof(fixture->outside), "/tmp/hearth-opener-outside.%d",
		 getpid());
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	opener_free(fixture->opener);
	close(fixture->program);
	unlink(fixture->path);
	unlink(fixture->outside);
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static struct opener_request request_for(const char *text)
{
	return (struct opener_request){
		.id = 3, .module = MODULE, .size = strlen(text), .device = DEVICE
	};
}

static struct opener_answer await(struct opener *opener)
{
	struct pollfd answered = { .fd = opener_fd(opener), .events = POLLIN };
	struct opener_answer answer;

	while (!opener_take(opener, &answer))
		assert_int_equal(poll(&answered, 1, 60000), 1);
	return answer;
}

static int ask(struct opener *opener, const struct opener_request *request,
	       struct opener_answer *ret_answer)
{
	int error = opener_ask(opener, request);

	if (error)
		return error;
	assert_false(opener_is_idle(opener));
	*ret_answer = await(opener);
	assert_int_equal(ret_answer->id, request->id);
	assert_true(opener_is_idle(opener));
	return ret_answer->error;
}

static void assert_holds(int fd, const char *text)
{
	char bytes[64] = "";

	assert_int_equal(pread(fd, bytes, sizeof(bytes), 0), strlen(text));
	assert_string_equal(bytes, text);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

static void assert_copied(struct opener *opener, const struct opener_request *request,
			  const char *text)
{
	struct opener_answer answer;

	assert_int_equal(ask(opener, request, &answer), 0);
	assert_holds(answer.fd, text);
}

static int error_of(struct opener *opener, const struct opener_request *request)
{
	struct opener_answer answer = { .fd = -1 };
	int error = ask(opener, request, &answer);

	assert_int_equal(answer.fd, -1);
	return error;
}

static struct child_usage usage_of(struct opener *opener)
{
	struct child_usage usage;

	opener_read_usage(opener, &usage);
	return usage;
}

/* A page of it, mapped in this process. */
static void *map(int fd, struct opener_request *request)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	assert_ptr_not_equal(page, MAP_FAILED);
	close(fd);
	request->place.pid = (uint32_t)getpid();
	request->place.mapping_start = (uintptr_t)page;
	request->place.mapping_end = (uintptr_t)page + 4096;
	return page;
}

/* --- where files are --- */

static void by_mapping_though_deleted_and_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("mapped");
	void *page;

	write_file(fixture->path, "mapped");
	page = map(open(fixture->path, O_RDONLY), &request);
	request.place.path = fixture->path;
	for (int i = 0; i < 100; i++) /* no descriptor stays there: its cage has room for 64 */
		assert_copied(fixture->opener, &request, "mapped");
	assert_int_equal(unlink(fixture->path), 0);
	assert_copied(fixture->opener, &request, "mapped");
	write_file(fixture->path, "anothr");
	assert_copied(fixture->opener, &request, "mapped");
	munmap(page, 4096);
	assert_copied(fixture->opener, &request, "anothr"); /* by its path: the program takes all */
	assert_int_equal(usage_of(fixture->opener).started, 1);
	assert_int_equal(usage_of(fixture->opener).failed, 0);
}

static void a_file_in_memory(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("in memory");
	void *page = map(memory_file("in memory"), &request);

	assert_copied(fixture->opener, &request, "in memory");
	munmap(page, 4096);
	assert_int_equal(error_of(fixture->opener, &request), -ENOENT);
}

static void a_process_that_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("by path");
	pid_t pid = fork();

	if (!pid)
		syscall(SYS_exit_group, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	request.place = (struct file_place){ (uint32_t)pid, 4096, 8192, NULL };
	assert_int_equal(error_of(fixture->opener, &request), -ENOENT);
	write_file(fixture->path, "by path");
	request.place.path = fixture->path;
	assert_copied(fixture->opener, &request, "by path");
}

/* Runs until it is killed, in this root. */
static pid_t start_in_root(const char *root)
{
	int pipes[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (!pid) {
		if (chroot(root) || chdir("/") || write(pipes[1], "r", 1) != 1)
			syscall(SYS_exit_group, 1);
		for (;;)
			pause();
	}
	assert_int_equal(read(pipes[0], &byte, 1), 1);
	close(pipes[0]);
	close(pipes[1]);
	return pid;
}

/* TRUST.md, attack 1: not what the link means outside, nothing but regular files, and no wait. */
static void in_a_changed_root(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("inside");
	pid_t pid = start_in_root(fixture->folder);

	request.place.pid = (uint32_t)pid;
	request.place.path = "/file";
	write_file(fixture->path, "inside");
	assert_copied(fixture->opener, &request, "inside");

	unlink(fixture->path);
	write_file(fixture->outside, "beyond");
	assert_int_equal(symlink(fixture->outside, fixture->path), 0);
	assert_int_equal(error_of(fixture->opener, &request), -ENOENT);
	unlink(fixture->path);
	assert_int_equal(symlink("/proc/self/fd/0", fixture->path), 0);
	assert_int_equal(error_of(fixture->opener, &request), -ENOENT);

	unlink(fixture->path);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(error_of(fixture->opener, &request), -EINVAL);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* --- files that are no modules --- */

static struct opener_request request_of(enum opener_what what, const char *path, int from)
{
	return (struct opener_request){ .id = 3, .what = what, .from = from, .place.path = path };
}

/* What is handed over is the file itself. */
static void assert_is_file(struct opener *opener, const struct opener_request *request,
			   const char *path)
{
	struct opener_answer answer;
	struct stat given, there;

	assert_int_equal(opener_open(opener, request, &answer), 0);
	assert_int_equal(stat(path, &there), 0);
	assert_int_equal(fstat(answer.fd, &given), 0);
	assert_true(given.st_ino == there.st_ino && given.st_dev == there.st_dev);
	assert_false(answer.is_copy);
	assert_int_equal(answer.owner, there.st_uid);
	assert_true(answer.written_ns ==
		    (uint64_t)there.st_mtim.tv_sec * 1000000000u + (uint64_t)there.st_mtim.tv_nsec);
	close(answer.fd);
}

static int error_of_file(struct opener *opener, struct opener_request request)
{
	struct opener_answer answer;

	return opener_open(opener, &request, &answer);
}

static void files_themselves(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_of(OPENER_FILE, fixture->path, -1);

	write_file(fixture->path, "text");
	assert_int_equal(chown(fixture->path, 4321, 4321), 0);
	for (int i = 0; i < 100; i++) /* no descriptor stays there */
		assert_is_file(fixture->opener, &request, fixture->path);
	request.what = OPENER_FILE_NO_LINKS;
	assert_is_file(fixture->opener, &request, fixture->path);
	request = request_of(OPENER_FILE_ITSELF, NULL, open(fixture->path, O_PATH | O_CLOEXEC));
	assert_is_file(fixture->opener, &request, fixture->path);
	close(request.from);
	request = request_of(OPENER_FILE_BELOW, "file", open(fixture->folder, O_PATH | O_CLOEXEC));
	assert_is_file(fixture->opener, &request, fixture->path);
	request.place.path = "nothing";
	assert_int_equal(error_of_file(fixture->opener, request), -ENOENT);
	close(request.from);
	assert_int_equal(usage_of(fixture->opener).failed, 0);
}

static void a_file_that_is_named_is_not_opened_for_everyone(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_of(OPENER_FILE, fixture->path, -1);

	write_file(fixture->path, "text");
	assert_int_equal(chmod(fixture->path, 0600), 0);
	assert_is_file(fixture->opener, &request, fixture->path);
	request.is_named = true;
	request.named_by = 4321;
	assert_int_equal(error_of_file(fixture->opener, request), -EACCES);
	assert_int_equal(chown(fixture->path, 4321, 4321), 0);
	assert_is_file(fixture->opener, &request, fixture->path);
	request.named_by = 4322;
	assert_int_equal(error_of_file(fixture->opener, request), -EACCES);
}

static void links_are_followed_where_that_was_said(void **state)
{
	struct fixture *fixture = *state;
	int folder = open(fixture->folder, O_PATH | O_CLOEXEC);

	write_file(fixture->outside, "beyond");
	assert_int_equal(symlink(fixture->outside, fixture->path), 0);
	assert_is_file(fixture->opener,
		       &(struct opener_request){
			       .id = 3, .what = OPENER_FILE, .place.path = fixture->path },
		       fixture->outside);
	assert_int_equal(
		error_of_file(fixture->opener, request_of(OPENER_FILE_NO_LINKS, fixture->path, -1)),
		-ELOOP);
	/* The last part is a link, which is no regular file; and one on the way leads nowhere inside. */
	assert_int_equal(
		error_of_file(fixture->opener, request_of(OPENER_FILE_BELOW, "file", folder)),
		-EINVAL);
	unlink(fixture->path);
	assert_int_equal(symlink("/tmp", fixture->path), 0);
	assert_int_equal(error_of_file(fixture->opener,
				       request_of(OPENER_FILE_BELOW, "file/passwd", folder)),
			 -ENOENT);
	unlink(fixture->path);
	assert_int_equal(mkfifo(fixture->path, 0600), 0);
	assert_int_equal(error_of_file(fixture->opener, request_of(OPENER_FILE, fixture->path, -1)),
			 -EINVAL);
	close(folder);
}

/* --- what it is --- */

static void another_module_is_not_copied(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("text");

	write_file(fixture->path, "text");
	request.place.path = fixture->path;
	request.module = MODULE + 1;
	assert_int_equal(error_of(fixture->opener, &request), -ESTALE);
	request.module = MODULE;
	request.size++;
	assert_int_equal(error_of(fixture->opener, &request), -ESTALE);
	request.size = OPENER_MAX_COPY_BYTES + 1;
	assert_int_equal(error_of(fixture->opener, &request), -EFBIG);
	request.size = 4;
	assert_copied(fixture->opener, &request, "text");
}

static void the_largest_file(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("");
	struct opener_answer answer;

	write_file(fixture->path, "");
	assert_int_equal(truncate(fixture->path, OPENER_MAX_COPY_BYTES), 0);
	request.place.path = fixture->path;
	request.size = OPENER_MAX_COPY_BYTES;
	assert_int_equal(ask(fixture->opener, &request, &answer), 0);
	close(answer.fd);
}

static void answers_come_in_turn(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("text");

	write_file(fixture->path, "text");
	request.place.path = fixture->path;
	for (request.id = 0; request.id < OPENER_MAX_WAITING; request.id++)
		assert_int_equal(opener_ask(fixture->opener, &request), 0);
	assert_int_equal(opener_ask(fixture->opener, &request), -EWOULDBLOCK);
	for (uint64_t id = 0; id < OPENER_MAX_WAITING; id++) {
		struct opener_answer answer = await(fixture->opener);

		assert_int_equal(answer.id, id);
		assert_holds(answer.fd, "text");
	}
	assert_true(opener_is_idle(fixture->opener));
}

/* --- openers that fail --- */

static void one_that_is_killed_while_nobody_asks(void **state)
{
	struct fixture *fixture = *state;
	struct opener_request request = request_for("text");
	struct opener_answer answer;

	write_file(fixture->path, "text");
	request.place.path = fixture->path;
	assert_copied(fixture->opener, &request, "text");
	worker_in_test_kill();
	assert_copied(fixture->opener, &request, "text");
	assert_int_equal(usage_of(fixture->opener).started, 2);
	worker_in_test_kill();
	/* Nor does its end wake the loop again and again. */
	assert_false(opener_take(fixture->opener, &answer));
	assert_int_equal(
		poll(&(struct pollfd){ .fd = opener_fd(fixture->opener), .events = POLLIN }, 1, 0),
		0);
}

static void garbage_costs_its_question(void **state)
{
	static const struct {
		const char *how;
		int error;
	} lies[] = {
		{ "hello", -EBADMSG }, { "magic", -EBADMSG }, { "id", -EBADMSG },
		{ "+", -EBADMSG },     { "<", -EBADMSG },     { "word", -EBADMSG },
		{ "long", -EBADMSG },  { "copy", -EBADMSG },  { "dies", -EPIPE },
	};
	struct opener_request request = request_for("text");

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct opener *opener = begin(-1, lies[i].how);

		for (uint64_t times = 1; times <= 2; times++) {
			assert_int_equal(error_of(opener, &request), lies[i].error);
			assert_int_equal(usage_of(opener).failed, times);
		}
		opener_free(opener);
	}
}

/* No call waits for it, and its device is left alone. */
static void silence_costs_its_device(void **state)
{
	static const char *const hows[] = { "silent", "goes on" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct opener *opener = begin(-1, hows[i]);
		struct opener_request request = request_for("text");
		uint64_t begun_ns = clock_monotonic_ns(), took_ns;

		for (request.id = 0; request.id < 3; request.id++)
			assert_int_equal(opener_ask(opener, &request), 0);
		assert_int_equal(await(opener).error, -ETIMEDOUT);
		took_ns = clock_monotonic_ns() - begun_ns;
		assert_true(took_ns >= (i ? 500 : 200) * 1000000ull);
		assert_int_equal(await(opener).error, -EWOULDBLOCK);
		assert_int_equal(await(opener).error, -EWOULDBLOCK);
		assert_int_equal(opener_ask(opener, &request), -EWOULDBLOCK);
		assert_int_equal(usage_of(opener).started, 1);
		for (request.device++; request.device < DEVICE + OPENER_MAX_SILENT;
		     request.device++)
			assert_int_equal(error_of(opener, &request), -ETIMEDOUT);
		assert_int_equal(opener_ask(opener, &request), -EWOULDBLOCK);
		assert_int_equal(usage_of(opener).failed, OPENER_MAX_SILENT);
		opener_free(opener);
	}
}

/* One user's silent devices are his alone; all together are bounded. */
static void silence_costs_nobody_else(void **state)
{
	struct opener *opener = begin(-1, "silent");
	struct opener_request request = request_for("text");

	(void)state;
	for (request.user = 1; request.user <= 2; request.user++) {
		for (int i = 0; i < OPENER_MAX_SILENT; i++, request.device++)
			assert_int_equal(error_of(opener, &request), -ETIMEDOUT);
		assert_int_equal(opener_ask(opener, &request), -EWOULDBLOCK);
	}
	assert_int_equal(usage_of(opener).failed, 2 * OPENER_MAX_SILENT);
	assert_int_equal(error_of(opener, &request), -ETIMEDOUT);
	opener_free(opener);
}

static struct opener *waiting;
static int wait_error;

static int wait_a_little(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN };

	if (!wait_error)
		opener_interrupt(waiting);
	poll(&polled, 1, 10);
	return wait_error;
}

/* A question that nobody answers, until whoever waits has enough: what is asked then comes to nothing at once. */
static void waiting_is_given_up(void **state)
{
	static char name[] = OPENER_IN_TEST_NAME, silent[] = "s";
	static char *arguments[] = { name, silent, NULL };
	const struct opener_options options = { arguments, -1, 600000, 600000, wait_a_little };
	struct opener_request request = request_for("text");
	struct opener_answer answer;

	(void)state;
	for (wait_error = -ECANCELED; wait_error <= 0; wait_error += ECANCELED) {
		assert_int_equal(opener_new(&options, &waiting), 0);
		for (int i = 0; i < 2; i++)
			assert_int_equal(opener_open(waiting, &request, &answer), -ECANCELED);
		assert_true(opener_is_idle(waiting));
		assert_int_equal(usage_of(waiting).started, 1);
		assert_int_equal(usage_of(waiting).failed, 0);
		/* Whoever takes over asks again, but where nothing is to be waited for any more. */
		opener_take_over(waiting);
		assert_int_equal(opener_open(waiting, &request, &answer), -ECANCELED);
		assert_int_equal(usage_of(waiting).started, wait_error ? 1 : 2);
		opener_free(waiting);
	}
}

static void without_a_cage(void **state)
{
	struct opener *opener = begin(-1, "unprivileged");
	struct opener_request request = request_for("text");
	int error;

	(void)state;
	assert_string_equal(opener_failed(opener, &error), "");
	assert_int_equal(error, 0);
	assert_int_equal(error_of(opener, &request), -EWOULDBLOCK);
	assert_non_null(strstr(opener_failed(opener, &error), "namespaces"));
	assert_int_equal(error, -EPERM);
	assert_int_equal(opener_ask(opener, &request), -EWOULDBLOCK);
	assert_int_equal(usage_of(opener).started, 1);
	opener_free(opener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(by_mapping_though_deleted_and_replaced),
		TEST(a_file_in_memory),
		TEST(a_process_that_is_gone),
		TEST(in_a_changed_root),
		TEST(files_themselves),
		TEST(a_file_that_is_named_is_not_opened_for_everyone),
		TEST(links_are_followed_where_that_was_said),
		TEST(another_module_is_not_copied),
		TEST(the_largest_file),
		TEST(answers_come_in_turn),
		TEST(one_that_is_killed_while_nobody_asks),
		cmocka_unit_test_setup(garbage_costs_its_question, worker_in_test_setup),
		cmocka_unit_test_setup(silence_costs_its_device, worker_in_test_setup),
		cmocka_unit_test_setup(silence_costs_nobody_else, worker_in_test_setup),
		cmocka_unit_test_setup(waiting_is_given_up, worker_in_test_setup),
		cmocka_unit_test_setup(without_a_cage, worker_in_test_setup),
	};

	(void)argc;
	if (!strcmp(argv[0], OPENER_IN_TEST_NAME))
		return run_opener(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
