package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// plugin is a network plugin, or a program beside one, that is known by its DaemonSet.
type plugin struct {
	// daemonSet is how its name begins, and container a container that it must have; "":
	// any.
	daemonSet, container string
	name                 string
	enforces             enforcement
}

type enforcement int

const (
	never enforcement = iota
	always
	perhaps // by a setting that cannot be read here
	idle    // no Pod of it is ready
)

// plugins are known by what their own manifests and their vendors' clusters call them.
// The first that matches counts for a DaemonSet.
var plugins = []plugin{
	{"calico-node", "", "Calico", always},
	{"canal", "", "Canal", always},
	{"cilium-envoy", "", "", never},
	{"cilium", "", "Cilium", always},
	{"anetd", "", "GKE Dataplane V2", always},
	{"antrea-agent", "", "Antrea", always},
	{"kube-router", "", "kube-router", always},
	{"weave-net", "weave-npc", "Weave Net", always},
	{"ovnkube-node", "", "OVN-Kubernetes", always},
	{"kube-ovn-cni", "", "Kube-OVN", always},
	{"azure-npm", "", "Azure NPM", always},
	{"kube-network-policies", "", "kube-network-policies", always},
	{"romana-agent", "", "Romana", always},
	{"aws-node", "aws-eks-nodeagent", "the Amazon VPC CNI, if its network policies are switched on", perhaps},
	{"aws-node", "", "the Amazon VPC CNI without its agent for policies", never},
	{"kindnet", "", "kindnet, since kind 0.24", perhaps},
	{"kube-flannel", "", "flannel", never},
}

// network says whether somebody enforces NetworkPolicies, as far as it can be told
// without trying.
func (v *verifier) network(ctx context.Context) {
	var sets []map[string]any
	r := resource{group: apps, version: "v1", name: "daemonsets", kind: "DaemonSet", namespaced: true}
	if err := v.served.list(ctx, r, asJSON, "", nil, func(o map[string]any) { sets = append(sets, o) }); err != nil {
		v.report.miss(Network, "list daemonsets.apps", err)
		return
	}
	found := map[enforcement][]string{}
	for _, o := range sets {
		if v.owners[snapshot.Text(o, "metadata", "namespace")] != "" {
			continue // whose administrators may call a DaemonSet whatever they like
		}
		p := pluginOf(o)
		if p.name == "" {
			continue
		}
		if !isRunning(o) {
			p.enforces = idle
		}
		found[p.enforces] = append(found[p.enforces], fmt.Sprintf("%s (%s)", p.name, idOf(o)))
	}
	names := func(e enforcement) string {
		slices.Sort(found[e])
		return strings.Join(found[e], ", ")
	}
	switch {
	case found[always] != nil:
		v.report.Enforced = "NetworkPolicies are enforced by " + names(always)
		if found[never] != nil { // as Calico does beside the Amazon VPC CNI
			v.report.Enforced += ", if it enforces them for Pods of " + names(never)
		}
	case found[perhaps] != nil:
		v.report.Enforced = "it is not known whether NetworkPolicies are enforced by " + names(perhaps)
	case found[never] != nil:
		v.report.Enforced = "NetworkPolicies are not enforced"
		v.report.find(Network, check.Warning, "", object.ID{}, "NetworkPolicies are not enforced: found %s: must be a network plugin that enforces them", names(never))
	case found[idle] != nil:
		v.report.Enforced = "it is not known whether NetworkPolicies are enforced: no Pod is ready of " + names(idle)
	default:
		v.report.Enforced = "it is not known whether NetworkPolicies are enforced: no DaemonSet belongs to a known network plugin"
	}
}

// pluginOf is the network plugin that a DaemonSet is of, or the zero value.
func pluginOf(daemonSet map[string]any) plugin {
	name := snapshot.Text(daemonSet, "metadata", "name")
	for _, p := range plugins {
		if strings.HasPrefix(name, p.daemonSet) && (p.container == "" || hasContainer(daemonSet, p.container)) {
			return p
		}
	}
	return plugin{}
}

// isRunning says whether a Pod of a DaemonSet is ready.
func isRunning(daemonSet map[string]any) bool {
	ready, _ := snapshot.Field(daemonSet, "status", "numberReady").(float64)
	return ready > 0
}

func hasContainer(workload map[string]any, name string) bool {
	return slices.ContainsFunc(snapshot.List(workload, "spec", "template", "spec", "containers"), func(c any) bool { return snapshot.Text(c, "name") == name })
}
