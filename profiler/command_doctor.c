/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hearth doctor: what this machine allows and lacks, and the one command that mends each. Each check
 * is one row; it tries the thing itself where it can, for settings only hint at what a kernel does.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "profiler/command.h"
#include "profiler/doctor_check.h"
#include "profiler/kernel_release.h"
#include "profiler/kernel_words.h"
#include "profiler/options.h"
#include "profiler/own_worker.h"
#include "profiler/sampler.h"
#include "profiler/unwind_space.h"
#include "profiler/system_limits.h"
#include "worker/file_ways.h"
#include "worker/opener.h"
#include "worker/worker.h"

#define PAGE_BYTES 4096
#define NOBODY     65534

DEFINE_CLEANUP(cleanup_opener, struct opener *, opener_free)
DEFINE_CLEANUP(cleanup_worker, struct worker *, worker_free)

struct check {
	const char *name;
	void (*look)(struct doctor_finding *finding);
};

void doctor_find(struct doctor_finding *finding, enum doctor_verdict verdict, const char *mend,
		 const char *format, ...)
{
	va_list arguments;

	finding->verdict = verdict;
	finding->mend = mend;
	va_start(arguments, format);
	vsnprintf(finding->detail, sizeof(finding->detail), format, arguments);
	va_end(arguments);
}

static void check_kernel(struct doctor_finding *finding)
{
	struct kernel_release release;

	if (kernel_release_read(&release))
		doctor_find(finding, DOCTOR_LIMITED, NULL, "its version is not known");
	else if (kernel_release_is_supported(&release))
		doctor_find(finding, DOCTOR_GOOD, NULL, "Linux %s", release.text);
	else
		doctor_find(finding, DOCTOR_MISSING, NULL,
			    "Linux %s; hearth needs " KERNEL_OLDEST " or newer", release.text);
}

static void check_btf(struct doctor_finding *finding)
{
	if (!access("/sys/kernel/btf/vmlinux", R_OK))
		doctor_find(finding, DOCTOR_GOOD, NULL, "/sys/kernel/btf/vmlinux");
	else
		doctor_find(finding, DOCTOR_MISSING,
			    "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y",
			    "/sys/kernel/btf/vmlinux: %s", strerror(errno));
}

/* Root of a container or a user namespace may lack what counts. CAP_SYS_ADMIN stands for both, as in old days. */
static bool has_capabilities(void)
{
	/* Of linux/capability.h. */
	const uint64_t sys_admin = 1ull << 21, perfmon = 1ull << 38, bpf = 1ull << 39;
	_cleanup_(buffer_release) struct buffer text = { 0 };
	const char *line;
	uint64_t effective;

	if (buffer_read_file(&text, "/proc/self/status", 64 * 1024) || !buffer_string(&text))
		return false;
	line = strstr(text.data, "CapEff:");
	effective = line ? strtoull(line + strlen("CapEff:"), NULL, 16) : 0;
	return (effective & sys_admin) || ((effective & perfmon) && (effective & bpf));
}

static void check_privilege(struct doctor_finding *finding)
{
	if (!geteuid() && has_capabilities())
		doctor_find(finding, DOCTOR_GOOD, NULL, "root");
	else if (!geteuid())
		doctor_find(finding, DOCTOR_MISSING, "start the container privileged",
			    "root without CAP_BPF and CAP_PERFMON");
	else
		doctor_find(finding, DOCTOR_MISSING, "sudo hearth record ...",
			    "not root: BPF programs and other users' processes are out of reach");
}

/* Loads the real program. */
static int load(struct sampler **ret_sampler)
{
	static const struct targets everything;
	static const struct sampler_options options = { .rate_hz = 99,
							.targets = &everything,
							.unwind_bytes = UNWIND_SPACE_DEFAULT_BYTES,
							.quiet = true };

	return sampler_new(&options, ret_sampler);
}

/* Starts real ticks for a moment: what works here works in a recording. */
static void check_recording(struct doctor_finding *finding)
{
	struct sampler *sampler = NULL;
	int error = load(&sampler);

	if (!error)
		error = sampler_start(sampler);
	if (!error)
		doctor_find(finding, DOCTOR_GOOD, NULL, "the program loads and ticks on %u CPUs",
			    sampler_cpu_count(sampler));
	else if (geteuid())
		doctor_find(finding, DOCTOR_MISSING, "sudo hearth doctor", "not permitted to try");
	else
		doctor_find(finding, DOCTOR_MISSING, "hearth record -v -d 1 shows why",
			    "the kernel refuses the program or the event");
	sampler_free(sampler);
}

/* All that hearth reads of other people's files it has read by a process that could do no harm. */
static void check_worker(struct doctor_finding *finding)
{
	_cleanup_(cleanup_worker) struct worker *worker = NULL;
	const char *failed = "it cannot be started";
	int error = own_worker_new(&worker);

	if (!error)
		error = worker_await(worker, &failed);
	if (!error)
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    "files are read without privileges, by a process that is shut in");
	else
		doctor_find(
			finding, DOCTOR_MISSING,
			"run hearth with CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID and CAP_SETPCAP, as root has, and in a container with --security-opt seccomp=unconfined",
			"no process that reads files can be shut in: %s: %s", failed,
			strerror(-error));
}

/* Waits for the answer about the first page of this program, of which the kernel side is asked: 0 or -errno. */
static int try_opener(const struct sampler *sampler, struct opener *opener, void *page)
{
	struct identify_argument self;
	struct opener_request request = {
		.place = { (uint32_t)getpid(), (uintptr_t)page, (uintptr_t)page + PAGE_BYTES,
			   NULL },
	};
	struct opener_answer answer = { .fd = -1 };
	int error = sampler_identify(sampler, page, &self);

	request.module = self.module;
	request.size = self.key.size;
	if (!error)
		error = opener_open(opener, &request, &answer);
	cleanup_close(&answer.fd);
	return error;
}

/* MAP_FAILED: errno says why not. */
static void *map_itself(void)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return mmap(NULL, PAGE_BYTES, PROT_READ, MAP_PRIVATE, fd, 0);
}

static int try_opener_on_itself(const struct sampler *sampler, struct opener *opener)
{
	void *page = map_itself();
	int error;

	if (page == MAP_FAILED)
		return -errno;
	error = try_opener(sampler, opener, page);
	munmap(page, PAGE_BYTES);
	return error;
}

/* What it is for is not tried, for there may be no such file; but all that it does. */
static void check_opener(struct doctor_finding *finding)
{
	_cleanup_(cleanup_opener) struct opener *opener = NULL;
	struct sampler *sampler = NULL;
	int error = load(&sampler), why;
	const char *failed;

	if (!error)
		error = own_opener_new(sampler_identify_program(sampler), &opener);
	if (error) {
		doctor_find(finding, DOCTOR_LIMITED, NULL, "not tried, as nothing can be recorded");
	} else {
		error = try_opener_on_itself(sampler, opener);
		failed = opener_failed(opener, &why);
		if (!error)
			doctor_find(
				finding, DOCTOR_GOOD, NULL,
				"files on FUSE and networks are opened by a process that may be left waiting");
		else
			doctor_find(
				finding, DOCTOR_LIMITED,
				"run hearth with CAP_SYS_PTRACE, CAP_CHECKPOINT_RESTORE and CAP_DAC_READ_SEARCH besides, as root has",
				"files on FUSE and networks have no names: %s%s%s", failed,
				*failed ? ": " : "", strerror(why ? -why : -error));
	}
	sampler_free(sampler);
}

/* Which of its ways the kernel side took when it was loaded: it says so itself. */
static void check_mappings(struct doctor_finding *finding)
{
	struct sampler *sampler = NULL;
	struct identify_argument answer;
	int error = load(&sampler);

	if (!error)
		error = sampler_identify(sampler, NULL, &answer);
	if (error)
		doctor_find(finding, DOCTOR_LIMITED, NULL, "not tried, as nothing can be recorded");
	else if (answer.sequence == SEQUENCE_NONE)
		doctor_find(
			finding, DOCTOR_LIMITED, "boot Linux 6.4 or newer",
			"this kernel does not tell when they change: each tick reads them anew");
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "remembered until mm_lock_seq (%s) changes",
			    answer.sequence == SEQUENCE_COUNT ? "a seqcount" : "a number");
	sampler_free(sampler);
}

static void check_cycles(struct doctor_finding *finding)
{
	struct perf_event_attr attributes = {
		.size = sizeof(attributes),
		.type = PERF_TYPE_HARDWARE,
		.config = PERF_COUNT_HW_CPU_CYCLES,
		.exclude_kernel = 1,
	};
	_cleanup_close_ int fd =
		(int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

	if (fd >= 0)
		doctor_find(finding, DOCTOR_GOOD, NULL, "-e cycles can be used");
	else if (errno == EACCES || errno == EPERM)
		doctor_find(finding, DOCTOR_LIMITED, "sudo hearth doctor", "not permitted to try");
	else
		doctor_find(
			finding, DOCTOR_LIMITED, NULL,
			"no hardware counters (a virtual machine?): -e cpu-clock, the default, works");
}

static void check_rate(struct doctor_finding *finding)
{
	uint64_t rate = 0;
	int error = system_limit_read("/proc/sys/kernel/perf_event_max_sample_rate", &rate);

	if (error)
		doctor_find(finding, DOCTOR_LIMITED, NULL, "kernel.perf_event_max_sample_rate: %s",
			    strerror(-error));
	else if (rate < 999)
		doctor_find(finding, DOCTOR_LIMITED,
			    "sysctl kernel.perf_event_max_sample_rate=10000",
			    "-F up to %llu (the kernel lowered it when ticks took long)",
			    (unsigned long long)rate);
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "-F up to %llu", (unsigned long long)rate);
}

static void check_depth(struct doctor_finding *finding)
{
	uint64_t depth = 0;

	if (system_limit_read("/proc/sys/kernel/perf_event_max_stack", &depth))
		doctor_find(finding, DOCTOR_LIMITED, NULL,
			    "kernel.perf_event_max_stack is not readable");
	else if (depth < KERNEL_MAX_FRAMES)
		doctor_find(finding, DOCTOR_LIMITED, "sysctl kernel.perf_event_max_stack=127",
			    "kernel stacks are cut at %llu frames", (unsigned long long)depth);
	else
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    "%d kernel and %d user frames of each stack", KERNEL_MAX_FRAMES,
			    EVENT_MAX_FRAMES);
}

DEFINE_CLEANUP(cleanup_words, struct kernel_words_source *, kernel_words_source_free)

/* Any address will do: what is tried is the question. */
static bool kernel_answers(void)
{
	_cleanup_(cleanup_words) struct kernel_words_source *source = kernel_words_source_new();
	const uint64_t address = 0;
	struct kernel_words_list words;

	if (geteuid() || !source || kernel_words_ask(source, &address, 1, &words))
		return false;
	kernel_words_release(&words);
	return true;
}

/* With kptr_restrict every address reads as zero. */
static void check_kernel_names(struct doctor_finding *finding)
{
	_cleanup_fclose_ FILE *file = fopen("/proc/kallsyms", "re");
	unsigned long long address = 0;
	char type = 'A';

	/* The first symbols may be absolute (type A): of those, zero is a value like any other. */
	while (file && type == 'A' && fscanf(file, "%llx %c %*[^\n]", &address, &type) == 2)
		;
	if (!file || type == 'A')
		doctor_find(finding, DOCTOR_LIMITED, "boot a kernel built with CONFIG_KALLSYMS=y",
			    "/proc/kallsyms is not readable");
	else if (!address && kernel_answers())
		doctor_find(finding, DOCTOR_GOOD, NULL,
			    "by the kernel itself; /proc/kallsyms hides addresses");
	else if (!address)
		doctor_find(finding, DOCTOR_LIMITED,
			    geteuid() ? "sudo hearth doctor" : "sysctl kernel.kptr_restrict=1",
			    "kernel addresses are hidden: kernel frames stay [kernel]");
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "/proc/kallsyms");
}

/* Becomes somebody else, says so, and stays until the pipe is closed. */
static void be_somebody_else(const int *said, const int *end)
{
	char byte = 0;

	close(said[0]);
	close(end[1]);
	if (!setresuid(NOBODY, NOBODY, NOBODY) && write(said[1], &byte, 1) == 1 &&
	    read(end[0], &byte, 1) == 0)
		_exit(0);
	_exit(1);
}

/* Whether there is one; and if so, opens what he maps, by the way that deleted files are found. */
static bool try_mapping_of(pid_t pid, int said, const void *page, int *ret_error)
{
	const struct file_place place = { (uint32_t)pid, (uintptr_t)page,
					  (uintptr_t)page + PAGE_BYTES, NULL };
	_cleanup_(file_ways_release) struct file_ways ways = { .process = -1 };
	_cleanup_close_ int fd = -1;
	char byte;

	if (read(said, &byte, 1) != 1)
		return false;
	file_ways_init(&ways, &place);
	*ret_error = file_ways_open(&ways, FILE_WAY_MAPPING, &fd);
	return true;
}

/* Our own processes tell nothing: what counts is whether those of others are open to us. False: that cannot be tried. */
static bool try_mapping_of_somebody_else(int *ret_error)
{
	int said[2] = { -1, -1 }, end[2] = { -1, -1 };
	void *page = map_itself();
	bool is_tried = false;
	pid_t pid = -1;

	if (page != MAP_FAILED && !pipe2(said, O_CLOEXEC) && !pipe2(end, O_CLOEXEC))
		pid = fork();
	if (!pid)
		be_somebody_else(said, end);
	cleanup_close(&said[1]);
	cleanup_close(&end[0]);
	if (pid > 0)
		is_tried = try_mapping_of(pid, said[0], page, ret_error);
	cleanup_close(&end[1]);
	cleanup_close(&said[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	if (page != MAP_FAILED)
		munmap(page, PAGE_BYTES);
	return is_tried;
}

static void check_deleted_files(struct doctor_finding *finding)
{
	int error = 0;

	if (geteuid())
		doctor_find(finding, DOCTOR_LIMITED, "sudo hearth doctor", "not permitted to try");
	else if (!try_mapping_of_somebody_else(&error))
		doctor_find(finding, DOCTOR_LIMITED, NULL,
			    "not tried: no process can become another user's here");
	else if (error)
		doctor_find(
			finding, DOCTOR_LIMITED,
			"run hearth with CAP_SYS_PTRACE and CAP_CHECKPOINT_RESTORE, as root has",
			"/proc/PID/map_files of others is closed (%s): ticks in files that are deleted or in a container are truncated(rows_missing)",
			strerror(-error));
	else
		doctor_find(finding, DOCTOR_GOOD, NULL, "/proc/PID/map_files");
}

static void check_debug_files(struct doctor_finding *finding)
{
	if (!access("/usr/lib/debug", X_OK))
		doctor_find(finding, DOCTOR_GOOD, NULL, "/usr/lib/debug");
	else
		doctor_find(finding, DOCTOR_LIMITED,
			    "install the -dbgsym or -debuginfo packages of what you profile",
			    "none installed: stripped programs show exported functions only");
}

static const struct check checks[] = {
	{ "kernel", check_kernel },
	{ "BTF", check_btf },
	{ "privilege", check_privilege },
	{ "recording", check_recording },
	{ "worker", check_worker },
	{ "opener", check_opener },
	{ "mappings", check_mappings },
	{ "hardware cycles", check_cycles },
	{ "rate", check_rate },
	{ "depth", check_depth },
	{ "kernel names", check_kernel_names },
	{ "deleted files", check_deleted_files },
	{ "debug files", check_debug_files },
	{ "conf file", doctor_check_conf_file },
	{ "store", doctor_check_store },
	{ "address", doctor_check_address },
	{ "unit", doctor_check_unit },
};

#define CHECK_COUNT (sizeof(checks) / sizeof(checks[0]))

static const char *const verdict_names[] = {
	[DOCTOR_GOOD] = "good",
	[DOCTOR_LIMITED] = "limited",
	[DOCTOR_MISSING] = "missing",
};

static void print_text(const struct check *check, const struct doctor_finding *finding)
{
	printf("%-8s %-16s %s\n", verdict_names[finding->verdict], check->name, finding->detail);
	if (finding->mend)
		printf("%26s-> %s\n", "", finding->mend);
}

/* Details hold words of ours and of the kernel: no quotes, no control characters but these two. */
static void print_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putchar('\\');
		putchar((unsigned char)*text < 0x20 ? ' ' : *text);
	}
	putchar('"');
}

static void print_json(const struct check *check, const struct doctor_finding *finding, bool last)
{
	printf("  {\"check\": \"%s\", \"verdict\": \"%s\", \"detail\": ", check->name,
	       verdict_names[finding->verdict]);
	print_json_string(finding->detail);
	printf(", \"mend\": ");
	if (finding->mend)
		print_json_string(finding->mend);
	else
		printf("null");
	printf("}%s\n", last ? "" : ",");
}

static int set_json(void *context, const char *name, const char *value, const char **ret_why)
{
	(void)name;
	(void)value;
	(void)ret_why;
	*(bool *)context = true;
	return 0;
}

static enum doctor_verdict run_checks(bool json)
{
	enum doctor_verdict worst = DOCTOR_GOOD;

	if (json)
		printf("[\n");
	for (size_t i = 0; i < CHECK_COUNT; i++) {
		struct doctor_finding finding = { 0 };

		checks[i].look(&finding);
		if (json)
			print_json(&checks[i], &finding, i + 1 == CHECK_COUNT);
		else
			print_text(&checks[i], &finding);
		if (finding.verdict > worst)
			worst = finding.verdict;
	}
	if (json)
		printf("]\n");
	return worst;
}

int command_doctor(int argc, char **argv)
{
	static const struct option_row rows[] = {
		{ "json", 0, NULL, "for programs", set_json },
	};
	bool json = false;
	const struct option_table tables[] = { { "Options:", rows, 1, &json } };
	const struct option_parser parser = {
		.usage =
			"Usage: hearth doctor [--json]\n\n"
			"What this machine allows and lacks, and the command that mends each. Exit status 3 if\n"
			"hearth record cannot work here.",
		.command = "doctor",
		.tables = tables,
		.table_count = 1,
	};
	int operand;

	switch (options_parse(&parser, argc, argv, &operand)) {
	case OPTIONS_HELP_SHOWN:
		return EXIT_GOOD;
	case OPTIONS_WRONG:
		return EXIT_WRONG;
	case OPTIONS_PARSED:
		break;
	}
	if (operand < argc) {
		log_error("hearth doctor takes no argument such as %s", argv[operand]);
		return EXIT_WRONG;
	}
	return run_checks(json) == DOCTOR_MISSING ? EXIT_NOT_PERMITTED : EXIT_GOOD;
}
