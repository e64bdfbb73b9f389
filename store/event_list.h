/* SPDX-License-Identifier: Apache-2.0 */
/* Events that are to be written, with their texts. */
#ifndef HEARTH_STORE_EVENT_LIST_H
#define HEARTH_STORE_EVENT_LIST_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "store/slice_events.h"

/* Zero bytes are an empty one. */
struct event_list {
	struct arena texts;
	struct buffer events;
	size_t count;
};

void event_list_release(struct event_list *list);
void event_list_clear(struct event_list *list);

/* Of those that wait: of more than STORE_EVENTS_MAX the first ones are lost. 0 or -ENOMEM. */
int event_list_add(struct event_list *list, const struct store_event *event);

/* However many there are: 0 or -ENOMEM. */
int event_list_append(struct event_list *list, const struct store_event *event);

const struct store_event *event_list_get(const struct event_list *list);

#endif
