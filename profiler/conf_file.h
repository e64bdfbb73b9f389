/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /etc/hearth/hearth.conf, or the file that --config names: options under their long names, below the commands that they are of.
 *
 *     [serve query]
 *     store = /srv/hearth
 *
 * What is of a command becomes words of its command line, two for each line and ahead of those that were typed: where it stands
 * (CONF_PLACE_WORD and FILE:LINE) and "NAME=VALUE" or "NAME". options_parse() knows what they are. So a command that reads its options
 * once more, as when the file has changed, has only to take the words again.
 *
 * What stands in it may be done with privileges: root reads only what is root's, others what is root's or their own, and nobody what
 * others may write.
 */
#ifndef HEARTH_PROFILER_CONF_FILE_H
#define HEARTH_PROFILER_CONF_FILE_H

#include "base/arena.h"

#define CONF_FILE_DEFAULT   "/etc/hearth/hearth.conf"
#define CONF_FILE_MAX_BYTES (1u << 20)
#define CONF_OPTION         "--config"
#define CONF_PLACE_WORD     "--stands-in="

struct conf_words {
	char **words; /* argv[0], those of the file, the others of argv; NULL at the end */
	int count;
	struct arena strings;
};

/*
 * The words of a command line and of the file for it, in place of those of a file that it may have already. The words of argv are
 * used on. A default file that is not there, or that somebody without privileges may not read, has none. 0, or -errno after logging
 * what is wrong with which line; to be released in either case.
 */
int conf_words_init(struct conf_words *words, const char *command, int argc, char **argv);
void conf_words_release(struct conf_words *words);

/*
 * The file that a command line names, NULL: none. It does so in its first word behind those of a file: what follows the first operand
 * may be another program's.
 */
const char *conf_file_named(int argc, char **argv);

/* How many words of a command line are a file's, behind argv[0]. */
int conf_words_of_file(int argc, char **argv);

#endif
