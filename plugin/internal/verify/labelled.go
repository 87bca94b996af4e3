package verify

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// unrendered finds what has the label of a tenant and is not rendered. Administrators
// make Roles and bindings with it in application namespaces, and controllers what they make of an
// object that is there.
func (v *verifier) unrendered(ctx context.Context) {
	applications := map[string]bool{}
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
	var mu sync.Mutex
	var all []labelled
	there := map[string]object.ID{} // by uid
	each(ctx, len(kinds), func(i int) {
		r := kinds[i]
		err := v.served.list(ctx, r, asNames, "", map[string][]string{"labelSelector": {tenantLabel}}, func(o map[string]any) {
			mu.Lock()
			defer mu.Unlock()
			id := idOf(o)
			there[snapshot.Text(o, "metadata", "uid")] = id
			if v.report.tenants[snapshot.Text(o, "metadata", "labels", tenantLabel)] != nil && !v.isRendered(id) {
				all = append(all, labelled{r, o, id})
			}
		})
		if err != nil && !apierrors.IsNotFound(err) && !apierrors.IsMethodNotSupported(err) {
			v.report.miss(Drift, "list "+r.String(), err)
		}
	})
	until := time.Now().Add(settles)
	each(ctx, len(all), func(i int) {
		l := all[i]
		if v.isCopied(ctx, l, there, until) {
			return
		}
		severity, why := check.Error, ""
		if applications[l.id.Namespace] {
			severity, why = check.Note, ", which the tenant's administrators may do"
		}
		v.labelled.Store(l.id, true)
		v.report.find(Drift, severity, snapshot.Text(l.object, "metadata", "labels", tenantLabel), l.id, "is not rendered, and has the tenant's label%s", why)
	})
}

// labelled is an object with the label of a tenant.
type labelled struct {
	resource resource
	object   map[string]any // its metadata
	id       object.ID
}

// copiers are the kinds whose controllers make objects of a resource, with the labels of the
// object that they make them of: of Kubernetes, cert-manager and istiod.
var copiers = map[string]string{
	"pods":                                 "apps/DaemonSet batch/Job apps/ReplicaSet /ReplicationController apps/StatefulSet",
	"replicasets.apps":                     "apps/Deployment",
	"controllerrevisions.apps":             "apps/DaemonSet apps/StatefulSet",
	"jobs.batch":                           "batch/CronJob",
	"endpointslices.discovery.k8s.io":      "/Service /Endpoints",
	"persistentvolumeclaims":               "/Pod apps/StatefulSet",
	"secrets":                              "cert-manager.io/Certificate",
	"certificaterequests.cert-manager.io":  "cert-manager.io/Certificate",
	"orders.acme.cert-manager.io":          "cert-manager.io/CertificateRequest",
	"ciliumendpoints.cilium.io":            "/Pod",
	"deployments.apps":                     istio.GatewayGroup + "/Gateway",
	"services":                             istio.GatewayGroup + "/Gateway",
	"serviceaccounts":                      istio.GatewayGroup + "/Gateway",
	"horizontalpodautoscalers.autoscaling": istio.GatewayGroup + "/Gateway",
	"poddisruptionbudgets.policy":          istio.GatewayGroup + "/Gateway",
}

// isCopied says whether a controller has made an object of another one that is there, or the object
// goes, as it does when somebody has deleted the other one. Whatever else names an owner was made by
// somebody who has written that name.
func (v *verifier) isCopied(ctx context.Context, l labelled, there map[string]object.ID, until time.Time) bool {
	var owners []owning
	for _, ref := range snapshot.List(l.object, "metadata", "ownerReferences") {
		group, _, found := strings.Cut(snapshot.Text(ref, "apiVersion"), "/")
		if !found {
			group = ""
		}
		o := owning{object.ID{Group: group, Kind: snapshot.Text(ref, "kind"), Namespace: l.id.Namespace, Name: snapshot.Text(ref, "name")}, snapshot.Text(ref, "uid")}
		if slices.Contains(strings.Fields(copiers[l.resource.String()]), group+"/"+o.id.Kind) {
			owners = append(owners, o)
		}
	}
	if slices.ContainsFunc(owners, func(o owning) bool { return o.uid != "" && there[o.uid] == o.id }) {
		return true
	}
	for now := l.object; len(owners) > 0; {
		if isGoing(l.resource, now) || slices.ContainsFunc(owners, func(o owning) bool { return v.isThere(ctx, o) }) {
			return true
		}
		uid := snapshot.Text(l.object, "metadata", "uid")
		now = nil
		err := v.client.get(ctx, asMetadata, l.resource.path(l.id.Namespace, l.id.Name), nil, &now)
		if apierrors.IsNotFound(err) || err == nil && snapshot.Text(now, "metadata", "uid") != uid {
			return true // gone
		}
		if err != nil || time.Now().After(until) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(settles / 10):
		}
	}
	return false
}

// owning is an object that an ownerReference names.
type owning struct {
	id  object.ID
	uid string
}

// isThere says whether the cluster has an owner now.
func (v *verifier) isThere(ctx context.Context, o owning) bool {
	i := slices.IndexFunc(v.served.best, func(r resource) bool { return r.group == o.id.Group && r.kind == o.id.Kind })
	if i < 0 {
		return false
	}
	r := v.served.best[i]
	var is map[string]any
	err := v.client.get(ctx, asMetadata, r.path(o.id.Namespace, o.id.Name), nil, &is)
	if err != nil && !apierrors.IsNotFound(err) {
		v.report.miss(Drift, "get "+r.String(), err)
	}
	return err == nil && o.uid != "" && snapshot.Text(is, "metadata", "uid") == o.uid
}

// copies are kinds, and groups, whose objects are made of others, with their labels.
var copies = []string{"events", "endpoints", "events.k8s.io", "metrics.k8s.io", "custom.metrics.k8s.io", "external.metrics.k8s.io",
	"authorization.openshift.io", "project.openshift.io"}
