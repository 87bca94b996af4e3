package limit_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/filter/limit"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/tenancy"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/objecttest"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/tenancytest"
)

// step is the filter for a tenant of which spec says more.
func step(spec func(*v1alpha1.TenantSpec), warn func(string)) tenancytest.Step {
	tenant := tenancytest.Sales("ns-1")
	spec(&tenant.Spec)
	return tenancytest.Step{
		Tenant: tenant, Version: "1.31.0", Warn: warn,
		New: func(t tenancy.Tenant) kio.Filter { return limit.Filter{Tenant: t} },
	}
}

func deployment(spec string) string {
	return "{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: ns-1}, spec: {template: {spec: {" + spec + "}}}}\n"
}

// everything has a field of every kind that may be limited.
const everything = `
{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: web, namespace: ns-1}, spec: {template: {metadata: {annotations: {sidecar.istio.io/proxyImage: other.example/proxy}},
 spec: {priorityClassName: urgent, runtimeClassName: kata, nodeSelector: {disk: ssd}, initContainers: [{name: i, image: other.example/i}], containers: [{name: a, image: nginx}],
 volumes: [{name: v, image: {reference: other.example/v}}, {name: e, ephemeral: {volumeClaimTemplate: {spec: {storageClassName: slow}}}}]}},
 volumeClaimTemplates: [{metadata: {name: d}, spec: {storageClassName: slow}}]}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web, namespace: ns-1}, spec: {}}
---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: ns-1}, spec: {ingressClassName: public}}
`

func TestATenantWithoutLimitsIsLeftAsItIs(t *testing.T) {
	text := everything + "---\n{apiVersion: v1, kind: Namespace, metadata: {name: ns-1}}\n"
	want := objecttest.String(t, objecttest.Parse(t, text))
	require.Equal(t, want, objecttest.Run(t, step(func(*v1alpha1.TenantSpec) {}, nil), text))
}

func TestWhatWouldBeRefusedLaterIsRefused(t *testing.T) {
	const names, of = "found ", " of the tenant has "
	const later, class = ", so that its Pods would be refused when they start; add ", ", so that it would be refused; add it there, or take another class"
	image := func(at, image, add string) string {
		return at + names + image + ", and spec.allowed.registries" + of + "registry.example/sales" + later + add + " there, or take another image"
	}
	for _, row := range []struct {
		name   string
		spec   func(*v1alpha1.TenantSpec)
		object string
		want   []string
	}{
		{"images", func(s *v1alpha1.TenantSpec) { s.Allowed.Registries = []string{"registry.example/sales"} }, everything, []string{
			image("StatefulSet ns-1/web: spec.template.spec.initContainers[0].image: ", "other.example/i", "other.example"),
			image("StatefulSet ns-1/web: spec.template.spec.containers[0].image: ", "nginx", "docker.io/library"),
			image("StatefulSet ns-1/web: spec.template.spec.volumes[0].image.reference: ", "other.example/v", "other.example"),
			image("StatefulSet ns-1/web: spec.template.metadata.annotations[sidecar.istio.io/proxyImage]: ", "other.example/proxy", "other.example"),
		}},
		{"a registry that begins alike", func(s *v1alpha1.TenantSpec) { s.Allowed.Registries = []string{"registry.example/sales"} },
			deployment("containers: [{name: a, image: registry.example/sales2/a}, {name: b, image: registry.example/sales/b:1}, {name: c, image: auto}]"),
			[]string{image("Deployment ns-1/web: spec.template.spec.containers[0].image: ", "registry.example/sales2/a", "registry.example/sales2")}},
		{"no image at all", func(s *v1alpha1.TenantSpec) { s.Allowed.Registries = []string{} }, deployment("containers: [{name: a, image: nginx}]"),
			[]string{"Deployment ns-1/web: spec.template.spec.containers[0].image: found nginx, and spec.allowed.registries of the tenant has none" + later + "docker.io/library there, or take another image"}},
		{"the injector's", func(s *v1alpha1.TenantSpec) { s.Allowed.Registries = []string{"registry.example/sales"} },
			`{apiVersion: v1, kind: ConfigMap, metadata: {name: istio-sidecar-injector-sales, namespace: istio-system1}, data: {values: '{"global":{"hub":"docker.io/istio","proxy":{"image":"proxyv2"},"proxy_init":{"image":"a.example/init:1"}}}'}}`,
			[]string{
				image("ConfigMap istio-system1/istio-sidecar-injector-sales: data[values]: global.hub: ", "docker.io/istio/proxyv2", "docker.io/istio"),
				image("ConfigMap istio-system1/istio-sidecar-injector-sales: data[values]: global.proxy_init.image: ", "a.example/init:1", "a.example"),
			}},
		{"StorageClasses", func(s *v1alpha1.TenantSpec) { s.Allowed.StorageClasses = []string{"fast"} }, everything, []string{
			`StatefulSet ns-1/web: spec.volumeClaimTemplates[0].spec.storageClassName: found "slow", and spec.allowed.storageClasses of the tenant has fast` + class,
			`StatefulSet ns-1/web: spec.template.spec.volumes[1].ephemeral.volumeClaimTemplate.spec.storageClassName: found "slow", and spec.allowed.storageClasses of the tenant has fast` + class,
		}},
		{"no StorageClass", func(s *v1alpha1.TenantSpec) { s.Allowed.StorageClasses = []string{} }, `{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web, namespace: ns-1}, spec: {}}`,
			[]string{`PersistentVolumeClaim ns-1/web: spec.storageClassName: is missing, and spec.allowed.storageClasses of the tenant has no class, so that it would be refused; leave it out, or add a class there`}},
		{"field and annotation", func(s *v1alpha1.TenantSpec) { s.Allowed.StorageClasses = []string{"fast"} },
			`{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: web, namespace: ns-1, annotations: {volume.beta.kubernetes.io/storage-class: slow}}, spec: {storageClassName: ""}}`, []string{
				`PersistentVolumeClaim ns-1/web: spec.storageClassName: found "", and spec.allowed.storageClasses of the tenant has fast` + class,
				`PersistentVolumeClaim ns-1/web: metadata.annotations.volume.beta.kubernetes.io/storage-class: found "slow", and spec.allowed.storageClasses of the tenant has fast` + class,
			}},
		{"PriorityClasses", func(s *v1alpha1.TenantSpec) { s.Allowed.PriorityClasses = []string{"batch"} }, everything,
			[]string{`StatefulSet ns-1/web: spec.template.spec.priorityClassName: found "urgent", and spec.allowed.priorityClasses of the tenant has batch` + class}},
		{"RuntimeClasses", func(s *v1alpha1.TenantSpec) { s.Allowed.RuntimeClasses = []string{"gvisor"} }, everything,
			[]string{`StatefulSet ns-1/web: spec.template.spec.runtimeClassName: found "kata", and spec.allowed.runtimeClasses of the tenant has gvisor` + class}},
		{"IngressClasses", func(s *v1alpha1.TenantSpec) { s.Allowed.IngressClasses = []string{"nginx"} }, everything,
			[]string{`Ingress ns-1/web: spec.ingressClassName: found "public", and spec.allowed.ingressClasses of the tenant has nginx` + class}},
		{"an IngressClass by the annotation", func(s *v1alpha1.TenantSpec) { s.Allowed.IngressClasses = []string{"nginx"} },
			`{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: ns-1, annotations: {kubernetes.io/ingress.class: istio}}, spec: {}}`,
			[]string{`Ingress ns-1/web: metadata.annotations.kubernetes.io/ingress.class: found "istio", and spec.allowed.ingressClasses of the tenant has nginx` + class}},
		{"other nodes", func(s *v1alpha1.TenantSpec) { s.NodeSelector = map[string]string{"disk": "hdd", "pool": "sales"} }, everything,
			[]string{`StatefulSet ns-1/web: spec.template.spec.nodeSelector.disk: found "ssd"; must be "hdd", which spec.nodeSelector of the tenant says, or absent`}},
	} {
		t.Run(row.name, func(t *testing.T) {
			require.Equal(t, strings.Join(row.want, "\n"), objecttest.RunError(t, step(row.spec, nil), row.object))
		})
	}
}

func TestWhatIsAllowedIsTaken(t *testing.T) {
	all := step(func(s *v1alpha1.TenantSpec) {
		s.Allowed = v1alpha1.Allowed{Registries: []string{"docker.io", "other.example"}, StorageClasses: []string{"slow"}, PriorityClasses: []string{"urgent"},
			IngressClasses: []string{"public"}, RuntimeClasses: []string{"kata"}}
	}, nil)
	want := objecttest.String(t, objecttest.Parse(t, everything))
	require.Equal(t, want, objecttest.Run(t, all, everything))
	none := step(func(s *v1alpha1.TenantSpec) {
		s.Allowed = v1alpha1.Allowed{PriorityClasses: []string{}, RuntimeClasses: []string{}, StorageClasses: []string{"fast"}, IngressClasses: []string{"nginx"}}
	}, nil)
	objecttest.Run(t, none, deployment("containers: [{name: a, image: nginx}]")+`---
{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: of-default-class, namespace: ns-1}, spec: {}}
---
{apiVersion: v1, kind: PersistentVolumeClaim, metadata: {name: of-default-class, namespace: ns-1}, spec: {}}
`)
}

func TestNamespacesOfTheUsersOwnAreSaidInAWarning(t *testing.T) {
	var warnings []string
	s := step(func(s *v1alpha1.TenantSpec) {
		s.CreateNamespaces, s.Suspended = new(bool), new(true)
		s.Allowed.Registries = []string{"a.example", "b.example"}
	}, func(w string) { warnings = append(warnings, w) })
	objecttest.Run(t, s, deployment("containers: [{name: a, image: a.example/a}]"))
	require.Equal(t, []string{`spec.allowed.registries, spec.suspended: has no effect until you write it into the Namespaces istio-system1, ns-1, since spec.createNamespaces is false: ` +
		`labels {istio-tenancy.dev/allowed-registries: "true", istio-tenancy.dev/suspended: "true"}, ` +
		`annotations {istio-tenancy.dev/allowed-registries: "a.example,b.example", istio-tenancy.dev/control-plane: "istio-system1"}`}, warnings)
}

func TestAGatewayOfWhichNobodySeesThePodsIsSaidInAWarning(t *testing.T) {
	const gateway = "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: web, namespace: ns-1}, spec: {gatewayClassName: istio}}\n"
	var warnings []string
	s := step(func(s *v1alpha1.TenantSpec) { s.NodeSelector = map[string]string{"pool": "sales"} }, func(w string) { warnings = append(warnings, w) })
	objecttest.Run(t, s, gateway)
	require.Equal(t, []string{`Gateway ns-1/web: spec.infrastructure.parametersRef: is missing, so that the Pods that istiod deploys for it have no nodeSelector, and are refused; name a ConfigMap whose ` +
		`key deployment has spec.template.spec.nodeSelector: {pool: "sales"}, as spec.nodeSelector of the tenant has it`}, warnings)
	warnings = nil
	objecttest.Run(t, s, strings.Replace(gateway, "spec: {", "spec: {infrastructure: {parametersRef: {group: '', kind: ConfigMap, name: a}}, ", 1))
	objecttest.Run(t, s, gateway+"---\n{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: istio-system1, labels: {gateway.istio.io/defaults-for-class: istio-sales}}}\n")
	objecttest.Run(t, s, "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: web, namespace: ns-1}, spec: {}}\n")
	require.Empty(t, warnings)
}
