/* SPDX-License-Identifier: Apache-2.0 */
/* Which file systems may never answer (blocking_file_systems.def), so that nothing on them is opened in hearth itself. */
#ifndef HEARTH_WORKER_BLOCKING_FILE_SYSTEM_H
#define HEARTH_WORKER_BLOCKING_FILE_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool file_system_may_block(uint64_t super_magic);

/* Is it made of others, which may be such ones? Of modules it is not asked: what an overlay maps is the layer's file. */
bool file_system_has_layers(uint64_t super_magic);

/* By its type as /proc/PID/mountinfo has it, of `size` bytes. */
bool file_system_type_may_block(const char *type, size_t size);

#endif
