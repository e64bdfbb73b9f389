/* SPDX-License-Identifier: Apache-2.0 */
/* The files of web/ that the build put into the program: WEB_FILE rows of web_files.def. */
#ifndef HEARTH_RENDER_WEB_FILES_H
#define HEARTH_RENDER_WEB_FILES_H

#include "base/byte_reader.h"

#define WEB_FILE(name) struct bytes web_file_##name(void);
#include "render/web_files.def"
#undef WEB_FILE

#endif
