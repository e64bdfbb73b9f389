/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plt_names.c and plt_entry_x86.c: the forms of entries by hand, as each linker writes them; and what the linkers at
 * hand make, against objdump(1).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "symbolize/plt_entry_x86.h"
#include "symbolize/plt_names.h"
#include "symbolize/symbolizer.h"
#include "tests/unit/elf_builder.h"

/* --- forms --- */

#define AT 0x1000

/* Displacement 0x100: where the slot is depends on where the instruction ends. */
#define TO_SLOT "\xff\x25\x00\x01\x00\x00"
#define ENDBR64 "\xf3\x0f\x1e\xfa"
#define PUSH_7  "\x68\x07\x00\x00\x00"
#define JMP     "\xe9\xe0\xff\xff\xff"

static struct plt_entry parse(const char *code, size_t size)
{
	return plt_entry_x86_parse((struct bytes){ (const uint8_t *)code, size }, AT);
}

#define PARSE(code) parse(code, sizeof(code) - 1)

static void assert_slot(struct plt_entry entry, uint64_t instruction_end)
{
	assert_int_equal(entry.kind, PLT_ENTRY_SLOT);
	assert_int_equal(entry.value, AT + instruction_end + 0x100);
}

static void lazy_entries_of_gnu_ld_gold_and_lld(void **state)
{
	(void)state;
	assert_slot(PARSE(TO_SLOT PUSH_7 JMP), 6);
}

static void entries_of_plt_got(void **state)
{
	(void)state;
	assert_slot(PARSE(TO_SLOT "\x66\x90"), 6);
	assert_slot(PARSE(ENDBR64 TO_SLOT "\x66\x0f\x1f\x44\x00\x00"), 10);
}

static void entries_of_plt_sec_with_ibt(void **state)
{
	(void)state;
	assert_slot(PARSE(ENDBR64 TO_SLOT "\x66\x0f\x1f\x44\x00\x00"), 10);
	/* Of binutils up to 2.38: bnd jmp. */
	assert_slot(PARSE(ENDBR64 "\xf2" TO_SLOT "\x0f\x1f\x44\x00\x00"), 11);
	/* Of gcc -mmpx: .plt.bnd */
	assert_slot(PARSE("\xf2" TO_SLOT "\x90"), 7);
}

static void lazy_entries_with_ibt_tell_a_relocation(void **state)
{
	struct plt_entry entry = PARSE(ENDBR64 PUSH_7 JMP "\x66\x90");

	(void)state;
	assert_int_equal(entry.kind, PLT_ENTRY_INDEX);
	assert_int_equal(entry.value, 7);
	entry = PARSE(ENDBR64 PUSH_7 "\xf2" JMP "\x90");
	assert_int_equal(entry.kind, PLT_ENTRY_INDEX);
	assert_int_equal(entry.value, 7);
}

static void entries_of_mold(void **state)
{
	(void)state;
	assert_slot(PARSE(ENDBR64 "\x41\xbb\x07\x00\x00\x00" TO_SLOT), 16);
}

static void a_displacement_may_be_negative(void **state)
{
	struct plt_entry entry = PARSE("\xff\x25\xfa\xef\xff\xff\x66\x90");

	(void)state;
	assert_int_equal(entry.kind, PLT_ENTRY_SLOT);
	assert_int_equal(entry.value, 0);
}

static void the_first_entry_and_other_code_are_none(void **state)
{
	static const char whole[] = ENDBR64 "\xf2" TO_SLOT;

	(void)state;
	/* push GOT+8; jmp *GOT+16 */
	assert_int_equal(PARSE("\xff\x35\x00\x01\x00\x00" TO_SLOT "\x0f\x1f\x40\x00").kind, 0);
	/* mold's: endbr64; push %r11; push GOT+8 */
	assert_int_equal(PARSE(ENDBR64 "\x41\x53\xff\x35\x00\x01\x00\x00\xff\x25\x00\x01").kind, 0);
	/* lld -z retpolineplt */
	assert_int_equal(PARSE("\x4c\x8b\x1d\x00\x01\x00\x00\xe8\x01\x00\x00\x00").kind, 0);
	/* a push that no jump follows */
	assert_int_equal(PARSE(ENDBR64 PUSH_7 "\x90\x90\x90\x90\x90\x90\x90").kind, 0);
	for (size_t size = 0; size < sizeof(whole) - 1; size++)
		assert_int_equal(parse(whole, size).kind, PLT_ENTRY_NONE);
	assert_int_equal(PARSE(ENDBR64 PUSH_7).kind, PLT_ENTRY_NONE);
}

/* --- files made by hand --- */

#define PLT_ADDRESS 0x2000
#define GOT_ADDRESS 0x4000

/* .dynsym (1: first, 2: second, 3: without name), .rela.plt, .plt of entries that jump to these slots. */
static int make_file(const Elf64_Rela *relocations, size_t count, const uint64_t *slots,
		     size_t slot_count)
{
	struct elf_builder builder;
	struct buffer plt = { 0 };
	Elf64_Shdr *section;

	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	elf_builder_symbol(&builder, "first@@V_1", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	elf_builder_symbol(&builder, "_ZN1a1bEv", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	elf_builder_symbol(&builder, "", 0, 0, STB_GLOBAL, STT_FUNC, SHN_UNDEF);
	elf_builder_symbols(&builder, SHT_DYNSYM);
	section = elf_builder_section(&builder, ".rela.plt", SHT_RELA, relocations,
				      count * sizeof(*relocations));
	section->sh_flags = SHF_ALLOC;
	section->sh_entsize = sizeof(*relocations);
	section->sh_link = 1;
	for (size_t i = 0; i < slot_count; i++) {
		uint32_t displacement = slots[i] - (PLT_ADDRESS + i * 16 + 6);

		buffer_append(&plt, "\xff\x25", 2);
		buffer_append(&plt, &displacement, sizeof(displacement));
		buffer_append(&plt, PUSH_7 JMP, 10);
	}
	section = elf_builder_section(&builder, ".plt", SHT_PROGBITS, plt.data, plt.size);
	section->sh_flags = SHF_ALLOC | SHF_EXECINSTR;
	section->sh_addr = PLT_ADDRESS;
	elf_builder_load(&builder, section->sh_offset, PLT_ADDRESS, plt.size, PF_R | PF_X);
	buffer_release(&plt);
	return elf_builder_fd(&builder);
}

static Elf64_Rela jump_slot(uint64_t slot, uint32_t symbol)
{
	return (Elf64_Rela){ .r_offset = slot, .r_info = ELF64_R_INFO(symbol, R_X86_64_JUMP_SLOT) };
}

/* The names of a file's entries, one after the other, each "ADDRESS NAME\n". */
static int list_names(int fd, struct buffer *to)
{
	struct buffer name = { 0 };
	struct function_symbol symbol;
	struct function_source source;
	struct elf_file *file;
	int err;

	assert_int_equal(elf_file_open(fd, &file), 0);
	err = plt_names_open(file, &source);
	while (!err && source.ops->next(source.source, &symbol) > 0) {
		if (source.ops->name(source.source, symbol.name, &name))
			continue;
		buffer_printf(to, "%lx %.*s\n", symbol.start, (int)name.size, name.data);
	}
	if (!err)
		source.ops->free(source.source);
	elf_file_free(file);
	buffer_release(&name);
	return err;
}

/* Do the addresses concern the file's tables? */
static bool concern(int fd, const uint64_t *addresses, size_t count)
{
	struct elf_file *file;
	bool answer;

	assert_int_equal(elf_file_open(fd, &file), 0);
	answer = plt_names_concern(file, addresses, count);
	elf_file_free(file);
	return answer;
}

static void assert_names(int fd, const char *expected)
{
	struct buffer names = { 0 };

	assert_int_equal(list_names(fd, &names), 0);
	assert_string_equal(buffer_string(&names), expected);
	buffer_release(&names);
	close(fd);
}

static void tables_concern_only_addresses_in_them(void **state)
{
	const Elf64_Rela relocation = jump_slot(GOT_ADDRESS, 1);
	const uint64_t slot = GOT_ADDRESS;
	const uint64_t around[] = { 0, PLT_ADDRESS - 1, PLT_ADDRESS + PLT_ENTRY_X86_BYTES,
				    UINT64_MAX };
	const uint64_t within[] = { PLT_ADDRESS - 1, PLT_ADDRESS + PLT_ENTRY_X86_BYTES - 1 };
	int fd = make_file(&relocation, 1, &slot, 1);

	(void)state;
	assert_false(concern(fd, around, 4));
	assert_false(concern(fd, within, 0));
	assert_true(concern(fd, within, 2));
	assert_true(concern(fd, within + 1, 1));
	close(fd);
}

static void slots_decide_and_not_the_order(void **state)
{
	const Elf64_Rela relocations[] = { jump_slot(GOT_ADDRESS + 8, 2),
					   jump_slot(GOT_ADDRESS, 1) };
	const uint64_t slots[] = { GOT_ADDRESS, GOT_ADDRESS + 8 };

	(void)state;
	assert_names(make_file(relocations, 2, slots, 2), "2000 first@plt\n2010 _ZN1a1bEv@plt\n");
}

static void slots_without_a_symbol_give_no_name(void **state)
{
	const Elf64_Rela relocations[] = {
		{ GOT_ADDRESS, ELF64_R_INFO(0, R_X86_64_IRELATIVE), 0x1000 },
		{ GOT_ADDRESS + 8, ELF64_R_INFO(1, R_X86_64_64), 0 },
		jump_slot(GOT_ADDRESS + 16, 3),
		jump_slot(GOT_ADDRESS + 24, 4),
		jump_slot(GOT_ADDRESS + 32, 0),
		/* two symbols in one slot */
		jump_slot(GOT_ADDRESS + 40, 1),
		jump_slot(GOT_ADDRESS + 40, 2),
	};
	const uint64_t slots[] = { GOT_ADDRESS,      GOT_ADDRESS + 8,  GOT_ADDRESS + 16,
				   GOT_ADDRESS + 24, GOT_ADDRESS + 32, GOT_ADDRESS + 40,
				   GOT_ADDRESS + 48 };

	(void)state;
	assert_names(make_file(relocations, 7, slots, 7), "");
}

static void files_without_dynamic_symbols_have_none(void **state)
{
	struct buffer names = { 0 };
	struct elf_builder builder;
	int fd;

	(void)state;
	elf_builder_init(&builder, ET_DYN, EM_X86_64);
	fd = elf_builder_fd(&builder);
	assert_int_equal(list_names(fd, &names), -ENOENT);
	close(fd);
}

static void keep_name(const struct symbol_reply *reply, void *context)
{
	assert_int_equal(reply->error, 0);
	for (size_t i = 0; i < reply->count; i++)
		buffer_printf(context, "%s+%d\n", reply->names[i].function,
			      (int)reply->names[i].offset);
}

/* Demangled, up to its last byte, and the one behind the table is not in it. */
static void names_go_the_whole_way(void **state)
{
	static const char *const no_folders[] = { NULL };
	const struct symbolizer_options options = { .debug_folders = no_folders };
	const Elf64_Rela relocations[] = { jump_slot(GOT_ADDRESS, 1),
					   jump_slot(GOT_ADDRESS + 8, 2) };
	const uint64_t slots[] = { GOT_ADDRESS, GOT_ADDRESS + 8 };
	int fd = make_file(relocations, 2, slots, 2);
	struct symbolizer *symbolizer = symbolizer_new(&options);
	struct buffer heard = { 0 };
	struct elf_file *file;
	uint64_t offset;

	(void)state;
	assert_int_equal(elf_file_open(fd, &file), 0);
	offset = elf_file_section_named(file, ".plt")->offset;
	elf_file_free(file);
	assert_int_equal(symbolizer_submit(symbolizer,
					   &(struct symbol_request){
						   .fd = fd,
						   .addresses = (const uint64_t[]){ offset + 15,
										    offset + 22 },
						   .count = 2 }),
			 0);
	assert_int_equal(symbolizer_run(symbolizer, keep_name, &heard), 0);
	assert_string_equal(buffer_string(&heard), "first@plt+15\na::b()@plt+6\n");
	buffer_release(&heard);
	symbolizer_free(symbolizer);
	close(fd);
}

/* --- files that linkers make --- */

static char folder[] = "/tmp/hearth-plt.XXXXXX";

static const char source[] =
	"#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n"
	"int (*volatile taken)(const char *) = puts;\n"
	"int main(int c, char **v) { char *p = malloc(c * 10); memset(p, 1, c); puts(v[0]);\n"
	"taken(v[0]); free(p); return getenv(v[0]) != 0; }\n";

static int make_folder(void **state)
{
	char path[PATH_MAX];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a.c", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(source, file);
	return fclose(file);
}

static int remove_folder(void **state)
{
	char command[PATH_MAX];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	return system(command);
}

/* False: there is no such linker, or it does not know an option. */
static bool link_with(const char *options)
{
	char command[PATH_MAX];

	snprintf(command, sizeof(command),
		 "cd %s && cc -w -O1 -fno-builtin %s -o a a.c 2>/dev/null && strip a", folder,
		 options);
	return !system(command);
}

/* Each name that objdump gives must be ours, at its address: how many it gave. */
static int compare_with_objdump(const struct buffer *names)
{
	char command[PATH_MAX], line[256];
	int count = 0;
	FILE *objdump;

	snprintf(command, sizeof(command),
		 "objdump -d %s/a | sed -n 's/^0*\\([0-9a-f]*\\) <\\([a-z_]*@plt\\)>:$/\\1 \\2/p'",
		 folder);
	objdump = popen(command, "r");
	assert_non_null(objdump);
	while (fgets(line, sizeof(line), objdump)) {
		assert_non_null(strstr(names->data, line));
		count++;
	}
	pclose(objdump);
	return count;
}

static int compare_linked(const char *options)
{
	struct buffer names = { 0 };
	char path[PATH_MAX];
	int fd, count;

	if (!link_with(options))
		return 0;
	snprintf(path, sizeof(path), "%s/a", folder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(list_names(fd, &names), 0);
	assert_non_null(buffer_string(&names));
	assert_non_null(strstr(names.data, " malloc@plt\n"));
	count = compare_with_objdump(&names);
	buffer_release(&names);
	close(fd);
	return count;
}

/* malloc, memset, puts, free, getenv */
static void gnu_ld_as_objdump_has_it(void **state)
{
	static const char *const options[] = {
		"-fuse-ld=bfd -fcf-protection=none",
		"-fuse-ld=bfd -fcf-protection=none -Wl,-z,now",
		"-fuse-ld=bfd -fcf-protection=full -Wl,-z,ibtplt",
		"-fuse-ld=bfd -fcf-protection=full -Wl,-z,ibtplt -Wl,-z,now",
		"-fuse-ld=bfd -no-pie -fcf-protection=none -Wl,-z,lazy",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		assert_true(compare_linked(options[i]) >= 5);
}

/* Where they are installed; their forms are above in any case. (objdump does not know mold's .plt, we do.) */
static void other_linkers_as_objdump_has_it(void **state)
{
	static const char *const options[] = {
		"-fuse-ld=gold -fcf-protection=none",
		"-fuse-ld=gold -fcf-protection=full",
		"-fuse-ld=lld",
		"-fuse-ld=lld -Wl,-z,force-ibt",
		"-fuse-ld=mold",
		"-fuse-ld=mold -Wl,-z,now",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		compare_linked(options[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lazy_entries_of_gnu_ld_gold_and_lld),
		cmocka_unit_test(entries_of_plt_got),
		cmocka_unit_test(entries_of_plt_sec_with_ibt),
		cmocka_unit_test(lazy_entries_with_ibt_tell_a_relocation),
		cmocka_unit_test(entries_of_mold),
		cmocka_unit_test(a_displacement_may_be_negative),
		cmocka_unit_test(the_first_entry_and_other_code_are_none),
		cmocka_unit_test(tables_concern_only_addresses_in_them),
		cmocka_unit_test(slots_decide_and_not_the_order),
		cmocka_unit_test(slots_without_a_symbol_give_no_name),
		cmocka_unit_test(files_without_dynamic_symbols_have_none),
		cmocka_unit_test(names_go_the_whole_way),
		cmocka_unit_test(gnu_ld_as_objdump_has_it),
		cmocka_unit_test(other_linkers_as_objdump_has_it),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
