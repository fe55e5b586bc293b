/* What execve(2) does to the caller's credentials: no host program is executed, so the host's kernel does not do it. */
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "emu/linux/process/load.h"

static uint64_t bounding_set(void)
{
	uint64_t set = 0;

	for (int capability = 0, has; (has = prctl(PR_CAPBSET_READ, capability)) >= 0; capability++)
		set |= (uint64_t)has << capability;
	return set;
}

static uint64_t ambient_set(void)
{
	uint64_t set = 0;

	for (int capability = 0, has; (has = prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0)) >= 0; capability++)
		set |= (uint64_t)has << capability;
	return set;
}

/* Capabilities of a program without capabilities of its file (capabilities(7), "Transformation of capabilities during execve()";
 * cap_bprm_creds_from_file()). The host gives none that the caller does not have, so a root that has dropped some does not get them back. */
static void change_capabilities(uid_t real, uid_t effective)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct has[_LINUX_CAPABILITY_U32S_3];
	bool root = !(prctl(PR_GET_SECUREBITS) & SECBIT_NOROOT) && (real == 0 || effective == 0);
	uint64_t ambient, permitted, usable;

	if (syscall(SYS_capget, &header, has) != 0)
		return;
	ambient = ambient_set();
	permitted = has[0].permitted | (uint64_t)has[1].permitted << 32;
	permitted &= root ? bounding_set() | has[0].inheritable | (uint64_t)has[1].inheritable << 32 : ambient;
	usable = root && effective == 0 ? permitted : ambient;
	for (unsigned k = 0; k < _LINUX_CAPABILITY_U32S_3; k++) {
		has[k].permitted = (uint32_t)(permitted >> 32 * k);
		has[k].effective = (uint32_t)(usable >> 32 * k);
	}
	syscall(SYS_capset, &header, has);
}

void privileges_at_exec(void)
{
	uid_t user[3];
	gid_t group[3];

	getresuid(&user[0], &user[1], &user[2]);
	getresgid(&group[0], &group[1], &group[2]);
	change_capabilities(user[0], user[1]);
	syscall(SYS_setresgid, -1, group[1], group[1]); /* the group for file systems, too */
	syscall(SYS_setresuid, -1, user[1], user[1]);
	prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
	if (user[0] == user[1] && group[0] == group[1])
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0); /* /proc/self belongs to the user again (begin_new_exec()) */
}
