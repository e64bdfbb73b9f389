/* SPDX-License-Identifier: Apache-2.0 */
/* name_service.c: names from the worker are those that the symbolizer gives here; and a worker that lies is found out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "symbolize/file_names.h"
#include "symbolize/made_code.h"
#include "tests/unit/worker_in_test.h"
#include "worker/name_service.h"
#include "worker/row_service.h"

#define MUTANTS 60 /* of each liar: a sanitized worker gives no memory back */
#define LIARS   20

/* --- the worker --- */

/* From 1 on: it changes a byte of each answer. */
static unsigned int liar;

static int answer_or_lie(const struct worker_question *question, struct buffer *ret_answer)
{
	int error = worker_child_answer(question, ret_answer);
	size_t at;

	if (error || !liar)
		return error;
	at = (size_t)rand_r(&liar) % ret_answer->size;
	/* Every second one in what the strings and lists are counted by. */
	if (rand_r(&liar) & 1)
		at = ret_answer->size < 1024 ? at : (size_t)rand_r(&liar) % 1024;
	ret_answer->data[at] = (char)rand_r(&liar);
	return 0;
}

/* 0: an honest one. */
static struct worker *begin(unsigned int number)
{
	static char name[] = WORKER_IN_TEST_NAME, word[16];
	static char *arguments[] = { name, word, NULL };
	const struct worker_options options = { arguments, WORKER_DEADLINE };
	struct worker *worker;
	const char *failed = "";

	snprintf(word, sizeof(word), "%u", number);
	assert_int_equal(worker_new(&options, &worker), 0);
	if (worker_await(worker, &failed))
		fail_msg("no cage: %s", failed);
	return worker;
}

/* --- questions --- */

/* Offsets into a file, all over it: of this very program some are of functions. */
#define ADDRESSES 200

static const struct debug_candidate none = { .fd = -1 };

static int ask(struct worker *worker, const struct symbol_request *request,
	       struct answer *ret_answer, struct debug_identity *ret_wanted)
{
	uint64_t cpu_ns;

	assert_int_equal(name_service_submit(worker, request, &none), 0);
	return name_service_take(worker, request->count, ret_answer, ret_wanted, &cpu_ns);
}

static struct symbol_request question(int fd, uint64_t *addresses)
{
	const uint64_t step = (uint64_t)lseek(fd, 0, SEEK_END) / ADDRESSES;

	for (size_t i = 0; i < ADDRESSES; i++)
		addresses[i] = i * step;
	return (struct symbol_request){
		.space = SYMBOL_FILE,
		.fd = fd,
		.addresses = addresses,
		.count = ADDRESSES,
	};
}

static int open_self(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void answer_here(const struct symbol_request *request, struct answer *answer)
{
	static const char *const no_folders[] = { NULL };
	const struct file_question asked = {
		.debug_folders = no_folders,
		.offsets = request->addresses,
		.count = request->count,
	};
	struct elf_file *file;

	assert_int_equal(answer_init(answer, request->count), 0);
	assert_int_equal(elf_file_open(request->fd, &file), 0);
	assert_int_equal(file_names_answer(file, &asked, answer), 0);
	elf_file_free(file);
}

/* With all that came later. */
static void assert_same(const struct symbol_name *there, const struct symbol_name *here)
{
	for (; there && here; there = there->later, here = here->later) {
		assert_int_equal(!there->function, !here->function);
		if (here->function)
			assert_string_equal(there->function, here->function);
		assert_true(there->offset == here->offset && there->since_ns == here->since_ns &&
			    there->is_root == here->is_root);
	}
	assert_true(!there && !here);
}

static void names_are_those_of_the_symbolizer(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(open_self(), addresses);
	struct debug_identity wanted;
	struct answer there, here;
	size_t named = 0, inlined = 0;

	(void)state;
	answer_here(&request, &here);
	assert_int_equal(ask(worker, &request, &there, &wanted), 0);
	assert_false(debug_identity_is_known(&wanted)); /* it has symbols */
	assert_int_equal(there.count, ADDRESSES);
	assert_true(build_id_equal(&there.build_id, &here.build_id));
	for (size_t i = 0; i < ADDRESSES; i++) {
		assert_same(&there.names[i], &here.names[i]);
		named += here.names[i].function != NULL;
		inlined += there.names[i].inlined != NULL;
	}
	assert_true(named > ADDRESSES / 10);
	assert_true(inlined > 0);
	answer_release(&there);
	answer_release(&here);
	worker_free(worker);
	close(request.fd);
}

/* The file stays open in the worker, with all that was inflated; its debug file would, too. */
static void a_second_batch_finds_the_file_open(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(open_self(), addresses);
	struct debug_identity wanted;
	struct answer first, second;

	(void)state;
	assert_int_equal(ask(worker, &request, &first, &wanted), 0);
	assert_int_equal(first.files.opened, 1);
	assert_int_equal(first.files.found, 0);
	assert_int_equal(ask(worker, &request, &second, &wanted), 0);
	assert_int_equal(second.files.opened, 0);
	assert_int_equal(second.files.found, 1);
	assert_int_equal(second.files.closed, 0);
	assert_in_range(second.files.kept_bytes, 1, WORKER_KEPT_BYTES);
	for (size_t i = 0; i < ADDRESSES; i++)
		assert_same(&first.names[i], &second.names[i]);
	answer_release(&first);
	answer_release(&second);
	worker_free(worker);
	close(request.fd);
}

/* A file of this program's bytes, of nobody else's. */
static int copy_of_self(void)
{
	char path[] = "/tmp/name-service-test-XXXXXX";
	struct buffer bytes = { 0 };
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(buffer_read_file(&bytes, "/proc/self/exe", 64 << 20), 0);
	assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
	buffer_release(&bytes);
	return fd;
}

/* It is mapped, and reading it would end the worker, but nobody reads it any more. */
static void a_file_that_shrinks_while_it_is_kept_costs_no_other_one_anything(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES], others[ADDRESSES];
	struct symbol_request shrunk = question(copy_of_self(), addresses);
	struct symbol_request other = question(open_self(), others);
	struct debug_identity wanted;
	struct child_usage usage;
	struct answer answer;

	(void)state;
	assert_int_equal(ask(worker, &shrunk, &answer, &wanted), 0);
	assert_in_range(answer.files.kept_bytes, 1, WORKER_KEPT_BYTES);
	answer_release(&answer);
	assert_int_equal(ftruncate(shrunk.fd, 0), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(ask(worker, &other, &answer, &wanted), 0);
		assert_int_equal(answer.files.opened, i == 0);
		answer_release(&answer);
		assert_int_equal(ask(worker, &shrunk, &answer, &wanted), -ENOEXEC);
	}
	worker_read_usage(worker, &usage);
	assert_int_equal(usage.started, 1);
	assert_int_equal(usage.failed, 0);
	worker_free(worker);
	close(shrunk.fd);
	close(other.fd);
}

static void what_is_no_elf_file_is_said_to_be_none(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(memory_file("no program"), addresses);
	struct debug_identity wanted;
	struct child_usage usage;
	struct answer answer;

	(void)state;
	assert_int_equal(ask(worker, &request, &answer, &wanted), -ENOEXEC);
	worker_read_usage(worker, &usage);
	assert_int_equal(usage.failed, 0);
	worker_free(worker);
	close(request.fd);
}

/* A perf map that was looked at twice: other code came where some had been. */
static void names_of_made_code(void **state)
{
	static const char map[] = "1000 100 first\n1000 80 second\n";
	const struct code_look looks[] = {
		{ .size = 15, .time_ns = 100, .last_ns = 100 },
		{ .size = sizeof(map) - 1, .time_ns = 200, .last_ns = 200 }
	};
	const uint64_t addresses[] = { 0x1010, 0x10f0, 0x2000 };
	struct worker *worker = begin(0);
	struct symbol_request request = {
		.space = SYMBOL_MADE_CODE,
		.fd = -1,
		.made_code = { .dump.fd = -1, .map = { memory_file(map), looks, 2 } },
		.addresses = addresses,
		.count = 3,
	};
	struct debug_identity wanted;
	struct answer there, here;

	(void)state;
	assert_int_equal(answer_init(&here, 3), 0);
	assert_int_equal(made_code_answer(&request, &here), 0);
	assert_int_equal(ask(worker, &request, &there, &wanted), 0);
	assert_non_null(here.names[0].later);
	for (size_t i = 0; i < 3; i++)
		assert_same(&there.names[i], &here.names[i]);
	answer_release(&there);
	answer_release(&here);
	worker_free(worker);
	close(request.made_code.map.fd);
}

/* --- split DWARF --- */

static char split_folder[64];

/* Code of which much is inlined, whose names are in a file of their own. */
static int build_split(void **state)
{
	static const char build[] =
		"cd %s && echo 'int sink; static inline __attribute__((always_inline)) void inner(int i) "
		"{ *(volatile int *)&sink += i; }' > a.c && echo 'void outer(int i) {' >> a.c && "
		"for i in $(seq 99); do echo 'inner(i);'; done >> a.c && "
		"echo '} int main(void) { outer(1); return 0; }' >> a.c && "
		"clang -O2 -g -gsplit-dwarf -c a.c && clang -o a a.o && llvm-dwp -e a -o a.dwp";
	char command[2048];

	if (worker_in_test_setup(state))
		return -1;
	snprintf(split_folder, sizeof(split_folder), "/tmp/hearth-names.XXXXXX");
	if (!mkdtemp(split_folder))
		return -1;
	snprintf(command, sizeof(command), build, split_folder);
	return system(command);
}

static int remove_split(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", split_folder);
	return system(command);
}

static int open_split(const char *name)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", split_folder, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Of a.c: `inner` is its first line, from the third on each calls it. */
static void assert_places(const struct symbol_name *name)
{
	const struct symbol_name *inlined = name->inlined;

	assert_string_equal(inlined->function, "inner");
	assert_int_equal(inlined->line, 1);
	assert_in_range(name->line, 3, 101);
	assert_string_equal(strrchr(inlined->file, '/'), "/a.c");
	assert_string_equal(name->file, inlined->file);
}

/* How many addresses have an inlined call. */
static size_t ask_split(struct worker *worker, const struct symbol_request *request,
			const struct debug_candidate *with, struct debug_identity *ret_wanted)
{
	struct answer answer;
	size_t inlined = 0;
	uint64_t cpu_ns;

	assert_int_equal(name_service_submit(worker, request, with), 0);
	assert_int_equal(name_service_take(worker, request->count, &answer, ret_wanted, &cpu_ns),
			 0);
	for (size_t i = 0; i < answer.count; i++) {
		const struct symbol_name *name = &answer.names[i];

		inlined += name->inlined != NULL;
		if (name->inlined)
			assert_places(name);
	}
	answer_release(&answer);
	return inlined;
}

static void names_of_a_package(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(open_split("a"), addresses);
	struct debug_candidate with = { .fd = -1 };
	struct debug_identity wanted;

	(void)state;
	assert_int_equal(ask_split(worker, &request, &with, &wanted), 0);
	assert_true(wanted.wants_package);
	with.has_package = true;
	with.package = open_split("a.dwp");
	assert_true(ask_split(worker, &request, &with, &wanted) > 1);
	close(with.package);
	/* What is none is of no use. */
	with.package = open_self();
	assert_int_equal(ask_split(worker, &request, &with, &wanted), 0);
	close(with.package);
	worker_free(worker);
	close(request.fd);
}

static void names_of_single_split_files(void **state)
{
	struct worker *worker = begin(0);
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(open_split("a"), addresses);
	struct debug_candidate with = { .fd = -1 };
	struct debug_identity wanted;
	struct answer answer;
	char path[128];

	(void)state;
	snprintf(path, sizeof(path), "%s/a.dwo", split_folder);
	assert_int_equal(ask(worker, &request, &answer, &wanted), 0);
	assert_int_equal(wanted.split_file_count, 1);
	assert_string_equal(wanted.split_files[0].path, path);
	with.split_ids[0] = wanted.split_files[0].id;
	answer_release(&answer);
	with.split_files[0] = open_split("a.dwo");
	with.split_file_count = 1;
	assert_true(ask_split(worker, &request, &with, &wanted) > 1);
	assert_int_equal(wanted.split_file_count, 0);
	/* As many as there may be, of which one is the unit's. */
	for (size_t i = 1; i < SPLIT_FILES_MAX; i++)
		with.split_files[i] = open_self();
	with.split_file_count = SPLIT_FILES_MAX;
	assert_true(ask_split(worker, &request, &with, &wanted) > 1);
	/* Another file is not the unit's, whatever is said of it. */
	with.split_ids[1] = with.split_ids[0];
	with.split_ids[0]++;
	assert_int_equal(ask_split(worker, &request, &with, &wanted), 0);
	assert_int_equal(wanted.split_file_count, 1);
	for (size_t i = 0; i < SPLIT_FILES_MAX; i++)
		close(with.split_files[i]);
	worker_free(worker);
	close(request.fd);
}

/* A byte of each answer is another one: it is heard as far as it goes, and all that it refers to lies inside. */
static void answers_of_liars(void **state)
{
	uint64_t addresses[ADDRESSES];
	struct symbol_request request = question(open_self(), addresses);
	struct worker *worker = NULL;
	size_t refused = 0;

	(void)state;
	for (unsigned int i = 0; i < LIARS * MUTANTS; i++) {
		struct debug_identity wanted;
		struct answer answer;
		int error;

		if (i % MUTANTS == 0) {
			worker_free(worker);
			worker = begin(1 + i / MUTANTS);
		}
		error = ask(worker, &request, &answer, &wanted);
		if (!error)
			answer_release(&answer);
		else
			assert_int_equal(error, -EBADMSG);
		refused += error != 0;
	}
	worker_free(worker);
	assert_in_range(refused, LIARS * MUTANTS / 100, LIARS * MUTANTS - 1);
	close(request.fd);
}

/* The same of rows. */
static void rows_of_a_liar(void **state)
{
	struct worker *worker = begin(1);
	int fd = open_self();
	size_t refused = 0;

	(void)state;
	for (int i = 0; i < 40; i++) {
		struct debug_identity wanted;
		struct buffer table;
		int error = row_service_ask(worker, fd, &none, &table, &wanted);

		if (!error)
			buffer_release(&table);
		else
			assert_int_equal(error, -EBADMSG);
		refused += error != 0;
	}
	assert_true(refused > 0);
	worker_free(worker);
	close(fd);
}

/* Of where a file lies the worker may say only what leads below a folder of ours. */
static void a_supplementary_file_is_below_its_folder(void **state)
{
	static const struct {
		const char *below;
		bool is_heard;
	} said[] = { { "x86_64/a.debug", true },
		     { "", true },
		     { "../a.debug", false },
		     { "/etc/a.debug", false },
		     { "x/../../a", false } };

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		struct debug_identity identity = { .has_supplement = true };
		struct debug_identity_said words;
		struct debug_identity heard;

		identity.supplement.build_id.size = 20;
		snprintf(identity.supplement.below_dwz, PATH_MAX, "%s", said[i].below);
		debug_identity_say(&identity, &words);
		assert_int_equal(debug_identity_hear(&words, &heard), said[i].is_heard);
		if (said[i].is_heard)
			assert_string_equal(heard.supplement.below_dwz, said[i].below);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_second_batch_finds_the_file_open, worker_in_test_setup),
		cmocka_unit_test_setup(names_are_those_of_the_symbolizer, worker_in_test_setup),
		cmocka_unit_test_setup(
			a_file_that_shrinks_while_it_is_kept_costs_no_other_one_anything,
			worker_in_test_setup),
		cmocka_unit_test_setup(what_is_no_elf_file_is_said_to_be_none,
				       worker_in_test_setup),
		cmocka_unit_test_setup(names_of_made_code, worker_in_test_setup),
		cmocka_unit_test_setup_teardown(names_of_a_package, build_split, remove_split),
		cmocka_unit_test_setup_teardown(names_of_single_split_files, build_split,
						remove_split),
		cmocka_unit_test_setup(answers_of_liars, worker_in_test_setup),
		cmocka_unit_test_setup(rows_of_a_liar, worker_in_test_setup),
		cmocka_unit_test(a_supplementary_file_is_below_its_folder),
	};

	if (worker_in_test_is_it(argv)) {
		liar = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 10) : 0;
		argv[1] = NULL; /* it keeps its privileges until it is in the cage */
		return worker_in_test_run(argv, answer_or_lie);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
