package verify

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// compare compares each rendered object with what the cluster has. The API server says
// what would be there if it were applied: what differs then has been changed. What is
// there and would stay, and nobody renders, is taken out of that.
func (v *verifier) compare(ctx context.Context) {
	each(ctx, len(v.rendered), func(i int) { v.compareOne(ctx, v.rendered[i]) })
}

func (v *verifier) compareOne(ctx context.Context, it item) {
	id := idOf(it.object)
	r, known := v.served.all[snapshot.Text(it.object, "apiVersion")+" "+id.Kind]
	if !known {
		v.report.find(Drift, check.Error, it.tenant, id, "is missing: the cluster has no such kind as %s of %s", id.Kind, snapshot.Text(it.object, "apiVersion"))
		return
	}
	if r.namespaced && id.Namespace == "" {
		id.Namespace = "default" // as kubectl has it
	}
	path := r.path(id.Namespace, id.Name)
	if r.group == "" && r.name == "secrets" { // nobody's data is read
		var is map[string]any
		v.got(it, id, r, v.client.get(ctx, asMetadata, path, nil, &is))
		return
	}
	const tries = 3 // of an object that others write at the same time
	for try := range tries {
		var is map[string]any
		if !v.got(it, id, r, v.client.get(ctx, asJSON, path, nil, &is)) {
			return
		}
		would, err := v.client.tryApply(ctx, path, it.object)
		switch {
		case apierrors.IsConflict(err) && try < tries-1:
			continue
		case isRefused(err):
			found := lacking(is, it.object)
			v.drifted(it, id, found)
			if len(found) == 0 { // what else has been changed, nobody can say
				v.report.miss(Drift, "try to apply "+r.String()+", patch with dryRun=All", err)
			}
			return
		case apierrors.IsInvalid(err): // such as a field that nobody may change
			v.report.find(Drift, check.Error, it.tenant, id, "cannot be applied to what is there: %v", err)
			return
		case err != nil:
			v.report.miss(Drift, "try to apply "+r.String()+", patch with dryRun=All", err)
			return
		}
		if keeps(id) {
			v.present.Store(id, is)
		}
		found, err := v.differences(ctx, path, is, would)
		if err != nil {
			v.report.miss(Drift, "try to update "+r.String()+", update with dryRun=All", err)
		}
		if len(found) > 0 && try < tries-1 {
			var again map[string]any
			if v.client.get(ctx, asMetadata, path, nil, &again) == nil && revision(again) != revision(is) {
				continue
			}
		}
		v.report.of(it.tenant, func(t *Tenant) { t.Objects++ })
		v.drifted(it, id, found)
		return
	}
}

func (v *verifier) drifted(it item, id object.ID, found []difference) {
	for _, d := range found {
		v.report.add(Finding{Drift, check.Error, it.tenant, id, d.String(), d.bare()})
	}
}

// isRefused says whether an admission policy or a webhook refuses a write that whoever asks
// has the right to.
func isRefused(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "denied request") || strings.Contains(err.Error(), "denied the request"))
}

// lacking are the fields that an object has otherwise than they are rendered. Of one that
// the API server does not say its mind about, it is what can be told.
func lacking(is, rendered map[string]any) []difference {
	return slices.DeleteFunc(differences(is, plainOf(rendered)), func(d difference) bool { return !d.must })
}

// keeps says whether an object is looked at again: the others are large, and many.
func keeps(id object.ID) bool {
	return id.Kind == "Deployment" || id.Group == admissions && strings.HasSuffix(id.Kind, "WebhookConfiguration")
}

func revision(o map[string]any) string { return snapshot.Text(o, "metadata", "resourceVersion") }

// got says whether an object is there.
func (v *verifier) got(it item, id object.ID, r resource, err error) bool {
	switch {
	case apierrors.IsNotFound(err):
		v.report.find(Drift, check.Error, it.tenant, id, "is missing: must be as rendered")
	case err != nil:
		v.report.miss(Drift, "get "+r.String(), err)
	}
	return err == nil
}

// unrendered finds what has the label of a tenant and is not rendered. Administrators
// make Roles and bindings with it in application namespaces, and controllers what is
// owned by an object that is there.
func (v *verifier) unrendered(ctx context.Context) {
	known := map[object.ID]bool{}
	applications := map[string]bool{}
	for _, it := range v.rendered {
		known[idOf(it.object)] = true
	}
	for _, c := range v.configs {
		for _, ns := range c.Spec.ApplicationNamespaces {
			applications[ns] = true
		}
	}
	var kinds []resource
	for _, r := range v.served.best {
		if r.can("list") && r.can("get") && !slices.Contains(copies, r.String()) && !slices.Contains(copies, r.group) {
			kinds = append(kinds, r)
		}
	}
	each(ctx, len(kinds), func(i int) {
		r := kinds[i]
		err := v.served.list(ctx, r, asNames, "", map[string][]string{"labelSelector": {tenantLabel}}, func(o map[string]any) {
			id, tenant := idOf(o), snapshot.Text(o, "metadata", "labels", tenantLabel)
			if known[id] || v.report.tenants[tenant] == nil || len(snapshot.List(o, "metadata", "ownerReferences")) > 0 {
				return
			}
			severity, why := check.Error, ""
			if applications[id.Namespace] {
				severity, why = check.Note, ", which the tenant's administrators may do"
			}
			v.report.find(Drift, severity, tenant, id, "is not rendered, and has the tenant's label%s", why)
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
			v.report.miss(Drift, "list "+r.String(), err)
		}
	})
}

// copies are kinds, and groups, whose objects are made of others, with their labels.
var copies = []string{"events", "endpoints", "events.k8s.io", "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io",
	"authorization.openshift.io", "project.openshift.io"}

// isServers says whether a field is for the API server and controllers to write.
func isServers(path string) bool {
	return slices.ContainsFunc([]string{"status", "metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "metadata.uid",
		"metadata.creationTimestamp", "metadata.selfLink"}, func(field string) bool { return path == field || strings.HasPrefix(path, field+".") })
}
