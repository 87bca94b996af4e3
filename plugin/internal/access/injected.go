package access

import (
	"maps"
	"slices"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// What keeps a Pod from a proxy, or asks for one, is read as the policy does that refuses
// Pods without theirs: see bases/tenancy/injected.yaml.
var (
	yeses = []string{"true", "yes", "y", "on"}
	noes  = []string{"false", "no", "n", "off"}
)

// injected is a request to make a Pod as policies see it: with the marks that the injector
// leaves, which the API server asks before them. By is the webhook; "": none is asked, or
// injects nothing.
func (m *Model) injected(r admit.Request) (after admit.Request, by string) {
	if r.Operation != admission.Create || r.Resource.Group != "" || r.Resource.Resource != "pods" {
		return r, ""
	}
	namespace := labels.Set{object.NameLabel: r.Namespace}
	if o := m.Get(object.ID{Kind: "Namespace", Name: r.Namespace}); o != nil {
		maps.Copy(namespace, o.Labels())
	}
	if by = m.injector(namespace, snapshot.TextMap(r.Object, "metadata", "labels")); by == "" || !wantsProxy(r.Object, namespace) {
		return r, ""
	}
	r.Object = runtime.DeepCopyJSON(r.Object)
	metadata, _ := r.Object["metadata"].(map[string]any)
	annotations, _ := metadata["annotations"].(map[string]any)
	if annotations == nil {
		annotations = map[string]any{}
		metadata["annotations"] = annotations
	}
	annotations[istio.InjectedAnnotation] = "{}"
	for _, field := range []string{"containers", "initContainers"} {
		for _, c := range snapshot.List(r.Object, "spec", field) {
			if c, is := c.(map[string]any); is && c["image"] == istio.ImageOfInjector {
				c["image"] = istio.ProxyImage
			}
		}
	}
	return r, by
}

// wantsProxy says whether an injector that is asked about a Pod adds a proxy.
func wantsProxy(pod map[string]any, namespace labels.Set) bool {
	asked := snapshot.Text(pod, "metadata", "labels", istio.InjectLabel)
	if asked != "true" && asked != "false" {
		asked = strings.ToLower(snapshot.Text(pod, "metadata", "annotations", istio.InjectLabel))
	}
	return snapshot.Field(pod, "spec", "hostNetwork") != true && !slices.Contains(noes, asked) &&
		(slices.Contains(yeses, asked) || namespace[v1alpha1.InjectionLabel] != v1alpha1.InjectionOnRequest)
}

// injector is the webhook of an injector that is asked about a Pod, or "".
func (m *Model) injector(namespace, pod labels.Set) string {
	for _, o := range m.Of(admissions, "MutatingWebhookConfiguration") {
		configuration, err := snapshot.Decode[admissionv1.MutatingWebhookConfiguration](o)
		if err != nil {
			continue // which no API server takes
		}
		for _, w := range configuration.Webhooks {
			if isInjector(w) && selects(w.NamespaceSelector, namespace) && selects(w.ObjectSelector, pod) {
				return o.ID.String()
			}
		}
	}
	return ""
}

// isInjector says whether a webhook is Istio's for Pods, by how those are called.
func isInjector(w admissionv1.MutatingWebhook) bool {
	return strings.HasSuffix(w.Name, istio.InjectorWebhookSuffix) && slices.ContainsFunc(w.Rules, func(r admissionv1.RuleWithOperations) bool {
		return slices.Contains(r.Resources, "pods")
	})
}

func selects(selector *metav1.LabelSelector, set labels.Set) bool {
	if selector == nil {
		return true
	}
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(set)
}
