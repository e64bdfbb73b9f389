/* SPDX-License-Identifier: Apache-2.0 */
#include "elf/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_BYTE_ORDER ELFDATA2LSB
#else
#define OUR_BYTE_ORDER ELFDATA2MSB
#endif

#define LIBELF_SECTION_BYTES 256 /* that libelf keeps of each section, and no more */
#define STAT_BLOCK_BYTES     512 /* of st_blocks, whatever st_blksize is: inode(7) */

struct elf_file {
	int fd; /* -1: an image in memory */
	bool is_mapped;
	char *image;        /* a copy, writable as elf_memory() wants it */
	const char *mapped; /* all of the file, by libelf; or NULL */
	uint64_t size;
	uint64_t stored_bytes;
	Elf *elf;
	bool is_64;
	uint16_t type;
	uint16_t machine;
	uint64_t entry;
	struct elf_section *sections;
	size_t section_count;
	struct elf_segment *segments;
	size_t segment_count;
	size_t inflated_bytes;
};

int elf_file_read(const struct elf_file *file, uint64_t offset, void *to, size_t size,
		  size_t *ret_size)
{
	const char *bytes = file->image ? file->image : file->mapped;
	size_t done = 0;

	if (offset >= file->size)
		size = 0;
	else if (size > file->size - offset)
		size = file->size - offset;
	if (bytes && size) {
		memcpy(to, bytes + offset, size);
		done = size;
	}
	while (done < size) {
		ssize_t count = pread(file->fd, (char *)to + done, size - done, offset + done);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return -errno;
		if (!count)
			break;
		done += count;
	}
	*ret_size = done;
	return 0;
}

/* --- the header, by hand: libelf allocates by its counts, so they are looked at before --- */

/* A field of the header or of a section header, whose place and width depend on the class. */
static uint64_t class_field(const struct elf_file *file, struct bytes bytes, size_t offset_32,
			    size_t offset_64)
{
	struct byte_reader reader;

	byte_reader_init(&reader, bytes);
	byte_reader_skip(&reader, file->is_64 ? offset_64 : offset_32);
	return file->is_64 ? byte_reader_u64(&reader) : byte_reader_u32(&reader);
}

static int parse_ident(struct elf_file *file, const uint8_t *ident, size_t size)
{
	if (size < EI_NIDENT || memcmp(ident, ELFMAG, SELFMAG))
		return -ENOEXEC;
	if (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	if (ident[EI_DATA] != OUR_BYTE_ORDER || ident[EI_VERSION] != EV_CURRENT)
		return -EOPNOTSUPP;
	file->is_64 = ident[EI_CLASS] == ELFCLASS64;
	if (size < (file->is_64 ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr)))
		return -ENOEXEC;
	return 0;
}

/*
 * The number of sections: e_shnum, or sh_size of the first section header where that is 0 (System V
 * ABI, "ELF Header": extended numbering).
 */
static int count_sections(const struct elf_file *file, struct bytes header, uint64_t *ret_count)
{
	uint8_t first[sizeof(Elf64_Shdr)];
	struct byte_reader reader;
	uint64_t count, table;
	size_t got;
	int err;

	byte_reader_init(&reader, header);
	byte_reader_skip(&reader, file->is_64 ? offsetof(Elf64_Ehdr, e_shnum)
					      : offsetof(Elf32_Ehdr, e_shnum));
	count = byte_reader_u16(&reader);
	table = class_field(file, header, offsetof(Elf32_Ehdr, e_shoff),
			    offsetof(Elf64_Ehdr, e_shoff));
	if (!count && table) {
		err = elf_file_read(file, table, first, sizeof(first), &got);
		if (err)
			return err;
		count = class_field(file, (struct bytes){ first, got },
				    offsetof(Elf32_Shdr, sh_size), offsetof(Elf64_Shdr, sh_size));
	}
	*ret_count = count;
	return 0;
}

static int parse_header(struct elf_file *file)
{
	uint8_t bytes[sizeof(Elf64_Ehdr)];
	struct byte_reader reader;
	struct bytes header;
	uint64_t sections;
	size_t size;
	int err = elf_file_read(file, 0, bytes, sizeof(bytes), &size);

	if (!err)
		err = parse_ident(file, bytes, size);
	if (err)
		return err;
	header = (struct bytes){ bytes, size };
	byte_reader_init(&reader, header);
	byte_reader_skip(&reader, EI_NIDENT);
	file->type = byte_reader_u16(&reader);
	file->machine = byte_reader_u16(&reader);
	file->entry = class_field(file, header, offsetof(Elf32_Ehdr, e_entry),
				  offsetof(Elf64_Ehdr, e_entry));
	err = count_sections(file, header, &sections);
	if (err)
		return err;
	return sections > ELF_FILE_MAX_SECTIONS ? -EFBIG : 0;
}

/* --- sections and segments, by libelf --- */

static int load_segments(struct elf_file *file)
{
	size_t count;

	/* A table that lies outside the file: the file has no segments. */
	if (elf_getphdrnum(file->elf, &count))
		count = 0;
	if (count > ELF_FILE_MAX_SEGMENTS)
		return -EFBIG;
	file->segments = calloc(count + 1, sizeof(*file->segments));
	if (!file->segments)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr header;

		if (!gelf_getphdr(file->elf, i, &header))
			return 0;
		file->segments[file->segment_count++] = (struct elf_segment){
			.type = header.p_type,
			.flags = header.p_flags,
			.offset = header.p_offset,
			.address = header.p_vaddr,
			.file_size = header.p_filesz,
			.memory_size = header.p_memsz,
			.alignment = header.p_align,
		};
	}
	return 0;
}

/* Keeps the index of a name in `name_offsets` until the table of names is read. */
static int load_section_headers(struct elf_file *file, uint32_t *name_offsets)
{
	Elf_Scn *scn = NULL;

	for (size_t i = 0; i < file->section_count; i++) {
		GElf_Shdr header;

		scn = elf_getscn(file->elf, i);
		if (!scn || !gelf_getshdr(scn, &header))
			return -ENOEXEC;
		name_offsets[i] = header.sh_name;
		file->sections[i] = (struct elf_section){
			.name = "",
			.index = i,
			.type = header.sh_type,
			.flags = header.sh_flags,
			.address = header.sh_addr,
			.offset = header.sh_offset,
			.size = header.sh_size,
			.entry_size = header.sh_entsize,
			.alignment = header.sh_addralign,
			.link = header.sh_link,
		};
	}
	return 0;
}

static int name_sections(struct elf_file *file, const uint32_t *name_offsets)
{
	const struct elf_section *section;
	struct bytes names;
	size_t index;
	int err;

	if (elf_getshdrstrndx(file->elf, &index))
		return 0;
	section = elf_file_section(file, index);
	if (!section)
		return 0;
	err = elf_file_section_bytes(file, section, ELF_FILE_MAX_SECTION_NAMES, &names);
	if (err)
		return err == -ENOMEM ? err : 0;
	for (size_t i = 0; i < file->section_count; i++) {
		const char *name = bytes_string(names, name_offsets[i]);

		file->sections[i].name = name ? name : "";
	}
	return 0;
}

static int load_sections(struct elf_file *file)
{
	_cleanup_free_ uint32_t *name_offsets = NULL;
	size_t count;
	int err;

	if (elf_getshdrnum(file->elf, &count) || !count)
		return 0;
	if (count > ELF_FILE_MAX_SECTIONS)
		return -EFBIG;
	name_offsets = calloc(count, sizeof(*name_offsets));
	file->sections = calloc(count, sizeof(*file->sections));
	if (!file->sections || !name_offsets)
		return -ENOMEM;
	file->section_count = count;
	err = load_section_headers(file, name_offsets);
	return err ? err : name_sections(file, name_offsets);
}

/* --- opening --- */

static int open_libelf(struct elf_file *file)
{
	elf_version(EV_CURRENT);
	if (file->image)
		file->elf = elf_memory(file->image, file->size);
	else
		file->elf =
			elf_begin(file->fd, file->is_mapped ? ELF_C_READ_MMAP : ELF_C_READ, NULL);
	return file->elf && elf_kind(file->elf) == ELF_K_ELF ? 0 : -ENOEXEC;
}

static void find_mapping(struct elf_file *file)
{
	size_t size = 0;
	const char *bytes = file->is_mapped ? elf_rawfile(file->elf, &size) : NULL;

	if (bytes && size >= file->size)
		file->mapped = bytes;
}

static int load(struct elf_file *file)
{
	int err = parse_header(file);

	if (!err)
		err = open_libelf(file);
	if (!err)
		find_mapping(file);
	if (!err)
		err = load_segments(file);
	if (!err)
		err = load_sections(file);
	return err;
}

DEFINE_CLEANUP(cleanup_elf_file, struct elf_file *, elf_file_free)

static struct elf_file *elf_file_new(void)
{
	struct elf_file *file = calloc(1, sizeof(*file));

	if (file)
		file->fd = -1;
	return file;
}

void elf_file_free(struct elf_file *file)
{
	if (!file)
		return;
	elf_end(file->elf);
	free(file->image);
	free(file->sections);
	free(file->segments);
	free(file);
}

static int open_file(int fd, bool is_mapped, struct elf_file **ret_file)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = elf_file_new();
	struct stat status;
	int err;

	if (!file)
		return -ENOMEM;
	if (fstat(fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -ENOEXEC;
	file->fd = fd;
	file->is_mapped = is_mapped;
	file->size = status.st_size;
	file->stored_bytes =
		status.st_blocks ? (uint64_t)status.st_blocks * STAT_BLOCK_BYTES : file->size;
	err = load(file);
	if (err)
		return err;
	*ret_file = take_ptr(file);
	return 0;
}

int elf_file_open(int fd, struct elf_file **ret_file)
{
	return open_file(fd, false, ret_file);
}

int elf_file_open_mapped(int fd, struct elf_file **ret_file)
{
	return open_file(fd, true, ret_file);
}

int elf_file_open_image(struct bytes image, struct elf_file **ret_file)
{
	_cleanup_(cleanup_elf_file) struct elf_file *file = elf_file_new();
	int err;

	if (!file)
		return -ENOMEM;
	if (!image.size)
		return -ENOEXEC;
	file->image = malloc(image.size);
	if (!file->image)
		return -ENOMEM;
	memcpy(file->image, image.data, image.size);
	file->size = file->stored_bytes = image.size;
	err = load(file);
	if (err)
		return err;
	*ret_file = take_ptr(file);
	return 0;
}

bool elf_file_leave_fd(struct elf_file *file)
{
	if (!file->mapped || elf_cntl(file->elf, ELF_C_FDDONE))
		return false;
	file->fd = -1;
	return true;
}

size_t elf_file_held_bytes(const struct elf_file *file)
{
	return sizeof(*file) + file->inflated_bytes +
	       file->section_count * (sizeof(*file->sections) + LIBELF_SECTION_BYTES) +
	       file->segment_count * sizeof(*file->segments);
}

/* --- asking --- */

bool elf_file_is_64(const struct elf_file *file)
{
	return file->is_64;
}

uint16_t elf_file_type(const struct elf_file *file)
{
	return file->type;
}

uint16_t elf_file_machine(const struct elf_file *file)
{
	return file->machine;
}

uint64_t elf_file_entry(const struct elf_file *file)
{
	return file->entry;
}

uint64_t elf_file_size(const struct elf_file *file)
{
	return file->size;
}

uint64_t elf_file_stored_bytes(const struct elf_file *file)
{
	return file->stored_bytes;
}

size_t elf_file_section_count(const struct elf_file *file)
{
	return file->section_count;
}

const struct elf_section *elf_file_section(const struct elf_file *file, size_t index)
{
	return index < file->section_count ? &file->sections[index] : NULL;
}

const struct elf_section *elf_file_section_named(const struct elf_file *file, const char *name)
{
	for (size_t i = 1; i < file->section_count; i++) {
		if (!strcmp(file->sections[i].name, name))
			return &file->sections[i];
	}
	return NULL;
}

size_t elf_file_segment_count(const struct elf_file *file)
{
	return file->segment_count;
}

const struct elf_segment *elf_file_segment(const struct elf_file *file, size_t index)
{
	return index < file->segment_count ? &file->segments[index] : NULL;
}

/* Those that lie inside as a whole. */
static void forget_pages(const struct elf_file *file, uint64_t offset, uint64_t end)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	offset = (offset + page - 1) & -page;
	end &= -page;
	if (file->mapped && offset < end)
		madvise((void *)(file->mapped + offset), end - offset, MADV_DONTNEED);
}

void elf_file_forget_pages(const struct elf_file *file)
{
	/* A mapping goes on to the end of its last page. */
	forget_pages(file, 0, file->size + (uint64_t)sysconf(_SC_PAGESIZE) - 1);
}

/* The size that is stated is checked before libelf allocates that much. */
static int inflate(struct elf_file *file, const struct elf_section *section, Elf_Scn *scn,
		   size_t limit)
{
	GElf_Shdr header;
	GElf_Chdr compression;

	if (!gelf_getshdr(scn, &header))
		return -EBADMSG;
	if (!(header.sh_flags & SHF_COMPRESSED))
		return 0;
	if (!gelf_getchdr(scn, &compression))
		return -EBADMSG;
	if (compression.ch_size > limit)
		return -EFBIG;
	if (elf_compress(scn, 0, 0) < 0)
		return -EBADMSG;
	forget_pages(file, section->offset,
		     section->offset + section->size); /* they are not read again */
	file->inflated_bytes += compression.ch_size;
	return 0;
}

int elf_file_section_bytes(struct elf_file *file, const struct elf_section *section, size_t limit,
			   struct bytes *ret_bytes)
{
	Elf_Scn *scn = elf_getscn(file->elf, section->index);
	Elf_Data *data;
	int err;

	if (limit > ELF_FILE_MAX_SECTION_BYTES)
		limit = ELF_FILE_MAX_SECTION_BYTES;
	if (!scn)
		return -EBADMSG;
	if (section->type == SHT_NOBITS)
		return -ENODATA;
	if (section->offset > file->size || section->size > file->size - section->offset)
		return -EBADMSG;
	if (section->size > limit)
		return -EFBIG;
	err = inflate(file, section, scn, limit);
	if (err)
		return err;
	data = elf_rawdata(scn, NULL);
	if (!data || (data->d_size && !data->d_buf))
		return -EBADMSG;
	*ret_bytes = (struct bytes){ .data = data->d_buf, .size = data->d_size };
	return 0;
}

bool elf_file_address_of_offset(const struct elf_file *file, uint64_t offset, uint64_t *ret_address)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];

		if (segment->type != PT_LOAD || !(segment->flags & PF_X))
			continue;
		if (offset < segment->offset || offset - segment->offset >= segment->file_size)
			continue;
		*ret_address = segment->address + (offset - segment->offset);
		return true;
	}
	return false;
}

bool elf_file_offset_of_address(const struct elf_file *file, uint64_t address, uint64_t *ret_offset)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const struct elf_segment *segment = &file->segments[i];

		if (segment->type != PT_LOAD || address < segment->address ||
		    address - segment->address >= segment->file_size)
			continue;
		*ret_offset = segment->offset + (address - segment->address);
		return true;
	}
	return false;
}
