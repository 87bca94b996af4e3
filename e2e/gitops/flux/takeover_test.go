package flux_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/istio-tenancy/istio-tenancy/e2e/gitops"
	"github.com/istio-tenancy/istio-tenancy/e2e/tally"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/yaml"
)

// attempt is one by which somebody of the tenant sales has Flux do what sales may not:
// a Kustomization in ns-1, which applies a folder of a repository that is sales' own. Its
// source has kustomizations, which that of examples/flux has not: see urls_test.go.
type attempt struct {
	name string
	// spec is laid over the Kustomization's.
	spec string
	// file is what the folder has; the folder's kustomization.yaml, if it has one, is
	// below a line "# kustomization.yaml".
	file string
	// refused is in the message of whoever refuses it: Flux, or the API server, which
	// refuses the Kustomization or what Flux applies.
	refused []string
	// gained is what would be there, had it succeeded.
	gained string
}

const (
	binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: NAME}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: User, name: sales-admin}]
`
	elsewhere = `
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME}
`
	bindings    = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/NAME"
	forbidden   = "forbidden"
	asTheAuthor = "serviceAccountName: applications\ntargetNamespace: ns-1\n"
)

// ofTheAdministrator are attempts by fields of a Kustomization, which the tenant's
// administrator writes.
var ofTheAdministrator = []attempt{
	{"without-an-account", "", binding, []string{"serviceaccount:ns-1:default", "spec.serviceAccountName: The field is missing"}, bindings},
	{"account-of-flux-by-its-name", "serviceAccountName: kustomize-controller", binding, []string{"serviceaccount:ns-1:kustomize-controller"}, bindings},
	{"account-with-a-namespace", "serviceAccountName: kube-system:clusterrole-aggregation-controller", binding, []string{"clusterrole-aggregation-controller"}, bindings},
	{"account-by-a-path", "serviceAccountName: ../kube-system/default", binding, []string{"../kube-system/default"}, bindings},
	{"source-of-the-platform", "serviceAccountName: applications\npath: ./rendered/dev\nsourceRef: {kind: GitRepository, name: platform, namespace: flux-system}", elsewhere,
		[]string{"cross-namespace", "spec.sourceRef.namespace"}, ""},
	{"source-of-another-tenant", "serviceAccountName: applications\nsourceRef: {kind: GitRepository, name: applications, namespace: ns-0}", elsewhere,
		[]string{"cross-namespace", "spec.sourceRef.namespace"}, ""},
	{"target-of-another-tenant", "serviceAccountName: applications\ntargetNamespace: ns-0", elsewhere, []string{forbidden}, "/api/v1/namespaces/ns-0/configmaps/NAME"},
	{"target-kube-system", "serviceAccountName: applications\ntargetNamespace: kube-system", elsewhere, []string{forbidden}, "/api/v1/namespaces/kube-system/configmaps/NAME"},
	{"target-the-control-plane", "serviceAccountName: applications\ntargetNamespace: istio-system1", elsewhere, []string{forbidden}, "/api/v1/namespaces/istio-system1/configmaps/NAME"},
	{"patches-that-move", "serviceAccountName: applications\npatches: [{target: {kind: ConfigMap}, patch: '[{\"op\": \"add\", \"path\": \"/metadata/namespace\", \"value\": \"ns-0\"}]'}]", elsewhere,
		[]string{forbidden}, "/api/v1/namespaces/ns-0/configmaps/NAME"},
	{"kubeconfig-with-the-controllers-token", "serviceAccountName: applications\nkubeConfig: {secretRef: {name: token-file}}", binding, []string{"tokenFile", "spec.kubeConfig"}, bindings},
	{"kubeconfig-that-runs-a-program", "serviceAccountName: applications\nkubeConfig: {secretRef: {name: program}}", binding, []string{"Unauthorized", "forbidden", "spec.kubeConfig"}, bindings},
	{"secret-of-another-namespace", "serviceAccountName: applications\npostBuild: {substituteFrom: [{kind: Secret, name: istio-ca-secret}]}", elsewhere,
		[]string{"not found"}, "/api/v1/namespaces/ns-1/configmaps/NAME"},
	{"decryption-as-another", "serviceAccountName: applications\ndecryption: {provider: sops, serviceAccountName: kustomize-controller}", elsewhere,
		[]string{"ObjectLevelWorkloadIdentity"}, "/api/v1/namespaces/ns-1/configmaps/NAME"},
	{"health-of-another-tenant", "serviceAccountName: applications\ntargetNamespace: ns-1\ntimeout: 5s\nhealthChecks: [{apiVersion: apps/v1, kind: Deployment, name: istiod-dev, namespace: istio-system}]", elsewhere,
		[]string{forbidden, "health check failed"}, ""},
}

// ofTheAuthor are attempts by files in the tenant's repository, whose author writes
// nothing in the cluster.
var ofTheAuthor = []attempt{
	{"cluster-role-binding", asTheAuthor, binding, []string{forbidden}, bindings},
	{"transformer-that-moves", asTheAuthor, elsewhere + `
# kustomization.yaml
resources: [file.yaml]
transformers:
- |-
  apiVersion: builtin
  kind: NamespaceTransformer
  metadata: {name: move, namespace: ns-0}
  fieldSpecs: [{path: metadata/namespace, create: true}]
`, []string{forbidden}, "/api/v1/namespaces/ns-0/configmaps/NAME"},
	{"namespace-of-its-own", asTheAuthor, "{apiVersion: v1, kind: Namespace, metadata: {name: NAME}}", []string{forbidden}, "/api/v1/namespaces/NAME"},
	{"namespace-out-of-its-tenant", asTheAuthor, "{apiVersion: v1, kind: Namespace, metadata: {name: ns-1, labels: {istio-tenancy.dev/tenant: dev}}}", []string{forbidden}, ""},
	{"function-that-runs-a-program", asTheAuthor, `
apiVersion: example.com/v1
kind: Run
metadata:
  name: NAME
  annotations: {config.kubernetes.io/function: "{exec: {path: /usr/local/bin/kustomize-controller}}"}
# kustomization.yaml
generators: [file.yaml]
`, []string{"plugins disabled"}, ""},
	{"file-outside-of-the-repository", asTheAuthor, elsewhere + "\n# kustomization.yaml\nconfigMapGenerator: [{name: NAME, files: [token=../../../../../var/run/secrets/kubernetes.io/serviceaccount/token]}]\ngeneratorOptions: {disableNameSuffixHash: true}\n",
		[]string{"not in or below", "no such file", "outside"}, "/api/v1/namespaces/ns-1/configmaps/NAME"},
	{"more-rights-in-its-namespace", asTheAuthor, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: NAME}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: applications, namespace: ns-1}]
`, []string{forbidden}, "/apis/rbac.authorization.k8s.io/v1/namespaces/ns-1/rolebindings/NAME"},
	{"webhook-of-the-cluster", asTheAuthor, "{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: NAME}, webhooks: []}", []string{forbidden},
		"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/NAME"},
	{"policy-of-the-cluster-deleted", asTheAuthor, `
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: istio-tenancy-pods, annotations: {kustomize.toolkit.fluxcd.io/ssa: Override}}
spec: {policyName: none, validationActions: [Audit]}
`, []string{forbidden}, ""},
	{"pod-on-its-node", asTheAuthor, "{apiVersion: v1, kind: Pod, metadata: {name: NAME}, spec: {hostPID: true, containers: [{name: c, image: e2e.local/pause:1, securityContext: {privileged: true}}]}}",
		[]string{forbidden, "violates"}, "/api/v1/namespaces/ns-1/pods/NAME"},
	{"network-policy-of-the-platform", asTheAuthor, `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: RENDERED}
spec: {podSelector: {}, ingress: [{}], policyTypes: [Ingress]}
`, []string{"istio-tenancy-rendered"}, ""},
	{"role-of-the-platform", asTheAuthor, `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: access-all-ns-1}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: User, name: somebody}]
`, []string{"istio-tenancy-rendered", "cannot change roleRef"}, ""},
}

func TestTakeover(t *testing.T) {
	c := claims(t, "A tenant's administrator, and the author of the tenant's repository, gain no rights from Flux's kinds and accounts that the tenant does not have")
	w := fromZero(t)
	sales := w.Node.Cluster.As("sales-admin")
	attempts := append(append([]attempt{}, ofTheAdministrator...), ofTheAuthor...)
	policies, err := w.admin().Items("/apis/networking.k8s.io/v1/namespaces/ns-1/networkpolicies?labelSelector=istio-tenancy.dev/tenant=sales")
	require.NoError(t, err)
	require.NotEmpty(t, policies)

	files := map[string]string{"attempts/control/file.yaml": strings.ReplaceAll(elsewhere, "NAME", "control")}
	for _, a := range attempts {
		text := strings.NewReplacer("NAME", a.name, "RENDERED", policies[0].GetName()).Replace(a.file)
		file, kustomization, found := strings.Cut(text, "# kustomization.yaml\n")
		files[path.Join("attempts", a.name, "file.yaml")] = file
		if found {
			files[path.Join("attempts", a.name, "kustomization.yaml")] = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + kustomization
		}
	}
	// What is tried is beside what the Kustomization applications applies.
	files[".sourceignore"] = "/attempts/\n"
	w.push(t, w.Applications["sales"], sources("ns-1")+"/applications", "Try", files)
	w.open(t, "attempts")
	for name, user := range map[string]string{
		"token-file": "tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token",
		"program":    "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: /usr/local/bin/kustomize-controller}",
	} {
		// The server's certificate, as Pods of the tenant have it.
		root, err := w.admin().Get("/api/v1/namespaces/ns-1/configmaps/kube-root-ca.crt")
		require.NoError(t, err)
		ca := root.Object["data"].(map[string]any)["ca.crt"].(string)
		text, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": name}, "stringData": map[string]any{"value": kubeconfig(t, ca, user)}})
		require.NoError(t, err)
		answer, err := sales.Do(http.MethodPost, "/api/v1/namespaces/ns-1/secrets", string(text))
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	}

	t.Run("control: what the account may do is done", func(t *testing.T) {
		require.NoError(t, try(sales, attempt{name: "control", spec: asTheAuthor}))
		require.NoError(t, cluster.Eventually(patience, func() error {
			_, err := w.admin().Get("/api/v1/namespaces/ns-1/configmaps/control")
			return err
		}))
	})
	refusals := map[string]error{}
	for _, a := range attempts { // Flux works on several at a time
		refusals[a.name] = try(sales, a)
	}
	for _, a := range attempts {
		c.Check(a.name, func(t *testing.T) {
			message := ""
			if refusal := refusals[a.name]; refusal != nil {
				message = refusal.Error()
			} else {
				var err error
				message, err = w.fails(kustomizations("ns-1") + "/" + a.name)
				require.NoError(t, err)
			}
			t.Log(message)
			require.True(t, containsAny(message, a.refused), "refused for another reason: %s", message)
			if a.gained != "" {
				answer, err := w.admin().Do(http.MethodGet, strings.ReplaceAll(a.gained, "NAME", a.name), "")
				require.NoError(t, err)
				require.Equal(t, http.StatusNotFound, answer.Code, string(answer.Body))
			}
		})
	}
	w.checkRequests(c)
	w.checkInventory(c)
	w.checkArtifact(c)
	for _, a := range attempts {
		_, err := sales.Do(http.MethodDelete, kustomizations("ns-1")+"/"+a.name, "")
		require.NoError(t, err)
	}
}

// open makes a source in ns-1 of a folder of sales' repository, with its kustomizations,
// as a cluster administrator may. The folder is left out of the source of examples/flux
// by the repository's .sourceignore.
func (w *world) open(t *testing.T, folder string) {
	t.Helper()
	answer, err := w.admin().Do(http.MethodPost, sources("ns-1"), fmt.Sprintf(`{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"GitRepository","metadata":{"name":%q},
"spec":{"interval":"1h","url":%q,"ref":{"branch":"main"},"ignore":"!/%s/"}}`, folder, gitops.URL+w.Applications["sales"].Name+".git", folder))
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	require.NoError(t, cluster.Eventually(patience, func() error {
		source, err := w.admin().Get(sources("ns-1") + "/" + folder)
		if err != nil {
			return err
		}
		return cluster.MustBe(source, "Ready")
	}))
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}

// kubeconfig is one for the cluster that Flux runs in.
func kubeconfig(t *testing.T, ca, user string) string {
	t.Helper()
	made := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte("{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: c, user: u}}]}"), &made))
	login := map[string]any{}
	require.NoError(t, yaml.Unmarshal([]byte(user), &login))
	made["clusters"] = []any{map[string]any{"name": "c", "cluster": map[string]any{"server": "https://kubernetes.default.svc", "certificate-authority-data": []byte(ca)}}}
	made["users"] = []any{map[string]any{"name": "u", "user": login}}
	text, err := yaml.Marshal(made)
	require.NoError(t, err)
	return string(text)
}

// try makes the Kustomization of an attempt, as a user.
func try(as *cluster.Client, a attempt) error {
	spec := map[string]any{"interval": "10m", "retryInterval": "10m", "timeout": "30s", "prune": true, "path": "./attempts/" + a.name,
		"sourceRef": map[string]any{"kind": "GitRepository", "name": "attempts"}}
	if err := yaml.Unmarshal([]byte(a.spec), &spec); err != nil {
		return fmt.Errorf("%s: %w", a.name, err)
	}
	text, err := json.Marshal(map[string]any{"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": map[string]any{"name": a.name}, "spec": spec})
	if err != nil {
		return err
	}
	answer, err := as.Do(http.MethodPost, kustomizations("ns-1"), string(text))
	if err != nil {
		return err
	}
	return answer.Error()
}

// checkRequests checks what the API server is asked for directly: objects of Flux that
// are not in the tenant's application namespaces, or that Git holds.
func (w *world) checkRequests(c *tally.Claim) {
	sales := w.Node.Cluster.As("sales-admin")
	const object = `{"apiVersion":"kustomize.toolkit.fluxcd.io/v1","kind":"Kustomization","metadata":{"name":"attempt"},"spec":{"interval":"1m","prune":true,"sourceRef":{"kind":"GitRepository","name":"platform"}}}`
	for name, r := range map[string]struct{ method, path, body, refused string }{
		"a Kustomization among the platform's":     {http.MethodPost, kustomizations(fluxSystem), object, forbidden},
		"a Kustomization of another tenant":        {http.MethodPost, kustomizations("ns-0"), object, forbidden},
		"a Kustomization beside the control plane": {http.MethodPost, kustomizations("istio-system1"), object, forbidden},
		"a tenant that is suspended":               {http.MethodPatch, kustomization("tenant-dev"), `{"spec":{"suspend":true}}`, forbidden},
		"the own tenant, suspended":                {http.MethodPatch, kustomization("tenant-sales"), `{"spec":{"suspend":true}}`, forbidden},
		"the own tenant, deleted":                  {http.MethodDelete, kustomization("tenant-sales"), "", forbidden},
		"the platform's repository":                {http.MethodPatch, sources(fluxSystem) + "/platform", `{"spec":{"url":"http://evil"}}`, forbidden},
		"a repository that is a file":              {http.MethodPost, sources("ns-1"), `{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"GitRepository","metadata":{"name":"file"},"spec":{"interval":"1m","url":"file:///data"}}`, "spec.url"},
		"what was rendered, left alone by Flux":    {http.MethodPatch, "/apis/rbac.authorization.k8s.io/v1/namespaces/ns-1/rolebindings/access-all-ns-1", `{"metadata":{"annotations":{"kustomize.toolkit.fluxcd.io/reconcile":"disabled"}}}`, "istio-tenancy-rendered"},
	} {
		c.Check(name, func(t *testing.T) {
			answer, err := sales.Do(r.method, r.path, r.body)
			require.NoError(t, err)
			require.ErrorContains(t, answer.Error(), r.refused)
		})
	}
}

// checkInventory checks a Kustomization whose status says that other objects are its
// own: flux-edit lets a tenant write that, a policy does not, and what is pruned is read
// from there. What Flux then deletes, it deletes as the tenant's account.
func (w *world) checkInventory(c *tally.Claim) {
	sales := w.Node.Cluster.As("sales-admin")
	c.Check("objects of others, pruned by a forged inventory", func(t *testing.T) {
		before, err := w.admin().Get("/apis/apps/v1/namespaces/istio-system/deployments/istiod-dev")
		require.NoError(t, err)
		require.NoError(t, try(sales, attempt{name: "inventory", spec: asTheAuthor + "suspend: true\npath: ./attempts/control"}))
		status := `{"status":{"inventory":{"entries":[{"id":"istio-system_istiod-dev_apps_Deployment","v":"v1"},{"id":"_ns-0__Namespace","v":"v1"}]}}}`
		answer, err := sales.Do(http.MethodPatch, kustomizations("ns-1")+"/inventory/status", status)
		require.NoError(t, err)
		require.Contains(t, answer.Message(), "istio-tenancy-gitops")
		answer, err = w.admin().Do(http.MethodPatch, kustomizations("ns-1")+"/inventory/status", status) // as if the policy let it
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = sales.Do(http.MethodPatch, kustomizations("ns-1")+"/inventory", `{"spec":{"suspend":false}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		message, err := w.settles(kustomizations("ns-1") + "/inventory")
		require.NoError(t, err)
		t.Log(message)
		_, err = sales.Do(http.MethodDelete, kustomizations("ns-1")+"/inventory", "")
		require.NoError(t, err)
		after, err := w.admin().Get("/apis/apps/v1/namespaces/istio-system/deployments/istiod-dev")
		require.NoError(t, err)
		require.Equal(t, before.GetUID(), after.GetUID())
		require.Nil(t, after.GetDeletionTimestamp())
		other, err := w.admin().Get("/api/v1/namespaces/ns-0")
		require.NoError(t, err)
		require.Nil(t, other.GetDeletionTimestamp())
	})
}

// checkArtifact checks a source whose status says that the platform's artifact is its
// own: kustomize-controller fetches it, and believes it only by its digest. The tenant
// may have learnt the address, which ends in the commit, and not the digest.
func (w *world) checkArtifact(c *tally.Claim) {
	sales := w.Node.Cluster.As("sales-admin")
	c.Check("the platform's repository, read by a forged artifact", func(t *testing.T) {
		platform, err := w.admin().Get(sources(fluxSystem) + "/platform")
		require.NoError(t, err)
		artifact := platform.Object["status"].(map[string]any)["artifact"].(map[string]any)
		forged := map[string]any{}
		for key, value := range artifact {
			forged[key] = value
		}
		forged["digest"] = "sha256:" + strings.Repeat("0", 64) // the right one is not told
		answer, err := sales.Do(http.MethodPost, sources("ns-1"), `{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"GitRepository","metadata":{"name":"forged"},"spec":{"interval":"1h","suspend":true,"url":"http://example.com/x.git","ignore":"kustomization.yaml\nkustomization.yml\nKustomization"}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		text, err := json.Marshal(map[string]any{"status": map[string]any{"artifact": forged}})
		require.NoError(t, err)
		answer, err = sales.Do(http.MethodPatch, sources("ns-1")+"/forged/status", string(text))
		require.NoError(t, err)
		if answer.Error() == nil {
			require.NoError(t, try(sales, attempt{name: "forged", spec: asTheAuthor + "sourceRef: {kind: GitRepository, name: forged}\npath: ./rendered/dev"}))
			message, err := w.fails(kustomizations("ns-1") + "/forged")
			require.NoError(t, err)
			t.Log(message)
			require.Contains(t, message, "digest")
			require.NotContains(t, message, fmt.Sprint(artifact["digest"]))
		}
	})
}
