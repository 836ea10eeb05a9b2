#ifndef ALLOCATION_COUNT_H
#define ALLOCATION_COUNT_H

/* How often the program has asked for memory so far; 0 where the system's allocator can't be wrapped. */
unsigned long allocation_count(void);

#endif
