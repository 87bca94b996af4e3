package verify

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

func TestOnlyWhatAControllerMakesHasAnOwner(t *testing.T) {
	pods := resource{name: "pods"}
	of := func(refs string) owner {
		return ownerOf(decoded(t, `{metadata: {namespace: ns-1, ownerReferences: `+refs+`}}`), pods)
	}
	require.Equal(t, owner{"ReplicaSet", "ns-1", "web", "1"}, of(`[{kind: ReplicaSet, name: web, uid: "1", controller: true}]`))
	for _, refs := range []string{`[]`, `[{kind: ConfigMap, name: web, uid: "1", controller: true}]`, `[{kind: ReplicaSet, name: web, uid: "1"}]`, `[{kind: Node, name: a, uid: "1", controller: true}]`} {
		require.Equal(t, owner{}, of(refs), refs)
	}
	mirror := decoded(t, `{metadata: {annotations: {kubernetes.io/config.mirror: a}}}`)
	require.True(t, isMirror(mirror, pods))
	require.False(t, isMirror(mirror, resource{name: "replicasets"}))
	require.False(t, isMirror(decoded(t, `{metadata: {}}`), pods))
}

// TestWhatHasNoOwnerIsJudged has a server whose answers to the lists of all, which come first,
// and of one object, which come later, are written down.
func TestWhatHasNoOwnerIsJudged(t *testing.T) {
	const replicaSet = `{"metadata": {"name": "web", "namespace": "istio-sales", "uid": "1"}}`
	pod := func(name, uid string, more ...string) string {
		return fmt.Sprintf(`{"metadata": {"name": %q, "namespace": "istio-sales", "uid": %q, "ownerReferences": [{"kind": "ReplicaSet", "name": "web", "uid": "1", "controller": true}]%s}}`,
			name, uid, strings.Join(more, ""))
	}
	deleted := strings.Replace(replicaSet, `"uid"`, `"deletionTimestamp": "2030-01-01T00:00:00Z", "finalizers": ["x.io/y"], "uid"`, 1)
	const goes, late = `, "deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 30`, `, "deletionTimestamp": "2030-01-01T00:00:00Z", "deletionGracePeriodSeconds": 86400`
	for name, row := range map[string]struct {
		pods, sets       string
		podsNow, setsNow string
		judged           bool
	}{
		"its owner is there":               {pods: pod("a", "2"), sets: replicaSet},
		"another has the owner's name":     {pods: pod("a", "2"), sets: strings.Replace(replicaSet, `"1"`, `"3"`, 1), setsNow: strings.Replace(replicaSet, `"1"`, `"3"`, 1), podsNow: pod("a", "2"), judged: true},
		"its owner was deleted":            {pods: pod("a", "2"), sets: deleted, setsNow: deleted, podsNow: pod("a", "2"), judged: true},
		"it goes after its deleted owner":  {pods: pod("a", "2"), sets: deleted, setsNow: deleted, podsNow: pod("a", "2", goes)},
		"another namespace has the owner":  {pods: pod("a", "2"), sets: strings.Replace(replicaSet, "istio-sales", "ns-1", 1), podsNow: pod("a", "2"), judged: true},
		"no owner":                         {pods: pod("a", "2"), podsNow: pod("a", "2"), judged: true},
		"the owner came in the meantime":   {pods: pod("a", "2"), setsNow: replicaSet, podsNow: pod("a", "2")},
		"it goes after its owner":          {pods: pod("a", "2", goes)},
		"it goes later":                    {pods: pod("a", "2"), podsNow: pod("a", "2", goes)},
		"it is gone":                       {pods: pod("a", "2")},
		"it is gone, and another has come": {pods: pod("a", "2"), podsNow: pod("a", "4")},
		"it goes, and takes a day for it":  {pods: pod("a", "2", late), podsNow: pod("a", "2", late), judged: true},
		"it says that a Node has made it":  {pods: strings.Replace(pod("a", "2"), "ReplicaSet", "Node", 1), judged: true},
		"it shows what its node runs":      {pods: strings.Replace(pod("a", "2", `, "annotations": {"kubernetes.io/config.mirror": "a"}`), "ReplicaSet", "Node", 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answer := map[bool]map[bool]string{false: {false: row.sets, true: row.setsNow}, true: {false: row.pods, true: row.podsNow}}[strings.HasSuffix(r.URL.Path, "/pods")][r.URL.Query().Has("fieldSelector")]
				w.Header().Set("Content-Type", "application/json")
				_, _ = fmt.Fprintf(w, `{"items": [%s]}`, answer)
			}))
			defer server.Close()
			c := connected(t, strings.TrimPrefix(server.URL, "http://"))
			list := []string{"list"}
			v := &verifier{client: c, served: &served{client: c, best: []resource{{"", "v1", "pods", "Pod", true, list}, {apps, "v1", "replicasets", "ReplicaSet", true, list}}},
				owners: map[string]string{"istio-sales": "sales"}, besides: map[string]bool{"istio-sales": true}, report: &Report{tenants: map[string]*Tenant{"sales": {}}}}
			reading := v.readLive(t.Context())
			require.Empty(t, v.report.Unasked)
			judged := slices.ContainsFunc(reading.Objects, func(o *snapshot.Object) bool { return o.ID.Kind == "Pod" })
			text, err := json.Marshal(reading.Objects)
			require.NoError(t, err)
			require.Equal(t, row.judged, judged, string(text))
		})
	}
}
