package admit

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Single refuses objects that kubectl treats as a list. kubectl, and programs that
// use its libraries, do so with every object that has the field, of any kind. They
// apply each item as an object of its own, of any kind and in any namespace.
// kustomize has expanded the real lists already. Source: unstructuredJSONScheme of
// k8s.io/apimachinery.
func Single(o *yaml.RNode) error {
	fields, err := o.Fields()
	if err != nil {
		return err
	}
	for _, field := range fields {
		if strings.EqualFold(field, "items") {
			return fmt.Errorf("%s: found this field at the top of an object: kubectl takes the object for a list, and applies the items of this field instead; "+
				"no kind has this field: remove it, and write each of its objects as a document of its own", field)
		}
	}
	return nil
}

func single(_ object.ID, o *yaml.RNode) error { return Single(o) }

// named refuses names that are no part of a path: one would be the path of
// another object for whoever writes it into a request as it is. No kind has them.
// Source: IsValidPathSegmentName of k8s.io/apimachinery.
func named(id object.ID, _ *yaml.RNode) error {
	if id.Name == "." || id.Name == ".." || strings.ContainsAny(id.Name, "/%") {
		return fmt.Errorf("metadata.name: found %q; must be no part of a path, and have neither a slash nor a percent sign", id.Name)
	}
	return nil
}

// ownerless refuses objects that are somebody's dependents. No manifest can know
// the uid that a cluster gives an owner, so that garbage collection would delete
// the object, or its owner, of the cluster's perhaps, would wait for it.
func ownerless(_ object.ID, o *yaml.RNode) error {
	for i, r := range object.List(o, "metadata", "ownerReferences") {
		return fmt.Errorf("metadata.ownerReferences[%d]: found %s %s; an owner is named by its uid, which only a cluster can give, so that a manifest "+
			"must not have it: remove the field, as from every object that is copied from a cluster", i, object.String(r, "kind"), object.String(r, "name"))
	}
	return nil
}
