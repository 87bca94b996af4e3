package admit

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/controlplane"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/gateway"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/limits"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Filter checks that every object is the tenant's, and changes none.
type Filter struct {
	Tenant v1alpha1.IstioTenant
	// Warn is called for entries of spec.namespacedKinds that are not necessary. May
	// be nil.
	Warn func(string)
	// Revision of the control plane. Default: spec.controlPlane.revision.
	Revision string
	// Again says that the objects are the output of the transformer, with what was changed in it,
	// and not those of a base: not even if their control plane is where a base has it, because it
	// stands in for one that is in another overlay.
	Again bool
}

func (f Filter) revision() string {
	if f.Revision == "" {
		return f.Tenant.Spec.ControlPlane.Revision
	}
	return f.Revision
}

var _ kio.Filter = Filter{}

// Filter returns objects unchanged, or all reasons why they are not the tenant's,
// joined.
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
	if err := common(objects, plane); err != nil {
		return plane, err // which would be refused object by object
	}
	known := kinds{filter: f, defined: definitions(objects)}
	errs := []error{known.listed(objects)}
	seen, signing, limited := map[object.ID]bool{}, f.signing(objects), limits.Of(f.Tenant)
	for _, o := range objects {
		id := object.IDOf(o)
		if id.Kind == "" || id.Name == "" {
			errs = append(errs, fmt.Errorf("%s: an object needs a kind and a metadata.name", id))
			continue
		}
		placed := f.placed(id, o)
		if seen[placed] {
			errs = append(errs, fmt.Errorf("%s: is in the input twice", placed))
		}
		seen[placed] = true
		for _, check := range []func(object.ID, *yaml.RNode) error{
			single, named, f.owner, func(_ object.ID, o *yaml.RNode) error { return f.early(plane, o) },
			func(_ object.ID, o *yaml.RNode) error { return marks(plane, o, limited) }, f.ambient, f.place, known.check, ownerless, delegated, f.opening,
			func(id object.ID, o *yaml.RNode) error { return f.keyOfIssuer(id, o, signing) }, f.gateway,
		} {
			if err := check(id, o); err != nil {
				errs = append(errs, diagnostic.InEachLine(id.String(), err))
				break
			}
		}
	}
	return plane, errors.Join(append(errs, known.toList(), planeErr)...)
}

// placed is id with the namespace that an application without one gets.
func (f Filter) placed(id object.ID, o *yaml.RNode) object.ID {
	if id.Namespace == "" && !object.IsClusterScoped(o) {
		id.Namespace = f.Tenant.Spec.ApplicationNamespaces[0]
	}
	return id
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
	plane.LooksRight(f.Warn)
	d := plane.Deployment
	if d.GetNamespace() == v1alpha1.BaseNamespace || d.GetLabels()[v1alpha1.TenantLabel] != "" {
		return plane, plane.Agrees(objects)
	}
	return plane, fmt.Errorf("%s: metadata.namespace: found %q, and a base has %s: %w; remove it, because the tenant states the "+
		"namespaces; istio-tenancy split makes a base of your own manifest",
		object.IDOf(d), d.GetNamespace(), v1alpha1.BaseNamespace, errMoved)
}

// common refuses the common base, in the place of a control plane or beside it. A
// single object of it may be there by itself, and is refused as any other.
func common(objects []*yaml.RNode, plane controlplane.ControlPlane) error {
	found := commonbase.Of(objects)
	if len(found) < 2 {
		return nil
	}
	do := "list a base such as bases/istio/control-plane in its place"
	if plane.Deployment != nil {
		do = "remove it from resources"
	}
	return fmt.Errorf("the common base is among the objects, with %s and %d more: the cluster administrator deploys that once per cluster; %s",
		found[0], len(found)-1, do)
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

// early refuses objects of a base, or of an overlay, that say of themselves that
// a transformer has made them: it would take them for its own, and replace them.
func (f Filter) early(plane controlplane.ControlPlane, o *yaml.RNode) error {
	if !f.Again && plane.Deployment != nil && plane.Deployment.GetNamespace() == v1alpha1.BaseNamespace && o.GetLabels()[v1alpha1.TenantLabel] != "" {
		return fmt.Errorf("metadata.labels: found %s, which this program sets on the tenant's objects: remove it", v1alpha1.TenantLabel)
	}
	return nil
}

func (f Filter) ambient(id object.ID, o *yaml.RNode) error {
	for _, c := range istio.Components {
		if c.OncePerCluster != "" && id.Kind == "DaemonSet" && slices.Contains(c.Workloads, id.Name) {
			return errors.New(c.OncePerCluster)
		}
	}
	for _, c := range object.Containers(o) {
		for _, e := range object.List(c, "env") {
			value := object.String(e, "value")
			if on, _ := strconv.ParseBool(value); on && object.String(e, "name") == istio.AmbientVariable { // as istiod reads it
				return fmt.Errorf("env %s: found %q; ambient mode does not work with several control planes; remove it", istio.AmbientVariable, value)
			}
		}
	}
	return nil
}

// gateway names one that an overlay puts beside the control plane: gateways run with
// the applications. What a base has there names no namespace of the tenant's.
func (f Filter) gateway(id object.ID, o *yaml.RNode) error {
	if id.Namespace == f.Tenant.Spec.ControlPlane.Namespace && gateway.Owns(o) && len(gateway.PodLabels(o)) > 0 && o.GetLabels()[v1alpha1.TenantLabel] == "" {
		f.warn(fmt.Sprintf("%s: metadata.namespace: found %q, the control plane's namespace, where a gateway would read the Secrets: the gateway and its objects are moved to %s, "+
			"the first of spec.applicationNamespaces: write one of these namespaces, in an IstioRelease as spec.namespace", id, id.Namespace, f.Tenant.Spec.ApplicationNamespaces[0]))
	}
	return nil
}

// place refuses objects in namespaces outside of the tenant.
func (f Filter) place(id object.ID, o *yaml.RNode) error {
	own := append([]string{v1alpha1.BaseNamespace}, f.Tenant.Namespaces()...)
	if !object.IsClusterScoped(o) && id.Namespace != "" && !slices.Contains(own, id.Namespace) {
		return fmt.Errorf("metadata.namespace: found %q; must be one of the tenant's namespaces, %s, or none",
			id.Namespace, strings.Join(own[1:], ", "))
	}
	return nil
}
