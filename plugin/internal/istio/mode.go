package istio

import "github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"

// Mode is a way to limit a control plane to some namespaces.
type Mode struct {
	Range
	Name v1alpha1.Discovery
	// Many says whether it can name more than one namespace.
	Many bool
	// Single is the reason why it can name only one namespace, although other versions
	// can name more.
	Single string
	// OwnNamespace says whether the control plane's own namespace is watched, too.
	OwnNamespace bool
	// Lists says that the control plane lists the whole cluster, and selects
	// afterwards; otherwise it lists the namespaces that it watches only.
	Lists bool
	// Selects says that the mesh's discoverySelectors name what is watched.
	Selects bool
	// Proxied says that the control plane reads through the API proxy, a sidecar
	// whose image the base states. It asks for namespaced kinds in each namespace
	// that it watches, and for its own objects of other kinds by name.
	Proxied bool
	// Nodes says that the control plane lists the cluster's nodes. With a mode that
	// does not, a tenant may ask for it.
	Nodes bool
	// Ignored is the reason why the mode limits nothing: it is used only if a tenant
	// names it.
	Ignored string
}

// Modes are ordered by strictness.
//
// Sources: istio/istio pkg/features (ISTIO_WATCH_NAMESPACE limits the informers
// of istiod itself since 1.18), pilot/cmd (--appNamespace is one namespace up to
// 1.6, a list from 1.7 on, and gone in 1.11) and pull request 32814 (istiod's
// informers have been shared since 1.7, and look at the whole cluster whatever
// the argument says), mesh v1alpha1 (discoverySelectors since 1.10). For the
// proxy: what [Kubeconfig] names.
var Modes = []Mode{
	{
		Name: v1alpha1.DiscoveryProxy, Range: Range{Before: "1.1"},
		Single:       "its CA knows one namespace only, whatever Pilot sees",
		OwnNamespace: true, Proxied: true,
	},
	{
		Name: v1alpha1.DiscoveryProxy, Range: Range{Since: "1.1", Before: RevisionsSince},
		Many: true, OwnNamespace: true, Proxied: true,
	},
	{
		Name: v1alpha1.DiscoveryProxy, Range: Range{Since: RevisionsSince, Before: "1.10"},
		Many: true, OwnNamespace: true, Proxied: true,
	},
	{
		Name: v1alpha1.DiscoveryProxy, Range: Range{Since: "1.10"},
		Many: true, OwnNamespace: true, Proxied: true, Selects: true,
	},
	{Name: v1alpha1.DiscoveryNamespace, Range: Range{Since: "1.18"}, Nodes: true},
	{Name: v1alpha1.DiscoveryAppNamespace, Range: Range{Before: "1.7"}, Nodes: true},
	{
		Name: v1alpha1.DiscoveryAppNamespace, Range: Range{Since: "1.7", Before: "1.10"},
		Many: true, OwnNamespace: true, Lists: true, Nodes: true,
		Ignored: "accepts --appNamespace and watches every namespace all the same",
	},
	{
		Name: v1alpha1.DiscoveryAppNamespace, Range: Range{Since: "1.10", Before: "1.11"},
		Many: true, OwnNamespace: true, Lists: true, Nodes: true, Selects: true,
	},
	{
		Name: v1alpha1.DiscoverySelectors, Range: Range{Since: "1.10"},
		Many: true, OwnNamespace: true, Lists: true, Nodes: true, Selects: true,
	},
}
