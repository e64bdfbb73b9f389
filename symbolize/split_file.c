/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/split_file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

static bool fits(int length)
{
	return length >= 0 && length < PATH_MAX;
}

static int try_package(const struct split_file_wanted *wanted, const struct debug_file_judge *judge)
{
	char path[PATH_MAX];

	if (!wanted->path || !fits(snprintf(path, sizeof(path), "%s.dwp", wanted->path)))
		return -ENOENT;
	return debug_file_try(path, true, DEBUG_FILE_PACKAGE, judge);
}

bool split_file_path(const struct split_file_wanted *wanted, char path[PATH_MAX])
{
	bool is_absolute = wanted->name[0] == '/';

	/* A relative folder is relative to a compiler's that has long ended. */
	if (!is_absolute && (!wanted->comp_dir || wanted->comp_dir[0] != '/'))
		return false;
	return fits(snprintf(path, PATH_MAX, "%s%s%s", is_absolute ? "" : wanted->comp_dir,
			     is_absolute ? "" : "/", wanted->name));
}

static int try_named(const struct split_file_wanted *wanted, const struct debug_file_judge *judge)
{
	char path[PATH_MAX];

	if (!split_file_path(wanted, path))
		return -ENOENT;
	return debug_file_try(path, true, DEBUG_FILE_SPLIT, judge);
}

static int try_beside(const struct split_file_wanted *wanted, const struct debug_file_judge *judge)
{
	const char *slash = strrchr(wanted->name, '/');
	const char *base = slash ? slash + 1 : wanted->name;
	char path[PATH_MAX];

	if (!wanted->path || wanted->path[0] != '/' || !debuglink_is_base_name(base) ||
	    !fits(snprintf(path, sizeof(path), "%.*s/%s",
			   (int)(strrchr(wanted->path, '/') - wanted->path), wanted->path, base)))
		return -ENOENT;
	return debug_file_try(path, false, DEBUG_FILE_SPLIT, judge);
}

int split_file_search(void *context, const struct split_file_wanted *wanted,
		      const struct debug_file_judge *judge)
{
	int err;

	(void)context;
	if (!wanted->name)
		return try_package(wanted, judge);
	err = try_named(wanted, judge);
	return err ? try_beside(wanted, judge) : 0;
}
