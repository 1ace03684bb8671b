/* Prints the table of docs/knobs.md from the allocator's own table. */
#include <unistd.h>

#include "knobs.h"

int main(void)
{
    hak_knobs_help(STDOUT_FILENO, true);
    return 0;
}
