package check

import (
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// webhooks calls use for each webhook of a tenant, with the namespaces that it selects.
func (e *estate) webhooks(use func(o *snapshot.Object, webhook any, tenant string, namespaces []string)) {
	for _, kind := range []string{mutating, validating} {
		for _, o := range e.Of(admission, kind) {
			tenant := e.tenantOf(o)
			if tenant == "" {
				continue
			}
			for _, w := range snapshot.List(o.Content, "webhooks") {
				use(o, w, tenant, e.spaces.selected(snapshot.Field(w, "namespaceSelector")))
			}
		}
	}
}

// injects says whether a webhook changes Pods as they are made.
func injects(o *snapshot.Object, webhook any) bool {
	if o.ID.Kind != mutating {
		return false
	}
	return slices.ContainsFunc(snapshot.List(webhook, "rules"), func(rule any) bool {
		resources := snapshot.Texts(rule, "resources")
		return slices.Contains(resources, "pods") || slices.Contains(resources, "*") || slices.Contains(resources, "*/*")
	})
}

// foreignWebhooks are those that select namespaces of other tenants.
func foreignWebhooks(e *estate, r *report, injectors bool) {
	e.webhooks(func(o *snapshot.Object, w any, tenant string, namespaces []string) {
		if injects(o, w) != injectors {
			return
		}
		found, tenants := e.foreign(tenant, namespaces, e.served(tenant))
		if len(found) == 0 {
			return
		}
		name := snapshot.Text(w, "name")
		r.add(o, name, append(tenants, tenant), "%s of tenant %s: webhook %s selects %s of %s", o.ID, tenant, name, some(found), called(tenants))
	})
}

func foreignInjection(e *estate, r *report) { foreignWebhooks(e, r, true) }

func foreignWebhook(e *estate, r *report) {
	foreignWebhooks(e, r, false)
	e.webhooks(func(o *snapshot.Object, w any, tenant string, _ []string) {
		if found := e.withoutNamespace(w); len(found) > 0 {
			name := snapshot.Text(w, "name")
			r.add(o, name+" without a namespace", []string{tenant}, "%s of tenant %s: webhook %s is asked about objects without a namespace, which no namespaceSelector limits: %s",
				o.ID, tenant, name, some(found))
		}
	})
}

// withoutNamespace are the resources of kinds without a namespace that a webhook is asked
// about, as its rules name them. The API server applies a namespaceSelector to objects that
// have a namespace, and to Namespaces. Of a kind of which nothing is known, the rule's scope
// has to say that it has none.
func (e *estate) withoutNamespace(webhook any) (found []string) {
	for _, rule := range snapshot.List(webhook, "rules") {
		scope := snapshot.Text(rule, "scope")
		if scope == "Namespaced" {
			continue
		}
		for _, group := range snapshot.Texts(rule, "apiGroups") {
			for _, name := range snapshot.Texts(rule, "resources") {
				resource, _, _ := strings.Cut(name, "/")
				if is, known := e.lacksNamespace(group, resource); is || !known && scope == "Cluster" {
					found = append(found, strings.TrimSuffix(name+"."+group, "."))
				}
			}
		}
	}
	return distinct(found)
}

// lacksNamespace says whether what a webhook's rule names may be of a kind without a
// namespace other than Namespace, and whether that is known.
func (e *estate) lacksNamespace(group, resource string) (is, known bool) {
	if group == "*" && resource == "*" {
		return true, true
	}
	for _, o := range e.Of("apiextensions.k8s.io", "CustomResourceDefinition") {
		of, name := snapshot.Text(o.Content, "spec", "group"), snapshot.Text(o.Content, "spec", "names", "plural")
		if (group == "*" || group == of) && (resource == "*" || resource == name) {
			is, known = is || snapshot.Text(o.Content, "spec", "scope") == "Cluster", true
		}
	}
	if _, ofToday := istio.Resources[group]; ofToday && resource == "*" {
		return is, true // none of which is without one, but in releases of old
	}
	groups, resources := []string{group}, []string{resource}
	if group == "*" {
		groups = object.Groups(resource)
	}
	for _, group := range groups {
		if resource == "*" {
			resources = nil
			for _, kind := range object.Kinds(group) {
				resources = append(resources, object.Resource(kind))
			}
		}
		for _, resource := range resources {
			if group != "" || resource != "namespaces" {
				is = is || object.IsClusterResource(group, resource)
			}
			known = known || len(object.Kinds(group)) > 0
		}
	}
	return is, known
}

func wideWebhook(e *estate, r *report) {
	e.webhooks(func(o *snapshot.Object, w any, tenant string, namespaces []string) {
		var found []string
		for _, ns := range namespaces {
			if e.isNobodys(ns) {
				found = append(found, ns)
			}
		}
		if len(found) == 0 {
			return
		}
		name := snapshot.Text(w, "name")
		r.add(o, name, []string{tenant}, "%s of tenant %s: webhook %s selects namespaces that are no tenant's: %s", o.ID, tenant, name, show(found))
	})
}

func foreignWebhookService(e *estate, r *report) {
	for _, kind := range []string{mutating, validating} {
		for _, o := range e.Of(admission, kind) {
			tenant := e.tenantOf(o)
			for _, w := range snapshot.List(o.Content, "webhooks") {
				ns := snapshot.Text(w, "clientConfig", "service", "namespace")
				if tenant == "" || ns == "" || e.isOf(tenant, ns) {
					continue
				}
				name := snapshot.Text(w, "name")
				r.add(o, name, append([]string{tenant}, e.owners[ns]...), "%s of tenant %s: webhook %s calls Service %s of %s", o.ID, tenant, name,
					ns+"/"+snapshot.Text(w, "clientConfig", "service", "name"), called(e.owners[ns]))
			}
		}
	}
}

// calls says whether a webhook calls a Service.
func (e *estate) calls(service *snapshot.Object) bool {
	if e.called == nil {
		e.called = map[[2]string]bool{}
		for _, kind := range []string{mutating, validating} {
			for _, o := range e.Of(admission, kind) {
				for _, w := range snapshot.List(o.Content, "webhooks") {
					e.called[[2]string{snapshot.Text(w, "clientConfig", "service", "namespace"), snapshot.Text(w, "clientConfig", "service", "name")}] = true
				}
			}
		}
	}
	return e.called[[2]string{service.ID.Namespace, service.ID.Name}]
}
