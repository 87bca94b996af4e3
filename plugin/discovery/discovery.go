// Package discovery knows the ways in which Istio can be told to watch only
// some namespaces, and picks one for a tenant:
//
//	dialect       Istio              namespaces       told by
//	namespace     1.18 and later     one              ISTIO_WATCH_NAMESPACE
//	appNamespace  up to 1.6          one              --appNamespace
//	              1.7 to 1.10        any number
//	selectors     1.10 and later     any number       discoverySelectors
package discovery

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
)

// Plan is how a tenant's control plane is limited.
type Plan struct {
	Dialect v1alpha1.Discovery
	Version *semver.Version
	// Watch are the namespaces that the control plane reads services and
	// configuration from.
	Watch []string
	// Policies are the namespaces that hold policies for the whole mesh: its root
	// namespace where the control plane watches that, otherwise each watched one.
	Policies []string
}

// dialects are ordered by strictness: the control plane's rights are
// namespaced in all but the last.
//
// Sources: istio/istio pkg/features (ISTIO_WATCH_NAMESPACE limits the informers
// of istiod itself since 1.18), pilot/cmd (--appNamespace became a list in 1.7
// and was removed in 1.11), mesh v1alpha1 (discoverySelectors since 1.10).
var dialects = []struct {
	name v1alpha1.Discovery
	// since and before are an Istio minor version; before is exclusive, "" is no bound.
	since, before string
	// many says whether it can name more than one namespace.
	many bool
	// ownNamespace says whether the control plane's own namespace is watched too.
	ownNamespace bool
}{
	{name: v1alpha1.DiscoveryNamespace, since: "1.18"},
	{name: v1alpha1.DiscoveryAppNamespace, since: "0.0", before: "1.7"},
	{name: v1alpha1.DiscoveryAppNamespace, since: "1.7", before: "1.11", many: true},
	{name: v1alpha1.DiscoverySelectors, since: "1.10", many: true, ownNamespace: true},
}

// For plans t's discovery on Istio version. A dialect that the version does not
// know, or that cannot name all of the tenant's namespaces, is an error.
func For(t v1alpha1.IstioTenant, version *semver.Version) (Plan, error) {
	asked, known := t.Spec.Discovery, []string{}
	for _, d := range dialects {
		if !inRange(version, d.since, d.before) {
			continue
		}
		if len(t.Spec.ApplicationNamespaces) > 1 && !d.many {
			continue
		}
		known = append(known, string(d.name))
		if asked != v1alpha1.DiscoveryAuto && asked != d.name {
			continue
		}
		plan := Plan{Dialect: d.name, Version: version, Watch: t.Spec.ApplicationNamespaces, Policies: t.Spec.ApplicationNamespaces}
		if d.ownNamespace {
			plan.Watch, plan.Policies = t.Namespaces(), []string{t.Spec.ControlPlane.Namespace}
		}
		return plan, nil
	}
	if len(known) == 0 {
		return Plan{}, fmt.Errorf("spec.applicationNamespaces: Istio %s cannot be limited to %d namespaces: %s; "+
			"give the tenant one application namespace", version, len(t.Spec.ApplicationNamespaces),
			strings.Join(t.Spec.ApplicationNamespaces, ", "))
	}
	return Plan{}, fmt.Errorf("spec.discovery: Istio %s with %d application namespace(s) does not know %q; it knows: %s, or auto",
		version, len(t.Spec.ApplicationNamespaces), asked, strings.Join(known, ", "))
}

func inRange(v *semver.Version, since, before string) bool {
	return !v.LessThan(semver.MustParse(since)) && (before == "" || v.LessThan(semver.MustParse(before)))
}

// AtLeast says whether the plan's Istio is of a minor version or newer.
func (p Plan) AtLeast(minor string) bool { return inRange(p.Version, minor, "") }

// Before says whether the plan's Istio is older than a minor version.
func (p Plan) Before(minor string) bool { return !p.AtLeast(minor) }
