/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_entry.h"

#include <errno.h>
#include <string.h>

#define ESCAPE_64        0xffffffffu /* DWARF 5, 7.4: a 64-bit length follows */
#define ESCAPES          0xfffffff0u /* from here on lengths are reserved */
#define HEADER_MAX       (4 + 8 + 8)
#define RANGE_MAX        (2 * 10) /* two pointers, LEB128 at the longest */
#define AUGMENTATION_MAX 32       /* characters */

/* --- what both have --- */

/*
 * The CIE of an FDE: in .debug_frame an offset in the section, in .eh_frame how far before this field it is
 * (LSB 5.0 Core, 10.6.1.1). What marks a CIE is all ones in .debug_frame, 0 in .eh_frame.
 */
static int set_cie(const struct cfi_section *section, uint64_t pointer, uint64_t field, bool is_64,
		   struct cfi_entry *entry)
{
	uint64_t mark = is_64 ? UINT64_MAX : UINT32_MAX;

	if (section->kind == CFI_EH_FRAME)
		mark = 0;
	entry->is_cie = pointer == mark;
	if (entry->is_cie)
		return 0;
	if (section->kind == CFI_EH_FRAME && pointer > field)
		return -EBADMSG;
	entry->cie = section->kind == CFI_EH_FRAME ? field - pointer : pointer;
	return entry->cie < section->size ? 0 : -EBADMSG;
}

static int parse_header(const struct cfi_section *section, struct bytes bytes, uint64_t offset,
			struct cfi_entry *ret_entry)
{
	struct cfi_entry entry = { .offset = offset };
	struct byte_reader reader;
	bool is_64, wide_pointer;
	uint64_t length, pointer, field;

	byte_reader_init(&reader, bytes);
	length = byte_reader_u32(&reader);
	is_64 = length == ESCAPE_64;
	if (!is_64 && length >= ESCAPES)
		return -EBADMSG;
	if (is_64)
		length = byte_reader_u64(&reader);
	field = offset + reader.offset;
	/* In .eh_frame the CIE pointer stays 4 bytes wide. */
	wide_pointer = is_64 && section->kind == CFI_DEBUG_FRAME;
	pointer = wide_pointer ? byte_reader_u64(&reader) : byte_reader_u32(&reader);
	if (reader.failed || length > section->size - field ||
	    length < reader.offset - (field - offset))
		return -EBADMSG;
	entry.end = field + length;
	entry.body = offset + reader.offset;
	/* A CIE that cannot be is the entry's own trouble: the next entry is found all the same. */
	if (set_cie(section, pointer, field, wide_pointer, &entry))
		entry.cie = CFI_ENTRY_NO_CIE;
	*ret_entry = entry;
	return 0;
}

int cfi_entry_read(struct cfi_section *section, uint64_t offset, struct cfi_entry *ret_entry)
{
	struct bytes bytes;
	int err = cfi_section_read(section, offset, HEADER_MAX, &bytes);

	return err ? err : parse_header(section, bytes, offset, ret_entry);
}

/* Zeros between entries are padding, unless nothing else says where the section ends. */
int cfi_entry_next(struct cfi_section *section, uint64_t offset, struct cfi_entry *ret_entry)
{
	static const uint8_t zero[4];

	for (;; offset += sizeof(zero)) {
		struct bytes bytes;
		int err = cfi_section_read(section, offset, HEADER_MAX, &bytes);

		if (err)
			return err;
		if (bytes.size < sizeof(zero))
			return -ENODATA;
		if (memcmp(bytes.data, zero, sizeof(zero)) != 0)
			return parse_header(section, bytes, offset, ret_entry);
		if (section->ends_at_terminator)
			return -ENODATA;
	}
}

/* At most `limit` bytes of the body. */
static int read_body(struct cfi_section *section, const struct cfi_entry *entry, size_t limit,
		     struct byte_reader *ret_reader)
{
	uint64_t size = entry->end - entry->body;
	struct bytes bytes;
	int err;

	err = cfi_section_read(section, entry->body, size < limit ? size : limit, &bytes);
	if (!err)
		byte_reader_init(ret_reader, bytes);
	return err;
}

/* --- CIEs --- */

/* The personality routine: only its length is of use, and it may be indirect, for we do not follow it. */
static void skip_personality(struct byte_reader *reader)
{
	uint8_t encoding = byte_reader_u8(reader);
	uint64_t ignored;

	if (encoding != CFI_POINTER_OMIT && cfi_pointer_read_plain(reader, encoding, &ignored))
		reader->failed = true;
}

/* The letters behind the z, each with its part of the data (LSB 5.0 Core, 10.6.1.1.1). */
static void parse_augmentation(const char *letters, struct byte_reader *data, struct cfi_cie *cie)
{
	for (; *letters && cie->reason == CFI_EXPRESSIBLE; letters++) {
		switch (*letters) {
		case 'R':
			cie->pointer_encoding = byte_reader_u8(data);
			cie->has_range = true;
			break;
		case 'P':
			skip_personality(data);
			break;
		case 'L': /* how the pointer to language-specific data is written */
			byte_reader_skip(data, 1);
			break;
		case 'S':
			cie->is_signal_frame = true;
			break;
		case 'B': /* arm64: return addresses are signed with the B key */
			break;
		default:
			cie->reason = CFI_REASON_AUGMENTATION;
			break;
		}
		if (data->failed)
			cie->reason = CFI_REASON_AUGMENTATION;
	}
}

static const char *read_augmentation(struct byte_reader *reader)
{
	const char *letters = byte_reader_string(reader);

	return letters && strlen(letters) <= AUGMENTATION_MAX ? letters : NULL;
}

/* Without a z an FDE's addresses are absolute. */
static void read_augmentation_data(struct byte_reader *reader, const char *letters,
				   struct cfi_cie *cie)
{
	struct byte_reader data;

	if (*letters != 'z') {
		cie->has_range = !*letters || !strcmp(letters, "eh");
		if (!cie->has_range)
			cie->reason = CFI_REASON_AUGMENTATION;
		return;
	}
	cie->is_augmented = true;
	cie->has_range = !strchr(letters, 'R');
	byte_reader_init(&data, byte_reader_take(reader, byte_reader_uleb128(reader)));
	parse_augmentation(letters + 1, &data, cie);
	/* An unknown letter before an R that was not reached. */
	if (cie->reason != CFI_EXPRESSIBLE && cie->has_range && strchr(letters, 'R') == NULL)
		cie->has_range = false;
}

static bool is_known_version(uint8_t version)
{
	return version == 1 || version == 3 || version == 4;
}

/* Version 4 tells the sizes of addresses and segment selectors (DWARF 5, 6.4.1). */
static bool has_known_sizes(struct byte_reader *reader, uint8_t version)
{
	if (version < 4)
		return true;
	return byte_reader_u8(reader) == 8 && byte_reader_u8(reader) == 0;
}

static int parse_cie(struct byte_reader *reader, const struct cfi_machine *machine,
		     struct cfi_cie *cie)
{
	uint8_t version = byte_reader_u8(reader);
	const char *letters = read_augmentation(reader);
	uint64_t column;

	if (reader->failed || !letters)
		return -EBADMSG;
	if (!is_known_version(version) || !has_known_sizes(reader, version)) {
		cie->reason = CFI_REASON_VERSION;
		return 0;
	}
	if (!strcmp(letters, "eh")) /* of GCC 2: a pointer to exception data */
		byte_reader_skip(reader, 8);
	cie->code_alignment = byte_reader_uleb128(reader);
	cie->data_alignment = byte_reader_sleb128(reader);
	column = version == 1 ? byte_reader_u8(reader) : byte_reader_uleb128(reader);
	read_augmentation_data(reader, letters, cie);
	if (reader->failed)
		return -EBADMSG;
	if (cie->reason == CFI_EXPRESSIBLE && column != machine->return_address)
		cie->reason = CFI_REASON_RETURN_COLUMN;
	return 0;
}

int cfi_cie_read(struct cfi_section *section, const struct cfi_entry *entry,
		 const struct cfi_machine *machine, struct cfi_cie *ret_cie,
		 struct bytes *ret_instructions)
{
	struct cfi_cie cie = { .pointer_encoding = CFI_POINTER_ABSOLUTE };
	struct byte_reader reader;
	int err = read_body(section, entry, CFI_CIE_MAX_BYTES, &reader);

	if (!err)
		err = parse_cie(&reader, machine, &cie);
	if (err)
		return err;
	if (entry->end - entry->body > CFI_CIE_MAX_BYTES)
		cie.reason = CFI_REASON_TOO_LONG;
	*ret_cie = cie;
	*ret_instructions = byte_reader_take(&reader, reader.bytes.size - reader.offset);
	return 0;
}

/* --- FDEs --- */

static int parse_range(const struct cfi_section *section, const struct cfi_entry *entry,
		       const struct cfi_cie *cie, struct byte_reader *reader, struct cfi_fde *fde)
{
	int err;

	if (!cie->has_range)
		return -EOPNOTSUPP;
	/* What linkers write. */
	if (cie->pointer_encoding == (CFI_POINTER_PC | CFI_POINTER_SDATA4)) {
		fde->address =
			section->address + entry->body + (uint64_t)(int32_t)byte_reader_u32(reader);
		fde->size = (uint64_t)(int32_t)byte_reader_u32(reader);
		return reader->failed ? -EBADMSG : 0;
	}
	err = cfi_pointer_read(reader, cie->pointer_encoding, &section->bases,
			       section->address + entry->body, &fde->address);
	if (!err)
		err = cfi_pointer_read_plain(reader, cie->pointer_encoding, &fde->size);
	return err;
}

int cfi_fde_read_range(struct cfi_section *section, const struct cfi_entry *entry,
		       const struct cfi_cie *cie, struct cfi_fde *ret_fde)
{
	struct cfi_fde fde = { 0 };
	struct byte_reader reader;
	int err = read_body(section, entry, RANGE_MAX, &reader);

	if (!err)
		err = parse_range(section, entry, cie, &reader, &fde);
	if (!err)
		*ret_fde = fde;
	return err;
}

int cfi_fde_read(struct cfi_section *section, const struct cfi_entry *entry,
		 const struct cfi_cie *cie, struct cfi_fde *ret_fde)
{
	struct cfi_fde fde = { 0 };
	struct byte_reader reader;
	int err;

	if (entry->end - entry->body > CFI_SECTION_MAX_READ) {
		err = cfi_fde_read_range(section, entry, cie, ret_fde);
		return err ? err : -E2BIG;
	}
	err = read_body(section, entry, CFI_SECTION_MAX_READ, &reader);
	if (!err)
		err = parse_range(section, entry, cie, &reader, &fde);
	if (err)
		return err;
	if (cie->is_augmented)
		byte_reader_skip(&reader, byte_reader_uleb128(&reader));
	if (reader.failed)
		return -EBADMSG;
	fde.instructions_offset = entry->body + reader.offset;
	fde.instructions = byte_reader_take(&reader, reader.bytes.size - reader.offset);
	*ret_fde = fde;
	return 0;
}
