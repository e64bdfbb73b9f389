/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/unwind_loader.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/quiet_thread.h"
#include "base/u64_map.h"
#include "bpf/events.h"
#include "unwind/row_table.h"

enum load_state { LOAD_NONE, LOAD_QUEUED, LOAD_DONE, LOAD_EVICTED, LOAD_REFUSED };

/* Or an alias of one, which has a state and nothing else. */
struct known_module {
	uint32_t last_round; /* in which it was sampled or asked for */
	uint8_t state;       /* enum load_state */
	bool was_compiled, was_loaded;
};

struct request {
	uint64_t module;   /* 0: none, tables are to leave */
	uint64_t alias_of; /* a module; 0: it is one itself */
	int fd;
};

struct unwind_loader {
	pthread_t thread;
	int answered; /* an eventfd */
	struct unwind_row_source source;
	struct unwind_tables *tables; /* the thread's own */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t changed;
	struct u64_map ids; /* module -> index into known */
	struct known_module *known;
	uint32_t known_count, known_capacity;
	uint32_t round;
	struct request requests[UNWIND_LOADER_MAX_REQUESTS]; /* a ring */
	uint32_t first_request, request_count;
	bool is_busy, is_ending, is_released;
	bool wants_less;   /* memory */
	uint64_t again_ns; /* CLOCK_MONOTONIC from which on something may be compiled again */
	struct unwind_loader_totals totals;
};

/* --- what is known of modules; under the lock --- */

static struct known_module *find_known(const struct unwind_loader *loader, uint64_t module)
{
	uint32_t index = u64_map_get(&loader->ids, module);

	return index == U64_MAP_ABSENT ? NULL : &loader->known[index];
}

static struct known_module *add_known(struct unwind_loader *loader, uint64_t module)
{
	uint32_t capacity = loader->known_capacity ? loader->known_capacity * 2 : 64;
	struct known_module *known;

	if (loader->known_count == loader->known_capacity) {
		known = realloc(loader->known, capacity * sizeof(*known));
		if (!known)
			return NULL;
		loader->known = known;
		loader->known_capacity = capacity;
	}
	if (u64_map_set(&loader->ids, module, loader->known_count))
		return NULL;
	known = &loader->known[loader->known_count++];
	*known = (struct known_module){ 0 };
	return known;
}

static bool is_wanted(const struct unwind_loader *loader, const struct known_module *known)
{
	if (known->state != LOAD_NONE && known->state != LOAD_EVICTED)
		return false;
	return !known->was_compiled || clock_monotonic_ns() >= loader->again_ns;
}

static void queue(struct unwind_loader *loader, struct known_module *known,
		  const struct request *request)
{
	uint32_t at = (loader->first_request + loader->request_count) % UNWIND_LOADER_MAX_REQUESTS;

	known->last_round = loader->round;
	if (loader->request_count == UNWIND_LOADER_MAX_REQUESTS) {
		loader->totals.postponed++;
		return;
	}
	loader->requests[at] = *request;
	loader->request_count++;
	known->state = LOAD_QUEUED;
	pthread_cond_broadcast(&loader->changed);
}

/* --- the thread --- */

static uint32_t idle_rounds(void *context, uint64_t module)
{
	struct unwind_loader *loader = context;
	const struct known_module *known;
	uint32_t rounds = 0;

	if (module == MODULE_VDSO)
		return 0; /* every program's, and no tick tells where it could be loaded from again */
	pthread_mutex_lock(&loader->lock);
	known = find_known(loader, module);
	if (known && loader->round - known->last_round >= UNWIND_LOADER_KEPT_ROUNDS)
		rounds = loader->round - known->last_round;
	pthread_mutex_unlock(&loader->lock);
	return rounds;
}

static void note_evicted(void *context, uint64_t module)
{
	struct unwind_loader *loader = context;

	pthread_mutex_lock(&loader->lock);
	find_known(loader, module)->state = LOAD_EVICTED;
	pthread_mutex_unlock(&loader->lock);
}

struct outcome {
	int error;
	uint32_t refused_sections;
	uint64_t compile_ns;
};

static struct outcome load(struct unwind_loader *loader, const struct request *request)
{
	_cleanup_(buffer_release) struct buffer table = { 0 };
	uint64_t start = clock_monotonic_ns();
	struct outcome outcome = { .error = loader->source.compile(loader->source.context,
								   request->fd, &table) };

	outcome.compile_ns = clock_monotonic_ns() - start;
	if (!outcome.error)
		outcome.refused_sections =
			((const struct row_table_header *)table.data)->refused_sections;
	if (!outcome.error || outcome.error == -ENOENT)
		outcome.error = unwind_tables_load(
			loader->tables, request->module,
			(struct bytes){ (const uint8_t *)table.data, table.size });
	return outcome;
}

/* Without room a module is as one not yet met: a tick that lacks it asks again. */
static enum load_state state_of(int error)
{
	if (!error)
		return LOAD_DONE;
	return error == -ENOSPC || error == -ENOMEM || error == -EMFILE || error == -EAGAIN
		       ? LOAD_NONE
		       : LOAD_REFUSED;
}

/* Under the lock. */
static void settle(struct unwind_loader *loader, uint64_t module, const struct outcome *outcome)
{
	struct unwind_loader_totals *totals = &loader->totals;
	struct known_module *known = find_known(loader, module);

	if (known->was_compiled)
		loader->again_ns =
			clock_monotonic_ns() + outcome->compile_ns * UNWIND_LOADER_AGAIN_SHARE;
	totals->compile_ns += outcome->compile_ns;
	if (outcome->compile_ns > totals->compile_max_ns)
		totals->compile_max_ns = outcome->compile_ns;
	known->state = state_of(outcome->error);
	totals->loaded += known->state == LOAD_DONE;
	totals->reloaded += known->state == LOAD_DONE && known->was_loaded;
	totals->postponed += known->state == LOAD_NONE;
	totals->refused += known->state == LOAD_REFUSED;
	if (!known->was_compiled)
		totals->refused_sections += outcome->refused_sections;
	known->was_compiled = true;
	known->was_loaded |= known->state == LOAD_DONE;
	unwind_tables_read_totals(loader->tables, &totals->tables);
}

/* Where it cannot be had a tick that lacks it asks again. */
static void load_alias(struct unwind_loader *loader, const struct request *request)
{
	int error = unwind_tables_add_alias(loader->tables, request->module, request->alias_of);

	pthread_mutex_lock(&loader->lock);
	find_known(loader, request->module)->state = error ? LOAD_NONE : LOAD_DONE;
	pthread_mutex_unlock(&loader->lock);
}

static void load_module(struct unwind_loader *loader, const struct request *request)
{
	struct outcome outcome = load(loader, request);

	if (outcome.error == -ECANCELED)
		return;
	pthread_mutex_lock(&loader->lock);
	settle(loader, request->module, &outcome);
	pthread_mutex_unlock(&loader->lock);
}

/* Where nobody is idle, all stay. */
static void shrink(struct unwind_loader *loader)
{
	unwind_tables_shrink(loader->tables);
	pthread_mutex_lock(&loader->lock);
	unwind_tables_read_totals(loader->tables, &loader->totals.tables);
	pthread_mutex_unlock(&loader->lock);
}

/* Takes the next request, and waits for one; false: the loader is released. Under the lock. */
static bool take_request(struct unwind_loader *loader, struct request *ret_request)
{
	loader->is_busy = false;
	pthread_cond_broadcast(&loader->changed);
	while (((!loader->request_count && !loader->wants_less) || loader->is_ending) &&
	       !loader->is_released)
		pthread_cond_wait(&loader->changed, &loader->lock);
	if (loader->is_released)
		return false;
	loader->is_busy = true;
	if (loader->wants_less) {
		loader->wants_less = false;
		*ret_request = (struct request){ .fd = -1 };
		return true;
	}
	*ret_request = loader->requests[loader->first_request];
	loader->first_request = (loader->first_request + 1) % UNWIND_LOADER_MAX_REQUESTS;
	loader->request_count--;
	return true;
}

static void *run(void *context)
{
	struct unwind_loader *loader = context;
	struct request request;

	pthread_mutex_lock(&loader->lock);
	while (take_request(loader, &request)) {
		pthread_mutex_unlock(&loader->lock);
		if (!request.module)
			shrink(loader);
		else if (request.alias_of)
			load_alias(loader, &request);
		else
			load_module(loader, &request);
		eventfd_write(loader->answered, 1);
		pthread_mutex_lock(&loader->lock);
	}
	pthread_mutex_unlock(&loader->lock);
	return NULL;
}

/* --- the others --- */

int unwind_loader_new(const struct unwind_maps_view *maps, const struct unwind_row_source *source,
		      struct unwind_loader **ret_loader)
{
	struct unwind_loader *loader = calloc(1, sizeof(*loader));
	const struct unwind_tables_owner owner = { idle_rounds, note_evicted, loader };
	int error;

	if (!loader)
		return -ENOMEM;
	loader->source = *source;
	u64_map_init(&loader->ids);
	pthread_mutex_init(&loader->lock, NULL);
	pthread_cond_init(&loader->changed, NULL);
	loader->answered = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = loader->answered < 0 ? -errno : unwind_tables_new(maps, &owner, &loader->tables);
	if (!error)
		error = quiet_thread_start(&loader->thread, run, loader);
	if (error) {
		unwind_tables_free(loader->tables);
		cleanup_close(&loader->answered);
		free(loader);
		return error;
	}
	*ret_loader = loader;
	return 0;
}

void unwind_loader_end(struct unwind_loader *loader)
{
	bool has_ended;

	pthread_mutex_lock(&loader->lock);
	has_ended = loader->is_ending;
	loader->is_ending = true;
	pthread_cond_broadcast(&loader->changed);
	pthread_mutex_unlock(&loader->lock);
	if (has_ended)
		return; /* whoever answers may be asked by somebody else by now */
	loader->source.interrupt(loader->source.context);
	pthread_mutex_lock(&loader->lock);
	while (loader->is_busy)
		pthread_cond_wait(&loader->changed, &loader->lock);
	pthread_mutex_unlock(&loader->lock);
}

void unwind_loader_free(struct unwind_loader *loader)
{
	if (!loader)
		return;
	unwind_loader_end(loader);
	pthread_mutex_lock(&loader->lock);
	loader->is_released = true;
	pthread_cond_broadcast(&loader->changed);
	pthread_mutex_unlock(&loader->lock);
	pthread_join(loader->thread, NULL);
	unwind_tables_free(loader->tables);
	close(loader->answered);
	u64_map_release(&loader->ids);
	pthread_mutex_destroy(&loader->lock);
	pthread_cond_destroy(&loader->changed);
	free(loader->known);
	free(loader);
}

/* Under the lock. */
static void ask(struct unwind_loader *loader, const struct request *request)
{
	struct known_module *known = find_known(loader, request->module);

	if (!known)
		known = add_known(loader, request->module);
	if (known && is_wanted(loader, known))
		queue(loader, known, request);
}

void unwind_loader_request(struct unwind_loader *loader, uint64_t module, int fd)
{
	const struct request request = { .module = module, .fd = fd };

	pthread_mutex_lock(&loader->lock);
	ask(loader, &request);
	pthread_mutex_unlock(&loader->lock);
}

void unwind_loader_request_alias(struct unwind_loader *loader, uint64_t alias, uint64_t module)
{
	const struct request request = { .module = alias, .alias_of = module };
	const struct known_module *known;

	pthread_mutex_lock(&loader->lock);
	known = find_known(loader, module);
	if (known && (known->state == LOAD_QUEUED || known->state == LOAD_DONE))
		ask(loader, &request);
	pthread_mutex_unlock(&loader->lock);
}

void unwind_loader_note_use(struct unwind_loader *loader, const uint64_t *modules, size_t count)
{
	pthread_mutex_lock(&loader->lock);
	loader->round++;
	for (size_t i = 0; i < count; i++) {
		struct known_module *known = find_known(loader, modules[i]);

		if (known)
			known->last_round = loader->round;
	}
	pthread_mutex_unlock(&loader->lock);
}

void unwind_loader_shrink(struct unwind_loader *loader)
{
	pthread_mutex_lock(&loader->lock);
	loader->wants_less = true;
	pthread_cond_broadcast(&loader->changed);
	pthread_mutex_unlock(&loader->lock);
}

bool unwind_loader_is_pending(struct unwind_loader *loader, uint64_t module)
{
	const struct known_module *known;
	bool is_pending;

	pthread_mutex_lock(&loader->lock);
	known = find_known(loader, module);
	is_pending = known && known->state == LOAD_QUEUED && !loader->is_ending;
	pthread_mutex_unlock(&loader->lock);
	return is_pending;
}

int unwind_loader_fd(const struct unwind_loader *loader)
{
	return loader->answered;
}

void unwind_loader_read_totals(struct unwind_loader *loader,
			       struct unwind_loader_totals *ret_totals)
{
	pthread_mutex_lock(&loader->lock);
	*ret_totals = loader->totals;
	pthread_mutex_unlock(&loader->lock);
}

void unwind_loader_settle(struct unwind_loader *loader)
{
	pthread_mutex_lock(&loader->lock);
	while (!loader->is_ending &&
	       (loader->request_count || loader->wants_less || loader->is_busy))
		pthread_cond_wait(&loader->changed, &loader->lock);
	pthread_mutex_unlock(&loader->lock);
}
