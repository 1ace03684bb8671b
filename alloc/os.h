/* Floor 1: the operating system. The only file that maps, protects, moves or returns memory, so that a test
 * can make the n-th such call fail (hak_os_fail_at) and so that a port has one place to go to.
 * Every call that fails leaves the address space as it was. None of them changes errno. */
#ifndef HAK_OS_H
#define HAK_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum os_result {
    OS_OK,
    OS_TAKEN,  /* something else is mapped there: try another address */
    OS_FAILED, /* no memory, or the limit of the process is reached */
};

/* Maps [addr, addr + len) zeroed, readable and writable, only if nothing is mapped there. */
enum os_result hak_os_map_at(void *addr, size_t len);

/* Maps len bytes of inaccessible address space anywhere; NULL on failure. */
void *hak_os_reserve(size_t len);

/* Makes [addr, addr + len) of a reservation readable and writable (zeroed at first touch). */
bool hak_os_commit(void *addr, size_t len);

/* Gives address space back. Returns false if the system refused; the memory then is still mapped. */
bool hak_os_unmap(void *addr, size_t len);

/* Gives the memory back and keeps the addresses; they read as zero afterwards. False: contents are unchanged. */
bool hak_os_purge(void *addr, size_t len);

/* Asks for transparent huge pages over the range (advice only). */
void hak_os_want_huge(void *addr, size_t len);

/* Takes that back, and asks that none be made there. */
void hak_os_no_huge(void *addr, size_t len);

/* One byte a page: bit 0 says that it is resident. False: not known. */
bool hak_os_resident_pages(void *addr, size_t len, unsigned char *pages);

/* Grows or shrinks a mapping in place. */
bool hak_os_resize(void *addr, size_t old_len, size_t new_len);

/* Moves a mapping to `to`, where nothing is mapped, changing its length; the old range becomes unmapped. */
bool hak_os_move(void *addr, size_t old_len, void *to, size_t new_len);

/* Moves the pages of [from, from + len), which lies in one mapping, over [to, to + len), which is mapped and holds
 * nothing of value. The old range becomes unmapped; with `keep` it stays, and reads as zero. OS_TAKEN: nothing was
 * moved, and `to` reads as zero. OS_FAILED: nothing was moved, and `to` is not mapped any more. */
enum os_result hak_os_move_over(void *from, void *to, size_t len, bool keep);

/* Milliseconds of a clock that only goes forward; cheap (a few ns), coarse (some ms). */
uint64_t hak_os_clock_ms(void);

/* Bytes from the system's random source, or of the clock and addresses where there is none. */
uint64_t hak_os_random(void);

/* Resident bytes of this process; 0 if unknown. */
size_t hak_os_resident(void);

/* Writes all of text to a file descriptor, ignoring errors: messages from inside malloc. */
void hak_os_write(int fd, const char *text, size_t len);

/* Prints "hakmem: " and the message on stderr and aborts. Allocates nothing. `p` is shown when not NULL. */
_Noreturn void hak_os_fatal(const char *message, const void *p);

/* Fault injection: the call number `n` from now (1 is the next one) fails once; 0 switches it off.
 * With `forever` set every call from then on fails. */
void hak_os_fail_at(unsigned long n, bool forever);

/* System calls made here so far, failed ones included. */
unsigned long hak_os_calls(void);

#endif
