/* SPDX-License-Identifier: Apache-2.0 */
#include "render/page_files.h"

#include <errno.h>
#include <string.h>

#include "render/web_files.h"

static const struct row {
	const char *name, *type;
	struct bytes (*content)(void);
} rows[] = {
	{ PAGE_FILE_START, "text/html; charset=utf-8", web_file_live_html },
	{ "live_joined.js", "text/javascript; charset=utf-8", web_file_live_joined_js },
	{ "live_joined.css", "text/css; charset=utf-8", web_file_live_joined_css },
	{ "live_mark.svg", "image/svg+xml; charset=utf-8", web_file_live_mark_svg },
};

int page_file_at(size_t index, struct page_file *ret_file)
{
	const struct row *row;

	if (index >= sizeof(rows) / sizeof(*rows))
		return -ENOENT;
	row = &rows[index];
	*ret_file = (struct page_file){
		.name = row->name,
		.type = row->type,
		.content = row->content(),
	};
	return 0;
}

int page_file_find(const char *name, struct page_file *ret_file)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!strcmp(rows[i].name, name))
			return page_file_at(i, ret_file);
	return -ENOENT;
}
