#include "common.h"
extern unsigned char text[20000];
extern uint32_t table[1024];
extern const char pattern[8];
uint64_t kernel(uint64_t n);
