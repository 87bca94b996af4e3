package limit

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/imageref"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/jsontext"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// images says which images of o the policy istio-tenancy-registries would refuse.
func (f Filter) images(o *yaml.RNode) (errs []error) {
	allowed := f.Tenant.Spec.Allowed.Registries
	if allowed == nil {
		return nil
	}
	check := func(at, image string) {
		if image != "" && image != istio.ImageOfInjector {
			if err := imageref.Check(image); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", at, err))
				return
			}
		}
		name := imageref.Complete(image)
		if image == "" || image == istio.ImageOfInjector || slices.ContainsFunc(allowed, func(r string) bool { return name == r || strings.HasPrefix(name, r+"/") }) {
			return
		}
		errs = append(errs, fmt.Errorf("%s: found %s, and spec.allowed.registries of the tenant has %s, so that its Pods would be refused when they start; add %s there, or take another image",
			at, image, listed(allowed), path.Dir(name)))
	}
	if spec, at := object.PodSpec(o); spec != nil {
		paths, containers := object.PodContainers(spec)
		for i, c := range containers {
			check(at+"."+paths[i]+".image", object.String(c, "image"))
		}
		for i, v := range object.List(spec, "volumes") {
			check(at+"."+object.Index("volumes", i)+".image.reference", object.String(v, "image", "reference"))
		}
		notes := append(strings.Split(strings.TrimSuffix(at, "spec")+"metadata", "."), "annotations", istio.ProxyImageAnnotation)
		if image := object.String(o, notes...); strings.Contains(image, "/") { // else it is below the injector's registry
			check(strings.TrimSuffix(at, "spec")+"metadata.annotations["+istio.ProxyImageAnnotation+"]", image)
		}
	}
	if o.GetKind() == "ConfigMap" && o.GetNamespace() == f.Tenant.Own() && strings.HasPrefix(o.GetName(), istio.InjectorPrefix) {
		for _, i := range injected(object.StringMap(o, "data")[istio.InjectorValues]) {
			check("data["+istio.InjectorValues+"]: "+i.at, i.name)
		}
	}
	return errs
}

// image is one, and where the values of a control plane say it.
type image struct{ at, name string }

// injected are the images of what a control plane injects; none, where its values do
// not say.
func injected(values string) (images []image) {
	hub, err := jsontext.String(values, istio.ProxyHub...)
	if err != nil {
		return nil // which other steps refuse
	}
	for _, at := range istio.ProxyImages {
		switch name, _ := jsontext.String(values, at...); {
		case strings.Contains(name, "/"):
			images = append(images, image{strings.Join(at, "."), name})
		case hub != "":
			images = append(images, image{strings.Join(istio.ProxyHub, "."), hub + "/" + cmp.Or(name, istio.ProxyImage)})
		}
	}
	return slices.Compact(images)
}

func listed(allowed []string) string {
	if len(allowed) == 0 {
		return "none"
	}
	return strings.Join(allowed, ", ")
}
