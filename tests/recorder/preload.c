/* For LD_PRELOAD: its own thread-local data, initial-exec, and a function that replaces libc's. */
#include <sys/types.h>
#include <unistd.h>

static _Thread_local int calls __attribute__((tls_model("initial-exec")));

pid_t getppid(void)
{
    return 4242 + calls++;
}
