/* Reads a program for the AVR: what goes into the flash, and where its symbols are. */
#ifndef BEE_MEGA_ELF_H
#define BEE_MEGA_ELF_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    uint8_t *file;
    uint32_t size;
} mega_elf;

/* False if the file cannot be read or is no program for the AVR; `why` says so in a line then. */
bool mega_elf_open(mega_elf *elf, const char *path, char *why, uint32_t why_size);
void mega_elf_close(mega_elf *elf);

/* Copies everything that is loaded into a flash of `size` bytes; returns the end of the code, 0 if it does not fit. */
uint32_t mega_elf_flash(const mega_elf *elf, uint8_t *flash, uint32_t size);

/* Address of a symbol: bytes of the flash, or 0x800000 and more for memory. False if there is none of that name. */
bool mega_elf_symbol(const mega_elf *elf, const char *name, uint32_t *address);

#endif
