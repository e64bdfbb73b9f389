/* SPDX-License-Identifier: Apache-2.0 */
/* worker.c and worker_child.c: this program is its own worker, one that does what it is asked to, good or bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/worker_in_test.h"
#include "worker/worker.h"
#include "worker/worker_child.h"

#define LARGE_BYTES (40u << 20)
#define MOST_BYTES  (64u << 20)

/* --- the worker: the question's first letter says what to do --- */

static int echo(const struct worker_question *question, struct buffer *ret_answer)
{
	buffer_append(ret_answer, question->payload.data, question->payload.size);
	return 0;
}

static int read_descriptors(const struct worker_question *question, struct buffer *ret_answer)
{
	char bytes[64];

	for (size_t i = 0; i < WORKER_MAX_DESCRIPTORS; i++) {
		ssize_t n = question->descriptors[i] < 0
				    ? 0
				    : read(question->descriptors[i], bytes, sizeof(bytes));

		if (n < 0)
			return -errno;
		buffer_append(ret_answer, bytes, (size_t)n);
	}
	return 0;
}

static int fill(struct buffer *ret_answer, size_t size)
{
	void *to = buffer_extend(ret_answer, size);

	if (!to)
		return -ENOMEM;
	memset(to, 'L', size);
	return 0;
}

static void say(const void *bytes, size_t size)
{
	if (write(CAGE_SOCKET, bytes, size) < 0)
		__builtin_trap();
}

/* A reply that is none: something is wrong in its header. */
static void lie(char how)
{
	struct worker_reply_header header = { .magic = WORKER_MAGIC, .id = 1, .payload_bytes = 4 };

	header.magic -= how == 'm';
	header.id += how == 'i';
	header.error = how == '+' ? 5 : how == '-' ? -5 : how == '<' ? -4096 : 0;
	header.payload_bytes = how == 's' ? UINT64_MAX : how == 'l' ? MOST_BYTES + 1 : 4;
	say(&header, how == 'h' ? 7 : sizeof(header));
}

static int behave(const struct worker_question *question, struct buffer *ret_answer)
{
	char what = question->payload.size ? (char)question->payload.data[0] : 'e';

	switch (what) {
	case 'e':
		return echo(question, ret_answer);
	case 'd':
		return read_descriptors(question, ret_answer);
	case 'n':
		return -ENOENT;
	case 'L':
		return fill(ret_answer, LARGE_BYTES);
	case 'S': /* spins */
		for (;;)
			__asm__ volatile("" ::: "memory");
	case 'T': /* traps */
		__builtin_trap();
	case 'M': /* eats memory */
		while (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) != MAP_FAILED)
			;
		return -ENOMEM;
	case 'U': /* a second reply to the first question */
		lie('0');
		say("good", 4);
		lie('0');
		return 0;
	default: /* lies, then falls silent */
		lie(what);
		syscall(SYS_exit_group, 0);
		__builtin_unreachable();
	}
}

/* --- asking --- */

static struct worker *begin(uint32_t cpu_ms, uint32_t idle_ms)
{
	const struct worker_deadline deadline = { cpu_ms, idle_ms, 60000 };

	return worker_in_test_new(&deadline);
}

static int submit(struct worker *worker, const char *question, const int *descriptors, size_t count)
{
	const struct worker_request request = {
		.descriptors = descriptors,
		.descriptor_count = count,
		.payload = { (const uint8_t *)question, strlen(question) },
		.max_reply_bytes = MOST_BYTES,
	};

	return worker_submit(worker, &request);
}

static int ask(struct worker *worker, const char *question, const int *descriptors, size_t count,
	       struct worker_answer *ret_answer)
{
	int error = submit(worker, question, descriptors, count);

	return error ? error : worker_take(worker, ret_answer);
}

static void assert_takes(struct worker *worker, const char *text)
{
	struct worker_answer answer;

	assert_int_equal(worker_take(worker, &answer), 0);
	assert_int_equal(answer.error, 0);
	assert_int_equal(answer.payload.size, strlen(text));
	assert_memory_equal(answer.payload.data, text, strlen(text));
	buffer_release(&answer.payload);
}

static void assert_goes_on(struct worker *worker)
{
	assert_int_equal(submit(worker, "echo", NULL, 0), 0);
	assert_takes(worker, "echo");
}

static uint64_t failed_of(struct worker *worker)
{
	struct child_usage usage;

	worker_read_usage(worker, &usage);
	return usage.failed;
}

/* The question costs itself, and a new worker answers the next one. */
static void assert_costs_itself(struct worker *worker, const char *question, int error)
{
	uint64_t failed = failed_of(worker);
	struct worker_answer answer;

	assert_goes_on(worker);
	assert_int_equal(ask(worker, question, NULL, 0, &answer), error);
	assert_int_equal(failed_of(worker), failed + 1);
	assert_goes_on(worker);
}

static void test_answers(void **state)
{
	struct worker *worker = begin(20000, 60000);
	struct worker_answer answer;
	struct child_usage usage;

	(void)state;
	for (int i = 0; i < 100; i++)
		assert_goes_on(worker);
	assert_int_equal(ask(worker, "", NULL, 0, &answer), 0);
	assert_int_equal(answer.payload.size, 0);
	assert_int_equal(ask(worker, "nothing", NULL, 0, &answer), 0);
	assert_int_equal(answer.error, -ENOENT);
	assert_int_equal(ask(worker, "Large", NULL, 0, &answer), 0);
	assert_int_equal(answer.payload.size, LARGE_BYTES);
	buffer_release(&answer.payload);
	worker_read_usage(worker, &usage);
	assert_int_equal(usage.started, 1);
	assert_int_equal(usage.failed, 0);
	assert_true(usage.cpu_ns > 0 && usage.rss_peak_bytes > LARGE_BYTES);
	worker_free(worker);
}

/* Each request's own, and none is left open: far more than the cage allows. */
static void test_descriptors(void **state)
{
	struct worker *worker = begin(20000, 60000);
	struct worker_answer answer;

	(void)state;
	for (int i = 0; i < CAGE_MAX_DESCRIPTORS; i++) {
		int descriptors[] = { memory_file("one,"), memory_file("two,"),
				      memory_file("three,"), memory_file("four") };

		assert_int_equal(ask(worker, "descriptors", descriptors, 4, &answer), 0);
		assert_int_equal(answer.payload.size, strlen("one,two,three,four"));
		assert_memory_equal(answer.payload.data, "one,two,three,four", answer.payload.size);
		buffer_release(&answer.payload);
		for (size_t j = 0; j < 4; j++)
			close(descriptors[j]);
	}
	assert_int_equal(ask(worker, "descriptors", (int[WORKER_MAX_DESCRIPTORS + 1]){ 0 },
			     WORKER_MAX_DESCRIPTORS + 1, &answer),
			 -E2BIG);
	worker_free(worker);
}

static void test_large_question(void **state)
{
	struct worker *worker = begin(20000, 60000);
	struct worker_answer answer;
	struct worker_request request = { .max_reply_bytes = MOST_BYTES };
	uint8_t *question = malloc(WORKER_MAX_REQUEST_BYTES + 1);

	(void)state;
	memset(question, 'e', WORKER_MAX_REQUEST_BYTES + 1);
	request.payload = (struct bytes){ question, WORKER_MAX_REQUEST_BYTES };
	assert_int_equal(worker_ask(worker, &request, &answer), 0);
	assert_int_equal(answer.payload.size, WORKER_MAX_REQUEST_BYTES);
	assert_memory_equal(answer.payload.data, question, WORKER_MAX_REQUEST_BYTES);
	buffer_release(&answer.payload);
	request.payload.size++;
	assert_int_equal(worker_ask(worker, &request, &answer), -E2BIG);
	free(question);
	worker_free(worker);
}

/* More than the socket has room for, each way: neither waits for the other. */
static void test_many_are_under_way(void **state)
{
	enum { COUNT = 300, BYTES = 20000 };
	struct worker *worker = begin(20000, 60000);
	struct worker_request request = { .max_reply_bytes = BYTES };
	struct worker_answer answer;
	struct child_usage usage;
	uint8_t *question = malloc(BYTES);

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		memset(question, i, BYTES);
		question[0] = 'e';
		request.payload = (struct bytes){ question, BYTES };
		assert_int_equal(worker_submit(worker, &request), 0);
	}
	for (int i = 0; i < COUNT; i++) {
		memset(question, i, BYTES);
		question[0] = 'e';
		assert_int_equal(worker_take(worker, &answer), 0);
		assert_int_equal(answer.payload.size, BYTES);
		assert_memory_equal(answer.payload.data, question, BYTES);
		buffer_release(&answer.payload);
	}
	worker_read_usage(worker, &usage);
	assert_int_equal(usage.started, 1);
	free(question);
	worker_free(worker);
}

/* Each has its own, though they are all there before the first one is read. */
static void test_descriptors_of_many(void **state)
{
	static const char *const texts[] = { "one", "two", "three", "four", "five", "six" };
	enum { COUNT = sizeof(texts) / sizeof(*texts) };
	struct worker *worker = begin(20000, 60000);
	int files[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		files[i] = memory_file(texts[i]);
		assert_int_equal(fchmod(files[i], 0644), 0);
		assert_int_equal(submit(worker, "descriptors", &files[i], 1), 0);
		assert_int_equal(submit(worker, "echo", NULL, 0), 0);
	}
	for (int i = 0; i < COUNT; i++) {
		assert_takes(worker, texts[i]);
		assert_takes(worker, "echo");
		close(files[i]);
	}
	worker_free(worker);
}

/* What a worker was at when it failed is charged, and nothing that was under way besides: files are handed in once more. */
static void test_the_oldest_one_fails(void **state)
{
	static const struct {
		const char *question;
		int error;
	} failures[] = { { "T", -EPIPE }, { "S", -ETIMEDOUT }, { "m", -EBADMSG } };

	(void)state;
	for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++) {
		struct worker *worker = begin(300, 60000);
		int before = memory_file("before"), after = memory_file("after");
		struct worker_answer answer;
		struct child_usage usage;

		assert_int_equal(fchmod(before, 0644) | fchmod(after, 0644), 0);
		assert_int_equal(submit(worker, "descriptors", &before, 1), 0);
		assert_int_equal(submit(worker, failures[i].question, NULL, 0), 0);
		assert_int_equal(submit(worker, "echo", NULL, 0), 0);
		assert_int_equal(submit(worker, failures[i].question, NULL, 0), 0);
		assert_int_equal(submit(worker, "descriptors", &after, 1), 0);
		usleep(100000); /* or not: it fails while nobody looks */
		assert_takes(worker, "before");
		assert_int_equal(worker_take(worker, &answer), failures[i].error);
		assert_takes(worker, "echo");
		assert_int_equal(worker_take(worker, &answer), failures[i].error);
		assert_takes(worker, "after");
		worker_read_usage(worker, &usage);
		assert_int_equal(usage.started, 3);
		assert_int_equal(usage.failed, 2);
		worker_free(worker);
		close(before);
		close(after);
	}
}

static void test_is_freed_with_questions(void **state)
{
	struct worker *worker = begin(20000, 60000);

	(void)state;
	assert_int_equal(submit(worker, "Large", NULL, 0), 0);
	assert_int_equal(submit(worker, "echo", NULL, 0), 0);
	worker_free(worker);
}

static void test_dies(void **state)
{
	struct worker *worker = begin(20000, 60000);

	(void)state;
	assert_costs_itself(worker, "T", -EPIPE);
	assert_costs_itself(worker, "T", -EPIPE);
	worker_free(worker);
}

/* By its CPU time; by none, where a file never answers; and by the clock. */
static void test_overruns(void **state)
{
	struct worker *worker = begin(300, 60000);
	struct worker_answer answer;
	struct child_usage usage;
	int never[2];

	(void)state;
	assert_costs_itself(worker, "S", -ETIMEDOUT);
	worker_read_usage(worker, &usage);
	assert_true(usage.cpu_ns >= 300000000u);
	worker_free(worker);
	worker = begin(20000, 1500);
	assert_int_equal(pipe2(never, O_CLOEXEC), 0);
	assert_goes_on(worker);
	assert_int_equal(ask(worker, "d", never, 1, &answer), -ETIMEDOUT);
	assert_goes_on(worker);
	close(never[0]);
	close(never[1]);
	worker_free(worker);
	worker = worker_in_test_new(&(struct worker_deadline){ 60000, 60000, 500 });
	assert_costs_itself(worker, "S", -ETIMEDOUT);
	worker_free(worker);
}

static void test_eats_memory(void **state)
{
	struct worker *worker = begin(20000, 60000);
	struct worker_answer answer;
	struct child_usage usage;

	(void)state;
	assert_int_equal(ask(worker, "M", NULL, 0, &answer), 0);
	assert_int_equal(answer.error, -ENOMEM);
	worker_read_usage(worker, &usage);
	assert_in_range(usage.rss_peak_bytes, WORKER_IN_TEST_BYTES / 2, 2 * WORKER_IN_TEST_BYTES);
	worker_free(worker);
}

static void test_answers_garbage(void **state)
{
	static const char *const lies[] = { "m", "i", "+", "-", "<", "s", "l" };
	struct worker_answer answer;
	struct worker *worker;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		/* Identifiers in lies are those of a first question, but for what is wrong in them. */
		worker = begin(20000, 60000);
		assert_int_equal(ask(worker, lies[i], NULL, 0, &answer), -EBADMSG);
		assert_goes_on(worker);
		assert_int_equal(failed_of(worker), 1);
		worker_free(worker);
	}
	worker = begin(20000, 60000);
	assert_costs_itself(worker, "h", -EPIPE); /* half a header */
	worker_free(worker);
}

/* What was not asked for is no later question's fault. */
static void test_says_what_nobody_asked_for(void **state)
{
	struct worker *worker = begin(20000, 60000);
	struct worker_answer answer;

	(void)state;
	assert_int_equal(ask(worker, "U", NULL, 0, &answer), 0);
	assert_memory_equal(answer.payload.data, "good", 4);
	buffer_release(&answer.payload);
	usleep(100000);
	assert_goes_on(worker);
	assert_int_equal(failed_of(worker), 1);
	worker_free(worker);
}

/* A file of this owner and mode, with one of root's beside it; how many workers there were by then. */
static uint64_t started_for(struct worker *worker, uid_t owner, mode_t mode)
{
	const int descriptors[] = { memory_file("root's"), memory_file("file") };
	struct worker_answer answer;
	struct child_usage usage;

	assert_int_equal(fchmod(descriptors[0], 0644), 0);
	assert_int_equal(fchown(descriptors[1], owner, owner), 0);
	assert_int_equal(fchmod(descriptors[1], mode), 0);
	assert_int_equal(ask(worker, "d", descriptors, 2, &answer), 0);
	assert_int_equal(answer.payload.size, strlen("root'sfile"));
	buffer_release(&answer.payload);
	close(descriptors[0]);
	close(descriptors[1]);
	worker_read_usage(worker, &usage);
	assert_int_equal(usage.failed, 0);
	return usage.started;
}

/* A file of root's, which somebody else sent. */
static void ask_about_anybodys(struct worker *worker)
{
	const int descriptor = memory_file("sent");
	const struct worker_request request = {
		.descriptors = &descriptor,
		.descriptor_count = 1,
		.is_anybodys = true,
		.payload = { (const uint8_t *)"d", 1 },
		.max_reply_bytes = 100,
	};
	struct worker_answer answer;

	assert_int_equal(fchmod(descriptor, 0644), 0);
	assert_int_equal(worker_ask(worker, &request, &answer), 0);
	buffer_release(&answer.payload);
	close(descriptor);
}

/* Who took it over may lie about his own files alone. */
static void test_is_of_one_owner(void **state)
{
	struct worker *worker = begin(20000, 60000);

	(void)state;
	assert_int_equal(started_for(worker, 0, 0755), 1);
	assert_int_equal(started_for(worker, 1000, 0755), 1);
	assert_int_equal(started_for(worker, 1000, 0664), 1);
	assert_int_equal(started_for(worker, 1001, 0755), 2);
	assert_int_equal(started_for(worker, 0, 0755), 3);
	assert_goes_on(worker);
	assert_int_equal(started_for(worker, 0, 0666), 3); /* everybody may have written it */
	assert_int_equal(started_for(worker, 0, 0666), 4);
	assert_int_equal(started_for(worker, CAGE_FIRST_ID + 1, 0600), 5); /* a copy */
	assert_int_equal(started_for(worker, CAGE_FIRST_ID + 1, 0600), 6);
	assert_int_equal(started_for(worker, 0, 0755), 7);
	ask_about_anybodys(worker);
	assert_int_equal(started_for(worker, 0, 0755), 8);
	worker_free(worker);
}

/* The next owner's file is asked about before the last one's was read; the worker that does is another one. */
static void test_owners_under_way(void **state)
{
	static const uid_t owners[] = { 0, 0, 1000, 1000, 1001, 0 };
	static const uint64_t started[] = { 1, 1, 1, 1, 2, 3 };
	enum { COUNT = sizeof(owners) / sizeof(*owners) };
	struct worker *worker = begin(20000, 60000);
	struct child_usage usage;
	int files[COUNT];

	(void)state;
	for (int i = 0; i < COUNT; i++) {
		files[i] = memory_file("text");
		assert_int_equal(fchmod(files[i], 0644), 0);
		assert_int_equal(fchown(files[i], owners[i], owners[i]), 0);
		assert_int_equal(submit(worker, "d", &files[i], 1), 0);
	}
	for (int i = 0; i < COUNT; i++) {
		assert_takes(worker, "text");
		worker_read_usage(worker, &usage);
		assert_int_equal(usage.started, started[i]);
		close(files[i]);
	}
	assert_int_equal(usage.failed, 0);
	worker_free(worker);
}

static void test_killed_while_nobody_asks(void **state)
{
	struct worker *worker = begin(20000, 60000);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_goes_on(worker);
		worker_in_test_kill();
	}
	assert_goes_on(worker);
	worker_free(worker);
}

static void *interrupt_soon(void *worker)
{
	usleep(200000);
	worker_interrupt(worker);
	return NULL;
}

static void test_interrupt(void **state)
{
	struct worker *worker = begin(60000, 60000);
	struct worker_answer answer;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, interrupt_soon, worker), 0);
	assert_int_equal(ask(worker, "S", NULL, 0, &answer), -ECANCELED);
	pthread_join(thread, NULL);
	assert_int_equal(ask(worker, "echo", NULL, 0, &answer), -ECANCELED);
	assert_int_equal(failed_of(worker), 0);
	worker_resume(worker);
	assert_goes_on(worker);
	worker_free(worker);
}

static void *end_worker_and_ask(void *worker)
{
	worker_in_test_kill();
	assert_goes_on(worker);
	return NULL;
}

/* A worker ends with the thread that started it: whoever asks then has not to pay for that. */
static void test_is_taken_over(void **state)
{
	struct worker *worker = begin(20000, 60000);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, end_worker_and_ask, worker), 0);
	pthread_join(thread, NULL);
	worker_resume(worker);
	for (int i = 0; i < 100; i++)
		assert_goes_on(worker);
	assert_int_equal(failed_of(worker), 1); /* the one that was killed */
	worker_free(worker);
}

static void test_no_cage(void **state)
{
	static char name[] = WORKER_IN_TEST_NAME, how[] = "unprivileged";
	static char *const arguments[] = { name, how, NULL };
	const struct worker_options options = { arguments, WORKER_DEADLINE };
	struct worker_answer answer;
	struct worker *worker;
	const char *failed = NULL;

	(void)state;
	assert_int_equal(worker_new(&options, &worker), 0);
	assert_int_equal(worker_await(worker, &failed), -EPERM);
	assert_non_null(strstr(failed, "namespaces"));
	assert_int_equal(ask(worker, "echo", NULL, 0, &answer), -EAGAIN);
	worker_free(worker);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_answers, worker_in_test_setup),
		cmocka_unit_test_setup(test_descriptors, worker_in_test_setup),
		cmocka_unit_test_setup(test_large_question, worker_in_test_setup),
		cmocka_unit_test_setup(test_many_are_under_way, worker_in_test_setup),
		cmocka_unit_test_setup(test_descriptors_of_many, worker_in_test_setup),
		cmocka_unit_test_setup(test_the_oldest_one_fails, worker_in_test_setup),
		cmocka_unit_test_setup(test_is_freed_with_questions, worker_in_test_setup),
		cmocka_unit_test_setup(test_dies, worker_in_test_setup),
		cmocka_unit_test_setup(test_overruns, worker_in_test_setup),
		cmocka_unit_test_setup(test_eats_memory, worker_in_test_setup),
		cmocka_unit_test_setup(test_answers_garbage, worker_in_test_setup),
		cmocka_unit_test_setup(test_says_what_nobody_asked_for, worker_in_test_setup),
		cmocka_unit_test_setup(test_is_of_one_owner, worker_in_test_setup),
		cmocka_unit_test_setup(test_owners_under_way, worker_in_test_setup),
		cmocka_unit_test_setup(test_killed_while_nobody_asks, worker_in_test_setup),
		cmocka_unit_test_setup(test_interrupt, worker_in_test_setup),
		cmocka_unit_test_setup(test_is_taken_over, worker_in_test_setup),
		cmocka_unit_test_setup(test_no_cage, worker_in_test_setup),
	};

	(void)argc;
	if (worker_in_test_is_it(argv))
		return worker_in_test_run(argv, behave);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
