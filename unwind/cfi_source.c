/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_source.h"

#include <errno.h>

#include "base/hash.h"
#include "unwind/cfi_program.h"

void cfi_source_init(struct cfi_source *source, const struct cfi_section *section,
		     const struct cfi_machine *machine)
{
	source->section = *section;
	source->machine = machine;
	u64_map_init(&source->numbers);
	source->seed = hash_seed();
	buffer_init(&source->cies);
	source->last_offset = CFI_ENTRY_NO_CIE;
}

void cfi_source_release(struct cfi_source *source)
{
	cfi_section_release(&source->section);
	u64_map_release(&source->numbers);
	buffer_release(&source->cies);
}

static int read_cie(struct cfi_source *source, uint64_t offset, struct cfi_cie *ret_cie)
{
	struct cfi_entry entry;
	struct bytes instructions;
	int err = cfi_entry_read(&source->section, offset, &entry);

	if (err)
		return err;
	if (!entry.is_cie)
		return -EBADMSG;
	err = cfi_cie_read(&source->section, &entry, source->machine, ret_cie, &instructions);
	if (!err)
		cfi_program_run_initial(&source->section, source->machine, ret_cie, instructions);
	return err;
}

static int add_cie(struct cfi_source *source, uint64_t offset, uint32_t *ret_number)
{
	uint32_t number = source->cies.size / sizeof(struct cfi_cie);
	struct cfi_cie cie;
	int err;

	if (number == CFI_SOURCE_MAX_CIES)
		return -E2BIG;
	err = read_cie(source, offset, &cie);
	if (err)
		return err;
	buffer_append(&source->cies, &cie, sizeof(cie));
	err = buffer_error(&source->cies);
	if (!err)
		err = u64_map_set(&source->numbers, offset ^ source->seed, number);
	if (!err)
		*ret_number = number;
	return err;
}

int cfi_source_cie(struct cfi_source *source, const struct cfi_entry *fde,
		   const struct cfi_cie **ret_cie)
{
	int err;

	if (fde->cie == CFI_ENTRY_NO_CIE)
		return -EBADMSG;
	if (fde->cie != source->last_offset) {
		uint32_t number = u64_map_get(&source->numbers, fde->cie ^ source->seed);

		if (number == U64_MAP_ABSENT) {
			err = add_cie(source, fde->cie, &number);
			if (err)
				return err;
		}
		source->last_offset = fde->cie;
		source->last_number = number;
	}
	*ret_cie = (const struct cfi_cie *)source->cies.data + source->last_number;
	return 0;
}
