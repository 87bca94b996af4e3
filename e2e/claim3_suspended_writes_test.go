package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// write is a request that changes something, or gets into a container. It is tried
// without effect, as a dry run, or at a Pod that no kubelet runs.
type write struct {
	resource, verb, method, path, body string
	// connects says that the answer is a connection to the Pod, which is not made.
	connects bool
}

func (r write) String() string { return r.verb + " " + r.resource + " (" + r.path + ")" }

// try is what the API server answers. An update is of what is there now.
func (r write) try(admin, client *cluster.Client) (cluster.Answer, error) {
	if r.method != http.MethodPut || r.connects {
		return client.Do(r.method, r.path, r.body)
	}
	for {
		there, err := admin.Do(http.MethodGet, r.path, "")
		if err := errors.Join(err, there.Error()); err != nil {
			return there, fmt.Errorf("%s: %w", r, err)
		}
		if answer, err := client.Do(r.method, r.path, string(there.Body)); err != nil || answer.Code != http.StatusConflict {
			return answer, err
		}
	}
}

// accepted says whether an answer is what somebody gets who may do it.
func (r write) accepted(answer cluster.Answer) bool {
	return answer.Code < 300 || r.connects && answer.Code != http.StatusForbidden && answer.Code != http.StatusUnauthorized
}

const routed = `{spec: {rules: [{backendRefs: [{name: a, port: 80}]}]}}`

// schemas are the least that definitions of kinds ask of an object, where that is more
// than nothing, beside what is in everyKind and contents.
var schemas = map[string]string{
	"BackendTLSPolicy": `{spec: {targetRefs: [{group: "", kind: Service, name: a}], validation: {hostname: a.example, wellKnownCACertificates: System}}}`,
	"GRPCRoute":        `{spec: {}}`,
	"Gateway":          `{spec: {gatewayClassName: nobodys, listeners: [{name: a, port: 80, protocol: HTTP}]}}`,
	"ListenerSet":      `{spec: {parentRef: {name: a}, listeners: [{name: a, port: 80, protocol: HTTP}]}}`,
	"RoleBinding":      `{roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}}`,
	"ReferenceGrant":   `{spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: a}], to: [{group: "", kind: Service}]}}`,
	"TCPRoute":         routed,
	"TLSRoute":         `{spec: {hostnames: [a.example], rules: [{backendRefs: [{name: a, port: 80}]}]}}`,
	"TrafficExtension": `{spec: {selector: {matchLabels: {app: a}}, wasm: {url: "https://a.example/plugin.wasm"}}}`,
	"UDPRoute":         routed,
}

// subresources are how those are written to that take no object's own text.
var subresources = map[string]string{
	"pods/binding":             `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"NAME"},"target":{"kind":"Node","name":"node-1"}}`,
	"pods/ephemeralcontainers": `{"spec":{"ephemeralContainers":[{"name":"e","image":"x"}]}}`,
	"pods/eviction":            `{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"NAME"}}`,
	"serviceaccounts/token":    token,
	"bindings":                 `{"apiVersion":"v1","kind":"Binding","metadata":{"name":"NAME"},"target":{"kind":"Node","name":"node-1"}}`,
}

// streams are the subresources that connect to a Pod.
var streams = map[string]string{"attach": "?stdout=true", "exec": "?command=sh&stdout=true", "portforward": "?ports=80", "proxy": ""}

var methods = map[string]string{"create": http.MethodPost, "update": http.MethodPut, "patch": http.MethodPatch, "delete": http.MethodDelete, "get": http.MethodGet}

// writes makes an object of each kind that the API server has in a namespace, and returns
// every way to write it, its subresources, and another of the kind.
func (w *world) writes(t *testing.T, namespace string) (all []write) {
	t.Helper()
	resources, err := w.cluster.Admin.Resources()
	require.NoError(t, err)
	for _, r := range resources {
		name := "kept-" + strings.NewReplacer("/", "-", ".", "-").Replace(r.APIVersion)
		add := func(verb, path, body string) {
			if r.Can(verb) {
				all = append(all, write{r.Name, verb, methods[verb], path, body, false})
			}
		}
		sub := r.Subresource()
		switch fixed, special := subresources[r.Name]; {
		case !r.Namespaced || r.Kind == "LocalSubjectAccessReview" || r.Name == "pods/log" || r.Kind == proved:
		case r.Name == "bindings":
			add("create", r.Collection(namespace)+"?dryRun=All", strings.ReplaceAll(fixed, "NAME", name))
		case sub == "" && r.Can("create"):
			made := w.madeOf(t, r, namespace, name)
			add("create", r.Collection(namespace)+"?dryRun=All", strings.Replace(made, `"name":"`+name+`"`, `"name":"other"`, 1))
			add("update", r.Item(namespace, name)+"?dryRun=All", "")
			add("patch", r.Item(namespace, name)+"?dryRun=All", label)
			add("delete", r.Item(namespace, name)+"?dryRun=All", "")
			if r.Can("deletecollection") {
				all = append(all, write{r.Name, "deletecollection", http.MethodDelete, r.Collection(namespace) + "?dryRun=All&labelSelector=kept=yes", "", false})
			}
		case streams[sub] != "" || sub == "proxy":
			for _, verb := range r.Verbs {
				all = append(all, write{r.Name, verb, methods[verb], r.Item(namespace, name) + streams[sub], "", true})
			}
		case special:
			for _, verb := range []string{"create", "patch"} {
				add(verb, r.Item(namespace, name)+"?dryRun=All", strings.ReplaceAll(fixed, "NAME", name))
			}
		default: // status and scale, and a Pod's resize
			add("update", r.Item(namespace, name)+"?dryRun=All", "")
			add("patch", r.Item(namespace, name)+"?dryRun=All", `{"metadata":{"annotations":{"attack":"yes"}}}`)
		}
	}
	return all
}

// madeOf makes an object of a kind, and returns its text.
func (w *world) madeOf(t *testing.T, r cluster.Resource, namespace, name string) string {
	t.Helper()
	made := &cluster.Object{Object: content(t, r.APIVersion, r.Kind)}
	if text, found := schemas[r.Kind]; found {
		require.NoError(t, yaml.Unmarshal([]byte(text), &made.Object))
	}
	for _, o := range parse(t, everyKind) {
		if o.GetAPIVersion() == r.APIVersion && o.GetKind() == r.Kind {
			made = o
		}
	}
	made.SetAPIVersion(r.APIVersion)
	made.SetKind(r.Kind)
	made.SetName(name)
	made.SetNamespace(namespace)
	made.SetLabels(map[string]string{"kept": "yes", "sidecar.istio.io/inject": "false"})
	unstructured.RemoveNestedField(made.Object, "metadata", "annotations")
	text, err := json.Marshal(made.Object)
	require.NoError(t, err)
	body := strings.NewReplacer("NAMESPACE", namespace, "HERE", namespace).Replace(string(text))
	require.NoError(t, send(t, w.cluster.Admin, http.MethodPost, r.Collection(namespace), body).Error(), "%s %s", r.APIVersion, r.Kind)
	t.Cleanup(func() {
		send(t, w.cluster.Admin, http.MethodDelete, r.Item(namespace, name)+"?gracePeriodSeconds=0&propagationPolicy=Background", "")
	})
	return body
}
