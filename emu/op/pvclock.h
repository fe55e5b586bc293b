/* The pvclock MSRs. */
#ifndef TICK86_EMU_OP_PVCLOCK_H
#define TICK86_EMU_OP_PVCLOCK_H

/* KVM's MSRs: the address of this vCPU's page, with bit 0 set to enable it, and the address of the wall clock's structure. Each has two
 * numbers. */
#define MSR_PVCLOCK_PAGE 0x4b564d01u
#define MSR_PVCLOCK_PAGE_OLD 0x12u
#define MSR_PVCLOCK_WALL 0x4b564d00u
#define MSR_PVCLOCK_WALL_OLD 0x11u

/* With --pvclock, RDMSR of MSR_PVCLOCK_PAGE and of this MSR does not fault at CPL 3, and the page of vCPU n is n pages above that of
 * vCPU 0. */
/* Turns RDTSC emulation off for the process (tk_emulation_off); reads as 1. The number is in KVM's range, and Linux does not use it. */
#define MSR_PVCLOCK_NATIVE 0x4b564dffu

#endif
