package e2e

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// ofSuspended are accounts of a tenant: ServiceAccounts of the application namespace,
// one that may do everything there and beside the control plane, which no tenant gives, and
// one that may edit.
const ofSuspended = `
{apiVersion: v1, kind: ServiceAccount, metadata: {name: everything, namespace: $APP}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: everything, namespace: $APP}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: everything, namespace: $APP}, {kind: ServiceAccount, name: $ISTIOD, namespace: $PLANE}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: everything, namespace: $PLANE}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: everything, namespace: $APP}]
---
{apiVersion: v1, kind: ServiceAccount, metadata: {name: editor, namespace: $APP}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: editor, namespace: $APP}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}
subjects: [{kind: ServiceAccount, name: editor, namespace: $APP}]
`

// suspend has the tenant's file say whether it is suspended, and applies what is
// rendered, as the cluster administrator.
func (w *world) suspend(t *testing.T, tenant *tenant, suspended bool) {
	t.Helper()
	words := []string{"spec:\n", "spec:\n  suspended: true\n"}
	if !suspended {
		slices.Reverse(words)
	}
	require.NoError(t, w.source.Edit(tenant.name, words...))
	objects, err := w.source.Render("overlays/" + tenant.name)
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(slices.DeleteFunc(objects, isValidator))
	require.NoError(t, err)
	for _, namespace := range tenant.namespaces() {
		require.NoError(t, cluster.Eventually(patience, func() error { // until the policy sees it
			answer, err := w.cluster.As(tenant.admin).Do(http.MethodPost, "/apis/networking.istio.io/v1/namespaces/"+namespace+"/sidecars?dryRun=All",
				object("networking.istio.io/v1", "Sidecar", "suspended", `"spec":{"egress":[{"hosts":["./*"]}]}`))
			if suspended {
				return errors.Join(err, refusedBy("suspended", answer))
			}
			return errors.Join(err, answer.Error())
		}))
	}
}

// isValidator says whether an object has istiod asked about others, which an istiod that is
// not run does not answer.
func isValidator(o *cluster.Object) bool { return o.GetKind() == "ValidatingWebhookConfiguration" }

func TestASuspendedTenantIsLeftAsItIs(t *testing.T) {
	c := claims(t, "While a tenant is suspended, every write by each of its accounts to every kind in its namespaces is refused, and so is every access to a container, "+
		"regardless of RBAC. Its istiod writes what keeps the mesh running, and nothing else. When the tenant is resumed, everything is as before")
	w := theWorld(t)
	fin, loft := w.tenants["fin"], w.lab(t, "loft", 12, true)
	app, plane := fin.applications[0], fin.controlPlane
	w.make(t, strings.NewReplacer("$APP", app, "$PLANE", plane, "$ISTIOD", fin.istiod.ServiceAccount).Replace(ofSuspended))
	for _, account := range []string{app + ":everything", plane + ":" + fin.istiod.ServiceAccount} {
		w.granted(t, "system:serviceaccount:"+account, app, "create", "", "pods", "")
	}
	w.granted(t, "system:serviceaccount:"+app+":everything", plane, "create", "", "pods", "")
	for _, o := range loft.objects {
		if isValidator(o) {
			require.NoError(t, w.cluster.Admin.Delete([]*cluster.Object{o}))
		}
	}
	inApp, inPlane, inLoft := w.writes(t, app), w.writes(t, plane), w.writes(t, loft.controlPlane)
	istiod := w.cluster.WithToken(fin.istiod.Token)
	everything, editor := w.cluster.WithToken(mustToken(t, w, app, "everything")), w.cluster.WithToken(mustToken(t, w, app, "editor"))
	accounts := []struct {
		name     string
		client   *cluster.Client
		requests []write
	}{
		{"a ServiceAccount that may do everything", everything, inApp},
		{"a ServiceAccount that may do everything", everything, inPlane},
		{"a ServiceAccount that may edit", editor, inApp},
		{"the administrator with operate", w.cluster.As(fin.admin), slices.Concat(inApp, inPlane)},
		{"the administrator with full", w.cluster.As(loft.admin), inLoft},
	}
	// each has all accounts try all that they could write, side by side.
	each := func(f func(key string, r write, answer cluster.Answer)) {
		answers, failed := make([][]cluster.Answer, len(accounts)), make([]error, len(accounts))
		var group sync.WaitGroup
		for i, account := range accounts {
			group.Go(func() { answers[i], failed[i] = tryAll(w.cluster.Admin, account.client, account.requests) })
		}
		group.Wait()
		require.NoError(t, errors.Join(failed...))
		for i, account := range accounts {
			for j, r := range account.requests {
				f(account.name+": "+r.String(), r, answers[i][j])
			}
		}
	}
	before := map[string]int{}
	each(func(key string, r write, answer cluster.Answer) {
		before[key] = answer.Code
		if strings.HasPrefix(key, accounts[0].name) {
			c.verify(r.accepted(answer), "not suspended: %s: %d %s", key, answer.Code, answer.Message())
		}
	})
	w.suspend(t, fin, true)
	w.suspend(t, loft, true)
	each(func(key string, _ write, answer cluster.Answer) {
		if before[key] == http.StatusForbidden {
			c.verify(answer.Code == http.StatusForbidden, "suspended: %s: %d %s", key, answer.Code, answer.Message())
			return
		}
		err := refusedBy("suspended", answer)
		c.verify(err == nil, "suspended: %s: %v", key, err)
	})
	answers, err := tryAll(w.cluster.Admin, istiod, inApp)
	require.NoError(t, err)
	for i, r := range inApp {
		answer := answers[i]
		if mayKeep(r) {
			c.verify(answer.Code < 300, "suspended: istiod: %s: %d %s", r, answer.Code, answer.Message())
			continue
		}
		err := refusedBy("suspended", answer)
		c.verify(err == nil, "suspended: istiod: %s: %v", r, err)
	}
	w.suspend(t, fin, false)
	w.suspend(t, loft, false)
	each(func(key string, _ write, answer cluster.Answer) {
		c.verify(answer.Code == before[key], "resumed: %s: %d, and was %d: %s", key, answer.Code, before[key], answer.Message())
	})
}

// mayKeep says whether a control plane writes this while its tenant is suspended.
func mayKeep(r write) bool {
	resource, sub, _ := strings.Cut(r.resource, "/")
	return sub == "status" || sub == "" && slices.Contains([]string{"configmaps", "events", "leases", "secrets", "workloadentries"}, resource)
}

// tryAll are the answers to requests.
func tryAll(admin, client *cluster.Client, requests []write) (answers []cluster.Answer, err error) {
	for _, r := range requests {
		answer, err := r.try(admin, client)
		if err != nil {
			return nil, err
		}
		answers = append(answers, answer)
	}
	return answers, nil
}
