/* PAD bytes in front of what is linked next, on a 64-byte line. */
    .section .note.GNU-stack, "", @progbits
    .text
    .p2align 6
    .skip PAD, 0x90
