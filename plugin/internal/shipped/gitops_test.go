package shipped_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"text/template"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

// checkout copies what Argo CD would check out, to a path with spaces and
// without file modes, readable by all.
func checkout(t *testing.T) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "argo")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(parent)) })
	dir := filepath.Join(parent, "a check out")
	for _, from := range []string{"bases", "overlays"} {
		require.NoError(t, os.CopyFS(filepath.Join(dir, from), os.DirFS(from)))
	}
	require.NoError(t, filepath.WalkDir(parent, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chmod(path, 0o444)
	}))
	require.NoError(t, os.Chmod(parent, 0o755))
	return dir
}

// generate runs the plugin's command as its sidecar would.
func generate(t *testing.T, dir string) (stdout, stderr string, err error) {
	t.Helper()
	plugin := read(t, "examples/argocd/plugin/plugin.yaml")[0]
	command := object.Strings(plugin, "spec", "generate", "command")
	require.Equal(t, "istio-tenancy", command[0])
	cmd := exec.Command(filepath.Join(clitest.Bin(t), command[0]), command[1:]...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + clitest.Bin(t), "HOME=", "TMPDIR=/nonexistent", "ARGOCD_APP_NAME=tenant-sales"}
	if os.Getuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 999, Gid: 999}}
	}
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return out.String(), errs.String(), err
}

func TestTheArgoCDPluginPrintsWhatKustomizeBuilds(t *testing.T) {
	dir := checkout(t)
	for _, path := range []string{"overlays/sales", "overlays/dev", "bases/istio/common"} {
		got, stderr, err := generate(t, filepath.Join(dir, path))
		require.NoError(t, err, stderr)
		require.Empty(t, stderr)
		if want := kustomize(t, path, clitest.Functions...); want != got {
			require.Equal(t, want, got)
		}
	}
}

func TestTheArgoCDPluginPrintsNothingOfABrokenTenant(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"mistake":     {"tenant.yaml", "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: sales, annotations: {config.kubernetes.io/function: 'exec: {path: istio-tenancy}'}}\nspec: {}\n", "spec.admins: is missing"},
		"not YAML":    {"tenant.yaml", "a: [\n", "tenant.yaml"},
		"no resource": {"kustomization.yaml", "resources: [gone.yaml]\n", "gone.yaml"},
		"nothing":     {"kustomization.yaml", "buildMetadata: [managedByLabel]\n", "renders no objects"},
		"empty":       {"kustomization.yaml", "resources: [tenant.yaml]\npatches: [{target: {kind: IstioTenant}, patch: \"{$patch: delete, kind: IstioTenant, metadata: {name: sales}}\"}]\n", "renders no objects"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(checkout(t), "overlays/sales")
			require.NoError(t, os.Remove(filepath.Join(dir, c.file)))
			require.NoError(t, os.WriteFile(filepath.Join(dir, c.file), []byte(c.text), 0o444))
			stdout, stderr, err := generate(t, dir)
			require.Error(t, err)
			require.Empty(t, stdout)
			require.Contains(t, stderr, c.want)
		})
	}
}

// rendered are all objects that the examples deploy.
func rendered(t *testing.T) []*yaml.RNode {
	t.Helper()
	var all []*yaml.RNode
	for _, dir := range []string{"bases/istio/common", "overlays/sales", "overlays/dev"} {
		all = append(all, build(t, dir)...)
	}
	return all
}

func TestTheArgoCDProjectAllowsWhatIsThereAndNoMore(t *testing.T) {
	var want, got []string
	for _, o := range rendered(t) {
		if id := object.IDOf(o); object.IsClusterScoped(o) && !slices.Contains(want, id.Group+"/"+id.Kind) {
			want = append(want, id.Group+"/"+id.Kind)
		}
	}
	for _, k := range object.List(read(t, "examples/argocd/project.yaml")[0], "spec", "clusterResourceWhitelist") {
		got = append(got, object.String(k, "group")+"/"+object.String(k, "kind"))
	}
	// No shipped tenant has a floor, or lists its class of Gateways.
	require.ElementsMatch(t, append(want, "policy.networking.k8s.io/ClusterNetworkPolicy", "gateway.networking.k8s.io/GatewayClass"), got)
}

// tenants are the application namespaces of the shipped tenants.
var tenants = map[string]string{"sales": "ns-1", "dev": "ns-0"}

// beyondAnApplication are kinds that a tenant's repository must not hold: while Argo
// CD acts with its own rights, nothing else keeps them out.
var beyondAnApplication = []string{
	"Role", "RoleBinding", "ResourceQuota", "LimitRange", "NetworkPolicy", "Endpoints", "EndpointSlice", "Binding",
	"PodTemplate", "ControllerRevision", "CSIStorageCapacity", "ResourceClaim",
	"Kustomization", "HelmRelease", "Application", "ApplicationSet", "AppProject",
}

func TestArgoCDConfinesATenantsApplications(t *testing.T) {
	files := map[string][]string{"overlays/sales/tenant.yaml": {"ns-1"}, "overlays/dev/tenant.yaml": {"ns-0"}}
	own := filepath.Join(t.TempDir(), "tenant.yaml")
	require.NoError(t, os.WriteFile(own, []byte("apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioTenant\nmetadata: {name: payroll}\nspec: {admins: []}\n"), 0o600))
	files[own] = []string{"payroll"}
	files["examples/several-namespaces/tenant.yaml"] = object.Strings(read(t, "examples/several-namespaces/tenant.yaml")[0], "spec", "applicationNamespaces")
	for file, namespaces := range files {
		t.Run(file, func(t *testing.T) {
			tenant := read(t, file)[0]
			sources := projectSources(t, tenant)
			require.Len(t, sources, 1+len(namespaces))
			project := argoBuild(t, sources[0])[0]
			require.Equal(t, "tenant-"+tenant.GetName(), project.GetName())
			require.Equal(t, "argocd", project.GetNamespace())
			require.Equal(t, namespaces, object.Strings(project, "spec", "sourceNamespaces"))
			require.Empty(t, object.List(project, "spec", "clusterResourceWhitelist"))
			require.Equal(t, []string{"https://example.com/" + tenant.GetName() + "/applications.git"}, object.Strings(project, "spec", "sourceRepos"))
			var listed []string
			for _, k := range object.List(project, "spec", "namespaceResourceWhitelist") {
				listed = append(listed, object.String(k, "kind"))
				require.NotContains(t, []string{"*", "argoproj.io", "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"}, object.String(k, "group"))
			}
			require.Contains(t, listed, "Deployment")
			for _, kind := range beyondAnApplication {
				require.NotContains(t, listed, kind)
			}
			for i, namespace := range namespaces {
				require.Equal(t, namespace, object.String(object.List(project, "spec", "destinations")[i], "namespace"))
				account := object.List(project, "spec", "destinationServiceAccounts")[i]
				require.Equal(t, namespace, object.String(account, "namespace"))
				require.Equal(t, namespace+":applications", object.String(account, "defaultServiceAccount"))
				made := argoBuild(t, sources[1+i])
				require.Len(t, made, 2)
				for _, o := range made {
					require.Equal(t, namespace+"/applications", o.GetNamespace()+"/"+o.GetName())
				}
				require.Equal(t, "RoleBinding admin", made[1].GetKind()+" "+object.String(made[1], "roleRef", "name"))
				require.Equal(t, namespace, object.String(object.List(made[1], "subjects")[0], "namespace"))
			}
			require.Len(t, object.List(project, "spec", "destinations"), len(namespaces))
			require.Len(t, object.List(project, "spec", "destinationServiceAccounts"), len(namespaces))
		})
	}
}

// argoBuild builds a source as Argo CD does: with its options in the kustomization.
func argoBuild(t *testing.T, source *yaml.RNode) []*yaml.RNode {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "from"), os.DirFS(object.String(source, "path"))))
	options, err := source.Pipe(yaml.Lookup("kustomize"))
	require.NoError(t, err)
	require.NoError(t, options.PipeE(yaml.SetField("resources", yaml.NewListRNode("from"))))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte(options.MustString()), 0o600))
	return objecttest.Parse(t, kustomize(t, dir))
}

func TestArgoCDActsForThePlatformAsAnAccountThatIsThere(t *testing.T) {
	account := read(t, "examples/argocd/impersonation/account.yaml")
	project := object.List(read(t, "examples/argocd/project.yaml")[0], "spec", "destinationServiceAccounts")[0]
	require.Equal(t, account[0].GetNamespace()+":"+account[0].GetName(), object.String(project, "defaultServiceAccount"))
	require.Equal(t, "cluster-admin", object.String(account[1], "roleRef", "name"))
}

func TestTheApplicationSetMakesAnApplicationOfEachOverlay(t *testing.T) {
	set := read(t, "examples/argocd/tenants.yaml")[0]
	directories := object.List(object.List(set, "spec", "generators")[0], "git", "directories")
	pattern := object.String(directories[0], "path")
	text, err := set.String()
	require.NoError(t, err)
	for tenant := range tenants {
		dir := "overlays/" + tenant
		matches, err := filepath.Match(pattern, dir)
		require.NoError(t, err)
		require.True(t, matches)
		made, err := template.New("").Option("missingkey=error").Parse(text)
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, made.Execute(&out, map[string]any{"path": map[string]any{"path": dir, "basename": tenant}}))
		app := objecttest.Parse(t, out.String())[0]
		require.Equal(t, "tenant-"+tenant, object.String(app, "spec", "template", "metadata", "name"))
		require.Equal(t, dir, object.String(app, "spec", "template", "spec", "source", "path"))
		require.Equal(t, "istio-tenancy-v1", object.String(app, "spec", "template", "spec", "source", "plugin", "name"))
	}
}

func TestArgoCDReadsWhatIsRendered(t *testing.T) {
	for component, want := range map[string][]string{
		"rendered": {"path: rendered/common", "path: rendered/{{.path.basename}}"},
		"hydrator": {"path: bases/istio/common", "path: '{{.path.path}}'", "targetBranch: hydrated"},
	} {
		dir := t.TempDir()
		require.NoError(t, os.CopyFS(filepath.Join(dir, "argocd"), os.DirFS("examples/argocd")))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: [argocd]\ncomponents: [argocd/"+component+"]\n"), 0o600))
		text := kustomize(t, dir)
		for _, line := range want {
			require.Contains(t, text, line)
		}
		require.Equal(t, component == "hydrator", strings.Contains(text, "name: istio-tenancy-v1"))
	}
}

// Flux dry-runs all of a Kustomization before it applies any, so that what is in a
// namespace is in another Kustomization than the namespace.
func TestFluxStartsFromZero(t *testing.T) {
	paths := map[string]*yaml.RNode{}
	for _, o := range objecttest.Parse(t, kustomize(t, "examples/flux")) {
		require.Equal(t, "flux-system", o.GetNamespace(), o.GetName())
		if o.GetKind() != "Kustomization" {
			continue
		}
		require.Equal(t, "kustomize-controller", object.String(o, "spec", "serviceAccountName"), o.GetName())
		require.NotEmpty(t, object.String(o, "spec", "retryInterval"), o.GetName())
		require.NotEmpty(t, object.String(o, "spec", "timeout"), o.GetName())
		paths[object.String(o, "spec", "path")] = o
	}
	dependsOn := func(path, name string) {
		t.Helper()
		require.Contains(t, paths, path)
		require.Equal(t, name, object.String(object.List(paths[path], "spec", "dependsOn")[0], "name"))
	}
	for tenant := range tenants {
		dependsOn("./rendered/"+tenant, "tenancy-common")
		dependsOn("./examples/flux/applications/"+tenant, "tenant-"+tenant)
		require.Equal(t, "true", object.String(paths["./rendered/"+tenant], "spec", "wait"))
	}
	require.Contains(t, paths, "./rendered/common")
	require.Contains(t, paths, "./examples/flux")
	require.Len(t, paths, 2+2*len(tenants))
}

func TestTheOCIArtifactTakesThePlaceOfTheRepository(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "flux"), os.DirFS("examples/flux")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: [flux]\ncomponents: [flux/oci]\n"), 0o600))
	kinds := map[string]int{}
	for _, o := range objecttest.Parse(t, kustomize(t, dir)) {
		kinds[o.GetKind()]++
		if o.GetKind() == "Kustomization" {
			require.Equal(t, "OCIRepository", object.String(o, "spec", "sourceRef", "kind"))
		}
	}
	require.Equal(t, map[string]int{"Kustomization": 2 + 2*len(tenants), "OCIRepository": 1}, kinds)
}

func TestFluxAppliesATenantsApplicationsWithTheTenantsRights(t *testing.T) {
	for tenant, namespace := range tenants {
		seen := map[string]bool{}
		for _, o := range objecttest.Parse(t, kustomize(t, "examples/flux/applications/"+tenant)) {
			require.Equal(t, namespace, o.GetNamespace(), o.GetKind())
			seen[o.GetKind()] = true
			switch o.GetKind() {
			case "RoleBinding":
				require.Equal(t, "admin", object.String(o, "roleRef", "name"))
				subject := object.List(o, "subjects")[0]
				require.Equal(t, namespace+"/applications", object.String(subject, "namespace")+"/"+object.String(subject, "name"))
			case "Kustomization":
				require.Equal(t, "applications", object.String(o, "spec", "serviceAccountName"))
				require.Equal(t, namespace, object.String(o, "spec", "targetNamespace"))
			}
		}
		require.Len(t, seen, 4)
	}
}

// controllers are the Deployments of Flux that follow references, and the flags
// that each gets beside those it has. That they have these flags is in the
// sources of Flux 2.9: acl.Options.BindFlags of fluxcd/pkg/runtime in every
// main.go but source-controller's, and ControllerFlagDefaultServiceAccount.
var controllers = map[string][]string{
	"kustomize-controller":        {"--no-cross-namespace-refs=true", "--default-service-account=default", "--no-remote-bases=true"},
	"helm-controller":             {"--no-cross-namespace-refs=true", "--default-service-account=default"},
	"notification-controller":     {"--no-cross-namespace-refs=true"},
	"image-automation-controller": {"--no-cross-namespace-refs=true"},
	"image-reflector-controller":  {"--no-cross-namespace-refs=true"},
	"source-watcher":              {"--no-cross-namespace-refs=true"},
	"source-controller":           nil,
}

func TestTheLockdownSetsTheFlagsOfEveryController(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(dir, "component"), os.DirFS("examples/flux/lockdown")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "kustomization.yaml"), []byte("resources: [flux.yaml]\ncomponents: [component]\n"), 0o600))
	flux := "{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: flux-system, namespace: flux-system}, spec: {path: ./}}\n"
	for name := range controllers {
		flux += `---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: ` + name + `, namespace: flux-system}, spec: {template: {spec: {containers: [{name: manager, args: [--log-level=info]}]}}}}
`
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "flux.yaml"), []byte(flux), 0o600))
	seen := 0
	for _, o := range objecttest.Parse(t, kustomize(t, dir)) {
		if o.GetKind() == "Kustomization" {
			require.Equal(t, "kustomize-controller", object.String(o, "spec", "serviceAccountName"))
			continue
		}
		seen++
		want := append([]string{"--log-level=info"}, controllers[o.GetName()]...)
		require.Equal(t, want, object.Strings(object.Containers(o)[0], "args"), o.GetName())
	}
	require.Equal(t, len(controllers), seen)
}
