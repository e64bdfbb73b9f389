/* SPDX-License-Identifier: Apache-2.0 */
#include "render/page_files.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define HTML_TYPE    "text/html; charset=utf-8"
#define PICTURE_TYPE "image/svg+xml; charset=utf-8"
#define SCRIPT_TYPE  "text/javascript; charset=utf-8"
#define STYLE_TYPE   "text/css; charset=utf-8"

/* `ld -b binary` names the two ends of a file so. */
#define DECLARE(name, ending)                                         \
	extern const uint8_t _binary_web_##name##_##ending##_start[], \
		_binary_web_##name##_##ending##_end[];

#define LIVE_PAGE(name)    DECLARE(name, html)
#define LIVE_PICTURE(name) DECLARE(name, svg)
#define PAGE_MODULE(name)  DECLARE(name, js)
#define LIVE_MODULE(name)  DECLARE(name, js)
#define PAGE_STYLE(name)   DECLARE(name, css)
#define LIVE_STYLE(name)   DECLARE(name, css)
#include "render/live_modules.def"
#include "render/page_modules.def"
#undef LIVE_PAGE
#undef LIVE_PICTURE
#undef PAGE_MODULE
#undef LIVE_MODULE
#undef PAGE_STYLE
#undef LIVE_STYLE

static const struct row {
	const char *name, *type;
	const uint8_t *start, *end;
} rows[] = {
#define ROW(name, ending, type)                                           \
	{ #name "." #ending, type, _binary_web_##name##_##ending##_start, \
	  _binary_web_##name##_##ending##_end },
#define LIVE_PAGE(name)    ROW(name, html, HTML_TYPE)
#define LIVE_PICTURE(name) ROW(name, svg, PICTURE_TYPE)
#define PAGE_MODULE(name)  ROW(name, js, SCRIPT_TYPE)
#define LIVE_MODULE(name)  ROW(name, js, SCRIPT_TYPE)
#define PAGE_STYLE(name)   ROW(name, css, STYLE_TYPE)
#define LIVE_STYLE(name)   ROW(name, css, STYLE_TYPE)
#include "render/live_modules.def"
#include "render/page_modules.def"
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
		.content = { row->start, (size_t)(row->end - row->start) },
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
