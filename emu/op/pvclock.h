/* The pvclock MSRs. */
#ifndef TICK86_EMU_OP_PVCLOCK_H
#define TICK86_EMU_OP_PVCLOCK_H

/* KVM's: the address of this vCPU's page, bit 0 set if it is to be written; the address of the wall clock's structure. Each has two
 * numbers. */
#define MSR_PVCLOCK_PAGE     0x4b564d01u
#define MSR_PVCLOCK_PAGE_OLD 0x12u
#define MSR_PVCLOCK_WALL     0x4b564d00u
#define MSR_PVCLOCK_WALL_OLD 0x11u

/* With --pvclock RDMSR of MSR_PVCLOCK_PAGE and of this one does not fault at CPL 3, and the page of vCPU n lies n pages above that of
 * vCPU 0. */
/* Turns RDTSC emulation off for the process (tk_emulation_off); reads as 1. Of KVM's own range, where Linux has none. */
#define MSR_PVCLOCK_NATIVE 0x4b564dffu

#endif
