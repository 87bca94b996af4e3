package verify

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// read is a kind that the rules judge.
type read struct {
	group, resource string
	// tenants says that what is in a tenant's namespace, or labelled as a tenant's,
	// counts, and not what is elsewhere.
	tenants bool
}

// reads are read of the cluster, in the version that it prefers. Whole groups have "*".
// Pods and ReplicaSets of a workload are passed over: the workload is read.
var reads = []read{
	{"", "namespaces", false},
	{"rbac.authorization.k8s.io", "*", false},
	{"admissionregistration.k8s.io", "*", false},
	{"apiextensions.k8s.io", "customresourcedefinitions", false},
	{"policy.networking.k8s.io", "*", false},
	{"", "nodes", false},
	{"", "configmaps", true},
	{"", "pods", true},
	{"", "replicationcontrollers", true},
	{"", "serviceaccounts", true},
	{"", "services", true},
	{"apps", "daemonsets", true},
	{"apps", "deployments", true},
	{"apps", "replicasets", true},
	{"apps", "statefulsets", true},
	{"batch", "*", true},
	{"cert-manager.io", "issuers", true},
	{"extensions.istio.io", "*", true},
	{"gateway.networking.k8s.io", "*", true},
	{"networking.istio.io", "*", true},
	{"networking.k8s.io", "*", true},
	{"security.istio.io", "*", true},
	{"telemetry.istio.io", "*", true},
}

// readLive reads what the rules judge. Kinds that the cluster does not have are not
// there; what could not be read is in the report.
func (v *verifier) readLive(ctx context.Context) *snapshot.Reading {
	var wanted []resource
	for _, r := range v.served.best {
		if r.can("list") && slices.ContainsFunc(reads, func(w read) bool { return w.is(r) }) {
			wanted = append(wanted, r)
		}
	}
	lists, owners := make([][][]byte, len(wanted)+1), make([][]owner, len(wanted))
	owned := make([][]orphan, len(wanted))
	each(ctx, len(lists), func(i int) {
		if i == len(wanted) {
			lists[i] = v.readSecrets(ctx)
			return
		}
		r := wanted[i]
		tenants := slices.ContainsFunc(reads, func(w read) bool { return w.is(r) && w.tenants })
		err := v.served.list(ctx, r, asJSON, "", nil, func(o map[string]any) {
			if isMaker(r) {
				owners[i] = append(owners[i], asOwner(o))
			}
			if tenants && !v.concerns(o) || isMirror(o, r) {
				return
			}
			delete(snapshot.Field(o, "metadata").(map[string]any), "managedFields")
			delete(o, "status")
			if by := ownerOf(o, r); by != (owner{}) {
				owned[i] = append(owned[i], orphan{r, o, by})
			} else if text, err := json.Marshal(o); err == nil {
				lists[i] = append(lists[i], text)
			}
		})
		if err != nil {
			v.report.miss(Rules, "list "+r.String(), err)
		}
	})
	lists = append(lists, v.orphans(ctx, slices.Concat(owned...), slices.Concat(owners...)))
	if ctx.Err() != nil {
		return nil
	}
	reading, err := snapshot.OfCluster(v.client.context, slices.Concat(lists...), v.configs)
	if err != nil {
		v.report.miss(Rules, "an object", err)
	}
	v.markReviewed(reading)
	return reading
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
	for {
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
				v.report.miss(Rules, "list secrets", err)
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
		query["continue"] = []string{table.Metadata.Continue}
	}
}
