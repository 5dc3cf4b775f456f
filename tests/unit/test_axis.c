/* Axes of studies: what lists and ranges mean, and what is wrong with those that are. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/option.h"
#include "sim/axis.h"

static void values_of(const char *name, const char *text, char *out, size_t size)
{
    struct axes axes = {.count = 0};
    struct diag diag = {.line = 0};
    out[0] = '\0';
    if (axes_add(&axes, name, text, &diag) != STATUS_OK)
        snprintf(out, size, "%s: %s", diag.column, diag.message);
    for (size_t a = 0; a < axes.count; a++) {
        for (size_t i = 0; i < axes.items[a].count; i++) {
            size_t used = strlen(out);
            snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "",
                     axes.items[a].values[i].text);
        }
    }
    axes_free(&axes);
}

static void lists_and_ranges(void **state)
{
    static const struct {
        const char *name, *text, *values;
    } cases[] = {
        {"guests", "7", "7"},
        {"guests", "1,5,3", "1 5 3"},
        {"guests", "1..4", "1 2 3 4"},
        {"guests", "100..500:150", "100 250 400"},
        {"guests", "1..20:x2", "1 2 4 8 16"},
        {"guests", "1..9:x1.5", "1 2 3 5 8"},
        {"guests", "0,1..100:x10,1000", "0 1 10 100 1000"},
        {"guests", "5..5", "5"},
        {"host_memory", "256G,512G", "256G 512G"},
        {"host-memory", "1G..4G:x2", "1073741824B 2147483648B 4294967296B"},
        {"memory", "512..1024:256", "536870912B 805306368B 1073741824B"},
        {"disk-bus", "virtio-blk,virtio-scsi", "virtio-blk virtio-scsi"},
        {"linux", "5.10,6.12", "5.10 6.12"},
        {"set", "pty_max=256,512", "pty_max=256 pty_max=512"},
        {"set", "pty_max=256,512,bridge_ports=1..3",
         "pty_max=256 pty_max=512 bridge_ports=1 bridge_ports=2 bridge_ports=3"},
        {"used", "ptys=0..40:20", "ptys=0 ptys=20 ptys=40"},
        {"set", "pty_max=10,unlimited", "pty_max=10 pty_max=unlimited"},
        {"kernel", "5.10,6.12", "5.10 6.12"},
        {"set", "host.memory=256G,512G", "256G 512G"},
        {"set", "host.drive=nvme,hdd,pty_max=7", "nvme hdd pty_max=7"},
        {"guest-memory", "1G", "1G"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[512];
        values_of(cases[i].name, cases[i].text, found, sizeof found);
        assert_string_equal(found, cases[i].values);
    }
}

static void wrong_lists(void **state)
{
    static const struct {
        const char *name, *text, *part;
    } cases[] = {
        {"guests", "", "empty value"},
        {"guests", "1,,2", "empty value"},
        {"guests", "1,2,1", "twice"},
        {"guests", "1..3,2", "twice"},
        {"guests", "x", "not a whole number"},
        {"guests", "1..x", "not a whole number"},
        {"guests", "5..1", "empty"},
        {"guests", "1..5:0", "step"},
        {"guests", "1..5:1.5", "not a whole number"},
        {"guests", "1..5:x1", "factor"},
        {"guests", "1..5:xx", "factor"},
        {"guests", "0..5:x2", "above 0"},
        {"guests", "1..5:", "not a whole number"},
        {"guests", "1..1e15", "more than"},
        {"host_memory", "1G..4G", "step"},
        {"disk_bus", "virtio-blk..nvme", "not one of"},
        {"guest", "1,2", "unknown name"},
        {"set", "256,512", "NAME=VALUE"},
        {"set", "pty_max=", "empty value"},
        {"set", "pty_max=x", "not a number"},
        {"set", "pty_max=1..unlimited", "no end"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char found[2560];
        values_of(cases[i].name, cases[i].text, found, sizeof found);
        if (strstr(found, cases[i].part) == NULL)
            fail_msg("%s %s: %s", cases[i].name, cases[i].text, found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_and_ranges),
        cmocka_unit_test(wrong_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
