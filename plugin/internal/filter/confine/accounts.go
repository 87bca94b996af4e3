package confine

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/discovery"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// program is what one of the programs beside istiod needs, which rights does
// not say, or says otherwise. Its rows are looked at first.
type program struct {
	accounts []string
	rights   []right
	// urls are those of the API server that it is not given.
	urls []string
}

// programs are those that a control plane consisted of up to Istio 1.5, and the
// addons. Sources: istio/istio at 0.7.1, 0.8.0 and 1.4.10: the ClusterRoles of
// install/kubernetes; pilot/pkg/bootstrap and pilot/pkg/config/kube/crd for
// Pilot, with pilot/pkg/model/config.go of 1.0.9 and
// pkg/config/schemas/schemas.gen.go of 1.4.10 for its kinds without a namespace; security/pkg/k8s/controller for the CA; mixer/pkg/config/crd and
// mixer/adapter/kubernetesenv for Mixer; galley/pkg/crd/validation for Galley;
// and prometheus/prometheus discovery/kubernetes.
var programs = []program{
	{
		accounts: []string{"istio-pilot-service-account"},
		rights: []right{
			{
				groups: []string{"apiextensions.k8s.io"}, resources: []string{"customresourcedefinitions"}, before: "1.1",
				read: cluster, write: unconfined, verbs: []string{"create"},
				why: "Pilot creates its kinds when it starts and stops where it may not try, although the common base has them",
			},
			{
				groups: []string{"extensions"}, resources: []string{"thirdpartyresources", "thirdpartyresources.extensions"},
				read: nowhere, write: nowhere, why: "gone since Kubernetes 1.8",
			},
			{
				groups: []string{"extensions"}, resources: []string{"ingresses"},
				read: watched, write: nowhere, why: "Ingresses of the tenant's class",
			},
			{
				groups: []string{""}, resources: []string{"pods", "services"},
				read: everywhere, write: nowhere, why: "discovery; the address of its own ingress, for the status of Ingresses",
			},
			{
				groups: []string{""}, resources: []string{"configmaps"},
				read: own, write: own, why: "which Pilot writes the status of Ingresses",
			},
			{
				groups: []string{""}, resources: []string{"secrets"},
				read: own, write: nowhere, why: "other clusters of the mesh; certificates are the CA's",
			},
			{
				groups: []string{"rbac.istio.io"}, resources: []string{"rbacconfigs"}, since: "1.0", before: "1.1",
				read: unconfined, write: nowhere,
				why: "Pilot 1.0 lists RbacConfigs in the whole cluster, takes the one called default wherever it is, " +
					"and is never ready where it may not",
			},
			{
				groups: []string{"networking.istio.io"}, resources: []string{"syntheticserviceentries"}, since: "1.4", before: "1.5",
				read: cluster, write: nowhere, why: "Pilot 1.4 lists this kind, which has no namespace and no objects, before it is ready",
			},
		},
	},
	{
		accounts: []string{"istio-ca-service-account", "istio-citadel-service-account"},
		rights: []right{
			{
				groups: []string{""}, resources: []string{"secrets"},
				read: everywhere, write: everywhere, why: "its key; a certificate for each ServiceAccount",
			},
			{
				groups: []string{""}, resources: []string{"serviceaccounts", "services"},
				read: everywhere, write: nowhere, why: "whom to make certificates for",
			},
			{
				groups: []string{""}, resources: []string{"configmaps"},
				read: own, write: own, why: "its root certificate",
			},
		},
	},
	{
		accounts: []string{"istio-mixer-service-account"},
		rights: []right{
			{
				groups: []string{"config.istio.io"}, resources: []string{"*"},
				read: unconfined, write: nowhere,
				why: "Mixer lists its configuration in the whole cluster, and drops what is not in ?ns= afterwards",
			},
			{
				groups: []string{"", "extensions", "apps"}, resources: []string{"pods", "replicasets", "replicationcontrollers"},
				read: unconfined, write: nowhere,
				why: "the kubernetesenv adapter lists the whole cluster to find the Pod behind an address",
			},
			{
				groups: []string{""}, resources: []string{"configmaps", "secrets"},
				read: own, write: nowhere, why: "other clusters of the mesh",
			},
			{
				groups: []string{""}, resources: []string{"services", "endpoints", "namespaces"},
				read: nowhere, write: nowhere, why: "no adapter looks at them",
			},
		},
	},
	{
		accounts: []string{"istio-mixer-post-install-account"},
		rights: []right{
			{
				groups: []string{"config.istio.io", "networking.istio.io"}, resources: []string{"*"},
				read: own, write: own, why: "a Job that applies Mixer's configuration",
			},
			{
				groups:    []string{"", "apiextensions.k8s.io"},
				resources: []string{"configmaps", "endpoints", "pods", "services", "namespaces", "secrets", "customresourcedefinitions"},
				read:      nowhere, write: nowhere, why: "the Job does not look at them",
			},
		},
	},
	{
		accounts: []string{"istio-galley-service-account"},
		rights: []right{
			{
				groups: []string{"extensions", "apps"}, resources: []string{"deployments"},
				read: own, write: nowhere, why: "its own",
			},
			{
				groups: []string{""}, resources: []string{"endpoints"},
				read: own, write: nowhere, why: "Galley waits for its own before it registers its webhooks",
			},
			{
				groups: []string{""}, resources: []string{"namespaces/finalizers"},
				read: nowhere, write: named, why: "its namespace owns its webhooks, which go with it",
			},
			{
				groups: []string{"extensions"}, resources: []string{"ingresses"},
				read: members, write: nowhere, why: "configuration",
			},
		},
	},
	{
		accounts: []string{"istio-sidecar-injector-service-account"},
		rights: []right{
			{
				groups: []string{""}, resources: []string{"configmaps"},
				read: own, write: nowhere, why: "the mesh, and what to inject",
			},
		},
	},
	{
		accounts: []string{"prometheus"},
		urls:     []string{"/metrics"}, // the API server's tell of every tenant
		rights: []right{
			{
				groups: []string{""}, resources: []string{"nodes", "nodes/proxy", "nodes/metrics"},
				read: nowhere, write: nowhere,
				why: "kubelets tell of every tenant's Pods, and run commands in them; the jobs that ask them are dropped",
			},
			{
				groups:    []string{"", "discovery.k8s.io", "extensions", "networking.k8s.io"},
				resources: []string{"pods", "services", "endpoints", "endpointslices", "ingresses"},
				read:      everywhere, write: nowhere, why: "discovery",
			},
			{
				groups: []string{""}, resources: []string{"configmaps"},
				read: own, write: nowhere, why: "its configuration",
			},
		},
	},
}

// idle are ServiceAccounts that stay, while what binds them to a ClusterRole goes.
var idle = map[string]string{
	"istio-ingress-service-account":         "the ingress is a proxy, which asks Pilot and not the API server; 1.1 and later give it nothing",
	"istio-mixer-validator-service-account": "nothing runs as it",
	"default":                               "a leftover of Istio 0.x, for proxies that asked the API server",
}

// holder is who has a ClusterRole: some ServiceAccounts, and what is known of
// the programs that run as them.
type holder struct {
	plan discovery.Plan
	rows []right
	// denied are URLs of the API server.
	denied []string
}

// holderOf is who role is bound to.
func holderOf(role *yaml.RNode, objects []*yaml.RNode, plan discovery.Plan) holder {
	accounts := accountsOf(role, objects)
	h := holder{plan: plan}
	for _, p := range programs {
		if slices.ContainsFunc(p.accounts, func(a string) bool { return slices.Contains(accounts, a) }) {
			h.rows, h.denied = append(h.rows, p.rights...), append(h.denied, p.urls...)
		}
	}
	h.rows = slices.DeleteFunc(append(h.rows, rights...), func(r right) bool { return !r.holds(plan) })
	return h
}

// accountsOf are the ServiceAccounts that a ClusterRole is bound to.
func accountsOf(role *yaml.RNode, objects []*yaml.RNode) []string {
	var accounts []string
	for _, binding := range object.Of("ClusterRoleBinding", objects) {
		if object.String(binding, "roleRef", "name") != role.GetName() {
			continue
		}
		for _, s := range object.List(binding, "subjects") {
			accounts = append(accounts, object.String(s, "name"))
		}
	}
	return accounts
}

// lookup returns the row for a resource: a program's, or else of rights.
func (h holder) lookup(group, resource string) (right, bool) {
	i := slices.IndexFunc(h.rows, func(r right) bool { return r.fits(group, resource) })
	if i < 0 {
		return right{}, false
	}
	return h.rows[i], true
}

// urls leaves out those that h is not given.
func (h holder) urls(asked []string) []string {
	return slices.DeleteFunc(slices.Clone(asked), func(url string) bool { return slices.Contains(h.denied, url) })
}

// Exception is a right that reaches beyond the tenant, because the program
// cannot do without it.
type Exception struct {
	Accounts, Verbs, Resources []string
	Why                        string
}

// Exceptions are all that a plan's version has.
func Exceptions(plan discovery.Plan) []Exception {
	var found []Exception
	for _, p := range programs {
		for _, r := range p.rights {
			if !r.holds(plan) || r.read != unconfined && r.write != unconfined {
				continue
			}
			e := Exception{Accounts: p.accounts, Verbs: readVerbs, Why: r.why}
			if r.write == unconfined {
				e.Verbs = r.verbs
			}
			for _, resource := range r.resources {
				e.Resources = append(e.Resources, resourceName(r.groups[0], resource))
			}
			found = append(found, e)
		}
	}
	return found
}

// String is "istio-mixer-service-account: get, list, watch pods".
func (e Exception) String() string {
	return fmt.Sprintf("%s: %s %s", strings.Join(e.Accounts, ", "), strings.Join(e.Verbs, ", "), strings.Join(e.Resources, ", "))
}
