/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer: any bytes as an ELF file whose functions are asked for all over it, and as the debug file of itself: symbol tables,
 * MiniDebugInfo, the PLT, .gopclntab, build-id and debuglink. Names that come out are strings.
 */
#include <stdlib.h>
#include <string.h>

#include "elf/debuglink.h"
#include "elf/elf_file.h"
#include "symbolize/answer.h"
#include "symbolize/file_names.h"

#define ADDRESSES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct answer *answer)
{
	for (size_t i = 0; i < answer->count; i++)
		if (answer->names[i].function && !*answer->names[i].function)
			abort();
}

static void ask(struct elf_file *file, struct elf_file *debug_file, size_t size)
{
	static const char *const no_folders[] = { NULL };
	uint64_t offsets[ADDRESSES];
	struct file_question question = {
		.debug_folders = no_folders,
		.debug_file = debug_file,
		.offsets = offsets,
		.count = ADDRESSES,
	};
	struct answer answer;

	for (size_t i = 0; i < ADDRESSES; i++)
		offsets[i] = size * i / ADDRESSES;
	if (answer_init(&answer, ADDRESSES))
		abort();
	if (!file_names_answer(file, &question, &answer))
		check(&answer);
	answer_release(&answer);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_file *file, *debug_file;
	struct debuglink link;

	if (elf_file_open_image((struct bytes){ data, size }, &file))
		return 0;
	if (elf_file_open_image((struct bytes){ data, size }, &debug_file))
		abort();
	debuglink_read(file, &link);
	ask(file, NULL, size);
	ask(file, debug_file, size);
	elf_file_free(debug_file);
	elf_file_free(file);
	return 0;
}
