package split_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/split"
)

const istiod = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: istiod
  namespace: istio-system
spec:
  template:
    spec:
      containers:
      - name: discovery
        image: docker.io/istio/pilot:1.31.0
        args: [discovery]
`

// meta is an object that has nothing but a name.
func meta(apiVersion, kind, namespace, name string) string {
	o := "---\napiVersion: " + apiVersion + "\nkind: " + kind + "\nmetadata:\n  name: " + name + "\n"
	if namespace != "" {
		o += "  namespace: " + namespace + "\n"
	}
	return o
}

func TestFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "base")
	s, err := split.Run(strings.NewReader(
		meta("v1", "Service", "istio-system", "istiod")+"---\n"+istiod+
			meta("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "gateways.networking.istio.io")+
			meta("v1", "Service", "istio-system", "gateway")), "in/a file.yaml", dir)
	require.NoError(t, err)
	require.Equal(t, `in/a file.yaml: Istio 1.31.0 in istio-system, 4 objects
common            1: 1 CustomResourceDefinition
control-plane     3: 1 Deployment, 2 Service
added: `+strings.Join(s.Added, ", ")+"\n", s.String())

	require.Equal(t, `# From a file.yaml, Istio 1.31.0, by istio-tenancy split.
# What is deployed once per tenant. Its namespace is a placeholder that no API server
# accepts; an overlay with an IstioTenant replaces it.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- service.yaml
- deployment.yaml
`, text(t, dir, "control-plane/kustomization.yaml"))
	require.Equal(t, `# From a file.yaml, Istio 1.31.0, by istio-tenancy split.
---
apiVersion: v1
kind: Service
metadata:
  name: istiod
  namespace: ISTIO_TENANT_NAMESPACE
---
apiVersion: v1
kind: Service
metadata:
  name: gateway
  namespace: ISTIO_TENANT_NAMESPACE
`, text(t, dir, "control-plane/service.yaml"))
	require.Contains(t, text(t, dir, "common/kustomization.yaml"), "\nresources:\n- customresourcedefinition.yaml\n- tenancy\n")

	shipped, err := filepath.Glob("../../../bases/tenancy/*.yaml")
	require.NoError(t, err)
	require.Len(t, s.Added, len(shipped))
	for _, file := range shipped {
		require.Equal(t, text(t, file), text(t, dir, "common/tenancy", filepath.Base(file)))
	}
	for _, d := range []string{dir, filepath.Join(dir, "common")} {
		info, err := os.Stat(d)
		require.NoError(t, err)
		require.NotZero(t, info.Mode()&0o050, "readable by others, as any new directory")
	}
	beside, err := os.ReadDir(filepath.Dir(dir))
	require.NoError(t, err)
	require.Len(t, beside, 1)
}

func text(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(b)
}

func TestParts(t *testing.T) {
	for object, want := range map[string]string{
		meta("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition", "", "x"):             split.Common,
		meta("gateway.networking.k8s.io/v1", "GatewayClass", "", "x"):                         split.Common,
		meta("networking.k8s.io/v1", "IngressClass", "", "x"):                                 split.Common,
		meta("scheduling.k8s.io/v1", "PriorityClass", "", "x"):                                split.Common,
		meta("apiregistration.k8s.io/v1", "APIService", "", "x"):                              split.Common,
		meta("policy/v1beta1", "PodSecurityPolicy", "", "x"):                                  split.Common,
		meta("authentication.istio.io/v1alpha1", "MeshPolicy", "", "default"):                 split.Common,
		meta("v1", "Namespace", "", "istio-system"):                                           split.ControlPlane,
		meta("v1", "Namespace", "", "istio-ingress"):                                          split.Common,
		meta("apps/v1", "DaemonSet", "istio-system", "ztunnel"):                               split.Common,
		meta("apps/v1", "DaemonSet", "kube-system", "istio-cni-node"):                         split.Common,
		meta("v1", "ConfigMap", "istio-system", "istio-cni-config"):                           split.Common,
		meta("rbac.authorization.k8s.io/v1", "ClusterRole", "", "istio-cni-repair-role"):      split.Common,
		meta("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", "default", "istio-cni"):     split.Common,
		meta("rbac.authorization.k8s.io/v1", "RoleBinding", "kube-system", "x"):               split.Common,
		meta("rbac.authorization.k8s.io/v1", "ClusterRole", "", "istio-reader"):               split.ControlPlane,
		meta("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding", "", "x"):              split.ControlPlane,
		meta("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "", "x"):    split.ControlPlane,
		meta("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration", "", "x"): split.ControlPlane,
		meta("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "", "x"):  split.ControlPlane,
		meta("v1", "ServiceAccount", "istio-system", "istio-reader-service-account"):          split.ControlPlane,
		meta("networking.istio.io/v1", "EnvoyFilter", "istio-system", "istio-cnidarian"):      split.ControlPlane,
		meta("config.istio.io/v1alpha2", "kubernetes", "istio-system", "handler"):             split.ControlPlane,
		meta("v1", "ConfigMap", "", "without-a-namespace"):                                    split.ControlPlane,
		meta("example.com/v1", "Thing", "", "x") + meta("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", "things.example.com") +
			"spec: {group: example.com, scope: Cluster, names: {kind: Thing}}\n": split.Common,
	} {
		t.Run(strings.Join(strings.Fields(object), " "), func(t *testing.T) {
			s, err := split.Run(strings.NewReader(object+"---\n"+istiod), "f", filepath.Join(t.TempDir(), "x"))
			require.NoError(t, err)
			kind := strings.Fields(object)[4]
			got := map[string]int{split.Common: s.Common[kind], split.ControlPlane: s.ControlPlane[kind]}
			require.Equal(t, map[string]int{split.Common: 0, split.ControlPlane: 0, want: 1}, got)
		})
	}
}

// TestReserve holds that no object of the control plane has the name of another Istio's.
func TestReserve(t *testing.T) {
	const rbac, admission = "rbac.authorization.k8s.io/v1", "admissionregistration.k8s.io/v1"
	dir := filepath.Join(t.TempDir(), "x")
	s, err := split.Run(strings.NewReader(istiod+
		meta(admission, "ValidatingWebhookConfiguration", "", "istiod-default-validator")+
		meta(admission, "ValidatingWebhookConfiguration", "", "istio-validator-istio-system")+
		meta(admission, "ValidatingAdmissionPolicy", "", "stable-channel-default-policy.istio.io")+
		meta(admission, "ValidatingAdmissionPolicyBinding", "", "own.istio.io")+"spec: {policyName: stable-channel-default-policy.istio.io}\n"+
		meta(rbac, "ClusterRole", "", "x")+
		meta(rbac, "ClusterRoleBinding", "", "x-istio-system")+"roleRef: {kind: ClusterRole, name: x}\n"+
		meta(rbac, "RoleBinding", "istio-system", "x")+"roleRef: {kind: Role, name: x}\n"+
		meta(rbac, "RoleBinding", "istio-system", "view")+"roleRef: {kind: ClusterRole, name: view}\n"), "f", dir)
	require.NoError(t, err)
	require.Equal(t, []string{
		"no CustomResourceDefinitions; split them together with the rest, or apply them first (istio-init, istio-base)",
		"ValidatingWebhookConfiguration istiod-default-validator is now istiod-default-validator-ISTIO_TENANT_NAMESPACE, a name that no other Istio in the cluster has",
		"ValidatingAdmissionPolicy stable-channel-default-policy.istio.io is now stable-channel-default-policy-ISTIO_TENANT_NAMESPACE.istio.io, a name that no other Istio in the cluster has",
		"ValidatingAdmissionPolicyBinding own.istio.io is now own-ISTIO_TENANT_NAMESPACE.istio.io, a name that no other Istio in the cluster has",
		"ClusterRole x is now x-ISTIO_TENANT_NAMESPACE, a name that no other Istio in the cluster has",
	}, s.Notes)
	for file, want := range map[string]string{
		"validatingwebhookconfiguration.yaml":   "name: istio-validator-ISTIO_TENANT_NAMESPACE\n",
		"validatingadmissionpolicybinding.yaml": "policyName: stable-channel-default-policy-ISTIO_TENANT_NAMESPACE.istio.io",
		"clusterrolebinding.yaml":               "name: x-ISTIO_TENANT_NAMESPACE\nroleRef: {kind: ClusterRole, name: x-ISTIO_TENANT_NAMESPACE}",
		"rolebinding.yaml":                      "roleRef: {kind: Role, name: x}",
	} {
		require.Contains(t, text(t, dir, "control-plane", file), want)
	}
	require.Contains(t, text(t, dir, "control-plane/rolebinding.yaml"), "roleRef: {kind: ClusterRole, name: view}")
}

func TestRepairsAndNotes(t *testing.T) {
	dir := t.TempDir() // an empty directory is as good as none
	s, err := split.Run(strings.NewReader(istiod+
		meta("v1", "ConfigMap", "", "a")+
		meta("rbac.authorization.k8s.io/v1beta1", "ClusterRole", "istio-system", "b")+
		meta("apps/v1", "DaemonSet", "istio-cni", "istio-cni-node")+
		meta("v1", "Service", "istio-ingress", "c")+meta("v1", "Namespace", "", "istio-ingress")), "f", dir)
	require.NoError(t, err)
	require.Equal(t, []string{
		"f: ConfigMap a: has no metadata.namespace; put in the control plane's, istio-system",
		"f: ClusterRole istio-system/b: metadata.namespace dropped; a ClusterRole has none",
	}, s.Repairs)
	require.Equal(t, []string{
		"DaemonSet istio-cni/istio-cni-node is outside the control plane's namespace, so it is in common, as it is",
		"Service istio-ingress/c is outside the control plane's namespace, so it is in common, as it is",
		"no CustomResourceDefinitions; split them together with the rest, or apply them first (istio-init, istio-base)",
		"common has objects in namespaces that it does not create: istio-cni",
		"ClusterRole b is now b-ISTIO_TENANT_NAMESPACE, a name that no other Istio in the cluster has",
	}, s.Notes)
	require.Contains(t, text(t, dir, "control-plane/configmap.yaml"), "namespace: ISTIO_TENANT_NAMESPACE")
	require.Contains(t, s.String(), "\nrepaired: f: ConfigMap a: ")
	require.Contains(t, s.String(), "\nnote: common has ")
}

func TestErrors(t *testing.T) {
	renamed := strings.Replace(istiod, "name: istiod", "name: istiod-canary", 1)
	for name, test := range map[string]struct{ in, err string }{
		"no control plane":         {meta("apps/v1", "Deployment", "monitoring", "grafana"), "found Deployment monitoring/grafana"},
		"no Deployment":            {meta("v1", "ConfigMap", "istio-system", "istio"), "found no Deployment"},
		"two control planes":       {istiod + "---\n" + renamed, "2 control planes: Deployment istio-system/istiod, Deployment istio-system/istiod-canary"},
		"no namespace":             {strings.Replace(istiod, "  namespace: istio-system\n", "", 1), `Deployment istiod: metadata.namespace: found ""; render with a namespace of its own`},
		"namespace default":        {strings.Replace(istiod, "istio-system", "default", 1), `Deployment default/istiod: metadata.namespace: found "default"; render with a namespace`},
		"revision":                 {istiod + meta("v1", "Service", "istio-system", "a") + "  labels: {istio.io/rev: sales}\n" + meta("v1", "Service", "istio-system", "b") + "  labels: {istio.io/rev: sales}\n", `f: rendered with revision "sales" (label istio.io/rev of Service istio-system/a and 1 more); render without a revision`},
		"with and without a place": {istiod + meta("v1", "Service", "istio-system", "a") + meta("v1", "Service", "", "a"), "f: Service istio-system/a: is in the input twice"},
		"a kustomization":          {istiod + meta("kustomize.config.k8s.io/v1beta1", "Kustomization", "", "a"), "is no part of Istio; split what `kustomize build` makes of it"},
		"no YAML":                  {"\t", "f:1: document 1: found character that cannot start any token"},
	} {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			s, err := split.Run(strings.NewReader(test.in), "f", filepath.Join(parent, "x", "y"))
			require.ErrorContains(t, err, test.err)
			require.Zero(t, s)
			left, err := os.ReadDir(parent)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestTargetErrors(t *testing.T) {
	full := t.TempDir()
	file := filepath.Join(full, "kept")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	empty := t.TempDir()
	t.Chdir(empty)
	for dir, want := range map[string]string{
		"":                         "no directory to write to; name a new one",
		full:                       full + ": is not empty (kept); name a new directory",
		".":                        ".: is the working directory",
		file:                       "not a directory",
		filepath.Join(file, "dir"): "not a directory",
	} {
		_, err := split.Run(strings.NewReader(istiod), "f", dir)
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, "x", text(t, file))
}

// TestAgain holds that a base is a manifest, too, and that the same input gives
// the same files.
func TestAgain(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	_, err := split.Run(strings.NewReader(istiod), "f", first)
	require.NoError(t, err)
	base := text(t, first, "control-plane/deployment.yaml")
	s, err := split.Run(strings.NewReader(base), "f", second)
	require.NoError(t, err)
	require.Equal(t, "ISTIO_TENANT_NAMESPACE", s.Namespace)
	require.Contains(t, text(t, second, "control-plane/deployment.yaml"), strings.TrimPrefix(base, "# From f, Istio 1.31.0, by istio-tenancy split.\n"))
}

func TestTheImageOfTheAPIProxyIsStated(t *testing.T) {
	dir := t.TempDir()
	_, err := split.Options{APIProxyImage: "registry.example/istio-tenancy:1.0"}.Run(strings.NewReader(istiod), "f", dir)
	require.NoError(t, err)
	require.Contains(t, text(t, dir, "control-plane/deployment.yaml"), "    istio-tenancy.dev/api-proxy-image: 'registry.example/istio-tenancy:1.0'\n")
	again := t.TempDir()
	_, err = split.Options{APIProxyImage: "other"}.Run(strings.NewReader(text(t, dir, "control-plane/deployment.yaml")), "f", again)
	require.NoError(t, err)
	require.Contains(t, text(t, again, "control-plane/deployment.yaml"), "    istio-tenancy.dev/api-proxy-image: 'other'\n")
}
