/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of the page of hearth serve, by name: "live.html" is the page, the others are what it fetches. They are in the program, never change while it runs, and hold neither a
 * script nor a style inside of HTML, so that a policy of 'self' does.
 */
#ifndef HEARTH_RENDER_PAGE_FILES_H
#define HEARTH_RENDER_PAGE_FILES_H

#include <stddef.h>

#include "base/byte_reader.h"

struct page_file {
	const char *name; /* "live_joined.js" */
	const char *type; /* of its content, as HTTP's Content-Type says it */
	struct bytes content;
};

#define PAGE_FILE_START "live.html"

/* 0 with the file, or -ENOENT. */
int page_file_find(const char *name, struct page_file *ret_file);

/* All of them, by index: 0 or -ENOENT behind the last one. */
int page_file_at(size_t index, struct page_file *ret_file);

#endif
