/* SPDX-License-Identifier: Apache-2.0 */
/* A picture (terminal/picture.h) as a file, in the format that its name ends with. */
#ifndef HEARTH_PROFILER_LIVE_WRITE_H
#define HEARTH_PROFILER_LIVE_WRITE_H

struct picture;
struct process_id;

/* The samples of one process or thread, or of all. 0, or -errno after logging; what was written is logged as well. */
int live_write(const struct picture *picture, const struct process_id *chosen, const char *path);

#endif
