/* SPDX-License-Identifier: Apache-2.0 */
/*
 * snapshot_unwinder.c, fde_index.c: this process takes snapshots of itself, which are unwound whole, cut, or
 * with something in them that is no stack.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/hash.h"
#include "symbolize/vdso.h"
#include "tests/unit/cfi_builder.h"
#include "unwind/fde_index.h"
#include "unwind/snapshot_unwinder.h"

#define STACK_BYTES (128u << 10)
#define FIRST_FILE  16 /* module ids: this and the index of the mapping */

/* What a test has at hand: its own mappings, and the last snapshot. */
struct self {
	struct snapshot_mapping mappings[SNAPSHOT_MAX_MAPPINGS];
	char *paths[SNAPSHOT_MAX_MAPPINGS];
	size_t count;
	uint64_t refused;         /* module whose file cannot be opened */
	const uint8_t *made_text; /* of a file made by hand, NULL: nothing in particular */
	uint64_t made_entry;      /* its e_entry */
	int fds[SNAPSHOT_MAX_MAPPINGS];
	struct snapshot_unwinder *unwinder;
	struct snapshot snapshot;
	uint8_t stack[STACK_BYTES];
	struct unwound_stack unwound;
};

static struct self self;

static void add_mapping(const char *line)
{
	unsigned long start, end, offset;
	char flags[5], path[256] = "";
	struct snapshot_mapping *mapping = &self.mappings[self.count];

	if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %255s", &start, &end, flags, &offset, path) < 4 ||
	    flags[2] != 'x' || self.count == SNAPSHOT_MAX_MAPPINGS)
		return;
	*mapping = (struct snapshot_mapping){ start, end, FIRST_FILE + self.count, offset };
	if (!strcmp(path, "[vdso]"))
		mapping->module = MODULE_VDSO;
	else if (*path != '/')
		mapping->module = MODULE_ANONYMOUS | start;
	if (mapping->module & MODULE_ANONYMOUS)
		mapping->offset = start;
	self.paths[self.count] = strdup(path);
	self.fds[self.count++] = -1;
}

static int open_file(void *context, uint64_t module, struct elf_file **ret_file)
{
	size_t i = module - FIRST_FILE;

	(void)context;
	if (module == self.refused)
		return -ENOENT;
	if (module == MODULE_VDSO)
		return vdso_open(ret_file);
	assert_true(i < self.count);
	if (self.fds[i] < 0)
		self.fds[i] = open(self.paths[i], O_RDONLY | O_CLOEXEC);
	assert_true(self.fds[i] >= 0);
	return elf_file_open(self.fds[i], ret_file);
}

static int set_up(void **state)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];

	(void)state;
	self.count = 0;
	self.refused = 0;
	self.made_text = NULL;
	self.made_entry = 0;
	while (maps && fgets(line, sizeof(line), maps))
		add_mapping(line);
	if (maps)
		fclose(maps);
	self.unwinder = snapshot_unwinder_new(open_file, NULL);
	return self.unwinder && self.count ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	snapshot_unwinder_free(self.unwinder);
	for (size_t i = 0; i < self.count; i++) {
		free(self.paths[i]);
		if (self.fds[i] >= 0)
			close(self.fds[i]);
	}
	return 0;
}

/* As much of the stack as is there, page by page. */
static size_t copy_stack(uint64_t from)
{
	size_t size = 0;

	while (size < STACK_BYTES) {
		size_t part = 4096 - ((from + size) & 4095);
		struct iovec local = { self.stack + size, part };
		struct iovec remote = { (void *)(uintptr_t)(from + size), part };

		if (part > STACK_BYTES - size ||
		    process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != (ssize_t)part)
			break;
		size += part;
	}
	return size;
}

static void take_snapshot(const ucontext_t *context)
{
	static const int order[SNAPSHOT_REGISTERS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP,
	};

	self.snapshot = (struct snapshot){
		.mappings = self.mappings,
		.mapping_count = self.count,
		.stack_start = (uint64_t)context->uc_mcontext.gregs[REG_RSP],
	};
	for (size_t i = 0; i < SNAPSHOT_REGISTERS; i++)
		self.snapshot.registers[i] = (uint64_t)context->uc_mcontext.gregs[order[i]];
	self.snapshot.stack = (struct bytes){ self.stack, copy_stack(self.snapshot.stack_start) };
	assert_true(self.snapshot.stack.size > 512);
}

static void unwind(void)
{
	snapshot_unwinder_unwind(self.unwinder, &self.snapshot, &self.unwound);
}

static uint64_t address_of(const struct stack_frame *frame)
{
	for (size_t i = 0; i < self.count; i++) {
		const struct snapshot_mapping *mapping = &self.mappings[i];
		uint64_t address = frame->offset - mapping->offset + mapping->start;

		if (mapping->module == frame->module && address >= mapping->start &&
		    address < mapping->end)
			return address;
	}
	return 0;
}

/* The position of a function whose code lies at `start`, from `from` on; -1: it is no frame. */
static int find_function(const void *start, int from)
{
	for (uint32_t i = (uint32_t)from; i < self.unwound.depth; i++) {
		uint64_t address = address_of(&self.unwound.frames[i]);

		if (address > (uintptr_t)start && address < (uintptr_t)start + 2000)
			return (int)i;
	}
	return -1;
}

/* --- whole stacks --- */

static __attribute__((noinline, noclone)) int innermost(int depth)
{
	ucontext_t context;

	getcontext(&context);
	take_snapshot(&context);
	return depth;
}

static __attribute__((noinline, noclone)) int recurse(int depth)
{
	/* Not a tail call, and a frame of its own. */
	return (depth ? recurse(depth - 1) : innermost(depth)) + 1;
}

static void own_stack_to_the_root(void **state)
{
	int at;

	(void)state;
	assert_int_equal(recurse(20), 21);
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_true(self.unwound.depth > 25);
	at = find_function((void *)(uintptr_t)innermost, 0);
	assert_int_equal(at, 0);
	assert_false(self.unwound.may_lack_frames);
	for (int i = 1; i <= 21; i++)
		assert_int_equal(find_function((void *)(uintptr_t)recurse, i), i);
	assert_int_equal(find_function((void *)(uintptr_t)own_stack_to_the_root, 22), 22);
}

static void *run_thread(void *argument)
{
	return (void *)(intptr_t)recurse((int)(intptr_t)argument);
}

static void thread_to_its_root(void **state)
{
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, run_thread, (void *)3), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(find_function((void *)(uintptr_t)run_thread, 5), 5);
}

static void take_in_handler(int number)
{
	(void)number;
	recurse(2);
}

static __attribute__((noinline, noclone)) void interrupted(void)
{
	raise(SIGUSR1);
}

static void signal_frame(void **state)
{
	struct sigaction action = { .sa_handler = take_in_handler }, before;
	int handler;

	(void)state;
	sigaction(SIGUSR1, &action, &before);
	interrupted();
	sigaction(SIGUSR1, &before, NULL);
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	handler = find_function((void *)(uintptr_t)take_in_handler, 0);
	assert_int_equal(handler, 4);
	assert_true(find_function((void *)(uintptr_t)interrupted, handler) > handler);
	assert_true(find_function((void *)(uintptr_t)signal_frame, handler) > handler);
}

/* A trap at a function's first instruction; the byte before it is another function's. */
void traps(void);
void returns_before(void);

__asm__(".text\n"
	".globl returns_before\n"
	".type returns_before, @function\n"
	"returns_before:\n"
	".cfi_startproc\n"
	"	pushq %rax\n"
	".cfi_def_cfa_offset 16\n"
	"	ret\n"
	".cfi_endproc\n"
	".size returns_before, . - returns_before\n"
	".globl traps\n"
	".type traps, @function\n"
	"traps:\n"
	".cfi_startproc\n"
	"	ud2\n"
	"	ret\n"
	".cfi_endproc\n"
	".size traps, . - traps\n");

static void take_in_trap(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info;
	recurse(2);
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2; /* behind the ud2 */
}

static void interrupted_at_its_first_instruction(void **state)
{
	struct sigaction action = { .sa_sigaction = take_in_trap, .sa_flags = SA_SIGINFO }, before;
	const int handler = 4,
		  trapped = 6; /* the stub that returns from the handler is between them */

	(void)state;
	sigaction(SIGILL, &action, &before);
	traps();
	sigaction(SIGILL, &before, NULL);
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(find_function((void *)(uintptr_t)take_in_trap, 0), handler);
	assert_true(address_of(&self.unwound.frames[trapped]) == (uintptr_t)traps);
	assert_int_equal(
		find_function((void *)(uintptr_t)interrupted_at_its_first_instruction, trapped + 1),
		trapped + 1);
}

/* In a system call the PC is behind it, perhaps behind the end of the function. */
static void leaf_is_a_return_address(void **state)
{
	struct stack_frame caller;

	(void)state;
	recurse(1);
	unwind();
	caller = self.unwound.frames[1];
	self.snapshot.leaf_is_return = true;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_true(address_of(&self.unwound.frames[0]) == self.snapshot.registers[RIP] - 1);
	assert_memory_equal(&self.unwound.frames[1], &caller, sizeof(caller));
}

/* --- ends that prove nothing --- */

static void cut_stack(void **state)
{
	uint32_t whole;

	(void)state;
	recurse(20);
	unwind();
	whole = self.unwound.depth;
	while (self.snapshot.stack.size >= 512) {
		uint32_t depth = self.unwound.depth;

		self.snapshot.stack.size -= self.snapshot.stack.size / 8;
		unwind();
		assert_true(self.unwound.depth <= depth);
		if (self.unwound.depth == whole) /* what was cut is above the root */
			continue;
		assert_int_equal(self.unwound.reason, REASON_STACK_UNREADABLE);
		assert_true(self.unwound.lacks_stack);
	}
	assert_true(self.unwound.depth < whole);
}

static void file_that_cannot_be_opened(void **state)
{
	uint64_t module;

	(void)state;
	recurse(3);
	unwind();
	module = self.unwound.frames[self.unwound.depth - 1].module;
	snapshot_unwinder_free(self.unwinder);
	self.unwinder = snapshot_unwinder_new(open_file, NULL);
	self.refused = self.unwound.frames[0].module;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_ROWS_MISSING);
	assert_int_equal(self.unwound.depth, 1);
	assert_true(self.unwound.lacks_file == self.refused);
	self.refused = 0; /* it is asked for again */
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_true(self.unwound.frames[self.unwound.depth - 1].module == module);
}

static void leaf_outside_of_code(void **state)
{
	(void)state;
	recurse(1);
	self.snapshot.registers[RIP] = (uintptr_t)&self;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_BAD_LEAF);
	assert_int_equal(self.unwound.depth, 0);
}

/* A stack whose frames lead round and round. */
static void stack_that_loops(void **state)
{
	uint64_t *words = (uint64_t *)self.stack;

	(void)state;
	recurse(1);
	/* Code without CFI, by frame pointers that lead back. */
	for (size_t i = 0; i < self.count; i++)
		self.mappings[i].module |= MODULE_ANONYMOUS;
	words[0] = self.snapshot.stack_start + 16;
	words[1] = self.snapshot.registers[RIP];
	words[2] = self.snapshot.stack_start;
	words[3] = self.snapshot.registers[RIP];
	self.snapshot.registers[RBP] = self.snapshot.stack_start;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NO_ROOT);
	assert_int_equal(self.unwound.depth, 3);
}

static void stack_deeper_than_the_limit(void **state)
{
	uint64_t *words = (uint64_t *)self.stack;

	(void)state;
	recurse(1);
	for (size_t i = 0; i < self.count; i++)
		self.mappings[i].module |= MODULE_ANONYMOUS;
	for (size_t i = 0; i < STACK_BYTES / 16; i++) {
		words[2 * i] = self.snapshot.stack_start + 16 * (i + 1);
		words[2 * i + 1] = self.snapshot.registers[RIP];
	}
	self.snapshot.stack.size = STACK_BYTES;
	self.snapshot.registers[RBP] = self.snapshot.stack_start;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_MAX_DEPTH);
	assert_int_equal(self.unwound.depth, EVENT_MAX_FRAMES);
}

/* --- anything at all --- */

static uint64_t random_below(uint64_t limit)
{
	static uint64_t seed;

	return hash_u64(++seed) % limit;
}

static uint64_t random_code(void)
{
	const struct snapshot_mapping *mapping = &self.mappings[random_below(self.count)];

	return mapping->start + random_below(mapping->end - mapping->start);
}

static void random_snapshot(void)
{
	uint64_t *words = (uint64_t *)self.stack;

	for (size_t i = 0; i < SNAPSHOT_REGISTERS; i++)
		self.snapshot.registers[i] = random_below(UINT64_MAX) >> random_below(64);
	self.snapshot.registers[RIP] = random_code();
	self.snapshot.registers[RSP] = self.snapshot.stack_start;
	self.snapshot.registers[RBP] = self.snapshot.stack_start + random_below(STACK_BYTES);
	self.snapshot.leaf_is_return = random_below(2);
	for (size_t i = 0; i < 64; i++) /* words that look like stack and code */
		words[random_below(512)] = random_below(2)
						   ? random_code()
						   : self.snapshot.stack_start + random_below(8192);
}

static void random_registers_and_stacks(void **state)
{
	(void)state;
	recurse(5);
	for (int i = 0; i < 20000; i++) {
		random_snapshot();
		unwind();
		assert_true(self.unwound.depth <= EVENT_MAX_FRAMES);
		assert_true(self.unwound.reason < REASON_COUNT);
	}
}

/* --- tables --- */

static void index_of(const char *path, struct fde_index *ret_index, int *ret_fd)
{
	struct elf_file *file;

	*ret_fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(*ret_fd >= 0);
	assert_int_equal(elf_file_open(*ret_fd, &file), 0);
	assert_int_equal(fde_index_init(ret_index, file), 0);
}

/* A copy of this program, the encoding of whose search table is of no known kind. */
static void copy_self(int to)
{
	const uint8_t encoding = 0xff;
	int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	off_t size = lseek(from, 0, SEEK_END);
	uint8_t *bytes = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, from, 0);
	const Elf64_Ehdr *header = (const void *)bytes;
	const Elf64_Phdr *segments;

	assert_true(bytes != MAP_FAILED);
	segments = (const void *)(bytes + header->e_phoff);
	assert_int_equal(write(to, bytes, (size_t)size), size);
	for (size_t i = 0; i < header->e_phnum; i++) {
		if (segments[i].p_type == PT_GNU_EH_FRAME)
			assert_int_equal(pwrite(to, &encoding, 1, (off_t)segments[i].p_offset + 3),
					 1);
	}
	munmap(bytes, (size_t)size);
	close(from);
}

static void table_is_made_where_there_is_none(void **state)
{
	char path[] = "/tmp/snapshot_unwinder_test.XXXXXX";
	struct fde_index own, made;
	int fd = mkstemp(path), fds[2];

	(void)state;
	copy_self(fd);
	index_of("/proc/self/exe", &own, &fds[0]);
	index_of(path, &made, &fds[1]);
	assert_true(made.base == made.section.address && own.base != made.base);
	assert_true(own.count > 100);
	assert_int_equal(own.count, made.count);
	for (size_t i = 0; i < own.count; i++) {
		assert_true(own.base + (uint64_t)(int64_t)own.entries[i].start ==
			    made.base + (uint64_t)(int64_t)made.entries[i].start);
		assert_true(own.base + (uint64_t)(int64_t)own.entries[i].fde ==
			    made.base + (uint64_t)(int64_t)made.entries[i].fde);
	}
	fde_index_release(&own);
	fde_index_release(&made);
	close(fds[0]);
	close(fds[1]);
	close(fd);
	unlink(path);
}

/* --- call frame information made by hand, at a place of a process that never was --- */

#define CODE_START  0x10000000ull
#define STACK_START 0x7ff000000000ull

/* Two functions: at 0x100 with these instructions, at 0x200 a root. */
static void unwind_made(struct cfi_builder *cfi, uint64_t at, const uint64_t *words, size_t count,
			uint64_t fp)
{
	static struct snapshot_mapping mapping = { CODE_START, CODE_START + TEXT_BYTES,
						   FIRST_FILE };
	struct cfi_file file;

	cfi_end(cfi);
	cfi_begin_fde(cfi, 0x200, 0x100);
	CFI(cfi, DW_CFA_undefined, RIP);
	cfi_end(cfi);
	cfi_file_init(&file, self.made_text, self.made_text ? TEXT_BYTES : 0);
	file.elf.header.e_entry = self.made_entry;
	cfi_file_section(&file, ".eh_frame", cfi);
	file.fd = elf_builder_fd(&file.elf);
	self.fds[0] = dup(file.fd);
	cfi_file_release(&file);
	mapping.offset = file.text_offset;
	self.snapshot = (struct snapshot){
		.stack_start = STACK_START,
		.stack = { (const uint8_t *)words, count * sizeof(*words) },
		.mappings = &mapping,
		.mapping_count = 1,
	};
	self.snapshot.registers[RSP] = STACK_START;
	self.snapshot.registers[RBP] = fp;
	self.snapshot.registers[RIP] = CODE_START + at;
	unwind();
}

static void begin_made(struct cfi_builder *cfi)
{
	cfi_builder_init(cfi, false);
	cfi_cie(cfi);
	cfi_begin_fde(cfi, 0x100, 0x100);
}

static void root_below_a_function(void **state)
{
	const uint64_t words[] = { CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	unwind_made(&cfi, 0x120, words, 1, 0);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(self.unwound.depth, 2);
}

/* An address in no mapping is no code, unless the snapshot has not all of them. */
static void address_in_no_mapping(void **state)
{
	uint64_t words[] = { CODE_START + TEXT_BYTES + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	unwind_made(&cfi, 0x120, words, 1, 0);
	assert_int_equal(self.unwound.reason, REASON_BAD_CALLER);
	self.snapshot.lacks_mappings = true;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_SNAPSHOT_FULL);
	assert_int_equal(self.unwound.depth, 1);
	self.snapshot.registers[RIP] = words[0];
	unwind();
	assert_int_equal(self.unwound.reason, REASON_SNAPSHOT_FULL);
	self.snapshot.lacks_mappings = false;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_BAD_LEAF);
}

/* The CFA is 8, so that the return address seems to lie at 0, by which libunwind means "nowhere". */
static void return_address_at_zero_is_no_root(void **state)
{
	const uint64_t words[] = { CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	CFI(&cfi, DW_CFA_def_cfa, RBP, 16);
	unwind_made(&cfi, 0x120, words, 1, (uint64_t)-8);
	assert_int_equal(self.unwound.reason, REASON_BAD_STACK);
}

/* libunwind ends where the frame pointer is undefined; the return address still has a place. */
static void undefined_frame_pointer_is_no_root(void **state)
{
	const uint64_t words[] = { CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	CFI(&cfi, DW_CFA_undefined, RBP);
	unwind_made(&cfi, 0x120, words, 1, 0);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(self.unwound.depth, 2);
}

static void code_without_cfi_by_frame_pointer(void **state)
{
	const uint64_t words[] = { 0, 0, 0x1234, CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	unwind_made(&cfi, 0x1000, words, 4, STACK_START + 16);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_true(self.unwound.may_lack_frames);
	assert_true(self.unwound.may_lack_caller);
	assert_int_equal(self.unwound.depth, 2);
	self.snapshot.registers[RBP] = 0;
	unwind();
	assert_int_equal(self.unwound.reason, REASON_NO_ROOT);
	assert_int_equal(self.unwound.depth, 1);
}

/* The caller at `return_address` has no CFI, and glibc's dynamic linker, stripped, begins at 0x1000. */
static void unwind_at_entry(uint64_t return_address)
{
	const uint64_t words[] = { CODE_START + return_address, 0x1234, 0x1234,
				   CODE_START + 0x210 };
	uint8_t text[TEXT_BYTES] = { 0 };
	struct cfi_builder cfi;

	memcpy(text + 0x1000, "\x48\x89\xe7\xe8\1\2\3\4\x49\x89\xc4\x90\x41\xff\xe4", 15);
	self.made_text = text;
	self.made_entry = TEXT_ADDRESS + 0x1000;
	begin_made(&cfi);
	unwind_made(&cfi, 0x120, words, 4, STACK_START + 16);
	assert_int_equal(self.unwound.reason, REASON_NONE);
}

static void code_at_the_entry_is_a_root_and_none_behind_it(void **state)
{
	(void)state;
	unwind_at_entry(0x1008);
	assert_int_equal(self.unwound.depth, 2);
	assert_false(self.unwound.may_lack_frames);
	tear_down(NULL);
	assert_int_equal(set_up(NULL), 0);
	unwind_at_entry(0x1010);
	assert_int_equal(self.unwound.depth, 3);
}

/* The caller is where glibc's makecontext() has a stack begin, with CFI, or behind it. */
static void where_contexts_begin_is_a_root(void **state)
{
	uint64_t words[] = { CODE_START + 0x1000, 0x1234, 0x1234, CODE_START + 0x210 };
	uint8_t text[TEXT_BYTES] = { 0 };
	struct cfi_builder cfi;

	(void)state;
	memcpy(text + 0x1000, "\x48\x89\xdc\x48\x8b\x3c\x24\x48\x85\xff\x74\x08\xe8\1\2\3\4", 17);
	self.made_text = text;
	begin_made(&cfi);
	cfi_end(&cfi);
	cfi_begin_fde(&cfi, 0x1000, 26);
	unwind_made(&cfi, 0x120, words, 4, STACK_START + 16);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(self.unwound.depth, 2);
	words[0] += 0x40;
	unwind();
	assert_int_equal(self.unwound.depth, 3);
}

/* It has made its frame, for it calls: whether that is all the file's rows may know. */
static void caller_without_cfi_by_frame_pointer(void **state)
{
	const uint64_t words[] = { CODE_START + 0x1000, 0, 0, CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	unwind_made(&cfi, 0x120, words, 4, STACK_START + 16);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(self.unwound.depth, 3);
	assert_false(self.unwound.may_lack_frames);
	assert_false(self.unwound.may_lack_caller);
}

static void expression_that_loops_ends(void **state)
{
	const uint64_t words[] = { CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	begin_made(&cfi);
	CFI(&cfi, DW_CFA_def_cfa_expression, 3, DW_OP_skip, 0xfd, 0xff);
	unwind_made(&cfi, 0x120, words, 1, 0);
	assert_int_equal(self.unwound.reason, REASON_BAD_STACK);
	assert_int_equal(self.unwound.depth, 1);
}

/* The place of a C++ function's personality routine lies in data, which no snapshot has. */
static void indirect_personality_is_no_obstacle(void **state)
{
	const uint64_t words[] = { CODE_START + 0x210 };
	struct cfi_builder cfi;

	(void)state;
	cfi_builder_init(&cfi, false);
	cfi_begin_cie_version(&cfi, 1, "zPR");
	CFI(&cfi, 6, 0x9b, 0x00, 0x10, 0x00, 0x00, 0x1b);
	cfi_initial(&cfi);
	cfi_end(&cfi);
	cfi_begin_fde(&cfi, 0x100, 0x100);
	unwind_made(&cfi, 0x120, words, 1, 0);
	assert_int_equal(self.unwound.reason, REASON_NONE);
	assert_int_equal(self.unwound.depth, 2);
}

static void mutated_cfi(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 3000; seed++) {
		const uint64_t words[] = { CODE_START + 0x110, CODE_START + 0x120, 0,
					   CODE_START + 0x210 };
		struct cfi_builder cfi;

		begin_made(&cfi);
		for (uint64_t i = 0; i < 12; i++)
			cfi_u8(&cfi, (uint8_t)hash_u64(seed * 12 + i));
		unwind_made(&cfi, 0x120 + seed % 64, words, 4, STACK_START + 8);
		assert_true(self.unwound.depth >= 1 && self.unwound.reason < REASON_COUNT);
		tear_down(NULL);
		assert_int_equal(set_up(NULL), 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(own_stack_to_the_root),
		TEST(thread_to_its_root),
		TEST(signal_frame),
		TEST(interrupted_at_its_first_instruction),
		TEST(leaf_is_a_return_address),
		TEST(cut_stack),
		TEST(file_that_cannot_be_opened),
		TEST(leaf_outside_of_code),
		TEST(stack_that_loops),
		TEST(stack_deeper_than_the_limit),
		TEST(random_registers_and_stacks),
		TEST(table_is_made_where_there_is_none),
		TEST(root_below_a_function),
		TEST(return_address_at_zero_is_no_root),
		TEST(undefined_frame_pointer_is_no_root),
		TEST(code_without_cfi_by_frame_pointer),
		TEST(code_at_the_entry_is_a_root_and_none_behind_it),
		TEST(where_contexts_begin_is_a_root),
		TEST(address_in_no_mapping),
		TEST(caller_without_cfi_by_frame_pointer),
		TEST(expression_that_loops_ends),
		TEST(indirect_personality_is_no_obstacle),
		TEST(mutated_cfi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
