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

// compare compares each rendered object with what the cluster has. The API server says what would
// be there if the rendered object took its place: what differs then has been changed, added or removed.
func (v *verifier) compare(ctx context.Context) {
	each(ctx, len(v.rendered), func(i int) { v.compareOne(ctx, v.rendered[i]) })
}

func (v *verifier) compareOne(ctx context.Context, it item) {
	id := idOf(it.object)
	r, known := v.served.all[snapshot.Text(it.object, "apiVersion")+" "+id.Kind]
	if err := v.served.failed[snapshot.Text(it.object, "apiVersion")]; !known && err != nil {
		v.report.miss(Drift, "get "+id.Kind+" of "+snapshot.Text(it.object, "apiVersion")+", whose kinds could not be listed", err)
		return
	}
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
		err := v.client.get(ctx, asMetadata, path, nil, &is)
		v.got(it, id, r, is, err)
		return
	}
	const tries = 3 // of an object that others write at the same time
	for try := range tries {
		var is map[string]any
		err := v.client.get(ctx, asJSON, path, nil, &is)
		if !v.got(it, id, r, is, err) {
			return
		}
		// The rendered object takes the place of what is there: what somebody has added is gone
		// then, and what the API server sets is not.
		must, cannot := v.client.tryUpdate(ctx, path, replacement(is, it.object))
		if isOvertaken(cannot) && try < tries-1 {
			continue
		}
		var found []difference
		if cannot == nil {
			found = v.drift(ctx, it, is, must)
		}
		if cannot != nil || len(found) > 0 {
			would, err := v.client.tryApply(ctx, path, it.object)
			switch {
			case isOvertaken(err) && try < tries-1:
				continue
			case cannot == nil && err == nil: // an apply does not change the order in which such lists are
				must, _ = arranged(must, would, keysBy(would)).(map[string]any)
				found = v.drift(ctx, it, is, must)
			case cannot == nil:
			case err == nil:
				found = v.drift(ctx, it, is, would)
				v.report.miss(Drift, "try to update "+r.String()+", update with dryRun=All", cannot)
			case isRefused(err):
				found := lacking(is, it.object)
				v.drifted(it, id, found)
				if len(found) == 0 { // what else has been changed, nobody can say
					v.report.miss(Drift, "try to apply "+r.String()+", patch with dryRun=All", err)
				}
				return
			case apierrors.IsInvalid(err): // such as a field that nobody may change
				v.report.find(Drift, check.Error, it.tenant, id, "cannot be applied to what is there: %s", redactedText(err.Error()))
				return
			default:
				v.report.miss(Drift, "try to apply "+r.String()+", patch with dryRun=All", err)
				return
			}
		}
		if len(found) > 0 && try < tries-1 {
			var again map[string]any
			if v.client.get(ctx, asMetadata, path, nil, &again) == nil && revision(again) != revision(is) {
				continue
			}
		}
		if keeps(id) {
			v.present.Store(id, is)
		}
		v.report.of(it.tenant, func(t *Tenant) { t.Objects++ })
		v.drifted(it, id, found)
		return
	}
}

// isOvertaken says whether somebody else has written an object, or has deleted it.
func isOvertaken(err error) bool { return apierrors.IsConflict(err) || apierrors.IsNotFound(err) }

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

// got says whether an object is there. One that somebody has deleted is there only until its
// finalizers are gone, and no apply brings it back before.
func (v *verifier) got(it item, id object.ID, r resource, is map[string]any, err error) bool {
	since := snapshot.Text(is, "metadata", "deletionTimestamp")
	switch {
	case err == nil && since != "":
		goes := "is being deleted"
		if names := snapshot.Texts(is, "metadata", "finalizers"); len(names) > 0 {
			goes = "is gone as soon as its finalizers are removed: " + some(names)
		}
		v.report.find(Drift, check.Error, it.tenant, id, "metadata.deletionTimestamp: found %q: must not be there: the object %s", since, goes)
	case apierrors.IsNotFound(err):
		v.report.find(Drift, check.Error, it.tenant, id, "is missing: must be as rendered")
	case err != nil:
		v.report.miss(Drift, "get "+r.String(), err)
	}
	return err == nil
}

// isServers says whether a field is for the API server and controllers to write.
func isServers(path string) bool {
	return slices.ContainsFunc([]string{"status", "metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "metadata.uid",
		"metadata.creationTimestamp", "metadata.selfLink"}, func(field string) bool { return path == field || strings.HasPrefix(path, field+".") })
}
