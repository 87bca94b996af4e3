package cluster

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Condition is the status of an object's condition: True, False or Unknown, and
// empty if there is none of that type.
func Condition(object *Object, kind string) string {
	status, _ := condition(object, kind)
	return status
}

// MustBe is nil if a condition of an object is True; the error has its message.
func MustBe(object *Object, kind string) error {
	switch status, message := condition(object, kind); {
	case status == "True":
		return nil
	case message != "":
		return fmt.Errorf("%s is not %s: %s", ID(object), kind, message)
	}
	return fmt.Errorf("%s is not %s", ID(object), kind)
}

func condition(object *Object, kind string) (status, message string) {
	all, _, _ := unstructured.NestedSlice(object.Object, "status", "conditions")
	for _, c := range all {
		c, _ := c.(map[string]any)
		if found, _, _ := unstructured.NestedString(c, "type"); found == kind {
			status, _, _ = unstructured.NestedString(c, "status")
			message, _, _ = unstructured.NestedString(c, "message")
		}
	}
	return status, message
}
