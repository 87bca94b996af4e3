package istio

// Name is how the charts name an object without a revision, From, and with
// one, To: {ns} is the control plane's namespace, {rev} the revision, and * the
// rest of the name.
type Name struct {
	Kinds    []string
	From, To string
	// Labelled: only objects that state a revision. Others of such a name are
	// not the charts'.
	Labelled bool
}

// BareName is a cluster-scoped object that carries no namespace in
// [UpstreamNamespace]. Elsewhere it does: at the end, as Istio's charts write it;
// or in front, where upstream forgot, and a second installation overwrites the
// first. In front is where no upstream name has it.
type BareName struct {
	Kinds []string
	// Pattern of the name; * stands for the revision.
	Pattern string
	InFront bool
}

// SuffixedKinds are the kinds whose names Istio's manifests make of something
// and the namespace, as in ClusterRole istiod-clusterrole-istio-system, with
// what may follow the namespace.
var SuffixedKinds = map[string]string{
	"ClusterRole":                    "",
	"ClusterRoleBinding":             "",
	"Role":                           "", // 0.8 and 1.10
	"RoleBinding":                    "",
	"ServiceAccount":                 "",
	"Job":                            "",
	"MutatingWebhookConfiguration":   "",
	"ValidatingWebhookConfiguration": "",
	// stable-channel-policy-<namespace>.istio.io, since 1.26.
	"ValidatingAdmissionPolicy":        Domain,
	"ValidatingAdmissionPolicyBinding": Domain,
}

var rbacOfCluster = []string{"ClusterRole", "ClusterRoleBinding"}
