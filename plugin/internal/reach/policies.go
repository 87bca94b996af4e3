package reach

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/admission"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/admit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// ByPolicies is the admission by the policies of a snapshot. If a workload creates
// Pods through a controller, the policies must allow the Pods, too.
func ByPolicies(s *snapshot.Snapshot, policies *admit.Admission) Admission {
	b := byPolicies{s, policies, map[string]bool{}}
	for _, o := range s.Of("admissionregistration.k8s.io", "ValidatingAdmissionPolicy") {
		selector, _, _ := unstructured.NestedMap(o.Content, "spec", "matchConstraints", "objectSelector")
		b.byLabels[o.ID.Name] = len(selector) > 0
	}
	return b
}

type byPolicies struct {
	*snapshot.Snapshot
	policies *admit.Admission
	// byLabels are the policies with an objectSelector.
	byLabels map[string]bool
}

var operations = map[string]admission.Operation{
	"create": admission.Create, "update": admission.Update, "patch": admission.Update,
}

func (b byPolicies) Refusals(ctx context.Context, as authorize.Subject, r Request) ([]string, error) {
	asked := admit.Request{
		Subject: as, Operation: operations[r.Verb], Subresource: r.Subresource, Namespace: r.Namespace, Name: r.Name,
		Resource: schema.GroupVersionResource{Group: r.Group, Version: r.Version, Resource: r.Resource},
	}
	switch {
	case r.Subresource == "exec" || r.Subresource == "attach":
		kind := map[string]string{"exec": "PodExecOptions", "attach": "PodAttachOptions"}[r.Subresource]
		asked.Operation, asked.Name = admission.Connect, made
		asked.Object = map[string]any{"apiVersion": "v1", "kind": kind, "stdin": true, "container": "main"}
	case asked.Operation == "" || r.Object == nil:
		return nil, nil // nothing is sent that a policy could look at
	default:
		asked.Object = r.Object
	}
	if r.Subresource == "token" && r.Object != nil {
		asked.Object = forTheAPIServer(r.Object)
	}
	asked.Kind = schema.FromAPIVersionAndKind(fmt.Sprint(asked.Object["apiVersion"]), fmt.Sprint(asked.Object["kind"]))
	if asked.Operation == admission.Update {
		b.complete(&asked)
	}
	refused, err := b.ask(ctx, asked)
	if err != nil {
		return nil, err
	}
	for _, w := range workloadResources {
		if w.by == "" || w.group != r.Group || w.resource != r.Resource {
			continue
		}
		if spec, found, _ := unstructured.NestedMap(asked.Object, w.spec...); found {
			labels, _, _ := unstructured.NestedMap(asked.Object, append(slices.Clone(w.spec[:len(w.spec)-1]), "metadata", "labels")...)
			pod := newObject("", "v1", "Pod", r.Namespace, map[string]any{"spec": spec})
			pod["metadata"].(map[string]any)["labels"] = labels
			more, err := b.ask(ctx, admit.Request{
				Subject: authorize.Account("kube-system", w.by), Operation: admission.Create, Namespace: r.Namespace, Name: made,
				Resource: schema.GroupVersionResource{Version: "v1", Resource: "pods"}, Kind: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Object: pod,
			})
			return append(refused, more...), err
		}
	}
	return refused, nil
}

// forTheAPIServer is a TokenRequest with an audience: one without is for the API server,
// which says so before it asks its policies.
func forTheAPIServer(request map[string]any) map[string]any {
	after := runtime.DeepCopyJSON(request)
	if _, stated, _ := unstructured.NestedFieldNoCopy(after, "spec", "audiences"); !stated {
		_ = unstructured.SetNestedSlice(after, []any{"https://kubernetes.default.svc"}, "spec", "audiences")
	}
	return after
}

// complete adds what is there before an update, and makes a patch the whole object. A Pod
// of a workload is in no snapshot.
func (b byPolicies) complete(r *admit.Request) {
	id := object.ID{Group: r.Kind.Group, Kind: r.Kind.Kind, Namespace: r.Namespace, Name: r.Name}
	if id.Kind == "Namespace" {
		id.Namespace = ""
	}
	switch before := b.Get(id); {
	case before != nil:
		after := runtime.DeepCopyJSON(before.Content)
		merge(after, r.Object)
		r.Old, r.Object = before.Content, after
	case id.Kind == "Pod":
		account, _, _ := unstructured.NestedString(r.Object, "spec", "serviceAccountName")
		r.Name = made
		r.Old = runningPod(r.Namespace, account)
	default: // a Namespace that somebody else makes
		metadata := map[string]any{"name": r.Name}
		if r.Namespace != "" && id.Namespace != "" {
			metadata["namespace"] = r.Namespace
		}
		r.Old = map[string]any{"apiVersion": r.Object["apiVersion"], "kind": r.Object["kind"], "metadata": metadata}
		after := runtime.DeepCopyJSON(r.Old)
		merge(after, r.Object)
		r.Object = after
	}
}

// ask names what refuses. A policy that goes by labels of the object itself is no wall:
// whoever sends the object chooses them.
func (b byPolicies) ask(ctx context.Context, r admit.Request) ([]string, error) {
	refusals, err := b.policies.Refusals(ctx, r)
	var all []string
	for _, refusal := range refusals {
		if r.Operation != admission.Create || !b.byLabels[refusal.Policy] {
			all = append(all, refusal.Policy+": "+refusal.Expression)
		}
	}
	return all, err
}
