/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the recorder says of itself to the front (front.h), in memory that both see: the recorder writes it each second and waits for nobody; whoever reads while it is
 * written reads again (a sequence lock). The front cannot write it, whatever it maps.
 */
#ifndef HEARTH_PROFILER_FRONT_PAGE_H
#define HEARTH_PROFILER_FRONT_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "http/api_source.h"

struct front_page;

/* The recorder's, and a descriptor to hand to the front: 0 or -errno. */
int front_page_new(struct front_page **ret_page, int *ret_fd);
void front_page_free(struct front_page *page);
void front_page_write(struct front_page *page, const struct api_status *status);

/* The front's: 0 or -errno, -EBADMSG: it is no such page. */
int front_page_open(int fd, const struct front_page **ret_page);
/* With when it was written (CLOCK_MONOTONIC). false: nothing was written yet, or the recorder died while it wrote; nothing is set then. */
bool front_page_read(const struct front_page *page, struct api_status *ret_status,
		     uint64_t *ret_written_ns);

#endif
