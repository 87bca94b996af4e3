package check

import (
	"slices"

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

func foreignWebhook(e *estate, r *report) { foreignWebhooks(e, r, false) }

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
