package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// limits are what the file of a tenant says for these tests.
const limits = `spec:
  allowed:
    registries: [registry.example/sales, registry.example:5000, docker.io/istio, docker.io/library/nginx]
    storageClasses: [fast]
    priorityClasses: [batch]
    ingressClasses: [nginx]
    runtimeClasses: [gvisor]
  nodeSelector: {pool: kiosk, example.com/zone: a}
  limitRange:
  - {type: Container, default: {memory: 64Mi}, max: {memory: 1Gi}}
`

// clusterClasses are what every tenant of the cluster may take.
const clusterClasses = `
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: fast}, provisioner: example.com/x}
---
{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: slow}, provisioner: example.com/x}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: nginx}, spec: {controller: example.com/x}}
---
{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: public}, spec: {controller: example.com/x}}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: batch}, value: 10}
---
{apiVersion: scheduling.k8s.io/v1, kind: PriorityClass, metadata: {name: urgent}, value: 1000000}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: gvisor}, handler: runsc}
---
{apiVersion: node.k8s.io/v1, kind: RuntimeClass, metadata: {name: kata}, handler: kata}
`

const (
	pool   = `"nodeSelector":{"pool":"kiosk","example.com/zone":"a"}`
	within = "registry.example/sales/app:1"
	sum    = "@sha256:0000000000000000000000000000000000000000000000000000000000000000"
)

// limited is a request of a tenant in a namespace of its own, and the policy
// that refuses it; "" is none.
type limited struct{ name, policy, kind, body string }

// limitedPod is a Pod that nobody injects, with fields of its spec; it has an image
// that is allowed, and the nodeSelector, unless these say otherwise.
func limitedPod(fields string) string {
	if !strings.Contains(fields, `"nodeSelector"`) {
		fields = pool + "," + fields
	}
	if !strings.Contains(fields, `"containers"`) {
		fields += `"containers":[{"name":"x","image":"` + within + `"}]`
	}
	return `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"limited","labels":{"sidecar.istio.io/inject":"false"}},"spec":{` + fields + `}}`
}

// images are every way to name an image of another registry, or of an allowed one.
var foreignImages = []string{
	"x", "busybox", "nginx2", "istio2/x", "other/nginx", "evil.example/x", "evil.example/registry.example/sales/x", "registry.example/x", "registry.example/sales2/x", "registry.example/sale/s",
	"registry.example/sales-2/x", "registry.example", "registry.example.evil/sales/x", "xregistry.example/sales/x", "registry.example:443/sales/x", "registry.example:50000/x",
	"Registry.example/sales/x", "REGISTRY.EXAMPLE/sales/x", "registry.example/Sales/x", "registry.example/sales/../evil/x", "registry.example/sales/./x",
	"registry.example/sales//x", "registry.example//sales/x", "registry.example/sales/x%2f..", "registry.example/sales/", "evil.example/x@registry.example/sales/x", "evil.example/x:registry.example/sales/x",
	"registry.example/sales/x:a/b", "registry.example/sales/x:a:b", "evil.example/x:1", "evil.example/x" + sum, "evil.example/x:1" + sum, "docker.io/x", "docker.io/nginx2", "docker.io/library/x",
	"docker.io/library/nginx/x/../../y", "docker.io:443/istio/pilot", "index.docker.io/x", "index.docker.io/library/x", "Docker.io/istio/pilot", "registry-1.docker.io/istio/pilot", "istio.docker.io/x",
	"docker.io/istio2/pilot", "library/busybox", "docker.io.evil.example/istio/pilot", "index.docker.io.evil.example/istio/x",
}

var allowedImages = []string{
	"registry.example/sales", "registry.example/sales:1", "registry.example/sales/x", within, "registry.example/sales/a/b-c__d.e" + sum, "registry.example/sales/x:1" + sum,
	"registry.example:5000/x", "registry.example:5000/a/b:1" + sum, "istio/pilot", "istio/proxyv2:1.31.0", "docker.io/istio/pilot:1.31.0", "index.docker.io/istio/pilot", "istio/pilot" + sum,
	"nginx", "nginx:1.0", "nginx" + sum, "library/nginx", "docker.io/nginx", "docker.io/library/nginx:1", "index.docker.io/nginx", "index.docker.io/library/nginx",
}

// inEveryPlace are Pods that have an image in one place each.
func inEveryPlace(image string) map[string]string {
	const fine = `"containers":[{"name":"x","image":"` + within + `"}]`
	return map[string]string{
		"a container":        limitedPod(`"containers":[{"name":"w","image":"` + within + `"},{"name":"x","image":"` + image + `"}]`),
		"an init container":  limitedPod(`"initContainers":[{"name":"i","image":"` + within + `"},{"name":"j","image":"` + image + `"}],` + fine),
		"a sidecar":          limitedPod(`"initContainers":[{"name":"i","image":"` + image + `","restartPolicy":"Always"}],` + fine),
		"a volume's content": limitedPod(`"volumes":[{"name":"e","emptyDir":{}},{"name":"v","image":{"reference":"` + image + `"}}],` + fine),
	}
}

func claimOf(fields, annotations string) string {
	return `{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"limited"` + annotations + `},"spec":{` + fields +
		`"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"1Gi"}}}}`
}

func ingressOf(fields, annotations string) string {
	return `{"apiVersion":"networking.k8s.io/v1","kind":"Ingress","metadata":{"name":"limited"` + annotations + `},"spec":{` + fields +
		`"defaultBackend":{"service":{"name":"x","port":{"number":80}}}}}`
}

func storageNote(class string) string {
	return `,"annotations":{"volume.beta.kubernetes.io/storage-class":"` + class + `"}`
}

func ingressNote(class string) string {
	return `,"annotations":{"kubernetes.io/ingress.class":"` + class + `"}`
}

// limitedRequests are what a tenant with limits asks for.
func limitedRequests() (all []limited) {
	add := func(policy, kind, name, body string) { all = append(all, limited{name, policy, kind, body}) }
	for _, image := range foreignImages {
		for where, body := range inEveryPlace(image) {
			add("registries", "pods", "the image "+image+" of "+where, body)
		}
	}
	for _, image := range allowedImages {
		for where, body := range inEveryPlace(image) {
			add("", "pods", "the image "+image+" of "+where, body)
		}
	}
	for class, policy := range map[string]string{"fast": "", "slow": "storageclasses", "": "storageclasses", "fast2": "storageclasses", "fas": "storageclasses", "nothere": "storageclasses", "fast.slow": "storageclasses"} {
		add(policy, "persistentvolumeclaims", "the StorageClass "+class, claimOf(`"storageClassName":"`+class+`",`, ""))
		add(policy, "persistentvolumeclaims", "the StorageClass "+class+" by the annotation", claimOf("", storageNote(class)))
		add(policy, "persistentvolumeclaims", "the StorageClass "+class+" by the annotation, and fast", claimOf(`"storageClassName":"fast",`, storageNote(class)))
	}
	add("storageclasses", "persistentvolumeclaims", "fast by the annotation, and slow", claimOf(`"storageClassName":"slow",`, storageNote("fast")))
	add("storageclasses", "persistentvolumeclaims", "no StorageClass", claimOf("", ""))
	add("storageclasses", "persistentvolumeclaims", "no StorageClass, and a volume by name", claimOf(`"volumeName":"of-another",`, ""))
	for class, policy := range map[string]string{"nginx": "", "public": "ingressclasses", "nginx2": "ingressclasses", "ngin": "ingressclasses", "nothere": "ingressclasses"} {
		add(policy, "ingresses", "the IngressClass "+class, ingressOf(`"ingressClassName":"`+class+`",`, ""))
		add(policy, "ingresses", "the IngressClass "+class+" by the annotation", ingressOf("", ingressNote(class)))
	}
	add("ingressclasses", "ingresses", "no IngressClass", ingressOf("", ""))
	add("ingressclasses", "ingresses", "the IngressClass NGINX by the annotation", ingressOf("", ingressNote("NGINX")))
	add("ingressclasses", "ingresses", "an empty IngressClass by the annotation", ingressOf("", ingressNote("")))
	for class, policy := range map[string]string{"batch": "", "urgent": "priorityclasses"} {
		add(policy, "pods", "the PriorityClass "+class, limitedPod(`"priorityClassName":"`+class+`",`))
	}
	add("", "pods", "no PriorityClass", limitedPod(""))
	add("", "pods", "an empty PriorityClass", limitedPod(`"priorityClassName":"",`))
	for class, policy := range map[string]string{"gvisor": "", "kata": "runtimeclasses"} {
		add(policy, "pods", "the RuntimeClass "+class, limitedPod(`"runtimeClassName":"`+class+`",`))
	}
	for selector, policy := range map[string]string{
		`{"pool":"kiosk","example.com/zone":"a","more":"b"}`: "", `{}`: "nodeselector", `{"pool":"kiosk"}`: "nodeselector", `{"example.com/zone":"a"}`: "nodeselector",
		`{"pool":"others","example.com/zone":"a"}`: "nodeselector", `{"pool":"","example.com/zone":"a"}`: "nodeselector", `{"pool":"Kiosk","example.com/zone":"a"}`: "nodeselector",
		`{"Pool":"kiosk","example.com/zone":"a"}`: "nodeselector", `{"poo":"l","example.com/zone":"a"}`: "nodeselector", `{"pool":"kiosk","zone":"a"}`: "nodeselector",
	} {
		add(policy, "pods", "the nodeSelector "+selector, limitedPod(`"nodeSelector":`+selector+`,`))
	}
	add("nodeselector", "pods", "the pool by an affinity alone", limitedPod(`"nodeSelector":{},"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[`+
		`{"matchExpressions":[{"key":"pool","operator":"In","values":["kiosk"]}]},{"matchExpressions":[{"key":"pool","operator":"In","values":["others"]}]}]}}},`))
	return all
}

func (l limited) path(namespace string) string {
	if l.kind == "ingresses" {
		return "/apis/networking.k8s.io/v1/namespaces/" + namespace + "/ingresses"
	}
	return "/api/v1/namespaces/" + namespace + "/" + l.kind
}

// kiosk is a tenant with these limits, whose istiod is not run.
func kiosk(t *testing.T, w *world) *tenant {
	t.Helper()
	k := &tenant{name: "kiosk", admin: "kiosk-admin", controlPlane: "istio-system10", applications: []string{"ns-10"}}
	require.NoError(t, w.source.CopyTenant("sales", "kiosk", "sales", "kiosk", "namespace: istio-system1", "namespace: istio-system10", "- ns-1", "- ns-10", "spec:\n", limits))
	var err error
	k.objects, err = w.source.Render("overlays/kiosk")
	require.NoError(t, err)
	_, err = w.cluster.Admin.Apply(k.objects)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, w.cluster.Admin.Delete(k.objects)) })
	return k
}

func TestATenantTakesWhatItsFileAllows(t *testing.T) {
	c := claims(t, "If a tenant's file sets limits, the tenant can use only the allowed registries, StorageClasses, IngressClasses, PriorityClasses, RuntimeClasses "+
		"and nodes, and everything that is allowed works. If a tenant's file sets no limits, the tenant can use everything in the cluster")
	w := theWorld(t)
	w.make(t, clusterClasses)
	k, sales := kiosk(t, w), w.tenants["sales"]
	client, others, app := w.cluster.As(k.admin), w.cluster.As(sales.admin), k.applications[0]
	for _, l := range limitedRequests() {
		answer := send(t, client, "POST", l.path(app)+"?dryRun=All", l.body)
		if l.policy == "" {
			c.verify(answer.Error() == nil, "%s is allowed, and refused: %v", l.name, answer.Error())
			continue
		}
		err := refusedBy(l.policy, answer)
		c.verify(err == nil, "%s: %v", l.name, err)
		answer = send(t, others, "POST", l.path(sales.applications[0])+"?dryRun=All", l.body)
		c.verify(answer.Error() == nil || strings.Contains(answer.Message(), "istio-tenancy-images"), "without the setting: %s: %v", l.name, answer.Error())
	}
	c.check("the control plane's Pod is made", func(t *testing.T) {
		require.NoError(t, cluster.Eventually(patience, func() error {
			pods, err := w.cluster.Admin.Items("/api/v1/namespaces/" + k.controlPlane + "/pods")
			if err == nil && len(pods) != 1 {
				err = fmt.Errorf("%d Pods", len(pods))
			}
			return err
		}))
	})
	c.check("the Pods of a ReplicaSet are refused", func(t *testing.T) {
		template := strings.Replace(barePod(pool), `"labels":{`, `"labels":{"attack":"yes",`, 1)
		template = strings.Replace(template, `"apiVersion":"v1","kind":"Pod",`, "", 1)
		path := "/apis/apps/v1/namespaces/" + app + "/replicasets"
		require.NoError(t, send(t, client, "POST", path, object("apps/v1", "ReplicaSet", "attack", `"spec":{"replicas":1,`+pick+`"template":`+template+"}")).Error())
		require.NoError(t, cluster.Eventually(patience, func() error { return failsToCreate(w.cluster, path+"/attack") }))
	})
	c.checkLimitsLater(w, k)
	c.checkDefaultClasses(w, k)
	c.checkNothingAllowed(w, k)
	c.checkWhoLimits(w, k)
}

// refusedBy is nil if a policy has refused a request.
func refusedBy(policy string, answer cluster.Answer) error {
	if answer.Code != 403 || !strings.Contains(answer.Message(), "istio-tenancy-"+policy+"'") {
		return fmt.Errorf("istio-tenancy-%s has not refused it: %d %.300s", policy, answer.Code, answer.Message())
	}
	return nil
}
