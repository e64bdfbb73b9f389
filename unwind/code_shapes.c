/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/code_shapes.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "unwind/byte_pattern.h"
#include "unwind/entry_code.h"

#define ENTRY_BYTES 16 /* of a linkage table's entry, and so much is looked at of other code */

static void add(struct code_shapes *shapes, uint64_t start, uint64_t end, struct unwind_rule rule)
{
	if (start < end && shapes->count < CODE_SHAPES_MAX)
		shapes->shapes[shapes->count++] = (struct code_shape){ start, end, rule };
}

static void add_sp(struct code_shapes *shapes, uint64_t start, uint64_t end, int32_t offset)
{
	add(shapes, start, end, (struct unwind_rule){ .cfa = UNWIND_CFA_SP, .cfa_offset = offset });
}

/* --- linkage tables --- */

/* In an entry, from which byte on an index has been pushed; 16: none is. */
static unsigned int push_ends(struct bytes entry)
{
	if (BEGINS(entry, "\xff\x25....\x68....\xe9")) /* jmp *slot; push $index; jmp first */
		return 11;
	if (BEGINS(entry, "\xf3\x0f\x1e\xfa\x68....\xf2\xe9") || /* endbr64; push; (bnd) jmp */
	    BEGINS(entry, "\xf3\x0f\x1e\xfa\x68....\xe9"))
		return 9;
	if (BEGINS(entry, "\x68....\xf2\xe9") || BEGINS(entry, "\x68....\xe9")) /* push; jmp */
		return 5;
	if (BEGINS(entry, "\xff\x25....") || BEGINS(entry, "\xf2\xff\x25....") ||
	    BEGINS(entry, "\xf3\x0f\x1e\xfa\xff\x25....") ||
	    BEGINS(entry, "\xf3\x0f\x1e\xfa\xf2\xff\x25....") ||
	    BEGINS(entry, "\xf3\x0f\x1e\xfa\x41\xbb....\xff\x25")) /* mold: mov $index, %r11d */
		return ENTRY_BYTES;
	return 0;
}

/* The first entry, to which the others jump with an index on the stack or in r11; its rows. False: another one. */
static bool add_first_entry(struct code_shapes *shapes, struct bytes entry, uint64_t at)
{
	uint64_t end = at + ENTRY_BYTES;

	if (BEGINS(entry, "\xff\x35....\xff\x25") || BEGINS(entry, "\xff\x35....\xf2\xff\x25")) {
		add_sp(shapes, at, at + 6, 16);
		add_sp(shapes, at + 6, end, 24);
		return true;
	}
	if (BEGINS(entry, "\xf3\x0f\x1e\xfa\x41\x53\xff\x35")) { /* endbr64; push %r11; push */
		add_sp(shapes, at, at + 6, 8);
		add_sp(shapes, at + 6, at + 12, 16);
		add_sp(shapes, at + 12, end + ENTRY_BYTES, 24);
		return true;
	}
	return false;
}

static size_t read_code(const struct elf_file *file, uint64_t offset, uint8_t *to, size_t size)
{
	size_t read = 0;

	return elf_file_read(file, offset, to, size, &read) ? 0 : read;
}

/* Every entry but the first has the form of the second. */
static void add_linkage_table(struct code_shapes *shapes, const struct elf_file *file,
			      const struct elf_section *section)
{
	uint64_t start = section->offset, end = section->offset + section->size;
	uint8_t code[3 * ENTRY_BYTES];
	size_t size = read_code(file, start, code, sizeof(code)), at = 0;
	struct unwind_rule rule = { .cfa = UNWIND_CFA_SP, .cfa_offset = 8 };
	unsigned int threshold;

	if (size > section->size)
		size = section->size;
	if (section->address % ENTRY_BYTES == 0 &&
	    add_first_entry(shapes, (struct bytes){ code, size }, start))
		at = shapes->shapes[shapes->count - 1].end - start;
	if (at >= size)
		return;
	threshold = push_ends((struct bytes){ code + at, size - at });
	if (!threshold)
		return;
	if (threshold < ENTRY_BYTES)
		rule = (struct unwind_rule){ .cfa = UNWIND_CFA_PLT, .detail = threshold };
	if (threshold == ENTRY_BYTES || section->address % ENTRY_BYTES == 0)
		add(shapes, start + at, end, rule);
}

/* --- _init and _fini --- */

#define INIT_MAX_BYTES 256

/* The size of what stands there between prologue and epilogue; 0: anything else. */
static size_t init_call_bytes(struct bytes code)
{
	/* mov __gmon_start__, %rax; test %rax, %rax; je; call *%rax */
	if (BEGINS(code, "\x48\x8b\x05....\x48\x85\xc0\x74\x02\xff\xd0"))
		return 14;
	return BEGINS(code, "\xe8....") ? 5 : 0;
}

/*
 * A section that is one function, whose beginning and end are those of crti.o and crtn.o, and between them each object
 * may have put calls: GNU libc, sysdeps/x86_64/crti.S.
 */
static void add_init(struct code_shapes *shapes, const struct elf_file *file,
		     const struct elf_section *section)
{
	uint8_t code[INIT_MAX_BYTES];
	struct bytes rest = { code, section->size };
	uint64_t start = section->offset, body, end = section->offset + section->size;
	size_t call;

	if (section->size > sizeof(code) ||
	    read_code(file, start, code, section->size) != section->size)
		return;
	if (BEGINS(rest, "\xf3\x0f\x1e\xfa")) /* endbr64 */
		rest = (struct bytes){ rest.data + 4, rest.size - 4 };
	if (!BEGINS(rest, "\x48\x83\xec\x08")) /* sub $8, %rsp */
		return;
	rest = (struct bytes){ rest.data + 4, rest.size - 4 };
	body = end - rest.size;
	while ((call = init_call_bytes(rest)))
		rest = (struct bytes){ rest.data + call, rest.size - call };
	if (rest.size != 5 || !BEGINS(rest, "\x48\x83\xc4\x08\xc3")) /* add $8, %rsp; ret */
		return;
	add_sp(shapes, start, body, 8);
	add_sp(shapes, body, end - 1, 16);
	add_sp(shapes, end - 1, end, 8);
}

/* --- gcc's crtbeginS.o --- */

/* Distances of its functions from __do_global_dtors_aux, which .fini_array names. */
#define DEREGISTER_BEFORE 0x70
#define REGISTER_BEFORE   0x40
#define FRAME_DUMMY       0x40
#define FRAME_DUMMY_BYTES 9
#define CRT_BYTES         (DEREGISTER_BEFORE + FRAME_DUMMY + FRAME_DUMMY_BYTES)

/* They call nothing but by a jump at their ends: deregister_tm_clones, register_tm_clones. */
static bool are_clone_functions(struct bytes deregister, struct bytes register_)
{
	return BEGINS(deregister,
		      "\x48\x8d\x3d....\x48\x8d\x05....\x48\x39\xf8\x74.\x48\x8b\x05...."
		      "\x48\x85\xc0\x74.\xff\xe0") &&
	       BEGINS(register_,
		      "\x48\x8d\x3d....\x48\x8d\x35....\x48\x29\xfe\x48\x89\xf0\x48\xc1\xee\x3f"
		      "\x48\xc1\xf8\x03\x48\x01\xc6\x48\xd1\xfe\x74.\x48\x8b\x05....\x48\x85\xc0"
		      "\x74.\xff\xe0");
}

/* __do_global_dtors_aux: where behind its start rbp has been pushed; 0: it is another function. */
static size_t dtors_push_ends(struct bytes code)
{
	size_t skipped = BEGINS(code, "\xf3\x0f\x1e\xfa") ? 4 : 0; /* endbr64 */
	struct bytes rest = { code.data + skipped, code.size - skipped };

	/* cmpb; jne; push %rbp; cmpq; mov %rsp, %rbp; je; mov; call; call; movb; pop %rbp; ret */
	return BEGINS(rest, "\x80\x3d....\0\x75.\x55\x48\x83\x3d....\0\x48\x89\xe5\x74."
			    "\x48\x8b\x3d....\xe8....\xe8....\xc6\x05....\x01\x5d\xc3")
		       ? skipped + 10
		       : 0;
}

/* frame_dummy: its size; 0: it is another function. */
static size_t frame_dummy_bytes(struct bytes code)
{
	/* endbr64; jmp register_tm_clones */
	if (BEGINS(code, "\xf3\x0f\x1e\xfa\xe9\x77\xff\xff\xff"))
		return FRAME_DUMMY_BYTES;
	return BEGINS(code, "\xe9\x7b\xff\xff\xff") ? 5 : 0;
}

/* The functions that gcc puts ahead of everybody's: libgcc/crtstuff.c, in position-independent files. */
static void add_crtbegin(struct code_shapes *shapes, const struct elf_file *file,
			 const struct elf_section *fini_array)
{
	const struct unwind_rule pushed = {
		.cfa = UNWIND_CFA_SP, .cfa_offset = 16, .fp = UNWIND_FP_OFFSET, .fp_offset = -16
	};
	uint8_t code[CRT_BYTES], word[8];
	struct bytes dtors = { code + DEREGISTER_BEFORE, FRAME_DUMMY };
	struct bytes dummy = { dtors.data + FRAME_DUMMY, FRAME_DUMMY_BYTES };
	struct byte_reader reader;
	uint64_t start, end;
	size_t push;

	byte_reader_init(&reader, (struct bytes){ word, sizeof(word) });
	if (fini_array->size < sizeof(word) ||
	    read_code(file, fini_array->offset, word, sizeof(word)) != sizeof(word) ||
	    !elf_file_offset_of_address(file, byte_reader_u64(&reader), &start) ||
	    start < DEREGISTER_BEFORE ||
	    read_code(file, start - DEREGISTER_BEFORE, code, sizeof(code)) != sizeof(code))
		return;
	push = dtors_push_ends(dtors);
	if (!push ||
	    !are_clone_functions(
		    (struct bytes){ code, DEREGISTER_BEFORE - REGISTER_BEFORE },
		    (struct bytes){ code + DEREGISTER_BEFORE - REGISTER_BEFORE, REGISTER_BEFORE }))
		return;
	end = start + push + 38; /* behind pop */
	add_sp(shapes, start - DEREGISTER_BEFORE, start + push, 8);
	add(shapes, start + push, end, pushed);
	add_sp(shapes, end, start + FRAME_DUMMY + frame_dummy_bytes(dummy), 8);
}

/* --- the entry point --- */

/* Nothing called what the kernel jumps to. */
static void add_entry(struct code_shapes *shapes, const struct elf_file *file)
{
	struct entry_code code;

	if (entry_code_find(file, &code))
		add(shapes, code.start, code.end, (struct unwind_rule){ .cfa = UNWIND_ROOT });
}

/* --- together --- */

static void add_sections(struct code_shapes *shapes, const struct elf_file *file)
{
	static const struct {
		const char *name;
		uint32_t type;
		void (*add)(struct code_shapes *shapes, const struct elf_file *file,
			    const struct elf_section *section);
	} rows[] = {
		{ ".plt", SHT_PROGBITS, add_linkage_table },
		{ ".plt.sec", SHT_PROGBITS, add_linkage_table },
		{ ".plt.got", SHT_PROGBITS, add_linkage_table },
		{ ".iplt", SHT_PROGBITS, add_linkage_table },
		{ ".init", SHT_PROGBITS, add_init },
		{ ".fini", SHT_PROGBITS, add_init },
		{ ".fini_array", SHT_FINI_ARRAY, add_crtbegin },
	};
	uint64_t size = elf_file_size(file);

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		const struct elf_section *section = elf_file_section_named(file, rows[i].name);

		if (section && section->type == rows[i].type && section->offset <= size &&
		    section->size <= size - section->offset)
			rows[i].add(shapes, file, section);
	}
}

static int compare(const void *a, const void *b)
{
	const struct code_shape *left = a, *right = b;

	return (left->start > right->start) - (left->start < right->start);
}

static void drop_overlaps(struct code_shapes *shapes)
{
	size_t kept = 0;

	for (size_t i = 0; i < shapes->count; i++) {
		if (!kept || shapes->shapes[i].start >= shapes->shapes[kept - 1].end)
			shapes->shapes[kept++] = shapes->shapes[i];
	}
	shapes->count = kept;
}

void code_shapes_find(struct code_shapes *shapes, const struct elf_file *file,
		      const struct cfi_machine *machine)
{
	shapes->count = shapes->passed = 0;
	if (!machine->has_code_shapes)
		return;
	add_sections(shapes, file);
	add_entry(shapes, file);
	qsort(shapes->shapes, shapes->count, sizeof(*shapes->shapes), compare);
	drop_overlaps(shapes);
}

const struct code_shape *code_shapes_next(struct code_shapes *shapes, uint64_t offset)
{
	while (shapes->passed < shapes->count && shapes->shapes[shapes->passed].end <= offset)
		shapes->passed++;
	return shapes->passed < shapes->count ? &shapes->shapes[shapes->passed] : NULL;
}
