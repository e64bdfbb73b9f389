/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the samples in C and C++ have in common.
 *
 * A sample's profile must be known in advance, on any machine. So a function's share comes from counted
 * work, never from measured time: all functions repeat one and the same unit, a chain of dependent
 * multiplications in which a processor can overlap nothing and that no cache or branch can slow. Who
 * does seven units of ten gets seven ticks of ten.
 *
 * A sampling timer and a loop with a fixed order can beat against each other: the ticks would then fall on
 * the same few steps again and again. Where several functions take turns within one thread, their order is
 * therefore shuffled anew in each block of units, and a block is shorter than a tick's distance.
 *
 * A sample ends by itself, after the CPU time that its argument asks for, in whole blocks:
 *
 *	SAMPLE [--hold] [--report] [SECONDS]
 *
 *	--hold    say "ready" on standard output, then wait for a line (or the end) of standard input
 *	--report  at the end, say the CPU time used in one line of JSON
 *
 * Nothing here needs the C library, so that a sample can do without (SAMPLE_FREESTANDING): no code but its own is
 * on the stack then.
 */
#ifndef HEARTH_SAMPLES_SAMPLE_H
#define HEARTH_SAMPLES_SAMPLE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#ifdef SAMPLE_FREESTANDING
#if defined(__x86_64__)
#include "freestanding_x86_64.h"
#elif defined(__aarch64__)
#include "freestanding_aarch64.h"
#else
#error "no freestanding samples for this processor yet"
#endif
#else
#include <unistd.h>
#define sample_syscall(number, a, b, c) syscall(number, a, b, c)
#endif

/* A function that stays a frame of its own: not inlined, cloned, or left out for having no effect. */
#if defined(__clang__)
#define SAMPLE_FRAME __attribute__((noinline))
#else
#define SAMPLE_FRAME __attribute__((noipa))
#endif

#define SAMPLE_UNIT_STEPS 20000 /* about 30 µs: a block of ten is shorter than a tick at 999 Hz */
#define SAMPLE_BLOCK      10    /* units from one look at the clock to the next */

struct sample_options {
	double seconds; /* of CPU time, all threads and children together */
	int hold, report;
};

/* The unit of work. Inlined, so that it counts for the function that does it. */
static inline __attribute__((always_inline)) void sample_work(unsigned units)
{
	for (uint64_t steps = (uint64_t)units * SAMPLE_UNIT_STEPS, x = 1; steps; steps--) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		__asm__ volatile("" : "+r"(x));
	}
}

static inline uint64_t sample_time_ns(clockid_t clock)
{
	struct timespec now = { 0, 0 };

	sample_syscall(SYS_clock_gettime, clock, (long)&now, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Has this thread or process (by `clock`) used up `seconds`? */
static inline int sample_is_over(clockid_t clock, double seconds)
{
	return (double)sample_time_ns(clock) >= seconds * 1e9;
}

/* The next number of a fixed series: samples do the same in every run. */
static inline uint32_t sample_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Puts the turns of a block into a new order (Fisher and Yates). */
static inline void sample_shuffle(unsigned char *turns, unsigned count, uint32_t *state)
{
	for (unsigned i = count - 1; i > 0; i--) {
		unsigned other = sample_random(state) % (i + 1);
		unsigned char turn = turns[i];

		turns[i] = turns[other];
		turns[other] = turn;
	}
}

static inline int sample_equal(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

static inline void sample_say(const char *text)
{
	size_t size = 0;

	while (text[size])
		size++;
	sample_syscall(SYS_write, 1, (long)text, (long)size);
}

static inline void sample_say_number(uint64_t number)
{
	char digits[21];
	char *at = digits + sizeof(digits) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + number % 10);
	} while (number /= 10);
	sample_say(at);
}

static inline double sample_parse_seconds(const char *text)
{
	double seconds = 0, place = 1;
	int fraction = 0;

	for (; *text; text++) {
		if (*text == '.') {
			fraction = 1;
			continue;
		}
		seconds = seconds * 10 + (*text - '0');
		if (fraction)
			place *= 10;
	}
	return seconds / place;
}

/* Reads the arguments and, if asked to, holds. Call it first. */
static inline struct sample_options sample_start(char **arguments)
{
	struct sample_options options = { 2.0, 0, 0 };
	char line[16];

	for (char **argument = arguments + 1; *argument; argument++) {
		if (sample_equal(*argument, "--hold"))
			options.hold = 1;
		else if (sample_equal(*argument, "--report"))
			options.report = 1;
		else
			options.seconds = sample_parse_seconds(*argument);
	}
	if (options.hold) {
		sample_say("ready\n");
		sample_syscall(SYS_read, 0, (long)line, (long)sizeof(line));
	}
	return options;
}

/* Of this process or of its ended children: getrusage() counts whole microseconds. */
static inline struct rusage sample_usage(int who)
{
	struct rusage usage;

	sample_syscall(SYS_getrusage, who, (long)&usage, 0);
	return usage;
}

static inline uint64_t sample_cpu_ns(const struct rusage *usage)
{
	return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000000u +
	       (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) * 1000u;
}

/* CPU time of all threads and of the children that have ended. */
static inline int sample_family_is_over(double seconds)
{
	struct rusage self = sample_usage(RUSAGE_SELF), children = sample_usage(RUSAGE_CHILDREN);

	return (double)(sample_cpu_ns(&self) + sample_cpu_ns(&children)) >= seconds * 1e9;
}

/*
 * "switches" counts how often a thread was put on or off a CPU: between two of them ticks come at equal
 * distances, so it bounds how far a count of ticks may stray from CPU time × rate.
 */
static inline void sample_end(struct sample_options options)
{
	struct rusage self = sample_usage(RUSAGE_SELF), children = sample_usage(RUSAGE_CHILDREN);

	if (!options.report)
		return;
	sample_say("{\"cpu_ns\": ");
	sample_say_number(sample_cpu_ns(&self) + sample_cpu_ns(&children));
	sample_say(", \"switches\": ");
	sample_say_number((uint64_t)(self.ru_nvcsw + self.ru_nivcsw + children.ru_nvcsw +
				     children.ru_nivcsw));
	sample_say("}\n");
}

#endif
