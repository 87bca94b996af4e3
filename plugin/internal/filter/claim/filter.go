package claim

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter checks that every object is the tenant's, and changes none.
type Filter struct {
	Tenant v1alpha1.IstioTenant
}

var _ kio.Filter = Filter{}

// Filter returns objects as they are, or every reason why they are not the
// tenant's, joined.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	_, err := f.ControlPlane(objects)
	return objects, err
}

// ControlPlane is like Filter, and returns the control plane among the objects.
func (f Filter) ControlPlane(objects []*yaml.RNode) (controlplane.ControlPlane, error) {
	plane, planeErr := f.plane(objects)
	if errors.Is(planeErr, errMoved) {
		return plane, planeErr // and so was everything else
	}
	var errs []error
	seen := map[object.ID]bool{}
	for _, o := range objects {
		id := object.IDOf(o)
		if id.Kind == "" || id.Name == "" {
			errs = append(errs, fmt.Errorf("%s: an object needs a kind and a metadata.name", id))
			continue
		}
		if seen[id] {
			errs = append(errs, fmt.Errorf("%s: is there twice", id))
		}
		seen[id] = true
		for _, check := range []func(object.ID, *yaml.RNode) error{
			f.owner, f.ambient, f.place, f.binding,
		} {
			if err := check(id, o); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", id, err))
				break
			}
		}
	}
	return plane, errors.Join(append(errs, planeErr)...)
}

// errMoved says that a kustomization has moved the base before it was laid.
var errMoved = errors.New("`namespace:` in a kustomization has moved the base")

// plane checks that there is one control plane, where its base or an earlier
// run of the transformer has put it.
func (f Filter) plane(objects []*yaml.RNode) (controlplane.ControlPlane, error) {
	plane, err := controlplane.Find(objects)
	switch {
	case errors.Is(err, controlplane.ErrNone):
		return plane, fmt.Errorf("%w; list a base such as bases/istio/control-plane under resources", err)
	case err != nil:
		return plane, err
	}
	d := plane.Deployment
	if d.GetNamespace() == v1alpha1.BaseNamespace || d.GetLabels()[v1alpha1.TenantLabel] != "" {
		return plane, nil
	}
	return plane, fmt.Errorf("%s: metadata.namespace: found %q, and a base has %s: %w; remove it, the tenant says where things are; "+
		"a manifest of your own becomes a base by istio-tenancy split",
		object.IDOf(d), d.GetNamespace(), v1alpha1.BaseNamespace, errMoved)
}

// owner refuses what another tenant's transformer has made.
func (f Filter) owner(_ object.ID, o *yaml.RNode) error {
	owner := o.GetLabels()[v1alpha1.TenantLabel]
	if owner != "" && owner != f.Tenant.Name() {
		return fmt.Errorf("metadata.labels: belongs to tenant %q, not to %q; one overlay holds one tenant",
			owner, f.Tenant.Name())
	}
	return nil
}

func (f Filter) ambient(id object.ID, o *yaml.RNode) error {
	for _, c := range istio.Components {
		if c.OncePerCluster != "" && id.Kind == "DaemonSet" && slices.Contains(c.Workloads, id.Name) {
			return errors.New(c.OncePerCluster)
		}
	}
	for _, c := range object.List(o, "spec", "template", "spec", "containers") {
		for _, e := range object.List(c, "env") {
			if object.String(e, "name") == istio.AmbientVariable && object.String(e, "value") == "true" {
				return fmt.Errorf("env %s: found \"true\"; "+
					"ambient mode does not work with several control planes; remove it", istio.AmbientVariable)
			}
		}
	}
	return nil
}

// clusterKinds are the cluster-scoped kinds that a control plane has for itself.
var clusterKinds = []string{
	"ClusterRole", "ClusterRoleBinding",
	"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration",
	"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding",
}

// place refuses objects outside the tenant's namespaces.
func (f Filter) place(id object.ID, o *yaml.RNode) error {
	own := append([]string{v1alpha1.BaseNamespace}, f.Tenant.Namespaces()...)
	switch {
	case id.Kind == "Namespace":
		if !slices.Contains(own, id.Name) {
			return fmt.Errorf("is not one of the tenant's namespaces, %s; "+
				"list it under spec.applicationNamespaces or remove it", strings.Join(own[1:], ", "))
		}
	case object.IsClusterScoped(o):
		if !slices.Contains(clusterKinds, id.Kind) {
			return errors.New("exists once per cluster, so it is not a tenant's; move it to the common base")
		}
	case id.Namespace != "" && !slices.Contains(own, id.Namespace):
		return fmt.Errorf("metadata.namespace: found %q; must be one of the tenant's namespaces, %s, or none",
			id.Namespace, strings.Join(own[1:], ", "))
	}
	return nil
}

// binding refuses cluster-wide rights for anybody but the control plane.
func (f Filter) binding(id object.ID, o *yaml.RNode) error {
	if id.Kind != "ClusterRoleBinding" {
		return nil
	}
	own := []string{v1alpha1.BaseNamespace, f.Tenant.Spec.ControlPlane.Namespace}
	for i, s := range object.List(o, "subjects") {
		kind, namespace := object.String(s, "kind"), object.String(s, "namespace")
		if kind != "ServiceAccount" || !slices.Contains(own, namespace) {
			return fmt.Errorf("subjects[%d]: found %s %s/%s; a tenant's overlay grants nobody but the control plane's "+
				"ServiceAccounts rights on the cluster; use a RoleBinding", i, kind, namespace, object.String(s, "name"))
		}
	}
	return nil
}
