/* Component versions and the eras they bound: "linux-5.13", "qemu-2.9", "systemd-219". */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

#include <stdbool.h>
#include <stddef.h>

#include "model/diag.h"

enum component {
    COMPONENT_LINUX,
    COMPONENT_QEMU,
    COMPONENT_LIBVIRT,
    COMPONENT_SYSTEMD,
    COMPONENT_OPENSSH,
    COMPONENT_DNSMASQ,
    COMPONENT_DBUS,
    COMPONENT_DBUS_BROKER,
    COMPONENT_GLIBC,
    COMPONENT_SEABIOS,
    COMPONENT_EDK2,
    COMPONENT_GUEST_LINUX,
    COMPONENT_COUNT
};

enum { VERSION_PARTS = 4 };

/* parts == 0: the component is absent, which is before every version. */
struct version {
    unsigned part[VERSION_PARTS];
    unsigned parts;
};

/* One end of an era; set == false: open. */
struct era_bound {
    bool set;
    enum component component;
    struct version version;
};

const char *component_name(enum component component);

/* Other words that people use for a component, and its name; ends with NULL. */
extern const char *const component_synonyms[][2];

/* Returns the component of that name (any case, '_' for '-'), or COMPONENT_COUNT. */
enum component component_find(const char *name, size_t length);

/* Parses "5.13" or "10.0.2"; suffixes such as "-rc1" or "+deb12u1" are ignored. qemu-kvm's
 * "kvm-69" (2007-2009) is read as QEMU 0.9.69: after 0.9.1, before 0.10. */
bool version_parse(const char *text, struct version *version);

/* Parses "COMPONENT-VERSION"; empty text is an open bound. */
bool era_bound_parse(const char *text, struct era_bound *bound);

/* Both ends inclusive; "until linux-4.13" holds for 4.13.9 too. */
bool era_holds(const struct era_bound *since, const struct era_bound *until,
               const struct version versions[COMPONENT_COUNT]);

/* True when some set of versions satisfies both eras: as each era may bound two components, they
 * are disjoint when they exclude each other on any one component. */
bool era_overlaps(const struct era_bound *since_a, const struct era_bound *until_a,
                  const struct era_bound *since_b, const struct era_bound *until_b);

void version_format(const struct version *version, char *out, size_t size);

#endif
