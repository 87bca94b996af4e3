package node_test

import (
	"fmt"
	"math/bits"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

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

// hasEveryCapability compares what the attacker asks for with what the policy of Pods
// accepts, and with what the kernel says that it has.
func (f *field) hasEveryCapability(t *testing.T) {
	policy, err := f.node.Cluster.Admin.Get("/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/istio-tenancy-pods")
	require.NoError(t, err)
	spec := fmt.Sprint(policy.Object["spec"])
	accepted := regexp.MustCompile(`'[A-Z_]+'`).FindAllString(regexp.MustCompile(`\['AUDIT_WRITE'[^]]*\]`).FindString(spec), -1)
	_, list, _ := strings.Cut(attackerSpec, "add: [")
	list, _, _ = strings.Cut(list, "]")
	require.Equal(t, "'"+strings.ReplaceAll(list, ", ", "' '")+"'", strings.Join(accepted, " "))
	p, err := f.node.Process("ns-1", "attacker", "attacker")
	require.NoError(t, err)
	status := words(t, fmt.Sprintf("/proc/%d/status", p.ID))
	has, err := strconv.ParseUint(regexp.MustCompile(`CapEff: ([0-9a-f]+)`).FindStringSubmatch(status)[1], 16, 64)
	require.NoError(t, err)
	require.Equal(t, len(accepted), bits.OnesCount64(has), "CapEff is %x", has)
}
