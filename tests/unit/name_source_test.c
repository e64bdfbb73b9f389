/* SPDX-License-Identifier: Apache-2.0 */
/* name_source.c: each request has one reply, whatever the worker says, and all of them are there in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "profiler/name_source.h"
#include "tests/unit/worker_in_test.h"
#include "worker/debug_identity.h"
#include "worker/worker.h"

#define REQUESTS    40
#define QUESTION_MS 100 /* that a slow worker takes for each */
#define MAX_MS      350
#define QUESTIONS \
	8 /* of one request: alone, with four supplementary files, without one, with two debug files */

/* --- the worker --- */

enum behaviour { SLOW, TAKES_ALL, REFUSES_ALL };

static enum behaviour behaviour;

static void spin(void)
{
	uint64_t end_ns = clock_monotonic_ns() + QUESTION_MS * 1000000ull;

	while (clock_monotonic_ns() < end_ns)
		;
}

/* Whatever it was asked with: the file lacks symbols, its inlined calls are elsewhere, and one says where. */
static void say_all_is_elsewhere(struct buffer *answer)
{
	struct debug_identity identity = {
		.build_id = { .size = 4, .bytes = { 1, 2, 3, 4 } },
		.link = { .name = "linked", .crc = 5 },
		.has_link = true,
		.supplement = { .build_id = { .size = 4, .bytes = { 6, 7, 8, 9 } },
				.below_dwz = "common" },
		.has_supplement = true,
	};
	struct debug_identity_said said;

	/* An answer begins with it (name_service.c). */
	debug_identity_say(&identity, &said);
	memcpy(answer->data, &said, sizeof(said));
}

/* What it said of the file alone is said of any question, or of none that came with more. */
static int answer_badly(const struct worker_question *question, struct buffer *ret_answer)
{
	static struct buffer first;
	static unsigned int asked;

	if (asked++ == REQUESTS * QUESTIONS)
		__builtin_trap();
	if (behaviour == SLOW) {
		spin();
		return -ENOEXEC;
	}
	if (!first.size) {
		int error = worker_child_answer(question, &first);

		if (error)
			return error;
		say_all_is_elsewhere(&first);
	} else if (behaviour == REFUSES_ALL && question->descriptors[1] >= 0) {
		return -ESTALE;
	}
	buffer_append(ret_answer, first.data, first.size);
	return 0;
}

static struct worker *begin(enum behaviour how)
{
	static char name[] = WORKER_IN_TEST_NAME, word[16];
	static char *const arguments[] = { name, word, NULL };
	const struct worker_options options = { arguments, WORKER_DEADLINE };
	struct worker *worker;
	const char *failed = "";

	snprintf(word, sizeof(word), "%d", how);
	assert_int_equal(worker_new(&options, &worker), 0);
	if (worker_await(worker, &failed))
		fail_msg("no cage: %s", failed);
	return worker;
}

/* --- asking --- */

struct replies {
	unsigned int of[REQUESTS];
	unsigned int late, all;
};

static void count_reply(const struct symbol_reply *reply, void *context)
{
	struct replies *replies = context;

	replies->of[reply->id]++;
	replies->late += reply->error == -ETIME;
	replies->all++;
}

static void ask_all(struct name_source *source, struct replies *replies)
{
	static const uint64_t address;
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(file >= 0);
	for (uint64_t i = 0; i < REQUESTS; i++) {
		const struct symbol_request request = {
			.id = i,
			.space = SYMBOL_FILE,
			.fd = file,
			.addresses = &address,
			.count = 1,
		};

		assert_int_equal(name_source_submit(source, &request), 0);
	}
	assert_int_equal(name_source_finish(source), 0);
	close(file);
	for (size_t i = 0; i < REQUESTS; i++)
		assert_int_equal(replies->of[i], 1);
}

static uint64_t failed_of(struct worker *worker)
{
	struct child_usage usage;

	worker_read_usage(worker, &usage);
	return usage.failed;
}

/* What was asked ahead does not keep everybody waiting either. */
static void all_ends_in_time(void **state)
{
	static const char *const no_folders[] = { NULL };
	const struct name_source_debug_files none = { .places.folders = no_folders };
	struct replies replies = { 0 };
	struct worker *worker = begin(SLOW);
	struct name_source *source = name_source_new(worker, &none, MAX_MS, count_reply, &replies);
	uint64_t begun_ns = clock_monotonic_ns();

	(void)state;
	assert_non_null(source);
	ask_all(source, &replies);
	assert_in_range((clock_monotonic_ns() - begun_ns) / 1000000u, MAX_MS,
			MAX_MS + 5 * QUESTION_MS);
	assert_in_range(replies.late, REQUESTS - MAX_MS / QUESTION_MS - 1, REQUESTS - 1);
	assert_int_equal(failed_of(worker), 0);
	name_source_free(source);
	worker_free(worker);
}

/* --- a worker that always wants more --- */

static void make_file(const char *folder, const char *below)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, below);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(ELFMAG, file); /* what is none is not handed in */
	fclose(file);
}

static void make_folders(const char *root, const char *const *below, size_t count)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < count; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, below[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
}

static size_t count_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static const char *const made[] = { ".build-id", ".build-id/01", ".build-id/06", ".dwz" };
static const char *const files[] = { ".build-id/01/020304.debug", ".build-id/06/070809.debug",
				     ".dwz/common", "linked" };

#define MADE_COUNT  (sizeof(made) / sizeof(*made))
#define FILES_COUNT (sizeof(files) / sizeof(*files))

static void make_all(char *root)
{
	assert_non_null(mkdtemp(root));
	make_folders(root, made, MADE_COUNT);
	for (size_t i = 0; i < FILES_COUNT; i++)
		make_file(root, files[i]);
}

static void remove_all(const char *root)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < FILES_COUNT; i++) {
		snprintf(path, sizeof(path), "%s/%s", root, files[i]);
		unlink(path);
	}
	for (size_t i = MADE_COUNT; i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", root, made[i]);
		rmdir(path);
	}
	assert_int_equal(rmdir(root), 0);
}

static void assert_has_an_end(enum behaviour how)
{
	char root[] = "/tmp/name-source-XXXXXX";
	const char *const folders[] = { root, root, NULL };
	const struct name_source_debug_files places = { .places.folders = folders };
	struct replies replies = { 0 };
	struct worker *worker = begin(how);
	struct name_source *source;
	size_t descriptors;

	make_all(root);
	descriptors = count_descriptors();
	source = name_source_new(worker, &places, 60000, count_reply, &replies);
	assert_non_null(source);
	ask_all(source, &replies);
	assert_int_equal(replies.late, 0);
	assert_int_equal(failed_of(worker), 0);
	assert_int_equal(count_descriptors(), descriptors);
	name_source_free(source);
	worker_free(worker);
	remove_all(root);
}

static void questions_have_an_end(void **state)
{
	(void)state;
	assert_has_an_end(TAKES_ALL);
	assert_has_an_end(REFUSES_ALL);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(all_ends_in_time, worker_in_test_setup),
		cmocka_unit_test_setup(questions_have_an_end, worker_in_test_setup),
	};

	(void)argc;
	if (worker_in_test_is_it(argv)) {
		behaviour = (enum behaviour)strtoul(argv[1], NULL, 10);
		argv[1] = NULL; /* it keeps its privileges until it is in the cage */
		return worker_in_test_run(argv, answer_badly);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
