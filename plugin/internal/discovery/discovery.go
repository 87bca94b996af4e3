// Package discovery knows the ways in which Istio can be told to watch only
// some namespaces, and picks one for a tenant:
//
//	mode          Istio              namespaces       told by
//	proxy         up to 1.0          one              a proxy beside Pilot, whose image the base states
//	              1.1 and later      any number       a proxy beside istiod, whose image the base states
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
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
)

// Plan is how a tenant's control plane is limited.
type Plan struct {
	istio.Mode
	Version *semver.Version
	// Watch are the namespaces that the control plane reads services and
	// configuration from.
	Watch []string
	// Image is that of the API proxy, where the mode has one.
	Image string
	// Policies are the namespaces that hold policies for the whole mesh: its root
	// namespace where the control plane watches that, otherwise each watched one.
	Policies []string
	// Warnings say what a cluster administrator must know.
	Warnings []string
}

// For plans the discovery of tenant t on a version of Istio. image is the image of
// the API proxy; "" if the base states none. It is an error if the version does not
// know the mode, if the mode cannot name all of the tenant's namespaces, or if no
// mode limits the version; the last one a tenant may still choose by its name.
func For(t v1alpha1.IstioTenant, version *semver.Version, image string) (Plan, error) {
	if t.Spec.Mesh == v1alpha1.MeshShared {
		return shared(t, version), nil
	}
	asked, known, usable, proxied := t.Spec.Discovery, []string{}, false, false
	for _, m := range istio.Modes {
		if !m.Holds(version) || len(t.Spec.ApplicationNamespaces) > 1 && !m.Many {
			continue
		}
		known = append(known, string(m.Name))
		if m.Proxied && image == "" {
			if asked == m.Name {
				return Plan{}, fmt.Errorf("spec.discovery: %q runs a proxy beside the control plane, and the base states no image of it: %s", m.Name, howToState)
			}
			proxied = true
			continue
		}
		usable = true
		switch {
		case asked == v1alpha1.DiscoveryAuto && m.Ignored != "":
			return Plan{}, fmt.Errorf("spec.discovery: Istio %s %s, so that it would see other tenants; %s"+
				"take a base of 1.6 or older, or of 1.10 or newer, or set %q to use it anyway", version, m.Ignored, orProxy(proxied), m.Name)
		case asked == v1alpha1.DiscoveryAuto && m.Lists:
			plan := planFor(m, t, version, image)
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("spec.discovery: auto is %q here, with which the control plane reads every Secret of the cluster; "+
				"%stake one application namespace and Istio 1.18 or later, or write %q to accept that", m.Name, orProxy(proxied), m.Name))
			return plan, nil
		case asked == v1alpha1.DiscoveryAuto || asked == m.Name:
			return planFor(m, t, version, image), nil
		}
	}
	for _, m := range istio.Modes {
		if m.Name == asked && m.Holds(version) && m.Single != "" {
			return Plan{}, fmt.Errorf("spec.discovery: found %q, by which Istio %s knows one application namespace, and the tenant has %d: %s; "+
				"give the tenant one application namespace", asked, version, len(t.Spec.ApplicationNamespaces), m.Single)
		}
	}
	if !usable && (asked == v1alpha1.DiscoveryAuto || len(known) == 0) {
		return Plan{}, fmt.Errorf("spec.applicationNamespaces: Istio %s cannot be limited to %d namespaces: %s; "+
			"%sgive the tenant one application namespace", version, len(t.Spec.ApplicationNamespaces),
			strings.Join(t.Spec.ApplicationNamespaces, ", "), orProxy(proxied))
	}
	return Plan{}, fmt.Errorf("spec.discovery: Istio %s with %d application namespace(s) does not know %q; it knows: %s, or auto",
		version, len(t.Spec.ApplicationNamespaces), asked, strings.Join(known, ", "))
}

// shared is the plan of a tenant whose control plane is another's: that one selects, and
// the policies for the tenant are in each of its namespaces.
func shared(t v1alpha1.IstioTenant, version *semver.Version) Plan {
	plan := Plan{Version: version, Watch: t.Spec.ApplicationNamespaces, Policies: t.Spec.ApplicationNamespaces}
	for _, m := range istio.Modes {
		if m.Name == v1alpha1.DiscoverySelectors && m.Holds(version) {
			plan.Mode = m
		}
	}
	return plan
}

// howToState says where a base states the image of the API proxy.
const howToState = "set spec.apiProxy.image of the IstioRelease, give istio-tenancy split --api-proxy-image, " +
	"or write the annotation " + v1alpha1.APIProxyImageAnnotation + " on the control plane's Deployment by a patch"

// orProxy is the way out of a mode that opens more, where a proxy would do.
func orProxy(proxied bool) string {
	if !proxied {
		return ""
	}
	return "state an image for the discovery " + string(v1alpha1.DiscoveryProxy) + ", which reads the tenant's namespaces only (" + howToState + "), or "
}

func planFor(m istio.Mode, t v1alpha1.IstioTenant, version *semver.Version, image string) Plan {
	plan := Plan{Mode: m, Version: version, Watch: t.Spec.ApplicationNamespaces, Policies: t.Spec.ApplicationNamespaces}
	if m.Proxied {
		plan.Image = image
		if imageref.Moves(image) {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("spec.discovery: the image %q of the API proxy has no tag of a release: the proxy and what is "+
				"rendered for it are of one release of istio-tenancy, so that a tag such as 1.0, or a digest, is better", image))
		}
	}
	if m.OwnNamespace {
		plan.Watch, plan.Policies = t.Namespaces(), []string{t.Spec.ControlPlane.Namespace}
	}
	if m.Ignored != "" {
		plan.Warnings = append(plan.Warnings, fmt.Sprintf("spec.discovery: Istio %s %s: the tenant sees other tenants' services", version, m.Ignored))
	}
	if nodes := t.Spec.ControlPlane.ReadNodes; nodes != nil {
		if m.Nodes && !*nodes {
			plan.Warnings = append(plan.Warnings, fmt.Sprintf("spec.controlPlane.readNodes: found false; with the discovery %q, "+
				"the control plane always reads the cluster's nodes", m.Name))
		}
		plan.Nodes = m.Nodes || *nodes
	}
	return plan
}

// Revisions says whether the plan's Istio knows revisions.
func (p Plan) Revisions() bool { return istio.Range{Since: istio.RevisionsSince}.Holds(p.Version) }
