/*
 * The link between an executor and a worker process as src/link.rs lays it out, for tests of what
 * a broken worker can do to it. Changes with it: check_link_of_mine would notice.
 */

#ifndef CHECK_LINK_H
#define CHECK_LINK_H

#include "check_process.h"

#include <sys/stat.h>

enum { LINK_FILE = 3, BUFFERS_FILE = 4, PHASE_FILE = 5 };

/* Words. */
enum {
    AT_VERSION = 1,
    AT_HELLO = 4,
    AT_WORKER = 8,
    AT_HOST_BELL = 24,
    AT_WORKER_BELL = 32,
    AT_SLOTS = 40,
    LINK_SLOTS = 32,
    SLOT_WORDS = 32,
    LINK_WORDS = AT_SLOTS + LINK_SLOTS * SLOT_WORDS
};

/* Words of a slot. */
enum { IN_STAMP, IN_ID, IN_BUFFER, IN_VERDICT, IN_STARTED, IN_FINISHED, IN_TEXT = 8 };

/* The lower three bits of a stamp. */
enum { OFFERED = 1, CLAIMED = 2, DONE = 3, WITHDRAWN = 4, STATE = 7 };

typedef _Atomic uint64_t word;

/* One of the descriptors that a worker is given, mapped whole. To be called before the library
 * takes them. NULL if it may not be written. */
static inline word *check_map_file(int file, size_t *bytes)
{
    struct stat data;
    CHECK(fstat(file, &data) == 0);
    *bytes = (size_t)data.st_size;
    void *map = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    return map == MAP_FAILED ? NULL : map;
}

static inline word *check_link_of_mine(void)
{
    size_t bytes;
    word *link = check_map_file(LINK_FILE, &bytes);
    CHECK(link != NULL && bytes >= LINK_WORDS * sizeof *link);
    CHECK(memcmp(link, "jobexecL", 8) == 0 && link[2] == LINK_WORDS);
    return link;
}

static inline word *link_slot(word *link, int slot)
{
    return link + AT_SLOTS + slot * SLOT_WORDS;
}

static inline void ring_futex(word *at)
{
    *at = 1;
    syscall(SYS_futex, at, 1 /* FUTEX_WAKE */, 1, NULL, NULL, 0);
}

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13, *state ^= *state >> 7, *state ^= *state << 17;
    return *state;
}

#endif
