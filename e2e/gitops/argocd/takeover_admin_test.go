package argocd_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

// lets has Kubernetes' role admin write Argo CD's kinds, as on a cluster where Argo CD
// looks for Applications in tenants' namespaces.
const lets = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: argocd-for-admins, labels: {rbac.authorization.k8s.io/aggregate-to-admin: "true"}}
rules: [{apiGroups: [argoproj.io], resources: ["*"], verbs: ["*"]}]
`

const (
	ofArgoCD = "/apis/argoproj.io/v1alpha1/namespaces/"
	policy   = "istio-tenancy-gitops"
	noRight  = `"sales-admin" cannot create`

	ownSource   = `"source":{"repoURL":"` + gitops.URL + `sales/applications.git","targetRevision":"main","path":"own"}`
	ofDev       = `"source":{"repoURL":"` + gitops.URL + `dev/applications.git","targetRevision":"main","path":"secret"}`
	ofPlatform  = `"source":{"repoURL":"` + gitops.URL + `platform.git","targetRevision":"main","path":"overlays/dev"}`
	ownTarget   = `"destination":{"server":"https://kubernetes.default.svc","namespace":"ns-1"}`
	ownProject  = `"project":"tenant-sales"`
	automatic   = `"syncPolicy":{"automated":{}}`
	anything    = `"sourceRepos":["*"],"destinations":[{"server":"*","namespace":"*"}]`
	aSet        = `"generators":[],"template":{"metadata":{"name":"attack"},"spec":{"project":"tenancy",` + ofPlatform + `,` + ownTarget + `}}`
	ofItself    = ownSource + `,` + ownTarget + `,` + automatic
	anOperation = `"operation":{"sync":{` + ofDev + `}}`
)

// refused are objects that nobody stores for the administrator of sales.
var refused = []struct{ name, namespace, plural, kind, spec, want string }{
	{"an Application of the project default", "ns-1", "applications", "Application", `"project":"default",` + ofItself, policy},
	{"an Application of the platform's project", "ns-1", "applications", "Application", `"project":"tenancy",` + ofItself, policy},
	{"an Application of another tenant's project", "ns-1", "applications", "Application", `"project":"tenant-dev",` + ofItself, policy},
	{"an Application of no project", "ns-1", "applications", "Application", `"project":"",` + ofItself, policy},
	{"a project in its own namespace", "ns-1", "appprojects", "AppProject", anything, policy},
	{"an ApplicationSet in its own namespace", "ns-1", "applicationsets", "ApplicationSet", aSet, policy},
	{"an Application beside the platform's", "argocd", "applications", "Application", `"project":"tenancy",` + ofItself, noRight},
	{"an Application in another tenant's namespace", "ns-0", "applications", "Application", `"project":"tenant-dev",` + ofItself, noRight},
	{"an Application beside the control plane", "istio-system1", "applications", "Application", `"project":"tenancy",` + ofItself, noRight},
	{"a project beside the platform's", "argocd", "appprojects", "AppProject", anything, noRight},
	{"an ApplicationSet beside the platform's", "argocd", "applicationsets", "ApplicationSet", aSet, noRight},
}

// unsynced are Applications that are stored, and that Argo CD syncs nothing of.
var unsynced = []struct{ name, spec, want string }{
	{"platforms-repository", ownProject + `,` + ofPlatform + `,` + ownTarget + `,` + automatic, "is not permitted in project"},
	{"another-tenants-repository", ownProject + `,` + ofDev + `,` + ownTarget + `,` + automatic, "is not permitted in project"},
	{"another-tenants-repository-beside-its-own", ownProject + `,"sources":[{` + ownSource[len(`"source":{`):] + `,{` + ofDev[len(`"source":{`):] + `],` + ownTarget + `,` + automatic, "is not permitted in project"},
	{"another-tenants-namespace", ownProject + `,` + ownSource + `,"destination":{"server":"https://kubernetes.default.svc","namespace":"ns-0"},` + automatic, "do not match any of the allowed destinations"},
	{"control-plane-by-the-clusters-name", ownProject + `,` + ownSource + `,"destination":{"name":"in-cluster","namespace":"istio-system1"},` + automatic, "do not match any of the allowed destinations"},
	{"no-namespace", ownProject + `,` + ownSource + `,"destination":{"server":"https://kubernetes.default.svc"},` + automatic, "do not match any of the allowed destinations"},
	{"a-namespace-it-creates", ownProject + `,` + ownSource + `,"destination":{"server":"https://kubernetes.default.svc","namespace":"attack"},"syncPolicy":{"automated":{},"syncOptions":["CreateNamespace=true"]}`,
		"do not match any of the allowed destinations"},
	{"labels-of-the-tenant-on-its-namespace", ownProject + `,` + ownSource + `,` + ownTarget +
		`,"syncPolicy":{"automated":{},"syncOptions":["CreateNamespace=true"],"managedNamespaceMetadata":{"labels":{"istio-tenancy.dev/tenant":"dev"}},"retry":{"limit":0}}`, "Namespace is not permitted in project tenant-sales"},
}

func TestTakeoverByAnAdministrator(t *testing.T) {
	c := claims(t, "A tenant's administrator who may write Argo CD's kinds in the tenant's namespaces can sync only through the tenant's own project")
	w := theTenants(t)
	role, err := cluster.Parse([]byte(lets))
	require.NoError(t, err)
	_, err = w.admin().Apply(role)
	require.NoError(t, err)
	defer func() { require.NoError(t, w.admin().Delete(role)) }()
	_, err = w.Applications["sales"].Commit("Have an Application", map[string]string{"own/own.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n"})
	require.NoError(t, err)
	_, err = w.Applications["dev"].Commit("Have a secret", map[string]string{"secret/secret.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: secret-of-dev}\n"})
	require.NoError(t, err)
	sales := w.Node.Cluster.As("sales-admin")
	c.Check("one of the tenant's project is synced", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { // the role admin is aggregated
			return written(sales, "ns-1", "applications", "Application", "own", ownProject+`,`+ofItself)
		}))
		require.NoError(t, cluster.Eventually(patience, func() error { return w.settled("ns-1/own") }))
		_, err := w.admin().Get(inNS1 + "/configmaps/own")
		require.NoError(t, err)
	})
	for name, change := range map[string]string{
		"does not change to another project":              `{"spec":{"project":"tenancy"}}`,
		"is not told to sync another tenant's repository": `{` + anOperation + `}`,
		"is not told that it is syncing another tenant's": `{"status":{"operationState":{"phase":"Running","startedAt":"2026-01-01T00:00:00Z",` + anOperation + `,"syncResult":{"revision":"main",` + ofDev + `}}}}`,
	} {
		c.Check("it "+name, func(t *testing.T) {
			answer, err := sales.Do(http.MethodPatch, ofArgoCD+"ns-1/applications/own", change)
			require.NoError(t, err)
			require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), policy)
		})
	}
	for _, try := range refused {
		c.Check(try.name, func(t *testing.T) {
			err := written(sales, try.namespace, try.plural, try.kind, "attack", try.spec)
			require.ErrorContains(t, err, "orbidden")
			require.ErrorContains(t, err, try.want)
		})
	}
	for _, try := range unsynced {
		require.NoError(t, written(sales, "ns-1", "applications", "Application", try.name, try.spec))
	}
	for _, try := range unsynced {
		c.Check(try.name, func(t *testing.T) {
			said, err := w.saying("ns-1/"+try.name, try.want)
			require.NoError(t, err)
			t.Log(said)
		})
	}
	c.Check("nothing of that is there", func(t *testing.T) {
		for _, path := range []string{inNS1 + "/configmaps/secret-of-dev", "/api/v1/namespaces/ns-0/configmaps/own", "/api/v1/namespaces/istio-system1/configmaps/own", "/api/v1/namespaces/attack"} {
			answer, err := w.admin().Do(http.MethodGet, path, "")
			require.NoError(t, err)
			require.Equal(t, http.StatusNotFound, answer.Code, path)
		}
	})
	for _, try := range unsynced {
		answer, err := sales.Do(http.MethodDelete, ofArgoCD+"ns-1/applications/"+try.name, "")
		require.NoError(t, errors.Join(err, answer.Error()))
	}
	// Without the policy, what is refused above would be: the project is not asked.
	c.Check("for comparison: told by a cluster administrator, it syncs another tenant's repository", func(t *testing.T) {
		answer, err := w.admin().Do(http.MethodPatch, ofArgoCD+"ns-1/applications/own", `{`+anOperation+`}`)
		require.NoError(t, errors.Join(err, answer.Error()))
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := w.admin().Get(inNS1 + "/configmaps/secret-of-dev")
			return err
		}))
	})
	answer, err := sales.Do(http.MethodDelete, ofArgoCD+"ns-1/applications/own", "")
	require.NoError(t, errors.Join(err, answer.Error()))
	c.Check("the account of its Applications reads no Secret of Argo CD's", func(t *testing.T) {
		token, err := w.Node.Cluster.ServiceAccountToken("ns-1", "applications")
		require.NoError(t, err)
		answer, err := w.Node.Cluster.WithToken(token).Do(http.MethodGet, "/api/v1/namespaces/argocd/secrets", "")
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
	})
}

// written is the error of one who writes an object of Argo CD's kinds.
func written(as *cluster.Client, namespace, plural, kind, name, spec string) error {
	body := fmt.Sprintf(`{"apiVersion":"argoproj.io/v1alpha1","kind":%q,"metadata":{"name":%q},"spec":{%s}}`, kind, name, spec)
	answer, err := as.Do(http.MethodPost, ofArgoCD+namespace+"/"+plural, body)
	return errors.Join(err, answer.Error())
}
