/* SPDX-License-Identifier: Apache-2.0 */
/* The whole way from a request to its reply, over files that the compiler at hand makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <unistd.h>

#include "elf/elf_file.h"
#include "symbolize/symbolizer.h"
#include "tests/unit/elf_builder.h"

/* What replies said, by the id of their request. */
struct heard {
	int replies;
	uint64_t id;
	int error;
	size_t count;
	size_t build_id_size;
	struct {
		char function[256]; /* "": unknown */
		char module[64];
		uint64_t offset;
		bool is_root;
	} names[64];
};

static void hear(const struct symbol_reply *reply, void *context)
{
	struct heard *heard = context;

	heard->replies++;
	heard->id = reply->id;
	heard->error = reply->error;
	heard->count = reply->count;
	heard->build_id_size = reply->build_id ? reply->build_id_size : 0;
	for (size_t i = 0; i < reply->count && i < 64; i++) {
		const struct symbol_name *name = &reply->names[i];

		snprintf(heard->names[i].function, 256, "%s", name->function ? name->function : "");
		snprintf(heard->names[i].module, 64, "%s", name->module ? name->module : "");
		heard->names[i].offset = name->offset;
		heard->names[i].is_root = name->is_root;
	}
}

static struct heard ask_with(const char *const *folders, struct symbol_request request)
{
	const struct symbolizer_options options = { .debug_folders = folders };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct heard heard = { 0 };

	assert_int_equal(symbolizer_submit(symbolizer, &request), 0);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_int_equal(heard.replies, 1);
	symbolizer_free(symbolizer);
	return heard;
}

static struct heard ask(struct symbol_request request)
{
	static const char *const none[] = { NULL };

	return ask_with(none, request);
}

/* --- files that are compiled --- */

static char folder[] = "/tmp/hearth-symbolizer.XXXXXX";

static const char source[] = "#include <pthread.h>\n"
			     "static int __attribute__((noinline)) leaf(int x) { return x * 3; }\n"
			     "int trunk(int x) { return leaf(x) + 1; }\n"
			     "int clone(int x) { return trunk(x) + 2; }\n"
			     "static void *body(void *x) { return x; }\n"
			     "int main(int c, char **v) { pthread_t t; (void)v;\n"
			     "pthread_create(&t, 0, body, 0); return clone(c); }\n";

static void run(const char *format, const char *a, const char *b)
{
	char command[1024];

	snprintf(command, sizeof(command), "cd %s && ", folder);
	snprintf(command + strlen(command), sizeof(command) - strlen(command), format, a, b);
	assert_int_equal(system(command), 0);
}

static int compile_all(void **state)
{
	char path[PATH_MAX];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.c", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(source, file);
	fclose(file);
	run("cc -w -O1 -fno-builtin -Wl,--build-id -o %s %s", "dynamic", "a.c -pthread");
	run("cc -w -O1 -fno-builtin -static -D%s -o %s a.c", "clone=cloned", "static");
	run("cp dynamic stripped && objcopy --only-keep-debug stripped %s && strip %s", "its.debug",
	    "stripped");
	run("objcopy --add-gnu-debuglink=%s %s", "its.debug", "stripped");
	return 0;
}

static int remove_all(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

static int open_made(const char *name, char *ret_path)
{
	int fd;

	snprintf(ret_path, PATH_MAX, "%s/%s", folder, name);
	fd = open(ret_path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* The place in the file of a function as nm(1) has it. */
static uint64_t offset_of(const char *name, const char *function)
{
	char command[256], path[PATH_MAX];
	unsigned long long address = 0;
	struct elf_file *file;
	uint64_t offset;
	FILE *nm;
	int fd = open_made(name, path);

	snprintf(command, sizeof(command), "nm %s/%s | awk '$3 == \"%s\" { print $1 }'", folder,
		 name, function);
	nm = popen(command, "r");
	assert_non_null(nm);
	assert_int_equal(fscanf(nm, "%llx", &address), 1);
	pclose(nm);
	assert_int_equal(elf_file_open(fd, &file), 0);
	assert_true(elf_file_offset_of_address(file, address, &offset));
	elf_file_free(file);
	close(fd);
	return offset;
}

static struct heard ask_for(const char *file, const char *const *folders, uint64_t offset)
{
	char path[PATH_MAX];
	int fd = open_made(file, path);
	const struct symbol_request request = { .id = 7,
						.space = SYMBOL_FILE,
						.fd = fd,
						.path = path,
						.addresses = &offset,
						.count = 1 };
	struct heard heard = ask_with(folders, request);

	assert_int_equal(heard.error, 0);
	assert_int_equal(heard.count, 1);
	close(fd);
	return heard;
}

static const char *const no_folders[] = { NULL };

static void functions_are_named_as_nm_names_them(void **state)
{
	static const char *const functions[] = { "leaf", "trunk", "main", "_start", "body" };

	(void)state;
	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct heard heard =
			ask_for("dynamic", no_folders, offset_of("dynamic", functions[i]) + 2);

		assert_string_equal(heard.names[0].function, functions[i]);
		assert_int_equal(heard.names[0].offset, 2);
		assert_string_equal(heard.names[0].module, "");
		assert_int_equal(heard.names[0].is_root, !strcmp(functions[i], "_start"));
		assert_int_equal(heard.build_id_size, 20);
	}
}

static void a_stripped_file_is_named_by_its_debug_file(void **state)
{
	uint64_t offset = offset_of("dynamic", "leaf");
	char debug[PATH_MAX];
	struct heard heard;

	(void)state;
	heard = ask_for("stripped", no_folders, offset);
	assert_string_equal(heard.names[0].function, "leaf");
	run("mv %s %s", "its.debug", "gone.debug");
	heard = ask_for("stripped", no_folders, offset);
	assert_string_equal(heard.names[0].function, "");
	assert_int_equal(heard.error, 0);
	run("i=$(readelf -n stripped | awk '/Build ID/ { print $3 }') && r=${i#??} && "
	    "d=%s/.build-id/${i%%$r} && mkdir -p $d && cp %s $d/$r.debug",
	    "debug", "gone.debug");
	snprintf(debug, sizeof(debug), "%s/debug", folder);
	heard = ask_for("stripped", (const char *const[]){ "/nowhere", debug, NULL }, offset);
	assert_string_equal(heard.names[0].function, "leaf");
}

/* One's own function called clone proves nothing; that of the C library does. */
static void clone_is_a_root_in_the_c_library_only(void **state)
{
	struct heard heard = ask_for("dynamic", no_folders, offset_of("dynamic", "clone"));

	(void)state;
	assert_string_equal(heard.names[0].function, "clone");
	assert_false(heard.names[0].is_root);
	heard = ask_for("static", no_folders, offset_of("static", "__clone"));
	assert_string_equal(heard.names[0].function, "__clone");
	assert_true(heard.names[0].is_root);
	heard = ask_for("static", no_folders, offset_of("static", "start_thread"));
	assert_false(heard.names[0].is_root);
	heard = ask_for("static", no_folders, offset_of("static", "__libc_start_main"));
	assert_false(heard.names[0].is_root);
	heard = ask_for("static", no_folders, offset_of("static", "_start"));
	assert_true(heard.names[0].is_root);
}

/* --- roots of other kinds, in files made by hand --- */

static struct heard ask_built(struct elf_builder *builder, const char *function, uint16_t type)
{
	static const uint64_t offset = 0x1004;
	struct heard heard;
	int fd;

	elf_builder_code(builder, 0x1000, 0x100);
	elf_builder_load(builder, 0x1000, 0x1000, 0x100, PF_R | PF_X);
	elf_builder_symbol(builder, function, 0x1000, 0x10, STB_LOCAL, STT_FUNC, 1);
	elf_builder_symbols(builder, SHT_SYMTAB);
	builder->header.e_type = type;
	fd = elf_builder_fd(builder);
	heard = ask((struct symbol_request){ .fd = fd, .addresses = &offset, .count = 1 });
	assert_string_equal(heard.names[0].function, function);
	close(fd);
	return heard;
}

static bool is_root(const char *function, uint16_t type, uint64_t entry)
{
	struct elf_builder builder;

	elf_builder_init(&builder, type, EM_X86_64);
	builder.header.e_entry = entry;
	return ask_built(&builder, function, type).names[0].is_root;
}

static void roots_are_proven_by_entry_or_name(void **state)
{
	(void)state;
	assert_true(is_root("_start", ET_EXEC, 0x1000));
	assert_true(is_root("my_own_entry", ET_EXEC, 0x1000));
	assert_false(is_root("_start", ET_EXEC, 0x1080));
	/* A plain library's e_entry means nothing, but _start there is the dynamic linker's. */
	assert_false(is_root("some_function", ET_DYN, 0x1000));
	assert_true(is_root("_start", ET_DYN, 0x1000));
	assert_false(is_root("clone", ET_DYN, 0));
	assert_true(is_root("runtime.goexit.abi0", ET_EXEC, 0));
	assert_false(is_root("runtime.main", ET_EXEC, 0));
}

/* --- requests and replies --- */

static void requests_are_copied_and_answered_once(void **state)
{
	const struct symbolizer_options options = { .debug_folders = no_folders };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	uint64_t *addresses = calloc(2, sizeof(*addresses));
	struct heard heard = { 0 };
	char path[PATH_MAX];
	int fd = open_made("dynamic", path);

	(void)state;
	addresses[0] = UINT64_MAX;
	addresses[1] = offset_of("dynamic", "main");
	assert_int_equal(symbolizer_submit(symbolizer,
					   &(struct symbol_request){
						   .id = 1,
						   .fd = fd,
						   .addresses = addresses,
						   .count = 2,
					   }),
			 0);
	assert_int_equal(
		symbolizer_submit(symbolizer, &(struct symbol_request){ .id = 2, .fd = fd }), 0);
	close(fd);
	free(addresses);
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_int_equal(heard.replies, 2);
	assert_int_equal(heard.id, 2);
	assert_int_equal(heard.count, 0);
	assert_string_equal(heard.names[0].function, "");
	assert_string_equal(heard.names[1].function, "main");
	assert_int_equal(symbolizer_run(symbolizer, hear, &heard), 0);
	assert_int_equal(heard.replies, 2);
	symbolizer_free(symbolizer);
}

static void wrong_requests_are_refused(void **state)
{
	const struct symbolizer_options options = { .debug_folders = no_folders };
	struct symbolizer *symbolizer = symbolizer_new(&options);
	const uint64_t address = 0;

	(void)state;
	assert_int_equal(symbolizer_submit(symbolizer,
					   &(struct symbol_request){
						   .fd = -1, .addresses = &address, .count = 1 }),
			 -EINVAL);
	assert_int_equal(
		symbolizer_submit(symbolizer, &(struct symbol_request){ .space = SYMBOL_KERNEL,
									.fd = -1,
									.addresses = &address,
									.count = SIZE_MAX / 4 }),
		-E2BIG);
	/* One that nobody runs is freed. */
	assert_int_equal(
		symbolizer_submit(symbolizer, &(struct symbol_request){ .space = SYMBOL_VDSO,
									.fd = -1,
									.path = "/x",
									.addresses = &address,
									.count = 1 }),
		0);
	symbolizer_free(symbolizer);
	symbolizer_free(NULL);
}

static void a_file_that_is_none_is_said_to_be_so(void **state)
{
	static const uint64_t addresses[] = { 0, 1, 2 };
	int fd = elf_builder_fd_of("#!/bin/sh", 9);
	struct heard heard = ask(
		(struct symbol_request){ .id = 5, .fd = fd, .addresses = addresses, .count = 3 });

	(void)state;
	assert_int_equal(heard.id, 5);
	assert_int_equal(heard.error, -ENOEXEC);
	assert_int_equal(heard.count, 3);
	assert_string_equal(heard.names[2].function, "");
	close(fd);
}

static void the_vdso_is_read_from_ourselves(void **state)
{
	uint64_t addresses[64];
	bool found = false;
	struct heard heard;

	(void)state;
	if (!getauxval(AT_SYSINFO_EHDR))
		skip();
	for (size_t i = 0; i < 64; i++)
		addresses[i] = i * 64;
	heard = ask((struct symbol_request){
		.space = SYMBOL_VDSO, .fd = -1, .addresses = addresses, .count = 64 });
	assert_int_equal(heard.error, 0);
	for (size_t i = 0; i < 64; i++)
		found |= strstr(heard.names[i].function, "time") != NULL;
	assert_true(found);
}

/* Two addresses of the real kernel, where it shows them to us. */
static void the_kernel_is_read_from_kallsyms(void **state)
{
	unsigned long long address = 0;
	uint64_t addresses[2] = { 0 };
	struct heard heard;
	FILE *awk = popen("awk '$3 == \"vfs_read\" { print $1 }' /proc/kallsyms", "r");

	(void)state;
	assert_non_null(awk);
	if (fscanf(awk, "%llx", &address) != 1)
		address = 0;
	pclose(awk);
	addresses[0] = address + 4;
	heard = ask((struct symbol_request){
		.space = SYMBOL_KERNEL, .fd = -1, .addresses = addresses, .count = 2 });
	if (!address) {
		assert_true(heard.error == -EPERM || heard.error == -ENOENT);
		return;
	}
	assert_int_equal(heard.error, 0);
	assert_string_equal(heard.names[0].function, "vfs_read");
	assert_string_equal(heard.names[0].module, "kernel");
	assert_int_equal(heard.names[0].offset, 4);
	assert_string_equal(heard.names[1].function, "");
	assert_string_equal(heard.names[1].module, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_are_named_as_nm_names_them),
		cmocka_unit_test(a_stripped_file_is_named_by_its_debug_file),
		cmocka_unit_test(clone_is_a_root_in_the_c_library_only),
		cmocka_unit_test(roots_are_proven_by_entry_or_name),
		cmocka_unit_test(requests_are_copied_and_answered_once),
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(a_file_that_is_none_is_said_to_be_so),
		cmocka_unit_test(the_vdso_is_read_from_ourselves),
		cmocka_unit_test(the_kernel_is_read_from_kallsyms),
	};

	return cmocka_run_group_tests(tests, compile_all, remove_all);
}
