#include "mega_elf.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMORY_SPACE 0x800000u

static bool holds(const mega_elf *elf, uint64_t offset, uint64_t length)
{
    return offset <= elf->size && length <= elf->size - offset;
}

static bool is_program(const mega_elf *elf)
{
    if (!holds(elf, 0, sizeof(Elf32_Ehdr)) || memcmp(elf->file, ELFMAG, SELFMAG))
        return false;
    const Elf32_Ehdr *header = (const void *)elf->file;
    return header->e_ident[EI_CLASS] == ELFCLASS32 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
           header->e_machine == EM_AVR && header->e_type == ET_EXEC &&
           holds(elf, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf32_Phdr)) &&
           holds(elf, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf32_Shdr));
}

bool mega_elf_open(mega_elf *elf, const char *path, char *why, uint32_t why_size)
{
    *elf = (mega_elf){0};
    FILE *file = fopen(path, "rb");
    long size = -1;
    if (file && !fseek(file, 0, SEEK_END))
        size = ftell(file);
    if (size > 0 && !fseek(file, 0, SEEK_SET))
        elf->file = malloc((size_t)size);
    if (elf->file && fread(elf->file, 1, (size_t)size, file) == (size_t)size)
        elf->size = (uint32_t)size;
    if (file)
        fclose(file);
    if (elf->size && is_program(elf))
        return true;
    snprintf(why, why_size, "%s: %s", path, elf->size ? "not a program for the AVR" : "cannot be read");
    mega_elf_close(elf);
    return false;
}

void mega_elf_close(mega_elf *elf)
{
    free(elf->file);
    *elf = (mega_elf){0};
}

uint32_t mega_elf_flash(const mega_elf *elf, uint8_t *flash, uint32_t size)
{
    const Elf32_Ehdr *header = (const void *)elf->file;
    const Elf32_Phdr *parts = (const void *)(elf->file + header->e_phoff);
    uint32_t end = 0;
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        const Elf32_Phdr *part = &parts[i];
        if (part->p_type != PT_LOAD || part->p_filesz == 0 || part->p_paddr >= MEMORY_SPACE)
            continue;
        if (!holds(elf, part->p_offset, part->p_filesz) || part->p_paddr > size ||
            part->p_filesz > size - part->p_paddr)
            return 0;
        memcpy(flash + part->p_paddr, elf->file + part->p_offset, part->p_filesz);
        if (part->p_paddr + part->p_filesz > end)
            end = part->p_paddr + part->p_filesz;
    }
    return end;
}

bool mega_elf_symbol(const mega_elf *elf, const char *name, uint32_t *address)
{
    const Elf32_Ehdr *header = (const void *)elf->file;
    const Elf32_Shdr *sections = (const void *)(elf->file + header->e_shoff);
    for (uint32_t i = 0; i < header->e_shnum; i++) {
        const Elf32_Shdr *table = &sections[i];
        if (table->sh_type != SHT_SYMTAB || table->sh_link >= header->e_shnum)
            continue;
        const Elf32_Shdr *strings = &sections[table->sh_link];
        if (!holds(elf, table->sh_offset, table->sh_size) || !holds(elf, strings->sh_offset, strings->sh_size))
            continue;
        const Elf32_Sym *symbols = (const void *)(elf->file + table->sh_offset);
        const char *names = (const char *)elf->file + strings->sh_offset;
        for (uint32_t s = 0; s < table->sh_size / sizeof *symbols; s++) {
            uint32_t at = symbols[s].st_name;
            if (at >= strings->sh_size || symbols[s].st_shndx == SHN_UNDEF)
                continue;
            if (!strncmp(names + at, name, strings->sh_size - at)) {
                *address = symbols[s].st_value;
                return true;
            }
        }
    }
    return false;
}
