package argocd_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/stretchr/testify/require"
)

// attack is a folder of the repository of sales that asks for more than sales has. The
// Application that deploys it is the one that a cluster administrator wrote for sales.
type attack struct {
	name  string
	files map[string]string // without any, want is about the Application
	// destination and repository of the Application are those of sales, unless they are
	// stated.
	destination, repository string
	want                    []string // one of which Argo CD says
	absent                  string   // the path of what must not be there
}

const (
	notListed   = "is not permitted in project"
	rights      = "/apis/rbac.authorization.k8s.io/v1"
	inNS1       = "/api/v1/namespaces/ns-1"
	webhooks    = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
	grantsAdmin = "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\nsubjects: [{kind: User, apiGroup: rbac.authorization.k8s.io, name: sales-admin}]\n"
)

// ofARepository is what the author of a repository of sales tries.
var ofARepository = []attack{
	{name: "role-binding", files: manifest("rbac.authorization.k8s.io/v1", "RoleBinding", "", grantsAdmin), want: []string{notListed}, absent: rights + "/namespaces/ns-1/rolebindings/attack"},
	{name: "role", files: manifest("rbac.authorization.k8s.io/v1", "Role", "", `rules: [{apiGroups: ["*"], resources: ["*"], verbs: ["*"]}]`), want: []string{notListed}, absent: rights + "/namespaces/ns-1/roles/attack"},
	{name: "cluster-role-binding", files: manifest("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", grantsAdmin), want: []string{notListed}, absent: rights + "/clusterrolebindings/attack"},
	{name: "namespace", files: manifest("v1", "Namespace", "", ""), want: []string{notListed}, absent: "/api/v1/namespaces/attack"},
	{name: "endpoints", files: manifest("v1", "Endpoints", "", "subsets: [{addresses: [{ip: 10.99.0.1}], ports: [{port: 6443}]}]"), want: []string{notListed, "excluded"}, absent: inNS1 + "/endpoints/attack"},
	{name: "network-policy", files: manifest("networking.k8s.io/v1", "NetworkPolicy", "", "spec: {podSelector: {}, ingress: [{}]}"), want: []string{notListed}, absent: "/apis/networking.k8s.io/v1/namespaces/ns-1/networkpolicies/attack"},
	{name: "app-project", files: manifest("argoproj.io/v1alpha1", "AppProject", "argocd", `spec: {sourceRepos: ["*"]}`), want: []string{notListed}, absent: "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/attack"},
	{name: "application", files: manifest("argoproj.io/v1alpha1", "Application", "argocd", "spec: {project: tenancy, destination: {server: https://kubernetes.default.svc}}"), want: []string{notListed}, absent: applications + "/attack"},
	{name: "webhook", files: manifest("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "", "webhooks: []"), want: []string{notListed}, absent: webhooks + "/attack"},
	{name: "into-another-tenant", files: manifest("v1", "ConfigMap", "ns-0", ""), want: []string{notListed}, absent: "/api/v1/namespaces/ns-0/configmaps/attack"},
	{name: "into-the-control-plane", files: manifest("v1", "ConfigMap", "istio-system1", ""), want: []string{notListed}, absent: "/api/v1/namespaces/istio-system1/configmaps/attack"},
	{name: "into-argocd", files: manifest("v1", "Secret", "argocd", "stringData: {server: https://kubernetes.default.svc}"), want: []string{notListed}, absent: "/api/v1/namespaces/argocd/secrets/attack"},
	{name: "service-with-external-addresses", files: manifest("v1", "Service", "", "spec: {ports: [{port: 53}], externalIPs: [10.96.0.10]}"), want: []string{"istio-tenancy-services"}, absent: inNS1 + "/services/attack"},
	{name: "policy-of-the-walls", files: named("default", manifest("security.istio.io/v1", "PeerAuthentication", "", "spec: {mtls: {mode: DISABLE}}")), want: []string{"istio-tenancy-rendered"}},
	{name: "hook-of-another-kind", files: hook("rbac.authorization.k8s.io/v1", "RoleBinding", "", grantsAdmin), want: []string{notListed}, absent: rights + "/namespaces/ns-1/rolebindings/attack"},
	{name: "hook-of-another-namespace", files: hook("batch/v1", "Job", "argocd", "spec: {template: {spec: {serviceAccountName: tenancy, restartPolicy: Never, containers: [{name: a, image: a}]}}}"), want: []string{notListed}, absent: "/apis/batch/v1/namespaces/argocd/jobs/attack"},
	{name: "exec-function", files: map[string]string{"kustomization.yaml": "transformers: [function.yaml]\n", "function.yaml": execFunction}, want: []string{"external plugins disabled", "must use --enable-alpha-plugins"}},
	{name: "helm-chart", files: map[string]string{"kustomization.yaml": "helmCharts: [{name: a, repo: " + gitops.URL + ", version: 1.0.0}]\n"}, want: []string{"must specify --enable-helm"}},
	{name: "remote-base-of-the-platform", files: map[string]string{"kustomization.yaml": "resources: ['" + gitops.URL + "platform.git//overlays/dev?ref=main&submodules=false']\n"}, want: []string{notListed, "external plugins disabled", "must use --enable-alpha-plugins"}},
	{name: "link-out-of-the-repository", files: map[string]string{"link": "/etc/passwd"}, want: []string{"out-of-bounds symlink"}},
	{name: "plugin-of-the-platform", files: map[string]string{
		".argocd-source.yaml": "plugin: {name: istio-tenancy-v1, env: [{name: PATH, value: .}]}\n",
		"kustomization.yaml":  "resources: [attack.yaml]\n", "attack.yaml": manifest("v1", "Namespace", "", "")["attack.yaml"],
	}, want: []string{notListed}, absent: "/api/v1/namespaces/attack"},
	{name: "another-namespace", destination: "server: https://kubernetes.default.svc, namespace: ns-0", want: []string{"do not match any of the allowed destinations"}},
	{name: "by-the-clusters-name", destination: "name: in-cluster, namespace: istio-system1", want: []string{"do not match any of the allowed destinations"}},
	{name: "the-platforms-repository", repository: "platform.git", want: []string{"is not permitted in project"}},
	{name: "another-tenants-repository", repository: "sales/../dev/applications.git", want: []string{"is not permitted in project"}},
	{name: "another-tenants-repository-in-escapes", repository: "sales/..%2Fdev%2Fapplications.git", want: []string{"is not permitted in project"}},
}

const execFunction = `apiVersion: example.com/v1
kind: Attack
metadata:
  name: attack
  annotations:
    config.kubernetes.io/function: "exec: {path: /bin/sh}"
`

// manifest is a folder with one object, whose name is attack.
func manifest(apiVersion, kind, namespace, rest string) map[string]string {
	if namespace != "" {
		namespace = ", namespace: " + namespace
	}
	return map[string]string{"attack.yaml": fmt.Sprintf("apiVersion: %s\nkind: %s\nmetadata: {name: attack%s}\n%s\n", apiVersion, kind, namespace, rest)}
}

// hook is a folder with a hook, and what it is run before: Argo CD syncs nothing for a
// hook alone.
func hook(apiVersion, kind, namespace, rest string) map[string]string {
	files := annotated("argocd.argoproj.io/hook: PreSync", manifest(apiVersion, kind, namespace, rest))
	files["beside.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside-" + strings.ToLower(kind) + "}\n"
	return files
}

func annotated(annotation string, files map[string]string) map[string]string {
	key, value, _ := strings.Cut(annotation, ": ")
	files["attack.yaml"] = strings.Replace(files["attack.yaml"], "metadata: {", fmt.Sprintf("metadata: {annotations: {%s: %q}, ", key, value), 1)
	return files
}

// named gives the object the name of one that is rendered.
func named(name string, files map[string]string) map[string]string {
	files["attack.yaml"] = strings.Replace(files["attack.yaml"], "name: attack", "name: "+name, 1)
	return files
}

func TestTakeoverByARepository(t *testing.T) {
	c := claims(t, "If a tenant's repository requests something outside of the tenant, it is not applied, and the Application reports why")
	w := theTenants(t)
	sales := w.Applications["sales"]
	for _, a := range ofARepository {
		for name, text := range a.files {
			path := filepath.Join(sales.Dir, a.name, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			if name == "link" {
				require.NoError(t, os.Symlink(text, path))
			} else {
				require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
			}
		}
	}
	// Argo CD refuses a whole repository for a link, so that it has a branch of its own.
	require.NoError(t, split(sales, "link-out-of-the-repository"))
	for _, a := range ofARepository {
		_, err := w.admin().Apply(a.objects(t))
		require.NoError(t, err, a.name)
	}
	for _, a := range ofARepository {
		c.Check(a.name, func(t *testing.T) {
			said, err := w.saying("attack-"+a.name, a.want...)
			require.NoError(t, err)
			t.Log(said)
			if a.absent != "" {
				answer, err := w.admin().Do(http.MethodGet, a.absent, "")
				require.NoError(t, err)
				require.Equal(t, http.StatusNotFound, answer.Code, a.absent)
			}
		})
	}
	for _, a := range ofARepository {
		require.NoError(t, w.admin().Delete(a.objects(t)))
	}
}

// Such a hook Argo CD makes with its own rights, and asks no project.
func TestAHookOfAnApplicationsEnd(t *testing.T) {
	c := claims(t, "A hook that waits for the deletion of a tenant's Application is not run at the deletion, and all other objects of the Application are synced")
	w := theTenants(t)
	a := attack{name: "hook-of-the-end", files: annotated("argocd.argoproj.io/hook: PostDelete", manifest("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "", grantsAdmin))}
	_, err := w.Applications["sales"].Commit("Try a hook of the end", map[string]string{
		a.name + "/attack.yaml": a.files["attack.yaml"],
		a.name + "/beside.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: beside-the-end}\n",
	})
	require.NoError(t, err)
	_, err = w.admin().Apply(a.objects(t))
	require.NoError(t, err)
	c.Check("synced beside the hook", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error { return w.settled("attack-" + a.name) }))
		answer, err := w.admin().Do(http.MethodGet, inNS1+"/configmaps/beside-the-end", "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	c.Check("deleted, without the hook", func(t *testing.T) {
		require.NoError(t, w.admin().Delete(a.objects(t)))
		require.NoError(t, cluster.Eventually(patience, func() error { return w.admin().Gone(applications + "/attack-" + a.name) }))
		require.NoError(t, w.admin().Gone(rights+"/clusterrolebindings/attack"))
	})
}

// split commits a folder on a branch of its name, and all else on main.
func split(r gitops.Repository, folder string) error {
	aside := r.Dir + "-" + folder
	if err := os.Rename(filepath.Join(r.Dir, folder), aside); err != nil {
		return err
	}
	_, err := r.Commit("Try to take over", nil)
	for _, step := range []func() error{
		func() error { _, err := r.Git("switch", "--quiet", "--create", folder); return err },
		func() error { return os.Rename(aside, filepath.Join(r.Dir, folder)) },
		func() error { _, err := r.Commit("Try a link", nil); return err },
		func() error { _, err := r.Git("switch", "--quiet", "main"); return err },
	} {
		if err == nil {
			err = step()
		}
	}
	return err
}

// objects is the Application of an attack.
func (a attack) objects(t *testing.T) []*cluster.Object {
	t.Helper()
	repository, revision, path, destination := "sales/applications.git", "main", a.name, "server: https://kubernetes.default.svc, namespace: ns-1"
	if a.files["link"] != "" {
		revision = a.name
	}
	if len(a.files) == 0 {
		path = "."
	}
	if a.repository != "" {
		repository = a.repository
	}
	if a.destination != "" {
		destination = a.destination
	}
	objects, err := cluster.Parse([]byte(strings.NewReplacer(
		"$NAME", "attack-"+a.name, "$REPOSITORY", gitops.URL+repository, "$REVISION", revision, "$PATH", path, "$DESTINATION", destination,
	).Replace(attackYAML)))
	require.NoError(t, err)
	return objects
}

const attackYAML = `
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: $NAME, namespace: argocd}
spec:
  project: tenant-sales
  source: {repoURL: "$REPOSITORY", targetRevision: $REVISION, path: $PATH}
  destination: {$DESTINATION}
  syncPolicy: {automated: {}}
`
