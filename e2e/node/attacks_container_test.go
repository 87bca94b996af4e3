package node_test

// no is what the kernel says to a container.
const no = "operation not permitted|permission denied|read-only file system"

var containerAttacks = []attack{
	{name: "mount a file system", verb: "mount tmpfs /tmp", by: "kernel", refused: no},
	{name: "mount a cgroup, for its release_agent", verb: "mount cgroup /tmp", by: "kernel", refused: no},
	{name: "mount processes", verb: "mount proc /tmp", by: "kernel", refused: no},
	{name: "open a disk", verb: "device block 254 0", by: "kernel", refused: no},
	{name: "open another disk", verb: "device block 8 0", by: "kernel", refused: no},
	{name: "open the memory", verb: "device char 1 1", by: "kernel", refused: no},
	{name: "open the kernel's log", verb: "device char 1 11", by: "kernel", refused: no},
	{name: "enter a mount namespace", verb: "enter /proc/self/ns/mnt", by: "kernel", refused: no},
	{name: "enter a network namespace", verb: "enter /proc/self/ns/net", by: "kernel", refused: no},
	{name: "enter a process namespace", verb: "enter /proc/self/ns/pid", by: "kernel", refused: no},
	{name: "load a module", verb: "module", by: "kernel", refused: no + "|function not implemented"},
	{name: "load a program of BPF", verb: "program", by: "kernel", refused: no},
	{name: "open a file by its number", verb: "handle /", by: "kernel", refused: no},
	{name: "write where the kernel sends dumps of programs", verb: "write /proc/sys/kernel/core_pattern |/tmp/x", by: "kernel", refused: no},
	{name: "write a setting of the node's network", verb: "write /proc/sys/net/ipv4/conf/all/route_localnet 1", by: "kernel", refused: no},
	{name: "have the kernel drop what it has read", verb: "write /proc/sys/vm/drop_caches 1", by: "kernel", refused: no},
	{name: "write a setting of the kernel", verb: "write /sys/kernel/profiling 0", by: "kernel", refused: no},
	{name: "write a limit of the own cgroup", verb: "write /sys/fs/cgroup/memory/memory.limit_in_bytes -1", by: "kernel", refused: no},
	{name: "write which devices the own cgroup has", verb: "write /sys/fs/cgroup/devices/devices.allow a", by: "kernel", refused: no},
	{name: "read the kubelet's files", verb: "read /var/lib/kubelet/config.yaml", by: "kernel", refused: "no such file"},
	{name: "speak to containerd", verb: "connect unix /run/containerd/containerd.sock", by: "kernel", refused: "no such file"},
	{name: "read the files of the node's first process", verb: "read /proc/1/root/etc/shadow", by: "kernel", refused: "no such file"},
	{name: "attach to another process of the node", verb: "ptrace 2147483", by: "kernel", refused: "no such process|" + no},
}
