/* SPDX-License-Identifier: Apache-2.0 */
#include "symbolize/dwarf_split.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "elf/elf_file.h"

/* What a section's header, and an attempt to open a file, are paid with. */
#define SECTION_BYTES 64
#define ATTEMPT_BYTES 64

void dwarf_splits_init(struct dwarf_splits *splits, struct dwarf_file *program, const char *path,
		       split_file_search_fn search, void *context)
{
	*splits = (struct dwarf_splits){
		.program = program,
		.path = path,
		.search = search,
		.context = context,
		.package_file = { .fd = -1 },
	};
}

void dwarf_splits_release(struct dwarf_splits *splits)
{
	debug_file_release(&splits->package_file);
	*splits = (struct dwarf_splits){ .package_file = { .fd = -1 } };
}

bool dwarf_unit_is_skeleton(const struct dwarf_unit *unit)
{
	return unit->split.name && unit->split.has_id;
}

static void reset(struct dwarf_split *split)
{
	*split = (struct dwarf_split){ .own = { .fd = -1 } };
}

void dwarf_split_release(struct dwarf_split *split)
{
	dwarf_units_release(&split->units);
	debug_file_release(&split->own);
	reset(split);
}

/* --- one unit --- */

/* Addresses are in the program, and so are the ranges of DWARF 4. */
static void join(const struct dwarf_file *program, const struct bytes *sections,
		 struct dwarf_file *file)
{
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		file->sections[i] = sections[i];
	file->sections[DWARF_ADDR] = program->sections[DWARF_ADDR];
	file->sections[DWARF_RANGES] = program->sections[DWARF_RANGES];
	file->code = program->code;
	file->code_count = program->code_count;
}

/*
 * The program pays for the bytes that are looked at first, so that many skeletons of one file cost no more than a multiple of
 * what it holds itself; for a multiple of these bytes the unit pays on its own. False: too much was asked.
 */
static bool add_work(struct dwarf_split *split, struct dwarf_file *program, struct bytes bytes)
{
	split->file.work_left += DWARF_FILE_WORK_FACTOR * (uint64_t)bytes.size;
	return dwarf_file_pay(program, bytes.size);
}

/* What the skeleton knows and the unit needs. */
static void take_from_skeleton(struct dwarf_unit *unit, const struct dwarf_unit *skeleton)
{
	unit->addr_base = skeleton->addr_base;
	unit->low_pc = skeleton->low_pc;
	unit->ranges_base = skeleton->split.ranges_base;
}

/* 0, -ENOENT, -ENOMEM: the sections have been set in split->file. */
static int find_unit(struct dwarf_split *split, const struct dwarf_unit *skeleton)
{
	int err;

	dwarf_units_init(&split->units, &split->file);
	err = dwarf_units_read_all(&split->units);
	for (size_t i = 0; !err && i < split->units.count; i++) {
		struct dwarf_unit *unit = split->units.units[i];

		if (!unit->split.has_id || unit->split.id != skeleton->split.id)
			continue;
		take_from_skeleton(unit, skeleton);
		split->unit = unit;
		return 0;
	}
	dwarf_units_release(&split->units);
	return err ? err : -ENOENT;
}

static int read_sections(struct dwarf_split *split, struct dwarf_file *program,
			 const struct dwarf_unit *skeleton, const struct bytes *sections)
{
	if (!add_work(split, program, sections[DWARF_INFO]))
		return -ENOENT;
	join(program, sections, &split->file);
	return find_unit(split, skeleton);
}

/* GCC puts each type unit into a section of its own; with one name all of them. */
static int read_file(struct dwarf_split *split, struct dwarf_file *program,
		     const struct dwarf_unit *skeleton, struct elf_file *elf)
{
	struct bytes sections[DWARF_SECTION_COUNT];
	size_t inflated = 0;
	int err = dwarf_package_sections(elf, &inflated, sections);

	if (err)
		return err;
	err = -ENOENT;
	if (!add_work(split, program, sections[DWARF_ABBREV]) ||
	    !dwarf_file_pay(program, SECTION_BYTES * elf_file_section_count(elf)))
		return err;
	for (size_t i = 1; err == -ENOENT && i < elf_file_section_count(elf); i++) {
		const struct elf_section *section = elf_file_section(elf, i);

		if (strcmp(section->name, DWARF_PACKAGE_INFO) != 0 || section->type == SHT_NOBITS)
			continue;
		err = dwarf_package_section(elf, section, &inflated, &sections[DWARF_INFO]);
		if (!err)
			err = read_sections(split, program, skeleton, sections);
	}
	return err;
}

int dwarf_split_read(struct dwarf_split *split, struct dwarf_file *program,
		     const struct dwarf_unit *skeleton, int *fd)
{
	struct elf_file *elf;
	int err = elf_file_open_mapped(*fd, &elf);

	reset(split);
	if (err)
		return err;
	err = read_file(split, program, skeleton, elf);
	if (err) {
		elf_file_free(elf);
		return err;
	}
	split->own = (struct debug_file){ take_fd(fd), elf };
	return 0;
}

/* --- candidates --- */

struct unit_search {
	struct dwarf_split *split;
	struct dwarf_file *program;
	const struct dwarf_unit *skeleton;
	int error;
};

static bool is_unit(void *context, int *fd, enum debug_file_way way)
{
	struct unit_search *search = context;

	(void)way;
	search->error = dwarf_split_read(search->split, search->program, search->skeleton, fd);
	return !search->error || search->error == -ENOMEM;
}

struct package_search {
	struct dwarf_splits *splits;
	int error;
};

static bool is_package(void *context, int *fd, enum debug_file_way way)
{
	struct package_search *search = context;
	struct elf_file *elf;

	(void)way;
	search->error = elf_file_open_mapped(*fd, &elf);
	if (search->error)
		return false;
	search->error = dwarf_package_init(&search->splits->package, elf);
	if (search->error) {
		elf_file_free(elf);
		return false;
	}
	search->splits->package_file = (struct debug_file){ take_fd(fd), elf };
	return true;
}

static int open_package(struct dwarf_splits *splits)
{
	const struct split_file_wanted wanted = { .path = splits->path };
	struct package_search search = { .splits = splits };
	const struct debug_file_judge judge = { .judge = is_package, .context = &search };

	if (splits->has_tried_package)
		return 0;
	splits->has_tried_package = true;
	splits->has_package = !splits->search(splits->context, &wanted, &judge);
	return search.error == -ENOMEM ? -ENOMEM : 0;
}

static int open_own(struct dwarf_split *split, struct dwarf_splits *splits,
		    const struct dwarf_unit *skeleton)
{
	const struct split_file_wanted wanted = {
		.path = splits->path,
		.name = skeleton->split.name,
		.comp_dir = skeleton->comp_dir,
		.id = skeleton->split.id,
	};
	struct unit_search search = {
		.split = split,
		.program = splits->program,
		.skeleton = skeleton,
	};
	const struct debug_file_judge judge = { .judge = is_unit, .context = &search };

	/* An attempt to open a file is not free either. */
	if (!dwarf_file_pay(splits->program, ATTEMPT_BYTES))
		return 0;
	splits->search(splits->context, &wanted, &judge);
	return search.error == -ENOMEM ? -ENOMEM : 0;
}

int dwarf_split_open(struct dwarf_split *split, struct dwarf_splits *splits,
		     const struct dwarf_unit *skeleton)
{
	struct bytes sections[DWARF_SECTION_COUNT];
	int err;

	reset(split);
	if (!splits->search)
		return 0;
	err = open_package(splits);
	if (err)
		return err;
	if (splits->has_package &&
	    dwarf_package_find(&splits->package, skeleton->split.id, sections) &&
	    add_work(split, splits->program, sections[DWARF_ABBREV])) {
		err = read_sections(split, splits->program, skeleton, sections);
		if (err != -ENOENT)
			return err;
	}
	reset(split);
	return open_own(split, splits, skeleton);
}
