package check

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// change is a field that the transformer would write otherwise.
type change struct {
	path   string
	before any
}

// compare notes what is not the same in what the transformer has made.
func (l *laid) compare(objects []*snapshot.Object, nodes map[*snapshot.Object]*yaml.RNode, out []*yaml.RNode) {
	made := map[object.ID]*yaml.RNode{}
	for _, o := range out {
		made[object.IDOf(o)] = o
	}
	for _, o := range objects {
		id := object.IDOf(nodes[o])
		before, after := contentOf(nodes[o]), contentOf(made[id])
		keepOwn(before, after)
		l.changed[o] = changes(before, after)
		delete(made, id)
	}
	for _, o := range l.objects { // refused ones, which it would make anew
		delete(made, o.ID)
	}
	for id := range made {
		if closing[id.Kind] && !strings.HasPrefix(id.Name, istio.IngressPolicyPrefix) { // which opens a gateway that was added
			l.lacking = append(l.lacking, id)
		}
	}
	slices.SortFunc(l.lacking, func(a, b object.ID) int { return cmp.Compare(a.String(), b.String()) })
}

// closing are kinds of objects that keep something out. What lacks others, such as a
// RoleBinding, is not less protected.
var closing = map[string]bool{
	"Namespace": true, "NetworkPolicy": true, "ClusterNetworkPolicy": true, "PeerAuthentication": true, "AuthorizationPolicy": true,
	"ResourceQuota": true, "LimitRange": true,
}

// contentOf is a node's content, as its JSON decodes.
func contentOf(o *yaml.RNode) map[string]any {
	var content map[string]any
	if text, err := o.MarshalJSON(); err != nil || json.Unmarshal(text, &content) != nil {
		return nil
	}
	return content
}

// keepOwn takes out of the labels and annotations of an object what does not count: those that
// the transformer gives every object, and somebody's own, which it does not write on the
// objects that it makes.
func keepOwn(before, after map[string]any) {
	for _, field := range []string{"labels", "annotations"} {
		a, b := marksOf(after, field), marksOf(before, field)
		for _, all := range []map[string]any{a, b} {
			for _, key := range []string{v1alpha1.TenantLabel, v1alpha1.RevisionLabel, v1alpha1.PartLabel, Annotation} {
				delete(all, key)
			}
		}
		for key := range b {
			if _, kept := a[key]; !kept && !isRead(key) {
				delete(b, key)
			}
		}
		for of, values := range map[*map[string]any]map[string]any{&before: b, &after: a} {
			if metadata, _ := (*of)["metadata"].(map[string]any); metadata != nil && values == nil {
				metadata[field] = map[string]any{}
			}
		}
	}
}

func marksOf(o map[string]any, field string) map[string]any {
	metadata, _ := o["metadata"].(map[string]any)
	values, _ := metadata[field].(map[string]any)
	return values
}

// isRead says whether a key of a label or an annotation means something to Istio, to RBAC or to
// this program.
func isRead(key string) bool {
	domain, _, _ := strings.Cut(key, "/")
	return slices.ContainsFunc([]string{v1alpha1.Group, "istio.io", "authorization.k8s.io"}, func(of string) bool {
		return domain == of || strings.HasSuffix(domain, "."+of)
	})
}

// templateLabels are where the Pods of a workload get their labels.
const templateLabels = "spec.template.metadata.labels"

// changes are the fields that have another value after than before.
func changes(before, after any) (found []change) {
	var walk func(path string, before, after any)
	walk = func(path string, before, after any) {
		if reflect.DeepEqual(before, after) {
			return
		}
		switch b := before.(type) {
		case map[string]any:
			if a, is := after.(map[string]any); is && a != nil {
				keys := maps.Clone(b)
				maps.Copy(keys, a)
				for _, key := range slices.Sorted(maps.Keys(keys)) {
					if _, has := b[key]; !has && key == istio.RevisionLabel && path == templateLabels {
						continue // the label of the Namespace is enough
					}
					at := path + "." + key
					if strings.ContainsAny(key, "./") {
						at = path + "[" + key + "]"
					}
					walk(strings.TrimPrefix(at, "."), b[key], a[key])
				}
				return
			}
		case []any:
			if a, is := after.([]any); is && len(a) == len(b) {
				for i := range b {
					walk(object.Index(path, i), b[i], a[i])
				}
				return
			}
		case string:
			if a, is := after.(string); is && meansSame(b, a) {
				return
			}
		}
		found = append(found, change{path, before})
	}
	walk("", before, after)
	return found
}

// meansSame says whether two texts are the same YAML, such as the configuration of a mesh that
// somebody has written in another order.
func meansSame(a, b string) bool {
	var x, y map[string]any
	return strings.Contains(a, "\n") && yaml.Unmarshal([]byte(a), &x) == nil && yaml.Unmarshal([]byte(b), &y) == nil && x != nil && reflect.DeepEqual(x, y)
}

// digest tells values apart.
func digest(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		text = []byte(fmt.Sprint(value))
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
