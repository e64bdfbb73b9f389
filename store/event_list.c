/* SPDX-License-Identifier: Apache-2.0 */
#include "store/event_list.h"

#include <errno.h>
#include <string.h>

#include "store/store_writer.h"

void event_list_release(struct event_list *list)
{
	arena_release(&list->texts);
	buffer_release(&list->events);
	*list = (struct event_list){ 0 };
}

void event_list_clear(struct event_list *list)
{
	event_list_release(list);
}

int event_list_append(struct event_list *list, const struct store_event *event)
{
	struct store_event added = *event;

	added.text = arena_string(&list->texts, event->text, strlen(event->text));
	if (!added.text)
		return -ENOMEM;
	buffer_append(&list->events, &added, sizeof(added));
	if (buffer_error(&list->events))
		return -ENOMEM;
	list->count++;
	return 0;
}

/* Half of them go with their texts, so that not each one moves the others. */
static int forget_first(struct event_list *list)
{
	struct event_list last = { 0 };
	int error = 0;

	for (size_t i = list->count / 2; i < list->count && !error; i++)
		error = event_list_append(&last, &event_list_get(list)[i]);
	if (error) {
		event_list_release(&last);
		return error;
	}
	event_list_release(list);
	*list = last;
	return 0;
}

int event_list_add(struct event_list *list, const struct store_event *event)
{
	int error = list->count == STORE_EVENTS_MAX ? forget_first(list) : 0;

	return error ? error : event_list_append(list, event);
}

const struct store_event *event_list_get(const struct event_list *list)
{
	return (const struct store_event *)list->events.data;
}
