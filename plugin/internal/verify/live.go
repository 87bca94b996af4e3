package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// read is a kind that the rules judge.
type read struct {
	group, resource string
	counts          counting
}

// counting says which objects of a kind count.
type counting int

const (
	everyone counting = iota
	// tenants: those in a tenant's namespace, or labelled as a tenant's.
	tenants
	// planes: those in the namespace of a control plane. No rule judges them, so that the rules
	// are judged without the right to read them.
	planes
	// servers: all, and no rule judges them.
	servers
)

func (c counting) isJudged() bool { return c < planes }

// reads are read of the cluster, in the version that it prefers. Whole groups have "*".
// Pods and ReplicaSets of a workload are passed over: the workload is read.
var reads = []read{
	{"", "namespaces", everyone},
	{"rbac.authorization.k8s.io", "*", everyone},
	{"admissionregistration.k8s.io", "*", everyone},
	{"apiextensions.k8s.io", "customresourcedefinitions", everyone},
	{"policy.networking.k8s.io", "*", everyone},
	{"", "nodes", everyone},
	{"", "configmaps", tenants},
	{"", "pods", tenants},
	{"", "replicationcontrollers", tenants},
	{"", "serviceaccounts", tenants},
	{"", "services", tenants},
	{"apps", "daemonsets", tenants},
	{"apps", "deployments", tenants},
	{"apps", "replicasets", tenants},
	{"apps", "statefulsets", tenants},
	{"batch", "*", tenants},
	{"cert-manager.io", "issuers", tenants},
	{"extensions.istio.io", "*", tenants},
	{"gateway.networking.k8s.io", "*", tenants},
	{"networking.istio.io", "*", tenants},
	{"networking.k8s.io", "*", tenants},
	{"security.istio.io", "*", tenants},
	{"telemetry.istio.io", "*", tenants},
	{"", "limitranges", planes},
	{"", "resourcequotas", planes},
	{"apiregistration.k8s.io", "apiservices", servers},
	{"autoscaling", "horizontalpodautoscalers", planes},
	{discovery, "endpointslices", planes},
	{"policy", "poddisruptionbudgets", planes},
}

// readLive reads what the rules judge. Kinds that the cluster does not have are not
// there; what could not be read is in the report.
func (v *verifier) readLive(ctx context.Context) *snapshot.Reading {
	var wanted []resource
	var counts []counting
	for _, r := range v.served.best {
		if i := slices.IndexFunc(reads, func(w read) bool { return w.is(r) }); i >= 0 && r.can("list") {
			wanted, counts = append(wanted, r), append(counts, reads[i].counts)
		}
	}
	lists, unjudged := make([][][]byte, len(wanted)+1), make([][][]byte, len(wanted))
	owned, owners := make([][]orphan, len(wanted)), make([][]maker, len(wanted))
	each(ctx, len(lists), func(i int) {
		if i == len(wanted) {
			lists[i] = v.readSecrets(ctx)
			return
		}
		r, into := wanted[i], &lists[i]
		if !counts[i].isJudged() {
			into = &unjudged[i]
		}
		var query url.Values
		if r.String() == "configmaps" { // which have up to 1 MB each
			query = url.Values{"limit": {fewer}}
		}
		err := v.served.list(ctx, r, asJSON, "", query, func(o map[string]any) {
			beside := v.besides[snapshot.Text(o, "metadata", "namespace")]
			if isMaker(r) {
				m := maker{owner: asOwner(o)}
				if beside {
					m.template = snapshot.Field(o, "spec", "template")
				}
				owners[i] = append(owners[i], m)
			}
			if counts[i] == tenants && !v.concerns(o) || counts[i] == planes && !beside || isMirror(o, r) {
				return
			}
			if metadata, is := o["metadata"].(map[string]any); is {
				delete(metadata, "managedFields")
			}
			delete(o, "status")
			delete(o, "binaryData") // which no rule reads
			if by := ownerOf(o, r); by != (owner{}) {
				owned[i] = append(owned[i], orphan{r, o, by})
			} else if text, err := json.Marshal(o); err == nil {
				*into = append(*into, text)
			}
		})
		switch {
		case err != nil && counts[i].isJudged():
			v.missRules("list "+r.String(), err)
		case err != nil:
			v.report.miss(Rules, "list "+r.String(), err)
		}
	})
	v.altered(slices.Concat(owned...), slices.Concat(owners...))
	lists = append(lists, v.orphans(ctx, slices.Concat(owned...), slices.Concat(owners...)))
	if ctx.Err() != nil {
		return nil
	}
	reading, err := snapshot.OfCluster(v.client.context, slices.Concat(lists...), v.configs)
	if err != nil {
		v.missRules("an object", err)
	}
	more, err := snapshot.OfCluster(v.client.context, slices.Concat(unjudged...), v.configs)
	if err != nil {
		v.report.miss(Rules, "an object", err)
	}
	v.unjudged = more.Objects
	v.markReviewed(reading)
	return reading
}

// missRules says that something that rules judge could not be read: without it, they would be
// wrong.
func (v *verifier) missRules(what string, err error) {
	v.blind.Store(true)
	v.report.miss(Rules, what, err)
}

// markReviewed marks what has the acceptances that the overlays give it, and no others: an
// overlay's are read before they are applied, and those that somebody has written into the
// cluster are not.
func (v *verifier) markReviewed(reading *snapshot.Reading) {
	given := map[object.ID]string{}
	for _, it := range v.rendered {
		if text := snapshot.Text(it.object, "metadata", "annotations", check.Annotation); text != "" {
			given[idOf(it.object)] = text
		}
	}
	for _, o := range reading.Objects {
		o.Reviewed = given[o.ID] != "" && given[o.ID] == snapshot.Text(o.Content, "metadata", "annotations", check.Annotation)
	}
}

func (w read) is(r resource) bool {
	return w.group == r.group && (w.resource == r.name || w.resource == "*")
}

// concerns says whether an object is of a tenant's namespace, or labelled as a tenant's.
func (v *verifier) concerns(o map[string]any) bool {
	return v.owners[snapshot.Text(o, "metadata", "namespace")] != "" || snapshot.Text(o, "metadata", "labels", tenantLabel) != ""
}

// readSecrets reads which Secrets there are in the tenants' namespaces, and their types:
// the columns that kubectl prints. Nothing of their data is asked for. A user without
// the right to list Secrets gets none, which is no mistake: it would be one to grant it.
func (v *verifier) readSecrets(ctx context.Context) (all [][]byte) {
	r := resource{version: "v1", name: "secrets", kind: "Secret", namespaced: true}
	query := map[string][]string{"includeObject": {"Metadata"}, "limit": {pageSize}}
	for range mostPages {
		var table struct {
			Metadata          struct{ Continue string }
			ColumnDefinitions []struct{ Name string }
			Rows              []struct {
				Cells  []any
				Object map[string]any
			}
		}
		if err := v.client.get(ctx, asTable, r.path("", ""), query, &table); err != nil {
			if !denied(err) {
				v.missRules("list secrets", err)
			}
			return all
		}
		column := -1
		for i, c := range table.ColumnDefinitions {
			if c.Name == "Type" {
				column = i
			}
		}
		for _, row := range table.Rows {
			if row.Object == nil || !v.concerns(row.Object) {
				continue
			}
			metadata, _ := row.Object["metadata"].(map[string]any)
			delete(metadata, "managedFields")
			if annotations, ok := metadata["annotations"].(map[string]any); ok {
				delete(annotations, lastApplied) // which may have the data
			}
			o := map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": metadata}
			if column >= 0 && column < len(row.Cells) {
				o["type"] = fmt.Sprint(row.Cells[column])
			}
			if text, err := json.Marshal(o); err == nil {
				all = append(all, text)
			}
		}
		if table.Metadata.Continue == "" {
			return all
		}
		if slices.Equal(query["continue"], []string{table.Metadata.Continue}) {
			break
		}
		query["continue"] = []string{table.Metadata.Continue}
	}
	v.missRules("list secrets", endless(r))
	return all
}
