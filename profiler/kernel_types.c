/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The form of BTF is told in Documentation/bpf/btf.rst of the kernel. A type is three words, and words behind them as its
 * kind has them, once or for each of its members; some of the words are names, some are other types.
 */
#include "profiler/kernel_types.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "base/cleanup.h"
#include "base/string_pool.h"

#define KERNEL_BTF       "/sys/kernel/btf/vmlinux"
#define KERNEL_BTF_BYTES (256u << 20) /* at most; kernels have some 6 MB */

#define TYPE_WORDS 3
#define WORD       sizeof(uint32_t)

struct kind_shape {
	bool is_known;
	bool is_each;    /* the words come for each member */
	bool is_content; /* such a type may lie inside another one */
	bool refers;     /* the third of its own words is a type */
	uint8_t words;
	uint8_t names, types; /* which of the words are: a bit for each */
};

static const struct kind_shape shapes[] = {
	[BTF_KIND_INT] = { .is_known = true, .is_content = true, .words = 1 },
	[BTF_KIND_PTR] = { .is_known = true, .is_content = true },
	[BTF_KIND_ARRAY] = { .is_known = true, .is_content = true, .words = 3, .types = 3 },
	[BTF_KIND_STRUCT] = { .is_known = true,
			      .is_content = true,
			      .is_each = true,
			      .words = 3,
			      .names = 1,
			      .types = 2 },
	[BTF_KIND_UNION] = { .is_known = true,
			     .is_content = true,
			     .is_each = true,
			     .words = 3,
			     .names = 1,
			     .types = 2 },
	[BTF_KIND_ENUM] = { .is_known = true,
			    .is_content = true,
			    .is_each = true,
			    .words = 2,
			    .names = 1 },
	[BTF_KIND_FWD] = { .is_known = true, .is_content = true },
	[BTF_KIND_TYPEDEF] = { .is_known = true, .is_content = true, .refers = true },
	[BTF_KIND_VOLATILE] = { .is_known = true, .is_content = true, .refers = true },
	[BTF_KIND_CONST] = { .is_known = true, .is_content = true, .refers = true },
	[BTF_KIND_RESTRICT] = { .is_known = true, .is_content = true, .refers = true },
	[BTF_KIND_FUNC] = { .is_known = true },
	[BTF_KIND_FUNC_PROTO] = { .is_known = true, .is_each = true, .words = 2 },
	[BTF_KIND_VAR] = { .is_known = true, .words = 1 },
	[BTF_KIND_DATASEC] = { .is_known = true, .is_each = true, .words = 3 },
	[BTF_KIND_FLOAT] = { .is_known = true, .is_content = true },
	[BTF_KIND_DECL_TAG] = { .is_known = true, .words = 1 },
	[BTF_KIND_TYPE_TAG] = { .is_known = true, .is_content = true, .refers = true },
	[BTF_KIND_ENUM64] = { .is_known = true,
			      .is_content = true,
			      .is_each = true,
			      .words = 3,
			      .names = 1 },
};

#define KIND_COUNT (sizeof(shapes) / sizeof(shapes[0]))

struct selection {
	struct bytes types, strings; /* of the whole */
	uint32_t *offsets;           /* of each type among them, by its id */
	uint32_t *numbers;           /* in the selection, 0: not chosen */
	uint32_t count;              /* ids: the last one and 1 */
	uint32_t *chosen;            /* ids, by number less 1 */
	uint32_t chosen_count;
	struct buffer chosen_types, chosen_strings;
	bool failed; /* the whole is not as it should be */
};

static uint32_t kind_of(uint32_t info)
{
	return BTF_INFO_KIND(info);
}

static bool is_named_kind(uint32_t kind)
{
	return kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION || kind == BTF_KIND_ENUM ||
	       kind == BTF_KIND_ENUM64 || kind == BTF_KIND_TYPEDEF;
}

/* --- what is wanted --- */

static int add_names(struct string_pool *names, const struct btf *object)
{
	int error = 0;

	for (uint32_t id = 1; id < btf__type_cnt(object) && !error; id++) {
		const struct btf_type *type = btf__type_by_id(object, id);
		const char *name = btf__name_by_offset(object, type->name_off), *flavour;
		uint32_t ignored;

		if (!is_named_kind(kind_of(type->info)) || !name || !*name)
			continue;
		flavour = strstr(name, "___");
		error = string_pool_add(
			names, name, flavour ? (size_t)(flavour - name) : strlen(name), &ignored);
	}
	return error;
}

static bool is_wanted(const struct selection *selection, const struct string_pool *names,
		      uint32_t name_offset, uint32_t kind)
{
	const char *name;
	uint32_t ignored;

	if (!is_named_kind(kind))
		return false;
	name = bytes_string(selection->strings, name_offset);
	return name && string_pool_find(names, name, strlen(name), &ignored);
}

/* --- choosing --- */

/* The number of a type in the selection, which takes it if it has it not; 0, which is void, for what lies in no other. */
static uint32_t choose(struct selection *selection, uint32_t id)
{
	struct byte_reader reader;

	if (!id)
		return 0;
	if (id >= selection->count) {
		selection->failed = true;
		return 0;
	}
	if (selection->numbers[id])
		return selection->numbers[id];
	byte_reader_init(&reader, selection->types);
	byte_reader_skip(&reader, selection->offsets[id] + WORD);
	if (!shapes[kind_of(byte_reader_u32(&reader))].is_content)
		return 0;
	selection->chosen[selection->chosen_count++] = id;
	return selection->numbers[id] = selection->chosen_count;
}

static size_t bytes_behind(uint32_t info)
{
	const struct kind_shape *shape = &shapes[kind_of(info)];

	return shape->words * WORD * (shape->is_each ? BTF_INFO_VLEN(info) : 1);
}

/* Finds where each type stands, and chooses those that are wanted. */
static int index_types(struct selection *selection, const struct string_pool *names)
{
	struct byte_reader reader;

	byte_reader_init(&reader, selection->types);
	for (selection->count = 1; reader.offset < reader.bytes.size; selection->count++) {
		uint32_t id = selection->count, name, info;

		selection->offsets[id] = (uint32_t)reader.offset;
		name = byte_reader_u32(&reader);
		info = byte_reader_u32(&reader);
		if (kind_of(info) >= KIND_COUNT || !shapes[kind_of(info)].is_known)
			return -EOPNOTSUPP;
		byte_reader_skip(&reader, WORD + bytes_behind(info));
		if (reader.failed)
			return -EOPNOTSUPP;
		if (is_wanted(selection, names, name, kind_of(info))) {
			selection->chosen[selection->chosen_count++] = id;
			selection->numbers[id] = selection->chosen_count;
		}
	}
	return 0;
}

/* --- copying --- */

static uint32_t copy_name(struct selection *selection, uint32_t offset)
{
	const char *name = offset ? bytes_string(selection->strings, offset) : "";
	size_t at = selection->chosen_strings.size;

	if (!name) {
		selection->failed = true;
		return 0;
	}
	if (!*name)
		return 0;
	buffer_append(&selection->chosen_strings, name, strlen(name) + 1);
	return (uint32_t)at;
}

static void append_word(struct selection *selection, uint32_t word)
{
	buffer_append(&selection->chosen_types, &word, sizeof(word));
}

static void copy_type(struct selection *selection, uint32_t id)
{
	const struct kind_shape *shape;
	struct byte_reader reader;
	uint32_t info, last, words;

	byte_reader_init(&reader, selection->types);
	byte_reader_skip(&reader, selection->offsets[id]);
	append_word(selection, copy_name(selection, byte_reader_u32(&reader)));
	info = byte_reader_u32(&reader);
	shape = &shapes[kind_of(info)];
	last = byte_reader_u32(&reader);
	append_word(selection, info);
	if (kind_of(info) == BTF_KIND_PTR)
		last = 0;
	append_word(selection, shape->refers ? choose(selection, last) : last);
	words = (uint32_t)(bytes_behind(info) / WORD);
	for (uint32_t i = 0; i < words; i++) {
		uint32_t word = byte_reader_u32(&reader), bit = 1u << i % shape->words;

		if (shape->names & bit)
			word = copy_name(selection, word);
		else if (shape->types & bit)
			word = choose(selection, word);
		append_word(selection, word);
	}
}

static int copy_chosen(struct selection *selection, struct buffer *to)
{
	struct btf_header header = { .magic = BTF_MAGIC,
				     .version = BTF_VERSION,
				     .hdr_len = sizeof(header) };

	buffer_append_char(&selection->chosen_strings, '\0');
	/* What lies inside of one is chosen while that is copied. */
	for (uint32_t i = 0; i < selection->chosen_count; i++)
		copy_type(selection, selection->chosen[i]);
	if (selection->failed)
		return -EOPNOTSUPP;
	if (buffer_error(&selection->chosen_types) || buffer_error(&selection->chosen_strings))
		return -ENOMEM;
	header.type_len = (uint32_t)selection->chosen_types.size;
	header.str_off = header.type_len;
	header.str_len = (uint32_t)selection->chosen_strings.size;
	buffer_append(to, &header, sizeof(header));
	buffer_append(to, selection->chosen_types.data, selection->chosen_types.size);
	buffer_append(to, selection->chosen_strings.data, selection->chosen_strings.size);
	return buffer_error(to);
}

static int open_whole(struct selection *selection, struct bytes whole)
{
	struct btf_header header;
	struct byte_reader reader;
	size_t most;

	byte_reader_init(&reader, whole);
	if (!byte_reader_copy(&reader, &header, sizeof(header)) || header.magic != BTF_MAGIC ||
	    header.version != BTF_VERSION)
		return -EOPNOTSUPP;
	selection->types =
		bytes_slice(whole, (size_t)header.hdr_len + header.type_off, header.type_len);
	selection->strings =
		bytes_slice(whole, (size_t)header.hdr_len + header.str_off, header.str_len);
	if (selection->types.size != header.type_len || selection->strings.size != header.str_len)
		return -EOPNOTSUPP;
	most = selection->types.size / (TYPE_WORDS * WORD) +
	       2; /* void, and one that is cut short */
	selection->offsets = calloc(most, sizeof(*selection->offsets));
	selection->numbers = calloc(most, sizeof(*selection->numbers));
	selection->chosen = calloc(most, sizeof(*selection->chosen));
	return selection->offsets && selection->numbers && selection->chosen ? 0 : -ENOMEM;
}

static void selection_release(struct selection *selection)
{
	free(selection->offsets);
	free(selection->numbers);
	free(selection->chosen);
	buffer_release(&selection->chosen_types);
	buffer_release(&selection->chosen_strings);
}

int kernel_types_select(struct bytes whole, const struct btf *object, struct buffer *selected)
{
	_cleanup_(selection_release) struct selection selection = { .count = 0 };
	_cleanup_(string_pool_release) struct string_pool names;
	int error;

	string_pool_init(&names);
	error = add_names(&names, object);
	if (!error)
		error = open_whole(&selection, whole);
	if (!error)
		error = index_types(&selection, &names);
	return error ? error : copy_chosen(&selection, selected);
}

/* --- the kernel's --- */

struct kernel_btf {
	struct bytes bytes;
	void *mapped; /* from Linux 6.16 on, else NULL */
	struct buffer copy;
};

static int read_kernel_btf(struct kernel_btf *btf)
{
	_cleanup_close_ int fd = open(KERNEL_BTF, O_RDONLY | O_CLOEXEC);
	struct stat status;
	int error;

	if (fd < 0 || fstat(fd, &status))
		return -errno;
	btf->mapped = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (btf->mapped != MAP_FAILED) {
		btf->bytes = (struct bytes){ btf->mapped, (size_t)status.st_size };
		return 0;
	}
	btf->mapped = NULL;
	buffer_reserve(&btf->copy, (size_t)status.st_size);
	error = buffer_read_fd(&btf->copy, fd, KERNEL_BTF_BYTES);
	btf->bytes = (struct bytes){ (const uint8_t *)btf->copy.data, btf->copy.size };
	return error;
}

static void kernel_btf_release(struct kernel_btf *btf)
{
	if (btf->mapped)
		munmap(btf->mapped, btf->bytes.size);
	buffer_release(&btf->copy);
}

static int write_all(int fd, const void *data, size_t size)
{
	while (size) {
		ssize_t written = write(fd, data, size);

		if (written < 0)
			return -errno;
		data = (const char *)data + written;
		size -= (size_t)written;
	}
	return 0;
}

int kernel_types_fill(const struct kernel_types *types, const struct btf *object)
{
	_cleanup_(kernel_btf_release) struct kernel_btf btf = { .mapped = NULL };
	_cleanup_(buffer_release) struct buffer selected = { 0 };
	int error = read_kernel_btf(&btf);

	if (error)
		return error;
	error = kernel_types_select(btf.bytes, object, &selected);
	if (error == -EOPNOTSUPP)
		return write_all(types->fd, btf.bytes.data, btf.bytes.size);
	return error ? error : write_all(types->fd, selected.data, selected.size);
}

int kernel_types_init(struct kernel_types *types)
{
	types->fd = memfd_create("kernel-types", MFD_CLOEXEC);
	if (types->fd < 0)
		return -errno;
	snprintf(types->path, sizeof(types->path), "/proc/self/fd/%d", types->fd);
	return 0;
}

void kernel_types_release(struct kernel_types *types)
{
	cleanup_close(&types->fd);
	types->fd = -1;
}
