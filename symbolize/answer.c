/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/u64_sort.h"
#include "symbolize/ascending.h"
#include "symbolize/demangle.h"

int answer_init(struct answer *answer, size_t count)
{
	*answer = (struct answer){ .count = count };
	string_pool_init(&answer->strings);
	arena_init(&answer->more);
	answer->names = calloc(count ? count : 1, sizeof(*answer->names));
	return answer->names ? 0 : -ENOMEM;
}

void answer_release(struct answer *answer)
{
	string_pool_release(&answer->strings);
	arena_release(&answer->more);
	free(answer->names);
	*answer = (struct answer){ 0 };
}

static int keep_bytes(struct answer *answer, const char *bytes, size_t size, const char **ret_kept)
{
	uint32_t id;
	int err = string_pool_add(&answer->strings, bytes, size, &id);

	if (err)
		return err;
	*ret_kept = string_pool_get(&answer->strings, id, NULL);
	return 0;
}

int answer_keep(struct answer *answer, const char *string, const char **ret_kept)
{
	return keep_bytes(answer, string, strlen(string), ret_kept);
}

int answer_keep_demangled(struct answer *answer, const char *name, const char **ret_kept)
{
	_cleanup_(buffer_release) struct buffer shown = { 0 };
	int err;

	demangle_append(&shown, name, answer->demangle);
	err = buffer_error(&shown);
	return err ? err : keep_bytes(answer, shown.data, shown.size, ret_kept);
}

static struct symbol_name *new_name(struct answer *answer)
{
	struct symbol_name *name = arena_alloc(&answer->more, sizeof(*name));

	if (name)
		*name = (struct symbol_name){ 0 };
	return name;
}

int answer_add_later(struct answer *answer, struct symbol_name *name,
		     struct symbol_name **ret_later)
{
	struct symbol_name *later = new_name(answer);

	if (!later)
		return -ENOMEM;
	name->later = *ret_later = later;
	return 0;
}

int answer_add_inlined(struct answer *answer, struct symbol_name *name,
		       struct symbol_name **ret_inlined)
{
	struct symbol_name *inlined = new_name(answer);

	if (!inlined)
		return -ENOMEM;
	name->inlined = *ret_inlined = inlined;
	return 0;
}

int asked_addresses_init(struct asked_addresses *asked, size_t limit)
{
	*asked = (struct asked_addresses){
		.addresses = calloc(limit ? limit : 1, sizeof(*asked->addresses)),
		.places = calloc(limit ? limit : 1, sizeof(*asked->places)),
	};
	return asked->addresses && asked->places ? 0 : -ENOMEM;
}

void asked_addresses_release(struct asked_addresses *asked)
{
	free(asked->addresses);
	free(asked->places);
	*asked = (struct asked_addresses){ 0 };
}

void asked_addresses_add(struct asked_addresses *asked, uint64_t address, size_t place)
{
	asked->addresses[asked->count] = address;
	asked->places[asked->count++] = place;
}

int asked_addresses_sort(struct asked_addresses *asked)
{
	_cleanup_free_ struct u64_item *items = NULL;
	int err;

	if (ascending_is(asked->addresses, asked->count))
		return 0;
	items = malloc(asked->count * sizeof(*items));
	if (!items)
		return -ENOMEM;
	for (size_t i = 0; i < asked->count; i++)
		items[i] = (struct u64_item){ asked->addresses[i], asked->places[i] };
	err = u64_sort(items, asked->count);
	for (size_t i = 0; !err && i < asked->count; i++) {
		asked->addresses[i] = items[i].key;
		asked->places[i] = items[i].value;
	}
	return err;
}
