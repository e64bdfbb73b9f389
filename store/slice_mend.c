/* SPDX-License-Identifier: Apache-2.0 */
#include "store/slice_mend.h"

#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of a page's head: */
#define PAGE_TYPE      0
#define PAGE_CELLS     3
#define PAGE_CONTENT   5
#define PAGE_RIGHTMOST 8 /* child of an inner page */
#define LEAF_HEAD      8
#define INNER_HEAD     12
#define TABLE_LEAF     0x0d
#define TABLE_INNER    0x05

/* Of the first page: */
#define FILE_CHANGES    24
#define FILE_PAGES      28
#define FILE_CHANGES_OF 92 /* for which the number of pages holds */

#define POINTER_BYTES 2 /* to a cell */
#define CHILD_BYTES   4 /* number of a page */
#define MAX_ROW_BYTES 9 /* of a number of variable length */

/* A page, and the row that is the last one below it. */
struct subtree {
	uint32_t page;
	uint64_t last;
};

struct found_row {
	uint64_t row;
	uint32_t page;
	uint16_t offset; /* of its cell */
};

struct mending {
	struct buffer *image;
	size_t page_size;
	struct buffer found; /* struct found_row, in the order of pages; then those that are kept */
	size_t rows;         /* of them */
	struct buffer leaves; /* struct subtree */
};

/* --- numbers --- */

static uint16_t get_u16(const uint8_t *from)
{
	uint16_t value;

	memcpy(&value, from, sizeof(value));
	return be16toh(value);
}

static void put_u16(uint8_t *to, size_t value)
{
	uint16_t coded = htobe16((uint16_t)value);

	memcpy(to, &coded, sizeof(coded));
}

static uint32_t get_u32(const uint8_t *from)
{
	uint32_t value;

	memcpy(&value, from, sizeof(value));
	return be32toh(value);
}

static void put_u32(uint8_t *to, uint32_t value)
{
	value = htobe32(value);
	memcpy(to, &value, sizeof(value));
}

/* Seven bits a byte, the highest first, and eight of a ninth one. The bytes of it, 0: it does not end in time. */
static size_t get_number(const uint8_t *from, size_t size, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && i < MAX_ROW_BYTES; i++) {
		if (i == MAX_ROW_BYTES - 1) {
			*ret_value = value << 8 | from[i];
			return i + 1;
		}
		value = value << 7 | (from[i] & 0x7f);
		if (!(from[i] & 0x80)) {
			*ret_value = value;
			return i + 1;
		}
	}
	return 0;
}

/* Below 2^56, which no chunk's number reaches. */
static size_t put_number(uint8_t *to, uint64_t value)
{
	size_t size = 1;

	while (size < MAX_ROW_BYTES - 1 && value >> 7 * size)
		size++;
	for (size_t i = 0; i < size; i++)
		to[i] = (uint8_t)((value >> 7 * (size - 1 - i) & 0x7f) | (i + 1 < size ? 0x80 : 0));
	return size;
}

/* --- pages --- */

static uint8_t *page_at(const struct mending *mending, uint32_t page)
{
	return (uint8_t *)mending->image->data + (page - 1) * mending->page_size;
}

static uint32_t page_count(const struct mending *mending)
{
	return (uint32_t)(mending->image->size / mending->page_size);
}

/* So much of a row lies in its leaf; the rest in pages of its own, whose first is told behind. */
static size_t local_size(size_t usable, uint64_t size)
{
	const size_t most = usable - 35, least = (usable - 12) * 32 / 255 - 23;
	size_t local;

	if (size <= most)
		return (size_t)size;
	local = least + (size_t)((size - least) % (usable - CHILD_BYTES));
	return (local <= most ? local : least) + CHILD_BYTES;
}

/* The row's number, 0: it does not lie in the page. */
static uint64_t row_of_cell(const uint8_t *page, size_t page_size, size_t offset)
{
	uint64_t size, row;
	size_t head, number;

	if (offset < LEAF_HEAD || offset >= page_size)
		return 0;
	head = get_number(page + offset, page_size - offset, &size);
	number = head ? get_number(page + offset + head, page_size - offset - head, &row) : 0;
	if (!number || row > INT64_MAX >> 8)
		return 0;
	return local_size(page_size, size) <= page_size - offset - head - number ? row : 0;
}

static int note_row(struct mending *mending, const struct found_row *row)
{
	buffer_append(&mending->found, row, sizeof(*row));
	return buffer_error(&mending->found);
}

/* How many there are to be may be wrong: behind that number they have to go on. Pointers end where the first cell begins. */
static int find_rows(struct mending *mending, uint32_t number)
{
	const uint8_t *page = page_at(mending, number);
	const size_t told = get_u16(page + PAGE_CELLS);
	size_t end = mending->page_size, cell = 0;
	uint64_t last = 0;
	int error = 0;

	for (size_t at = LEAF_HEAD; at + POINTER_BYTES <= end && !error; at += POINTER_BYTES) {
		struct found_row row = { .page = number, .offset = get_u16(page + at) };
		const bool is_told = cell++ < told;

		row.row = row_of_cell(page, mending->page_size, row.offset);
		if (!row.row || row.offset < at + POINTER_BYTES ||
		    (!is_told && last && row.row != last + 1))
			continue;
		last = row.row;
		end = row.offset < end ? row.offset : end;
		error = note_row(mending, &row);
	}
	return error;
}

/* Chunks have numbers without a gap: where pages are lost there is one, and behind it they go on. Of two with one number the last one is the row. */
static bool goes_on(uint64_t last, const struct found_row *row, const struct found_row *next)
{
	if (row->row <= last || (next && next->row == row->row))
		return false;
	if (row->row == last + 1)
		return true;
	return next && next->row == row->row + 1;
}

/* Those that do not go on are taken out. */
static void choose_rows(struct mending *mending)
{
	struct found_row *rows = (struct found_row *)mending->found.data;
	const size_t count = mending->found.size / sizeof(*rows);
	uint64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		if (!goes_on(last, &rows[i], i + 1 < count ? &rows[i + 1] : NULL))
			continue;
		last = rows[i].row;
		rows[mending->rows++] = rows[i];
	}
}

/* The rows of a page; the end of them. */
static size_t write_leaf(struct mending *mending, size_t first)
{
	const struct found_row *rows = (const struct found_row *)mending->found.data;
	uint8_t *page = page_at(mending, rows[first].page);
	size_t end = first, at = LEAF_HEAD;

	memset(page, 0, LEAF_HEAD);
	page[PAGE_TYPE] = TABLE_LEAF;
	for (; end < mending->rows && rows[end].page == rows[first].page; end++) {
		put_u16(page + at, rows[end].offset);
		at += POINTER_BYTES;
	}
	put_u16(page + PAGE_CELLS, end - first);
	put_u16(page + PAGE_CONTENT, at);
	buffer_append(&mending->leaves, &(struct subtree){ rows[first].page, rows[end - 1].row },
		      sizeof(struct subtree));
	return end;
}

static int write_leaves(struct mending *mending)
{
	for (size_t first = 0; first < mending->rows;)
		first = write_leaf(mending, first);
	return mending->rows ? buffer_error(&mending->leaves) : -EBADMSG;
}

/* Or was one before a bit was flipped: pages that have no head begin with the number of another one, which is small, and what is behind the head of a leaf is no page. */
static bool is_leaf(const struct mending *mending, uint32_t number)
{
	const uint8_t *page = page_at(mending, number);
	const uint32_t child = get_u32(page + PAGE_RIGHTMOST);

	if (page[PAGE_TYPE] == TABLE_INNER && child && child <= page_count(mending))
		return false;
	return __builtin_popcount(page[PAGE_TYPE] ^ TABLE_LEAF) <= 1;
}

/* A tree of one page is the table's; where there are others, that one is above them, whatever it says. */
static bool has_other_leaves(const struct mending *mending)
{
	for (uint32_t page = MEND_TABLE_PAGE + 1; page <= page_count(mending); page++)
		if (is_leaf(mending, page))
			return true;
	return false;
}

/* --- the tree above --- */

static void write_inner(const struct mending *mending, uint32_t number,
			const struct subtree *children, size_t count)
{
	uint8_t *page = page_at(mending, number);
	size_t end = mending->page_size;

	memset(page, 0, mending->page_size);
	page[PAGE_TYPE] = TABLE_INNER;
	put_u16(page + PAGE_CELLS, count - 1);
	put_u32(page + PAGE_RIGHTMOST, children[count - 1].page);
	for (size_t i = 0; i + 1 < count; i++) {
		uint8_t row[MAX_ROW_BYTES];
		size_t size = put_number(row, children[i].last);

		end -= CHILD_BYTES + size;
		put_u32(page + end, children[i].page);
		memcpy(page + end + CHILD_BYTES, row, size);
		put_u16(page + INNER_HEAD + i * POINTER_BYTES, end);
	}
	put_u16(page + PAGE_CONTENT, end);
}

static int append_page(struct mending *mending, uint32_t *ret_page)
{
	int error = buffer_make_size(mending->image, mending->image->size + mending->page_size);

	*ret_page = page_count(mending);
	return error;
}

/* Each level has far less pages than the one below, and no page has one child alone. */
static int write_level(struct mending *mending, const struct subtree *children, size_t count,
		       size_t parents, struct buffer *ret_level)
{
	int error = 0;

	for (size_t i = 0; i < parents && !error; i++) {
		const size_t first = count * i / parents, end = count * (i + 1) / parents;
		struct subtree parent = { .last = children[end - 1].last };

		error = append_page(mending, &parent.page);
		if (error)
			break;
		write_inner(mending, parent.page, children + first, end - first);
		buffer_append(ret_level, &parent, sizeof(parent));
		error = buffer_error(ret_level);
	}
	return error;
}

static int write_tree(struct mending *mending)
{
	const size_t most =
		(mending->page_size - INNER_HEAD) / (POINTER_BYTES + CHILD_BYTES + MAX_ROW_BYTES);
	struct buffer level = mending->leaves;
	size_t count = level.size / sizeof(struct subtree);
	int error = 0;

	mending->leaves = (struct buffer){ 0 };
	while (count > most && !error) {
		struct buffer above = { 0 };

		error = write_level(mending, (const struct subtree *)level.data, count,
				    (count + most - 1) / most, &above);
		buffer_release(&level);
		level = above;
		count = level.size / sizeof(struct subtree);
	}
	if (!error && count > 1)
		write_inner(mending, MEND_TABLE_PAGE, (const struct subtree *)level.data, count);
	else if (!error)
		memmove(page_at(mending, MEND_TABLE_PAGE),
			page_at(mending, ((const struct subtree *)level.data)->page),
			mending->page_size);
	buffer_release(&level);
	return error;
}

static void write_first_page(struct mending *mending, struct bytes first_page)
{
	uint8_t *page = page_at(mending, 1);

	memcpy(page, first_page.data, first_page.size);
	put_u32(page + FILE_PAGES, page_count(mending));
	memcpy(page + FILE_CHANGES_OF, page + FILE_CHANGES, sizeof(uint32_t));
}

static int find_all_rows(struct mending *mending)
{
	const uint32_t count = page_count(mending);
	int error = 0;

	if (!has_other_leaves(mending))
		return find_rows(mending, MEND_TABLE_PAGE);
	for (uint32_t page = MEND_TABLE_PAGE + 1; page <= count && !error; page++)
		if (is_leaf(mending, page))
			error = find_rows(mending, page);
	return error;
}

int slice_mend(struct buffer *image, struct bytes first_page, size_t *ret_rows)
{
	struct mending mending = { .image = image, .page_size = first_page.size };
	int error = page_count(&mending) < MEND_TABLE_PAGE ? -EBADMSG : find_all_rows(&mending);

	if (!error) {
		choose_rows(&mending);
		error = write_leaves(&mending);
	}
	if (!error)
		error = write_tree(&mending);
	if (!error)
		write_first_page(&mending, first_page);
	buffer_release(&mending.found);
	buffer_release(&mending.leaves);
	*ret_rows = mending.rows;
	return error;
}
