/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image of a slice whose head or tree is damaged, made readable: rows stand in the leaves of a table's tree, and all else of a database says where they are (sqlite.org/fileformat2.html). The first page is made
 * anew, and so is the tree above the leaves; rows that do not lie in their page, and those whose numbers do not go on, are left out. Whether a row is what it was its checksums tell.
 */
#ifndef HEARTH_STORE_SLICE_MEND_H
#define HEARTH_STORE_SLICE_MEND_H

#include <stddef.h>

#include "base/buffer.h"
#include "base/byte_reader.h"

#define MEND_TABLE_PAGE 2 /* where the tree of the only table begins, counted from 1 */

/* `first_page` is that of a database with the same table, and its size that of all pages. So many rows are found from now on; -EBADMSG: there are none; or -ENOMEM. */
int slice_mend(struct buffer *image, struct bytes first_page, size_t *ret_rows);

#endif
