/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scoped cleanup: a variable declared with _cleanup_*_ is released when it leaves its scope;
 * take_ptr() and take_fd() hand the value on and leave nothing to release.
 */
#ifndef HEARTH_BASE_CLEANUP_H
#define HEARTH_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* Defines `name`, a cleanup function for variables of type `type` that `release` releases. */
#define DEFINE_CLEANUP(name, type, release)     \
	static inline void name(type *variable) \
	{                                       \
		if (*variable)                  \
			release(*variable);     \
	}

static inline void cleanup_free(void *variable)
{
	free(*(void **)variable);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

DEFINE_CLEANUP(cleanup_fclose, FILE *, fclose)
DEFINE_CLEANUP(cleanup_closedir, DIR *, closedir)

#define _cleanup_free_     _cleanup_(cleanup_free)
#define _cleanup_close_    _cleanup_(cleanup_close)
#define _cleanup_fclose_   _cleanup_(cleanup_fclose)
#define _cleanup_closedir_ _cleanup_(cleanup_closedir)

#define take_ptr(pointer)                                \
	({                                               \
		__typeof__(pointer) *from_ = &(pointer); \
		__typeof__(pointer) taken_ = *from_;     \
		*from_ = NULL;                           \
		taken_;                                  \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
