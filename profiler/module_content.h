/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open file holds, as far as one need know to say that it is still the same: size, time of the last change of
 * its content, and a hash of some of its pages. A small file's are all of them; of others they are spread evenly, for
 * what is built anew differs nearly everywhere. The first one has the ELF header, the program headers, and, as linkers
 * put it there, the build-id.
 *
 * Every write sets the time of the last change, so that size and time alone tell a file that was overwritten (but for
 * writes through a shared mapping, of which only the first sets it). Whoever sets that time back (touch -r, cp -p) is
 * found out by the pages, unless he changed a few bytes of a large file.
 */
#ifndef HEARTH_PROFILER_MODULE_CONTENT_H
#define HEARTH_PROFILER_MODULE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct module_content {
	uint64_t size;
	struct timespec modified;
	uint64_t pages_hash;
};

/* 0 or -errno. */
int module_content_read(int fd, struct module_content *ret_content);

/* By size and time, as one call tells them. */
bool module_content_may_be(int fd, const struct module_content *content);

/* By the pages as well. */
bool module_content_is(int fd, const struct module_content *content);

#endif
