/* PCRE2 with 8-bit code units. The width must be set before the header is read. */
#ifndef CLAUDE_CHAT_CPCRE2_SHIM_H
#define CLAUDE_CHAT_CPCRE2_SHIM_H
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdint.h>
#include <time.h>

/* The clocks that searches are measured by, in nanoseconds. Here, since `struct timespec` has no module of its own in
   Swift on Linux: which import brings it depends on the other files of a build. */
static inline uint64_t claude_chat_nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}
static inline uint64_t claude_chat_monotonic_nanoseconds(void) { return claude_chat_nanoseconds(CLOCK_MONOTONIC); }
static inline uint64_t claude_chat_thread_nanoseconds(void) { return claude_chat_nanoseconds(CLOCK_THREAD_CPUTIME_ID); }
#endif
