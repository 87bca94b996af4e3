package reach

import (
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// cluster is what a search looks up, made once for all tenants.
type cluster struct {
	Model
	// owners are the names of the tenants that have a namespace.
	owners map[string][]string
	// planes are the namespaces of the control planes of a namespace's tenants.
	planes map[string][]string
	// bound are the subjects of the bindings in a namespace, and labelled those of the
	// ClusterRoleBindings that have a tenant's label, by tenant.
	bound, labelled map[string][]Identity
	// accounts are the ServiceAccounts in a namespace that are there, that a workload
	// names, or that a binding names: whoever may make one makes that.
	accounts map[string][]string
	// there are the ServiceAccounts that nobody has to make, by namespace and name. Every
	// namespace has one that is called default.
	there map[[2]string]bool
	// named are the ServiceAccounts that bindings name, by namespace and name.
	named map[[2]string]bool
	// workloads are what runs Pods in a namespace.
	workloads map[string][]workload
	// hosts are the tenants whose control plane others may share: their own Namespaces say so.
	hosts map[string]bool
	// members are the meshes of others that tenants are in.
	members map[string]string
	// meshes are the control planes by audience. Of these, kept are those that a policy keeps
	// for the tenant in their names, and audiences all others.
	meshes          map[string][]mesh
	audiences, kept []string
	// tokens are the Secrets with a token of a ServiceAccount.
	tokens map[string][]tokenSecret
}

type workload struct {
	group, resource, kind, name, account string
	object                               *snapshot.Object
	// holds says that its Pods hold their node.
	holds bool
}

type tokenSecret struct{ name, account string }

// workloadKind is a kind that makes Pods, or is one.
type workloadKind struct {
	group, version, kind, resource string
	spec                           []string
	// by is the controller that makes the Pods; "": the object is the Pod.
	by string
}

// workloadResources are the kinds that make Pods, by group and kind, and where each has
// the Pod's spec.
var workloadResources = []workloadKind{
	{"", "v1", "Pod", "pods", []string{"spec"}, ""},
	{"apps", "v1", "Deployment", "deployments", template, "replicaset-controller"},
	{"apps", "v1", "StatefulSet", "statefulsets", template, "statefulset-controller"},
	{"apps", "v1", "DaemonSet", "daemonsets", template, "daemon-set-controller"},
	{"apps", "v1", "ReplicaSet", "replicasets", template, "replicaset-controller"},
	{"", "v1", "ReplicationController", "replicationcontrollers", template, "replication-controller"},
	{"batch", "v1", "Job", "jobs", template, "job-controller"},
	{"batch", "v1", "CronJob", "cronjobs", []string{"spec", "jobTemplate", "spec", "template", "spec"}, "job-controller"},
	// of Kubernetes before 1.16
	{"extensions", "v1beta1", "Deployment", "deployments", template, "replicaset-controller"},
	{"extensions", "v1beta1", "DaemonSet", "daemonsets", template, "daemon-set-controller"},
	{"extensions", "v1beta1", "ReplicaSet", "replicasets", template, "replicaset-controller"},
}

var template = []string{"spec", "template", "spec"}

func newCluster(m Model) *cluster {
	c := &cluster{
		Model:  m,
		owners: map[string][]string{}, planes: map[string][]string{}, bound: map[string][]Identity{}, labelled: map[string][]Identity{}, accounts: map[string][]string{},
		workloads: map[string][]workload{}, tokens: map[string][]tokenSecret{}, hosts: map[string]bool{}, members: map[string]string{},
		there: map[[2]string]bool{}, named: map[[2]string]bool{},
		meshes: meshesOf(m.Tenants, m.Planes, m.Network),
	}
	for _, audience := range slices.Sorted(maps.Keys(c.meshes)) {
		if strings.HasSuffix(audience, reserved) {
			c.kept = append(c.kept, audience)
		} else {
			c.audiences = append(c.audiences, audience)
		}
	}
	for _, o := range m.Of("", "Namespace") {
		if mesh, tenant := o.Labels()[v1alpha1.MeshLabel], o.Labels()[v1alpha1.TenantLabel]; mesh != "" {
			c.hosts[mesh] = c.hosts[mesh] || mesh == tenant
			if mesh != tenant {
				c.members[tenant] = mesh
			}
		}
	}
	for _, t := range m.Tenants {
		for _, namespace := range t.Namespaces {
			c.owners[namespace] = append(c.owners[namespace], t.Name)
			if t.ControlPlane != "" {
				c.planes[namespace] = append(c.planes[namespace], t.ControlPlane)
			}
		}
	}
	known := map[string]map[string]bool{}
	know := func(namespace, name string) {
		if known[namespace] == nil {
			known[namespace] = map[string]bool{"default": true}
		}
		known[namespace][name] = true
	}
	for namespace := range c.owners {
		know(namespace, "default")
	}
	for _, o := range m.Of("", "ServiceAccount") {
		know(o.ID.Namespace, o.ID.Name)
		for _, secret := range snapshot.List(o.Content, "secrets") { // a dump may have no Secrets
			c.tokens[o.ID.Namespace] = append(c.tokens[o.ID.Namespace], tokenSecret{snapshot.Text(secret, "name"), o.ID.Name})
		}
		c.there[[2]string{o.ID.Namespace, o.ID.Name}] = true
	}
	for _, w := range workloadResources {
		for _, o := range m.Of(w.group, w.kind) {
			name, _, _ := unstructured.NestedString(o.Content, append(slices.Clone(w.spec), "serviceAccountName")...)
			if name == "" {
				name, _, _ = unstructured.NestedString(o.Content, append(slices.Clone(w.spec), "serviceAccount")...)
			}
			if name == "" {
				name = "default"
			}
			know(o.ID.Namespace, name)
			c.workloads[o.ID.Namespace] = append(c.workloads[o.ID.Namespace], workload{w.group, w.resource, w.kind, o.ID.Name, name, o, heldBy(o, w.spec)})
		}
	}
	for _, o := range m.Of("", "Secret") {
		if kind, _, _ := unstructured.NestedString(o.Content, "type"); kind == string(corev1.SecretTypeServiceAccountToken) {
			if name := o.Annotations()[corev1.ServiceAccountNameKey]; name != "" {
				know(o.ID.Namespace, name)
				c.tokens[o.ID.Namespace] = append(c.tokens[o.ID.Namespace], tokenSecret{o.ID.Name, name})
			}
		}
	}
	for _, o := range m.Of(rbacv1.GroupName, "RoleBinding") {
		c.bound[o.ID.Namespace] = append(c.bound[o.ID.Namespace], identities(o)...)
	}
	for _, o := range m.Of(rbacv1.GroupName, "ClusterRoleBinding") {
		if tenant := o.Tenant(); tenant != "" {
			c.labelled[tenant] = append(c.labelled[tenant], identities(o)...)
		}
	}
	for account, builtin := range m.Rights.Accounts() {
		know(account[0], account[1])
		c.named[account] = true
		c.there[account] = c.there[account] || builtin
	}
	for namespace, names := range known {
		c.accounts[namespace] = slices.Sorted(maps.Keys(names))
	}
	return c
}

// identities are the subjects of a binding, but for the group of those who may do everything
// without one.
func identities(binding *snapshot.Object) (all []Identity) {
	for _, s := range snapshot.Subjects(binding) {
		if s.Kind != rbacv1.GroupKind || s.Name != "system:masters" {
			all = append(all, Identity(s))
		}
	}
	return all
}
