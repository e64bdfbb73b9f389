/* SPDX-License-Identifier: Apache-2.0 */
#include "profiler/kernel_code.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/u64_map.h"
#include "profiler/cpus.h"
#include "symbolize/kallsyms.h"
#include "symbolize/kernel_modules.h"
#include "symbolize/symbolizer.h"

#define RING_PAGES       8    /* some 300 changes, that are taken twice a second or more often */
#define RECORD_MAX_BYTES 1024 /* a name has 512 at most (KSYM_NAME_LEN) */

#define PAGE_BITS     12
#define MAX_PAGES     2048 /* of a program */
#define MAX_FUNCTIONS 256  /* of a program: BPF_MAX_SUBPROGS */
#define MAX_PROGRAMS  16384

struct ring {
	struct perf_event_mmap_page *page; /* NULL: not watched */
	int fd;
};

struct kernel_code {
	struct ring *rings; /* by CPU */
	size_t ring_count;
	int online;      /* the list of CPUs, open for reading */
	int module_list; /* /proc/modules, or -1: a kernel without modules */
	size_t page_size;
	uint64_t boottime_ahead_ns;
	bool has_begun;
	struct arena names;
	struct buffer changes;          /* struct symbol_kernel_change */
	struct buffer went;             /* bool, of each: it is gone since */
	struct kernel_modules *modules; /* as they were at the last look, NULL: not known */
	struct buffer gone;             /* struct symbol_kernel_range, of modules that went */
	struct buffer gone_ns;          /* of each, when that was found */
	struct u64_map pages;           /* with code that came, went, or may go */
	uint64_t whole_ns;              /* up to then nothing was missed */
	uint64_t cut_ns; /* from then on something may have been, UINT64_MAX: never */
};

/* --- rings --- */

static int open_event(size_t cpu)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.ksymbol = 1,
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
	};
	long fd = syscall(SYS_perf_event_open, &attributes, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

static void watch_cpu(struct kernel_code *code, size_t cpu)
{
	struct ring *ring = &code->rings[cpu];
	int fd = open_event(cpu);
	void *page;

	if (fd < 0)
		return;
	page = mmap(NULL, (1 + RING_PAGES) * code->page_size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    fd, 0);
	if (page == MAP_FAILED) {
		close(fd);
		return;
	}
	*ring = (struct ring){ page, fd };
}

static void ring_release(const struct kernel_code *code, struct ring *ring)
{
	if (!ring->page)
		return;
	munmap(ring->page, (1 + RING_PAGES) * code->page_size);
	close(ring->fd);
	*ring = (struct ring){ 0 };
}

static void cut(struct kernel_code *code, uint64_t since_ns)
{
	if (since_ns < code->cut_ns)
		code->cut_ns = since_ns;
}

/* --- records --- */

static const char *module_of(uint16_t type, struct bytes name)
{
	static const char ftrace[] = "ftrace_trampoline";

	if (type == PERF_RECORD_KSYMBOL_TYPE_BPF)
		return "bpf";
	return name.size == sizeof(ftrace) - 1 && !memcmp(name.data, ftrace, name.size)
		       ? "__builtin__ftrace"
		       : "__builtin__kprobes";
}

/* Without memory the ticks there have no time, and code that was replaced no name. */
static void note_pages(struct kernel_code *code, uint64_t start, uint64_t size)
{
	uint64_t first = start >> PAGE_BITS, last = (start + size - 1) >> PAGE_BITS;

	if (last - first >= MAX_PAGES)
		last = first + MAX_PAGES - 1;
	for (uint64_t page = first; page <= last; page++)
		u64_map_set(&code->pages, page, 1);
}

static void add_change(struct kernel_code *code, struct symbol_kernel_change change, bool went,
		       struct bytes name)
{
	change.name = arena_string(&code->names, (const char *)name.data, name.size);
	if (change.name && code->changes.size / sizeof(change) < KERNEL_CODE_MAX_CHANGES) {
		buffer_append(&code->changes, &change, sizeof(change));
		buffer_append(&code->went, &went, sizeof(went));
	} else {
		cut(code, change.time_ns);
	}
	if (buffer_error(&code->changes) || buffer_error(&code->went))
		cut(code, 0);
	note_pages(code, change.start, change.size);
}

/*
 * u64 address; u32 length; u16 type; u16 flags; char name[], padded to words; u64 time. Where others listen as well (a second
 * hearth, perf) the kernel gives a record that is longer, with anything behind the time: perf_event_ksymbol_output() adds to one size for
 * each of them.
 */
static void take_symbol(struct kernel_code *code, struct bytes record)
{
	struct symbol_kernel_change change = { 0 };
	struct byte_reader reader;
	struct bytes name;
	const uint8_t *end;
	uint16_t type, flags;

	if (record.size < sizeof(struct perf_event_header) + 16 + 8 + 8)
		return;
	byte_reader_init(&reader, record);
	byte_reader_skip(&reader, sizeof(struct perf_event_header));
	change.start = byte_reader_u64(&reader);
	change.size = byte_reader_u32(&reader);
	type = byte_reader_u16(&reader);
	flags = byte_reader_u16(&reader);
	name = bytes_slice(record, reader.offset, record.size - reader.offset - 8);
	end = memchr(name.data, 0, name.size);
	if (!end || end == name.data || !change.size || change.size > UINT64_MAX - change.start)
		return;
	name.size = (size_t)(end - name.data);
	byte_reader_skip(&reader, (name.size / sizeof(uint64_t) + 1) * sizeof(uint64_t));
	change.time_ns = byte_reader_u64(&reader);
	if (reader.failed)
		return;
	change.module = module_of(type, name);
	add_change(code, change, flags & PERF_RECORD_KSYMBOL_FLAGS_UNREGISTER, name);
}

void kernel_code_take(struct kernel_code *code, struct bytes record)
{
	struct perf_event_header header;

	if (record.size < sizeof(header))
		return;
	memcpy(&header, record.data, sizeof(header));
	if (header.type == PERF_RECORD_KSYMBOL)
		take_symbol(code, record);
	else if (header.type == PERF_RECORD_LOST)
		cut(code, code->whole_ns);
}

/* A record may end at the start of the ring. */
static void copy_from_ring(const struct kernel_code *code, const struct ring *ring, uint64_t at,
			   uint8_t *to, size_t size)
{
	const uint8_t *data = (const uint8_t *)ring->page + code->page_size;
	size_t ring_size = RING_PAGES * code->page_size, start = at % ring_size;
	size_t first = size < ring_size - start ? size : ring_size - start;

	memcpy(to, data + start, first);
	memcpy(to + first, data, size - first);
}

static void drain_ring(struct kernel_code *code, struct ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = ring->page->data_tail;

	while (tail < head) {
		uint8_t record[RECORD_MAX_BYTES];
		struct perf_event_header header;

		copy_from_ring(code, ring, tail, (uint8_t *)&header, sizeof(header));
		if (header.size < sizeof(header) || header.size > head - tail) {
			cut(code, code->whole_ns);
			tail = head;
			break;
		}
		if (header.size <= sizeof(record)) {
			copy_from_ring(code, ring, tail, record, header.size);
			kernel_code_take(code, (struct bytes){ record, header.size });
		}
		tail += header.size;
	}
	__atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

void kernel_code_drain(struct kernel_code *code)
{
	for (size_t i = 0; i < code->ring_count; i++)
		if (code->rings[i].page &&
		    code->rings[i].page->data_tail !=
			    __atomic_load_n(&code->rings[i].page->data_head, __ATOMIC_ACQUIRE))
			drain_ring(code, &code->rings[i]);
}

/* --- modules --- */

static bool has_module(const struct kernel_modules *modules, struct kernel_module wanted)
{
	for (size_t i = 0; i < kernel_modules_count(modules); i++) {
		struct kernel_module module = kernel_modules_get(modules, i);

		if (module.start == wanted.start && module.size == wanted.size &&
		    !strcmp(module.name, wanted.name))
			return true;
	}
	return false;
}

static void note_gone(struct kernel_code *code, const struct kernel_modules *now)
{
	uint64_t now_ns = clock_boottime_ns() + code->boottime_ahead_ns;

	for (size_t i = 0; i < kernel_modules_count(code->modules); i++) {
		struct kernel_module module = kernel_modules_get(code->modules, i);
		struct symbol_kernel_range range = { module.start, module.size };

		if (has_module(now, module))
			continue;
		if (code->gone.size / sizeof(range) < KERNEL_CODE_MAX_GONE) {
			buffer_append(&code->gone, &range, sizeof(range));
			buffer_append(&code->gone_ns, &now_ns, sizeof(now_ns));
		} else {
			cut(code, code->whole_ns);
		}
	}
	if (buffer_error(&code->gone) || buffer_error(&code->gone_ns))
		cut(code, 0);
}

void kernel_code_take_modules(struct kernel_code *code, int fd)
{
	struct kernel_modules *now;

	/* What cannot be read now may be at the next look. */
	if (kernel_modules_read(fd, KALLSYMS_MAX_MODULES, &now))
		return;
	if (code->modules)
		note_gone(code, now);
	kernel_modules_free(code->modules);
	code->modules = now;
}

static void look_at_modules(struct kernel_code *code)
{
	if (code->module_list >= 0 && !lseek(code->module_list, 0, SEEK_SET))
		kernel_code_take_modules(code, code->module_list);
}

/* --- watching --- */

void kernel_code_watch_anew(struct kernel_code *code, size_t cpu)
{
	if (cpu < code->ring_count && code->rings[cpu].page) {
		drain_ring(code, &code->rings[cpu]);
		ring_release(code, &code->rings[cpu]);
	}
}

/* A CPU that goes takes its event with it; one that comes was not watched until now: true. */
static bool follow_cpu(struct kernel_code *code, size_t cpu, bool is_online)
{
	struct ring *ring = &code->rings[cpu];
	bool was_watched = ring->page != NULL;

	if (!is_online)
		ring_release(code, ring);
	else if (!was_watched)
		watch_cpu(code, cpu);
	return is_online && (!ring->page || (code->has_begun && !was_watched));
}

void kernel_code_follow(struct kernel_code *code)
{
	struct cpu_set_list online;
	uint64_t now_ns = clock_boottime_ns() + code->boottime_ahead_ns;
	bool was_missing = cpus_read_opened(code->online, &online) || !code->ring_count;

	kernel_code_drain(code);
	look_at_modules(code);
	for (size_t cpu = 0; !was_missing && cpu < code->ring_count; cpu++)
		was_missing = follow_cpu(code, cpu, online.has[cpu]);
	if (was_missing)
		cut(code, code->whole_ns);
	code->whole_ns = now_ns;
	code->has_begun = true;
}

bool kernel_code_may_change(struct kernel_code *code, const struct stack_frame *frames,
			    uint32_t depth)
{
	kernel_code_drain(code);
	for (uint32_t i = 0; i < depth; i++)
		if (frames[i].module == MODULE_KERNEL &&
		    u64_map_get(&code->pages, frames[i].offset >> PAGE_BITS) != U64_MAP_ABSENT)
			return true;
	return false;
}

void kernel_code_read(struct kernel_code *code, struct symbol_kernel_code *ret_changes)
{
	kernel_code_follow(code);
	*ret_changes = (struct symbol_kernel_code){
		.changes = (const struct symbol_kernel_change *)code->changes.data,
		.count = code->changes.size / sizeof(struct symbol_kernel_change),
		.cut_ns = code->cut_ns,
		.gone = (const struct symbol_kernel_range *)code->gone.data,
		.gone_count = code->gone.size / sizeof(struct symbol_kernel_range),
	};
}

/* --- what is there from the beginning --- */

/* A program and its functions. */
static void note_program(struct kernel_code *code, int fd)
{
	uint64_t addresses[MAX_FUNCTIONS];
	uint32_t sizes[MAX_FUNCTIONS], length = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = {
		.jited_ksyms = (uintptr_t)addresses,
		.nr_jited_ksyms = MAX_FUNCTIONS,
		.jited_func_lens = (uintptr_t)sizes,
		.nr_jited_func_lens = MAX_FUNCTIONS,
	};

	if (bpf_obj_get_info_by_fd(fd, &info, &length))
		return;
	for (uint32_t i = 0;
	     i < info.nr_jited_ksyms && i < info.nr_jited_func_lens && i < MAX_FUNCTIONS; i++)
		if (addresses[i] && sizes[i])
			note_pages(code, addresses[i], sizes[i]);
}

/* They may be replaced, so that ticks in them are to have their times. */
static void note_programs(struct kernel_code *code)
{
	uint32_t id = 0;

	for (uint32_t count = 0; count < MAX_PROGRAMS && !bpf_prog_get_next_id(id, &id); count++) {
		int fd = bpf_prog_get_fd_by_id(id);

		if (fd < 0)
			continue;
		note_program(code, fd);
		close(fd);
	}
}

/* --- forgetting --- */

/* The last change of each place before a time: index by start. */
static int find_last(const struct kernel_code *code, uint64_t before_ns, struct u64_map *last)
{
	const struct symbol_kernel_change *changes =
		(const struct symbol_kernel_change *)code->changes.data;
	size_t count = code->changes.size / sizeof(*changes);

	for (size_t i = 0; i < count; i++) {
		uint32_t known = u64_map_get(last, changes[i].start);

		if (changes[i].time_ns < before_ns &&
		    (known == U64_MAP_ABSENT || changes[known].time_ns <= changes[i].time_ns) &&
		    u64_map_set(last, changes[i].start, (uint32_t)i))
			return -ENOMEM;
	}
	return 0;
}

/* What has changed since, and what still lies where it came to. */
static int keep_changes(const struct kernel_code *code, uint64_t before_ns,
			const struct u64_map *last, struct kernel_code *kept)
{
	const struct symbol_kernel_change *changes =
		(const struct symbol_kernel_change *)code->changes.data;
	const bool *went = (const bool *)code->went.data;
	size_t count = code->changes.size / sizeof(*changes);

	for (size_t i = 0; i < count; i++) {
		struct symbol_kernel_change change = changes[i];

		if (change.time_ns < before_ns && (went[i] || u64_map_get(last, change.start) != i))
			continue;
		change.name = arena_string(&kept->names, change.name, strlen(change.name));
		if (!change.name)
			return -ENOMEM;
		buffer_append(&kept->changes, &change, sizeof(change));
		buffer_append(&kept->went, &went[i], sizeof(went[i]));
		note_pages(kept, change.start, change.size);
	}
	return buffer_error(&kept->changes) ? -ENOMEM : buffer_error(&kept->went);
}

static int keep_gone(const struct kernel_code *code, uint64_t before_ns, struct kernel_code *kept)
{
	const struct symbol_kernel_range *gone =
		(const struct symbol_kernel_range *)code->gone.data;
	const uint64_t *gone_ns = (const uint64_t *)code->gone_ns.data;
	size_t count = code->gone.size / sizeof(*gone);

	for (size_t i = 0; i < count; i++) {
		if (gone_ns[i] < before_ns)
			continue;
		buffer_append(&kept->gone, &gone[i], sizeof(gone[i]));
		buffer_append(&kept->gone_ns, &gone_ns[i], sizeof(gone_ns[i]));
	}
	return buffer_error(&kept->gone) ? -ENOMEM : buffer_error(&kept->gone_ns);
}

static void history_release(struct kernel_code *code)
{
	arena_release(&code->names);
	u64_map_release(&code->pages);
	buffer_release(&code->changes);
	buffer_release(&code->went);
	buffer_release(&code->gone);
	buffer_release(&code->gone_ns);
}

int kernel_code_forget(struct kernel_code *code, uint64_t before_ns)
{
	struct kernel_code kept = *code;
	struct u64_map last;
	int error;

	u64_map_init(&last);
	arena_init(&kept.names);
	u64_map_init(&kept.pages);
	kept.changes = kept.went = kept.gone = kept.gone_ns = (struct buffer){ 0 };
	error = find_last(code, before_ns, &last);
	if (!error)
		error = keep_changes(code, before_ns, &last, &kept);
	if (!error)
		error = keep_gone(code, before_ns, &kept);
	u64_map_release(&last);
	if (error) {
		history_release(&kept);
		return error;
	}
	history_release(code);
	*code = kept;
	note_programs(code);
	if (code->cut_ns < before_ns)
		code->cut_ns = UINT64_MAX;
	return 0;
}

/* --- life cycle --- */

struct kernel_code *kernel_code_new(uint64_t boottime_ahead_ns)
{
	struct kernel_code *code = calloc(1, sizeof(*code));
	struct cpu_set_list possible;

	if (!code)
		return NULL;
	arena_init(&code->names);
	code->page_size = (size_t)sysconf(_SC_PAGESIZE);
	code->boottime_ahead_ns = boottime_ahead_ns;
	u64_map_init(&code->pages);
	code->cut_ns = UINT64_MAX;
	code->online = cpus_open("online");
	/* Opened once: looking for one that is not there takes 50 us of a busy machine. */
	code->module_list = open("/proc/modules", O_RDONLY | O_CLOEXEC);
	if (!cpus_read("possible", &possible)) {
		code->rings = calloc(possible.end + 1, sizeof(*code->rings));
		code->ring_count = code->rings ? possible.end : 0;
	}
	kernel_code_follow(code);
	note_programs(code);
	return code;
}

void kernel_code_free(struct kernel_code *code)
{
	if (!code)
		return;
	for (size_t i = 0; i < code->ring_count; i++)
		ring_release(code, &code->rings[i]);
	cleanup_close(&code->online);
	cleanup_close(&code->module_list);
	free(code->rings);
	arena_release(&code->names);
	u64_map_release(&code->pages);
	kernel_modules_free(code->modules);
	buffer_release(&code->gone);
	buffer_release(&code->gone_ns);
	buffer_release(&code->changes);
	buffer_release(&code->went);
	free(code);
}
