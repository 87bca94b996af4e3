// Package discovery knows the ways in which Istio can be told to watch only
// some namespaces, and picks one for a tenant:
//
//	dialect       Istio              namespaces       told by
//	namespace     1.18 and later     one              ISTIO_WATCH_NAMESPACE
//	appNamespace  up to 1.6          one              --appNamespace
//	              1.7 to 1.9         any number       --appNamespace, which these ignore: on request only
//	              1.10               any number       --appNamespace, and discoverySelectors
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
	// Lists says that the control plane lists the whole cluster, and selects
	// afterwards; otherwise it lists the namespaces of Watch only.
	Lists bool
	// Selects says that the mesh's discoverySelectors name Watch.
	Selects bool
	// Warning says what a cluster administrator must know; empty is nothing.
	Warning string
}

// dialects are ordered by strictness.
//
// Sources: istio/istio pkg/features (ISTIO_WATCH_NAMESPACE limits the informers
// of istiod itself since 1.18), pilot/cmd (--appNamespace is one namespace up to
// 1.6, a list from 1.7 on, and gone in 1.11) and pull request 32814 (istiod's
// informers have been shared since 1.7, and look at the whole cluster whatever
// the argument says), mesh v1alpha1 (discoverySelectors since 1.10).
var dialects = []dialect{
	{name: v1alpha1.DiscoveryNamespace, since: "1.18"},
	{name: v1alpha1.DiscoveryAppNamespace, since: "0.0", before: "1.7"},
	{name: v1alpha1.DiscoveryAppNamespace, since: "1.7", before: "1.10", many: true, ownNamespace: true, lists: true,
		ignored: "accepts --appNamespace and watches every namespace all the same"},
	{name: v1alpha1.DiscoveryAppNamespace, since: "1.10", before: "1.11", many: true, ownNamespace: true, lists: true, selects: true},
	{name: v1alpha1.DiscoverySelectors, since: "1.10", many: true, ownNamespace: true, lists: true, selects: true},
}

type dialect struct {
	name v1alpha1.Discovery
	// since and before are an Istio minor version; before is exclusive, "" is no bound.
	since, before string
	// many says whether it can name more than one namespace.
	many bool
	// ownNamespace says whether the control plane's own namespace is watched too.
	ownNamespace bool
	// lists and selects are the plan's.
	lists, selects bool
	// ignored says why the dialect limits nothing: it is for who asks for it by name.
	ignored string
}

// For plans t's discovery on Istio version. A dialect that the version does not
// know, or that cannot name all of the tenant's namespaces, is an error, and so
// is a version that nothing limits, unless the tenant asks for it by name.
func For(t v1alpha1.IstioTenant, version *semver.Version) (Plan, error) {
	asked, known := t.Spec.Discovery, []string{}
	for _, d := range dialects {
		if !inRange(version, d.since, d.before) || len(t.Spec.ApplicationNamespaces) > 1 && !d.many {
			continue
		}
		known = append(known, string(d.name))
		switch {
		case asked == v1alpha1.DiscoveryAuto && d.ignored != "":
			return Plan{}, fmt.Errorf("spec.discovery: Istio %s %s, so that it would see other tenants; "+
				"take a base of 1.6 or older, or of 1.10 or newer, or ask for %q to have it nevertheless", version, d.ignored, d.name)
		case asked == v1alpha1.DiscoveryAuto && d.lists:
			plan := d.plan(t, version)
			plan.Warning = fmt.Sprintf("spec.discovery: auto is %q here, with which the control plane reads every Secret of the cluster; "+
				"write %q to accept that, or take one application namespace and Istio 1.18 or later", d.name, d.name)
			return plan, nil
		case asked == v1alpha1.DiscoveryAuto || asked == d.name:
			return d.plan(t, version), nil
		}
	}
	if len(known) == 0 {
		return Plan{}, fmt.Errorf("spec.applicationNamespaces: Istio %s cannot be limited to %d namespaces: %s; "+
			"give the tenant one application namespace", version, len(t.Spec.ApplicationNamespaces),
			strings.Join(t.Spec.ApplicationNamespaces, ", "))
	}
	return Plan{}, fmt.Errorf("spec.discovery: Istio %s with %d application namespace(s) does not know %q; it knows: %s, or auto",
		version, len(t.Spec.ApplicationNamespaces), asked, strings.Join(known, ", "))
}

func (d dialect) plan(t v1alpha1.IstioTenant, version *semver.Version) Plan {
	plan := Plan{
		Dialect: d.name, Version: version, Lists: d.lists, Selects: d.selects,
		Watch: t.Spec.ApplicationNamespaces, Policies: t.Spec.ApplicationNamespaces,
	}
	if d.ownNamespace {
		plan.Watch, plan.Policies = t.Namespaces(), []string{t.Spec.ControlPlane.Namespace}
	}
	if d.ignored != "" {
		plan.Warning = fmt.Sprintf("spec.discovery: Istio %s %s: the tenant sees other tenants' services", version, d.ignored)
	}
	return plan
}

func inRange(v *semver.Version, since, before string) bool {
	return !v.LessThan(semver.MustParse(since)) && (before == "" || v.LessThan(semver.MustParse(before)))
}

// AtLeast says whether the plan's Istio is of a minor version or newer.
func (p Plan) AtLeast(minor string) bool { return inRange(p.Version, minor, "") }

// Before says whether the plan's Istio is older than a minor version.
func (p Plan) Before(minor string) bool { return !p.AtLeast(minor) }

// Revisions says whether the plan's Istio knows istio.io/rev. Before, a control
// plane is several programs: Pilot, Mixer, the CA and so on.
func (p Plan) Revisions() bool { return p.AtLeast("1.6") }
