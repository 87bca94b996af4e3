package verify

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// makers are the kinds whose controllers make objects of a resource.
var makers = map[string][]string{
	"pods":        {"DaemonSet", "Job", "ReplicaSet", "ReplicationController", "StatefulSet"},
	"replicasets": {"Deployment"},
	"jobs":        {"CronJob"},
}

// isMaker says whether objects of a resource may be owners.
func isMaker(r resource) bool {
	for _, kinds := range makers {
		if slices.Contains(kinds, r.kind) {
			return true
		}
	}
	return false
}

// owner is an object that others are made of. One with the same name and another uid is
// another object. Kubernetes deletes an object whose owner is not there.
type owner struct{ kind, namespace, name, uid string }

// ownerOf is what an object says that a controller has made it of; the zero value: of nothing.
func ownerOf(o map[string]any, r resource) (by owner) {
	for _, ref := range snapshot.List(o, "metadata", "ownerReferences") {
		if kind := snapshot.Text(ref, "kind"); snapshot.Field(ref, "controller") == true && slices.Contains(makers[r.name], kind) {
			return owner{kind, snapshot.Text(o, "metadata", "namespace"), snapshot.Text(ref, "name"), snapshot.Text(ref, "uid")}
		}
	}
	return owner{}
}

// maker is an object of which others are made; template is that of its Pods, where it is beside a
// control plane.
type maker struct {
	owner
	template any
}

// asOwner is an object as the owner of others. One that was deleted, and is there only because of its
// finalizers, is the zero value, which owns nothing: its controller no longer makes or corrects anything.
func asOwner(o map[string]any) owner {
	if isDeleted(o) {
		return owner{}
	}
	return owner{snapshot.Text(o, "kind"), snapshot.Text(o, "metadata", "namespace"), snapshot.Text(o, "metadata", "name"), snapshot.Text(o, "metadata", "uid")}
}

// isMirror says whether a Pod shows what a kubelet runs of a file of its node. A kubelet runs
// no Pod with this annotation that somebody else makes, and deletes it.
func isMirror(o map[string]any, r resource) bool {
	return r.name == "pods" && snapshot.Text(o, "metadata", "annotations", corev1.MirrorPodAnnotationKey) != ""
}

// orphan is an object that says what it was made of, before anybody knows whether that is there.
type orphan struct {
	resource resource
	object   map[string]any
	by       owner
}

// settles is how long Kubernetes may take to delete what was made of an object that is gone.
const settles = 5 * time.Second

// orphans are the objects that are not made of another one, whatever they say: their owners
// are not there.
func (v *verifier) orphans(ctx context.Context, owned []orphan, there []maker) (texts [][]byte) {
	known := map[owner]bool{}
	for _, m := range there {
		known[m.owner] = true
	}
	owned = slices.DeleteFunc(owned, func(o orphan) bool { return known[o.by] })
	adopted := make([]bool, len(owned))
	until := time.Now().Add(settles)
	each(ctx, len(owned), func(i int) { adopted[i] = v.isAdopted(ctx, owned[i], until) })
	for i, o := range owned {
		if text, err := json.Marshal(o.object); err == nil && !adopted[i] {
			texts = append(texts, text)
		}
	}
	return texts
}

// isAdopted says whether an owner has come after it was looked for, or its object goes, as it
// does when somebody has deleted the owner.
func (v *verifier) isAdopted(ctx context.Context, o orphan, until time.Time) bool {
	name, uid := snapshot.Text(o.object, "metadata", "name"), snapshot.Text(o.object, "metadata", "uid")
	for now := o.object; !isGoing(o.resource, now); {
		for _, r := range v.served.best {
			if r.kind == o.by.kind && slices.ContainsFunc(reads, func(w read) bool { return w.is(r) }) && asOwner(v.one(ctx, r, o.by.namespace, o.by.name)) == o.by {
				return true
			}
		}
		if now = v.one(ctx, o.resource, o.by.namespace, name); now == nil || snapshot.Text(now, "metadata", "uid") != uid {
			return true
		}
		if time.Now().After(until) {
			return isGoing(o.resource, now)
		}
		select {
		case <-ctx.Done():
			return false
		case <-time.After(settles / 10):
		}
	}
	return true
}

// settle waits until controllers have done what is under way.
func (v *verifier) settle(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(settles):
	}
}

// one is an object that the cluster has now, or nil. It is listed, since whoever may list
// objects may not always get one.
func (v *verifier) one(ctx context.Context, r resource, namespace, name string) (o map[string]any) {
	err := v.served.list(ctx, r, asJSON, namespace, url.Values{"fieldSelector": {"metadata.name=" + name}}, func(found map[string]any) { o = found })
	if err != nil {
		v.missRules("list "+r.String(), err)
	}
	return o
}

// longestEnd is how long a Pod may run after it was deleted, in seconds, and count as one that
// goes: whoever makes it says how long that is.
const longestEnd = 3600

func isDeleted(o map[string]any) bool { return snapshot.Text(o, "metadata", "deletionTimestamp") != "" }

// isGoing says whether a Pod was deleted, and runs to its end. What else was deleted stays only
// as long as a finalizer says, and so may stay for ever.
func isGoing(r resource, o map[string]any) bool {
	seconds, _ := snapshot.Field(o, "metadata", "deletionGracePeriodSeconds").(float64)
	return r.name == "pods" && isDeleted(o) && seconds <= longestEnd
}
