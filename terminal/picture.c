/* SPDX-License-Identifier: Apache-2.0 */
#include "terminal/picture.h"

#include <stdlib.h>

#include "model/profile.h"

static const char *const words[] = {
#define VIEW_SPAN(constant, words, help) [constant] = words,
#include "terminal/view_spans.def"
#undef VIEW_SPAN
};

const char *view_span_words(enum view_span span)
{
	return words[span];
}

struct picture *picture_new(void)
{
	struct picture *picture = calloc(1, sizeof(*picture));

	if (!picture)
		return NULL;
	u64_map_init(&picture->since);
	atomic_init(&picture->holders, 1);
	return picture;
}

struct picture *picture_hold(struct picture *picture)
{
	atomic_fetch_add(&picture->holders, 1);
	return picture;
}

void picture_release(struct picture *picture)
{
	if (!picture || atomic_fetch_sub(&picture->holders, 1) != 1)
		return;
	profile_free(picture->profile);
	u64_map_release(&picture->since);
	free(picture);
}
