# SPDX-License-Identifier: Apache-2.0
#
# A guest that does nothing but write to the disk it boots from: records of
# 4 KiB with a number that counts up, 32768 of them round and round from
# 1 MiB on. Each has in it when it was begun and how long the one before took,
# by the processor's own clock, so that afterwards the disk itself tells of
# every stall, and of a write that is not there.
    .code16
    .intel_syntax noprefix
    .globl _start
_start:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    xor esi, esi                # the record's number
    xor ebp, ebp                # how many writes have failed
    mov dword ptr [0x500], 0
    mov dword ptr [0x504], 0
next:
    rdtsc
    mov [0x8004], eax
    mov [0x8008], edx
    mov [0x8000], esi
    mov eax, [0x500]
    mov [0x800c], eax
    mov eax, [0x504]
    mov [0x8010], eax
    mov [0x8014], ebp
    mov dword ptr [0x8ffc], esi
    mov eax, esi
    and eax, 0x7fff
    shl eax, 3
    add eax, 2048
    # What the BIOS is to write: 8 sectors at 0:8000, from sector eax on.
    mov [0x608], eax
    mov dword ptr [0x60c], 0
    mov dword ptr [0x600], 0x00080010
    mov dword ptr [0x604], 0x00008000
    mov ax, 0x4300
    mov dl, 0x80
    push esi
    push ebp
    mov si, 0x600
    int 0x13
    pop ebp
    pop esi
    jnc done
    inc ebp
done:
    rdtsc
    sub eax, [0x8004]
    sbb edx, [0x8008]
    mov [0x500], eax
    mov [0x504], edx
    inc esi
    jmp next
    .org 510
    .word 0xaa55
