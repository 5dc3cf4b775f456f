#include "model/version.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const component_names[COMPONENT_COUNT] = {
    [COMPONENT_LINUX] = "linux",     [COMPONENT_QEMU] = "qemu",
    [COMPONENT_LIBVIRT] = "libvirt", [COMPONENT_SYSTEMD] = "systemd",
    [COMPONENT_OPENSSH] = "openssh", [COMPONENT_DNSMASQ] = "dnsmasq",
    [COMPONENT_DBUS] = "dbus",       [COMPONENT_DBUS_BROKER] = "dbus-broker",
    [COMPONENT_GLIBC] = "glibc",     [COMPONENT_SEABIOS] = "seabios",
    [COMPONENT_EDK2] = "edk2",       [COMPONENT_GUEST_LINUX] = "guest-linux",
};

const char *const component_synonyms[][2] = {
    {"kernel", "linux"},
    {"guest-kernel", "guest-linux"},
    {NULL, NULL},
};

const char *component_name(enum component component)
{
    return component_names[component];
}

static bool is_named(const char *candidate, const char *name, size_t length)
{
    size_t at = 0;
    while (at < length && candidate[at] != '\0' &&
           (tolower((unsigned char)name[at]) == candidate[at] ||
            (name[at] == '_' && candidate[at] == '-')))
        at++;
    return at == length && candidate[at] == '\0';
}

enum component component_find(const char *name, size_t length)
{
    for (size_t i = 0; component_synonyms[i][0] != NULL; i++) {
        if (is_named(component_synonyms[i][0], name, length)) {
            name = component_synonyms[i][1];
            length = strlen(name);
        }
    }
    for (int i = 0; i < COMPONENT_COUNT; i++) {
        if (is_named(component_names[i], name, length))
            return (enum component)i;
    }
    return COMPONENT_COUNT;
}

bool version_parse(const char *text, struct version *version)
{
    memset(version, 0, sizeof *version);
    if (strncmp(text, "kvm-", 4) == 0 && isdigit((unsigned char)text[4])) {
        *version = (struct version){{0, 9, (unsigned)strtoul(text + 4, NULL, 10)}, 3};
        return true;
    }
    const char *at = text;
    while (version->parts < VERSION_PARTS && isdigit((unsigned char)*at)) {
        char *end;
        version->part[version->parts++] = (unsigned)strtoul(at, &end, 10);
        at = end;
        if (*at != '.' || !isdigit((unsigned char)at[1]))
            break;
        at++;
    }
    return version->parts > 0 && (*at == '\0' || strchr("-+~.:p", *at) != NULL);
}

bool era_bound_parse(const char *text, struct era_bound *bound)
{
    memset(bound, 0, sizeof *bound);
    if (text[0] == '\0')
        return true;
    bound->set = true;
    if (strncmp(text, "kvm-", 4) == 0) {
        bound->component = COMPONENT_QEMU;
        return version_parse(text, &bound->version);
    }
    const char *dash = strrchr(text, '-');
    if (dash == NULL)
        return false;
    bound->component = component_find(text, (size_t)(dash - text));
    return bound->component != COMPONENT_COUNT && version_parse(dash + 1, &bound->version);
}

/* Compares the first `parts` numbers; missing ones count as 0. */
static int compare(const struct version *a, const struct version *b, unsigned parts)
{
    for (unsigned i = 0; i < parts; i++) {
        if (a->part[i] != b->part[i])
            return a->part[i] < b->part[i] ? -1 : 1;
    }
    return 0;
}

bool era_holds(const struct era_bound *since, const struct era_bound *until,
               const struct version versions[COMPONENT_COUNT])
{
    if (since->set) {
        const struct version *have = &versions[since->component];
        if (have->parts == 0 || compare(have, &since->version, VERSION_PARTS) < 0)
            return false;
    }
    if (until->set) {
        const struct version *have = &versions[until->component];
        if (have->parts > 0 && compare(have, &until->version, until->version.parts) > 0)
            return false;
    }
    return true;
}

/* a's era ends before b's begins, on the same component. */
static bool ends_before(const struct era_bound *until_a, const struct era_bound *since_b)
{
    return until_a->set && since_b->set && until_a->component == since_b->component &&
           compare(&since_b->version, &until_a->version, until_a->version.parts) > 0;
}

bool era_overlaps(const struct era_bound *since_a, const struct era_bound *until_a,
                  const struct era_bound *since_b, const struct era_bound *until_b)
{
    return !ends_before(until_a, since_b) && !ends_before(until_b, since_a);
}

void version_format(const struct version *version, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 0; i < version->parts && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, i == 0 ? "%u" : ".%u", version->part[i]);
}
