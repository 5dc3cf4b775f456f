/* The readers of text formats, one family a file; trace_readers_text[] lists them. What series
 * and distributions a reader makes stands at the head of its file. */
#ifndef CALIBRATE_READ_TEXT_H
#define CALIBRATE_READ_TEXT_H

#include "calibrate/trace.h"

double boot_recognise(const char *text, size_t length);
int boot_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double boot_cdf_recognise(const char *text, size_t length);
int boot_cdf_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double cyclictest_recognise(const char *text, size_t length);
int cyclictest_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double histogram_recognise(const char *text, size_t length);
int histogram_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double kvmexit_recognise(const char *text, size_t length);
int kvmexit_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double kvmstat_recognise(const char *text, size_t length);
int kvmstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double lockstat_recognise(const char *text, size_t length);
int lockstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double measured_recognise(const char *text, size_t length);
int measured_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double perfkvm_recognise(const char *text, size_t length);
int perfkvm_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double perflock_recognise(const char *text, size_t length);
int perflock_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double pressure_recognise(const char *text, size_t length);
int pressure_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double record_recognise(const char *text, size_t length);
int record_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double sadf_recognise(const char *text, size_t length);
int sadf_read(struct trace *trace, const char *text, size_t length, struct diag *diag);
double schedstat_recognise(const char *text, size_t length);
int schedstat_read(struct trace *trace, const char *text, size_t length, struct diag *diag);

#endif
