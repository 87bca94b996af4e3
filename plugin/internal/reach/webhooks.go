package reach

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// calledBy is the namespace of the Service that a configuration's first webhook calls.
func calledBy(configuration *snapshot.Object) string {
	for _, webhook := range snapshot.List(configuration.Content, "webhooks") {
		return snapshot.Text(webhook, "clientConfig", "service", "namespace")
	}
	return ""
}

// webhookEnds tells of webhook configurations that a grant names, whether their writer may
// have them asked about what is not the tenant's.
func (s *search) webhookEnds(who Identity, grants []authorize.Grant) error {
	for _, kind := range []struct{ kind, resource string }{
		{"MutatingWebhookConfiguration", "mutatingwebhookconfigurations"}, {"ValidatingWebhookConfiguration", "validatingwebhookconfigurations"},
	} {
		r := right{"admissionregistration.k8s.io", kind.resource, ""}
		for _, g := range grants {
			for _, name := range g.Rule.ResourceNames {
				if s.Get(object.ID{Group: r.group, Kind: kind.kind, Name: name}) == nil {
					continue // it is not there, and who may not create it cannot change it
				}
				for _, verb := range []string{"update", "patch"} {
					if !covers(g.Rule, verb, r, name) {
						continue
					}
					request := Request{twin: s.content(object.ID{Group: r.group, Kind: kind.kind, Name: name}), Verb: verb, Group: r.group, Version: "v1", Resource: r.resource, Name: name, By: g,
						Object: s.widened(object.ID{Group: r.group, Kind: kind.kind, Name: name})}
					refused, err := s.refuses(who, request)
					if err != nil {
						return err
					}
					if refused == "" {
						s.ended(ended{end: end{about: object.ID{Group: r.group, Kind: kind.kind, Name: name}, kind: Webhook}, last: Hop{Kind: Webhook, As: who, Requests: []Request{request},
							Text: fmt.Sprintf("has %s %s called for the objects of every namespace, and sees or changes them", kind.kind, name)}})
					}
				}
			}
		}
	}
	return nil
}

// content is an object that is there; nil: it is not.
func (s *search) content(id object.ID) map[string]any {
	if o := s.Get(id); o != nil {
		return o.Content
	}
	return nil
}

// widened is a webhook configuration that is asked about everything.
func (s *search) widened(id object.ID) map[string]any {
	o := s.Get(id)
	if o == nil {
		return nil
	}
	after := runtime.DeepCopyJSON(o.Content)
	webhooks, _, _ := unstructured.NestedSlice(after, "webhooks")
	for _, w := range webhooks {
		if w, is := w.(map[string]any); is { // the API server takes nothing else
			w["namespaceSelector"], w["objectSelector"] = map[string]any{}, map[string]any{}
		}
	}
	after["webhooks"] = webhooks
	return after
}
