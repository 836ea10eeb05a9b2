#include "AllocationCount.h"

#include <stddef.h>
#include <stdlib.h>

static unsigned long count;

unsigned long allocation_count(void) { return __atomic_load_n(&count, __ATOMIC_RELAXED); }

#if defined(__GLIBC__)
/* A program's own functions of these names come before those of the C library, which has them by a second name. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);

static void note(void) { __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED); }

void *malloc(size_t size) { note(); return __libc_malloc(size); }
void *calloc(size_t members, size_t size) { note(); return __libc_calloc(members, size); }
void *realloc(void *memory, size_t size) { note(); return __libc_realloc(memory, size); }
#endif
