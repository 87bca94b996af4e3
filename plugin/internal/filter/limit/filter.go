package limit

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
)

// Filter limits Tenant.
type Filter struct {
	Tenant tenancy.Tenant
}

var _ kio.Filter = Filter{}

// Filter marks the Namespaces among objects, adds LimitRanges, and writes the
// tenant's nodeSelector into Pods. An object that the admission policies would refuse
// is an error, and so is a Pod for other nodes.
func (f Filter) Filter(objects []*yaml.RNode) ([]*yaml.RNode, error) {
	if err := f.mark(objects); err != nil {
		return nil, err
	}
	f.warnOfGateways(objects)
	var errs []error
	for _, o := range objects {
		for _, err := range slices.Concat(f.onNodes(o), f.images(o), f.classes(o)) {
			errs = append(errs, fmt.Errorf("%s: %w", object.IDOf(o), err))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(f.Tenant.Spec.LimitRange) == 0 {
		return objects, nil
	}
	var limits []any
	for _, l := range f.Tenant.Spec.LimitRange {
		limits = append(limits, fields(l))
	}
	for _, namespace := range f.Tenant.Spec.ApplicationNamespaces {
		limits := object.New("v1", "LimitRange", namespace, "tenant-limits", map[string]any{"spec": map[string]any{"limits": limits}})
		var err error
		if objects, err = object.Put(objects, f.Tenant.Name(), limits); err != nil {
			return nil, err
		}
	}
	return objects, nil
}

// fields are those of a limit that say something.
func fields(l v1alpha1.Limit) map[string]any {
	limit := map[string]any{"type": l.Type}
	for name, quantities := range map[string]map[string]string{
		"default": l.Default, "defaultRequest": l.DefaultRequest, "max": l.Max, "min": l.Min, "maxLimitRequestRatio": l.MaxLimitRequestRatio,
	} {
		if len(quantities) > 0 {
			limit[name] = quantities
		}
	}
	return limit
}

// onNodes writes the tenant's nodeSelector into the Pods of o, and says which
// labels these want of other nodes.
func (f Filter) onNodes(o *yaml.RNode) (errs []error) {
	spec, path := object.PodSpec(o)
	if spec == nil {
		return nil
	}
	selector := f.Tenant.Spec.NodeSelector
	carried := object.StringMap(spec, "nodeSelector")
	for _, key := range slices.Sorted(maps.Keys(selector)) {
		switch value, found := carried[key]; {
		case !found:
			if err := object.Set(spec, selector[key], "nodeSelector", key); err != nil {
				errs = append(errs, err)
			}
		case value != selector[key]:
			errs = append(errs, object.InField(path+".nodeSelector", key, fmt.Errorf("found %q; must be %q, which spec.nodeSelector of the tenant says, or absent", value, selector[key])))
		}
	}
	return errs
}

// warnOfGateways names those of the Gateway API that istiod deploys: the build does
// not see their Pods.
func (f Filter) warnOfGateways(objects []*yaml.RNode) {
	if len(f.Tenant.Spec.NodeSelector) == 0 || slices.ContainsFunc(objects, func(o *yaml.RNode) bool { return o.GetLabels()[istio.ClassDefaultsLabel] != "" }) {
		return
	}
	for _, o := range object.Of("Gateway", objects) {
		if object.IDOf(o).Group == istio.GatewayGroup && object.String(o, "spec", "infrastructure", "parametersRef", "name") == "" {
			f.Tenant.Warn("%s: spec.infrastructure.parametersRef: is missing, so that the Pods that istiod deploys for it have no nodeSelector, and are refused; name a ConfigMap whose "+
				"key deployment has spec.template.spec.nodeSelector: {%s}, as spec.nodeSelector of the tenant has it", object.IDOf(o), flow(f.Tenant.Spec.NodeSelector))
		}
	}
}
