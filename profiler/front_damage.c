/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/front_damage.h"

#include "store/store_folder.h"

void front_damage_init(struct front_damage *damage)
{
	*damage = (struct front_damage){ .lock = PTHREAD_MUTEX_INITIALIZER };
}

void front_damage_release(struct front_damage *damage)
{
	pthread_mutex_destroy(&damage->lock);
}

/* With the lock. NULL: it is not there. */
static struct front_damaged *find(struct front_damage *damage, uint64_t number)
{
	for (size_t i = 0; i < damage->count; i++)
		if (damage->slices[i].number == number)
			return &damage->slices[i];
	return NULL;
}

/* The same; NULL: there is no room. */
static struct front_damaged *find_or_add(struct front_damage *damage, uint64_t number)
{
	struct front_damaged *found = find(damage, number);

	if (!found && damage->count < FRONT_DAMAGE_MAX) {
		found = &damage->slices[damage->count++];
		*found = (struct front_damaged){ .number = number };
	}
	return found;
}

bool front_damage_note(struct front_damage *damage, const struct slice_entry *slice,
		       uint64_t chunks, bool is_lost)
{
	struct front_damaged *noted;
	size_t before;
	bool is_new;

	pthread_mutex_lock(&damage->lock);
	before = damage->count;
	noted = find_or_add(damage, slice->number);
	is_new = damage->count > before;
	if (noted) {
		noted->end_ns = slice->span.end_ns;
		noted->chunks = chunks > noted->chunks ? chunks : noted->chunks;
		noted->is_lost |= is_lost;
	}
	pthread_mutex_unlock(&damage->lock);
	return is_new;
}

struct front_damaged front_damage_find(struct front_damage *damage, uint64_t number)
{
	struct front_damaged found = { 0 };
	const struct front_damaged *noted;

	pthread_mutex_lock(&damage->lock);
	noted = find(damage, number);
	if (noted)
		found = *noted;
	pthread_mutex_unlock(&damage->lock);
	return found;
}

uint64_t front_damage_count(struct front_damage *damage, uint64_t oldest_ns)
{
	uint64_t count = 0;

	pthread_mutex_lock(&damage->lock);
	for (size_t i = 0; i < damage->count; i++)
		count += !damage->slices[i].end_ns || damage->slices[i].end_ns > oldest_ns;
	pthread_mutex_unlock(&damage->lock);
	return count;
}
