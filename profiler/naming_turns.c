/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/naming_turns.h"

/* A file that was read. */
struct naming_turn {
	uint64_t file;   /* the key */
	uint64_t window; /* in which it was read last, */
	uint64_t wait;   /* and so many windows it waits then; */
	uint64_t due_ns; /* 0: no longer than that */
	uint64_t times;
};

void naming_turns_init(struct naming_turns *turns)
{
	turns->window = 0;
	record_pool_init(&turns->files, sizeof(struct naming_turn), sizeof(uint64_t));
}

void naming_turns_release(struct naming_turns *turns)
{
	record_pool_release(&turns->files);
}

void naming_turns_begin_window(struct naming_turns *turns)
{
	turns->window++;
}

/* NULL: it was not read yet. */
static struct naming_turn *find(const struct naming_turns *turns, uint64_t file)
{
	uint32_t index;

	return record_pool_find(&turns->files, &file, &index)
		       ? record_pool_get(&turns->files, index)
		       : NULL;
}

bool naming_turns_is_due(const struct naming_turns *turns, uint64_t file, uint64_t now_ns)
{
	const struct naming_turn *turn = find(turns, file);

	return !turn || (turns->window - turn->window >= turn->wait && now_ns >= turn->due_ns);
}

/* Each time it waits twice as long. */
int naming_turns_note(struct naming_turns *turns, uint64_t file)
{
	struct naming_turn *turn;
	uint32_t index;
	int error = record_pool_add(&turns->files, &file, &index);

	if (error)
		return error;
	turn = record_pool_get(&turns->files, index);
	turn->window = turns->window;
	turn->wait = turn->wait * 2 + 1;
	if (turn->wait > NAMING_TURNS_MIN_WINDOWS)
		turn->wait = NAMING_TURNS_MIN_WINDOWS;
	turn->due_ns = 0;
	turn->times++;
	return 0;
}

void naming_turns_charge(struct naming_turns *turns, uint64_t file, uint64_t now_ns,
			 uint64_t cpu_ns)
{
	struct naming_turn *turn = find(turns, file);
	uint64_t last_ns = now_ns + NAMING_TURNS_MAX_NS;

	if (!turn || turn->times < NAMING_TURNS_CHEAPLY)
		return;
	if (turn->due_ns < now_ns)
		turn->due_ns = now_ns;
	if (cpu_ns > NAMING_TURNS_MAX_NS / NAMING_TURNS_COST)
		turn->due_ns = last_ns;
	else
		turn->due_ns += cpu_ns * NAMING_TURNS_COST;
	if (turn->due_ns > last_ns)
		turn->due_ns = last_ns;
}
