// The flattened device tree (Devicetree Specification v0.3, chapter 5), read in one pass into BootInfo. The reader
// looks at the nodes directly under the root, and at the CPUs under /cpus. QEMU's `virt` and most machines have
// everything there.
#include <cstring>

#include "arch/arm/layout.h"
#include "arch/arm/setup.hpp"
#include "arch/contract/machine.hpp"
#include "base/assert.hpp"

namespace faultline {

namespace {

inline constexpr u32 FDT_MAGIC = 0xd00dfeed;
enum Token : u32 { FDT_BEGIN_NODE = 1, FDT_END_NODE = 2, FDT_PROP = 3, FDT_NOP = 4, FDT_END = 9 };

u32 big_endian(const void* word) {
    u32 value;
    memcpy(&value, word, sizeof(value));
    return __builtin_bswap32(value);
}

// The value of a property. data is nullptr and bytes is 0 if the property is absent.
struct Property {
    const u8* data = nullptr;
    u32 bytes = 0;

    u32 cell(u32 index) const {
        if ((index + 1) * 4 > bytes)
            panic("device tree: a property of %u bytes is too short", bytes);
        return big_endian(data + index * 4);
    }
    // An address or size of one or two cells; the low 32 bits are used.
    u32 number() const { return cell(bytes / 4 - 1); }
    u32 wide(u32 index, u32 cells) const { return cell(index + cells - 1); }
    // Whether the property, a list of NUL-terminated strings, contains `string`.
    bool has(const char* string) const {
        for (u32 i = 0; i < bytes; i += static_cast<u32>(strlen(text(i))) + 1) {
            if (strcmp(text(i), string) == 0)
                return true;
        }
        return false;
    }
    const char* text(u32 offset = 0) const { return reinterpret_cast<const char*>(data + offset); }
};

// The properties that this file uses, of one node.
struct Node {
    const char* name = "";
    Property compatible, reg, interrupts, device_type;
    Property bootargs, initrd_start, initrd_end, rng_seed; // /chosen
    Property address_cells, size_cells;                    // the root
    Property method;                                       // /psci

    void add(const char* property, Property value) {
        const struct {
            const char* name;
            Property& value;
        } known[] = {{"compatible", compatible},       {"reg", reg},           {"interrupts", interrupts},
                     {"device_type", device_type},     {"bootargs", bootargs}, {"linux,initrd-start", initrd_start},
                     {"linux,initrd-end", initrd_end}, {"rng-seed", rng_seed}, {"#address-cells", address_cells},
                     {"#size-cells", size_cells},      {"method", method}};
        for (const auto& entry : known) {
            if (strcmp(property, entry.name) == 0)
                entry.value = value;
        }
    }
};

class Reader {
  public:
    explicit Reader(BootInfo& info) : info_(info) {}

    void read(const u8* tree) {
        if (big_endian(tree) != FDT_MAGIC)
            panic("no device tree where the boot loader said (r2)");
        const u8* p = tree + big_endian(tree + 8);
        const char* strings = reinterpret_cast<const char*>(tree + big_endian(tree + 12));
        Node root, node, child;
        for (u32 depth = 0;;) {
            const u32 token = big_endian(p);
            p += 4;
            if (token == FDT_BEGIN_NODE) {
                ++depth;
                if (depth == 2) {
                    node = Node{};
                    node.name = reinterpret_cast<const char*>(p);
                } else if (depth == 3) {
                    child = Node{};
                }
                p += padded(static_cast<u32>(strlen(reinterpret_cast<const char*>(p))) + 1);
            } else if (token == FDT_END_NODE) {
                if (depth == 2)
                    take(root, node);
                else if (depth == 3 && child.device_type.has("cpu"))
                    take_cpu(child);
                --depth;
            } else if (token == FDT_PROP) {
                const Property value{.data = p + 8, .bytes = big_endian(p)};
                if (depth == 1)
                    root.add(strings + big_endian(p + 4), value);
                else if (depth == 2)
                    node.add(strings + big_endian(p + 4), value);
                else if (depth == 3)
                    child.add(strings + big_endian(p + 4), value);
                p += 8 + padded(value.bytes);
            } else if (token == FDT_END) {
                return;
            } else if (token != FDT_NOP) {
                panic("device tree: unknown token %u", token);
            }
        }
    }

  private:
    static u32 padded(u32 bytes) { return (bytes + 3) & ~3u; }

    void take(const Node& root, const Node& node) {
        if (node.device_type.has("memory"))
            take_memory(root, node);
        else if (strcmp(node.name, "chosen") == 0)
            take_chosen(node);
        else if (node.compatible.has("arm,pl011"))
            info_.uart = device(root, node, 0);
        else if (node.compatible.has("arm,pl031"))
            info_.rtc = device(root, node, 0);
        else if (node.compatible.has("arm,cortex-a15-gic"))
            take_gic(root, node);
        else if (node.compatible.has("arm,armv7-timer"))
            take_timer(node);
        else if (node.compatible.has("arm,psci-0.2") || node.compatible.has("arm,psci-1.0"))
            info_.psci_by_smc = node.method.has("smc");
        else if (node.compatible.has("virtio,mmio") && info_.virtio_count < BootInfo::MAX_VIRTIO)
            info_.virtio[info_.virtio_count++] = device(root, node, 0);
    }

    // The binding of generic timers lists the interrupts in this order: secure, physical, virtual, hypervisor.
    void take_timer(const Node& node) {
        info_.physical_timer_intid = intid(node, 1);
        info_.virtual_timer_intid = intid(node, 2);
    }

    // The range number `index` of a node's "reg", and the node's first interrupt.
    static DeviceInfo device(const Node& root, const Node& node, u32 index) {
        const u32 address_cells = root.address_cells.number(), size_cells = root.size_cells.number();
        const u32 first = index * (address_cells + size_cells);
        return {.base = PhysAddr(node.reg.wide(first, address_cells)),
                .bytes = node.reg.wide(first + address_cells, size_cells),
                .intid = node.interrupts.bytes == 0 ? 0 : intid(node, 0)};
    }

    // The binding of GICs: an interrupt has three cells; the first is 0 for an SPI and 1 for a PPI.
    static u32 intid(const Node& node, u32 index) {
        return node.interrupts.cell(index * 3 + 1) + (node.interrupts.cell(index * 3) == 0 ? 32 : 16);
    }

    // The binding of CPUs (arm/cpus.yaml): "reg" holds the affinity fields of MPIDR. Only CPUs of the first cluster are
    // used.
    void take_cpu(const Node& cpu) {
        if (const u32 affinity = cpu.reg.number(); affinity < machine::MAX_CPUS)
            info_.cpus |= CpuMask::of(affinity);
    }

    void take_memory(const Node& root, const Node& node) {
        const DeviceInfo range = device(root, node, 0);
        // A size of 4 GiB or more does not fit in 32 bits. The linear mapping is smaller than that, so its limit
        // applies.
        const bool huge = root.size_cells.number() == 2 && node.reg.cell(root.address_cells.number()) != 0;
        info_.ram_start = range.base;
        info_.ram_bytes = huge || range.bytes > LINEAR_LIMIT ? LINEAR_LIMIT : range.bytes & ~0xfffffu;
    }

    void take_gic(const Node& root, const Node& node) {
        info_.gic_distributor = device(root, node, 0);
        info_.gic_cpu_interface = device(root, node, 1);
    }

    void take_chosen(const Node& node) {
        if (node.bootargs.bytes > sizeof(info_.command_line))
            panic("the command line has %u bytes; %u is the limit", node.bootargs.bytes, BootInfo::COMMAND_LINE_SIZE);
        memcpy(info_.command_line, node.bootargs.data, node.bootargs.bytes);
        if (node.initrd_start.bytes != 0 && node.initrd_end.bytes != 0) {
            info_.initrd_start = PhysAddr(node.initrd_start.number());
            info_.initrd_end = PhysAddr(node.initrd_end.number());
        }
        info_.rng_seed_bytes =
            node.rng_seed.bytes < BootInfo::RNG_SEED_SIZE ? node.rng_seed.bytes : BootInfo::RNG_SEED_SIZE;
        memcpy(info_.rng_seed, node.rng_seed.data, info_.rng_seed_bytes);
    }

    BootInfo& info_;
};

} // namespace

void device_tree_parse(const void* tree, BootInfo& info) {
    Reader(info).read(static_cast<const u8*>(tree));
    // Some versions of QEMU list the transports in descending order of address. Sorting keeps slot numbers independent
    // of that.
    for (u32 i = 0; i < info.virtio_count; ++i) {
        for (u32 j = i; j > 0 && info.virtio[j].base < info.virtio[j - 1].base; --j) {
            const DeviceInfo swapped = info.virtio[j];
            info.virtio[j] = info.virtio[j - 1];
            info.virtio[j - 1] = swapped;
        }
    }
}

} // namespace faultline
