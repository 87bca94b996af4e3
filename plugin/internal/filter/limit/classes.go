package limit

import (
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Where classes are named: by a field, and by the annotation that there was before
// it, which Kubernetes or controllers still read.
// Sources: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#class-1 and
// https://kubernetes.io/docs/concepts/services-networking/ingress/#deprecated-annotation
var (
	storage = [][]string{{"spec", "storageClassName"}, {"metadata", "annotations", "volume.beta.kubernetes.io/storage-class"}}
	ingress = [][]string{{"spec", "ingressClassName"}, {"metadata", "annotations", "kubernetes.io/ingress.class"}}
)

// classes says which classes of o the policies of classes.yaml would refuse.
func (f Filter) classes(o *yaml.RNode) (errs []error) {
	a := f.Tenant.Spec.Allowed
	spec, at := object.PodSpec(o)
	if spec != nil {
		errs = append(errs,
			choice{"spec.allowed.priorityClasses", a.PriorityClasses}.ofPod(spec, at, "priorityClassName"),
			choice{"spec.allowed.runtimeClasses", a.RuntimeClasses}.ofPod(spec, at, "runtimeClassName"))
	}
	for claim, at := range claims(o, spec, at) {
		errs = append(errs, choice{"spec.allowed.storageClasses", a.StorageClasses}.of(claim, at, storage)...)
	}
	if o.GetKind() == "Ingress" {
		errs = append(errs, choice{"spec.allowed.ingressClasses", a.IngressClasses}.of(o, "", ingress)...)
	}
	return slices.DeleteFunc(errs, func(err error) bool { return err == nil })
}

// claims are the claims on volumes that o is or makes, and where they are in it.
func claims(o, spec *yaml.RNode, at string) func(func(*yaml.RNode, string) bool) {
	return func(yield func(*yaml.RNode, string) bool) {
		switch o.GetKind() {
		case "PersistentVolumeClaim":
			yield(o, "")
			return
		case "StatefulSet":
			for i, template := range object.List(o, "spec", "volumeClaimTemplates") {
				if !yield(template, "spec."+object.Index("volumeClaimTemplates", i)+".") {
					return
				}
			}
		}
		if spec == nil {
			return
		}
		for i, v := range object.List(spec, "volumes") {
			template, err := v.Pipe(yaml.Lookup("ephemeral", "volumeClaimTemplate"))
			if err == nil && template != nil && !yield(template, at+"."+object.Index("volumes", i)+".ephemeral.volumeClaimTemplate.") {
				return
			}
		}
	}
}

// choice are the classes of one kind that a tenant may take; nil is any.
type choice struct {
	field   string
	allowed []string
}

// ofPod says whether a Pod may have its class. One without any may.
func (c choice) ofPod(spec *yaml.RNode, at, field string) error {
	if class := object.String(spec, field); c.allowed != nil && class != "" {
		return c.check(class, at+"."+field)
	}
	return nil
}

// of says whether an object may have the classes that it names. What names none gets
// the cluster's default, which nobody knows here; where nothing is allowed, it is refused.
func (c choice) of(o *yaml.RNode, at string, fields [][]string) (errs []error) {
	if c.allowed == nil {
		return nil
	}
	named := false
	for _, field := range fields {
		if class, err := o.Pipe(yaml.Lookup(field...)); err == nil && !yaml.IsMissingOrNull(class) {
			named = true
			errs = append(errs, c.check(class.YNode().Value, at+strings.Join(field, ".")))
		}
	}
	if !named && len(c.allowed) == 0 {
		errs = append(errs, fmt.Errorf("%s%s: is missing, and %s of the tenant has no class, so that it would be refused; leave it out, or add a class there",
			at, strings.Join(fields[0], "."), c.field))
	}
	return errs
}

func (c choice) check(class, at string) error {
	if slices.Contains(c.allowed, class) {
		return nil
	}
	return fmt.Errorf("%s: found %q, and %s of the tenant has %s, so that it would be refused; add it there, or take another class", at, class, c.field, listed(c.allowed))
}
