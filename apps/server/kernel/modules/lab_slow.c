// SPDX-License-Identifier: GPL-2.0
/* A livepatch whose init function waits before it enables the patch: meanwhile the module is loading and on no list.
 *   LAB_MISSING 1   calls a function that no kernel has: the module loader refuses it
 *   LAB_BOTH 1      names the kernel twice: by NULL and by "vmlinux"
 */
#include <linux/module.h>
#include <linux/delay.h>
#include <linux/seq_file.h>
#include <linux/livepatch.h>

static int delay;
module_param(delay, int, 0444);
static bool fail;
module_param(fail, bool, 0444);

static int lab_new_cmdline(struct seq_file *m, void *v)
{
	seq_puts(m, "cmdline by " KBUILD_MODNAME "\n");
	return 0;
}

static int lab_new_version(struct seq_file *m, void *v)
{
	seq_puts(m, "version by " KBUILD_MODNAME "\n");
	return 0;
}

static struct klp_func lab_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = lab_new_cmdline, },
	{ }
};

static struct klp_func lab_other_funcs[] = {
	{ .old_name = "version_proc_show", .new_func = lab_new_version, },
	{ }
};

static struct klp_object lab_objs[] = {
	{ .funcs = lab_funcs, },
#ifdef LAB_BOTH
	{ .name = "vmlinux", .funcs = lab_other_funcs, },
#endif
	{ }
};

static struct klp_patch lab_patch = {
	.mod = THIS_MODULE,
	.objs = lab_objs,
	.replace = true,
};

#ifdef LAB_MISSING
extern void lab_function_that_no_kernel_has(void);
#endif

static int __init lab_init(void)
{
#ifdef LAB_MISSING
	lab_function_that_no_kernel_has();
#endif
	(void)lab_other_funcs;
	if (delay)
		msleep(delay);
	if (fail)
		return -ENODEV;
	return klp_enable_patch(&lab_patch);
}

static void __exit lab_exit(void)
{
}

module_init(lab_init);
module_exit(lab_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
