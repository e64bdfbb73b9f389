/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/argument_file.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libiberty/libiberty.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"

DEFINE_CLEANUP(cleanup_words, char **, freeargv)

static int count_words(char **words)
{
	int count = 0;

	while (words[count])
		count++;
	return count;
}

/* The words of a text. libiberty makes an empty one of a text that has none. */
static char **split(const char *text)
{
	return text[strspn(text, " \t\n\v\f\r")] ? buildargv(text) : calloc(1, sizeof(char *));
}

/* Puts words into the place of the one at `at`. */
static int put(struct argument_list *list, int at, char **words)
{
	int count = count_words(words);
	char **grown;

	if (count > INT_MAX / 2 - list->count)
		return -E2BIG;
	grown = realloc(list->words, ((size_t)list->count + (size_t)count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	list->words = grown;
	memmove(&grown[at + count], &grown[at + 1], (size_t)(list->count - at) * sizeof(*grown));
	list->count += count - 1;
	for (int i = 0; i < count; i++) {
		grown[at + i] = arena_string(&list->strings, words[i], strlen(words[i]));
		if (!grown[at + i])
			return -ENOMEM;
	}
	return 0;
}

/* False: there is no such file, and the word is one like others. */
static bool read_words(const char *path, char ***ret_words, int *ret_error)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };
	int error = buffer_read_file(&text, path, ARGUMENT_FILE_MAX_BYTES);

	if (error && error != -EFBIG && error != -ENOMEM)
		return false;
	if (!error && text.size && memchr(text.data, '\0', text.size))
		error = -EINVAL;
	if (!error) {
		const char *string = buffer_string(&text);

		*ret_words = string ? split(string) : NULL;
		error = *ret_words ? 0 : -ENOMEM;
	}
	*ret_error = error;
	return true;
}

static int expand(struct argument_list *list, int at, bool *ret_is_file)
{
	_cleanup_(cleanup_words) char **words = NULL;
	int error = 0;

	*ret_is_file = read_words(list->words[at] + 1, &words, &error);
	return *ret_is_file && !error ? put(list, at, words) : error;
}

static int expand_all(struct argument_list *list)
{
	int files = 0, error = 0;

	for (int at = 1; at < list->count && !error;) {
		bool is_file = false;

		if (list->words[at][0] == '@')
			error = files++ < ARGUMENT_FILES_MAX ? expand(list, at, &is_file) : -ELOOP;
		if (!error && !is_file)
			at++;
	}
	return error;
}

int argument_list_init(struct argument_list *list, int argc, char **argv)
{
	int error = -ENOMEM;

	*list = (struct argument_list){ .count = argc };
	arena_init(&list->strings);
	list->words = calloc((size_t)argc + 1, sizeof(*list->words));
	if (list->words) {
		memcpy(list->words, argv, (size_t)argc * sizeof(*argv));
		error = expand_all(list);
	}
	if (error)
		log_error("cannot read options from a file, as @FILE says: %s",
			  error == -EINVAL ? "it is no text" : strerror(-error));
	return error;
}

void argument_list_release(struct argument_list *list)
{
	free(list->words);
	arena_release(&list->strings);
}
