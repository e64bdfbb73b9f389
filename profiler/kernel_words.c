/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/kernel_words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf/events.h"
#include "kernel_words.skel.h"

struct kernel_words_source {
	struct kernel_words_bpf *skeleton; /* NULL: it is not loaded */
};

struct kernel_words_source *kernel_words_source_new(void)
{
	return calloc(1, sizeof(struct kernel_words_source));
}

void kernel_words_source_free(struct kernel_words_source *source)
{
	if (!source)
		return;
	kernel_words_bpf__destroy(source->skeleton);
	free(source);
}

static int load(struct kernel_words_source *source)
{
	if (!source->skeleton)
		source->skeleton = kernel_words_bpf__open_and_load();
	return source->skeleton ? 0 : -errno;
}

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

int kernel_words_ask(struct kernel_words_source *source, const uint64_t *addresses, size_t count,
		     struct kernel_words_list *ret_list)
{
	struct kernel_words_list list = { .texts = NULL };
	int error = load(source);

	if (error)
		return error;
	arena_init(&list.strings);
	list.texts = calloc(count + 1, sizeof(*list.texts));
	error = list.texts ? ask_all(source->skeleton, addresses, count, &list) : -ENOMEM;
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
