package snapshot

import (
	"maps"
	"reflect"
)

// IsSame says whether two objects have the same content, except for what the API server
// writes.
func (o *Object) IsSame(other *Object) bool {
	return o == other || o.ID == other.ID && reflect.DeepEqual(ofSomebody(o), ofSomebody(other))
}

// ofSomebody is the content of an object that somebody has written.
func ofSomebody(o *Object) map[string]any {
	content := maps.Clone(o.Content)
	delete(content, "status")
	metadata, _ := content["metadata"].(map[string]any)
	metadata = maps.Clone(metadata)
	for _, field := range []string{"uid", "resourceVersion", "creationTimestamp", "generation"} {
		delete(metadata, field)
	}
	for field, value := range metadata {
		if fields, is := value.(map[string]any); is && len(fields) == 0 {
			delete(metadata, field)
		}
	}
	if o.ID.Namespace == "" {
		delete(metadata, "namespace") // which a kind without one may have all the same
	}
	content["metadata"] = metadata
	return content
}
