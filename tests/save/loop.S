# Every register that a program has, changed in a few turns of a loop and then written out: what no instruction may lose.
	.globl _start
	.text
_start:	fldpi
	fld1
	fldl2e
	movq mask(%rip), %mm7
	emms
	fldpi
	fld1
	ldmxcsr rounding(%rip)
	fldcw control(%rip)
	mov $3, %ecx
	mov $0x123456789abcdef, %rax
	vmovd %eax, %xmm0
	vpbroadcastd %xmm0, %ymm0
1:	fdivp
	fsqrt
	fld1
	vpaddd %ymm0, %ymm0, %ymm8
	vcvtdq2ps %ymm8, %ymm15
	vsqrtps %ymm15, %ymm3
	vpxor %ymm3, %ymm0, %ymm0
	imul $0x10001, %rax, %rax
	bswap %rax
	mov %rax, %r15
	ror $11, %r15
	adc %r15, %r9
	pushf
	xor %r15, (%rsp)
	std
	pop %r14
	cld
	push %r9
	lea out(%rip), %rdi
	rep stosb
	mov $5, %ecx
	sub counter(%rip), %ecx
	stc
	incl counter(%rip)
	sbb $0, %rbx
	cmpl $4, counter(%rip)
	jne 1b
	pushf
	pop %r13
	and $0x8d5, %r13
	lea area(%rip), %rsi
	mov $7, %eax
	xor %edx, %edx
	xsave (%rsi)
	mov %rbx, 832(%rsi)
	mov %r9, 840(%rsi)
	mov %r13, 848(%rsi)
	mov %r14, 856(%rsi)
	mov %r15, 864(%rsi)
	mov %rsp, 872(%rsi)
	mov $1, %eax
	mov $1, %edi
	mov $880, %edx
	syscall
	mov $60, %eax
	mov $5, %edi
	syscall
	.data
	.balign 64
area:	.zero 1024
out:	.zero 64
mask:	.quad 0x1122334455667788
counter: .long 0
rounding: .long 0x7f80
control: .word 0x0b7f
