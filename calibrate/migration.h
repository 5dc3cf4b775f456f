/* The series of a migration, under one name whether QEMU or libvirt told of it. */
#ifndef CALIBRATE_MIGRATION_H
#define CALIBRATE_MIGRATION_H

#define MIGRATION_TOTAL "migration.total"
#define MIGRATION_TRANSFERRED "migration.transferred"
#define MIGRATION_REMAINING "migration.remaining"
#define MIGRATION_BANDWIDTH "migration.bandwidth"
#define MIGRATION_DIRTY_RATE "migration.dirty_rate"
#define MIGRATION_PAGE_RATE "migration.page_rate"
#define MIGRATION_NORMAL_PAGES "migration.normal_pages"
#define MIGRATION_ZERO_PAGES "migration.zero_pages"
#define MIGRATION_ROUNDS "migration.rounds"
#define MIGRATION_THROTTLE "migration.throttle"
#define MIGRATION_DOWNTIME "migration.downtime"
#define MIGRATION_EXPECTED_DOWNTIME "migration.expected_downtime"
#define MIGRATION_SETUP "migration.setup"
#define MIGRATION_TOTAL_TIME "migration.total_time" /* of one that completed */

#endif
