/* SPDX-License-Identifier: Apache-2.0 */
/* What an input that no reader reads looks like, for whoever has to be told: a guess by how it begins. */
#ifndef HEARTH_MODEL_FOREIGN_KIND_H
#define HEARTH_MODEL_FOREIGN_KIND_H

#include <stddef.h>

/* "JSON of another kind", "HTML"; NULL: text of any kind. */
const char *foreign_kind(const char *bytes, size_t size);

#endif
