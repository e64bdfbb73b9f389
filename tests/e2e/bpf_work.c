/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads a BPF program, runs it for SECONDS and takes it away, for each name: bpf_work SECONDS NAME... The process bears the name of
 * the program that runs. All are of the same instructions, so that the kernel may give each the place of the one before.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define INSTRUCTIONS 2000

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int load(const char *name)
{
	struct bpf_insn instructions[INSTRUCTIONS + 2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options);

	for (int i = 1; i <= INSTRUCTIONS; i++)
		instructions[i] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MUL | BPF_K,
						     .dst_reg = BPF_REG_0,
						     .imm = 3 };
	instructions[INSTRUCTIONS + 1].code = BPF_JMP | BPF_EXIT;
	return bpf_prog_load(BPF_PROG_TYPE_SOCKET_FILTER, name, "GPL", instructions,
			     INSTRUCTIONS + 2, &options);
}

static void run(int program, double seconds)
{
	char packet[64] = { 0 };
	double end = now() + seconds;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = packet, .data_size_in = sizeof(packet),
		    .repeat = 1000);

	while (now() < end)
		if (bpf_prog_test_run_opts(program, &options))
			exit(1);
}

int main(int argc, char **argv)
{
	puts("ready");
	fflush(stdout);
	for (int i = 2; i < argc; i++) {
		int program = load(argv[i]);

		if (program < 0)
			return 1;
		prctl(PR_SET_NAME, argv[i]);
		run(program, atof(argv[1]));
		close(program);
		usleep(300000); /* the kernel frees it a while later */
	}
	return 0;
}
