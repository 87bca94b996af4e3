package scope

import (
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/program"
)

// gatewayClasses gives the tenant's Gateways of the base's class the tenant's, and
// so the defaults for that class; and the tenant's GatewayClass its name and its
// controller.
func (f Filter) gatewayClasses(objects []*yaml.RNode) error {
	classes := object.Of("GatewayClass", objects)
	if !f.Tenant.Holds(istio.OwnGatewayClasses) {
		if len(classes) > 0 {
			return fmt.Errorf("%s: Istio %s serves the class %s alone, which is no tenant's: remove bases/istio/gateway-class from resources, or use a base of Istio %s or later",
				object.IDOf(classes[0]), f.Tenant.Version, istio.DefaultGatewayClass, istio.OwnGatewayClasses.Since)
		}
		return nil
	}
	base, err := f.baseGatewayClass()
	if err != nil {
		return err
	}
	values := f.Tenant.Values()
	class := values.Expand(istio.GatewayClass)
	for _, o := range objects {
		id := object.IDOf(o)
		set := func(value string, path ...string) {
			if err == nil {
				err = object.Set(o, value, path...)
			}
		}
		switch {
		case id.Group == istio.GatewayGroup && id.Kind == "GatewayClass":
			set(class, "metadata", "name")
			set(values.Expand(istio.GatewayController), "spec", "controllerName")
		case id.Group == istio.GatewayGroup && id.Kind == "Gateway" && object.String(o, "spec", "gatewayClassName") == base:
			set(class, "spec", "gatewayClassName")
		case id.Kind == "ConfigMap" && id.Namespace == f.Tenant.Own() && o.GetLabels()[istio.ClassDefaultsLabel] == base:
			set(class, "metadata", "labels", istio.ClassDefaultsLabel)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}

// baseGatewayClass is the class that the base's control plane serves.
func (f Filter) baseGatewayClass() (string, error) {
	stated, err := program.Variable(f.Tenant.Plane.Container, istio.GatewayClassVariable)
	if err != nil || stated == nil || object.String(stated, "value") == "" {
		return istio.DefaultGatewayClass, err
	}
	return object.String(stated, "value"), nil
}
