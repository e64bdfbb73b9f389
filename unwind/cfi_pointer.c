/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/cfi_pointer.h"

#include <errno.h>

int cfi_pointer_read_plain(struct byte_reader *reader, uint8_t encoding, uint64_t *ret_value)
{
	uint64_t value;

	switch (encoding & CFI_POINTER_FORMAT) {
	case CFI_POINTER_ABSOLUTE:
	case CFI_POINTER_UDATA8:
	case CFI_POINTER_SDATA8:
		value = byte_reader_u64(reader);
		break;
	case CFI_POINTER_ULEB128:
		value = byte_reader_uleb128(reader);
		break;
	case CFI_POINTER_UDATA2:
		value = byte_reader_u16(reader);
		break;
	case CFI_POINTER_UDATA4:
		value = byte_reader_u32(reader);
		break;
	case CFI_POINTER_SLEB128:
		value = (uint64_t)byte_reader_sleb128(reader);
		break;
	case CFI_POINTER_SDATA2:
		value = (uint64_t)(int64_t)(int16_t)byte_reader_u16(reader);
		break;
	case CFI_POINTER_SDATA4:
		value = (uint64_t)(int64_t)(int32_t)byte_reader_u32(reader);
		break;
	default:
		return -EOPNOTSUPP;
	}
	if (reader->failed)
		return -EBADMSG;
	*ret_value = value;
	return 0;
}

static int find_base(uint8_t encoding, const struct cfi_pointer_bases *bases, uint64_t address,
		     uint64_t *ret_base)
{
	switch (encoding & CFI_POINTER_RELATIVE) {
	case CFI_POINTER_ABSOLUTE:
		*ret_base = 0;
		return 0;
	case CFI_POINTER_PC:
		*ret_base = address;
		return 0;
	case CFI_POINTER_TEXT:
		*ret_base = bases->text;
		return bases->has_text ? 0 : -EOPNOTSUPP;
	case CFI_POINTER_DATA:
		*ret_base = bases->data;
		return bases->has_data ? 0 : -EOPNOTSUPP;
	default: /* relative to the function, or aligned: neither has a meaning for the function itself */
		return -EOPNOTSUPP;
	}
}

int cfi_pointer_read(struct byte_reader *reader, uint8_t encoding,
		     const struct cfi_pointer_bases *bases, uint64_t address, uint64_t *ret_value)
{
	uint64_t base, value;
	int err;

	if (encoding == CFI_POINTER_OMIT || encoding & CFI_POINTER_INDIRECT)
		return -EOPNOTSUPP;
	err = find_base(encoding, bases, address, &base);
	if (!err)
		err = cfi_pointer_read_plain(reader, encoding, &value);
	if (err)
		return err;
	*ret_value = base + value;
	return 0;
}
