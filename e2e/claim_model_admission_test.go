package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// combined is how many writes have several changes at once.
const combined = 300

func TestTheModelRefusesWhatTheAPIServersPoliciesRefuse(t *testing.T) {
	c := claims(t, "The model over manifests and the API server in a dry run refuse the same objects by the shipped ValidatingAdmissionPolicies")
	m := theModel(t)
	started := time.Now()
	stand := parse(t, standYAML+standPolicies)
	for _, folder := range []string{"flux-kinds", "argo-cd"} {
		for _, o := range definitions(t, folder) {
			if slices.Contains(standKinds, o.GetName()) {
				stand = append([]*cluster.Object{o}, stand...)
			}
		}
	}
	for _, o := range stand { // in their order
		require.NoError(t, cluster.Eventually(patience, func() error { // kinds are served some time later
			_, err := m.cluster.Admin.Apply([]*cluster.Object{o})
			return err
		}), cluster.ID(o))
	}
	m.known = append(m.known, stand...)
	m.awaitPolicies(t)
	writes := m.changes(t, rand.New(rand.NewPCG(*seed, 2)))
	answers := make([]cluster.Answer, len(writes))
	require.NoError(t, sideBySide(len(writes), func(i int) (err error) {
		answers[i], err = m.cluster.Admin.Impersonate(writes[i].user, "", writes[i].method, writes[i].path, writes[i].body)
		return err
	}))
	var text strings.Builder
	for _, w := range writes {
		text.WriteString(w.review() + "\n")
	}
	said := m.ask(t, text.String(), len(writes))

	refusedBy, others, accepted := map[string]int{}, map[string]int{}, 0
	for i, w := range writes {
		policy, message, refused := policyOf(answers[i])
		switch {
		case !refused && !w.accepted(answers[i]):
			others[fmt.Sprint(answers[i].Code)]++
			t.Logf("not counted: %s: %.300s", w, answers[i].Message())
			continue
		case refused:
			refusedBy[policy]++
		default:
			accepted++
		}
		same := said[i].Response.Allowed && !refused
		for _, cause := range said[i].Response.Status.Details.Causes {
			same = same || refused && cause.Reason == policy && slices.Equal(words(cause.Message), words(message))
		}
		c.verify(same, "-seed %d: %s: the model's refusals are %+v, and the API server answers %d %.400s",
			*seed, w, said[i].Response.Status.Details.Causes, answers[i].Code, answers[i].Message())
	}
	refused := 0
	for _, o := range slices.Concat(m.common, stand) {
		if name := o.GetName(); o.GetKind() == "ValidatingAdmissionPolicy" {
			c.verify((refusedBy[name] > 0) == (name != "stand-exact"), "-seed %d: %s refuses %d", *seed, name, refusedBy[name])
			refused += refusedBy[o.GetName()]
		}
	}
	c.check("many are refused, and many are not", func(t *testing.T) {
		require.Greater(t, refused, 200)
		require.Greater(t, accepted, 200)
	})
	c.note("Of %d writes, the policies refused %d and accepted %d, in %.1f s; %v were refused by something else, and not counted (-seed %d). Refused by: %v.", len(writes), refused, accepted, time.Since(started).Seconds(), others, *seed, refusedBy)
}

var refusing = regexp.MustCompile(`(?s)ValidatingAdmissionPolicy '([^']*)' with binding '[^']*' denied request: (.*)$`)

// policyOf is the policy that refused a request, and its message, if one did.
func policyOf(answer cluster.Answer) (policy, message string, refused bool) {
	found := refusing.FindStringSubmatch(answer.Message())
	if answer.Code < 400 || found == nil {
		return "", "", false
	}
	return found[1], found[2], true
}

// words are those of a message, sorted: the keys of a map come in any order.
func words(message string) []string {
	return slices.Sorted(slices.Values(strings.FieldsFunc(message, func(r rune) bool { return strings.ContainsRune(" ,;:", r) })))
}

// awaitPolicies returns when the API server knows the policies that were applied last, and
// what they are told.
func (m *modelled) awaitPolicies(t *testing.T) {
	t.Helper()
	tried := map[string]string{
		"stand-limits": `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"a","image":"a"}],"volumes":[{"name":"a","emptyDir":{}},{"name":"b","emptyDir":{}}]}}`,
	}
	require.NoError(t, cluster.Eventually(patience, func() error {
		for name, body := range tried {
			answer, err := m.cluster.Admin.Do("POST", core+"/namespaces/stand-policies/pods?dryRun=All", body)
			if err != nil {
				return err
			}
			if by, message, _ := policyOf(answer); by != name || !strings.HasPrefix(message, "failed expression") {
				return fmt.Errorf("%s: %s", name, answer.Message())
			}
		}
		return nil
	}))
}

// change is a write without effect, and what it is of.
type change struct {
	name, user, method, path, body   string
	operation, resource, subresource string
	kind                             map[string]any
	object, old                      map[string]any
}

func (w change) String() string {
	return fmt.Sprintf("%s: as %s, %s %s", w.name, w.user, w.method, w.path)
}

// accepted says whether no policy refused it: a connection to a Pod fails later.
func (w change) accepted(answer cluster.Answer) bool {
	return answer.Code < 300 || w.operation == "CONNECT" && answer.Code != http.StatusForbidden
}

func (w change) review() string {
	group, version, _ := strings.Cut(w.kind["apiVersion"].(string), "/")
	if version == "" {
		group, version = "", group
	}
	resourceGroup, resourceVersion := group, version
	if w.subresource != "" { // of the core group, here
		resourceGroup, resourceVersion = "", "v1"
	}
	groups := []string{"system:authenticated"}
	if strings.HasPrefix(w.user, "system:serviceaccount:") {
		groups = append(groups, "system:serviceaccounts", "system:serviceaccounts:"+strings.Split(w.user, ":")[2])
	}
	of := w.object
	if of == nil {
		of = w.old
	}
	name := (&unstructured.Unstructured{Object: of}).GetName()
	if w.subresource != "" {
		name = strings.Split(strings.Split(w.path, "/"+w.resource+"/")[1], "/")[0]
	}
	return mustJSON(map[string]any{"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": map[string]any{
		"operation": w.operation, "kind": map[string]any{"group": group, "version": version, "kind": w.kind["kind"]},
		"resource":    map[string]any{"group": resourceGroup, "version": resourceVersion, "resource": w.resource},
		"subResource": w.subresource, "namespace": namespaceIn(w.path), "name": name,
		"userInfo": map[string]any{"username": w.user, "groups": groups}, "object": w.object, "oldObject": w.old,
	}})
}

// namespaceIn is the namespace that a path names, if what it is of is in one.
func namespaceIn(path string) string {
	_, rest, found := strings.Cut(path, "/namespaces/")
	if !found {
		return ""
	}
	name, _, inside := strings.Cut(rest, "/")
	if !inside {
		return ""
	}
	return name
}

// kindOfWrite is what is written to in a way, and each way in which it can be changed.
type kindOfWrite struct {
	Base       map[string]any
	Namespaces []string
	Users      []string
	// Stored says that there is one, which is changed; otherwise one is made.
	Stored bool
	// Changes are merged into Base, or into what is stored; null takes away.
	Changes map[string]any
	// Subresource, Kind and Connect are of writes to a part.
	Subresource string
	Connect     string
	Delete      bool
}

// changes are each change by itself, in each namespace, by each user; and some of several
// changes together.
func (m *modelled) changes(t *testing.T, r *rand.Rand) (all []change) {
	t.Helper()
	var kinds []kindOfWrite
	require.NoError(t, yaml.UnmarshalStrict([]byte(writesYAML), &kinds))
	for _, k := range kinds {
		names := slices.Sorted(maps.Keys(k.Changes))
		for _, namespace := range k.Namespaces {
			for _, user := range k.Users {
				all = append(all, m.change(t, k, namespace, user))
				for _, name := range names {
					all = append(all, m.change(t, k, namespace, user, name))
				}
			}
		}
	}
	for range combined {
		k := oneOf(r, kinds)
		if len(k.Changes) < 2 {
			continue
		}
		var names []string
		for _, name := range some(r, 3, slices.Sorted(maps.Keys(k.Changes))) {
			names = append(names, name.(string))
		}
		all = append(all, m.change(t, k, oneOf(r, k.Namespaces), oneOf(r, k.Users), names...))
	}
	return all
}

func (m *modelled) change(t *testing.T, k kindOfWrite, namespace, user string, names ...string) change {
	t.Helper()
	base := (&unstructured.Unstructured{Object: k.Base}).DeepCopy()
	if namespace != "" && k.Connect == "" {
		base.SetNamespace(namespace)
	}
	path, err := m.cluster.Admin.Path(base)
	if k.Subresource != "" {
		path, err = core+"/namespaces/"+namespace+"/"+k.Subresource, nil
	}
	require.NoError(t, err)
	collection, _ := path[:strings.LastIndex(path, "/")], ""
	resource := collection[strings.LastIndex(collection, "/")+1:]
	w := change{name: fmt.Sprintf("%s in %s: %v", cluster.ID(base), namespace, names), user: user, kind: k.Base, resource: resource,
		operation: "CREATE", method: "POST", path: collection + "?dryRun=All", object: base.Object}
	switch {
	case k.Connect != "":
		parts := strings.Split(k.Subresource, "/")
		w.operation, w.method, w.path, w.resource, w.subresource = "CONNECT", "POST", path+k.Connect, parts[0], parts[2]
	case k.Subresource != "":
		parts := strings.Split(k.Subresource, "/")
		w.path, w.resource, w.subresource = path+"?dryRun=All", parts[0], parts[2]
	case k.Stored || k.Delete:
		stored, err := m.cluster.Admin.Get(path)
		require.NoError(t, err)
		w.old, w.operation, w.method, w.path, w.object = stored.Object, "UPDATE", "PUT", path+"?dryRun=All", stored.DeepCopy().Object
	}
	if k.Delete {
		w.operation, w.method, w.object = "DELETE", "DELETE", nil
		return w
	}
	for _, name := range names {
		w.object = merged(w.object, k.Changes[name].(map[string]any))
	}
	w.body = mustJSON(w.object)
	if k.Connect != "" {
		w.body = ""
	}
	// Numbers are what JSON has, as they are read by the model.
	require.NoError(t, json.Unmarshal([]byte(mustJSON(w.object)), &w.object))
	return w
}

// merged is a merge patch.
func merged(into, patch map[string]any) map[string]any {
	result := maps.Clone(into)
	if result == nil {
		result = map[string]any{}
	}
	for key, value := range patch {
		if value == nil {
			delete(result, key)
			continue
		}
		if inner, ok := value.(map[string]any); ok {
			old, _ := result[key].(map[string]any)
			result[key] = merged(old, inner)
			continue
		}
		result[key] = value
	}
	return result
}
