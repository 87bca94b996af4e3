package object_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
			kyverno.io/v1/ClusterPolicy cilium.io/v2/CiliumClusterwideNetworkPolicy constraints.gatekeeper.sh/v1beta1/K8sRequiredLabels`,
		object.Namespaced: `
			v1/Service apps/v1/Deployment extensions/v1beta1/Deployment networking.k8s.io/v1/Ingress networking.k8s.io/v1/NetworkPolicy
			autoscaling/v2/HorizontalPodAutoscaler batch/v1beta1/CronJob policy/v1beta1/PodDisruptionBudget resource.k8s.io/v1/ResourceClaim
			networking.istio.io/v1/Gateway config.istio.io/v1alpha2/RouteRule config.istio.io/v1alpha2/rule security.istio.io/v1/PeerAuthentication
			gateway.networking.k8s.io/v1/Gateway gateway.networking.k8s.io/v1/HTTPRoute kyverno.io/v1/Policy`,
		object.Unknown: `
			example.com/v1/Widget notistio.io/v1/Thing networking.k8s.io/v2/Whatever snapshot.storage.k8s.io/v1/VolumeSnapshot v1/Pond`,
	} {
		for _, kind := range strings.Fields(kinds) {
			at := strings.LastIndexByte(kind, '/')
			o := objecttest.Parse(t, "{apiVersion: "+kind[:at]+", kind: "+kind[at+1:]+", metadata: {name: a}}")[0]
			require.Equal(t, scope, object.ScopeOf(o), kind)
			require.Equal(t, scope == object.Cluster, object.IsClusterScoped(o), kind)
		}
	}
}
