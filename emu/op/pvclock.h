/* The two special RDMSRs of --pvclock, which do not fault at CPL 3. */
#ifndef TICK86_EMU_OP_PVCLOCK_H
#define TICK86_EMU_OP_PVCLOCK_H

/* KVM's system time MSR: the address of this vCPU's page, bit 0 set. The page of vCPU n lies n pages above that of vCPU 0. */
#define MSR_PVCLOCK_PAGE 0x4b564d01u
/* Turns RDTSC emulation off for the process (tk_emulation_off); reads as 1. Of KVM's own range, where Linux has none. */
#define MSR_PVCLOCK_NATIVE 0x4b564dffu

#endif
