package istio

import "slices"

// A RootKind is a kind of which an object may stand in the mesh's root
// namespace, beside the control plane. It says when the object means the same in
// the one namespace that a control plane watches instead.
type RootKind struct {
	Group string
	// Kinds are those of the group; none is all.
	Kinds []string
	// Bound is the reason why no object of the kind has the same meaning elsewhere; ""
	// if some objects have, which the other fields decide.
	Bound string
	// Own are fields that are relative to the object's own namespace.
	Own []OwnField
	// References name an object of the same namespace, which moves, too.
	References []Reference
	// Export is the mesh's setting that holds where the kind's spec.exportTo does
	// not say who sees an object; "" is that the kind has no such field.
	Export string
	// Narrowed are other objects' fields that say of which namespaces these take
	// objects of this kind.
	Narrowed []NarrowedBy
	// Ties are fields of which an object must differ in one from each of the row's
	// kinds that is there already, as Tied says; none is that they add up.
	Ties []Tie
	Tied string
}

// An OwnField is a field that is relative to the object's own namespace.
type OwnField struct {
	// Path has "[]" for every element of a list.
	Path []string
	// Where is a field beside the last of Path with its value, without which the
	// field counts for nothing; "" is none.
	Where [2]string
	// Names says which of its values refer to that namespace.
	Names Naming
	// Why is what they are there.
	Why string
}

// Naming is how a value names what has a namespace.
type Naming int

const (
	// Whatever: every value, and the field's being there, counts from the namespace.
	Whatever Naming = iota
	// Short is the name of a Service, unless it has a dot.
	Short
	// Bare is a name, unless "namespace/" is before it.
	Bare
	// Prefixed is a host with "namespace/" before it, unless that is "*/".
	Prefixed
	// Selected are labels of the Pods of a gateway, which moves, too.
	Selected
	// Secret is the name of a Secret that the gateway reads where it runs.
	Secret
)

// A Reference is a field that names another object.
type Reference struct {
	Path []string
	// Beside is the field that holds its namespace; "" is that the value does, as
	// "namespace/name", or as "name.namespace" with whatever follows.
	Beside string
	Kind   string
	// Except are values that name no object.
	Except string
}

// A NarrowedBy is where an object says of which namespaces it takes what.
type NarrowedBy struct {
	Kind string
	// Path holds hosts with "namespace/" before them.
	Path []string
}

// A Tie is a field in which two objects are alike.
type Tie struct {
	Path []string
	// Covers says that a host is alike to any wildcard that covers it.
	Covers bool
}

// whereSelected are fields that choose Pods.
func whereSelected(why string, paths ...[]string) []OwnField {
	var fields []OwnField
	for _, path := range paths {
		fields = append(fields, OwnField{Path: path, Why: why})
	}
	return fields
}

var (
	selector         = []string{"spec", "selector"}
	workloadSelector = []string{"spec", "workloadSelector"}
	// targets are of a policy's own namespace, or GatewayClasses, which count in
	// the root namespace only.
	targets = whereSelected("names objects of the policy's own namespace", []string{"spec", "targetRef"}, []string{"spec", "targetRefs"})
	// own are selectors that select nothing outside of the root namespace.
	own = "selects Pods of its own namespace only"
)

func shortHosts(paths ...[]string) []OwnField {
	var fields []OwnField
	for _, path := range paths {
		fields = append(fields, OwnField{Path: path, Names: Short})
	}
	return fields
}

// RootKindsIn are the versions for which RootKinds are known: those that can be
// told to watch one namespace and not their own.
var RootKindsIn = Range{Since: "1.18"}

// RootKindOf is the row of a kind.
func RootKindOf(group, kind string) (RootKind, bool) {
	i := slices.IndexFunc(RootKinds, func(r RootKind) bool {
		return r.Group == group && (len(r.Kinds) == 0 || slices.Contains(r.Kinds, kind))
	})
	if i < 0 {
		return RootKind{}, false
	}
	return RootKinds[i], true
}

// RootKinds are Istio's, and the Gateway API's.
//
// Source: istio/istio 1.31, pilot/pkg/model: authentication.go,
// authorization.go, policyattachment.go (policies of the root namespace are
// looked up for every Pod, their selectors are held against its labels, and their
// targetRefs against its namespace), telemetry.go and proxy_config.go (a selector
// counts in the Pod's own namespace), push_context.go (EnvoyFilters and
// extensions by priority, then those of the root namespace; the one Sidecar
// without a selector; DestinationRules of the client's namespace before those of
// the root), config.go and virtualservice.go (short names), and
// security/authn/policy_applier.go (a PeerAuthentication with a selector counts for
// nothing in the root namespace).
var RootKinds = []RootKind{
	{
		Group: SecurityGroup, Kinds: []string{"AuthorizationPolicy"},
		Own: append([]OwnField{
			{Path: []string{"spec", "rules", "[]", "from", "[]", "source", "serviceAccounts", "[]"}, Names: Bare, Why: "is a ServiceAccount of the policy's own namespace"},
			{Path: []string{"spec", "rules", "[]", "from", "[]", "source", "notServiceAccounts", "[]"}, Names: Bare, Why: "is a ServiceAccount of the policy's own namespace"},
			{
				Path: []string{"spec", "rules", "[]", "when", "[]", "values", "[]"}, Where: [2]string{"key", "source.serviceAccount"},
				Names: Bare, Why: "is a ServiceAccount of the policy's own namespace",
			},
			{
				Path: []string{"spec", "rules", "[]", "when", "[]", "notValues", "[]"}, Where: [2]string{"key", "source.serviceAccount"},
				Names: Bare, Why: "is a ServiceAccount of the policy's own namespace",
			},
		}, targets...),
	},
	{Group: SecurityGroup, Kinds: []string{"RequestAuthentication"}, Own: targets},
	{
		Group: SecurityGroup, Kinds: []string{"PeerAuthentication"},
		Own:  whereSelected("has no effect in the root namespace", selector),
		Ties: []Tie{{Path: selector}}, Tied: "of two without a selector in a namespace Istio uses the older",
	},
	{
		Group: TelemetryGroup, Kinds: []string{"Telemetry"},
		Own:  append(whereSelected(own, selector), targets...),
		Ties: []Tie{{Path: selector}, {Path: []string{"spec", "targetRefs"}}, {Path: []string{"spec", "targetRef"}}},
		Tied: "of two without a selector in a namespace Istio uses the older, and merges that of the root namespace with that of another",
	},
	{
		Group: NetworkingGroup, Kinds: []string{"ProxyConfig"},
		Own:  whereSelected(own, selector),
		Ties: []Tie{{Path: selector}},
		Tied: "of two without a selector in a namespace Istio uses the older, and merges that of the root namespace with that of another",
	},
	{
		Group: NetworkingGroup, Kinds: []string{"Sidecar"},
		Own: append(whereSelected(own, workloadSelector),
			shortHosts([]string{"spec", "outboundTrafficPolicy", "egressProxy", "host"})...),
		Ties: []Tie{{Path: workloadSelector}}, Tied: "of two without a selector in a namespace Istio uses the older",
	},
	{
		Group: NetworkingGroup, Kinds: []string{"EnvoyFilter"},
		Own:  targets,
		Ties: []Tie{{Path: []string{"spec", "priority"}}},
		Tied: "of two with the same priority Istio applies that of the root namespace first, and of one namespace the older",
	},
	{
		Group: ExtensionGroup, Kinds: []string{"WasmPlugin", "TrafficExtension"},
		Own: append(whereSelected("names a Secret of its own namespace", []string{"spec", "imagePullSecret"}, []string{"spec", "wasm", "imagePullSecret"}),
			targets...),
		Ties: []Tie{{Path: []string{"spec", "phase"}}, {Path: []string{"spec", "priority"}}},
		Tied: "of two with the same phase and priority Istio takes that of the root namespace last, and of one namespace the younger",
	},
	{
		Group: NetworkingGroup, Kinds: []string{"DestinationRule"},
		Own: append(whereSelected(own, workloadSelector),
			shortHosts([]string{"spec", "host"})...),
		Export: "defaultDestinationRuleExportTo",
		Ties:   []Tie{{Path: []string{"spec", "host"}, Covers: true}},
		Tied:   "Istio takes the one of the client's namespace before that of the root namespace, and of one namespace the narrower, or both",
	},
	{
		Group: NetworkingGroup, Kinds: []string{"VirtualService"},
		Own: shortHosts(
			[]string{"spec", "hosts", "[]"},
			[]string{"spec", "http", "[]", "route", "[]", "destination", "host"},
			[]string{"spec", "http", "[]", "mirror", "host"},
			[]string{"spec", "http", "[]", "mirrors", "[]", "destination", "host"},
			[]string{"spec", "tcp", "[]", "route", "[]", "destination", "host"},
			[]string{"spec", "tls", "[]", "route", "[]", "destination", "host"},
		),
		References: []Reference{
			{Path: []string{"spec", "gateways", "[]"}, Kind: "Gateway", Except: "mesh"},
			{Path: []string{"spec", "http", "[]", "match", "[]", "gateways", "[]"}, Kind: "Gateway", Except: "mesh"},
			{Path: []string{"spec", "tcp", "[]", "match", "[]", "gateways", "[]"}, Kind: "Gateway", Except: "mesh"},
			{Path: []string{"spec", "tls", "[]", "match", "[]", "gateways", "[]"}, Kind: "Gateway", Except: "mesh"},
			{Path: []string{"spec", "http", "[]", "delegate", "name"}, Beside: "namespace", Kind: "VirtualService"},
		},
		Export:   "defaultVirtualServiceExportTo",
		Narrowed: []NarrowedBy{{"Sidecar", []string{"spec", "egress", "[]", "hosts", "[]"}}, {"Gateway", []string{"spec", "servers", "[]", "hosts", "[]"}}},
	},
	{
		Group: NetworkingGroup, Kinds: []string{"ServiceEntry"},
		Own:      whereSelected(own, workloadSelector),
		Export:   "defaultServiceExportTo",
		Narrowed: []NarrowedBy{{"Sidecar", []string{"spec", "egress", "[]", "hosts", "[]"}}},
		Ties:     []Tie{{Path: []string{"spec", "hosts", "[]"}}},
		Tied:     "Istio prefers the one of the client's namespace, and of one namespace merges both",
	},
	{
		// PILOT_SCOPE_GATEWAY_TO_NAMESPACE is set: a Gateway selects Pods of its own namespace.
		Group: NetworkingGroup, Kinds: []string{"Gateway"},
		Own: []OwnField{
			{Path: selector, Names: Selected, Why: "selects gateways of its own namespace"},
			{Path: []string{"spec", "servers", "[]", "hosts", "[]"}, Names: Prefixed, Why: "takes VirtualServices of one namespace"},
			{Path: []string{"spec", "servers", "[]", "tls", "credentialName"}, Names: Secret, Why: "is a Secret of the control plane's namespace, and a gateway reads those of the namespace where it runs"},
			{Path: []string{"spec", "servers", "[]", "tls", "credentialNames", "[]"}, Names: Secret, Why: "is a Secret of the control plane's namespace, and a gateway reads those of the namespace where it runs"},
			{Path: []string{"spec", "servers", "[]", "tls", "caCertCredentialName"}, Names: Secret, Why: "is a Secret of the control plane's namespace, and a gateway reads those of the namespace where it runs"},
		},
	},
	{
		Group: NetworkingGroup, Kinds: []string{"WorkloadEntry", "WorkloadGroup"},
		Bound: "its identity and the names by which it is reached have its namespace",
	},
	{Group: GatewayGroup, Bound: gatewayBound},
	{Group: "gateway.networking.x-k8s.io", Bound: gatewayBound},
	{Group: "inference.networking.k8s.io", Bound: gatewayBound},
}

const gatewayBound = "parentRefs, backendRefs, allowedRoutes and ReferenceGrants of the Gateway API count from its namespace, and so do the names of what is deployed for a Gateway"
