package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
)

// gitopsObject is an object of Flux or Argo CD in a namespace of sales, and the
// words by which it is refused, none if it is accepted.
type gitopsObject struct {
	name, resource, apiVersion, kind, spec, words string
}

func (o gitopsObject) path() string {
	return "/apis/" + o.apiVersion + "/namespaces/ns-1/" + o.resource
}

func (o gitopsObject) body() string {
	return object(o.apiVersion, o.kind, "attack", `"spec":{`+o.spec+`}`)
}

func kustomization(name, spec, words string) gitopsObject {
	return gitopsObject{name, "kustomizations", "kustomize.toolkit.fluxcd.io/v1", "Kustomization", `"interval":"1m","prune":false,` + spec, words}
}

func helmRelease(name, spec, words string) gitopsObject {
	return gitopsObject{name, "helmreleases", "helm.toolkit.fluxcd.io/v2", "HelmRelease", `"interval":"1m",` + spec, words}
}

func application(name, project, words string) gitopsObject {
	return gitopsObject{name, "applications", "argoproj.io/v1alpha1", "Application",
		`"project":"` + project + `","source":{"repoURL":"https://example.com/x.git","path":"."},"destination":{"server":"https://kubernetes.default.svc","namespace":"ns-1"}`, words}
}

// operated is an Application of the own project with a field beside spec.
func operated(name, field, words string) gitopsObject {
	o := application(name, "tenant-sales", words)
	o.spec += "}," + strings.TrimSuffix(field, "}")
	return o
}

const (
	account   = `"serviceAccountName":"applications",`
	ownRef    = `"sourceRef":{"kind":"GitRepository","name":"x"}`
	elsewhere = `"sourceRef":{"kind":"GitRepository","name":"platform","namespace":"flux-system"}`
	// unread leaves kustomizations out of a source.
	unread   = `"ignore":"kustomization.yaml\nkustomization.yml\nKustomization\n"`
	ownChart = `"chart":{"spec":{"chart":"x","sourceRef":{"kind":"HelmRepository","name":"x"}}}`
)

// fluxSource is a source of Flux.
func fluxSource(kind, name, spec, words string) gitopsObject {
	plural := map[string]string{"GitRepository": "gitrepositories", "OCIRepository": "ocirepositories", "Bucket": "buckets", "HelmRepository": "helmrepositories", "HelmChart": "helmcharts"}[kind]
	return gitopsObject{name, plural, "source.toolkit.fluxcd.io/v1", kind, `"interval":"1m",` + spec, words}
}

const (
	git    = `"url":"https://example.com/x.git"`
	oci    = `"url":"oci://registry.example/x"`
	bucket = `"endpoint":"s3.example","bucketName":"x"`
)

var beyondTheNamespace = []gitopsObject{
	kustomization("no account", ownRef, "spec.serviceAccountName: The field is missing"),
	kustomization("an empty account", `"serviceAccountName":"",`+ownRef, "spec.serviceAccountName: The field is missing"),
	kustomization("an account that is no name", `"serviceAccountName":"../flux-system:x",`+ownRef,
		"spec.serviceAccountName: ../flux-system:x cannot be the name of a ServiceAccount"),
	kustomization("a source elsewhere", account+elsewhere, "spec.sourceRef.namespace is flux-system"),
	kustomization("an artifact elsewhere", account+strings.ReplaceAll(elsewhere, "GitRepository", "ExternalArtifact"), "spec.sourceRef.namespace"),
	kustomization("an artifact of another tenant", account+strings.ReplaceAll(strings.ReplaceAll(elsewhere, "GitRepository", "OCIRepository"), "flux-system", "ns-0"), "spec.sourceRef.namespace is ns-0"),
	kustomization("a dependency elsewhere", account+ownRef+`,"dependsOn":[{"name":"x"},{"name":"tenant-sales","namespace":"flux-system"}]`, "spec.dependsOn.namespace"),
	kustomization("a component", account+ownRef+`,"components":["x@example.com:a/b?timeout=99999999"]`, "spec.components: Flux would fetch"),
	kustomization("a kubeconfig of a Secret", account+ownRef+`,"kubeConfig":{"secretRef":{"name":"x"}}`, "spec.kubeConfig"),
	kustomization("a kubeconfig of the controller's own token", account+ownRef+`,"kubeConfig":{"configMapRef":{"name":"x"}}`, "spec.kubeConfig"),
	helmRelease("no account", ownChart, "spec.serviceAccountName: The field is missing"),
	helmRelease("a chart of a repository elsewhere", account+strings.Replace(ownChart, `"name":"x"`, `"name":"x","namespace":"flux-system"`, 1), "spec.chart.spec.sourceRef.namespace"),
	helmRelease("a chart elsewhere", account+`"chartRef":{"kind":"OCIRepository","name":"x","namespace":"flux-system"}`, "spec.chartRef.namespace"),
	helmRelease("a dependency elsewhere", account+ownChart+`,"dependsOn":[{"name":"x","namespace":"ns-0"}]`, "spec.dependsOn.namespace"),
	helmRelease("a kubeconfig", account+ownChart+`,"kubeConfig":{"secretRef":{"name":"x"}}`, "spec.kubeConfig"),
	{"images elsewhere", "imagepolicies", "image.toolkit.fluxcd.io/v1", "ImagePolicy",
		`"imageRepositoryRef":{"name":"x","namespace":"ns-0"},"policy":{"alphabetical":{}}`, "spec.imageRepositoryRef.namespace"},
	{"events elsewhere", "alerts", "notification.toolkit.fluxcd.io/v1beta3", "Alert",
		`"providerRef":{"name":"x"},"eventSources":[{"kind":"Kustomization","name":"x"},{"kind":"Kustomization","name":"*","namespace":"flux-system"}]`, "spec.eventSources.namespace"},
	{"a reconciliation elsewhere", "receivers", "notification.toolkit.fluxcd.io/v1", "Receiver",
		`"type":"generic","secretRef":{"name":"x"},"resources":[{"kind":"GitRepository","name":"platform","namespace":"flux-system"}]`, "spec.resources.namespace"},
	{"artifacts of sources elsewhere", "artifactgenerators", "source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator",
		`"sources":[{"alias":"x","kind":"GitRepository","name":"platform","namespace":"flux-system"}],"artifacts":[{"name":"x","copy":[{"from":"@x/**","to":"@artifact/"}]}]`,
		"spec.sources.namespace"},
	{"an artifact of files under other names", "artifactgenerators", "source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator",
		`"sources":[{"alias":"x","kind":"GitRepository","name":"x"}],"artifacts":[{"name":"x","copy":[{"from":"@x/a.yaml","to":"@artifact/kustomization.yaml"}]}]`,
		"artifactgenerators in a tenant's namespace"},
	fluxSource("GitRepository", "kustomizations", git, "spec.ignore: The field must have the lines kustomization.yaml, kustomization.yml, Kustomization"),
	fluxSource("GitRepository", "kustomizations of one name", git+`,"ignore":"kustomization.yaml\nkustomization.yml\n# Kustomization"`, "spec.ignore"),
	fluxSource("GitRepository", "kustomizations, left out and taken back", git+`,`+strings.Replace(unread, `\n"`, `\n!**/kustomization.yaml"`, 1), "No line may begin with !"),
	fluxSource("GitRepository", "kustomizations, after a line that Flux does not read", git+`,`+strings.Replace(unread, `"ignore":"`, `"ignore":"`+strings.Repeat("a", 70000)+`\n`, 1), "more than 1,000 characters"),
	fluxSource("OCIRepository", "kustomizations", oci, "spec.ignore"),
	fluxSource("OCIRepository", "a layer as it is", oci+`,`+unread+`,"layerSelector":{"operation":"copy"}`, "spec.layerSelector.operation: With the operation copy"),
	fluxSource("Bucket", "kustomizations", bucket, "spec.ignore"),
	fluxSource("Bucket", "a cloud's client", bucket+`,"provider":"azure",`+unread, "spec.provider: The provider must be generic"),
	fluxSource("HelmRepository", "an index with URLs", `"url":"https://example.com/charts"`, "spec.type: The type must be oci"),
	fluxSource("HelmChart", "a chart with dependencies", `"chart":"x",`+ownRef, "sourceRef.kind: The kind must be HelmRepository, but is GitRepository"),
	helmRelease("a chart with dependencies", account+strings.Replace(ownChart, "HelmRepository", "Bucket", 1), "sourceRef.kind: The kind must be HelmRepository, but is Bucket"),
	application("the default project", "default", "spec.project: The project must be tenant-sales, but is default"),
	application("the platform's project", "tenancy", "spec.project"),
	application("another tenant's project", "tenant-dev", "spec.project"),
	operated("an operation with a source of its own", `"operation":{"sync":{"source":{"repoURL":"https://example.com/dev/applications.git","path":"."}}}`, "operation: Argo CD would sync"),
	operated("a state of an operation", `"status":{"operationState":{"operation":{},"phase":"Running","startedAt":"2026-01-01T00:00:00Z"}}`, "status: Argo CD would sync"),
	{"a project", "appprojects", "argoproj.io/v1alpha1", "AppProject", `"sourceRepos":["*"]`, "appprojects in a tenant's namespace"},
	{"a set of Applications", "applicationsets", "argoproj.io/v1alpha1", "ApplicationSet",
		`"generators":[],"template":{"metadata":{},"spec":{"project":"tenant-sales","destination":{}}}`, "applicationsets in a tenant's namespace"},
}

var withinTheNamespace = []gitopsObject{
	kustomization("Kustomization", account+ownRef+`,"targetNamespace":"ns-1","postBuild":{"substituteFrom":[{"kind":"Secret","name":"x"}]},`+
		`"decryption":{"provider":"sops","secretRef":{"name":"x"}},"healthChecks":[{"kind":"Deployment","name":"x","namespace":"ns-1","apiVersion":"apps/v1"}],"dependsOn":[{"name":"x"}]`, ""),
	kustomization("Kustomization that names its own namespace", account+strings.ReplaceAll(elsewhere, "flux-system", "ns-1"), ""),
	helmRelease("HelmRelease", account+ownChart+`,"targetNamespace":"ns-1","storageNamespace":"ns-1","valuesFrom":[{"kind":"Secret","name":"x"}]`, ""),
	helmRelease("HelmRelease of an OCI chart", account+`"chartRef":{"kind":"OCIRepository","name":"x"}`, ""),
	fluxSource("GitRepository", "GitRepository", git+`,`+unread, ""),
	fluxSource("OCIRepository", "OCIRepository", oci+`,`+unread, ""),
	fluxSource("Bucket", "Bucket", bucket+`,`+unread, ""),
	fluxSource("HelmRepository", "HelmRepository", `"type":"oci",`+oci, ""),
	fluxSource("HelmChart", "HelmChart", `"chart":"x","sourceRef":{"kind":"HelmRepository","name":"x"}`, ""),
	{"ImageRepository", "imagerepositories", "image.toolkit.fluxcd.io/v1", "ImageRepository", `"interval":"1m","image":"registry.example/x"`, ""},
	{"Alert", "alerts", "notification.toolkit.fluxcd.io/v1beta3", "Alert", `"providerRef":{"name":"x"},"eventSources":[{"kind":"Kustomization","name":"*"}]`, ""},
	{"Receiver", "receivers", "notification.toolkit.fluxcd.io/v1", "Receiver", `"type":"generic","secretRef":{"name":"x"},"resources":[{"kind":"GitRepository","name":"x"}]`, ""},
	application("Application of the own project", "tenant-sales", ""),
	{"Rollout", "rollouts", "argoproj.io/v1alpha1", "Rollout", `"replicas":1`, ""},
}

func TestFluxAndArgoCDDoNothingForATenantThatItMayNot(t *testing.T) {
	c := claims(t, "With any flags of Flux and Argo CD, no object of theirs in a tenant's namespace is applied with the tool's own rights, refers "+
		"to another namespace, or makes Flux fetch a URL from inside its own namespace. The objects that a tenant needs are accepted")
	alone, sales, source := onlySales(t)
	_, err := alone.Admin.Apply(sales.objects)
	require.NoError(t, err)
	for _, folder := range []string{"flux-kinds", "flux-helm", "flux-sources", "flux-images", "flux-notifications", "flux-artifacts", "argo-cd", "argo-rollouts"} {
		require.NoError(t, cluster.Eventually(patience, func() error { // large definitions are served some time later
			_, err := alone.Admin.Apply(definitions(t, folder))
			return err
		}), folder)
	}
	roles, err := source.Build(binaries["flux-roles"])
	require.NoError(t, err)
	_, err = alone.Admin.Apply(append(clusterRoles(parse(t, string(roles))), parse(t, moreOfGitops)...))
	require.NoError(t, err)

	client := alone.As(sales.admin)
	try := func(t *testing.T, o gitopsObject) cluster.Answer {
		t.Helper()
		return send(t, client, "POST", o.path()+"?dryRun=All", o.body())
	}
	for _, o := range withinTheNamespace {
		c.check("accepted: "+o.name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return try(t, o).Error() })) // roles are aggregated some time later
		})
	}
	for _, o := range beyondTheNamespace {
		c.check("refused: "+o.kind+": "+o.name, func(t *testing.T) {
			answer := try(t, o)
			require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
			require.Contains(t, answer.Message(), "istio-tenancy-gitops")
			require.Contains(t, answer.Message(), o.kind+" ns-1/attack: ")
			require.Contains(t, answer.Message(), o.words)
		})
	}
	attack := beyondTheNamespace[0]
	stored := attack.path() + "/attack"
	c.check("a cluster administrator has it all", func(t *testing.T) {
		answer, err := alone.Admin.Do("POST", attack.path(), attack.body())
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})
	c.check("a controller that administers nothing writes finalizers, annotations and status", func(t *testing.T) {
		token, err := alone.ServiceAccountToken("flux-system", "kustomize-controller")
		require.NoError(t, err)
		for path, body := range map[string]string{
			stored:             `{"metadata":{"finalizers":["finalizers.fluxcd.io"],"annotations":{"reconcile.fluxcd.io/requestedAt":"x"}}}`,
			stored + "/status": `{"status":{"observedGeneration":1}}`,
		} {
			answer, err := alone.WithToken(token).Do("PATCH", path, body)
			require.NoError(t, err)
			require.NoError(t, answer.Error(), path)
		}
	})
	c.check("a change of its spec is looked at", func(t *testing.T) {
		answer, err := client.Do("PATCH", stored, `{"spec":{"path":"./x"}}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
		answer, err = client.Do("PATCH", stored, `{"spec":{"serviceAccountName":"applications"}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = client.Do("PATCH", stored, `{"spec":{"serviceAccountName":null}}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusForbidden, answer.Code, answer.Message())
	})
	c.checkForgedStatus(client, stored)
	c.checkForgedTracking(alone, client)
	c.checkHooks(alone)
	c.check("it is the tenant's to delete", func(t *testing.T) {
		answer, err := client.Do("PATCH", stored, `{"metadata":{"finalizers":null}}`)
		require.NoError(t, err)
		require.NoError(t, answer.Error())
		answer, err = client.Do("DELETE", stored, "")
		require.NoError(t, err)
		require.NoError(t, answer.Error())
	})

	answer, err := alone.Admin.Do("DELETE", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/istio-tenancy-gitops", "")
	require.NoError(t, err)
	require.NoError(t, answer.Error())
	for _, o := range beyondTheNamespace {
		c.check("for comparison, without the policy: "+o.kind+": "+o.name, func(t *testing.T) {
			require.NoError(t, cluster.Eventually(patience, func() error { return try(t, o).Error() }))
		})
	}
}

// Argo CD has no roles for tenants' namespaces. The status of Ingresses is no
// administrator's, either; an istiod may write it.
const moreOfGitops = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: more-of-gitops
  labels: {rbac.authorization.k8s.io/aggregate-to-admin: "true"}
rules:
- apiGroups: [argoproj.io]
  resources: [applications, applicationsets, appprojects, rollouts]
  verbs: ["*"]
- apiGroups: [kustomize.toolkit.fluxcd.io, helm.toolkit.fluxcd.io, image.toolkit.fluxcd.io]
  resources: ["*/status"]
  verbs: [patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
- apiGroups: [source.extensions.fluxcd.io]
  resources: [artifactgenerators]
  verbs: ["*"]
---
apiVersion: v1
kind: Namespace
metadata: {name: flux-system}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: kustomize-controller, namespace: flux-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: writes-kustomizations}
rules:
- apiGroups: [kustomize.toolkit.fluxcd.io]
  resources: [kustomizations, kustomizations/status]
  verbs: [get, update, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: writes-kustomizations}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: writes-kustomizations}
subjects: [{kind: ServiceAccount, name: kustomize-controller, namespace: flux-system}]
`
