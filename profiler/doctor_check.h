/* SPDX-License-Identifier: Apache-2.0 */
/* What a check of `hearth doctor` finds, and those of hearth as a service (doctor_service.c): its file of options, store, address and unit. */
#ifndef HEARTH_PROFILER_DOCTOR_CHECK_H
#define HEARTH_PROFILER_DOCTOR_CHECK_H

enum doctor_verdict {
	DOCTOR_GOOD,
	DOCTOR_LIMITED, /* hearth works, with less */
	DOCTOR_MISSING, /* hearth record cannot work */
};

struct doctor_finding {
	enum doctor_verdict verdict;
	char detail[200];
	const char *mend; /* NULL: nothing to do, or nothing that can be done */
};

void doctor_find(struct doctor_finding *finding, enum doctor_verdict verdict, const char *mend,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

void doctor_check_conf_file(struct doctor_finding *finding);
void doctor_check_store(struct doctor_finding *finding);
void doctor_check_address(struct doctor_finding *finding);
void doctor_check_unit(struct doctor_finding *finding);

#endif
