/* SPDX-License-Identifier: Apache-2.0 */
/* yajl's parser, which of itself ends the process where memory runs out. Strings are not validated. */
#ifndef HEARTH_BASE_JSON_READER_H
#define HEARTH_BASE_JSON_READER_H

#include <stddef.h>
#include <yajl/yajl_parse.h>

struct json_reader;

/* NULL: out of memory. The callbacks are to live as long. */
struct json_reader *json_reader_new(const yajl_callbacks *callbacks, void *context);
void json_reader_free(struct json_reader *reader);

/* 0, -EPROTO: no JSON, or a callback gave 0, or -ENOMEM; after an error nothing more is read. */
int json_reader_feed(struct json_reader *reader, const void *bytes, size_t size);
int json_reader_finish(struct json_reader *reader);

/* Bytes of what was fed last. */
size_t json_reader_consumed(const struct json_reader *reader);

#endif
