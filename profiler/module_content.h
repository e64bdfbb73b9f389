/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an open file holds, as far as one need know to say that it is still the same: size, time of the last change of
 * its content, and a hash of its first page. That page has the ELF header, the program headers, and, as linkers put
 * it there, the build-id.
 *
 * Every write sets the time of the last change, so that size and time alone tell a file that was overwritten. Whoever
 * sets that time back (touch -r, cp -p) is found out by the headers and the build-id.
 */
#ifndef HEARTH_PROFILER_MODULE_CONTENT_H
#define HEARTH_PROFILER_MODULE_CONTENT_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct module_content {
	uint64_t size;
	struct timespec modified;
	uint64_t head_hash;
};

/* 0 or -errno. */
int module_content_read(int fd, struct module_content *ret_content);

/* By size and time, as one call tells them. */
bool module_content_may_be(int fd, const struct module_content *content);

/* By the first page as well. */
bool module_content_is(int fd, const struct module_content *content);

#endif
