/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/kernel_names.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "symbolize/answer.h"
#include "symbolize/code_history.h"
#include "symbolize/kallsyms.h"
#include "symbolize/kernel_word.h"
#include "symbolize/symbolizer.h"

DEFINE_CLEANUP(cleanup_kallsyms, struct kallsyms *, kallsyms_free)
DEFINE_CLEANUP(cleanup_history, struct code_history *, code_history_free)

/* --- what changed --- */

/*
 * What went was there before, and what came was never called before: no other code was known there. What went may run yet
 * until other code comes, for the kernel frees it when nobody is in it any more.
 */
static int add_change(struct code_history *history, const struct symbol_kernel_change *change,
		      struct buffer *name)
{
	buffer_clear(name);
	buffer_append(name, change->name, strlen(change->name) + 1);
	buffer_append_string(name, change->module);
	if (buffer_error(name))
		return -ENOMEM;
	return code_history_add(history,
				&(struct code_change){
					.start = change->start,
					.end = change->start + change->size,
					.origin = change->start,
					.time = { change->time_ns, change->time_ns, true },
					.name = { (const uint8_t *)name->data, name->size },
				});
}

static int read_history(const struct symbol_kernel_code *code, const struct asked_addresses *asked,
			struct code_history **ret_history)
{
	_cleanup_(cleanup_history) struct code_history *history =
		code_history_new(asked->addresses, asked->count);
	_cleanup_(buffer_release) struct buffer name = { 0 };
	int err = history ? 0 : -ENOMEM;

	/* From the cut on, the first that is known of an address need not be the first one that came. */
	for (size_t i = 0; i < code->count && !err; i++)
		if (code->changes[i].time_ns < code->cut_ns)
			err = add_change(history, &code->changes[i], &name);
	if (!err)
		err = code_history_resolve(history);
	if (!err)
		*ret_history = take_ptr(history);
	return err;
}

/* From `cut_ns` on nothing is known, whatever was there before. */
static int keep_spans(struct answer *answer, const struct code_history *history, size_t index,
		      uint64_t cut_ns, uint64_t address, struct symbol_name *name)
{
	const struct code_span *span = code_history_first(history, index);
	int err = 0;

	while (!err && span) {
		const struct code_span *next = code_history_next(history, span);

		name->since_ns = span->since_ns;
		if (span->name)
			err = answer_keep_demangled(answer, span->name, &name->function);
		if (!err && span->name)
			err = answer_keep(answer, span->name + strlen(span->name) + 1,
					  &name->module);
		name->offset = address - span->start;
		span = next && next->since_ns < cut_ns ? next : NULL;
		if (!err && (span || cut_ns != UINT64_MAX)) {
			err = answer_add_later(answer, name, &name);
			name->since_ns = cut_ns;
		}
	}
	return err;
}

/* --- what is there now --- */

/* Whatever is there now, something else was before. */
static bool is_gone(const struct symbol_kernel_code *code, uint64_t address)
{
	for (size_t i = 0; i < code->gone_count; i++)
		if (address - code->gone[i].start < code->gone[i].size)
			return true;
	return false;
}

static int keep_symbol(struct answer *answer, struct kallsyms_symbol symbol,
		       const struct symbol_kernel_code *code, uint64_t address,
		       struct symbol_name *name)
{
	int err = 0;

	if (symbol.is_made && code->cut_ns != UINT64_MAX)
		symbol.function = NULL;
	if (symbol.module)
		err = answer_keep(answer, symbol.module, &name->module);
	if (!err && symbol.function)
		err = answer_keep_demangled(answer, symbol.function, &name->function);
	name->offset = symbol.function ? address - symbol.start : 0;
	return err;
}

/* By the kernel's own words, where it was asked and knows; `ret_knows` false: it does not. */
static int keep_words(struct answer *answer, const struct symbol_kernel_code *code, size_t place,
		      uint64_t address, bool *ret_knows)
{
	struct kernel_word word;
	struct kallsyms_symbol symbol;

	*ret_knows = code->words && code->words[place] &&
		     kernel_word_parse(code->words[place], address, &word);
	if (!*ret_knows)
		return 0;
	symbol = (struct kallsyms_symbol){ word.function, word.module, word.start, word.is_made };
	return keep_symbol(answer, symbol, code, address, &answer->names[place]);
}

/* The addresses of which nothing else tells, and /proc/kallsyms must. */
struct left_over {
	uint64_t *addresses; /* ascending */
	size_t *places;      /* in the request */
	size_t count;
};

static void left_over_release(struct left_over *left)
{
	free(left->addresses);
	free(left->places);
}

static int left_over_init(struct left_over *left, size_t limit)
{
	left->addresses = malloc((limit + 1) * sizeof(*left->addresses));
	left->places = malloc((limit + 1) * sizeof(*left->places));
	return left->addresses && left->places ? 0 : -ENOMEM;
}

static int find_symbols(const struct left_over *left, struct kallsyms **ret_kallsyms)
{
	_cleanup_close_ int symbols_fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	_cleanup_close_ int modules_fd = open("/proc/modules", O_RDONLY | O_CLOEXEC);

	if (symbols_fd < 0)
		return -ENOENT;
	return kallsyms_find(symbols_fd, modules_fd, left->addresses, left->count, ret_kallsyms);
}

static int keep_left_over(struct answer *answer, const struct left_over *left,
			  const struct symbol_kernel_code *code)
{
	_cleanup_(cleanup_kallsyms) struct kallsyms *kallsyms = NULL;
	int err = left->count ? find_symbols(left, &kallsyms) : 0;

	/* Where the kernel was asked, it named what it would not show. */
	if (err && err != -ENOMEM && code->words)
		return 0;
	for (size_t i = 0; i < left->count && !err; i++)
		err = keep_symbol(answer, kallsyms_get(kallsyms, i), code, left->addresses[i],
				  &answer->names[left->places[i]]);
	return err;
}

/* --- the answer --- */

static int keep_name(struct answer *answer, const struct asked_addresses *asked, size_t index,
		     const struct code_history *history, const struct symbol_kernel_code *code,
		     struct left_over *left)
{
	uint64_t address = asked->addresses[index];
	size_t place = asked->places[index];
	bool knows;
	int err;

	if (is_gone(code, address))
		return 0;
	if (code_history_first(history, index)->name)
		return keep_spans(answer, history, index, code->cut_ns, address,
				  &answer->names[place]);
	err = keep_words(answer, code, place, address, &knows);
	if (!err && !knows) {
		left->addresses[left->count] = address;
		left->places[left->count++] = place;
	}
	return err;
}

static int keep_names(struct answer *answer, const struct asked_addresses *asked,
		      const struct code_history *history, const struct symbol_kernel_code *code)
{
	_cleanup_(left_over_release) struct left_over left = { .count = 0 };
	int err = left_over_init(&left, asked->count);

	for (size_t i = 0; i < asked->count && !err; i++)
		err = keep_name(answer, asked, i, history, code, &left);
	return err ? err : keep_left_over(answer, &left, code);
}

int kernel_names_answer(const struct symbol_request *request, struct answer *answer)
{
	static const struct symbol_kernel_code nothing = { .cut_ns = UINT64_MAX };
	const struct symbol_kernel_code *code =
		request->kernel_code ? request->kernel_code : &nothing;
	_cleanup_(asked_addresses_release) struct asked_addresses asked = { 0 };
	_cleanup_(cleanup_history) struct code_history *history = NULL;
	int err = asked_addresses_init(&asked, request->count);

	for (size_t i = 0; i < request->count && !err; i++)
		asked_addresses_add(&asked, request->addresses[i], i);
	if (!err)
		err = asked_addresses_sort(&asked);
	if (!err)
		err = read_history(code, &asked, &history);
	return err ? err : keep_names(answer, &asked, history, code);
}
