/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/debug_folders.h"

#include <errno.h>

#include "symbolize/symbolizer.h"

void debug_folders_init(struct debug_folders *folders)
{
	*folders = (struct debug_folders){ .list = { symbolizer_default_debug_folders[0] } };
}

int debug_folders_add(struct debug_folders *folders, const char *value, const char **ret_why)
{
	if (!*value || folders->count == DEBUG_FOLDERS_MAX) {
		*ret_why = *value ? "16 folders are the most" : "not the name of a folder";
		return -EINVAL;
	}
	folders->list[folders->count + 1] = folders->list[folders->count];
	folders->list[folders->count++] = value;
	return 0;
}
