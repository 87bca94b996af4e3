package admit

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// openings are the kinds by which a manifest takes down a wall of its own
// tenant, and what each object of such a kind must not be.
var openings = map[[2]string]func(Filter, object.ID, *yaml.RNode) error{
	{"", "Namespace"}: Filter.levels,
	{"", "Secret"}:    Filter.secret,
	{"", "ConfigMap"}: Filter.keyOfCA,
	{"", "Service"}:   Filter.takesAddresses,
	{"rbac.authorization.k8s.io", "RoleBinding"}: Filter.everybody,
	{"resource.k8s.io", "ResourceClaim"}:         Filter.adminAccess,
	{"resource.k8s.io", "ResourceClaimTemplate"}: Filter.adminAccess,
	{"cert-manager.io", "Certificate"}:           Filter.sharedCA,
}

// opening refuses what takes down a wall.
func (f Filter) opening(id object.ID, o *yaml.RNode) error {
	if check, found := openings[[2]string{id.Group, id.Kind}]; found {
		return check(f, id, o)
	}
	return nil
}

// adminAccess is the label by which a namespace's Pods may share devices that
// are others'.
const adminAccess = "resource.kubernetes.io/admin-access"

// walls are labels that turn a policy of the namespace off. The tenant's file
// says them, which is the cluster administrator's.
var walls = []string{
	"pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version", "openshift.io/run-level",
	adminAccess, "resource.k8s.io/admin-access", // as Kubernetes 1.33 called it
}

// levels refuses Namespaces that say of themselves how far their Pods reach.
func (f Filter) levels(_ object.ID, o *yaml.RNode) error {
	if create := f.Tenant.Spec.CreateNamespaces; create != nil && !*create && !f.Again {
		return nil // is left out, with a warning; what is added after the transformer is not
	}
	var errs []error
	labels := o.GetLabels()
	for _, key := range walls {
		if value, found := labels[key]; found && value != f.Tenant.Spec.NamespaceLabels[key] {
			errs = append(errs, fmt.Errorf("metadata.labels[%s]: found %q; it decides what the tenant's Pods may do on their nodes, instead of the "+
				"policies of bases/tenancy, and only the cluster administrator may set it: remove it, or write it under spec.namespaceLabels of the tenant", key, value))
		}
	}
	return errors.Join(errs...)
}

// secret refuses Secrets beside the control plane that give it away.
func (f Filter) secret(id object.ID, o *yaml.RNode) error {
	return errors.Join(f.lastingToken(id, o), f.keyOfCA(id, o))
}

// lastingToken refuses tokens of what runs beside the control plane that never
// end: whoever reads the Secret once is that ServiceAccount for good.
func (f Filter) lastingToken(id object.ID, o *yaml.RNode) error {
	if object.String(o, "type") != "kubernetes.io/service-account-token" || !slices.Contains(f.controlPlaneNamespaces(), id.Namespace) {
		return nil
	}
	return fmt.Errorf("type: found kubernetes.io/service-account-token; it makes a token of ServiceAccount %s in the control plane's namespace that never "+
		"expires, for whoever reads Secrets there: remove it, and use a token that expires, from a projected volume or from kubectl create token",
		o.GetAnnotations()["kubernetes.io/service-account.name"])
}

// apiServerService is the Service by whose name Pods find the API server. The
// kubelet writes its address into the variables KUBERNETES_SERVICE_HOST and
// KUBERNETES_SERVICE_PORT, and takes one of the Pod's own namespace before the cluster's.
const apiServerService = "kubernetes"

// takesAddresses refuses Services that take what others send to an address. A
// GitOps tool would add them as the cluster administrator, whom the API server lets.
func (f Filter) takesAddresses(id object.ID, o *yaml.RNode) error {
	if id.Name == apiServerService && slices.Contains(f.controlPlaneNamespaces(), f.placed(id, o).Namespace) {
		return fmt.Errorf("metadata.name: found %q, the name by which Pods find the API server: Pods in this namespace, such as the control plane's, would use this "+
			"Service as the API server, and send it their tokens: give it another name", id.Name)
	}
	addresses := object.Strings(o, "spec", "externalIPs")
	if len(addresses) == 0 {
		return nil
	}
	return fmt.Errorf("spec.externalIPs: found %s; each node of the cluster sends to this Service what Pods of any tenant send to these addresses, such "+
		"as the address of the cluster's DNS server: remove the field, or have the cluster administrator apply the Service outside of the overlay",
		strings.Join(addresses, ", "))
}

// everyone are Groups and Users that anybody is.
var everyone = []string{"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous"}

// everybody refuses to give rights in the tenant to everybody, or to whatever
// runs in a namespace of others. A single ServiceAccount of others may be meant,
// as of what deploys or monitors: it is named.
func (f Filter) everybody(id object.ID, o *yaml.RNode) error {
	var errs []error
	for i, s := range object.List(o, "subjects") {
		kind, name, namespace := object.String(s, "kind"), object.String(s, "name"), object.String(s, "namespace")
		if account, found := strings.CutPrefix(name, "system:serviceaccount:"); found && kind == "User" {
			kind = "ServiceAccount"
			namespace, name, _ = strings.Cut(account, ":")
		}
		all, isGroup := strings.CutPrefix(name, "system:serviceaccounts:")
		switch {
		case kind == "ServiceAccount" && namespace != "" && !f.isOwn(namespace):
			// Beside the control plane, confine names whoever is no program of it.
			if !slices.Contains(f.controlPlaneNamespaces(), id.Namespace) && o.GetLabels()[v1alpha1.TenantLabel] == "" {
				f.warn(fmt.Sprintf("%s: subjects[%d]: found ServiceAccount %s/%s, of a namespace that is not the tenant's: who may create Pods or tokens there "+
					"has these rights in the tenant", id, i, namespace, name))
			}
		case kind == "ServiceAccount":
		case slices.Contains(everyone, name):
			errs = append(errs, fmt.Errorf("subjects[%d].name: found %s %q, which includes everybody in the cluster, also the users and the Pods of other tenants: "+
				"name the Users, Groups or ServiceAccounts that need the rights", i, kind, name))
		case isGroup && !f.isOwn(all):
			errs = append(errs, fmt.Errorf("subjects[%d].name: found %s %q, which includes everything that runs in a namespace that is not the "+
				"tenant's: name the ServiceAccounts that need the rights", i, kind, name))
		}
	}
	return errors.Join(errs...)
}

// isOwn says whether a namespace is the tenant's, or the base's.
func (f Filter) isOwn(namespace string) bool {
	return slices.Contains(f.controlPlaneNamespaces(), namespace) || slices.Contains(f.Tenant.Namespaces(), namespace)
}

// adminAccess refuses claims of devices that are in use by others.
func (f Filter) adminAccess(_ object.ID, o *yaml.RNode) error {
	if f.Tenant.Spec.NamespaceLabels[adminAccess] == "true" {
		return nil
	}
	spec := []string{"spec"}
	if o.GetKind() == "ResourceClaimTemplate" {
		spec = append(spec, "spec")
	}
	var errs []error
	for i, r := range object.List(o, append(spec, "devices", "requests")...) {
		for _, field := range [][]string{{"adminAccess"}, {"exactly", "adminAccess"}} { // up to v1beta1, and since
			if object.IsTrue(r, field...) {
				errs = append(errs, fmt.Errorf("%s.devices.%s.%s: found true, with which a Pod uses devices of other tenants: remove it, or have the cluster "+
					"administrator write {%s: \"true\"} under spec.namespaceLabels of the tenant",
					strings.Join(spec, "."), object.Index("requests", i), strings.Join(field, "."), adminAccess))
			}
		}
	}
	return errors.Join(errs...)
}
