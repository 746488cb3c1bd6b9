// SPDX-License-Identifier: GPL-2.0
/* A livepatch whose post_patch callback changes its own state through the pointer that klp_get_state() returns.
 *   LAB_RAISE 1   raises the version: the next check by the kernel sees the raised one
 *   LAB_RAISE 2   sets `data`, as every correct user does
 */
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/livepatch.h>

static int lab_new_cmdline(struct seq_file *m, void *v)
{
	seq_puts(m, "cmdline by " KBUILD_MODNAME "\n");
	return 0;
}

static struct klp_func lab_funcs[] = {
	{ .old_name = "cmdline_proc_show", .new_func = lab_new_cmdline, },
	{ }
};

static struct klp_patch lab_patch;

static void lab_post_patch(struct klp_object *obj)
{
	struct klp_state *state = klp_get_state(&lab_patch, 1);

	if (!state)
		return;
#if LAB_RAISE == 1
	state->version = 5;
#else
	state->data = obj;
#endif
}

static struct klp_object lab_objs[] = {
	{ .funcs = lab_funcs, .callbacks = { .post_patch = lab_post_patch, }, },
	{ }
};

static struct klp_state lab_states[] = { { .id = 1, .version = 1, }, { } };

static struct klp_patch lab_patch = {
	.mod = THIS_MODULE,
	.objs = lab_objs,
	.states = lab_states,
	.replace = true,
};

static int __init lab_init(void)
{
	return klp_enable_patch(&lab_patch);
}

static void __exit lab_exit(void)
{
}

module_init(lab_init);
module_exit(lab_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
