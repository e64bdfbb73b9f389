/* SPDX-License-Identifier: Apache-2.0 */
/* hearth symbolize: functions, inlined calls and lines of addresses, as addr2line -fpiC prints them. Needs no privilege. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/heap.h"
#include "base/json_string.h"
#include "base/log.h"
#include "base/utf8.h"
#include "elf/elf_file.h"
#include "profiler/argument_file.h"
#include "profiler/command.h"
#include "profiler/debug_folders.h"
#include "profiler/demangle_option.h"
#include "profiler/options.h"
#include "symbolize/source_names.h"
#include "symbolize/symbolizer.h"
#include "worker/privileges.h"

#define ROWS(rows) (sizeof(rows) / sizeof((rows)[0]))

/* Addresses on standard input beyond this are refused: some 16 million. */
#define INPUT_MAX ((size_t)320 << 20)

/* More of a name or path is cut. */
#define SHOWN_MAX 65536

/* Text that is collected before it is written. */
#define WRITTEN_BYTES 65536

/* What is known of an address takes so much memory; for few of them a large page would be more than all. */
#define BYTES_AN_ADDRESS 400
#define MANY_ADDRESSES   10000

static const char usage[] =
	"Usage: hearth symbolize -e FILE [OPTIONS] [ADDR...]\n"
	"\n"
	"Prints where addresses of a file come from, as addr2line -fpiC does: function, file and line, and\n"
	"under it the calls that were inlined there. Addresses are hexadecimal; without any they are read\n"
	"from standard input, up to its end. @FILE stands for the words in FILE.";

struct symbolize {
	const char *path;
	bool with_addresses;
	bool base_names;
	bool json;
	enum demangle_mode demangle;
	const char *section; /* that addresses are offsets in, NULL: they are none */
	uint64_t section_start, section_size; /* 0: none */
	struct debug_folders folders;
	uint64_t *addresses;
	size_t count, allocated;
};

/* --- options --- */

static int set_path(void *context, const char *name, const char *value, const char **ret_why)
{
	struct symbolize *symbolize = context;

	(void)name;
	if (!*value) {
		*ret_why = "not the name of a file";
		return -EINVAL;
	}
	symbolize->path = value;
	return 0;
}

static int add_folder(void *context, const char *name, const char *value, const char **ret_why)
{
	struct symbolize *symbolize = context;

	(void)name;
	return debug_folders_add(&symbolize->folders, value, ret_why);
}

static int set_demangle(void *context, const char *name, const char *value, const char **ret_why)
{
	struct symbolize *symbolize = context;

	(void)name;
	return demangle_option_set_style(value, &symbolize->demangle, ret_why);
}

static int set_section(void *context, const char *name, const char *value, const char **ret_why)
{
	struct symbolize *symbolize = context;

	(void)name;
	(void)ret_why;
	symbolize->section = value;
	return 0;
}

/* addr2line's; here the file itself says what it is. */
static int see_target(void *context, const char *name, const char *value, const char **ret_why)
{
	(void)context;
	(void)name;
	if (!strncmp(value, "elf", 3))
		return 0;
	*ret_why = "only ELF files are read";
	return -EINVAL;
}

static int refuse_no_limit(void *context, const char *name, const char *value, const char **ret_why)
{
	(void)context;
	(void)name;
	(void)value;
	*ret_why =
		"there is always a limit: a name that costs too much to demangle stays as it is in the file";
	return -EINVAL;
}

static int show_version(void *context, const char *name, const char *value, const char **ret_why)
{
	(void)context;
	(void)name;
	(void)value;
	(void)ret_why;
	printf("hearth %s\n", HEARTH_VERSION);
	return -ECANCELED;
}

static int set_flag(void *context, const char *name, const char *value, const char **ret_why)
{
	struct symbolize *symbolize = context;

	(void)value;
	(void)ret_why;
	if (!strcmp(name, "addresses"))
		symbolize->with_addresses = true;
	else if (!strcmp(name, "basenames"))
		symbolize->base_names = true;
	else if (!strcmp(name, "json"))
		symbolize->json = true;
	else if (!strcmp(name, "no-demangle"))
		symbolize->demangle = DEMANGLE_NONE;
	return 0;
}

/* The hidden ones are addr2line's: what is done anyway, or is not to be had. */
static const struct option_row rows[] = {
	{ "exe", 'e', "FILE", "the program, library or debug file they are addresses of",
	  set_path },
	{ "symbols", 0, "DIR",
	  "look for debug files in DIR as in /usr/lib/debug, and first (may be repeated)",
	  add_folder },
	{ "addresses", 'a', NULL, "print each address ahead of what is known of it", set_flag },
	{ "basenames", 's', NULL, "print files without their directories", set_flag },
	{ "section", 'j', "NAME", "addresses are offsets in the section with this name",
	  set_section },
	{ "demangle", 0, DEMANGLE_OPTION_ARGUMENT, DEMANGLE_OPTION_HELP, set_demangle,
	  .is_value = demangle_option_is_mode },
	{ "no-demangle", 0, NULL, "the same as --demangle none", set_flag },
	{ "json", 0, NULL, "print a list of objects", set_flag },
	{ "functions", 'f', NULL, "", set_flag, .is_hidden = true },
	{ "pretty-print", 'p', NULL, "", set_flag, .is_hidden = true },
	{ "inlines", 'i', NULL, "", set_flag, .is_hidden = true },
	{ "demangled", 'C', NULL, "", set_flag, .is_hidden = true },
	{ "recurse-limit", 'R', NULL, "", set_flag, .is_hidden = true },
	{ "no-recurse-limit", 'r', NULL, "", refuse_no_limit, .is_hidden = true },
	{ "target", 'b', "FORMAT", "", see_target, .is_hidden = true },
	{ "usage", 'H', NULL, "", NULL, .is_hidden = true, .is_help = true },
	{ "version", 'v', NULL, "", show_version, .is_hidden = true },
	{ "versions", 'V', NULL, "", show_version, .is_hidden = true },
};

/* --- addresses --- */

static int add_address(struct symbolize *symbolize, uint64_t address)
{
	if (symbolize->count == symbolize->allocated) {
		size_t more = symbolize->allocated ? 2 * symbolize->allocated : 256;
		uint64_t *grown = realloc(symbolize->addresses, more * sizeof(*grown));

		if (!grown) {
			log_error("out of memory");
			return -ENOMEM;
		}
		symbolize->addresses = grown;
		symbolize->allocated = more;
	}
	symbolize->addresses[symbolize->count++] = address;
	return 0;
}

/* -1: it is no hexadecimal digit. */
static int digit_value(char c)
{
	char lower = c | 0x20;

	if (c >= '0' && c <= '9')
		return c - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Hexadecimal digits, with or without 0x. */
static int parse_address(struct symbolize *symbolize, const char *word)
{
	const char *digits = word[0] == '0' && (word[1] | 32) == 'x' ? word + 2 : word;
	const char *digit = digits;
	uint64_t address = 0;

	for (; *digit && digit_value(*digit) >= 0 && !(address >> 60); digit++)
		address = address << 4 | digit_value(*digit);
	if (digit == digits || *digit) {
		log_error("%.40s is no address: hexadecimal digits, as in 0x1139", word);
		return -EINVAL;
	}
	return add_address(symbolize, address);
}

static int read_addresses(struct symbolize *symbolize)
{
	_cleanup_(buffer_release) struct buffer input = { 0 };
	int err = buffer_read_fd(&input, STDIN_FILENO, INPUT_MAX);
	char *word, *rest = NULL;

	if (!err && !buffer_string(&input))
		err = -ENOMEM;
	if (err) {
		log_error("cannot read standard input: %s", strerror(-err));
		return err;
	}
	for (word = strtok_r(input.data, " \t\r\n", &rest); word && !err;
	     word = strtok_r(NULL, " \t\r\n", &rest))
		err = parse_address(symbolize, word);
	return err;
}

/* --- output: names are other people's, and are shown without what would steer a terminal --- */

static const char *shown_path(const struct symbolize *symbolize, const char *path)
{
	const char *slash = strrchr(path, '/');

	return symbolize->base_names && slash ? slash + 1 : path;
}

static void append_clean(struct buffer *to, const char *text)
{
	utf8_append_clean(to, text, strlen(text), SHOWN_MAX);
}

static void append_frame(struct buffer *to, const struct symbolize *symbolize,
			 const struct source_frame *frame, uint64_t discriminator)
{
	append_clean(to, frame->function ? frame->function : "??");
	buffer_append_string(to, " at ");
	append_clean(to, frame->file ? shown_path(symbolize, frame->file) : "??");
	buffer_append_char(to, ':');
	if (frame->line)
		buffer_append_u64(to, frame->line);
	else
		buffer_append_char(to, '?');
	if (frame->line && discriminator)
		buffer_printf(to, " (discriminator %" PRIu64 ")", discriminator);
	buffer_append_char(to, '\n');
}

static void append_text(struct buffer *to, const struct symbolize *symbolize, uint64_t address,
			const struct source_location *location)
{
	if (symbolize->with_addresses)
		buffer_printf(to, "0x%016" PRIx64 ": ", address);
	if (!location->count)
		buffer_append_string(to, "?? ??:0\n");
	for (size_t i = 0; i < location->count; i++) {
		if (i)
			buffer_append_string(to, " (inlined by) ");
		append_frame(to, symbolize, &location->frames[i], i ? 0 : location->discriminator);
	}
}

static void append_json(struct buffer *to, const struct symbolize *symbolize, uint64_t address,
			const struct source_location *location)
{
	buffer_printf(to, "{\"address\": \"0x%" PRIx64 "\", \"frames\": [", address);
	for (size_t i = 0; i < location->count; i++) {
		const struct source_frame *frame = &location->frames[i];

		buffer_append_string(to, i ? ", {\"function\": " : "{\"function\": ");
		json_append_string(to, frame->function, SHOWN_MAX);
		buffer_append_string(to, ", \"file\": ");
		json_append_string(to, frame->file ? shown_path(symbolize, frame->file) : NULL,
				   SHOWN_MAX);
		buffer_append_string(to, ", \"line\": ");
		if (frame->line)
			buffer_append_u64(to, frame->line);
		else
			buffer_append_string(to, "null");
		buffer_append_char(to, '}');
	}
	buffer_append_string(to, "]}");
}

/* As it was asked for. */
static uint64_t shown_address(const struct symbolize *symbolize, size_t index)
{
	return symbolize->addresses[index] - symbolize->section_start;
}

/* Behind the end of a section lies another one's code. */
static struct source_location location_of(const struct symbolize *symbolize,
					  const struct source_names *names, size_t index)
{
	if (symbolize->section && shown_address(symbolize, index) >= symbolize->section_size)
		return (struct source_location){ 0 };
	return source_names_get(names, index);
}

/* 0 or -ENOMEM; what cannot be written shows in the stream. */
static int print(const struct symbolize *symbolize, const struct source_names *names)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	for (size_t i = 0; i < symbolize->count; i++) {
		struct source_location location = location_of(symbolize, names, i);

		if (symbolize->json) {
			buffer_append_string(&text, i ? ",\n " : "[\n ");
			append_json(&text, symbolize, shown_address(symbolize, i), &location);
		} else {
			append_text(&text, symbolize, shown_address(symbolize, i), &location);
		}
		if (buffer_error(&text))
			return -ENOMEM;
		if (text.size >= WRITTEN_BYTES) {
			fwrite(text.data, 1, text.size, stdout);
			buffer_clear(&text);
		}
	}
	if (symbolize->json)
		buffer_append_string(&text, symbolize->count ? "\n]\n" : "[]\n");
	if (buffer_error(&text))
		return -ENOMEM;
	if (text.size)
		fwrite(text.data, 1, text.size, stdout);
	return 0;
}

/* --- running --- */

static const char *why_not(int error)
{
	switch (error) {
	case -ENOEXEC:
		return "not an ELF file, or a broken one";
	case -EOPNOTSUPP:
		return "of a kind that is not read (other byte order, or compressed as before 2015)";
	case -EFBIG:
		return "larger than the limits, inflated";
	case -EBADMSG:
		return "a section lies outside the file or cannot be inflated";
	case -E2BIG:
		return "too many addresses at once";
	}
	return strerror(-error);
}

static int answer(const struct symbolize *symbolize, int fd)
{
	_cleanup_free_ char *absolute = realpath(symbolize->path, NULL);
	const struct source_question question = {
		.fd = fd,
		.path = absolute,
		.debug_folders = symbolize->folders.list,
		.demangle = symbolize->demangle,
		.addresses = symbolize->addresses,
		.count = symbolize->count,
	};
	struct source_names *names;
	int err = source_names_new(&question, &names);

	if (err) {
		log_error("%s: %s", symbolize->path, why_not(err));
		return err;
	}
	if (source_names_error(names) && source_names_error(names) != -ENOENT)
		log_warning("%s: its DWARF is not used: %s", symbolize->path,
			    why_not(source_names_error(names)));
	err = print(symbolize, names);
	if (err)
		log_error("out of memory");
	source_names_free(names);
	return err;
}

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

/* Offsets in a section become addresses. */
static int add_section(struct symbolize *symbolize, int fd)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = NULL;
	const struct elf_section *section;
	int err = symbolize->section ? elf_file_open(fd, &file) : 0;

	if (err || !symbolize->section) {
		if (err)
			log_error("%s: %s", symbolize->path, why_not(err));
		return err;
	}
	section = elf_file_section_named(file, symbolize->section);
	if (!section || elf_file_type(file) == ET_REL) {
		log_error("%s: %s %s", symbolize->path,
			  section ? "it is not linked yet, so there are no addresses in section"
				  : "there is no section",
			  symbolize->section);
		return -EINVAL;
	}
	symbolize->section_start = section->address;
	symbolize->section_size = section->size;
	for (size_t i = 0; i < symbolize->count; i++)
		symbolize->addresses[i] += section->address;
	return 0;
}

/* The file may be anybody's. Where that cannot be done root is told, who may know why, and whose file it is. */
static void give_up_privileges(const struct symbolize *symbolize)
{
	const char *failed;
	int error = privileges_keep_reading(&failed);

	if (error)
		log_warning("%s is read with more privileges than it should be: %s: %s",
			    symbolize->path, failed, strerror(-error));
}

static int run(struct symbolize *symbolize, int count, char **words)
{
	_cleanup_close_ int fd = -1;
	int err = 0;

	if (!symbolize->path) {
		log_error(
			"of which file? hearth symbolize -e FILE ADDR...; hearth symbolize --help tells");
		return -EINVAL;
	}
	fd = open(symbolize->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		log_error("cannot open %s: %s", symbolize->path, strerror(errno));
		return -EINVAL;
	}
	for (int i = 0; !err && i < count; i++)
		err = parse_address(symbolize, words[i]);
	if (!err && !count)
		err = read_addresses(symbolize);
	if (err)
		return err;
	give_up_privileges(symbolize);
	if (symbolize->count >= MANY_ADDRESSES)
		heap_expect(symbolize->count * BYTES_AN_ADDRESS);
	err = add_section(symbolize, fd);
	return err ? err : answer(symbolize, fd);
}

static bool parse_and_run(struct symbolize *symbolize, int argc, char **argv)
{
	const struct option_table table = { NULL, rows, ROWS(rows), symbolize };
	const struct option_parser parser = {
		.usage = usage,
		.command = "symbolize",
		.tables = &table,
		.table_count = 1,
		.mixes_operands = true,
	};
	int operand;
	enum option_result result = options_parse(&parser, argc, argv, &operand);

	return result == OPTIONS_HELP_SHOWN ||
	       (result == OPTIONS_PARSED && !run(symbolize, argc - operand, argv + operand));
}

int command_symbolize(int argc, char **argv)
{
	struct symbolize symbolize = { 0 };
	struct argument_list arguments;
	bool is_good;

	debug_folders_init(&symbolize.folders);
	is_good = !argument_list_init(&arguments, argc, argv) &&
		  parse_and_run(&symbolize, arguments.count, arguments.words);
	argument_list_release(&arguments);
	debug_folders_release(&symbolize.folders);
	free(symbolize.addresses);
	return is_good ? EXIT_GOOD : EXIT_WRONG;
}
