/* SPDX-License-Identifier: GPL-2.0 */
/* Reading and writing files of sysfs by their own show and store functions. */
#ifndef TSCOPE_SYSFS_FILES_H
#define TSCOPE_SYSFS_FILES_H

#include <kunit/test.h>
#include <linux/kernfs.h>
#include <linux/kobject.h>
#include <linux/sysfs.h>

/* The mode of a file; 0: there is no such file. */
static inline umode_t file_mode(struct kobject *dir, const char *name)
{
	struct kernfs_node *node = kernfs_find_and_get(dir->sd, name);
	umode_t mode = node ? node->mode & 0777 : 0;

	kernfs_put(node);
	return mode;
}

static inline struct kobj_attribute *file_attr(struct kobject *dir, const char *name)
{
	struct kernfs_node *node = kernfs_find_and_get(dir->sd, name);
	struct attribute *attr = node ? node->priv : NULL;

	kernfs_put(node);
	return attr ? container_of(attr, struct kobj_attribute, attr) : NULL;
}

/* What a file shows, of a page that lives as long as the test; "errno N" for an error. */
static inline char *file_shown(struct kunit *test, struct kobject *dir, const char *name)
{
	struct kobj_attribute *attr = file_attr(dir, name);
	char *page = (char *)kunit_kzalloc(test, PAGE_SIZE, GFP_KERNEL);
	ssize_t len = -ENOENT;

	KUNIT_ASSERT_NOT_NULL(test, page);
	if (attr && attr->show)
		len = attr->show(dir, attr, page);
	if (len < 0 || len != strlen(page))
		snprintf(page, PAGE_SIZE, "errno %zd", len);
	return page;
}

static inline ssize_t file_store(struct kobject *dir, const char *name,
				 const char *text, size_t len)
{
	struct kobj_attribute *attr = file_attr(dir, name);

	return attr && attr->store ? attr->store(dir, attr, text, len) : -ENOENT;
}

#endif /* TSCOPE_SYSFS_FILES_H */
