/* SPDX-License-Identifier: Apache-2.0 */
#include "render/plain_text.h"

#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "model/fates.h"
#include "model/profile.h"
#include "render/count_words.h"
#include "render/label.h"
#include "render/readable.h"
#include "render/render_options.h"

uint64_t text_whole(const struct profile *profile, const struct render_options *options)
{
	uint64_t total = profile_total(profile);

	return options->total > total ? options->total : total;
}

static void append_right(struct buffer *to, const struct buffer *text, int columns)
{
	size_t blanks = (size_t)columns, taken = label_columns(text->data, text->size);

	blanks = blanks > taken ? blanks - taken : 0;
	buffer_printf(to, "%*s", (int)blanks, "");
	buffer_append(to, text->data, text->size);
	to->failed |= text->failed;
}

void text_append_count(struct buffer *to, const struct count_words *counts, uint64_t count,
		       int columns)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	count_words_number(&text, counts, count);
	append_right(to, &text, columns);
}

void text_append_share(struct buffer *to, uint64_t part, uint64_t whole)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	readable_share(&text, part, whole, 1);
	append_right(to, &text, 7);
}

size_t text_append_name(struct buffer *to, const char *name, size_t size, const char *suffix,
			size_t columns)
{
	_cleanup_(buffer_release) struct buffer clean = { 0 }, label = { 0 };

	utf8_append_clean(&clean, name, size, TEXT_NAME_MAX);
	label_fit(&label, clean.data, clean.size, columns - strlen(suffix), false);
	buffer_append_string(&label, suffix);
	buffer_append(to, label.data, label.size);
	to->failed |= clean.failed | label.failed;
	return label.failed ? 0 : label_columns(label.data, label.size);
}

/* --- the head --- */

static void append_word(struct buffer *to, const char *word)
{
	if (!word || !*word)
		return;
	if (to->size)
		buffer_append_string(to, ", ");
	utf8_append_clean(to, word, strlen(word), TEXT_NAME_MAX);
}

static void append_origin(struct buffer *to, const struct profile_origin *origin)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };

	append_word(&line, origin->command);
	append_word(&line, origin->machine);
	if (origin->time_unix_ns) {
		buffer_append_string(&line, line.size ? ", " : "");
		readable_time(&line, origin->time_unix_ns);
	}
	if (origin->duration_ns) {
		buffer_append_string(&line, line.size ? ", " : "");
		readable_duration(&line, origin->duration_ns);
	}
	if (origin->rate_hz) {
		buffer_append_string(&line, line.size ? ", " : "");
		buffer_append_u64(&line, origin->rate_hz);
		buffer_append_string(&line, " Hz");
	}
	append_word(&line, origin->event);
	if (line.size)
		buffer_append_char(&line, '\n');
	buffer_append(to, line.data, line.size);
	to->failed |= line.failed;
}

static void append_due(struct buffer *to, const struct count_words *counts, uint64_t due)
{
	_cleanup_(buffer_release) struct buffer text = { 0 };

	count_words_append(&text, counts, due);
	utf8_append_clean(to, text.data, text.size, TEXT_NAME_MAX);
	to->failed |= text.failed;
}

static void append_fates(struct buffer *to, const struct profile *profile,
			 const struct fates *fates)
{
	buffer_append_string(to, ": complete ");
	readable_share(to, fates->complete, fates->due, 2);
	for (size_t i = 0; i < fates->reason_count; i++) {
		const struct fate_reason *row = &fates->reasons[i];
		size_t size;
		const char *reason = fate_reason_text(profile, row, &size);

		buffer_append_string(to, ", ");
		buffer_append_string(to, fate_name(row->fate));
		buffer_append_string(to, ": ");
		utf8_append_clean(to, reason, size, TEXT_NAME_MAX);
		buffer_append_char(to, ' ');
		readable_share(to, row->ticks, fates->due, 2);
	}
}

int text_append_head(struct buffer *to, const struct profile *profile,
		     const struct render_options *options)
{
	const struct profile_origin *origin = profile_origin_of(profile);
	const struct count_words counts = count_words_of(profile, options);
	struct fates fates;
	int error = profile_fates(profile, &fates);

	if (error)
		return error;
	append_origin(to, origin);
	append_due(to, &counts, fates.due);
	if (!origin->fates_are_known)
		buffer_append_string(to, "; fates: not recorded in this input");
	else if (fates.due)
		append_fates(to, profile, &fates);
	buffer_append_char(to, '\n');
	if (origin->before.due) {
		count_words_left(to, &counts, profile);
		buffer_append_char(to, '\n');
	}
	buffer_append_char(to, '\n');
	return 0;
}
