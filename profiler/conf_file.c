/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"

#define BLANKS " \t\r"

static const char *const commands[] = {
#define COMMAND(name, summary) #name,
#include "profiler/commands.def"
#undef COMMAND
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))

/* A file while it is read, line by line. */
struct reading {
	const char *path;
	const char *command;
	unsigned int line;
	bool is_below_header; /* any at all */
	bool is_wanted;       /* the command's own */
	struct conf_words *words;
	size_t capacity;
};

static int add_word(struct reading *reading, char *word)
{
	struct conf_words *words = reading->words;

	if (!word)
		return -ENOMEM;
	if ((size_t)words->count + 2 > reading->capacity) {
		size_t capacity = reading->capacity ? 2 * reading->capacity : 64;
		char **grown = realloc(words->words, capacity * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		words->words = grown;
		reading->capacity = capacity;
	}
	words->words[words->count++] = word;
	words->words[words->count] = NULL;
	return 0;
}

static int add_words(struct reading *reading, int count, char **from)
{
	int error = 0;

	for (int i = 0; i < count && !error; i++)
		error = add_word(reading, from[i]);
	return error;
}

static int complain(const struct reading *reading, const char *what)
{
	log_error("%s:%u: %s", reading->path, reading->line, what);
	return -EINVAL;
}

/* Takes blanks off both ends, in place. */
static char *trim(char *text)
{
	size_t size;

	text += strspn(text, BLANKS);
	size = strlen(text);
	while (size && strchr(BLANKS, text[size - 1]))
		text[--size] = '\0';
	return text;
}

static bool is_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (!strcmp(name, commands[i]))
			return true;
	return false;
}

/* "[COMMAND COMMAND]" */
static int read_header(struct reading *reading, char *line)
{
	char *end = strchr(line, ']'), *save = NULL;

	if (!end || end[1])
		return complain(reading, "a header is [COMMAND], or [COMMAND COMMAND]");
	*end = '\0';
	reading->is_below_header = true;
	reading->is_wanted = false;
	for (char *name = strtok_r(line + 1, BLANKS, &save); name;
	     name = strtok_r(NULL, BLANKS, &save)) {
		if (!is_command(name)) {
			log_error("%s:%u: there is no command '%s'; hearth --help lists them",
				  reading->path, reading->line, name);
			return -EINVAL;
		}
		reading->is_wanted |= !strcmp(name, reading->command);
	}
	return 0;
}

static char *keep(struct reading *reading, struct buffer *text)
{
	const char *string = buffer_string(text);

	return string ? arena_string(&reading->words->strings, string, text->size) : NULL;
}

static int add_option(struct reading *reading, const char *name, const char *value)
{
	_cleanup_(buffer_release) struct buffer place = { 0 }, option = { 0 };
	int error;

	buffer_printf(&place, "%s%s:%u", CONF_PLACE_WORD, reading->path, reading->line);
	buffer_append_string(&option, name);
	if (value)
		buffer_printf(&option, "=%s", value);
	error = add_word(reading, keep(reading, &place));
	return error ? error : add_word(reading, keep(reading, &option));
}

/* "NAME = VALUE" or "NAME"; an option's name has no blanks in it. */
static int read_option(struct reading *reading, char *line)
{
	char *equals = strchr(line, '='), *name;

	if (!reading->is_below_header)
		return complain(reading, "no [COMMAND] stands above it that it would be of");
	if (equals)
		*equals = '\0';
	name = trim(line);
	if (!*name || strpbrk(name, BLANKS))
		return complain(reading, "a line is NAME = VALUE, [COMMAND] or # a comment");
	if (!reading->is_wanted)
		return 0;
	return add_option(reading, name, equals ? trim(equals + 1) : NULL);
}

static int read_line(struct reading *reading, char *line)
{
	reading->line++;
	line = trim(line);
	if (!*line || *line == '#' || *line == ';')
		return 0;
	return *line == '[' ? read_header(reading, line) : read_option(reading, line);
}

static int read_lines(struct reading *reading, char *text)
{
	int error = 0;

	while (text && !error) {
		char *line = strsep(&text, "\n");

		error = read_line(reading, line);
	}
	return error;
}

/* NULL, or why what stands in it is not done. */
static const char *distrusted(const struct stat *status)
{
	if (!S_ISREG(status->st_mode))
		return "it is no plain file";
	if (status->st_uid && status->st_uid != geteuid())
		return geteuid() ? "it is another user's"
				 : "it is not root's, and root does as only root says: chown root";
	if (status->st_mode & S_IWOTH || (status->st_mode & S_IWGRP && status->st_gid))
		return "others may write into it: chmod go-w";
	return NULL;
}

/* A FIFO would let the open wait. */
static int read_text(const char *path, struct buffer *text)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	const char *why;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	why = distrusted(&status);
	if (why) {
		log_error("options are not read from %s: %s", path, why);
		return -EPERM;
	}
	return buffer_read_fd(text, fd, CONF_FILE_MAX_BYTES);
}

static int read_file(struct reading *reading, bool is_default)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int error = read_text(reading->path, &text);

	if (is_default &&
	    (error == -ENOENT || error == -ENOTDIR || (error == -EACCES && geteuid())))
		return 0;
	if (!error && text.size && memchr(text.data, '\0', text.size))
		error = -EINVAL;
	if (!error && !buffer_string(&text))
		error = -ENOMEM;
	if (!error)
		return read_lines(reading, text.data);
	if (error != -EPERM)
		log_error("cannot read options from %s: %s", reading->path,
			  error == -EINVAL ? "it is no text" : strerror(-error));
	return error;
}

const char *conf_file_named(int argc, char **argv)
{
	const size_t size = argc > 1 ? strcspn(argv[1], "=") : 0;

	if (size != strlen(CONF_OPTION) || strncmp(argv[1], CONF_OPTION, size))
		return NULL;
	return argv[1][size] ? argv[1] + size + 1 : argc > 2 ? argv[2] : NULL;
}

int conf_words_of_file(int argc, char **argv)
{
	int count = 0;

	while (count + 2 < argc &&
	       !strncmp(argv[count + 1], CONF_PLACE_WORD, strlen(CONF_PLACE_WORD)))
		count += 2;
	return count;
}

int conf_words_init(struct conf_words *words, const char *command, int argc, char **argv)
{
	const int old = conf_words_of_file(argc, argv);
	const char *named = conf_file_named(argc - old, argv + old);
	struct reading reading = { .path = named ? named : CONF_FILE_DEFAULT,
				   .command = command,
				   .words = words };
	int error;

	*words = (struct conf_words){ 0 };
	arena_init(&words->strings);
	error = add_words(&reading, argc > 0, argv);
	if (!error)
		error = read_file(&reading, !named);
	if (!error)
		error = add_words(&reading, argc - old - 1, argv + old + 1);
	if (error == -ENOMEM)
		log_error("out of memory");
	return error;
}

void conf_words_release(struct conf_words *words)
{
	free(words->words);
	arena_release(&words->strings);
}
