/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MiniDebugInfo (GDB manual, "MiniDebugInfo"): the section .gnu_debugdata holds an ELF file of its own, compressed by
 * xz, whose .symtab has those functions of the file that .dynsym lacks. Fedora and its kin ship all files so.
 */
#ifndef HEARTH_ELF_MINI_DEBUG_INFO_H
#define HEARTH_ELF_MINI_DEBUG_INFO_H

#include "elf/elf_file.h"

#define MINI_DEBUG_INFO_MAX_PACKED (32u << 20) /* bytes of the section */
#define MINI_DEBUG_INFO_MAX_BYTES  (64u << 20) /* inflated; some 10 MiB of the largest programs */
#define MINI_DEBUG_INFO_MAX_MEMORY (80u << 20) /* of the decompressor: enough for xz -9 */

/*
 * The file within, by the addresses of `file`, which it does not need any more; to be freed with elf_file_free(). 0;
 * -ENOENT: the file has none; -EFBIG: it is made to be expensive: beyond a limit above, or of elf_file_open(); -EBADMSG: it is damaged; or
 * -ENOEXEC, -EOPNOTSUPP, -ENOMEM.
 */
int mini_debug_info_open(struct elf_file *file, struct elf_file **ret_file);

#endif
