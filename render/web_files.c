/* SPDX-License-Identifier: Apache-2.0 */
#include "render/web_files.h"

/* `ld -b binary` names the two ends of a file so. */
#define WEB_FILE(name)                                                                   \
	extern const uint8_t _binary_web_##name##_start[], _binary_web_##name##_end[];   \
	struct bytes web_file_##name(void)                                               \
	{                                                                                \
		return (struct bytes){                                                   \
			_binary_web_##name##_start,                                      \
			(size_t)(_binary_web_##name##_end - _binary_web_##name##_start), \
		};                                                                       \
	}
#include "render/web_files.def"
#undef WEB_FILE
