package object_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
)

func TestScope(t *testing.T) {
	for scope, kinds := range map[object.Scope]string{
		object.Cluster: `
			v1/Namespace v1/Node v1/PersistentVolume
			admissionregistration.k8s.io/v1/MutatingAdmissionPolicy admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding
			flowcontrol.apiserver.k8s.io/v1/FlowSchema flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration
			networking.k8s.io/v1/ServiceCIDR networking.k8s.io/v1/IPAddress networking.k8s.io/v1/IngressClass
			resource.k8s.io/v1/DeviceClass resource.k8s.io/v1/ResourceSlice resource.k8s.io/v1beta2/DeviceTaintRule
			storage.k8s.io/v1/VolumeAttributesClass storagemigration.k8s.io/v1beta1/StorageVersionMigration
			certificates.k8s.io/v1beta1/ClusterTrustBundle internal.apiserver.k8s.io/v1alpha1/StorageVersion
			apiregistration.k8s.io/v1/APIService rbac.authorization.k8s.io/v1/ClusterRole policy/v1beta1/PodSecurityPolicy
			gateway.networking.k8s.io/v1/GatewayClass authentication.istio.io/v1alpha1/MeshPolicy
			argoproj.io/v1alpha1/ClusterWorkflowTemplate projectcalico.org/v3/GlobalNetworkPolicy
			kyverno.io/v1/ClusterPolicy cilium.io/v2/CiliumClusterwideNetworkPolicy snapshot.storage.k8s.io/v1/VolumeSnapshotClass constraints.gatekeeper.sh/v1beta1/K8sRequiredLabels`,
		object.Namespaced: `
			v1/Service apps/v1/Deployment extensions/v1beta1/Deployment networking.k8s.io/v1/Ingress networking.k8s.io/v1/NetworkPolicy
			autoscaling/v2/HorizontalPodAutoscaler batch/v1beta1/CronJob policy/v1beta1/PodDisruptionBudget resource.k8s.io/v1/ResourceClaim
			networking.istio.io/v1/Gateway config.istio.io/v1alpha2/RouteRule config.istio.io/v1alpha2/rule security.istio.io/v1/PeerAuthentication
			gateway.networking.k8s.io/v1/Gateway gateway.networking.k8s.io/v1/HTTPRoute kyverno.io/v1/Policy snapshot.storage.k8s.io/v1/VolumeSnapshot
			projectcalico.org/v3/NetworkPolicy tekton.dev/v1/Task cert-manager.io/v1/Certificate metrics.k8s.io/v1beta1/PodMetrics`,
		object.Unknown: `
			example.com/v1/Widget notistio.io/v1/Thing networking.k8s.io/v2/Whatever
			v1/Pond v1/configmap v1/List v1/ConfigMapList example.com/v1/Namespace Networking.istio.io/v1/Gateway`,
	} {
		for _, kind := range strings.Fields(kinds) {
			at := strings.LastIndexByte(kind, '/')
			o := objecttest.Parse(t, "{apiVersion: "+kind[:at]+", kind: "+kind[at+1:]+", metadata: {name: a}}")[0]
			require.Equal(t, scope, object.ScopeOf(o), kind)
			require.Equal(t, scope == object.Cluster, object.IsClusterScoped(o), kind)
		}
	}
}

// TestListsAreSound: a line that cannot be found would make its kinds unknown,
// and a kind with both scopes would be taken for the cluster's.
func TestListsAreSound(t *testing.T) {
	scopes := map[string]string{}
	for _, file := range []string{"kinds.txt", "others.txt"} {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		last := ""
		for line := range strings.Lines(string(text)) {
			words := strings.Fields(line)
			if len(words) == 0 || strings.HasPrefix(line, "#") {
				continue
			}
			require.Less(t, last, words[0]+" "+words[1], "%s is sorted", file)
			last = words[0] + " " + words[1]
			require.Equal(t, strings.Join(words, " ")+"\n", line, file)
			scope := map[string]object.Scope{"cluster": object.Cluster, "namespaced": object.Namespaced}[words[1]]
			for _, kind := range words[2:] {
				require.Empty(t, scopes[words[0]+" "+kind], "%s: %s %s is there twice", file, words[0], kind)
				scopes[words[0]+" "+kind] = words[1]
				if kind == "*" {
					kind = "Anything"
				}
				o := objecttest.Parse(t, "{apiVersion: "+words[0]+"/v1, kind: "+kind+", metadata: {name: a}}")[0]
				require.Equal(t, scope, object.ScopeOf(o), line)
			}
		}
	}
	require.Greater(t, len(scopes), 250)
}

func TestResourcesOfListedKinds(t *testing.T) {
	for resource, want := range map[[2]string]bool{
		{"", "nodes"}: true, {"", "nodes/proxy"}: true, {"", "pods"}: false,
		{"gateway.networking.k8s.io", "gatewayclasses"}: true, {"gateway.networking.k8s.io", "gateways"}: false,
		{"authentication.istio.io", "meshpolicies"}: true, {"rbac.istio.io", "clusterrbacconfigs"}: true,
		{"networking.istio.io", "syntheticserviceentries"}: true, {"networking.istio.io", "virtualservices"}: false,
		{"cilium.io", "ciliumclusterwidenetworkpolicies"}: true,
	} {
		require.Equal(t, want, object.IsClusterResource(resource[0], resource[1]), resource)
	}
}

// TestTheSchemaOfKustomizeSaysTheSame: what the lists say of Kubernetes' own kinds
// is compared with a source that nobody here has written.
func TestTheSchemaOfKustomizeSaysTheSame(t *testing.T) {
	compared := 0
	for _, definition := range openapi.Schema().Definitions {
		kinds, _ := definition.Extensions["x-kubernetes-group-version-kind"].([]any)
		for _, k := range kinds {
			kind := k.(map[string]any)
			group, version, name := kind["group"].(string), kind["version"].(string), kind["kind"].(string)
			apiVersion := strings.TrimPrefix(group+"/"+version, "/")
			namespaced, found := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: apiVersion, Kind: name})
			if !found || name == "Scale" || strings.HasSuffix(name, "Options") || name == "TokenRequest" || name == "Eviction" || name == "Binding" {
				continue // a subresource is no object of its own
			}
			want := map[bool]object.Scope{true: object.Namespaced, false: object.Cluster}[namespaced]
			o := objecttest.Parse(t, "{apiVersion: "+apiVersion+", kind: "+name+", metadata: {name: a}}")[0]
			require.Equal(t, want, object.ScopeOf(o), apiVersion+"/"+name)
			compared++
		}
	}
	require.Greater(t, compared, 50)
}

// TestNoKustomizationTeachesAScope: kustomize reads the file under openapi of a
// kustomization into the one schema of its process.
func TestNoKustomizationTeachesAScope(t *testing.T) {
	t.Cleanup(openapi.ResetOpenAPI)
	for kind, want := range map[string]object.Scope{
		"gateway.networking.k8s.io/v1/GatewayClass": object.Cluster, "kyverno.io/v1/ClusterPolicy": object.Cluster, "example.com/v1/Widget": object.Unknown,
	} {
		p := strings.Split(kind, "/")
		require.NoError(t, openapi.AddSchema([]byte(`{"paths": {"/apis/`+p[0]+`/`+p[1]+`/namespaces/{namespace}/things/{name}": {"get": {`+
			`"x-kubernetes-action": "get", "x-kubernetes-group-version-kind": {"group": "`+p[0]+`", "version": "`+p[1]+`", "kind": "`+p[2]+`"}}}}}`)))
		taught, found := openapi.IsNamespaceScoped(yaml.TypeMeta{APIVersion: p[0] + "/" + p[1], Kind: p[2]})
		require.True(t, taught && found, kind)
		o := objecttest.Parse(t, "{apiVersion: "+p[0]+"/"+p[1]+", kind: "+p[2]+", metadata: {name: a}}")[0]
		require.Equal(t, want, object.ScopeOf(o), kind)
	}
}
