package place

import (
	"fmt"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// origin is where an object was before it was placed.
type origin struct {
	namespace string
	// generated says that an earlier step has made it.
	generated bool
}

// String is "one with no namespace".
func (o origin) String() string {
	switch {
	case o.generated:
		return "one that istio-tenancy generates"
	case o.namespace == "":
		return "one with no namespace"
	}
	return fmt.Sprintf("one with namespace %q", o.namespace)
}

// meet is the error for two objects that are one in a cluster.
func meet(id object.ID, a, b origin) error {
	if a == b {
		return fmt.Errorf("%s: two objects have this name: the base's object gets it in a tenant; rename yours", id)
	}
	return fmt.Errorf("%s: two objects get this name and namespace, %s and %s; rename yours", id, a, b)
}
