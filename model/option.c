#include "model/option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "model/text.h"

#define CHOICES(name, ...) static const struct choice name[] = {__VA_ARGS__, {NULL, NULL}}

CHOICES(arches, {"x86_64", "X86_64"}, {"s390x", "S390X"}, {"aarch64", "AARCH64"},
        {"ppc64", "PPC64"}, {"riscv64", "RISCV64"}, {"loongarch64", "LOONGARCH64"});
CHOICES(launchers, {"libvirt", "LIBVIRT"}, {"qemu", "QEMU"});
CHOICES(daemon_layouts, {"libvirtd", "LIBVIRTD"}, {"modular", "MODULAR"});
CHOICES(stages, {"defined", "DEFINED"}, {"started", "STARTED"}, {"running", "RUNNING"});
CHOICES(managers, {"none", "NONE"}, {"kubevirt", "KUBEVIRT"}, {"openstack", "OPENSTACK"},
        {"other", "OTHER"}, {"vagrant", "VAGRANT"}, {"ganeti", "GANETI"},
        {"virtrigaud", "VIRTRIGAUD"}, {"proxmox", "PROXMOX"}, {"cloudstack", "CLOUDSTACK"});
CHOICES(distros, {"upstream", "UPSTREAM"}, {"rhel", "RHEL"});
CHOICES(machines, {"pc", "PC"}, {"q35", "Q35"}, {"virt", "VIRT"},
        {"s390-ccw-virtio", "S390_CCW_VIRTIO"}, {"microvm", "MICROVM"}, {"pseries", "PSERIES"});
CHOICES(accels, {"kvm", "KVM"}, {"tcg", "TCG"});
CHOICES(backings, {"anonymous", "ANONYMOUS"}, {"hugepages", "HUGEPAGES"}, {"memfd", "MEMFD"},
        {"shm", "SHM"});
CHOICES(irqchips, {"full", "FULL"}, {"split", "SPLIT"});
CHOICES(gics, {"v3", "GICV3"}, {"v2", "GICV2"});
CHOICES(firmwares, {"seabios", "SEABIOS"}, {"ovmf", "OVMF"}, {"none", "NONE_FW"},
        {"cloudhv", "CLOUDHV"});
CHOICES(buses, {"virtio-blk", "VIRTIO_BLK"}, {"virtio-scsi", "VIRTIO_SCSI"}, {"nvme", "NVME"},
        {"sata", "SATA"}, {"ide", "IDE"}, {"usb", "USB"}, {"lsi", "LSI"});
CHOICES(formats, {"raw", "RAW"}, {"qcow2", "QCOW2"}, {"null", "NULLCO"});
CHOICES(aios, {"threads", "THREADS"}, {"native", "NATIVE"}, {"io_uring", "IO_URING"});
CHOICES(caches, {"none", "CACHE_NONE"}, {"writeback", "WRITEBACK"},
        {"writethrough", "WRITETHROUGH"}, {"directsync", "DIRECTSYNC"}, {"unsafe", "UNSAFE"});
CHOICES(storages, {"file", "FILE"}, {"lvm", "LVM"}, {"loop", "LOOP"}, {"nbd", "NBD"},
        {"krbd", "KRBD"}, {"drbd", "DRBD"}, {"iscsi", "ISCSI"});
CHOICES(nic_models, {"virtio", "VIRTIO"}, {"e1000", "E1000"}, {"none", "NO_DEVICE"});
CHOICES(nic_backends, {"vhost", "VHOST"}, {"tap", "TAP"}, {"macvtap", "MACVTAP"}, {"user", "USER"},
        {"vhost-user", "VHOST_USER"}, {"vfio", "VFIO"}, {"socket", "SOCKET"});
CHOICES(graphics_kinds, {"none", "NONE"}, {"vnc", "VNC"}, {"vnc-websocket", "VNC_WEBSOCKET"},
        {"spice", "SPICE"});
CHOICES(confidentials, {"none", "NONE"}, {"sev", "SEV"}, {"sev-es", "SEV_ES"}, {"snp", "SNP"},
        {"tdx", "TDX"});
CHOICES(layouts, {"auto", "AUTO"}, {"multifunction", "MULTIFUNCTION"}, {"bridges", "BRIDGES"},
        {"root-ports", "ROOT_PORTS"});
CHOICES(migration_paths, {"direct", "DIRECT"}, {"ssh", "SSH"}, {"tunnelled", "TUNNELLED"});
CHOICES(workloads, {"idle", "IDLE"}, {"boot-storm", "BOOT_STORM"}, {"cpu", "CPU_BOUND"},
        {"build", "BUILD"}, {"oltp", "OLTP"}, {"stream", "STREAM"}, {"netperf", "NETPERF"},
        {"desktop", "DESKTOP"});
CHOICES(locks, {"ticket", "TICKET"}, {"queued", "QUEUED"}, {"pv-ticket", "PV_TICKET"},
        {"pv-queued", "PV_QUEUED"}, {"mutex", "MUTEX"}, {"byte", "BYTE"});
CHOICES(drives, {"nvme", "DRIVE_NVME"}, {"ssd", "DRIVE_SSD"}, {"hdd", "DRIVE_HDD"},
        {"network", "DRIVE_NETWORK"}, {"memory", "DRIVE_MEMORY"});
CHOICES(monitors, {"qemu", "VMM_QEMU"}, {"firecracker", "FIRECRACKER"},
        {"cloud-hypervisor", "CLOUD_HYPERVISOR"}, {"xen", "XEN"});
CHOICES(directions, {"out", "OUT"}, {"in", "IN"});
CHOICES(peers, {"remote", "PEER_REMOTE"}, {"host", "PEER_HOST"}, {"guest", "PEER_GUEST"});
CHOICES(ipis, {"pv", "IPI_PV"}, {"cluster", "IPI_CLUSTER"}, {"physical", "IPI_PHYSICAL"});

#define COUNT(name, scope, help)                                                                   \
    {                                                                                              \
        name, scope, KIND_COUNT, NULL, help, false                                                 \
    }
#define SIZE(name, scope, help)                                                                    \
    {                                                                                              \
        name, scope, KIND_SIZE, NULL, help, false                                                  \
    }
#define NUMBER(name, scope, help)                                                                  \
    {                                                                                              \
        name, scope, KIND_NUMBER, NULL, help, false                                                \
    }
#define BOOL(name, scope, help)                                                                    \
    {                                                                                              \
        name, scope, KIND_BOOL, NULL, help, false                                                  \
    }
#define CHOICE(name, scope, choices, help)                                                         \
    {                                                                                              \
        name, scope, KIND_CHOICE, choices, help, false                                             \
    }

#define SYSCTL(name, help)                                                                         \
    {                                                                                              \
        name, SCOPE_HOST, KIND_COUNT, NULL, help, true                                             \
    }

const struct scenario_option options[] = {
    [OPTION_ARCH] = CHOICE("arch", SCOPE_HOST, arches, "processor architecture of the host"),
    [OPTION_GUESTS] = COUNT("guests", SCOPE_GUEST, "guests (of this class)"),
    [OPTION_DISKS] = COUNT("disks", SCOPE_SCENARIO, "disks on the whole host, spread evenly"),
    [OPTION_NICS] = COUNT("nics", SCOPE_SCENARIO, "NICs on the whole host, spread evenly"),
    [OPTION_DISKS_PER_GUEST] = COUNT("disks_per_guest", SCOPE_DISK, "disks of each guest"),
    [OPTION_NICS_PER_GUEST] = COUNT("nics_per_guest", SCOPE_NIC, "NICs of each guest"),
    [OPTION_DISK_BUS] = CHOICE("disk_bus", SCOPE_DISK, buses, "bus of the disks"),
    [OPTION_DISK_AIO] = CHOICE("disk_aio", SCOPE_DISK, aios, "how QEMU submits disk I/O"),
    [OPTION_DISK_FORMAT] = CHOICE("disk_format", SCOPE_DISK, formats, "image format"),
    [OPTION_DISK_QUEUES] = COUNT("disk_queues", SCOPE_DISK, "virtqueues of a disk (controller)"),
    [OPTION_NIC_MODEL] = CHOICE("nic_model", SCOPE_NIC, nic_models, "NIC the guest sees"),
    [OPTION_NIC_BACKEND] = CHOICE("nic_backend", SCOPE_NIC, nic_backends, "host side of a NIC"),
    [OPTION_NIC_QUEUES] = COUNT("nic_queues", SCOPE_NIC, "queue pairs of a NIC"),
    [OPTION_VCPUS] = COUNT("vcpus", SCOPE_GUEST, "vCPUs of a guest"),
    [OPTION_MEMORY] = SIZE("memory", SCOPE_GUEST, "RAM of a guest; a bare number is MiB"),
    [OPTION_IOTHREADS] = COUNT("iothreads", SCOPE_GUEST, "iothreads of a guest"),
    [OPTION_HOSTDEVS] = COUNT("hostdevs", SCOPE_GUEST, "VFIO devices of a guest"),
    [OPTION_CONSOLES] = COUNT("consoles", SCOPE_GUEST, "serial consoles on a pty"),
    [OPTION_CHARDEVS] = COUNT("chardevs", SCOPE_GUEST, "other listening socket chardevs"),
    [OPTION_GRAPHICS] = CHOICE("graphics", SCOPE_GUEST, graphics_kinds, "remote display"),
    [OPTION_MANAGER] = CHOICE("manager", SCOPE_SCENARIO, managers, "orchestrator above libvirt"),
    [OPTION_BRIDGES] = COUNT("bridges", SCOPE_SCENARIO, "Linux bridges that share the NICs"),
    [OPTION_NETWORKS] = COUNT("networks", SCOPE_SCENARIO, "virtual networks with dnsmasq"),
    [OPTION_CLIENTS] = COUNT("clients", SCOPE_SCENARIO, "management connections to libvirt"),
    [OPTION_MIGRATIONS] = COUNT("migrations", SCOPE_SCENARIO, "incoming migrations in flight"),
    [OPTION_SSH_SESSIONS] = COUNT("ssh_sessions", SCOPE_SCENARIO, "sessions on one ssh connection"),
    [OPTION_DAEMONS] = CHOICE("daemons", SCOPE_HOST, daemon_layouts, "libvirt daemon layout"),
    [OPTION_HOST_DISKS] = COUNT("host_disks", SCOPE_SCENARIO, "block devices attached to the host"),
    [OPTION_MIX] = COUNT("mix", SCOPE_GUEST, "copies of the device mix inside a guest"),
    [OPTION_MIX_VCPUS] = COUNT("mix_vcpus", SCOPE_GUEST, "vCPUs of each copy of the mix"),
    [OPTION_SERIAL_PORTS] = COUNT("serial_ports", SCOPE_GUEST, "extra virtio-serial ports"),
    [OPTION_MEMORY_BACKENDS] = COUNT("memory_backends", SCOPE_GUEST, "extra memfd memory backends"),
    [OPTION_WORKLOAD] = CHOICE("workload", SCOPE_GUEST, workloads, "what running guests do"),
    COUNT("host_cpus", SCOPE_HOST, "CPUs of the host"),
    COUNT("host_possible_cpus", SCOPE_HOST, "CPUs the kernel prepared for"),
    COUNT("host_numa_nodes", SCOPE_HOST, "NUMA nodes of the host"),
    SIZE("host_memory", SCOPE_HOST, "RAM of the host"),
    SIZE("host_swap", SCOPE_HOST, "swap of the host"),
    SIZE("page_size", SCOPE_HOST, "base page size"),
    COUNT("hugepages", SCOPE_HOST, "pages in the hugetlb pool"),
    SIZE("hugepage_size", SCOPE_HOST, "size of a hugetlb page"),
    SYSCTL("overcommit_memory", "vm.overcommit_memory: 0, 1 or 2"),
    SYSCTL("overcommit_ratio", "vm.overcommit_ratio, percent"),
    SYSCTL("io_uring_disabled", "kernel.io_uring_disabled: 0, 1 or 2"),
    COUNT("host_phys_bits", SCOPE_HOST, "physical address bits of the host"),
    SIZE("stack_rlimit", SCOPE_HOST, "RLIMIT_STACK that QEMU starts under"),
    COUNT("sriov_vfs", SCOPE_HOST, "SR-IOV virtual functions of the host"),
    COUNT("host_sev_asids", SCOPE_HOST, "SEV ASIDs"),
    COUNT("host_sev_es_asids", SCOPE_HOST, "SEV-ES and SNP ASIDs"),
    COUNT("tdx_keys", SCOPE_HOST, "TDX key ids"),
    COUNT("nr_cpus_host", SCOPE_HOST, "NR_CPUS of the host kernel"),
    CHOICE("distro", SCOPE_HOST, distros, "whose machine types QEMU has: upstream's or RHEL's"),
    COUNT("aio_context_min", SCOPE_HOST, "AIO events the kernel books at least for a context"),
    CHOICE("launcher", SCOPE_SCENARIO, launchers, "who starts QEMU: libvirt or a shell"),
    CHOICE("stage", SCOPE_SCENARIO, stages, "how far guests get: defined, started (-S), running"),
    COUNT("host_disk_partitions", SCOPE_SCENARIO, "partitions of each host block device"),
    COUNT("network_addresses", SCOPE_SCENARIO, "DHCP addresses of a virtual network"),
    COUNT("anonymous_clients", SCOPE_SCENARIO, "connections not yet authenticated"),
    COUNT("calls", SCOPE_SCENARIO, "libvirt API calls in progress"),
    COUNT("client_requests", SCOPE_SCENARIO, "API calls in progress on one connection"),
    COUNT("ssh_startups", SCOPE_SCENARIO, "ssh connections not yet authenticated"),
    COUNT("containers", SCOPE_SCENARIO, "system containers beside the guests"),
    COUNT("starts", SCOPE_SCENARIO, "guests started at the same moment"),
    COUNT("snapshots", SCOPE_SCENARIO, "guests whose RAM is saved to files at the same moment"),
    CHOICE("migration_via", SCOPE_SCENARIO, migration_paths, "path of a migration's data"),
    BOOL("migration_storage", SCOPE_SCENARIO, "migrations copy storage too"),
    COUNT("migration_multifd", SCOPE_SCENARIO, "multifd channels of a migration; 0: off"),
    BOOL("migration_tls", SCOPE_SCENARIO, "migrations are encrypted: CPU time, nothing countable"),
    BOOL("lockd", SCOPE_SCENARIO, "virtlockd holds leases"),
    CHOICE("machine", SCOPE_GUEST, machines, "machine type"),
    NUMBER("machine_version", SCOPE_GUEST, "version of the machine type; 0: newest"),
    CHOICE("accel", SCOPE_GUEST, accels, "accelerator"),
    COUNT("maxcpus", SCOPE_GUEST, "vCPUs that can be hot-plugged up to"),
    CHOICE("backing", SCOPE_GUEST, backings, "what backs guest RAM"),
    SIZE("memory_touched", SCOPE_GUEST, "RAM a guest really uses"),
    BOOL("prealloc", SCOPE_GUEST, "guest RAM is touched at start"),
    BOOL("mlock", SCOPE_GUEST, "guest RAM is locked"),
    COUNT("aio_workers", SCOPE_GUEST, "I/O worker threads of a guest at its busiest"),
    COUNT("numa", SCOPE_GUEST, "NUMA nodes of a guest"),
    COUNT("mem_slots", SCOPE_GUEST, "memory hot-plug slots"),
    COUNT("dimms", SCOPE_GUEST, "memory modules plugged in"),
    SIZE("hotplug_memory", SCOPE_GUEST, "memory plugged into a running guest at once"),
    CHOICE("irqchip", SCOPE_GUEST, irqchips, "in-kernel irqchip"),
    CHOICE("gic", SCOPE_GUEST, gics, "GIC version of an arm64 guest"),
    CHOICE("firmware", SCOPE_GUEST, firmwares, "guest firmware"),
    COUNT("cpu_phys_bits", SCOPE_GUEST, "physical address bits of the CPU model; 0: the host's"),
    COUNT("guest_kernel_cpus", SCOPE_GUEST, "NR_CPUS of the guest's kernel"),
    BOOL("eim", SCOPE_GUEST, "virtual IOMMU with extended interrupt mode"),
    BOOL("viommu", SCOPE_GUEST, "virtual IOMMU in front of VFIO devices"),
    SIZE("tb_size", SCOPE_GUEST, "TCG translation buffer"),
    CHOICE("pci_layout", SCOPE_GUEST, layouts, "how PCI devices are placed"),
    BOOL("default_devices", SCOPE_GUEST, "QEMU's default VGA, NIC and USB are present"),
    COUNT("hotplug_ports", SCOPE_GUEST, "free PCIe root ports for hot-plug"),
    COUNT("hotplugs", SCOPE_GUEST, "devices hot-plugged while running"),
    COUNT("host_ports", SCOPE_GUEST, "host ports published for a guest"),
    COUNT("tracked_connections", SCOPE_GUEST, "connections of a guest that the host tracks"),
    COUNT("hostdev_vectors", SCOPE_GUEST, "MSI-X vectors a VFIO device enables"),
    COUNT("serial_port_max", SCOPE_GUEST, "max_ports of the virtio-serial controller"),
    COUNT("ptys", SCOPE_GUEST, "extra pty chardevs"),
    BOOL("agent", SCOPE_GUEST, "guest agent channel"),
    BOOL("qmp", SCOPE_GUEST, "QMP monitor socket"),
    BOOL("balloon", SCOPE_GUEST, "virtio-balloon device"),
    BOOL("rng", SCOPE_GUEST, "virtio-rng device"),
    BOOL("video", SCOPE_GUEST, "video card"),
    COUNT("usb_devices", SCOPE_GUEST, "USB devices"),
    BOOL("vsock", SCOPE_GUEST, "vhost-vsock device"),
    COUNT("virtiofs", SCOPE_GUEST, "virtiofs shares"),
    COUNT("scsi_controllers", SCOPE_GUEST, "virtio-scsi controllers"),
    CHOICE("confidential", SCOPE_GUEST, confidentials, "memory encryption"),
    CHOICE("disk_storage", SCOPE_DISK, storages, "what a disk lies on"),
    COUNT("disk_backing", SCOPE_DISK, "backing images below the top one"),
    CHOICE("disk_cache", SCOPE_DISK, caches, "cache mode"),
    BOOL("disk_iothread", SCOPE_DISK, "disks run in the guest's iothreads"),
    SIZE("disk_size", SCOPE_DISK, "space a written image takes on the host"),
    COUNT("host_threads_per_core", SCOPE_HOST, "hardware threads that share a core"),
    CHOICE("host_drive", SCOPE_HOST, drives, "storage below the images"),
    COUNT("host_drives", SCOPE_HOST, "drives that share the images' load"),
    NUMBER("host_link", SCOPE_HOST, "network bandwidth, Gbit/s"),
    NUMBER("host_migration_link", SCOPE_HOST, "bandwidth of the migration network, Gbit/s"),
    BOOL("host_ple", SCOPE_HOST, "CPUs tell a guest's spinning (pause-loop exits)"),
    CHOICE("vmm", SCOPE_SCENARIO, monitors, "whose costs are simulated"),
    COUNT("parallel_starts", SCOPE_SCENARIO, "guests being started at once; 0: all"),
    NUMBER("duration", SCOPE_SCENARIO, "simulated seconds of steady load"),
    CHOICE("guest_lock", SCOPE_GUEST, locks, "spin locks of the guest's kernel"),
    COUNT("guest_hz", SCOPE_GUEST, "timer ticks of an idle vCPU, 1/s; 0: tickless"),
    BOOL("kvmclock", SCOPE_GUEST, "the guest's clock is refreshed on each vCPU load"),
    NUMBER("think_us", SCOPE_GUEST, "CPU time between two requests of a vCPU's work"),
    NUMBER("hold_us", SCOPE_GUEST, "CPU time inside the guest's lock, per operation"),
    COUNT("guest_locks", SCOPE_GUEST, "locks that the guest's work is spread over; 0: no locks"),
    NUMBER("sleep_us", SCOPE_GUEST, "idle time after each operation"),
    COUNT("busy_vcpus", SCOPE_GUEST, "vCPUs that work; the others idle"),
    COUNT("io_depth", SCOPE_GUEST, "requests in flight of a job"),
    COUNT("io_jobs", SCOPE_GUEST, "jobs that do I/O in a guest; 0: none"),
    SIZE("io_size", SCOPE_GUEST, "bytes of a request"),
    NUMBER("io_write_share", SCOPE_GUEST, "share of requests that write, 0 to 1"),
    COUNT("io_flush_every", SCOPE_GUEST, "writes between two flushes; 0: never"),
    BOOL("io_sequential", SCOPE_GUEST, "requests follow one another on the disk"),
    BOOL("io_on_host", SCOPE_GUEST, "the same load without virtualisation, for comparison"),
    COUNT("net_streams", SCOPE_GUEST, "network streams of a guest; 0: none"),
    SIZE("net_packet", SCOPE_GUEST, "bytes of a packet; 65536 with segmentation offload"),
    CHOICE("net_direction", SCOPE_GUEST, directions, "out of the guest, or into it"),
    BOOL("net_ping", SCOPE_GUEST, "one packet at a time, there and back"),
    NUMBER("dirty_rate", SCOPE_GUEST, "pages a guest writes a second"),
    SIZE("working_set", SCOPE_GUEST, "memory that a guest keeps writing"),
    BOOL("dirty_cyclic", SCOPE_GUEST, "pages are written in turn, not at random"),
    NUMBER("migration_bandwidth", SCOPE_SCENARIO, "limit of one migration, MiB/s; 0: none"),
    NUMBER("migration_downtime", SCOPE_SCENARIO, "downtime limit, ms"),
    BOOL("migration_auto_converge", SCOPE_SCENARIO, "slow guests down that write too fast"),
    BOOL("migration_postcopy", SCOPE_SCENARIO, "switch to post-copy after the first round"),
    COUNT("migration_compress", SCOPE_SCENARIO, "compression threads of a migration; 0: none"),
    BOOL("ksm", SCOPE_HOST, "kernel same-page merging"),
    BOOL("thp", SCOPE_HOST, "transparent huge pages"),
    NUMBER("ksm_share", SCOPE_GUEST, "share of a guest's pages that other guests hold too"),
    CHOICE("net_peer", SCOPE_GUEST, peers, "who is at the other end of a guest's streams"),
    BOOL("net_offload", SCOPE_GUEST, "packets are merged up to 64 KiB before the host sees them"),
    BOOL("net_poll", SCOPE_GUEST, "the guest's driver polls its rings, as DPDK does"),
    NUMBER("net_broadcasts", SCOPE_GUEST, "broadcast packets a guest sends, 1/s"),
    COUNT("tap_batch", SCOPE_HOST, "packets a tap hands to the stack at once (ethtool rx-frames)"),
    BOOL("nested", SCOPE_HOST, "the host is a virtual machine itself"),
    CHOICE("guest_ipi", SCOPE_GUEST, ipis, "how a guest's kernel sends interrupts between vCPUs"),
    NUMBER("guest_halt_poll_us", SCOPE_GUEST, "an idle guest polls this long before it halts"),
    {NULL, SCOPE_HOST, KIND_COUNT, NULL, NULL, false},
};

size_t option_count(void)
{
    return sizeof options / sizeof options[0] - 1;
}

/* Compares names, '-' and '_' alike. */
static int same_name(const char *a, const char *b)
{
    while (*a != '\0' && (*a == *b || (*a == '-' && *b == '_'))) {
        a++;
        b++;
    }
    return *a == *b;
}

const char *const option_synonyms[][2] = {
    {"backing_depth", "disk_backing"},
    {"connections", "clients"},
    {"cpus", "host_cpus"},
    {"daemon_layout", "daemons"},
    {"guest_agent", "agent"},
    {"guest_disks", "disks_per_guest"},
    {"guest_memory", "memory"},
    {"guest_nics", "nics_per_guest"},
    {"guest_vcpus", "vcpus"},
    {"iothreads_per_guest", "iothreads"},
    {"management_connections", "clients"},
    {"max_vcpus", "maxcpus"},
    {"memory_backing", "backing"},
    {"memory_per_guest", "memory"},
    {"numa_nodes", "numa"},
    {"serial_consoles", "consoles"},
    {"vcpus_per_guest", "vcpus"},
    {NULL, NULL},
};

int option_find(const char *name)
{
    for (size_t i = 0; option_synonyms[i][0] != NULL; i++) {
        if (same_name(name, option_synonyms[i][0])) {
            name = option_synonyms[i][1];
            break;
        }
    }
    for (int i = 0; options[i].name != NULL; i++) {
        if (same_name(name, options[i].name))
            return i;
    }
    return -1;
}

int option_find_set(const char *name)
{
    static const char host[] = "host";
    const char *dot = strrchr(name, '.');
    int option = option_find(dot != NULL ? dot + 1 : name);
    if (option >= 0 && options[option].sysctl)
        return option;
    if (dot == NULL || strncmp(name, host, strlen(host)) != 0 || name + strlen(host) != dot)
        return -1;
    char full[64];
    snprintf(full, sizeof full, "%s_%.40s", host, dot + 1);
    if (option_find(full) >= 0) /* "host.memory", not the guests' */
        option = option_find(full);
    return option >= 0 && options[option].scope == SCOPE_HOST ? option : -1;
}

/* Other words that people use for a choice. */
static const char *const choice_synonyms[][2] = {
    {"virtio", "virtio-blk"}, {"blk", "virtio-blk"},     {"scsi", "virtio-scsi"},
    {"uring", "io_uring"},    {"i440fx", "pc"},          {"harvester", "kubevirt"},
    {"nova", "openstack"},    {"openshift", "kubevirt"}, {"vhost-net", "vhost"},
    {"null-co", "null"},      {"hugetlb", "hugepages"},  {"websocket", "vnc-websocket"},
};

static int find_choice(const struct scenario_option *option, const char *text)
{
    for (int i = 0; option->choices[i].text != NULL; i++) {
        if (strcasecmp(text, option->choices[i].text) == 0 ||
            same_name(text, option->choices[i].text))
            return i;
    }
    return -1;
}

static int parse_choice(const struct scenario_option *option, const char *text, double *value,
                        struct diag *diag)
{
    int found = find_choice(option, text);
    for (size_t i = 0; found < 0 && i < sizeof choice_synonyms / sizeof choice_synonyms[0]; i++) {
        if (strcasecmp(text, choice_synonyms[i][0]) == 0)
            found = find_choice(option, choice_synonyms[i][1]);
    }
    if (found >= 0) {
        *value = found;
        return STATUS_OK;
    }
    struct text_nearest nearest;
    char all[256] = "";
    text_nearest_init(&nearest, text);
    for (int i = 0; option->choices[i].text != NULL; i++) {
        size_t used = strlen(all);
        text_nearest_offer(&nearest, option->choices[i].text);
        snprintf(all + used, sizeof all - used, "%s%s", used > 0 ? ", " : "",
                 option->choices[i].text);
    }
    diag_set(diag, STATUS_DATA, NULL, 0, option->name, "'%s' is not one of: %s", text, all);
    diag_suggest(diag, nearest.best);
    return STATUS_DATA;
}

static int parse_bool(const struct scenario_option *option, const char *text, double *value,
                      struct diag *diag)
{
    static const char *const words[] = {"no", "yes", "off", "on", "false", "true", "0", "1"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *value = (double)(i % 2);
            return STATUS_OK;
        }
    }
    return diag_set(diag, STATUS_DATA, NULL, 0, option->name, "'%s' is not yes or no", text);
}

int option_parse(const struct scenario_option *option, const char *text, double *value,
                 struct diag *diag)
{
    static const double largest = 9007199254740992.0; /* 2^53: exact in a double */
    switch (option->kind) {
    case KIND_CHOICE:
        return parse_choice(option, text, value, diag);
    case KIND_BOOL:
        return parse_bool(option, text, value, diag);
    case KIND_SIZE:
        if (!text_parse_size(text, value))
            return diag_set(diag, STATUS_DATA, NULL, 0, option->name,
                            "'%s' is not a size such as 512M, 2G or 1T", text);
        if (option == &options[OPTION_MEMORY] && strpbrk(text, "KMGTPkmgtpB") == NULL)
            *value *= 1024.0 * 1024.0;
        break;
    case KIND_NUMBER:
    case KIND_COUNT:
        if (!text_parse_number(text, value) || *value < 0 ||
            (option->kind == KIND_COUNT && *value != floor(*value)))
            return diag_set(diag, STATUS_DATA, NULL, 0, option->name,
                            "'%s' is not a %snumber of 0 or more", text,
                            option->kind == KIND_COUNT ? "whole " : "");
        break;
    }
    if (*value > largest)
        return diag_set(diag, STATUS_DATA, NULL, 0, option->name, "'%s' is too large", text);
    return STATUS_OK;
}

void option_format(const struct scenario_option *option, double value, char *out, size_t size)
{
    if (option->kind == KIND_CHOICE)
        snprintf(out, size, "%s", option->choices[(int)value].text);
    else if (option->kind == KIND_BOOL)
        snprintf(out, size, "%s", value != 0 ? "yes" : "no");
    else
        text_quantity(out, size, value, option->kind == KIND_SIZE ? "bytes" : "");
}
