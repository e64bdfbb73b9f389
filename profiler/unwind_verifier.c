/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_verifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/aggregator.h"
#include "profiler/modules.h"
#include "profiler/namer.h"
#include "unwind/snapshot_unwinder.h"

#define SHOWN_FRAMES 48 /* of a stack */

/* A stack as it is shown: frames from the leaf. */
struct shown_stack {
	uint32_t depth; /* of the whole */
	struct code_address frames[SHOWN_FRAMES];
};

/* Where two stacks part: the last frame that both have. */
struct disagreement {
	struct code_address frame;
	uint64_t ticks;
	uint32_t number; /* of that frame; SHOWN_FRAMES at most, 0: also when the leaves differ */
	struct shown_stack by_rows, by_libunwind;
};

struct unwind_verifier {
	const struct aggregator *aggregator;
	const struct modules *modules;
	struct verified_totals totals;
	struct disagreement shown[UNWIND_VERIFIER_MAX_SHOWN];
	size_t shown_count;
	uint64_t not_shown; /* ticks */
};

struct unwind_verifier *unwind_verifier_new(const struct aggregator *aggregator,
					    const struct modules *modules)
{
	struct unwind_verifier *verifier = calloc(1, sizeof(*verifier));

	if (verifier) {
		verifier->aggregator = aggregator;
		verifier->modules = modules;
	}
	return verifier;
}

void unwind_verifier_free(struct unwind_verifier *verifier)
{
	free(verifier);
}

/* Why the walk of the user half ended; the tick's reason may be that of its kernel half. */
static enum tick_reason rows_reason(const struct tick_event *tick)
{
	if (tick->reason != tick->kernel_reason)
		return tick->reason;
	return tick->flags & TICK_ROOT_UNPROVEN ? REASON_NO_ROOT : REASON_NONE;
}

static struct code_address frame_by_rows(const struct unwind_verifier *verifier,
					 const struct stored_stack *stack, uint32_t i)
{
	return aggregator_address(verifier->aggregator, stack->addresses[i]);
}

static struct code_address frame_by_libunwind(const struct unwound_stack *stack, uint32_t i)
{
	return (struct code_address){
		.module = stack->frames[i].module,
		.offset = stack->frames[i].offset,
	};
}

static bool are_equal(struct code_address a, struct code_address b)
{
	return a.module == b.module && a.offset == b.offset;
}

/* The number of frames, from the leaf on, that both stacks have. */
static uint32_t common_frames(const struct unwind_verifier *verifier,
			      const struct stored_stack *rows, const struct unwound_stack *unwound)
{
	uint32_t i = 0;

	while (i < rows->depth && i < unwound->depth &&
	       are_equal(frame_by_rows(verifier, rows, i), frame_by_libunwind(unwound, i)))
		i++;
	return i;
}

static void show(struct unwind_verifier *verifier, struct disagreement *shown,
		 const struct stored_stack *rows, const struct unwound_stack *unwound)
{
	shown->by_rows.depth = rows->depth;
	for (uint32_t i = 0; i < rows->depth && i < SHOWN_FRAMES; i++)
		shown->by_rows.frames[i] = frame_by_rows(verifier, rows, i);
	shown->by_libunwind.depth = unwound->depth;
	for (uint32_t i = 0; i < unwound->depth && i < SHOWN_FRAMES; i++)
		shown->by_libunwind.frames[i] = frame_by_libunwind(unwound, i);
}

static void disagree(struct unwind_verifier *verifier, const struct stored_stack *rows,
		     const struct unwound_stack *unwound, uint32_t common)
{
	uint32_t number = common ? common - 1 : 0;
	struct code_address frame = frame_by_libunwind(unwound, number);
	struct disagreement *shown = verifier->shown;

	while (shown < verifier->shown + verifier->shown_count && !are_equal(shown->frame, frame))
		shown++;
	if (shown == verifier->shown + UNWIND_VERIFIER_MAX_SHOWN) {
		verifier->not_shown++;
		return;
	}
	if (shown == verifier->shown + verifier->shown_count) {
		verifier->shown_count++;
		*shown = (struct disagreement){ .frame = frame, .number = number };
		show(verifier, shown, rows, unwound);
	}
	shown->ticks++;
}

void unwind_verifier_compare(struct unwind_verifier *verifier, const struct tick_event *tick,
			     const struct unwound_stack *unwound)
{
	enum tick_reason reason = rows_reason(tick);
	struct stored_stack rows;
	uint32_t common;

	if (reason != REASON_NONE) {
		verifier->totals.rows_ended[reason]++;
		return;
	}
	if (unwound->lacks_stack) {
		verifier->totals.deeper_than_snapshot++;
		return;
	}
	if (unwound->reason != REASON_NONE) {
		verifier->totals.libunwind_ended[unwound->reason]++;
		return;
	}
	/* It left a leaf without CFI by its frame pointer: a guess, and no claim, but where the rows' walk did so, too. */
	if (unwound->may_lack_frames ||
	    (unwound->may_lack_caller && !(tick->flags & TICK_MAY_LACK_CALLER))) {
		verifier->totals.libunwind_ended[REASON_NO_ROOT]++;
		return;
	}
	/* A table at its ceiling has not even this stack: then the tick is lost anyway. */
	if (!aggregator_find_stack(verifier->aggregator, tick->user_stack, tick->user_check, &rows))
		return;
	verifier->totals.compared++;
	common = common_frames(verifier, &rows, unwound);
	if (common == rows.depth && common == unwound->depth)
		verifier->totals.agreed++;
	else
		disagree(verifier, &rows, unwound, common);
}

void unwind_verifier_count_missing(struct unwind_verifier *verifier)
{
	verifier->totals.without_snapshot++;
}

void unwind_verifier_read_totals(const struct unwind_verifier *verifier,
				 struct verified_totals *ret_totals)
{
	*ret_totals = verifier->totals;
}

/* --- telling --- */

static void append_frame(const struct unwind_verifier *verifier, struct code_address frame,
			 struct buffer *to)
{
	const struct module *module = modules_find(verifier->modules, frame.module);
	const char *name = module && *module->name ? module->name : "[unknown]";

	if (frame.module == MODULE_VDSO)
		name = "[vdso]";
	else if (frame.module & MODULE_ANONYMOUS)
		name = "[anonymous]";
	buffer_printf(to, "%s+0x%llx", name, (unsigned long long)frame.offset);
}

static void log_stack(const struct unwind_verifier *verifier, const char *who,
		      const struct shown_stack *stack)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };
	const char *text;

	for (uint32_t i = 0; i < stack->depth && i < SHOWN_FRAMES; i++) {
		buffer_append_char(&line, ' ');
		append_frame(verifier, stack->frames[i], &line);
	}
	if (stack->depth > SHOWN_FRAMES)
		buffer_printf(&line, " and %u more", stack->depth - SHOWN_FRAMES);
	text = buffer_string(&line);
	if (text)
		log_info("  %s:%s", who, text);
}

/* Two files, or two contents of one, may have one name: then the frames that differ look alike. */
static void log_modules(const struct disagreement *shown)
{
	const struct shown_stack *rows = &shown->by_rows, *libunwind = &shown->by_libunwind;
	uint32_t i = 0;

	while (i < rows->depth && i < libunwind->depth && i < SHOWN_FRAMES &&
	       are_equal(rows->frames[i], libunwind->frames[i]))
		i++;
	if (i == SHOWN_FRAMES || i >= rows->depth || i >= libunwind->depth ||
	    rows->frames[i].offset != libunwind->frames[i].offset)
		return;
	log_info("  frame %u from the leaf is of module %016llx by rows, of %016llx by libunwind",
		 i, (unsigned long long)rows->frames[i].module,
		 (unsigned long long)libunwind->frames[i].module);
}

static void log_disagreement(const struct unwind_verifier *verifier,
			     const struct disagreement *shown)
{
	_cleanup_(buffer_release) struct buffer frame = { 0 };
	const char *text;

	append_frame(verifier, shown->frame, &frame);
	text = buffer_string(&frame);
	if (text)
		log_info(
			"disagreement about the caller of %s (frame %u from the leaf), %llu ticks:",
			text, shown->number, (unsigned long long)shown->ticks);
	log_stack(verifier, "by rows", &shown->by_rows);
	log_stack(verifier, "by libunwind", &shown->by_libunwind);
	log_modules(shown);
}

static void append_reasons(const uint64_t *reasons, const char *who, struct buffer *to)
{
	for (unsigned int reason = 0; reason < REASON_COUNT; reason++)
		if (reasons[reason])
			buffer_printf(to, ", %s %s %llu", who, tick_reason_name(reason),
				      (unsigned long long)reasons[reason]);
}

static void log_left_out(const struct verified_totals *totals)
{
	_cleanup_(buffer_release) struct buffer line = { 0 };
	const char *text;

	append_reasons(totals->rows_ended, "rows:", &line);
	append_reasons(totals->libunwind_ended, "libunwind:", &line);
	if (totals->deeper_than_snapshot)
		buffer_printf(&line, ", deeper than the snapshot %llu",
			      (unsigned long long)totals->deeper_than_snapshot);
	if (totals->without_snapshot)
		buffer_printf(&line, ", no room for a snapshot %llu",
			      (unsigned long long)totals->without_snapshot);
	text = buffer_string(&line);
	if (text && *text)
		log_info("not compared: %s", text + strlen(", "));
}

void unwind_verifier_log(const struct unwind_verifier *verifier)
{
	const struct verified_totals *totals = &verifier->totals;

	log_info(
		"libunwind agrees with %llu of %llu user stacks for which both claim a proven root (%.3f %%)",
		(unsigned long long)totals->agreed, (unsigned long long)totals->compared,
		totals->compared ? 100.0 * (double)totals->agreed / (double)totals->compared : 0);
	log_left_out(totals);
	for (size_t i = 0; i < verifier->shown_count; i++)
		log_disagreement(verifier, &verifier->shown[i]);
	if (verifier->not_shown)
		log_info("and %llu ticks with further disagreements",
			 (unsigned long long)verifier->not_shown);
}

static void write_reasons(const char *name, const uint64_t *reasons, struct buffer *to)
{
	const char *separator = "";

	buffer_printf(to, "\"%s\": {", name);
	for (unsigned int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++) {
		if (tick_reason_fate(reason) != TICK_TRUNCATED)
			continue;
		buffer_printf(to, "%s\"%s\": %llu", separator, tick_reason_name(reason),
			      (unsigned long long)reasons[reason]);
		separator = ", ";
	}
	buffer_append_string(to, "}");
}

void unwind_verifier_write_json(const struct unwind_verifier *verifier, struct buffer *to)
{
	const struct verified_totals *totals = &verifier->totals;

	buffer_printf(to,
		      "{\"compared\": %llu, \"agreed\": %llu, \"without_snapshot\": %llu, "
		      "\"deeper_than_snapshot\": %llu,\n    ",
		      (unsigned long long)totals->compared, (unsigned long long)totals->agreed,
		      (unsigned long long)totals->without_snapshot,
		      (unsigned long long)totals->deeper_than_snapshot);
	write_reasons("rows_ended", totals->rows_ended, to);
	buffer_append_string(to, ",\n    ");
	write_reasons("libunwind_ended", totals->libunwind_ended, to);
	buffer_append_string(to, "}");
}
