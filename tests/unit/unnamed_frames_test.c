/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "profiler/modules.h"
#include "profiler/unnamed_frames.h"

struct fixture {
	struct unnamed_frames unnamed;
	struct modules *modules; /* knows none */
	struct buffer json;
	char said[4096];
};

static int setup(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .modules = modules_new(NULL, NULL, NULL) };
	unnamed_frames_init(&fixture.unnamed);
	*state = &fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	unnamed_frames_release(&fixture->unnamed);
	modules_free(fixture->modules);
	buffer_release(&fixture->json);
	return 0;
}

static void made_by(struct fixture *fixture, const char *comm, bool was_told, uint64_t frames)
{
	struct unnamed_key key = { .module = MODULE_ANONYMOUS, .was_told = was_told };

	memcpy(key.comm, comm, strlen(comm));
	unnamed_frames_add(&fixture->unnamed, &key, NULL, frames);
}

/* What the line says: empty, none is said. */
static const char *said(struct fixture *fixture)
{
	FILE *file = tmpfile();
	int kept = dup(STDERR_FILENO);

	assert_non_null(file);
	assert_int_equal(unnamed_frames_explain(&fixture->unnamed, fixture->modules, "/nowhere"),
			 0);
	dup2(fileno(file), STDERR_FILENO);
	unnamed_frames_log(&fixture->unnamed);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(file);
	fixture->said[fread(fixture->said, 1, sizeof(fixture->said) - 1, file)] = '\0';
	fclose(file);
	return fixture->said;
}

static void nothing_is_said_where_nearly_all_have_names(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(said(fixture), "");
	fixture->unnamed.user_frames = 1000;
	assert_string_equal(said(fixture), "");
	made_by(fixture, "java", false, 9);
	assert_string_equal(said(fixture), "");
	made_by(fixture, "java", false, 1);
	assert_string_equal(said(fixture),
			    "10 of 1,000 user frames (1.0 %) have no name: 10 in code made by java "
			    "(run it with -XX:+PreserveFramePointer -XX:+UnlockDiagnosticVMOptions "
			    "-XX:+DumpPerfMapAtExit, or jcmd PID Compiler.perfmap)\n");
}

static void the_worst_are_named_and_the_others_counted(void **state)
{
	struct fixture *fixture = *state;

	fixture->unnamed.user_frames = 100;
	made_by(fixture, "a", true, 1);
	made_by(fixture, "b", true, 5);
	made_by(fixture, "c", true, 3);
	made_by(fixture, "d", true, 2);
	made_by(fixture, "e", true, 4);
	assert_string_equal(said(fixture),
			    "15 of 100 user frames (15.0 %) have no name: "
			    "5 in code made by b (what it wrote does not tell of it), "
			    "4 in code made by e (what it wrote does not tell of it), "
			    "3 in code made by c (what it wrote does not tell of it), "
			    "and 3 in 2 more\n");
}

/* Whatever its package may be: that is not what is missing. */
static void what_could_not_be_read_is_told_by_its_reason(void **state)
{
	struct fixture *fixture = *state;
	struct unnamed_key key = { .module = MODULE_ANONYMOUS, .comm = "java", .was_told = 1 };

	fixture->unnamed.user_frames = 100;
	key.error = ETIME;
	unnamed_frames_add(&fixture->unnamed, &key, NULL, 5);
	key.error = EPIPE;
	unnamed_frames_add(&fixture->unnamed, &key, NULL, 3);
	key.error = ENOTTY;
	unnamed_frames_add(&fixture->unnamed, &key, NULL, 2);
	assert_string_equal(
		said(fixture),
		"10 of 100 user frames (10.0 %) have no name: "
		"5 in code made by java (what it wrote was not read to its end, "
		"for the time for names was over), "
		"3 in code made by java (what it wrote killed the process that reads files), "
		"2 in code made by java (what it wrote cannot be read)\n");
	unnamed_frames_write_json(&fixture->unnamed, &fixture->json);
	assert_non_null(strstr(buffer_string(&fixture->json), "\"reason\": \"worker_died\""));
}

static void assert_mend(struct fixture *fixture, const char *comm, const char *mend)
{
	unnamed_frames_release(&fixture->unnamed);
	unnamed_frames_init(&fixture->unnamed);
	fixture->unnamed.user_frames = 1;
	made_by(fixture, comm, false, 1);
	assert_non_null(strstr(said(fixture), mend));
}

static void a_runtime_is_known_by_its_processes_name(void **state)
{
	struct fixture *fixture = *state;

	assert_mend(fixture, "node", "--perf-basic-prof)");
	assert_mend(fixture, "python3.12", "-X perf,");
	assert_mend(fixture, "python", "-X perf,");
	assert_mend(fixture, "dotnet", "DOTNET_PerfMapEnabled=1");
	assert_mend(fixture, "unheard of", "write /tmp/perf-PID.map or a jitdump");
	assert_mend(fixture, "", "write /tmp/perf-PID.map or a jitdump");
	assert_mend(fixture, "sixteen__letters", "write /tmp/perf-PID.map or a jitdump");
}

static void a_name_does_not_steer_the_terminal_nor_end_the_json(void **state)
{
	struct fixture *fixture = *state;

	fixture->unnamed.user_frames = 1;
	made_by(fixture, "\033[2J\"\\\n", false, 1);
	assert_null(strchr(said(fixture), '\033'));
	unnamed_frames_write_json(&fixture->unnamed, &fixture->json);
	assert_non_null(
		strstr(buffer_string(&fixture->json), "[2J\\\"\\\\\xef\xbf\xbd\", \"frames\""));
}

static void json_tells_of_each_module(void **state)
{
	static const struct unnamed_key vdso = { .module = MODULE_VDSO }, lost = { .module = 77 };
	static const struct build_id id = { .bytes = { 0x01, 0xab }, .size = 2 };
	struct fixture *fixture = *state;

	fixture->unnamed.user_frames = 10000;
	unnamed_frames_add(&fixture->unnamed, &lost, &id, 2);
	unnamed_frames_add(&fixture->unnamed, &vdso, NULL, 3);
	unnamed_frames_add(&fixture->unnamed, &lost, &id, 2);
	assert_string_equal(said(fixture), "");
	unnamed_frames_write_json(&fixture->unnamed, &fixture->json);
	assert_string_equal(
		buffer_string(&fixture->json),
		"{\"user_frames\": 10000, \"without_name\": 7, \"ticks_without_inlined\": 0,\n    \"modules\": [\n"
		"      {\"module\": \"files that are not known\", \"frames\": 4, "
		"\"reason\": \"refused\", \"build_id\": \"01ab\", "
		"\"mend\": \"could not be opened\"},\n"
		"      {\"module\": \"the vdso\", \"frames\": 3, "
		"\"reason\": \"no_symbols\", \"build_id\": null, \"mend\": null}]}");
}

static void modules_beyond_the_limit_are_counted_together(void **state)
{
	struct fixture *fixture = *state;
	struct unnamed_key key = { 0 };

	fixture->unnamed.user_frames = UNNAMED_FRAMES_MAX_MODULES + 7;
	for (; key.module < UNNAMED_FRAMES_MAX_MODULES + 7; key.module++)
		unnamed_frames_add(&fixture->unnamed, &key, NULL, 1);
	assert_int_equal(fixture->unnamed.others, 7);
	assert_non_null(strstr(said(fixture), ", and 1,028 in 1022 more\n"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_said_where_nearly_all_have_names),
		TEST(the_worst_are_named_and_the_others_counted),
		TEST(what_could_not_be_read_is_told_by_its_reason),
		TEST(a_runtime_is_known_by_its_processes_name),
		TEST(a_name_does_not_steer_the_terminal_nor_end_the_json),
		TEST(json_tells_of_each_module),
		TEST(modules_beyond_the_limit_are_counted_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
