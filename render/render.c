/* SPDX-License-Identifier: Apache-2.0 */
#include "render/render.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "render/callgrind_writer.h"
#include "render/cpuprofile_writer.h"
#include "render/firefox_writer.h"
#include "render/folded_writer.h"
#include "render/html_writer.h"
#include "render/json_writer.h"
#include "render/pprof_writer.h"
#include "render/profile_block.h"
#include "render/speedscope_writer.h"
#include "render/svg_writer.h"
#include "render/top_writer.h"
#include "render/tree_writer.h"

const struct render_format render_formats[] = {
#define RENDER_FORMAT(name, ending, summary, write, tells) { name, ending, summary, write, tells },
#include "render/formats.def"
#undef RENDER_FORMAT
};

const size_t render_format_count = sizeof(render_formats) / sizeof(*render_formats);

const struct render_format *render_format_by_name(const char *name)
{
	for (size_t i = 0; i < render_format_count; i++)
		if (!strcmp(render_formats[i].name, name))
			return &render_formats[i];
	return NULL;
}

/* A name that is nothing but an ending (".svg") has no ending. */
static bool has_ending(const char *path, const char *ending)
{
	size_t size = strlen(path), length = strlen(ending);

	return size > length && path[size - length - 1] != '/' &&
	       !strcasecmp(path + size - length, ending);
}

const struct render_format *render_format_by_path(const char *path)
{
	const struct render_format *found = NULL;

	for (size_t i = 0; i < render_format_count; i++)
		if (has_ending(path, render_formats[i].ending) &&
		    (!found || strlen(render_formats[i].ending) > strlen(found->ending)))
			found = &render_formats[i];
	return found;
}
