/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/kernel_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "base/cleanup.h"
#include "bpf/events.h"
#include "kernel_words.skel.h"

DEFINE_CLEANUP(cleanup_skeleton, struct kernel_words_bpf *, kernel_words_bpf__destroy)

static int run(struct kernel_words_bpf *skeleton, const uint64_t *addresses, size_t count)
{
	LIBBPF_OPTS(bpf_test_run_opts, options);

	skeleton->bss->count = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		skeleton->bss->batch[i].address = addresses[i];
	if (bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.name_kernel_code), &options))
		return -errno;
	return 0;
}

static int keep(struct kernel_words_list *list, size_t first, const struct kernel_words *batch,
		size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t size = strnlen(batch[i].text, sizeof(batch[i].text));
		/* One that fills its room was cut short. */
		bool is_whole = size < sizeof(batch[i].text) - 1;

		list->texts[first + i] =
			is_whole ? arena_string(&list->strings, batch[i].text, size) : NULL;
		if (is_whole && !list->texts[first + i])
			return -ENOMEM;
	}
	return 0;
}

static int ask_all(struct kernel_words_bpf *skeleton, const uint64_t *addresses, size_t count,
		   struct kernel_words_list *list)
{
	int error = 0;

	for (size_t first = 0; first < count && !error; first += KERNEL_WORDS_BATCH) {
		size_t left = count - first;
		size_t size = left < KERNEL_WORDS_BATCH ? left : KERNEL_WORDS_BATCH;

		error = run(skeleton, addresses + first, size);
		if (!error)
			error = keep(list, first, skeleton->bss->batch, size);
	}
	return error;
}

int kernel_words_ask(const uint64_t *addresses, size_t count, struct kernel_words_list *ret_list)
{
	_cleanup_(cleanup_skeleton) struct kernel_words_bpf *skeleton =
		kernel_words_bpf__open_and_load();
	struct kernel_words_list list = { .texts = NULL };
	int error = skeleton ? 0 : -errno;

	if (error)
		return error;
	arena_init(&list.strings);
	list.texts = calloc(count + 1, sizeof(*list.texts));
	error = list.texts ? ask_all(skeleton, addresses, count, &list) : -ENOMEM;
	if (error)
		kernel_words_release(&list);
	else
		*ret_list = list;
	return error;
}

void kernel_words_release(struct kernel_words_list *list)
{
	free(list->texts);
	arena_release(&list->strings);
	*list = (struct kernel_words_list){ .texts = NULL };
}
